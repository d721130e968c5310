//! Tells tables that their rows are read to be grouped: then they are read row group by row group, and groups may be counted
//! by numbers of dictionaries (`scan/tally.rs`).
//!
//! Absent on purpose: rows of unions, joins and limits, which come together before they are grouped.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::late::{parts_of, read_for};
use crate::provider::Purpose;

/// The rule.
#[derive(Debug)]
pub(crate) struct Grouped;

impl OptimizerRule for Grouped {
    fn name(&self) -> &str {
        "grouped_rows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Aggregate(aggregate) if !aggregate.group_expr.is_empty() && is_of_table(&aggregate.input) => {
                let input = read_for(Arc::unwrap_or_clone(aggregate.input), Purpose::Groups)?;
                let (keys, aggregates) = (aggregate.group_expr, aggregate.aggr_expr);
                let aggregate = Aggregate::try_new_with_schema(Arc::new(input), keys, aggregates, aggregate.schema)?;
                Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
            }
            plan => Ok(Transformed::no(plan)),
        }
    }
}

/// True of the rows of one table, of which nobody knows yet what they are read for.
fn is_of_table(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => is_of_table(&alias.input),
        LogicalPlan::Filter(filter) => is_of_table(&filter.input),
        LogicalPlan::Projection(projection) => is_of_table(&projection.input),
        LogicalPlan::TableScan(scan) => {
            scan.fetch.is_none() && parts_of(scan).is_some_and(|parts| parts.purpose() == Purpose::Any)
        }
        _ => false,
    }
}
