//! The first rows of several tables in an order, or all, in two steps: which rows they are, of all tables together; then those alone.
//!
//! Within one table a plan takes these steps (see [`crate::late`]). Of several, each table would give as many rows as are wanted of
//! all, with all their columns, and nearly all of them would be thrown away. So all tables are asked for the names of
//! their first rows, and when the first of these are known the rest is planned: most tables have none of them.
//!
//! Where a scan told the places of the rows (`scan/placed.rs`) these are what is read, row groups side by side; other rows are looked
//! for by their names. Many are read some thousands at a time (`first/chunks.rs`): what is sorted are names, which are short.

mod chunks;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampNanosecondType};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PhysicalExpr, PlanProperties,
    SendableRecordBatchStream, execute_stream,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, TryStreamExt};

use crate::Counters;
use crate::branches::{Branches, optimized};
use crate::columns::{ID, TIMESTAMP, column};
use crate::members::one_of;
use crate::scan::PLACE;

use self::chunks::Chunks;
use self::reading::{Found, Piece, Reading};

/// The names of rows, by which the second step finds them: the number of their branch, id, index, time, and the place where the scan
/// knows it. What the order needs comes behind. No column of a table has a blank.
pub(crate) const NAMES: [&str; 5] = ["kept branch", "kept id", "kept index", "kept time", PLACE];

/// Batches of many rows that may wait for who takes them.
const BATCHES_AHEAD: usize = 2;

/// The second step, on top of the first.
#[derive(Clone, Debug)]
pub(crate) struct FirstExec {
    names: Arc<dyn ExecutionPlan>,
    /// How many of them are wanted, if not all.
    fetch: Option<usize>,
    /// The order of the names.
    order: LexOrdering,
    rows: Arc<Rows>,
    properties: Arc<PlanProperties>,
}

/// What the second step reads.
#[derive(Debug)]
struct Rows {
    branches: Branches,
    /// What is true of the rows beside what the branches ask: names are of such rows alone.
    filters: Vec<Expr>,
    /// The order of the rows.
    order: LexOrdering,
    /// The columns that are wanted, by their places.
    projection: Vec<usize>,
    schema: SchemaRef,
    session: Arc<SessionState>,
    /// The scans of the rows, as far as they are planned.
    scans: Mutex<Scans>,
}

/// Scans of the second step.
#[derive(Debug, Default)]
struct Scans {
    running: Vec<Arc<dyn ExecutionPlan>>,
    /// What those read that ended.
    ended: Counters,
}

/// The rows that are wanted of one table.
#[derive(Debug, Default)]
struct Wanted {
    /// Where those lie of which that is known, each with its place among the rows of all tables.
    places: Vec<(i64, usize)>,
    /// The others.
    names: Option<Names>,
}

/// Rows that are looked for by name.
#[derive(Debug)]
struct Names {
    /// Their places among the rows of all tables, by id and index.
    ranks: HashMap<(i64, i64), usize>,
    first_ns: i64,
    last_ns: i64,
}

impl FirstExec {
    /// Makes the node over names of all branches, of which so many are wanted, and which come in the first order; the rows come in the
    /// second, which is the same of their columns.
    pub(crate) fn new(
        (names, fetch): (Arc<dyn ExecutionPlan>, Option<usize>),
        [order, above]: [LexOrdering; 2],
        (branches, filters): (Branches, Vec<Expr>),
        projection: Vec<usize>,
        schema: SchemaRef,
        session: Arc<SessionState>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema.clone(), [above.clone()]),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            names,
            fetch,
            order,
            rows: Arc::new(Rows {
                branches,
                filters,
                order: above,
                projection,
                schema,
                session,
                scans: Mutex::default(),
            }),
            properties: Arc::new(properties),
        }
    }

    /// What the scans of the second step have read by now.
    pub(crate) fn counters(&self) -> Counters {
        let scans = self.rows.scans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counters = scans.ended;
        scans.running.iter().for_each(|scan| counters.add(scan.as_ref()));
        counters
    }
}

impl Rows {
    /// Begins to read the rows of some names, which are given in their order.
    async fn read(self: Arc<Self>, names: &[RecordBatch], context: &Arc<TaskContext>) -> Result<Reading> {
        let mut found = Found::new(names.iter().map(RecordBatch::num_rows).sum());
        let mut pieces = Vec::new();
        for (branch, Wanted { places, names }) in by_branch(names)? {
            if let Some(names) = names {
                self.look_for(branch, names, context, &mut found).await?;
            }
            if !places.is_empty() {
                pieces.extend(self.pieces(branch, places, context).await?);
            }
        }
        let threads = self.session.config().target_partitions();
        Ok(Reading::new(self, found, pieces, threads, context))
    }

    /// All rows in their order, not by their names.
    async fn sorted(&self, context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self
            .branches
            .sorted(&self.projection, &self.filters, &self.order, &self.session);
        let rows = optimized(rows.await?, &self.session)?;
        self.learn(rows.clone());
        execute_stream(rows, context.clone())
    }

    /// Looks for rows by their names.
    fn look_for<'a>(
        &'a self,
        branch: usize,
        names: Names,
        context: &'a Arc<TaskContext>,
        found: &'a mut Found,
    ) -> BoxFuture<'a, Result<()>> {
        let look_for = async move {
            let scan = self.branches.named(branch, &self.projection, names.predicate())?;
            let scan = self.session.create_physical_plan(&scan).await?;
            self.learn(scan.clone());
            let mut rows = execute_stream(scan, context.clone())?;
            let memory = MemoryConsumer::new("FirstExec").register(context.memory_pool());
            while let Some(batch) = rows.try_next().await? {
                let ranks = names.ranks(&batch)?;
                memory.try_grow(batch.get_array_memory_size())?;
                found.add(self.widened(&batch)?, ranks);
            }
            found.memory.push(memory);
            Ok(())
        };
        look_for.boxed()
    }

    /// The row groups in which rows lie.
    fn pieces<'a>(
        &'a self,
        branch: usize,
        mut places: Vec<(i64, usize)>,
        context: &'a Arc<TaskContext>,
    ) -> BoxFuture<'a, Result<Vec<Piece>>> {
        let pieces = async move {
            places.sort_unstable();
            let (places, ranks): (Vec<_>, Vec<_>) = places.into_iter().unzip();
            let scan = self.branches.placed(branch, &self.projection, &places, &self.session)?;
            self.learn(Arc::new(scan.scan.clone()));
            let (scan, mut ranks) = (Arc::new(scan), ranks.into_iter());
            let pieces = scan.scan.at(&places, context).await?.into_iter().map(|rows| Piece {
                scan: scan.clone(),
                ranks: ranks.by_ref().take(rows.rows).collect(),
                rows,
            });
            Ok(pieces.collect())
        };
        pieces.boxed()
    }

    fn learn(&self, scan: Arc<dyn ExecutionPlan>) {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.running.push(scan);
    }

    /// Lets go of scans that have ended.
    fn forget_scans(&self) {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        for scan in std::mem::take(&mut scans.running) {
            scans.ended.add(scan.as_ref());
        }
    }

    /// A batch with all columns that are wanted; those that its table lacks are null.
    fn widened(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut nulls: HashMap<&DataType, ArrayRef> = HashMap::new();
        let fields = self.schema.fields().iter();
        let columns = fields.map(|field| match batch.column_by_name(field.name()) {
            Some(column) => column.clone(),
            None => {
                let nulls = nulls.entry(field.data_type());
                let new = || new_null_array(field.data_type(), batch.num_rows());
                nulls.or_insert_with(new).clone()
            }
        });
        let columns: Vec<ArrayRef> = columns.collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

fn by_branch(batches: &[RecordBatch]) -> Result<BTreeMap<usize, Wanted>> {
    let (mut by_branch, mut rank): (BTreeMap<usize, Wanted>, _) = (BTreeMap::new(), 0);
    for batch in batches {
        let number = |place: usize| batch.column(place).as_primitive::<Int64Type>();
        let (branches, ids, indexes) = (number(0), number(1), number(2));
        let times = batch.column(3).as_primitive::<TimestampNanosecondType>();
        let places = number(4);
        for row in 0..batch.num_rows() {
            let branch = usize::try_from(branches.value(row));
            let branch = branch.map_err(|_| internal_datafusion_err!("branches are counted from zero"))?;
            let wanted = by_branch.entry(branch).or_default();
            if places.is_valid(row) {
                wanted.places.push((places.value(row), rank));
            } else {
                let time_ns = times.value(row);
                let names = wanted.names.get_or_insert(Names {
                    ranks: HashMap::new(),
                    first_ns: time_ns,
                    last_ns: time_ns,
                });
                names.ranks.insert((ids.value(row), indexes.value(row)), rank);
                names.first_ns = names.first_ns.min(time_ns);
                names.last_ns = names.last_ns.max(time_ns);
            }
            rank += 1;
        }
    }
    Ok(by_branch)
}

impl Names {
    /// True of these rows and of few others. Ids of two captures of one hour lie far apart, and so would all row groups
    /// between; times do not.
    fn predicate(&self) -> Option<Expr> {
        let mut ids: Vec<_> = self.ranks.keys().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let time = |ns| Expr::Literal(ScalarValue::TimestampNanosecond(Some(ns), Some("UTC".into())), None);
        let times = column(TIMESTAMP).between(time(self.first_ns), time(self.last_ns));
        one_of(ID, &ids).map(|is_one| times.and(is_one))
    }

    /// The place of each row of a batch among all; `None` if it is none of these.
    fn ranks(&self, batch: &RecordBatch) -> Result<Vec<Option<usize>>> {
        let number = |name: &str| {
            let column = batch.column_by_name(name);
            column.ok_or_else(|| internal_datafusion_err!("rows are read with their names"))
        };
        let (ids, indexes) = (number(NAMES[1])?, number(NAMES[2])?);
        let (ids, indexes) = (ids.as_primitive::<Int64Type>(), indexes.as_primitive::<Int64Type>());
        let ranks = ids.iter().zip(indexes).map(|row| match row {
            (Some(id), Some(index)) => self.ranks.get(&(id, index)).copied(),
            _ => None,
        });
        Ok(ranks.collect())
    }
}

impl DisplayAs for FirstExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FirstExec: {} columns of the rows named below",
            self.rows.projection.len()
        )
    }
}

impl ExecutionPlan for FirstExec {
    fn name(&self) -> &str {
        "FirstExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.names]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![Some(OrderingRequirements::from(self.order.clone()))]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let names = children.pop().unwrap_or_else(|| self.names.clone());
        Ok(Arc::new(Self {
            names,
            ..Arc::unwrap_or_clone(self)
        }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        use datafusion::physical_plan::execution_plan::ChildrenPropertiesMode;
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut chunks = Chunks::new(self, partition, context)?;
        if chunks.are_few() {
            let batches = stream::try_unfold(chunks, |mut chunks| async move {
                Ok(chunks.next().await?.map(|batch| (batch, chunks)))
            });
            return Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)));
        }
        // Rows are put in order while those before them are written.
        let mut batches = RecordBatchReceiverStream::builder(self.schema(), BATCHES_AHEAD);
        let given = batches.tx();
        batches.spawn(async move {
            while let Some(batch) = chunks.next().await? {
                if given.send(Ok(batch)).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        Ok(batches.build())
    }
}
