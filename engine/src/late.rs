//! The first rows of an order, in two steps: which rows they are, from few columns; then those rows alone.
//!
//! A question for the newest hundred rows reads every column of every row that was the newest for a while. With the rows' names
//! (`id`, `index`, which no two rows of a table share) the wide columns are read
//! of a hundred rows only. The first step reads row groups in order and piece by piece; the second those alone whose ranges
//! hold the names, or the times of an order by time:
//!
//! ```text
//! Sort fetch=100            Sort fetch=100
//!   rows          →           Join on id, index
//!                               Sort fetch=100: id, index and what the order needs
//!                                 rows
//!                               rows, filters left out
//! ```
//!
//! Where the rows are columns of one table and values of them, and the order is one of these, a scan takes both steps
//! ([`crate::first`]): the first then tells where the rows lie, and there is nothing to join.
//!
//! An order over a union is an order over the first rows of each branch, so that each branch takes its two steps. Over a union of
//! tables that is one scan ([`crate::branches`]) the steps are taken by all tables together.
//!
//! Absent on purpose: tables whose rows have no name, and queries that read few columns anyway.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Projection, Sort, SortExpr, SubqueryAlias, TableScan, Union,
};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::branches::Branches;
use crate::columns::{ID, INDEX, TIMESTAMP, column};
use crate::provider::{Parts, Purpose};

/// Rows above which looking for them by name costs more than it saves, and a sort of names keeps too many.
pub(crate) const MOST_ROWS: usize = 1 << 16;
/// Columns that must be saved for a second step to pay.
pub(crate) const FEWEST_COLUMNS: usize = 8;
/// The first step's answer as a relation, and its columns; no column of a table has a blank.
const KEPT: &str = "kept rows";
const KEPT_ID: &str = "kept id";
const KEPT_INDEX: &str = "kept index";
const KEPT_TIME: &str = "kept time";

/// The rule.
#[derive(Debug)]
pub(crate) struct Late;

impl OptimizerRule for Late {
    fn name(&self) -> &str {
        "late_rows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Sort(sort) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let rewritten = match per_branch(sort)? {
            Some(plan) => Some(plan),
            None => in_two_steps(sort)?,
        };
        Ok(rewritten.map_or_else(|| Transformed::no(plan), Transformed::yes))
    }
}

/// Orders each branch of a union on its own, below what lies between.
fn per_branch(sort: &Sort) -> Result<Option<LogicalPlan>> {
    let position = |key: &SortExpr| match &key.expr {
        Expr::Column(column) => sort.input.schema().maybe_index_of_column(column),
        _ => None,
    };
    let keys: Option<Vec<_>> = sort.expr.iter().map(|key| Some((position(key)?, key))).collect();
    let Some(keys) = keys else { return Ok(None) };
    let Some(input) = ordered_below(&sort.input, &keys, sort.fetch)? else {
        return Ok(None);
    };
    Ok(Some(LogicalPlan::Sort(Sort {
        input: Arc::new(input),
        ..sort.clone()
    })))
}

/// The plan with its union's branches ordered by the columns at these positions; `None` if there is no union, or if they
/// are ordered already.
fn ordered_below(plan: &LogicalPlan, keys: &[(usize, &SortExpr)], fetch: Option<usize>) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let input = ordered_below(&alias.input, keys, fetch)?;
            input
                .map(|input| SubqueryAlias::try_new(Arc::new(input), alias.alias.clone()))
                .transpose()
                .map(|alias| alias.map(LogicalPlan::SubqueryAlias))
        }
        LogicalPlan::Projection(projection) => {
            let below = |(position, key): &(usize, _)| match bare(&projection.expr[*position]) {
                Some(column) => Some((projection.input.schema().maybe_index_of_column(column)?, *key)),
                None => None,
            };
            let Some(keys) = keys.iter().map(below).collect::<Option<Vec<_>>>() else {
                return Ok(None);
            };
            let input = ordered_below(&projection.input, &keys, fetch)?;
            input
                .map(|input| {
                    let (expr, schema) = (projection.expr.clone(), projection.schema.clone());
                    Projection::try_new_with_schema(expr, Arc::new(input), schema).map(LogicalPlan::Projection)
                })
                .transpose()
        }
        LogicalPlan::TableScan(scan) => {
            let Some(branches) = Branches::of(scan).filter(|branches| !branches.is_first()) else {
                return Ok(None);
            };
            let keys = keys.iter().map(|(position, key)| SortExpr {
                expr: column(scan.projected_schema.field(*position).name()),
                ..(*key).clone()
            });
            let first = branches.first(keys.collect(), fetch);
            Ok(Some(LogicalPlan::TableScan(TableScan {
                source: provider_as_source(Arc::new(first)),
                ..scan.clone()
            })))
        }
        LogicalPlan::Union(union) if are_few(fetch) && !union.inputs.iter().any(|input| is_ordered(input)) => {
            let ordered = |input: &Arc<LogicalPlan>| {
                let keys = keys.iter().map(|(position, key)| SortExpr {
                    expr: Expr::Column(Column::from(input.schema().qualified_field(*position))),
                    ..(*key).clone()
                });
                let keys: Vec<_> = keys.collect();
                LogicalPlanBuilder::from(input.clone())
                    .sort_with_limit(keys, fetch)?
                    .build()
                    .map(Arc::new)
            };
            Ok(Some(LogicalPlan::Union(Union {
                inputs: union.inputs.iter().map(ordered).collect::<Result<_>>()?,
                schema: union.schema.clone(),
            })))
        }
        _ => Ok(None),
    }
}

/// True if a sort that keeps the rows that are wanted does not keep too many.
pub(crate) fn are_few(fetch: Option<usize>) -> bool {
    fetch.is_some_and(|fetch| fetch <= MOST_ROWS)
}

fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(sort) => sort.fetch.is_some(),
        LogicalPlan::SubqueryAlias(alias) => is_ordered(&alias.input),
        LogicalPlan::Projection(projection) => is_ordered(&projection.input),
        _ => false,
    }
}

/// The rows of one table as a scan that takes the two steps itself, if it can.
fn in_one_scan(sort: &Sort) -> Result<Option<LogicalPlan>> {
    let schema = sort.input.schema();
    let key = |key: &SortExpr| match &key.expr {
        Expr::Column(known) => schema.maybe_index_of_column(known).map(|position| SortExpr {
            expr: column(schema.field(position).name()),
            ..key.clone()
        }),
        _ => None,
    };
    let Some(keys) = sort.expr.iter().map(key).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let Some(rows) = Branches::of_table(&sort.input)?.map(|rows| rows.first(keys, sort.fetch)) else {
        return Ok(None);
    };
    let rows = rows.scanned()?;
    let columns = rows.schema().columns().into_iter().zip(schema.iter());
    let columns = columns
        .map(|(column, (relation, field))| Expr::Column(column).alias_qualified(relation.cloned(), field.name()));
    let columns = Projection::try_new_with_schema(columns.collect(), Arc::new(rows), schema.clone())?;
    Ok(Some(LogicalPlan::Sort(Sort {
        input: Arc::new(LogicalPlan::Projection(columns)),
        ..sort.clone()
    })))
}

fn in_two_steps(sort: &Sort) -> Result<Option<LogicalPlan>> {
    let rows = sort.input.as_ref();
    let schema = rows.schema();
    let visible = |name: &str| {
        let position = (0..schema.fields().len()).find(|position| origin(rows, *position) == Some(name))?;
        Some(Column::from(schema.qualified_field(position)))
    };
    let (Some(id), Some(index)) = (visible(ID), visible(INDEX)) else {
        return Ok(None);
    };
    let mut read: BTreeSet<Column> = BTreeSet::from([id.clone(), index.clone()]);
    for key in &sort.expr {
        read.extend(key.expr.column_refs().into_iter().cloned());
    }
    if schema.fields().len() < read.len() + FEWEST_COLUMNS || !is_repeatable(rows)? {
        return Ok(None);
    }
    if let Some(plan) = in_one_scan(sort)? {
        return Ok(Some(plan));
    }
    if !are_few(sort.fetch) {
        return Ok(None);
    }
    let keys: Vec<_> = sort.expr.iter().map(|key| without_nulls(key, rows)).collect();
    // Ids of two captures of one hour lie far apart, and so would all row groups between. The times of the first rows do not.
    let is_time = |column: &&Column| {
        let position = rows.schema().maybe_index_of_column(column);
        position.and_then(|position| origin(rows, position)) == Some(TIMESTAMP)
    };
    let time = sort
        .expr
        .first()
        .and_then(|key| bare(&key.expr))
        .filter(is_time)
        .cloned();
    let names = [(KEPT_ID, Some(id)), (KEPT_INDEX, Some(index)), (KEPT_TIME, time)];
    let names: Vec<_> = names
        .into_iter()
        .filter_map(|(name, column)| Some((name, column?)))
        .collect();
    let kept = LogicalPlanBuilder::from(read_for(rows.clone(), Purpose::First)?)
        .project(read.into_iter().map(Expr::Column))?
        .sort_with_limit(keys, sort.fetch)?
        .project(
            names
                .iter()
                .map(|(name, column)| Expr::Column(column.clone()).alias(*name)),
        )?
        .alias(KEPT)?
        .build()?;
    let on: (Vec<_>, Vec<_>) = names
        .into_iter()
        .map(|(name, column)| (Column::new(Some(KEPT), name), column))
        .unzip();
    LogicalPlanBuilder::from(kept)
        .join(read_for(unfiltered(rows)?, Purpose::Named)?, JoinType::Inner, on, None)?
        .project(schema.columns().into_iter().map(Expr::Column))?
        .sort_with_limit(sort.expr.clone(), sort.fetch)?
        .build()
        .map(Some)
}

/// The stored column that is seen at a position, if the rows between are those of one table whose rows have names.
fn origin(plan: &LogicalPlan, position: usize) -> Option<&str> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => origin(&alias.input, position),
        LogicalPlan::Filter(filter) => origin(&filter.input, position),
        LogicalPlan::Projection(projection) => {
            let column = bare(&projection.expr[position])?;
            origin(
                &projection.input,
                projection.input.schema().maybe_index_of_column(column)?,
            )
        }
        LogicalPlan::TableScan(scan) if has_names(scan) => Some(scan.projected_schema.field(position).name()),
        _ => None,
    }
}

fn has_names(scan: &TableScan) -> bool {
    scan.fetch.is_none() && parts_of(scan).is_some_and(|parts| parts.table().in_kfl())
}

/// The table that is scanned, if it is one of the store's.
pub(crate) fn parts_of(scan: &TableScan) -> Option<Parts> {
    let provider = source_as_provider(&scan.source).ok()?;
    let provider = provider.as_ref() as &dyn std::any::Any;
    provider.downcast_ref::<Parts>().cloned()
}

/// The column that an expression hands on.
fn bare(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => bare(&alias.expr),
        _ => None,
    }
}

/// True if the same rows can be read twice: nothing is drawn by chance, no subquery is computed again.
pub(crate) fn is_repeatable(plan: &LogicalPlan) -> Result<bool> {
    let mut repeatable = true;
    plan.apply(|node| {
        for expr in node.expressions() {
            repeatable &= is_pure(&expr)?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(repeatable)
}

/// True if an expression depends on its columns alone.
pub(crate) fn is_pure(expr: &Expr) -> Result<bool> {
    let mut pure = true;
    expr.apply(|part| {
        pure &= !part.is_volatile_node()
            && !matches!(
                part,
                Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::OuterReferenceColumn(..)
            );
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(pure)
}

/// A key whose column is never null orders no nulls: row groups are ruled out by its range alone.
fn without_nulls(key: &SortExpr, rows: &LogicalPlan) -> SortExpr {
    let position = match &key.expr {
        Expr::Column(column) => rows.schema().maybe_index_of_column(column),
        _ => None,
    };
    let is_set = position
        .and_then(|position| origin(rows, position))
        .is_some_and(|name| [ID, INDEX, TIMESTAMP].contains(&name));
    SortExpr {
        nulls_first: key.nulls_first && !is_set,
        ..key.clone()
    }
}

/// The plan with its tables read for a purpose.
pub(crate) fn read_for(plan: LogicalPlan, purpose: Purpose) -> Result<LogicalPlan> {
    plan.transform_up(|node| match node {
        LogicalPlan::TableScan(scan) => Ok(match parts_of(&scan) {
            Some(parts) => Transformed::yes(LogicalPlan::TableScan(TableScan {
                source: provider_as_source(Arc::new(parts.read_for(purpose))),
                ..scan
            })),
            None => Transformed::no(LogicalPlan::TableScan(scan)),
        }),
        node => Ok(Transformed::no(node)),
    })
    .map(|transformed| transformed.data)
}

/// The rows without the filters: the first step has applied them.
pub(crate) fn unfiltered(plan: &LogicalPlan) -> Result<LogicalPlan> {
    plan.clone()
        .transform_up(|node| match node {
            LogicalPlan::Filter(filter) => Ok(Transformed::yes(Arc::unwrap_or_clone(filter.input))),
            LogicalPlan::TableScan(scan) if !scan.filters.is_empty() => {
                Ok(Transformed::yes(LogicalPlan::TableScan(TableScan {
                    filters: Vec::new(),
                    ..scan
                })))
            }
            node => Ok(Transformed::no(node)),
        })
        .map(|transformed| transformed.data)
}
