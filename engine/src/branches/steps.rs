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
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DFSchema, Result, ScalarValue, internal_datafusion_err, internal_err};
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, TableScan};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_coop::EnsureCooperative;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::names::not_constant;
use super::{Branch, Branches, First, planner};
use crate::columns::{ID, INDEX, TIMESTAMP, column};
use crate::first::{FirstExec, NAMES};
use crate::footers::FOOTER_BYTES;
use crate::late::{FEWEST_COLUMNS, MOST_ROWS, are_few, parts_of, read_for, unfiltered};
use crate::provider::{Purpose, Size};
use crate::scan::{ChooseExec, parts_of as parts_of_places};

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
        let rules: [&dyn PhysicalOptimizerRule; 2] =
            [&EnsureCooperative::new(), &FilterPushdown::new_post_optimization()];
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
        let session = Arc::new(session.clone());
        let filters: Arc<[Expr]> = filters.into();
        // Side by side: planning of five tables takes as long as reading their rows.
        let plans = (0..self.branches.len()).map(|place| {
            let (branches, filters, session) = (self.clone(), filters.clone(), session.clone());
            let first = first.clone();
            SpawnedTask::spawn(async move { branches.names(place, &filters, &first, &session).await })
        });
        let mut names = Vec::new();
        for plan in plans.collect::<Vec<_>>() {
            let plan = plan.join_unwind().await;
            let plan = plan.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??;
            if !plan.is::<EmptyExec>() {
                names.push(plan);
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
            session,
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

/// The table of a branch.
pub(super) fn scan_of(rows: &LogicalPlan) -> Result<&TableScan> {
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
