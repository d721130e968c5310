//! What the tests of whole ingests share: a sink that keeps what it is given.

#[allow(dead_code, reason = "each test binary uses what it needs")]
pub mod frames;

use std::convert::Infallible;

use arrow_array::RecordBatch;
use ingest::{Options, Progress, Report, Sink};
use schema::Table;

/// Keeps batches, and the places where parts were sealed as `None`.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    pub batches: Vec<Option<(&'static str, RecordBatch)>>,
}

#[allow(dead_code, reason = "each test binary uses what it needs")]
impl Kept {
    /// Rows of a table.
    pub fn rows(&self, table: &str) -> usize {
        self.of(table).map(RecordBatch::num_rows).sum()
    }

    /// Batches of a table.
    pub fn of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a RecordBatch> {
        self.batches
            .iter()
            .flatten()
            .filter(move |(name, _)| *name == table)
            .map(|(_, batch)| batch)
    }
}

impl Sink for Kept {
    type Error = Infallible;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Infallible> {
        self.batches.push(Some((table.name, batch)));
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Infallible> {
        self.batches.push(None);
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}
}

/// Ingests bytes that are a capture.
#[allow(dead_code, reason = "each test binary uses what it needs")]
#[track_caller]
pub fn ingest(bytes: &[u8], options: &Options) -> (Kept, Report) {
    let mut kept = Kept::default();
    let report = ingest::ingest(bytes, options, &mut kept).expect("the bytes are a capture");
    (kept, report)
}
