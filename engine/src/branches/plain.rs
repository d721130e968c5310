//! Plans that do nothing to one table's rows but filter them and compute values of their columns.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use crate::late::parts_of;

/// Rows of one table as values of its columns.
pub(super) struct Plain<'p> {
    pub(super) scan: &'p TableScan,
    /// What is true of the rows.
    pub(super) filters: Vec<Expr>,
    pub(super) values: Vec<Expr>,
}

impl<'p> Plain<'p> {
    pub(super) fn of(rows: &'p LogicalPlan) -> Result<Option<Self>> {
        Ok(match rows {
            LogicalPlan::SubqueryAlias(alias) => Self::of(&alias.input)?,
            LogicalPlan::Filter(filter) => match Self::of(&filter.input)? {
                Some(mut plain) => {
                    let filter = plain.here(&filter.predicate, &filter.input)?;
                    // What a scan leaves to a filter above it stands in both.
                    let parts = split_conjunction_owned(filter);
                    let new = parts.into_iter().filter(|part| !plain.filters.contains(part));
                    plain.filters.extend(new.collect::<Vec<_>>());
                    Some(plain)
                }
                None => None,
            },
            LogicalPlan::Projection(projection) => match Self::of(&projection.input)? {
                Some(plain) if plain.is_cheap(&projection.expr, &projection.input)? => {
                    let values = projection.expr.iter();
                    let values = values.map(|value| Ok(plain.here(value, &projection.input)?.unalias()));
                    Some(Self {
                        values: values.collect::<Result<_>>()?,
                        ..plain
                    })
                }
                _ => None,
            },
            LogicalPlan::TableScan(scan) if scan.fetch.is_none() && parts_of(scan).is_some() => {
                let columns = scan.projected_schema.iter();
                let columns = columns.map(|(table, field)| Expr::Column(Column::new(table.cloned(), field.name())));
                Some(Self {
                    scan,
                    filters: scan.filters.clone(),
                    values: columns.collect(),
                })
            }
            _ => None,
        })
    }

    /// False if expressions over the columns of a plan, whose values these are, use one twice that is to be computed: written
    /// over the table's it would be computed as often, and so on in each projection above.
    fn is_cheap(&self, exprs: &[Expr], plan: &LogicalPlan) -> Result<bool> {
        let mut uses = vec![0_usize; self.values.len()];
        for expr in exprs {
            for (column, count) in expr.column_refs_counts() {
                uses[plan.schema().index_of_column(column)?] += count;
            }
        }
        let is_cheap = |value: &Expr| matches!(value, Expr::Column(_) | Expr::Literal(..));
        let mut values = self.values.iter().zip(uses);
        Ok(values.all(|(value, uses)| uses < 2 || is_cheap(value)))
    }

    /// An expression over the columns of a plan, whose values these are, as one over the table's.
    fn here(&self, expr: &Expr, plan: &LogicalPlan) -> Result<Expr> {
        let here = |expr| match expr {
            Expr::Column(column) => Ok(Transformed::yes(
                self.values[plan.schema().index_of_column(&column)?].clone(),
            )),
            expr => Ok(Transformed::no(expr)),
        };
        expr.clone().transform_up(here).map(|expr| expr.data)
    }
}
