//! How many rows a query leaves out because its filter has no value on them, how many values its stages fail to compute, and
//! why, as one logical plan.

use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use schema::Table;

use crate::Tables;

const FAULT: &str = "fault";
const OF: &str = "of";
const ROWS: &str = "rows";

/// What failed.
const ROW: u64 = 0;
const VALUE: u64 = 1;

/// What a query does not tell of, by fault, the most first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Rows that the filter fails on.
    pub rows: Vec<(kfl::Fault, u64)>,
    /// Values that stages fail to compute of rows that the filter finds; of stages over columns that other stages made none
    /// are counted.
    pub values: Vec<(kfl::Fault, u64)>,
}

/// Plans the count, a row a fault; read it with [`left_out`]. `None` if everything has a value on every row of every table,
/// as in most queries: then nothing needs to be read.
///
/// # Errors
///
/// If DataFusion refuses a predicate.
pub fn faults(query: &kfl::Query, tables: &dyn Tables) -> Result<Option<LogicalPlan>> {
    let filter = query.opening();
    let terms = query.terms_of_rows();
    let is_never = |table: &'static Table| filter.on(table) == kfl::Lowered::Never;
    // A table that lacks what the filter is about fails on every row; that says nothing where others have it.
    let some_match = schema::tables::in_kfl().any(|table| !is_never(table));
    let mut union: Option<LogicalPlanBuilder> = None;
    for table in schema::tables::in_kfl().filter(|table| !some_match || !is_never(table)) {
        let mut branches: Vec<_> = filter
            .faults(table)
            .map(|(missing, code)| (missing, code, ROW))
            .into_iter()
            .collect();
        for (missing, code) in terms.iter().filter_map(|term| term.faults(table)) {
            let missing = match filter.on(table) {
                kfl::Lowered::Never => continue,
                kfl::Lowered::Always => missing,
                kfl::Lowered::Where(found) => found.and(missing),
            };
            branches.push((missing, code, VALUE));
        }
        for (missing, code, of) in branches {
            let branch = branch(table, missing, code, of, tables)?;
            union = Some(match union {
                None => LogicalPlanBuilder::new(branch),
                Some(union) => union.union(branch)?,
            });
        }
    }
    union
        .map(|union| {
            union
                .aggregate(vec![col(FAULT), col(OF)], vec![count(lit(1)).alias(ROWS)])?
                .build()
        })
        .transpose()
}

fn branch(table: &'static Table, missing: Expr, code: Expr, of: u64, tables: &dyn Tables) -> Result<LogicalPlan> {
    LogicalPlanBuilder::scan(table.name, provider_as_source(tables.provider(table)), None)?
        .filter(missing)?
        .project([cast(code, DataType::UInt64).alias(FAULT), lit(of).alias(OF)])?
        .build()
}

/// Reads the rows of [`faults`].
pub fn left_out(batches: &[RecordBatch]) -> LeftOut {
    let mut left_out = LeftOut::default();
    for batch in batches {
        let codes = batch.column(0).as_primitive::<UInt64Type>();
        let ofs = batch.column(1).as_primitive::<UInt64Type>();
        let counts = batch.column(2).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let code = codes.is_valid(row).then(|| codes.value(row));
            let fault = code.and_then(|code| kfl::Fault::of_code(u8::try_from(code).ok()?));
            if let (Some(fault), Ok(count)) = (fault, u64::try_from(counts.value(row))) {
                let counted = match ofs.value(row) {
                    ROW => &mut left_out.rows,
                    _ => &mut left_out.values,
                };
                counted.push((fault, count));
            }
        }
    }
    for counted in [&mut left_out.rows, &mut left_out.values] {
        counted.sort_by_key(|(fault, count)| (std::cmp::Reverse(*count), *fault));
    }
    left_out
}
