//! The first of the two steps, in one branch: the names of its first rows, or of all.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::catalog::TableProvider as _;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, internal_datafusion_err, internal_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::functions::math::expr_fn::random;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, TableProviderFilterPushDown, lit, when,
};
use datafusion::optimizer::simplify_expressions::{ExprSimplifier, simplify_predicates};
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions};
use datafusion::physical_optimizer::PhysicalOptimizerRule as _;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::pushdown_sort::PushdownSort;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::steps::scan_of;
use super::{Branch, Branches, First, planner};
use crate::columns::{ID, INDEX, TIMESTAMP, column};
use crate::first::NAMES;
use crate::late::{are_few, parts_of, read_for};
use crate::provider::Purpose;
use crate::scan::{ChooseExec, PLACE};

impl Branches {
    /// Plans the names of a branch, each partition in the order.
    pub(super) async fn names(
        &self,
        place: usize,
        filters: &[Expr],
        first: &First,
        session: &SessionState,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let branch = &self.branches[place];
        if are_few(first.fetch)
            && let Some(keys) = self.key_names(branch, first)
        {
            return self.names_at_once(place, &keys, filters, first, session).await;
        }
        let names = self.names_of(place, branch, filters, first)?;
        let names = planner(session)?.create_physical_plan(&names).await?;
        pushed_down(sorted_apart(names)?, session)
    }

    /// The table's columns that a branch is ordered by; `None` if these are anything else.
    fn key_names(&self, branch: &Branch, first: &First) -> Option<Vec<String>> {
        let name = |key: &SortExpr| match self.here(key.expr.clone(), branch).ok()? {
            Expr::Column(column) => Some(column.name),
            _ => None,
        };
        first.keys.iter().map(name).collect()
    }

    /// Plans what [`Self::names_of`] says of an order by columns. The planner and its rules take as long as it takes to find
    /// a connection's rows.
    async fn names_at_once(
        &self,
        place: usize,
        keys: &[String],
        filters: &[Expr],
        first: &First,
        session: &SessionState,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let branch = &self.branches[place];
        let scan = scan_of(&branch.rows)?;
        let parts = parts_of(scan).ok_or_else(|| internal_datafusion_err!("a branch is of a table"))?;
        let parts = parts.with_places().read_for(Purpose::First);
        let asked = self.asked(branch, filters, session)?;
        let is_never = |filter: &Expr| matches!(filter, Expr::Literal(value, _) if *value != ScalarValue::from(true));
        // Of a column that the table lacks, for one.
        if asked.iter().any(is_never) {
            return Ok(Arc::new(EmptyExec::new(parts.schema())));
        }
        let support = parts.supports_filters_pushdown(&asked.iter().collect::<Vec<_>>())?;
        let above = asked.iter().zip(support);
        let above = above.filter(|(_, support)| *support != TableProviderFilterPushDown::Exact);
        let above: Vec<_> = above.map(|(filter, _)| filter.clone()).collect();
        let table = parts.schema();
        let of_filters = above
            .iter()
            .flat_map(Expr::column_refs)
            .map(|column| column.name.as_str());
        let read = of_filters.chain(keys.iter().map(String::as_str));
        let read: BTreeSet<_> = read
            .chain([ID, INDEX, TIMESTAMP, PLACE])
            .map(|name| table.index_of(name))
            .collect::<std::result::Result<_, _>>()?;
        let read = read.into_iter().collect();
        let rows = parts.scan(session, Some(&read), &asked, None).await?;
        if rows.is::<EmptyExec>() {
            return Ok(rows);
        }
        let schema = rows.schema();
        let filter = conjunction(above).map(|filter| session.create_physical_expr(filter, branch.rows.schema()));
        let filter = filter.transpose()?;
        let chosen = match (rows.downcast_ref::<ChooseExec>(), &filter) {
            (Some(choice), Some(filter)) => choice.filtered(filter.clone(), session.config_options())?,
            (Some(choice), None) => Some(choice.clone()),
            (None, _) => None,
        };
        let is_chosen = chosen.is_some();
        let rows: Arc<dyn ExecutionPlan> = match (chosen, filter) {
            (Some(choice), _) => Arc::new(choice.ordered(&keys[0], !first.keys[0].asc)),
            (None, Some(filter)) => Arc::new(FilterExec::try_new(reassign_expr_columns(filter, &schema)?, rows)?),
            (None, None) => rows,
        };
        let column = |name: &str| -> Result<Arc<dyn PhysicalExpr>> {
            Ok(Arc::new(expressions::Column::new_with_schema(name, &schema)?))
        };
        let order = keys.iter().zip(&first.keys).map(|(name, key)| {
            let nulls_first = key.nulls_first && !is_never_null(name);
            Ok(PhysicalSortExpr::new(
                column(name)?,
                SortOptions::new(!key.asc, nulls_first),
            ))
        });
        let order = LexOrdering::new(order.collect::<Result<Vec<_>>>()?);
        let order = order.ok_or_else(|| internal_datafusion_err!("an order has keys"))?;
        let rows = SortExec::new(order, rows)
            .with_fetch(first.fetch)
            .with_preserve_partitioning(true);
        let number = not_constant(ScalarValue::from(place as i64))?;
        let number = session.create_physical_expr(number, &DFSchema::empty())?;
        let own = [ID, INDEX, TIMESTAMP, PLACE].map(column).into_iter();
        let names = [Ok(number)].into_iter().chain(own).zip(NAMES.map(str::to_owned));
        let names = names.map(|(value, name)| Ok((value?, name)));
        let behind = keys.iter().zip(self.key_columns(first));
        let behind = behind.filter(|(_, (_, place))| *place >= NAMES.len());
        let behind = behind.map(|(key, (name, _))| Ok((column(key)?, name)));
        let names = names.chain(behind).collect::<Result<Vec<_>>>()?;
        let names = Arc::new(ProjectionExec::try_new(names, Arc::new(rows))?);
        match is_chosen {
            true => Ok(names),
            false => pushed_down(names, session),
        }
    }

    /// What is true of the rows that are wanted of a branch, in parts all of which are.
    fn asked(&self, branch: &Branch, filters: &[Expr], session: &SessionState) -> Result<Vec<Expr>> {
        let mut asked = Vec::new();
        let mut rows = &branch.rows;
        while let LogicalPlan::Filter(filter) = rows {
            asked.push(filter.predicate.clone());
            rows = &filter.input;
        }
        for filter in filters {
            asked.push(self.here(filter.clone(), branch)?);
        }
        let Some(asked) = conjunction(asked) else {
            return Ok(Vec::new());
        };
        let schema = branch.rows.schema();
        let context = SimplifyContext::builder()
            .with_schema(schema.clone())
            .with_config_options(session.config_options().clone())
            .with_query_execution_start_time(session.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        let asked = simplifier.simplify(simplifier.coerce(asked, schema)?)?;
        let parts = simplify_predicates(split_conjunction_owned(asked))?.into_iter();
        Ok(parts.filter(|part| *part != lit(true)).map(unnormalize_col).collect())
    }

    /// What the keys of an order are called among the names, and their places there: those behind the names are no part of these.
    pub(super) fn key_columns(&self, first: &First) -> Vec<(String, usize)> {
        let mut places = NAMES.len()..;
        let column = |(number, key): (usize, &SortExpr)| match self.place_in_names(&key.expr) {
            Some(place) => (NAMES[place].to_owned(), place),
            None => (key_name(number), places.next().unwrap_or_default()),
        };
        first.keys.iter().enumerate().map(column).collect()
    }

    /// Where a column is among the names, if it is what names are made of in all branches.
    fn place_in_names(&self, column: &Expr) -> Option<usize> {
        let Expr::Column(column) = column else { return None };
        let place = 1 + [ID, INDEX, TIMESTAMP].iter().position(|name| *name == column.name)?;
        let own = self.schema.index_of(&column.name).ok()?;
        let is_own = |branch: &Branch| matches!(&branch.values[own], Expr::Column(value) if value.name == column.name);
        self.branches.iter().all(is_own).then_some(place)
    }

    /// What names are of: the first rows of a branch, or all, with the values that the order needs.
    fn names_of(&self, place: usize, branch: &Branch, filters: &[Expr], first: &First) -> Result<LogicalPlan> {
        let rows = self.filtered(with_places(&branch.rows)?, branch, filters)?;
        let purpose = if are_few(first.fetch) {
            Purpose::First
        } else {
            Purpose::All
        };
        let rows = read_for(rows.build()?, purpose)?;
        let own = |name: &str| -> Result<Expr> {
            let (relation, field) = rows.schema().qualified_field_with_unqualified_name(name)?;
            Ok(Expr::Column(Column::new(relation.cloned(), field.name())))
        };
        let place_of_row = own(PLACE)?;
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
            let is_set = matches!(&above, Expr::Column(column) if is_never_null(&column.name));
            keys.push(SortExpr {
                nulls_first: key.nulls_first && !is_set,
                expr: above,
                ..*key
            });
            if !read.contains(&value) {
                read.push(value);
            }
        }
        read.push(place_of_row.clone());
        let [id, index, time] = own;
        let place = not_constant(ScalarValue::from(place as i64))?;
        let names = [place, id, index, time, place_of_row].into_iter().zip(NAMES);
        let names = names.map(|(value, name)| value.alias(name));
        let values = keys.iter().zip(&first.keys).zip(self.key_columns(first));
        let values = values.filter(|(_, (_, place))| *place >= NAMES.len());
        let values = values.map(|((key, of_all), (name, _))| {
            let value = match self.here(of_all.expr.clone(), branch)? {
                Expr::Literal(value, _) if !value.is_null() => not_constant(value)?,
                _ => key.expr.clone(),
            };
            Ok(value.alias(name))
        });
        let above: Vec<_> = names.map(Ok).chain(values).collect::<Result<_>>()?;
        let names = LogicalPlanBuilder::from(rows).project(read)?;
        let names = match are_few(first.fetch) {
            true => names.sort_with_limit(keys, first.fetch)?,
            false => names,
        };
        names.project(above)?.build()
    }
}

/// True of the columns of names: a key that is never null orders no nulls, and row groups are ruled out by its range alone.
fn is_never_null(column: &str) -> bool {
    [ID, INDEX, TIMESTAMP].contains(&column)
}

/// The plan with what its scan can do of filters and orders left to it.
fn pushed_down(plan: Arc<dyn ExecutionPlan>, session: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = FilterPushdown::new().optimize(plan, session.config_options())?;
    PushdownSort::new().optimize(plan, session.config_options())
}

/// The plan with each partition sorted on its own.
fn sorted_apart(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let apart = |node: Arc<dyn ExecutionPlan>| {
        Ok(match node.downcast_ref::<SortExec>() {
            Some(sort) => {
                let sort = sort.clone().with_preserve_partitioning(true);
                Transformed::new(Arc::new(sort) as Arc<dyn ExecutionPlan>, true, TreeNodeRecursion::Stop)
            }
            None => Transformed::no(node),
        })
    };
    plan.transform_down(apart).map(|plan| plan.data)
}

/// A literal of which the planner does not know that it is one. Were what tells the branches apart a constant of each, each table's first
/// rows would be sorted without it, and of rows that tie those that come first in time would keep the others out.
pub(super) fn not_constant(value: ScalarValue) -> Result<Expr> {
    // No random number is below zero.
    let never = random().lt(lit(0.0));
    when(never, lit(ScalarValue::try_from(value.data_type())?)).otherwise(lit(value))
}

/// The rows of a table with their places.
fn with_places(rows: &LogicalPlan) -> Result<LogicalPlan> {
    match rows {
        LogicalPlan::Filter(filter) => LogicalPlanBuilder::from(with_places(&filter.input)?)
            .filter(filter.predicate.clone())?
            .build(),
        LogicalPlan::TableScan(scan) => {
            let parts = parts_of(scan).ok_or_else(|| internal_datafusion_err!("a branch is of a table"))?;
            let source = provider_as_source(Arc::new(parts.with_places()));
            LogicalPlanBuilder::scan(scan.table_name.clone(), source, None)?.build()
        }
        _ => internal_err!("a branch is a table, filtered"),
    }
}

fn key_name(number: usize) -> String {
    format!("kept key {number}")
}
