//! The rows of the second step as they are read, and given as soon as those before them are known.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::interleave_record_batch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::task::JoinError;

use super::Rows;
use crate::branches::Placed;
use crate::scan::PlacedRows;

/// How many times as many rows as were given so far are given next.
const GROWTH: usize = 8;

/// How many pieces a thread may be ahead of those that are given: some take longer than others.
const AHEAD: usize = 2;

/// Rows that were read.
#[derive(Debug)]
pub(super) struct Found {
    batches: Vec<RecordBatch>,
    /// Where the wanted rows are, in the batches and in these, by their places among the rows of all tables.
    places: Vec<Option<(usize, usize)>>,
    pub(super) memory: Vec<MemoryReservation>,
}

/// Rows as they are read and given.
pub(super) struct Reading {
    rows: Arc<Rows>,
    found: Found,
    /// What is still being read, in the order in which its first rows are given.
    pieces: BoxStream<'static, Result<PieceRows>>,
    /// The first of the rows of each piece that is still being read.
    firsts: VecDeque<usize>,
    /// How many are given,
    given: usize,
    /// and how many more are given at once at least: few at first, so that who waits for them sees some soon.
    least: usize,
    most: usize,
}

impl Found {
    /// Room for so many rows.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            batches: Vec::new(),
            places: vec![None; rows],
            memory: Vec::new(),
        }
    }

    /// Adds rows with their places among the rows of all tables, where they have one.
    pub(super) fn add(&mut self, batch: RecordBatch, ranks: impl IntoIterator<Item = Option<usize>>) {
        let number = self.batches.len();
        for (row, rank) in ranks.into_iter().enumerate() {
            if let Some(place) = rank.and_then(|rank| self.places.get_mut(rank)) {
                *place = Some((number, row));
            }
        }
        self.batches.push(batch);
    }

    /// The rows at places, if there are any.
    fn chosen(&self, places: &[(usize, usize)]) -> Result<Option<RecordBatch>> {
        let Some((number, first)) = places.first().copied() else {
            return Ok(None);
        };
        let as_read = (first..).map(|row| (number, row));
        if places.iter().copied().eq(as_read.take(places.len())) {
            return Ok(Some(self.batches[number].slice(first, places.len())));
        }
        let batches: Vec<_> = self.batches.iter().collect();
        Ok(Some(interleave_record_batch(&batches, places)?))
    }
}

impl Reading {
    /// Begins to read pieces side by side.
    pub(super) fn new(
        rows: Arc<Rows>,
        found: Found,
        mut pieces: Vec<Piece>,
        threads: usize,
        context: &Arc<TaskContext>,
    ) -> Self {
        let most = context.session_config().batch_size();
        pieces.sort_by_cached_key(Piece::first);
        let (firsts, context) = (pieces.iter().map(Piece::first).collect(), context.clone());
        // Tasks end when what waits for them does.
        let read = move |piece: Piece| SpawnedTask::spawn(piece.rows(context.clone())).map(flat);
        Self {
            rows,
            found,
            pieces: stream::iter(pieces).map(read).buffered(threads * AHEAD).boxed(),
            firsts,
            given: 0,
            least: 1,
            most,
        }
    }

    /// How many rows were given or are known to be gone.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// The bytes of the rows that were read.
    pub(super) fn bytes(&self) -> usize {
        self.found.memory.iter().map(MemoryReservation::size).sum()
    }

    /// The rows that come next, of those whose like before them are read.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let all = self.found.places.len();
            let known = self.firsts.front().map_or(all, |first| all.min(*first));
            let rows = known.saturating_sub(self.given);
            if rows < self.least.min(self.most) && !self.firsts.is_empty() {
                self.take_piece().await?;
                continue;
            }
            if rows == 0 {
                return Ok(None);
            }
            let end = self.given + rows.min(self.most);
            // What was found by name a moment ago may be gone.
            let places: Vec<_> = self.found.places[self.given..end].iter().flatten().copied().collect();
            self.given = end;
            self.least = end.saturating_mul(GROWTH);
            if let Some(rows) = self.found.chosen(&places)? {
                return Ok(Some(rows));
            }
        }
    }

    async fn take_piece(&mut self) -> Result<()> {
        self.firsts.pop_front();
        let Some((ranks, batches, memory)) = self.pieces.try_next().await? else {
            return Ok(());
        };
        self.found.memory.push(memory);
        let mut ranks = ranks.into_iter();
        for batch in batches {
            let batch = self.rows.widened(&batch)?;
            let ranks = ranks.by_ref().take(batch.num_rows());
            self.found.add(batch, ranks.map(Some));
        }
        match ranks.next() {
            Some(_) => Err(internal_datafusion_err!("rows do not lie where they were found")),
            None => Ok(()),
        }
    }
}

/// Wanted rows of one row group.
pub(super) struct Piece {
    pub(super) scan: Arc<Placed>,
    pub(super) rows: PlacedRows,
    /// Their places among the rows of all tables.
    pub(super) ranks: Vec<usize>,
}

impl Piece {
    /// The first of its rows among those of all tables.
    fn first(&self) -> usize {
        self.ranks.iter().copied().min().unwrap_or(usize::MAX)
    }

    /// Reads the rows.
    async fn rows(self, context: Arc<TaskContext>) -> Result<PieceRows> {
        let memory = MemoryConsumer::new("FirstExec").register(context.memory_pool());
        let mut rows = self.rows.read().await?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.try_next().await? {
            memory.try_grow(batch.get_array_memory_size())?;
            batches.push(self.scan.values(&batch)?);
        }
        Ok((self.ranks, batches, memory))
    }
}

/// The places of a piece's rows among the rows of all tables, and the rows.
type PieceRows = (Vec<usize>, Vec<RecordBatch>, MemoryReservation);

/// What a task gives.
fn flat<T>(ended: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    ended.unwrap_or_else(|error| Err(DataFusionError::ExecutionJoin(Box::new(error))))
}
