//! The rows of several tables as one relation: a union of the store's tables becomes one scan, which plans each table on its own.
//!
//! A filter over all tables is a union with a branch per table, and each branch has a value, mostly null, for every column
//! of every table. Planning walks all of that some twenty times, and tables without rows cost as much as others. In comes
//! such a plan; out goes one in which tables that have no part which can match are left out, and what is left is one scan:
//!
//! ```text
//! Union                         Projection: named as the union was
//!   Projection: values    →       TableScan: branches
//!     Filter
//!       TableScan: conns
//!   Projection: values
//!     …
//! ```
//!
//! What is asked of the scan is asked of each branch: filters, the columns that are read, the first rows of an order.
//!
//! Absent on purpose: unions of anything else; they stay as they are.

mod names;
mod plain;
mod steps;

pub(crate) use steps::{Placed, optimized};

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, TableReference, internal_datafusion_err, project_schema};
use datafusion::datasource::{TableType, provider_as_source, source_as_provider};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Projection, SortExpr, TableProviderFilterPushDown, TableScan,
    Union,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use sql::{Columns, Share};

use self::plain::Plain;
use crate::late::{are_few, is_pure, is_repeatable, parts_of};

/// The name of the relation; no table's has a blank.
const ROWS: &str = "all rows";

/// Some tables' rows.
#[derive(Clone, Debug)]
pub(crate) struct Branches {
    schema: SchemaRef,
    branches: Arc<[Branch]>,
    first: Option<First>,
}

/// One table's share.
#[derive(Clone, Debug)]
struct Branch {
    /// The table, filtered.
    rows: LogicalPlan,
    /// What each column of the relation is here.
    values: Arc<[Expr]>,
}

/// The first rows of an order, or all.
#[derive(Clone, Debug)]
struct First {
    keys: Vec<SortExpr>,
    fetch: Option<usize>,
}

/// What plans branches: a session without the physical steps, which a plan takes as a whole.
#[derive(Debug, Default)]
pub(crate) struct Planner(OnceLock<Arc<SessionState>>);

impl Planner {
    fn of(session: &SessionState) -> Option<Arc<SessionState>> {
        let planner = session.config().get_extension::<Self>()?;
        let new = || {
            // Without a planner of its own, so that neither keeps the other.
            let config = session.config().clone().with_extension(Arc::new(Self::default()));
            let state = SessionStateBuilder::new_from_existing(session.clone())
                .with_config(config)
                .with_physical_optimizer_rules(Vec::new());
            Arc::new(state.build())
        };
        Some(planner.0.get_or_init(new).clone())
    }
}

/// What plans the branches of a scan.
fn planner(session: &dyn Session) -> Result<Arc<SessionState>> {
    let session = session.as_any().downcast_ref::<SessionState>();
    let planner = session.and_then(Planner::of);
    planner.ok_or_else(|| internal_datafusion_err!("sessions have a planner of branches"))
}

/// The plan with its unions of tables as one scan each.
pub(crate) fn gathered(plan: LogicalPlan, session: &SessionState) -> Result<LogicalPlan> {
    let gather = |node| match node {
        LogicalPlan::Union(union) => Ok(match gathered_union(&union, session)? {
            Some(plan) => Transformed::new(plan, true, TreeNodeRecursion::Jump),
            None => Transformed::no(LogicalPlan::Union(union)),
        }),
        node => Ok(Transformed::no(node)),
    };
    plan.transform_down_with_subqueries(gather).map(|plan| plan.data)
}

fn gathered_union(union: &Union, session: &SessionState) -> Result<Option<LogicalPlan>> {
    let schema: SchemaRef = union.schema.inner().clone();
    let names: HashSet<_> = schema.fields().iter().map(|field| field.name()).collect();
    let mut branches = Vec::new();
    if names.len() < schema.fields().len() || !collect(union, &schema, session, &mut branches)? {
        return Ok(None);
    }
    if Planner::of(session).is_none() {
        return Ok(None);
    }
    let (values, input) = match <[Branch; 1]>::try_from(branches) {
        Ok([alone]) => (alone.values.to_vec(), alone.rows),
        Err(branches) if branches.is_empty() => {
            return Ok(Some(LogicalPlan::EmptyRelation(EmptyRelation {
                produce_one_row: false,
                schema: union.schema.clone(),
            })));
        }
        Err(branches) => {
            let relation = TableReference::bare(ROWS);
            let column = |name: &&String| Expr::Column(Column::new(Some(relation.clone()), name.as_str()));
            let names: Vec<_> = schema.fields().iter().map(|field| field.name()).collect();
            let values = names.iter().map(column).collect();
            let branches = Branches {
                schema: schema.clone(),
                branches: branches.into(),
                first: None,
            };
            (values, branches.scanned()?)
        }
    };
    let named = values.into_iter().zip(union.schema.iter());
    let named = named.map(|(value, (relation, field))| value.alias_qualified(relation.cloned(), field.name()));
    let projection = Projection::try_new_with_schema(named.collect(), Arc::new(input), union.schema.clone())?;
    Ok(Some(LogicalPlan::Projection(projection)))
}

/// Collects the branches that may have rows; false if one is something else than columns of a table.
fn collect(union: &Union, schema: &Schema, session: &SessionState, branches: &mut Vec<Branch>) -> Result<bool> {
    for input in &union.inputs {
        let projection = match input.as_ref() {
            LogicalPlan::Union(inner) => {
                if !collect(inner, schema, session, branches)? {
                    return Ok(false);
                }
                continue;
            }
            LogicalPlan::Projection(projection) => projection,
            _ => return Ok(false),
        };
        let (scan, filter) = match projection.input.as_ref() {
            LogicalPlan::Filter(filter) => (filter.input.as_ref(), Some(&filter.predicate)),
            scan => (scan, None),
        };
        let LogicalPlan::TableScan(scan) = scan else {
            return Ok(false);
        };
        let is_whole = scan.projection.is_none() && scan.filters.is_empty() && scan.fetch.is_none();
        let Some(parts) = parts_of(scan).filter(|_| is_whole) else {
            return Ok(false);
        };
        let types = |schema: &Schema| -> Vec<_> {
            let fields = schema.fields().iter();
            fields.map(|field| field.data_type().clone()).collect()
        };
        if types(projection.schema.as_arrow()) != types(schema) || !is_repeatable(input)? {
            return Ok(false);
        }
        if parts.may_match(session, filter.cloned().map(unnormalize_col)) {
            branches.push(Branch {
                rows: projection.input.as_ref().clone(),
                values: projection.expr.iter().cloned().map(Expr::unalias).collect(),
            });
        }
    }
    Ok(true)
}

impl Branches {
    /// What tables give to the rows of a filter, as one relation; `None` if its columns are of other types in one that has rows than in the
    /// others, if the same rows cannot be read twice, and if the session has no planner of branches.
    pub(crate) fn of_shares(columns: &Columns, shares: Vec<Share>, session: &SessionState) -> Result<Option<Self>> {
        if !columns.are_of_one_type {
            return Ok(None);
        }
        let mut branches = Vec::new();
        for Share { rows, values } in shares {
            let Some(Plain { scan, filters, .. }) = Plain::of(&rows)? else {
                return Ok(None);
            };
            let Some(parts) = parts_of(scan).filter(|_| is_repeatable(&rows).unwrap_or(false)) else {
                return Ok(None);
            };
            if !parts.may_match(session, conjunction(filters).map(unnormalize_col)) {
                continue;
            }
            branches.push(Branch { rows, values });
        }
        let is_planned = Planner::of(session).is_some();
        Ok(is_planned.then_some(Self {
            schema: columns.schema.clone(),
            branches: branches.into(),
            first: None,
        }))
    }

    /// The tables that are scanned as one, if they are.
    pub(crate) fn of(scan: &TableScan) -> Option<Self> {
        let provider = source_as_provider(&scan.source).ok()?;
        let provider = provider.as_ref() as &dyn std::any::Any;
        provider.downcast_ref::<Self>().cloned()
    }

    /// True if each gives its first rows alone.
    pub(crate) fn is_first(&self) -> bool {
        self.first.is_some()
    }

    /// The same tables, each of which gives the first rows of an order by columns, or all.
    pub(crate) fn first(self, keys: Vec<SortExpr>, fetch: Option<usize>) -> Self {
        Self {
            first: Some(First { keys, fetch }),
            ..self
        }
    }

    /// The rows of one table, of which the first of an order are wanted; `None` if they are anything but values of its columns.
    pub(crate) fn of_table(rows: &LogicalPlan) -> Result<Option<Self>> {
        let schema: SchemaRef = rows.schema().inner().clone();
        let names: HashSet<_> = schema.fields().iter().map(|field| field.name()).collect();
        let Some(Plain { scan, filters, values }) = Plain::of(rows)? else {
            return Ok(None);
        };
        if names.len() < schema.fields().len() || !is_repeatable(rows)? {
            return Ok(None);
        }
        let table = LogicalPlanBuilder::scan(scan.table_name.clone(), scan.source.clone(), None)?;
        let rows = match conjunction(filters) {
            Some(filter) => table.filter(filter)?,
            None => table,
        };
        let branch = Branch {
            rows: rows.build()?,
            values: values.into(),
        };
        Ok(Some(Self {
            schema,
            branches: [branch].into(),
            first: None,
        }))
    }

    /// A scan of the relation.
    pub(crate) fn scanned(self) -> Result<LogicalPlan> {
        LogicalPlanBuilder::scan(TableReference::bare(ROWS), provider_as_source(Arc::new(self)), None)?.build()
    }

    /// Plans the rows of a branch.
    fn plan(
        &self,
        branch: &Branch,
        projection: &[usize],
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<LogicalPlan> {
        let rows = self.filtered(branch.rows.clone(), branch, filters)?;
        let rows = rows.project(self.values(branch, projection))?;
        match (&self.first, limit) {
            (Some(First { keys, fetch }), _) if are_few(*fetch) => {
                rows.sort_with_limit(keys.iter().cloned(), *fetch)?.build()
            }
            (None, Some(limit)) => rows.limit(0, Some(limit))?.build(),
            // More rows than a sort should keep are sorted above.
            (Some(_), _) | (None, None) => rows.build(),
        }
    }

    /// The columns that are wanted, as values of a branch's.
    fn values(&self, branch: &Branch, projection: &[usize]) -> Vec<Expr> {
        let value = |place: &usize| branch.values[*place].clone().alias(self.schema.field(*place).name());
        projection.iter().map(value).collect()
    }

    fn filtered(&self, rows: LogicalPlan, branch: &Branch, filters: &[Expr]) -> Result<LogicalPlanBuilder> {
        let rows = LogicalPlanBuilder::from(rows);
        let filters = filters.iter().map(|filter| self.here(filter.clone(), branch));
        match conjunction(filters.collect::<Result<Vec<_>>>()?) {
            Some(filter) => rows.filter(filter),
            None => Ok(rows),
        }
    }

    /// A filter over the relation's columns as one over the branch's.
    fn here(&self, filter: Expr, branch: &Branch) -> Result<Expr> {
        let here = |expr| match expr {
            Expr::Column(column) => Ok(Transformed::yes(
                branch.values[self.schema.index_of(&column.name)?].clone(),
            )),
            expr => Ok(Transformed::no(expr)),
        };
        filter.transform_up(here).map(|filter| filter.data)
    }
}

#[async_trait::async_trait]
impl TableProvider for Branches {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| {
            Ok(match is_pure(filter)? {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Unsupported,
            })
        };
        filters.iter().map(support).collect()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<_> = (0..self.schema.fields().len()).collect();
        if let Some(first) = &self.first
            && let Some(session) = session.as_any().downcast_ref::<SessionState>()
        {
            let projection = projection.unwrap_or(&all);
            if self.is_sorted_whole(projection, first) {
                let order = self.order(first, projection)?;
                return self.sorted(projection, filters, &order, session).await;
            }
            if self.takes_two_steps(projection, first) {
                return self.scan_first(session, first, projection, filters).await;
            }
        }
        let planner = planner(session)?;
        let mut plans = Vec::new();
        for branch in self.branches.iter() {
            let plan = self.plan(branch, projection.unwrap_or(&all), filters, limit)?;
            let plan = planner.create_physical_plan(&plan).await?;
            if !plan.is::<EmptyExec>() {
                plans.push(plan);
            }
        }
        if plans.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        UnionExec::try_new(plans)
    }
}
