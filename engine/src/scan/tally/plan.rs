//! Which aggregations are tallied, and of what: the rule that puts the node in their place.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::key::Key;
use super::{End, Measure, Of, TallyExec};
use crate::scan::ChooseExec;

/// Digits that hold any whole number of 64 bits.
const INT_DIGITS: u8 = 19;

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
pub(super) fn tally(aggregate: &AggregateExec) -> Result<Option<TallyExec>> {
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
        } else if let Some((column, end)) = end_of(function, &values, schema) {
            Of::End(column, end)
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

/// The column of whole numbers of which a function is the least or the greatest.
fn end_of(
    function: &AggregateFunctionExpr,
    values: &[Arc<dyn PhysicalExpr>],
    schema: &Schema,
) -> Option<(Arc<dyn PhysicalExpr>, End)> {
    let [value] = values else { return None };
    let end = match function.fun().name() {
        "min" => End::Least,
        "max" => End::Greatest,
        _ => return None,
    };
    let column = value.downcast_ref::<Column>()?;
    let is_int = |data_type: &DataType| *data_type == DataType::Int64;
    let is_of_ints =
        is_int(schema.field_with_name(column.name()).ok()?.data_type()) && is_int(function.field().data_type());
    is_of_ints.then(|| (value.clone(), end))
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
