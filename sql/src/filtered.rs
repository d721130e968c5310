//! A checked filter as one logical plan: per table of the language that can match, a scan, its predicate and its columns;
//! over them a union.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, DFSchema, ScalarValue, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, Union, lit};
use kfl::Lowered;
use schema::Table;

use crate::Tables;

/// The columns that order an answer of KFL.
const ORDER: [&str; 3] = [crate::TIMESTAMP, "id", "index"];

/// The order of an answer of KFL: by timestamp, id, index.
pub fn order() -> Vec<SortExpr> {
    ORDER
        .iter()
        .map(|name| Expr::Column(Column::from_name(*name)).sort(true, false))
        .collect()
}

/// The tables on which a filter can be true, with its predicate there; `None` where every row matches.
pub fn tables_of(filter: &kfl::Filter) -> Vec<(&'static Table, Option<Expr>)> {
    schema::tables::in_kfl()
        .filter_map(|table| match filter.on(table) {
            Lowered::Never => None,
            Lowered::Always => Some((table, None)),
            Lowered::Where(predicate) => Some((table, Some(predicate))),
        })
        .collect()
}

/// Plans a filter over all tables of the language. One surviving table gives its own columns; several give the union of
/// theirs, common ones first, null where a table has no such column; none gives the columns that all tables share.
///
/// # Errors
///
/// If DataFusion refuses a predicate.
pub fn filtered(filter: &kfl::Filter, tables: &dyn Tables) -> Result<LogicalPlan> {
    union(&tables_of(filter), tables)
}

/// The columns of an answer over some tables, and what each of these gives to it. They are of the tables alone: whoever asks often keeps
/// them.
#[derive(Debug)]
pub struct Columns {
    /// Those of the first table, then what each further one adds.
    pub schema: SchemaRef,
    /// True if no column is of another type in one table than in another.
    pub are_of_one_type: bool,
    /// For each table that has rows, by its name, what each column is there: a column of the table, or null.
    values: HashMap<&'static str, Arc<[Expr]>>,
}

impl Columns {
    /// What an answer over tables has.
    ///
    /// # Errors
    ///
    /// If there is no null of a column's type.
    pub fn of(names: &[&'static Table], tables: &dyn Tables) -> Result<Self> {
        let columns = columns(names, tables);
        let mut are_of_one_type = true;
        let mut values = HashMap::new();
        for table in names.iter().filter(|table| tables.has_rows(table)) {
            let schema = tables.provider(table).schema();
            let stored: HashMap<_, _> = schema.fields().iter().map(|field| (field.name(), field)).collect();
            let relation = TableReference::bare(table.name);
            let value = |column: &Field| match stored.get(column.name()) {
                Some(field) => {
                    are_of_one_type &= field.data_type() == column.data_type();
                    Ok(Expr::Column(Column::new(Some(relation.clone()), column.name())))
                }
                None => null(column.data_type()),
            };
            values.insert(table.name, columns.iter().map(value).collect::<Result<_>>()?);
        }
        Ok(Self {
            schema: Arc::new(Schema::new(columns)),
            are_of_one_type,
            values,
        })
    }
}

/// What one table gives to the rows of a filter.
#[derive(Clone, Debug)]
pub struct Share {
    /// The table, filtered.
    pub rows: LogicalPlan,
    /// What each column of the answer is here: a column of the table, or null.
    pub values: Arc<[Expr]>,
}

/// What each table that has rows gives to the rows of a filter, by its predicate on each and the columns of all: what [`filtered`] makes
/// one plan of.
///
/// # Errors
///
/// If DataFusion refuses a predicate.
pub fn shares(
    branches: Vec<(&'static Table, Option<Expr>)>,
    columns: &Columns,
    tables: &dyn Tables,
) -> Result<Vec<Share>> {
    let shares = branches.into_iter().filter_map(|(table, predicate)| {
        let values = columns.values.get(table.name)?.clone();
        Some(filtered_table(table, predicate, tables).map(|rows| Share { rows, values }))
    });
    shares.collect()
}

fn filtered_table(table: &'static Table, predicate: Option<Expr>, tables: &dyn Tables) -> Result<LogicalPlan> {
    let mut plan = LogicalPlanBuilder::scan(table.name, provider_as_source(tables.provider(table)), None)?;
    if let Some(predicate) = predicate {
        plan = plan.filter(predicate)?;
    }
    plan.build()
}

/// Plans the union of some tables, each with its predicate.
pub(crate) fn union(branches: &[(&'static Table, Option<Expr>)], tables: &dyn Tables) -> Result<LogicalPlan> {
    let names: Vec<_> = branches.iter().map(|(table, _)| *table).collect();
    let all = Columns::of(&names, tables)?;
    let columns = all.schema.fields();
    let inputs = shares(branches.to_vec(), &all, tables)?.into_iter();
    let inputs = inputs.map(|Share { rows, values }| {
        let values = values.iter().zip(columns);
        let values = values.map(|(value, column)| value.clone().alias(column.name()));
        LogicalPlanBuilder::new(rows).project(values)?.build().map(Arc::new)
    });
    let mut inputs: Vec<_> = inputs.collect::<Result<_>>()?;
    match (inputs.len(), columns.is_empty()) {
        (0, true) => nothing(tables),
        (0, false) => empty(&all.schema),
        (1, _) => Ok(inputs.pop().map_or_else(LogicalPlan::default, Arc::unwrap_or_clone)),
        _ => Union::try_new_with_loose_types(inputs).map(LogicalPlan::Union),
    }
}

/// The columns of a union: those of the first table, then what each further table adds. As every table begins with the
/// common groups, common columns come first.
pub(crate) fn columns(names: &[&'static Table], tables: &dyn Tables) -> Vec<Field> {
    let mut columns: Vec<Field> = Vec::new();
    let mut known = HashSet::new();
    for table in names {
        for field in tables.provider(table).schema().fields() {
            if known.insert(field.name().clone()) {
                columns.push(field.as_ref().clone());
            }
        }
    }
    columns
}

/// The fields that every table of the language has.
pub(crate) fn shared(tables: &dyn Tables) -> Vec<Field> {
    let all: Vec<_> = schema::tables::in_kfl().collect();
    let is_shared = |field: &Field| {
        all.iter().all(|table| {
            table
                .fields()
                .any(|known| known.is_stored() && known.column == field.name())
        })
    };
    columns(&all, tables).into_iter().filter(is_shared).collect()
}

fn null(data_type: &DataType) -> Result<Expr> {
    Ok(lit(ScalarValue::try_from(data_type)?))
}

pub(crate) fn nothing(tables: &dyn Tables) -> Result<LogicalPlan> {
    empty(&Arc::new(Schema::new(shared(tables))))
}

fn empty(columns: &SchemaRef) -> Result<LogicalPlan> {
    let schema = DFSchema::try_from(columns.clone())?;
    Ok(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: Arc::new(schema),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_language_has_the_columns_that_order_answers() {
        for table in schema::tables::in_kfl() {
            for name in ORDER {
                assert!(
                    table.fields().any(|field| field.column == name),
                    "{} lacks {name}",
                    table.name
                );
            }
        }
    }
}
