//! The rows of many names, some thousands at a time: no more of them are in memory than that, whatever they hold.
//!
//! It takes rows that lie about as they are ordered. Of others each chunk would read nearly all pages; these are sorted as they are.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{EmptyRecordBatchStream, ExecutionPlan, SendableRecordBatchStream};
use futures::stream::TryStreamExt;

use super::reading::Reading;
use super::{FirstExec, Rows};
use crate::late::{MOST_ROWS, are_few};
use crate::provider::Size;
use crate::store::PAGE_ROWS;

/// Rows of a chunk at most.
const MANY_ROWS: usize = 256 << 10;
/// Rows of the first chunk of many at least.
const FEW_ROWS: usize = 4 << 10;
/// How many times as long rows are in memory as in parts, about, as far as nobody knows better.
const UNPACKED: u64 = 8;
/// Bytes of a chunk, about: a half of what sorts leave of the memory ([`crate::memory`]).
const CHUNK_BYTES: usize = 128 << 20;
/// How many times as many rows as the chunk before a chunk may have; one that does not fit the memory is split by as much.
const STEP: usize = 4;
/// Chunks that may read whatever they like.
const FEW_CHUNKS: usize = 4;
/// How many times each page may be read, about, where all rows that were found are wanted.
const READS: usize = 4;

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
    /// What finds the names, until the first chunk is known.
    finds: Option<Arc<dyn ExecutionPlan>>,
    /// The rows, if they do not lie about as they are ordered.
    sorted: Option<SendableRecordBatchStream>,
}

impl Chunks {
    /// Begins to find names.
    pub(super) fn new(first: &FirstExec, partition: usize, context: Arc<TaskContext>) -> Result<Self> {
        let is_few = are_few(first.fetch);
        let most = || {
            let Size { rows, bytes, .. } = first.rows.branches.size();
            let fitting = rows.saturating_mul(CHUNK_BYTES as u64) / bytes.saturating_mul(UNPACKED).max(1);
            usize::try_from(fitting).unwrap_or(MANY_ROWS).clamp(FEW_ROWS, MANY_ROWS)
        };
        Ok(Self {
            rows: first.rows.clone(),
            names: first.names.execute(partition, context.clone())?,
            context,
            waiting: Vec::new(),
            wanted: first.fetch.unwrap_or(usize::MAX),
            most: if is_few { MOST_ROWS } else { most() },
            chunk: Vec::new(),
            reading: None,
            finds: (!is_few).then(|| first.names.clone()),
            sorted: None,
        })
    }

    /// True if all rows are one chunk, unless they do not fit the memory.
    pub(super) fn are_few(&self) -> bool {
        are_few(Some(self.wanted))
    }

    /// The rows that come next.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                if self.wanted == 0 {
                    return Ok(None);
                }
                let Some(rows) = sorted.try_next().await? else {
                    return Ok(None);
                };
                let rows = rows.slice(0, rows.num_rows().min(self.wanted));
                self.wanted -= rows.num_rows();
                return Ok(Some(rows));
            }
            let given = match &mut self.reading {
                Some(reading) => reading.next().await,
                None => {
                    self.chunk = self.take().await?;
                    if self.chunk.is_empty() {
                        return Ok(None);
                    }
                    if let Some(finds) = self.finds.take()
                        && self.are_scattered(finds.as_ref())
                    {
                        self.sort().await?;
                        continue;
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
                Err(error) => self.split(error)?,
            }
        }
    }

    /// The names of the next chunk.
    async fn take(&mut self) -> Result<Vec<RecordBatch>> {
        let mut known = count(&self.waiting);
        while known < self.most && self.wanted > 0 {
            let names = self.names.try_next().await?;
            let Some(names) = names else {
                self.wanted = 0;
                break;
            };
            let names = names.slice(0, names.num_rows().min(self.wanted));
            (self.wanted, known) = (self.wanted - names.num_rows(), known + names.num_rows());
            self.waiting.push(names);
        }
        let (chunk, waiting) = split(std::mem::take(&mut self.waiting), self.most);
        self.waiting = waiting;
        Ok(chunk)
    }

    /// True if many chunks are to be read, and each has rows on so many pages as the first has that this takes longer than to sort all
    /// rows of which these are some.
    fn are_scattered(&self, finds: &dyn ExecutionPlan) -> bool {
        let Size { parts, rows, .. } = self.rows.branches.size();
        let all = usize::try_from(rows).unwrap_or(usize::MAX);
        let here = count(&self.chunk);
        let found = rows_found(finds).unwrap_or(all).max(1);
        let wanted = found.min(self.wanted.saturating_add(here + count(&self.waiting)));
        let chunks = wanted / here;
        let pages = (parts as usize).saturating_add(all / PAGE_ROWS);
        let reads = READS.saturating_mul(found / wanted);
        chunks > FEW_CHUNKS && pages_of(&self.chunk).saturating_mul(chunks) > pages.saturating_mul(reads)
    }

    /// Begins to sort the rows as they are.
    pub(super) async fn sort(&mut self) -> Result<()> {
        self.wanted = self.wanted.saturating_add(count(&self.chunk) + count(&self.waiting));
        self.chunk.clear();
        self.waiting.clear();
        self.names = Box::pin(EmptyRecordBatchStream::new(self.names.schema()));
        self.sorted = Some(self.rows.sorted(&self.context).await?);
        Ok(())
    }

    /// All rows of a chunk were given: the next has as many as are likely to be as long as a chunk is to be.
    fn end(&mut self) {
        let (rows, bytes) = (count(&self.chunk), self.reading.as_ref().map_or(0, Reading::bytes));
        let fitting = rows.saturating_mul(CHUNK_BYTES) / bytes.max(1);
        self.most = fitting.clamp(1, rows.saturating_mul(STEP)).min(MANY_ROWS);
        self.reading = None;
        self.rows.forget_scans();
    }

    /// Rows that do not fit the memory together are read a few at a time.
    fn split(&mut self, error: DataFusionError) -> Result<()> {
        let given = self.reading.take().map_or(0, |reading| reading.given());
        self.rows.forget_scans();
        if count(&self.chunk) < 2 || !matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Err(error);
        }
        let (_, rest) = split(std::mem::take(&mut self.chunk), given);
        let rows = count(&rest);
        self.most = (rows / STEP).max(1);
        self.waiting.splice(0..0, rest);
        Ok(())
    }
}

fn count(names: &[RecordBatch]) -> usize {
    names.iter().map(RecordBatch::num_rows).sum()
}

/// How many rows a sort was given.
fn rows_found(plan: &dyn ExecutionPlan) -> Option<usize> {
    if plan.is::<SortExec>() || plan.is::<SortPreservingMergeExec>() {
        return plan
            .children()
            .into_iter()
            .map(|below| rows_found(below.as_ref()))
            .sum();
    }
    // What hands on the rows of one partition does not count them.
    let own = plan.metrics().and_then(|metrics| metrics.output_rows());
    match plan.children()[..] {
        [below] if own.is_none() => rows_found(below.as_ref()),
        _ => own,
    }
}

/// On how many pages the rows of some names lie.
fn pages_of(names: &[RecordBatch]) -> usize {
    let mut pages = Vec::new();
    for batch in names {
        let [branches, places] = [0, 4].map(|column| batch.column(column).as_primitive::<Int64Type>().iter());
        pages.extend(
            branches
                .zip(places)
                .filter_map(|(branch, place)| Some((branch?, place? / PAGE_ROWS as i64))),
        );
    }
    pages.sort_unstable();
    pages.dedup();
    pages.len()
}

/// The first so many rows of some batches, and the others.
fn split(batches: Vec<RecordBatch>, rows: usize) -> (Vec<RecordBatch>, Vec<RecordBatch>) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array};

    use super::*;

    /// Names of rows of the first branch, of which places alone are told.
    fn names(places: Vec<Option<i64>>) -> RecordBatch {
        let zeros: ArrayRef = Arc::new(Int64Array::from_value(0, places.len()));
        let places: ArrayRef = Arc::new(Int64Array::from(places));
        let columns = ["branch", "id", "index", "time"].map(|name| (name, zeros.clone()));
        RecordBatch::try_from_iter(columns.into_iter().chain([("place", places)])).unwrap()
    }

    #[test]
    fn pages_of_rows_are_counted_once() {
        let page = PAGE_ROWS as i64;
        let of_a_later_part = 7 << 32;
        let places = vec![Some(0), Some(page - 1), Some(page), None, Some(of_a_later_part)];
        let names = [names(places), names(vec![Some(of_a_later_part + 1), Some(3)])];
        assert_eq!(pages_of(&names), 3);
        assert_eq!(count(&names), 7);
    }

    #[test]
    fn batches_are_split_at_a_row() {
        let batches = || vec![names(vec![Some(1), Some(2), Some(3)]), names(vec![Some(4)])];
        for rows in 0..6 {
            let (first, others) = split(batches(), rows);
            assert_eq!((count(&first), count(&others)), (rows.min(4), 4 - rows.min(4)));
            assert!(first.iter().chain(&others).all(|batch| batch.num_rows() > 0));
            let places = |batch: &RecordBatch| batch.column(4).as_primitive::<Int64Type>().values().to_vec();
            let joined: Vec<_> = first.iter().chain(&others).flat_map(places).collect();
            assert_eq!(joined, [1, 2, 3, 4]);
        }
    }
}
