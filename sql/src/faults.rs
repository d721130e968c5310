//! How many rows a filter leaves out because it has no value on them, and why, as one logical plan.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use schema::Table;

use crate::Tables;

const FAULT: &str = "fault";
const ROWS: &str = "rows";

/// Plans the count, a row a fault; read it with [`left_out`]. `None` if the filter has a value on every row of every table,
/// which most have: then nothing needs to be read.
///
/// # Errors
///
/// If DataFusion refuses a predicate.
pub fn faults(filter: &kfl::Filter, tables: &dyn Tables) -> Result<Option<LogicalPlan>> {
    let is_never = |table: &'static Table| filter.on(table) == kfl::Lowered::Never;
    // A table that lacks what the filter is about fails on every row; that says nothing where others have it.
    let some_match = schema::tables::in_kfl().any(|table| !is_never(table));
    let mut union: Option<LogicalPlanBuilder> = None;
    for table in schema::tables::in_kfl().filter(|table| !some_match || !is_never(table)) {
        if let Some((missing, code)) = filter.faults(table) {
            let branch = branch(table, missing, code, tables)?;
            union = Some(match union {
                None => LogicalPlanBuilder::new(branch),
                Some(union) => union.union(branch)?,
            });
        }
    }
    union
        .map(|union| {
            union
                .aggregate(vec![col(FAULT)], vec![count(lit(1)).alias(ROWS)])?
                .build()
        })
        .transpose()
}

fn branch(table: &'static Table, missing: Expr, code: Expr, tables: &dyn Tables) -> Result<LogicalPlan> {
    LogicalPlanBuilder::scan(table.name, provider_as_source(tables.provider(table)), None)?
        .filter(missing)?
        .project([cast(code, DataType::UInt64).alias(FAULT)])?
        .build()
}

/// Reads the rows of [`faults`]: the faults with the numbers of rows, most rows first.
pub fn left_out(batches: &[RecordBatch]) -> Vec<(kfl::Fault, u64)> {
    let mut counts = Vec::new();
    for batch in batches {
        let codes = batch.column(0).as_primitive::<UInt64Type>();
        let rows = batch.column(1).as_primitive::<Int64Type>();
        let pairs = codes.iter().zip(rows.iter());
        counts.extend(pairs.filter_map(|(code, rows)| {
            let fault = kfl::Fault::of_code(u8::try_from(code?).ok()?)?;
            Some((fault, u64::try_from(rows?).ok()?))
        }));
    }
    counts.sort_by_key(|(fault, rows)| (std::cmp::Reverse(*rows), *fault));
    counts
}
