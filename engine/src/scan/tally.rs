//! Groups of rows by numbers of dictionaries: the first half of an aggregation, whose keys are never made for each row.
//!
//! A key is any expression over one column that dictionaries hold, computed once for each value that a row group has; or a
//! bucket of time, computed once for each page whose times lie in one bucket. Groups are then tuples of small numbers. What
//! aggregates are of is read as by any scan, of the rows that were found; a count of rows reads nothing more.
//!
//! ```text
//! AggregateExec: Final                          AggregateExec: Final
//!   RepartitionExec                               RepartitionExec
//!     AggregateExec: Partial             →          TallyExec
//!       ProjectionExec                                AggregateExec: Partial …
//!         ChooseExec
//! ```
//!
//! Row groups of which a key has no dictionary, or one that is longer than the rows are worth, go the old way: that is what
//! the child is for. What was counted is handed on when it becomes large, as from any first half.
//!
//! Absent on purpose: keys over several columns, lists and maps; aggregates with filters or orders of their own, grouping sets.

mod groups;
mod key;
mod plan;
mod run;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, SendableRecordBatchStream,
};

use super::ChooseExec;
use key::Key;
pub(crate) use plan::Tallies;
use plan::tally;

/// The node.
#[derive(Clone, Debug)]
pub(super) struct TallyExec {
    keys: Arc<[Key]>,
    measures: Arc<[Measure]>,
    /// The columns that measures read.
    read: Arc<[String]>,
    /// Which rows there are.
    rows: ChooseExec,
    /// The same by rows, for row groups that cannot be counted by numbers.
    by_rows: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

/// An aggregate, and what of.
#[derive(Clone, Debug)]
struct Measure {
    function: Arc<AggregateFunctionExpr>,
    of: Of,
}

#[derive(Clone, Debug)]
enum Of {
    /// How many rows there are.
    Rows,
    /// The sum of a column of whole numbers, which no number of rows overflows.
    Sum(Arc<dyn PhysicalExpr>),
    /// The least or the greatest number of a column of whole numbers.
    End(Arc<dyn PhysicalExpr>, End),
    /// Expressions over the columns that are read.
    Values(Vec<Arc<dyn PhysicalExpr>>),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Least,
    Greatest,
}

impl Measure {
    fn values(&mut self) -> &mut [Arc<dyn PhysicalExpr>] {
        match &mut self.of {
            Of::Rows => &mut [],
            Of::Sum(column) | Of::End(column, _) => std::slice::from_mut(column),
            Of::Values(values) => values,
        }
    }
}

impl TallyExec {
    fn new(
        keys: Vec<Key>,
        measures: Vec<Measure>,
        read: Vec<String>,
        rows: ChooseExec,
        by_rows: Arc<dyn ExecutionPlan>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(by_rows.schema()),
            Partitioning::UnknownPartitioning(rows.properties.output_partitioning().partition_count()),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            keys: keys.into(),
            measures: measures.into(),
            read: read.into(),
            rows,
            by_rows,
            properties: Arc::new(properties),
        }
    }

    /// What is handed on of a group: its keys, then what its aggregates are so far.
    fn columns(&self) -> SchemaRef {
        self.by_rows.schema()
    }
}

impl DisplayAs for TallyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TallyExec: by=[")?;
        for (place, key) in self.keys.iter().enumerate() {
            write!(f, "{}{key}", if place > 0 { ", " } else { "" })?;
        }
        write!(f, "], read=[{}]", self.read.join(", "))
    }
}

impl ExecutionPlan for TallyExec {
    fn name(&self) -> &str {
        "TallyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.by_rows]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        // Expressions are over schemas of their own, which no rewrite of the plan knows.
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let by_rows = children.pop().unwrap_or_else(|| self.by_rows.clone());
        // Which rows there are is said by what lies below.
        let planned = match by_rows.downcast_ref::<AggregateExec>() {
            Some(aggregate) => tally(aggregate)?,
            None => None,
        };
        Ok(planned.map_or(by_rows, |tally| Arc::new(tally) as _))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        use datafusion::physical_plan::execution_plan::ChildrenPropertiesMode;
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let batches = run::start(self, partition, context)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.columns(), batches)))
    }
}
