//! The two steps that the first rows of several tables take: the plans of both, and what joins them.
//!
//! Names come from each branch, the first of all of them from a sort above; [`FirstExec`] then asks for the rows. Where all rows are wanted
//! and this does not pay, they are sorted as they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider as _;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, internal_datafusion_err, internal_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::functions::math::expr_fn::random;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, TableScan, lit, when};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_coop::EnsureCooperative;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::pushdown_sort::PushdownSort;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::{Branch, Branches, First, planner};
use crate::columns::{ID, INDEX, TIMESTAMP, column};
use crate::first::{FirstExec, NAMES};
use crate::footers::FOOTER_BYTES;
use crate::late::{FEWEST_COLUMNS, MOST_ROWS, are_few, parts_of, read_for, unfiltered};
use crate::provider::{Purpose, Size};
use crate::scan::{ChooseExec, PLACE, parts_of as parts_of_places};

impl Branches {
    /// The first rows of all columns, or all, planned without a plan above that asks for them; `None` where the first do not take two
    /// steps.
    pub(crate) async fn planned(&self, session: &SessionState) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let all: Vec<_> = (0..self.schema.fields().len()).collect();
        let Some(first) = self.first.as_ref() else {
            return Ok(None);
        };
        if self.is_sorted_whole(&all, first) {
            let rows = self.sorted(&all, &[], &self.order(first, &all)?, session).await?;
            return optimized(rows, session).map(Some);
        }
        if !self.takes_two_steps(&all, first) {
            return Ok(None);
        }
        let mut rows = self.scan_first(session, first, &all, &[]).await?;
        // What other rules would bring about is so already.
        let rules: [&dyn PhysicalOptimizerRule; 4] = [
            &FilterPushdown::new(),
            &PushdownSort::new(),
            &EnsureCooperative::new(),
            &FilterPushdown::new_post_optimization(),
        ];
        for rule in rules {
            rows = rule.optimize(rows, session.config_options())?;
        }
        if cfg!(debug_assertions) {
            rows = SanityCheckPlan::new().optimize(rows, session.config_options())?;
        }
        Ok(Some(rows))
    }

    /// How large the tables are together.
    pub(crate) fn size(&self) -> Size {
        let parts = self
            .branches
            .iter()
            .filter_map(|branch| parts_of(scan_of(&branch.rows).ok()?));
        parts.fold(Size::default(), |all, parts| {
            let size = parts.size();
            Size {
                parts: all.parts + size.parts,
                rows: all.rows + size.rows,
                bytes: all.bytes + size.bytes,
            }
        })
    }

    /// False where rows are few and their parts small: to open each part twice takes longer than to sort all rows with all their
    /// columns.
    fn two_steps_pay(&self) -> bool {
        let Size { parts, rows, bytes } = self.size();
        rows > MOST_ROWS as u64 || bytes > parts * FOOTER_BYTES as u64
    }

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
        let planner = planner(session)?;
        for (place, branch) in self.branches.iter().enumerate() {
            let plan = self.names(place, branch, filters, first)?;
            let plan = planner.create_physical_plan(&plan).await?;
            if !plan.is::<EmptyExec>() {
                names.push(sorted_apart(plan)?);
            }
        }
        if names.is_empty() {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let names = UnionExec::try_new(names)?;
        let columns = self.key_columns(first);
        let keys = first
            .keys
            .iter()
            .zip(&columns)
            .map(|(key, (name, place))| PhysicalSortExpr {
                expr: Arc::new(expressions::Column::new(name, *place)),
                options: options(key),
            });
        let above = self.order(first, projection)?;
        // Of rows that begin at one time in one packet those of the first table come first.
        let by_branch = PhysicalSortExpr::new_default(Arc::new(expressions::Column::new(NAMES[0], 0)));
        let order = LexOrdering::new(keys.chain([by_branch]));
        let order = order.ok_or_else(|| internal_datafusion_err!("an order has keys"))?;
        let names = SortExec::new(order.clone(), Arc::new(CoalescePartitionsExec::new(names)));
        // One that forgets the others keeps those that it wants in memory; one that keeps all can do without.
        let names = names.with_fetch(first.fetch.filter(|_| are_few(first.fetch)));
        Ok(Arc::new(FirstExec::new(
            (Arc::new(names), first.fetch),
            [order, above],
            (self.clone(), filters.to_vec()),
            projection.to_vec(),
            schema,
            Arc::new(session.clone()),
        )))
    }

    /// Plans all rows, sorted as they are: with all columns, and where they do not fit the memory by way of temporary files.
    pub(crate) async fn sorted(
        &self,
        projection: &[usize],
        filters: &[Expr],
        order: &LexOrdering,
        session: &SessionState,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (planner, mut plans) = (planner(session)?, Vec::new());
        for (place, branch) in self.branches.iter().enumerate() {
            let number = not_constant(ScalarValue::from(place as i64))?.alias(NAMES[0]);
            let values = self.values(branch, projection).into_iter().chain([number]);
            let rows = self.filtered(branch.rows.clone(), branch, filters)?.project(values)?;
            let plan = planner.create_physical_plan(&rows.build()?).await?;
            if !plan.is::<EmptyExec>() {
                plans.push(plan);
            }
        }
        if plans.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(projection)?))));
        }
        let rows = Arc::new(CoalescePartitionsExec::new(UnionExec::try_new(plans)?));
        let number: Arc<dyn PhysicalExpr> = Arc::new(expressions::Column::new(NAMES[0], projection.len()));
        let order = LexOrdering::new(order.iter().cloned().chain([PhysicalSortExpr::new_default(number)]));
        let order = order.ok_or_else(|| internal_datafusion_err!("an order has keys"))?;
        let rows = SortExec::new(order, rows);
        let columns = projection.iter().enumerate().map(|(place, column)| {
            let name = self.schema.field(*column).name();
            let column: Arc<dyn PhysicalExpr> = Arc::new(expressions::Column::new(name, place));
            (column, name.clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(
            columns.collect::<Vec<_>>(),
            Arc::new(rows),
        )?))
    }

    /// True if all rows are wanted, and two steps would not pay.
    pub(super) fn is_sorted_whole(&self, projection: &[usize], first: &First) -> bool {
        first.fetch.is_none() && !(self.two_steps_pay() && self.takes_two_steps(projection, first))
    }

    /// The order of the rows, by the columns that are wanted.
    pub(super) fn order(&self, first: &First, projection: &[usize]) -> Result<LexOrdering> {
        let schema = self.schema.project(projection)?;
        let key = |key: &SortExpr| {
            let name = key.expr.schema_name().to_string();
            let expr = Arc::new(expressions::Column::new_with_schema(&name, &schema)?);
            Ok(PhysicalSortExpr::new(expr, options(key)))
        };
        let order = LexOrdering::new(first.keys.iter().map(key).collect::<Result<Vec<_>>>()?);
        order.ok_or_else(|| internal_datafusion_err!("an order has keys"))
    }

    /// What the keys of an order are called among the names, and their places there: those behind the names are no part of these.
    fn key_columns(&self, first: &First) -> Vec<(String, usize)> {
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

    /// Plans the names of the first rows of a branch, with the values that the order needs.
    fn names(&self, place: usize, branch: &Branch, filters: &[Expr], first: &First) -> Result<LogicalPlan> {
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

fn options(key: &SortExpr) -> SortOptions {
    SortOptions::new(!key.asc, key.nulls_first)
}

/// A plan as the session's rules for physical plans make it.
pub(crate) fn optimized(plan: Arc<dyn ExecutionPlan>, session: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
    let mut rules = session.physical_optimizers().iter();
    rules.try_fold(plan, |plan, rule| rule.optimize(plan, session.config_options()))
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
fn not_constant(value: ScalarValue) -> Result<Expr> {
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

/// The table of a branch.
fn scan_of(rows: &LogicalPlan) -> Result<&TableScan> {
    match rows {
        LogicalPlan::Filter(filter) => scan_of(&filter.input),
        LogicalPlan::TableScan(scan) => Ok(scan),
        _ => internal_err!("a branch is a table, filtered"),
    }
}

/// The rows of a branch at places that are known.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Columns of the table.
    pub(crate) scan: ChooseExec,
    /// The columns of the relation, as values of these.
    values: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

impl Placed {
    /// The relation's columns, of the table's; those that the table lacks are left out.
    pub(crate) fn values(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let value = |value: &Arc<dyn PhysicalExpr>| value.evaluate(rows)?.into_array(rows.num_rows());
        let values: Vec<_> = self.values.iter().map(value).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            values,
            &options,
        )?)
    }
}

impl Branches {
    /// Plans the rows of a branch at places, which ascend.
    pub(crate) fn placed(
        &self,
        place: usize,
        projection: &[usize],
        places: &[i64],
        session: &SessionState,
    ) -> Result<Placed> {
        let branch = &self.branches[place];
        let scan = scan_of(&branch.rows)?;
        let parts = parts_of(scan).ok_or_else(|| internal_datafusion_err!("a branch is of a table"))?;
        let is_null = |value: &Expr| matches!(value, Expr::Literal(value, _) if value.is_null());
        let values = projection.iter().map(|place| (&branch.values[*place], *place));
        let values: Vec<_> = values.filter(|(value, _)| !is_null(value)).collect();
        let table = parts.schema();
        let mut read = BTreeSet::new();
        for column in values.iter().flat_map(|(value, _)| value.column_refs()) {
            read.insert(table.index_of(&column.name)?);
        }
        let read: Vec<_> = read.into_iter().collect();
        let rows = parts.at(session, &read, &parts_of_places(places))?;
        let scan_schema = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &rows.schema())?;
        let value = |value: &Expr| match value {
            Expr::Column(column) => Ok(
                Arc::new(expressions::Column::new_with_schema(&column.name, &rows.schema())?) as Arc<dyn PhysicalExpr>,
            ),
            value => session.create_physical_expr(value.clone(), &scan_schema),
        };
        let fields: Vec<_> = values
            .iter()
            .map(|(_, place)| self.schema.field(*place).clone())
            .collect();
        let values = values.iter().map(|(of, _)| value(of)).collect::<Result<_>>()?;
        let scan = rows.downcast_ref::<ChooseExec>().cloned();
        Ok(Placed {
            scan: scan.ok_or_else(|| internal_datafusion_err!("rows with places are chosen"))?,
            values,
            schema: Arc::new(Schema::new(fields)),
        })
    }
}

fn key_name(number: usize) -> String {
    format!("kept key {number}")
}
