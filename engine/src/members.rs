//! The connections and flows that a filter finds, and the predicate for their packets.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use futures::TryStreamExt;
use kfl::{Lowered, Operation, Step};
use schema::Level;
use sql::Tables;

use crate::columns::{CONN_ID, FLOW_ID, column};
use crate::session::Snapshot;
use crate::{Error, query};

/// So many ids are written into the predicate, where page statistics are compared with each of them; more become a set.
const LISTED: usize = 20;

/// Whose packets a filter asks for.
#[derive(Debug)]
pub(crate) enum Members {
    /// Every packet, those of no connection too: the filter is true on every row.
    All,
    /// Those of these connections and flows.
    Of {
        /// Connections, ascending.
        conns: Vec<i64>,
        /// Flows, ascending.
        flows: Vec<i64>,
    },
}

impl Members {
    /// Finds them.
    pub(crate) async fn find(filter: &kfl::Filter, snapshot: &Snapshot, session: &SessionState) -> Result<Self, Error> {
        if schema::tables::in_kfl().all(|table| filter.on(table) == Lowered::Always) {
            return Ok(Members::All);
        }
        let (mut conns, mut flows) = (HashSet::new(), HashSet::new());
        for (table, predicate) in sql::tables_of(filter) {
            let (key, ids) = match table.level {
                Level::Flow => (FLOW_ID, &mut flows),
                Level::Connection | Level::Entry | Level::Record => (CONN_ID, &mut conns),
            };
            let provider = datafusion::datasource::provider_as_source(snapshot.tables().provider(table));
            let plan = LogicalPlanBuilder::scan(table.name, provider, None).and_then(|plan| {
                let plan = match predicate {
                    Some(predicate) => plan.filter(predicate)?,
                    None => plan,
                };
                plan.project([column(key)])?.distinct()?.build()
            });
            let mut rows = query::run(&plan.map_err(Error::of_query)?, session).await?;
            while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
                ids.extend(batch.column(0).as_primitive::<Int64Type>().iter().flatten());
            }
        }
        Ok(Members::Of {
            conns: sorted(conns),
            flows: sorted(flows),
        })
    }

    /// Finds those of a query whose last stage is a step.
    pub(crate) async fn of(query: &kfl::Query, snapshot: &Snapshot, session: &SessionState) -> Result<Self, Error> {
        let (last, before) = match query.stages() {
            [] => return Self::find(query.filter(), snapshot, session).await,
            [before @ .., last] => (last, before),
        };
        let Operation::Step(step) = last.operation() else {
            let stage = last.to_string();
            return Err(Error::NoStep { stage });
        };
        // The packets of rows are those of the rows' connections.
        let query = match step {
            Step::Packets if before.is_empty() => return Self::find(query.filter(), snapshot, session).await,
            Step::Packets => query.without_last(),
            Step::Connections | Step::Flows | Step::Entries => query.clone(),
        };
        let plan = sql::connections(&query, &snapshot.tables()).map_err(Error::of_query)?;
        let mut conns = HashSet::new();
        let mut rows = query::run(&plan, session).await?;
        while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
            conns.extend(batch.column(0).as_primitive::<Int64Type>().iter().flatten());
        }
        Ok(Members::Of {
            conns: sorted(conns),
            flows: Vec::new(),
        })
    }

    /// True for their packets; `None` for every packet.
    pub(crate) fn predicate(&self) -> Option<Expr> {
        match self {
            Members::All => None,
            Members::Of { conns, flows } => {
                let terms = [one_of(CONN_ID, conns), one_of(FLOW_ID, flows)].into_iter().flatten();
                Some(terms.reduce(Expr::or).unwrap_or(lit(false)))
            }
        }
    }

    /// True if they have packets among these numbers: a connection's id is the number of its first packet, a flow's too.
    pub(crate) fn begin_in(&self, first: i64, packets: i64) -> bool {
        let begins = |ids: &[i64]| {
            let from = ids.partition_point(|id| *id < first);
            ids.get(from).is_some_and(|id| *id - first < packets)
        };
        match self {
            Members::All => true,
            Members::Of { conns, flows } => begins(conns) || begins(flows),
        }
    }
}

/// True where a column's value is one of some ids; `None` if there are none.
pub(crate) fn one_of(name: &str, ids: &[i64]) -> Option<Expr> {
    let (first, last) = (*ids.first()?, *ids.last()?);
    if ids.len() <= LISTED {
        return Some(column(name).in_list(ids.iter().map(|id| lit(*id)).collect(), false));
    }
    let set = IdSet {
        signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable),
        ids: ids.into(),
    };
    // The range is what statistics are compared with; the set alone says nothing to them.
    Some(
        column(name)
            .between(lit(first), lit(last))
            .and(ScalarUDF::new_from_impl(set).call(vec![column(name)])),
    )
}

fn sorted(ids: HashSet<i64>) -> Vec<i64> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

/// A function that is true for ids of a set: a list of literals of that length would burden every step of planning.
#[derive(Debug)]
pub(crate) struct IdSet {
    signature: Signature,
    ids: Arc<[i64]>,
}

impl IdSet {
    /// The ids, ascending.
    pub(crate) fn ids(&self) -> &[i64] {
        &self.ids
    }
}

impl PartialEq for IdSet {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids
    }
}

impl Eq for IdSet {}

impl Hash for IdSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Its length and ends tell sets apart well enough for a hash.
        (self.ids.len(), self.ids.first(), self.ids.last()).hash(state);
    }
}

impl ScalarUDFImpl for IdSet {
    fn name(&self) -> &str {
        "is_one_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let values = args.args[0].to_array(args.number_rows)?;
        let values = values.as_primitive::<Int64Type>();
        // Rows of one connection lie together, so the last answer is nearly always the next one too.
        let mut last = (None, false);
        let is_member = values.iter().map(|id| {
            let id = id?;
            if last.0 != Some(id) {
                last = (Some(id), self.ids.binary_search(&id).is_ok());
            }
            Some(last.1)
        });
        Ok(ColumnarValue::Array(Arc::new(is_member.collect::<BooleanArray>())))
    }
}
