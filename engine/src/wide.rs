//! Sorts of wide rows that use temporary files where they must.
//!
//! What merges sorted partitions counts the memory of each batch that it has, with texts' buffers that it shares with all the others: of a
//! hundred columns that is soon more than there is. A sort of one partition merges what it wrote to temporary files, each batch with
//! texts of its own. A sort that forgets all but the first rows keeps these in memory, which they may not fit if they are many: that
//! of all rows does not need to.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;

use crate::late::{FEWEST_COLUMNS, are_few};

/// The rule.
#[derive(Debug)]
pub(crate) struct WideSorts;

impl PhysicalOptimizerRule for WideSorts {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let of_all = |node: Arc<dyn ExecutionPlan>| {
            let (sort, fetch) = match node.downcast_ref::<SortPreservingMergeExec>() {
                Some(merge) => (merge.input().downcast_ref::<SortExec>(), merge.fetch()),
                None => (node.downcast_ref::<SortExec>().filter(|sort| is_large(sort)), None),
            };
            let Some(sort) = sort.filter(|sort| is_wide(sort) && (sort.fetch().is_none() || is_large(sort))) else {
                return Ok(Transformed::no(node));
            };
            let rows = Arc::new(CoalescePartitionsExec::new(sort.input().clone()));
            let sorted = Arc::new(SortExec::new(sort.expr().clone(), rows));
            Ok(Transformed::yes(match fetch.or(sort.fetch()) {
                Some(fetch) => Arc::new(GlobalLimitExec::new(sorted, 0, Some(fetch))) as Arc<dyn ExecutionPlan>,
                None => sorted,
            }))
        };
        plan.transform_down(of_all).data()
    }

    fn name(&self) -> &str {
        "wide_sorts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn is_wide(sort: &SortExec) -> bool {
    sort.schema().fields().len() > FEWEST_COLUMNS
}

/// True of a sort that would keep many rows of one partition.
fn is_large(sort: &SortExec) -> bool {
    sort.fetch().is_some_and(|fetch| !are_few(Some(fetch)))
}
