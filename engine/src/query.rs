//! Questions: KFL or SQL in, a stream of record batches out.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, displayable, execute_stream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use kfl::{Environment, Lowered};
use sql::LeftOut;

use crate::branches::{self, Branches};
use crate::session::Snapshot;
use crate::store::Pin;
use crate::{Counters, Error, damage};

/// How to answer.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// Rows at most.
    pub limit: Option<usize>,
}

/// An answer: a stream of record batches with one schema.
///
/// The stream's errors are DataFusion's; [`Error::of_query`] makes them ours.
pub struct Rows {
    /// The columns. For KFL over several tables, the union of their columns; common ones first.
    pub schema: SchemaRef,
    /// The batches. Dropping it cancels the query.
    pub stream: SendableRecordBatchStream,
    plan: Arc<dyn ExecutionPlan>,
}

impl Rows {
    /// What was read; complete once the stream has ended. Take [`Rows::probe`] before the stream is consumed.
    pub fn probe(&self) -> Probe {
        Probe {
            plan: self.plan.clone(),
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Counts what a query reads, beside its stream.
#[derive(Clone, Debug)]
pub struct Probe {
    plan: Arc<dyn ExecutionPlan>,
}

impl Probe {
    /// What was read so far.
    pub fn counters(&self) -> Counters {
        Counters::of(self.plan.as_ref())
    }
}

/// What a query would do.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The checked filter with its types.
    pub typed: String,
    /// The stages after it, each as it is written.
    pub stages: Vec<String>,
    /// Per table of the language: "never", "always" or the SQL-like text of its predicate.
    pub tables: Vec<(&'static str, String)>,
    /// DataFusion's physical plan as text.
    pub plan: String,
}

/// Compiles a filter; its `now()` is the present.
pub(crate) fn compile(text: &str) -> Result<kfl::Filter, Error> {
    kfl::compile(text, &Environment::now()).map_err(Error::Filter)
}

/// Compiles a filter with the stages after it; its `now()` is the present.
pub(crate) fn compile_query(text: &str) -> Result<kfl::Query, Error> {
    kfl::compile_query(text, &Environment::now()).map_err(Error::Filter)
}

/// Plans a query.
pub(crate) fn plan_query(
    query: &kfl::Query,
    snapshot: &Snapshot,
    options: &QueryOptions,
) -> Result<LogicalPlan, Error> {
    match query.stages() {
        [] => plan(query.filter(), snapshot, options),
        _ => sql::piped(query, &snapshot.tables(), options.limit).map_err(Error::of_query),
    }
}

/// Answers a query.
pub(crate) async fn answer(
    query: &kfl::Query,
    snapshot: &Snapshot,
    session: &SessionState,
    options: &QueryOptions,
) -> Result<Rows, Error> {
    let rows = match (query.stages(), options.limit) {
        ([], limit) if limit != Some(0) => rows_of(query.filter(), limit, snapshot, session).await,
        _ => Ok(None),
    };
    let plan = match rows.map_err(Error::of_query)? {
        Some(plan) => plan,
        None => physical(&plan_query(query, snapshot, options)?, session).await?,
    };
    started(plan, session)
}

/// The rows of a filter as [`plan`] plans them, without the detour: what the optimizer would find is known.
pub(crate) async fn rows_of(
    filter: &kfl::Filter,
    limit: Option<usize>,
    snapshot: &Snapshot,
    session: &SessionState,
) -> datafusion::error::Result<Option<Arc<dyn ExecutionPlan>>> {
    let tables = sql::tables_of(filter);
    // No table can match; what columns that has is for the plan of the filter to say.
    if tables.is_empty() {
        return Ok(None);
    }
    let columns = snapshot.columns(tables.iter().map(|(table, _)| *table))?;
    let shares = sql::shares(tables, &columns, &snapshot.tables())?;
    let Some(branches) = Branches::of_shares(&columns, shares, session)? else {
        return Ok(None);
    };
    branches.first(sql::order(), limit).planned(session).await
}

/// Plans a filter: the rows of every table that can match, ordered.
pub(crate) fn plan(filter: &kfl::Filter, snapshot: &Snapshot, options: &QueryOptions) -> Result<LogicalPlan, Error> {
    sql::filtered(filter, &snapshot.tables())
        .and_then(|plan| {
            // DataFusion sorts for no fewer than one row.
            if options.limit == Some(0) {
                return Ok(LogicalPlan::EmptyRelation(EmptyRelation {
                    produce_one_row: false,
                    schema: plan.schema().clone(),
                }));
            }
            LogicalPlanBuilder::new(plan)
                .sort_with_limit(sql::order(), options.limit)?
                .build()
        })
        .map_err(Error::of_query)
}

/// Counts what a query leaves out because it fails there.
pub(crate) async fn left_out(text: &str, snapshot: &Snapshot, session: &SessionState) -> Result<LeftOut, Error> {
    let query = compile_query(text)?;
    let plan = sql::faults(&query, &snapshot.tables()).map_err(Error::of_query)?;
    let Some(plan) = plan else {
        return Ok(LeftOut::default());
    };
    let rows = run(&plan, session).await?;
    let batches: Vec<_> = rows.stream.try_collect().await.map_err(Error::of_query)?;
    Ok(sql::left_out(&batches))
}

/// Says what a query would do.
pub(crate) async fn explain(text: &str, snapshot: &Snapshot, session: &SessionState) -> Result<Explanation, Error> {
    let query = compile_query(text)?;
    let filter = query.opening();
    let of_table = |table: &'static schema::Table| match filter.on(table) {
        Lowered::Never => (table.name, "never".to_owned()),
        Lowered::Always => (table.name, "always".to_owned()),
        Lowered::Where(predicate) => (table.name, predicate.human_display().to_string()),
    };
    let tables = schema::tables::in_kfl().map(of_table).collect();
    let plan = plan_query(&query, snapshot, &QueryOptions::default())?;
    let plan = physical(&plan, session).await?;
    let plan = displayable(plan.as_ref()).indent(true).to_string();
    Ok(Explanation {
        typed: query.filter().typed(),
        stages: query.stages().iter().map(ToString::to_string).collect(),
        tables,
        plan,
    })
}

/// Parses and plans SQL that reads; refuses SQL that changes anything.
pub(crate) async fn parse(text: &str, session: &SessionState, options: &QueryOptions) -> Result<LogicalPlan, Error> {
    let plan = session.create_logical_plan(text).await.map_err(Error::of_query)?;
    let read_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    if read_only.verify_plan(&plan).is_err() {
        let found = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        return Err(Error::Sql(format!(
            "SQL only reads here: expected a query, found {found}"
        )));
    }
    match options.limit {
        Some(limit) => LogicalPlanBuilder::new(plan)
            .limit(0, Some(limit))
            .and_then(|plan| plan.build())
            .map_err(Error::of_query),
        None => Ok(plan),
    }
}

async fn physical(plan: &LogicalPlan, session: &SessionState) -> Result<Arc<dyn ExecutionPlan>, Error> {
    let plan = branches::gathered(plan.clone(), session).map_err(Error::of_query)?;
    session.create_physical_plan(&plan).await.map_err(Error::of_query)
}

/// Starts a plan.
pub(crate) async fn run(plan: &LogicalPlan, session: &SessionState) -> Result<Rows, Error> {
    started(physical(plan, session).await?, session)
}

fn started(plan: Arc<dyn ExecutionPlan>, session: &SessionState) -> Result<Rows, Error> {
    let context = session.task_ctx();
    let stream = execute_stream(plan.clone(), context.clone()).map_err(Error::of_query)?;
    let schema = stream.schema();
    let scanned = plan.clone();
    let named = move |error| damage::named(error, scanned.clone(), context.clone()).map(Err);
    let stream = stream.or_else(named);
    // The parts stay until the answer is read, though the handle may see a newer commit by then.
    let pin = session.config().get_extension::<Pin>();
    let stream = stream.inspect(move |_| {
        let _ = &pin;
    });
    Ok(Rows {
        schema: schema.clone(),
        stream: Box::pin(RecordBatchStreamAdapter::new(schema, stream)),
        plan,
    })
}
