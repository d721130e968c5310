//! What a query read, counted by its scans: the proof that a lookup touches few pages.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;

use crate::first::FirstExec;

/// What a query read. Complete once its stream has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes read from parts, footers not counted where they were cached.
    pub bytes_scanned: usize,
    /// Row groups that statistics ruled out.
    pub row_groups_pruned: usize,
    /// Row groups that were read.
    pub row_groups_matched: usize,
    /// Pages that the page index ruled out.
    pub pages_pruned: usize,
    /// Pages that the page index let through.
    pub pages_matched: usize,
}

impl Counters {
    /// Adds up the counters of a plan.
    pub(crate) fn of(plan: &dyn ExecutionPlan) -> Self {
        let mut counters = Self::default();
        counters.add(plan);
        counters
    }

    fn add(&mut self, plan: &dyn ExecutionPlan) {
        for metric in plan.metrics().iter().flat_map(|metrics| metrics.iter()) {
            match metric.value() {
                MetricValue::Count { name, count } if name == "bytes_scanned" => self.bytes_scanned += count.value(),
                MetricValue::PruningMetrics { name, pruning_metrics } if name == "row_groups_pruned_statistics" => {
                    self.row_groups_pruned += pruning_metrics.pruned();
                    self.row_groups_matched += pruning_metrics.matched();
                }
                MetricValue::PruningMetrics { name, pruning_metrics } if name == "page_index_pages_pruned" => {
                    self.pages_pruned += pruning_metrics.pruned();
                    self.pages_matched += pruning_metrics.matched();
                }
                _ => {}
            }
        }
        for child in plan.children() {
            self.add(child.as_ref());
        }
        for scan in plan.downcast_ref::<FirstExec>().iter().flat_map(|first| first.scans()) {
            self.add(scan.as_ref());
        }
    }
}
