//! Groups: rows that agree in their keys become one row, with aggregates of the values they have.

use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions::datetime::expr_fn::date_bin;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, SortExpr, cast, lit, try_cast};
use kfl::{Aggregate, GroupKey, Measure};

use crate::functions::percentile;
use crate::piped::{Rows, column};

/// Digits of any sum of 64-bit numbers that can be held in memory.
const SUMMED: DataType = DataType::Decimal128(20, 0);

/// Rows of groups.
pub(crate) struct Groups {
    pub(crate) plan: LogicalPlan,
    pub(crate) columns: Vec<String>,
    /// By the keys, as they are written.
    pub(crate) order: Vec<SortExpr>,
}

/// Groups rows by keys; without keys all of them are one group, which is there even if there are no rows.
pub(crate) fn groups(rows: &Rows, by: &[GroupKey], aggregates: &[Measure]) -> Result<Groups> {
    let key = |place: usize| format!("$by {place}");
    let argument = |place: usize| format!("$of {place}");
    let result = |place: usize| format!("$is {place}");
    let mut values = Vec::new();
    for (place, by) in by.iter().enumerate() {
        let value = rows.term(&by.named.term);
        let value = by.every_ns.map_or(value.clone(), |ns| bucket(ns, value));
        values.push(value.alias(key(place)));
    }
    for (place, measure) in aggregates.iter().enumerate() {
        let value = measure.term.as_ref().map(|term| rows.term(term).alias(argument(place)));
        values.extend(value);
    }
    let plan = LogicalPlanBuilder::new(rows.plan.clone());
    // Rows are counted as they are where nothing of them is asked for.
    let plan = if values.is_empty() { plan } else { plan.project(values)? };
    let mut computed = Vec::new();
    let mut shown: Vec<_> = by
        .iter()
        .enumerate()
        .map(|(place, by)| column(&key(place)).alias(by.named.name.as_ref()))
        .collect();
    for (place, measure) in aggregates.iter().enumerate() {
        let value = match measure.term {
            Some(_) => column(&argument(place)),
            None => lit(1_i64),
        };
        let data_type = value.get_type(plan.schema())?;
        computed.push(aggregate(measure.function, value, &data_type).alias(result(place)));
        let value = back(measure.function, column(&result(place)), &data_type);
        shown.push(value.alias(measure.name.as_ref()));
    }
    let keys: Vec<_> = (0..by.len()).map(|place| column(&key(place))).collect();
    let plan = plan.aggregate(keys, computed)?.project(shown)?.build()?;
    let names = by.iter().map(|by| &by.named.name);
    let names = names.chain(aggregates.iter().map(|measure| &measure.name));
    Ok(Groups {
        plan,
        columns: names.map(|name| name.to_string()).collect(),
        order: by.iter().map(|by| column(&by.named.name).sort(true, false)).collect(),
    })
}

/// The beginning of the bucket into which a time falls; buckets of one length follow each other from 1970 on.
fn bucket(ns: i64, time: Expr) -> Expr {
    let length = ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(0, 0, ns)));
    let origin = ScalarValue::TimestampNanosecond(Some(0), Some("UTC".into()));
    date_bin(lit(length), time, lit(origin))
}

fn aggregate(function: Aggregate, value: Expr, data_type: &DataType) -> Expr {
    match function {
        Aggregate::Count => count(value),
        Aggregate::Distinct => count_distinct(value),
        Aggregate::Avg => avg(value),
        Aggregate::Min => min(value),
        Aggregate::Max => max(value),
        Aggregate::Percentile(number) => percentile::function(number).call(vec![value]),
        // A sum of ints may leave their range on its way and come back.
        Aggregate::Sum => match data_type {
            DataType::Float64 => sum(value),
            DataType::Duration(_) => sum(cast(cast(value, DataType::Int64), SUMMED)),
            _ => sum(cast(value, SUMMED)),
        },
    }
}

/// The result as the type of the values; NULL where it is out of their range.
fn back(function: Aggregate, result: Expr, data_type: &DataType) -> Expr {
    match (function, data_type) {
        (Aggregate::Sum, DataType::Float64) => result,
        (Aggregate::Sum, DataType::Duration(unit)) => {
            cast(try_cast(result, DataType::Int64), DataType::Duration(*unit))
        }
        (Aggregate::Sum, data_type) => try_cast(result, data_type.clone()),
        _ => result,
    }
}
