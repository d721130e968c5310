//! The rows of many names, some thousands at a time: no more of them are in memory than that, whatever they hold.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::stream::TryStreamExt;

use super::reading::Reading;
use super::{FirstExec, Rows};
use crate::late::MOST_ROWS;
use crate::provider::Size;

/// Rows of a chunk at most.
const MANY_ROWS: usize = 256 << 10;
/// Rows of the first chunk of many at least.
const FEW_ROWS: usize = 4 << 10;
/// How many times as long rows are in memory as in parts, about, as far as nobody knows better.
const UNPACKED: u64 = 8;
/// Bytes of a chunk, about.
const CHUNK_BYTES: usize = 128 << 20;
/// How many times as many rows as the chunk before a chunk may have; one that does not fit the memory is parted by as much.
const STEP: usize = 4;
/// What names that are sorted leave of the memory to the rows.
const ROWS_BYTES: usize = 2 * CHUNK_BYTES;

/// Rows as they are read and given, chunk by chunk.
pub(super) struct Chunks {
    rows: Arc<Rows>,
    names: SendableRecordBatchStream,
    context: Arc<TaskContext>,
    /// Names that are known, and not of rows that are being read.
    waiting: Vec<RecordBatch>,
    /// How many more names are wanted.
    wanted: usize,
    /// How many rows the next chunk has.
    most: usize,
    /// The names of the rows that are being read.
    chunk: Vec<RecordBatch>,
    reading: Option<Reading>,
    /// Memory that is held until the names are sorted.
    held: Option<MemoryReservation>,
}

impl Chunks {
    /// Begins to find names.
    pub(super) fn new(first: &FirstExec, partition: usize, context: Arc<TaskContext>) -> Result<Self> {
        let few = first.fetch.filter(|fetch| *fetch <= MOST_ROWS);
        let held = match few {
            Some(_) => None,
            None => {
                let held = MemoryConsumer::new("FirstExec").register(context.memory_pool());
                // If others have it by now, names make do with what is left.
                held.try_grow(ROWS_BYTES).is_ok().then_some(held)
            }
        };
        let Size { rows, bytes, .. } = first.rows.branches.size();
        let fitting = rows.saturating_mul(CHUNK_BYTES as u64) / bytes.saturating_mul(UNPACKED).max(1);
        let many = usize::try_from(fitting).unwrap_or(MANY_ROWS).clamp(FEW_ROWS, MANY_ROWS);
        Ok(Self {
            rows: first.rows.clone(),
            names: first.names.execute(partition, context.clone())?,
            context,
            waiting: Vec::new(),
            wanted: first.fetch.unwrap_or(usize::MAX),
            most: few.map_or(many, |_| MOST_ROWS),
            chunk: Vec::new(),
            reading: None,
            held,
        })
    }

    /// True if all rows are one chunk, unless they do not fit the memory.
    pub(super) fn are_few(&self) -> bool {
        self.wanted <= MOST_ROWS
    }

    /// The rows that come next.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let given = match &mut self.reading {
                Some(reading) => reading.next().await,
                None => {
                    self.chunk = self.take().await?;
                    if self.chunk.is_empty() {
                        return Ok(None);
                    }
                    let begun = self.rows.clone().read(&self.chunk, &self.context).await;
                    match begun {
                        Ok(reading) => {
                            self.reading = Some(reading);
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            match given {
                Ok(Some(rows)) => return Ok(Some(rows)),
                Ok(None) => self.end(),
                Err(error) => self.part(error)?,
            }
        }
    }

    /// The names of the next chunk.
    async fn take(&mut self) -> Result<Vec<RecordBatch>> {
        let mut known: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
        while known < self.most && self.wanted > 0 {
            let names = self.names.try_next().await?;
            self.held = None;
            let Some(names) = names else {
                self.wanted = 0;
                break;
            };
            let names = names.slice(0, names.num_rows().min(self.wanted));
            (self.wanted, known) = (self.wanted - names.num_rows(), known + names.num_rows());
            self.waiting.push(names);
        }
        let (chunk, waiting) = parted(std::mem::take(&mut self.waiting), self.most);
        self.waiting = waiting;
        Ok(chunk)
    }

    /// All rows of a chunk were given: the next has as many as are likely to be as long as a chunk is to be.
    fn end(&mut self) {
        let rows = |names: &[RecordBatch]| names.iter().map(RecordBatch::num_rows).sum::<usize>();
        let (rows, bytes) = (rows(&self.chunk), self.reading.as_ref().map_or(0, Reading::bytes));
        let fitting = rows.saturating_mul(CHUNK_BYTES) / bytes.max(1);
        self.most = fitting.clamp(1, rows.saturating_mul(STEP)).min(MANY_ROWS);
        self.reading = None;
    }

    /// Rows that do not fit the memory together are read a part at a time.
    fn part(&mut self, error: DataFusionError) -> Result<()> {
        let given = self.reading.take().map_or(0, |reading| reading.given());
        let (_, rest) = parted(std::mem::take(&mut self.chunk), given);
        let rows: usize = rest.iter().map(RecordBatch::num_rows).sum();
        if rows < 2 || !matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Err(error);
        }
        self.most = (rows / STEP).max(1);
        self.waiting.splice(0..0, rest);
        Ok(())
    }
}

/// The first so many rows of some batches, and the others.
fn parted(batches: Vec<RecordBatch>, rows: usize) -> (Vec<RecordBatch>, Vec<RecordBatch>) {
    let (mut first, mut others, mut left) = (Vec::new(), Vec::new(), rows);
    for batch in batches {
        let here = left.min(batch.num_rows());
        left -= here;
        let (of_first, of_others) = (batch.slice(0, here), batch.slice(here, batch.num_rows() - here));
        first.extend(Some(of_first).filter(|batch| batch.num_rows() > 0));
        others.extend(Some(of_others).filter(|batch| batch.num_rows() > 0));
    }
    (first, others)
}
