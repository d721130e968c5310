//! The two steps that the first rows of several tables take: the plans of both, and what joins them.
//!
//! Names come from each branch, the first of all of them from a sort above; [`FirstExec`] then asks for the rows.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::{Column, Result, internal_datafusion_err};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, lit, when};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;

use super::{Branch, Branches, First};
use crate::columns::{ID, INDEX, TIMESTAMP, column};
use crate::first::{FirstExec, NAMES};
use crate::late::{FEWEST_COLUMNS, read_for, unfiltered};
use crate::provider::Purpose;

impl Branches {
    /// True if a second step saves columns enough, and all rows have names.
    pub(super) fn takes_two_steps(&self, projection: &[usize], first: &First) -> bool {
        let is_named = |branch: &Branch| {
            let schema = branch.rows.schema();
            [ID, INDEX, TIMESTAMP]
                .iter()
                .all(|name| schema.has_column_with_unqualified_name(name))
        };
        projection.len() >= first.keys.len() + FEWEST_COLUMNS && self.branches.iter().all(is_named)
    }

    /// Scans the first names of all branches, then their rows.
    pub(super) async fn scan_first(
        &self,
        session: &SessionState,
        first: &First,
        projection: &[usize],
        filters: &[Expr],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(self.schema.project(projection)?);
        let mut names = Vec::new();
        for (place, branch) in self.branches.iter().enumerate() {
            let plan = self.names(place, branch, filters, first)?;
            let plan = self.planner.create_physical_plan(&plan).await?;
            if !plan.is::<EmptyExec>() {
                names.push(plan);
            }
        }
        if names.is_empty() {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let names = UnionExec::try_new(names)?;
        let options = |key: &SortExpr| SortOptions::new(!key.asc, key.nulls_first);
        let keys = first.keys.iter().enumerate().map(|(number, key)| PhysicalSortExpr {
            expr: Arc::new(expressions::Column::new(&key_name(number), NAMES.len() + number)),
            options: options(key),
        });
        let above = first.keys.iter().map(|key| {
            let name = key.expr.schema_name().to_string();
            let expr = Arc::new(expressions::Column::new_with_schema(&name, &schema)?);
            Ok(PhysicalSortExpr::new(expr, options(key)))
        });
        let above = LexOrdering::new(above.collect::<Result<Vec<_>>>()?);
        // Of rows that begin at one time in one packet those of the first table come first.
        let by_branch = PhysicalSortExpr::new_default(Arc::new(expressions::Column::new(NAMES[0], 0)));
        let order = LexOrdering::new(keys.chain([by_branch])).zip(above);
        let (order, above) = order.ok_or_else(|| internal_datafusion_err!("an order has keys"))?;
        let names = Arc::new(SortExec::new(order.clone(), names).with_fetch(Some(first.fetch)));
        Ok(Arc::new(FirstExec::new(
            names,
            [order, above],
            self.clone(),
            projection.to_vec(),
            schema,
            Arc::new(session.clone()),
        )))
    }

    /// Plans the names of the first rows of a branch, with the values that the order needs.
    fn names(&self, place: usize, branch: &Branch, filters: &[Expr], first: &First) -> Result<LogicalPlan> {
        let rows = read_for(self.filtered(branch, filters)?.build()?, Purpose::First)?;
        let own = |name: &str| -> Result<Expr> {
            let (relation, field) = rows.schema().qualified_field_with_unqualified_name(name)?;
            Ok(Expr::Column(Column::new(relation.cloned(), field.name())))
        };
        let own = [own(ID)?, own(INDEX)?, own(TIMESTAMP)?];
        // Columns keep their names below the sort, which row groups are ruled out by.
        let mut read = own.to_vec();
        let mut keys = Vec::new();
        for (number, key) in first.keys.iter().enumerate() {
            let value = self.here(key.expr.clone(), branch)?;
            let name = key_name(number);
            let (value, above) = match value {
                value @ Expr::Column(_) => (value.clone(), value),
                value => (value.alias(&name), column(&name)),
            };
            keys.push(SortExpr {
                // A key whose column is never null orders no nulls.
                nulls_first: key.nulls_first && !own.contains(&above),
                expr: above,
                ..*key
            });
            if !read.contains(&value) {
                read.push(value);
            }
        }
        let [id, index, time] = own;
        // Were the branch a constant, each table's first rows would be sorted without it, and of rows that tie those that come first
        // in time would keep the others out.
        let place = when(id.clone().is_null(), lit(-1_i64)).otherwise(lit(place as i64))?;
        let names = [place, id, index, time].into_iter().zip(NAMES);
        let names = names.map(|(value, name)| value.alias(name));
        let values = keys.iter().enumerate();
        let values = values.map(|(number, key)| key.expr.clone().alias(key_name(number)));
        let above: Vec<_> = names.chain(values).collect();
        LogicalPlanBuilder::from(rows)
            .project(read)?
            .sort_with_limit(keys, Some(first.fetch))?
            .project(above)?
            .build()
    }

    /// Plans the rows of a branch of which a predicate is true, with their names; columns that the branch lacks are left out.
    pub(crate) fn named(&self, place: usize, projection: &[usize], predicate: Option<Expr>) -> Result<LogicalPlan> {
        let branch = &self.branches[place];
        let rows = LogicalPlanBuilder::from(read_for(unfiltered(&branch.rows)?, Purpose::Named)?);
        let rows = match predicate {
            Some(predicate) => rows.filter(predicate)?,
            None => rows,
        };
        let is_null = |value: &Expr| matches!(value, Expr::Literal(value, _) if value.is_null());
        let value = |place: &usize| (&branch.values[*place], self.schema.field(*place).name());
        let values = projection.iter().map(value).filter(|(value, _)| !is_null(value));
        let values = values.map(|(value, name)| value.clone().alias(name));
        let names = [(ID, NAMES[1]), (INDEX, NAMES[2])].map(|(own, name)| column(own).alias(name));
        rows.project(values.chain(names))?.build()
    }
}

fn key_name(number: usize) -> String {
    format!("kept key {number}")
}
