//! A checked filter as one logical plan: per table of the language that can match, a scan, its predicate and its columns;
//! over them a union.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{Column, DFSchema, ScalarValue};
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

/// What one table gives to the rows of a filter.
#[derive(Clone, Debug)]
pub struct Share {
    /// The table, filtered.
    pub rows: LogicalPlan,
    /// What each column of the answer is here: a column of the table, or null.
    pub values: Vec<Expr>,
}

/// The columns of a filter's answer, and what each table that has rows gives to it: what [`filtered`] makes one plan of.
///
/// # Errors
///
/// If DataFusion refuses a predicate.
pub fn shares(filter: &kfl::Filter, tables: &dyn Tables) -> Result<(Vec<Field>, Vec<Share>)> {
    shares_of(&tables_of(filter), tables)
}

fn shares_of(branches: &[(&'static Table, Option<Expr>)], tables: &dyn Tables) -> Result<(Vec<Field>, Vec<Share>)> {
    let names: Vec<_> = branches.iter().map(|(table, _)| *table).collect();
    let columns = columns(&names, tables);
    let with_rows = branches.iter().filter(|(table, _)| tables.has_rows(table));
    let shares = with_rows.map(|(table, predicate)| share(table, predicate.as_ref(), &columns, tables));
    let shares = shares.collect::<Result<_>>()?;
    Ok((columns, shares))
}

/// Plans the union of some tables, each with its predicate.
pub(crate) fn union(branches: &[(&'static Table, Option<Expr>)], tables: &dyn Tables) -> Result<LogicalPlan> {
    let (columns, shares) = shares_of(branches, tables)?;
    let inputs = shares.into_iter().map(|Share { rows, values }| {
        let values = values.into_iter().zip(&columns);
        let values = values.map(|(value, column)| value.alias(column.name()));
        LogicalPlanBuilder::new(rows).project(values)?.build().map(Arc::new)
    });
    let mut inputs: Vec<_> = inputs.collect::<Result<_>>()?;
    match (inputs.len(), columns.is_empty()) {
        (0, true) => nothing(tables),
        (0, false) => empty(columns),
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

fn share(table: &'static Table, predicate: Option<&Expr>, columns: &[Field], tables: &dyn Tables) -> Result<Share> {
    let provider = tables.provider(table);
    let schema = provider.schema();
    let stored: HashSet<_> = schema.fields().iter().map(|field| field.name()).collect();
    let mut plan = LogicalPlanBuilder::scan(table.name, provider_as_source(provider), None)?;
    if let Some(predicate) = predicate {
        plan = plan.filter(predicate.clone())?;
    }
    let values = columns.iter().map(|column| match stored.contains(column.name()) {
        true => Ok(Expr::Column(Column::new(Some(table.name), column.name()))),
        false => null(column.data_type()),
    });
    Ok(Share {
        values: values.collect::<Result<_>>()?,
        rows: plan.build()?,
    })
}

fn null(data_type: &DataType) -> Result<Expr> {
    Ok(lit(ScalarValue::try_from(data_type)?))
}

pub(crate) fn nothing(tables: &dyn Tables) -> Result<LogicalPlan> {
    empty(shared(tables))
}

fn empty(columns: Vec<Field>) -> Result<LogicalPlan> {
    let schema = DFSchema::try_from(Schema::new(columns))?;
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
