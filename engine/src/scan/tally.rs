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
mod run;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, replace_children_if_necessary,
};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, SendableRecordBatchStream,
};

use super::ChooseExec;
use key::Key;

/// Digits that hold any whole number of 64 bits.
const INT_DIGITS: u8 = 19;

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
    /// Expressions over the columns that are read.
    Values(Vec<Arc<dyn PhysicalExpr>>),
}

impl Measure {
    fn values(&mut self) -> &mut [Arc<dyn PhysicalExpr>] {
        match &mut self.of {
            Of::Rows => &mut [],
            Of::Sum(column) => std::slice::from_mut(column),
            Of::Values(values) => values,
        }
    }
}

/// The rule that plans the node.
#[derive(Debug)]
pub(crate) struct Tallies;

impl PhysicalOptimizerRule for Tallies {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = plan.transform_up(|node| {
            let Some(aggregate) = node.downcast_ref::<AggregateExec>() else {
                return Ok(Transformed::no(node));
            };
            Ok(match aggregate.mode() {
                AggregateMode::Partial => match tally(aggregate)? {
                    Some(tally) => Transformed::yes(Arc::new(tally) as _),
                    None => Transformed::no(node),
                },
                AggregateMode::Single => match tally(aggregate)? {
                    Some(tally) if tally.properties.output_partitioning().partition_count() == 1 => {
                        Transformed::yes(second_half(aggregate, Arc::new(tally))?)
                    }
                    _ => Transformed::no(node),
                },
                _ => Transformed::no(node),
            })
        });
        planned.map(|planned| planned.data)
    }

    fn name(&self) -> &str {
        "tallies"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Plans an aggregation, or its first half, by numbers, if it can be.
fn tally(aggregate: &AggregateExec) -> Result<Option<TallyExec>> {
    let by = aggregate.group_expr();
    let is_plain = by.is_single()
        && !by.is_empty()
        && aggregate.limit_options().is_none()
        && aggregate.filter_expr().iter().all(Option::is_none);
    let Some((rows, projection)) = below(aggregate.input()).filter(|_| is_plain) else {
        return Ok(None);
    };
    let schema = rows.bare.file_schema();
    let over_columns = |expr: &Arc<dyn PhysicalExpr>| over_columns(expr, projection);
    let mut keys = Vec::new();
    for (expr, _) in by.expr() {
        match Key::of(over_columns(expr)?, schema)? {
            Some(key) => keys.push(key),
            None => return Ok(None),
        }
    }
    let mut measures = Vec::new();
    for function in aggregate.aggr_expr() {
        if !function.order_bys().is_empty() {
            return Ok(None);
        }
        let values = function.expressions();
        let values: Vec<_> = values.iter().map(over_columns).collect::<Result<_>>()?;
        let of = if is_count_of_rows(function, &values) {
            Of::Rows
        } else if let Some(column) = summed(function, &values, schema) {
            Of::Sum(column)
        } else {
            Of::Values(values)
        };
        measures.push(Measure {
            function: function.clone(),
            of,
        });
    }
    let Some(read) = read_by(&mut measures, schema)? else {
        return Ok(None);
    };
    let by_rows = AggregateExec::try_new(
        AggregateMode::Partial,
        PhysicalGroupBy::new_single(by.expr().to_vec()),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        without_spreading(aggregate.input())?,
        aggregate.input_schema(),
    )?;
    Ok(Some(TallyExec::new(
        keys,
        measures,
        read,
        rows.clone(),
        Arc::new(by_rows),
    )))
}

/// Makes the groups of an aggregation from its first half.
fn second_half(aggregate: &AggregateExec, first: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(AggregateExec::try_new(
        AggregateMode::Final,
        aggregate.group_expr().as_final(),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        first,
        aggregate.input_schema(),
    )?))
}

/// The choice of rows below an aggregation, and the projection of its columns, if nothing else lies between.
fn below(input: &Arc<dyn ExecutionPlan>) -> Option<(&ChooseExec, Option<&ProjectionExec>)> {
    let input = spread(input).unwrap_or(input);
    match input.downcast_ref::<ProjectionExec>() {
        Some(projection) => {
            let input = spread(projection.input()).unwrap_or(projection.input());
            Some((input.downcast_ref::<ChooseExec>()?, Some(projection)))
        }
        None => Some((input.downcast_ref::<ChooseExec>()?, None)),
    }
}

/// What is spread over several threads as it comes.
fn spread(plan: &Arc<dyn ExecutionPlan>) -> Option<&Arc<dyn ExecutionPlan>> {
    let spread = plan.downcast_ref::<RepartitionExec>()?;
    matches!(spread.partitioning(), Partitioning::RoundRobinBatch(_)).then(|| spread.input())
}

/// The plan without that.
fn without_spreading(plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = spread(plan).unwrap_or(plan);
    let projection = plan.downcast_ref::<ProjectionExec>();
    match projection.and_then(|projection| spread(projection.input())) {
        Some(input) => replace_children_if_necessary(plan.clone(), vec![input.clone()]),
        None => Ok(plan.clone()),
    }
}

/// An expression over a projection's columns as one over those of its input.
fn over_columns(expr: &Arc<dyn PhysicalExpr>, projection: Option<&ProjectionExec>) -> Result<Arc<dyn PhysicalExpr>> {
    let Some(projection) = projection else {
        return Ok(expr.clone());
    };
    let computed = |column: &Column| {
        projection
            .expr()
            .get(column.index())
            .map(|projected| projected.expr.clone())
    };
    let below = expr.clone().transform_down(|part| {
        let projected = part.downcast_ref::<Column>().and_then(computed);
        Ok(match projected {
            // What was put in its place is over the input already.
            Some(projected) => Transformed::new(projected, true, TreeNodeRecursion::Jump),
            None => Transformed::no(part),
        })
    })?;
    Ok(below.data)
}

/// True of a count of something that is always there.
fn is_count_of_rows(function: &AggregateFunctionExpr, values: &[Arc<dyn PhysicalExpr>]) -> bool {
    let is_there = |value: &Arc<dyn PhysicalExpr>| {
        let literal = value.downcast_ref::<Literal>();
        literal.is_some_and(|literal| !literal.value().is_null())
    };
    function.fun().name() == "count" && !function.is_distinct() && values.iter().all(is_there)
}

/// The column of whole numbers of which a function is the sum, computed in more digits than they have.
fn summed(
    function: &AggregateFunctionExpr,
    values: &[Arc<dyn PhysicalExpr>],
    schema: &Schema,
) -> Option<Arc<dyn PhysicalExpr>> {
    let [value] = values else { return None };
    let cast = value.downcast_ref::<CastExpr>()?;
    let column = schema
        .field_with_name(cast.expr().downcast_ref::<Column>()?.name())
        .ok()?;
    let is_wide = matches!(cast.cast_type(), DataType::Decimal128(digits, 0) if *digits >= INT_DIGITS);
    let is_sum = function.fun().name() == "sum" && !function.is_distinct();
    (is_sum && is_wide && *column.data_type() == DataType::Int64).then(|| cast.expr().clone())
}

/// The columns that measures read, in the order of the table; their expressions become ones over these alone. `None` if
/// values are of no column, of something that is not the table's, or drawn by chance.
fn read_by(measures: &mut [Measure], schema: &Schema) -> Result<Option<Vec<String>>> {
    let mut places = Vec::new();
    for value in values_of(measures) {
        let columns = collect_columns(value);
        if columns.is_empty() || is_volatile(value) {
            return Ok(None);
        }
        for column in columns {
            let Ok(place) = schema.index_of(column.name()) else {
                return Ok(None);
            };
            places.push(place);
        }
    }
    places.sort_unstable();
    places.dedup();
    let read: Vec<_> = places.iter().map(|place| schema.field(*place).name().clone()).collect();
    for value in values_of(measures) {
        *value = among(value.clone(), &read)?;
    }
    Ok(Some(read))
}

fn values_of(measures: &mut [Measure]) -> impl Iterator<Item = &mut Arc<dyn PhysicalExpr>> {
    measures.iter_mut().flat_map(Measure::values)
}

/// An expression whose columns are found by their names, among so many.
fn among(expr: Arc<dyn PhysicalExpr>, names: &[String]) -> Result<Arc<dyn PhysicalExpr>> {
    let placed = expr.transform_up(|part| {
        let column = part.downcast_ref::<Column>();
        let place = column.and_then(|column| names.iter().position(|name| name == column.name()));
        Ok(match (column, place) {
            (Some(column), Some(place)) => Transformed::yes(Arc::new(Column::new(column.name(), place)) as _),
            _ => Transformed::no(part),
        })
    })?;
    Ok(placed.data)
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
