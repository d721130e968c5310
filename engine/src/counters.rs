//! What a query read, counted by its scans: the proof that a lookup touches few pages.

use std::ops::AddAssign;

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

    pub(crate) fn add(&mut self, plan: &dyn ExecutionPlan) {
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
        if let Some(first) = plan.downcast_ref::<FirstExec>() {
            *self += first.counters();
        }
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.bytes_scanned += other.bytes_scanned;
        self.row_groups_pruned += other.row_groups_pruned;
        self.row_groups_matched += other.row_groups_matched;
        self.pages_pruned += other.pages_pruned;
        self.pages_matched += other.pages_matched;
    }
}
