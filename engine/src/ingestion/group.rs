//! Small captures that are committed together: what one capture costs is the syncing of a file per table, whatever is in them.
//!
//! The rows of a capture are held until it ends, then written into parts that it shares with those before it: it is stored whole or
//! not at all, whatever becomes of the others. Bounded by [`HELD_BYTES`], [`CAPTURES`] and [`TIME`].

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::FieldRef;
use ingest::{Progress, Sink};
use schema::Table;
use schema::tables::{captures, packets};

use super::encoder::Watched;
use crate::Error;
use crate::clustering::write_clustered;
use crate::store::{Capture, Committed, Manifest, Transaction};

/// Bytes of a file that may be one of a group: reading a larger one takes longer than its commit.
pub(super) const FILE_BYTES: u64 = 4 << 20;
/// Memory that the rows of one capture take while it is read, and packets of all until the commit.
const HELD_BYTES: usize = 16 << 20;
/// Captures of one commit.
const CAPTURES: usize = 256;
/// How long a capture waits for its commit while others are read.
const TIME: Duration = Duration::from_secs(2);

/// A commit in the making, and the captures that wait for it.
#[derive(Debug)]
pub(super) struct Group {
    transaction: Transaction,
    captures: usize,
    /// When the first of them ended.
    since: Option<Instant>,
    /// Sorted together by the commit.
    packets: Vec<RecordBatch>,
    packet_bytes: usize,
    most_bytes: usize,
}

impl Group {
    /// Begins a group. Packets may take as much memory as an ingest gives one part of them.
    pub(super) fn begin(transaction: Transaction, part_bytes: usize) -> Self {
        Self {
            transaction,
            captures: 0,
            since: None,
            packets: Vec::new(),
            packet_bytes: 0,
            most_bytes: HELD_BYTES.min(part_bytes),
        }
    }

    /// The manifest as the commit will leave it.
    pub(super) fn manifest(&self) -> &Manifest {
        self.transaction.manifest()
    }

    /// True if no capture waits for the commit.
    pub(super) fn is_empty(&self) -> bool {
        self.captures == 0
    }

    /// True if the captures should wait no longer.
    pub(super) fn is_due(&self) -> bool {
        self.captures >= CAPTURES
            || self.packet_bytes >= self.most_bytes
            || self.since.is_some_and(|since| since.elapsed() >= TIME)
    }

    /// Where the rows of the next capture are held.
    pub(super) fn hold<'a>(&self, watched: Watched<'a>) -> Held<'a> {
        Held {
            batches: Vec::new(),
            bytes: 0,
            most_bytes: self.most_bytes,
            watched,
        }
    }

    /// Takes a capture that ended; a failure is the world's, and the end of the group.
    pub(super) fn add(&mut self, held: Held<'_>, capture: Capture, packets: u64) -> Result<(), Error> {
        for (table, batch) in held.batches {
            if table.name == packets::TABLE.name {
                self.packet_bytes += batch.get_array_memory_size();
                self.packets.push(batch);
            } else {
                self.transaction.write(table, &batch)?;
            }
        }
        self.transaction.add_capture(capture, packets);
        self.captures += 1;
        self.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Stores all captures.
    pub(super) fn commit(mut self) -> Result<Committed, Error> {
        write_clustered(&mut self.transaction, &self.packets)?;
        self.transaction.commit()
    }

    /// The transaction of a group without captures.
    pub(super) fn into_empty(self) -> Transaction {
        debug_assert!(self.is_empty(), "captures that wait are committed first");
        self.transaction
    }
}

/// The rows of one capture, in the order in which they came.
pub(super) struct Held<'a> {
    batches: Vec<(&'static Table, RecordBatch)>,
    bytes: usize,
    most_bytes: usize,
    watched: Watched<'a>,
}

/// There are more rows than are held.
#[derive(Debug)]
pub(super) struct TooMany;

impl Held<'_> {
    /// Takes the row that says what was found of the capture.
    pub(super) fn end(&mut self, row: RecordBatch) {
        self.batches.push((&captures::TABLE, row));
    }

    /// Rows per table.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for (table, batch) in self.batches.iter().filter(|(_, batch)| batch.num_rows() > 0) {
            *counts.entry(table.name).or_default() += batch.num_rows() as u64;
        }
        counts
    }
}

impl Sink for Held<'_> {
    type Error = TooMany;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), TooMany> {
        let batch = match table.name == packets::TABLE.name {
            true => owned(table, &batch),
            false => batch,
        };
        // A column without a value shares its memory with all others.
        let columns = batch
            .columns()
            .iter()
            .filter(|column| column.null_count() < column.len());
        self.bytes += columns.map(|column| column.get_array_memory_size()).sum::<usize>();
        self.batches.push((table, batch));
        if self.bytes <= self.most_bytes {
            Ok(())
        } else {
            Err(TooMany)
        }
    }

    /// Packets of all captures of a group make one part.
    fn seal(&mut self) -> Result<(), TooMany> {
        Ok(())
    }

    fn progress(&mut self, progress: Progress) {
        self.watched.progress(progress);
    }
}

/// A batch with bytes of its own, as its table declares them: views keep the whole blocks in memory that were read.
fn owned(table: &'static Table, batch: &RecordBatch) -> RecordBatch {
    let schema = table.arrow();
    let column = |(column, field): (&ArrayRef, &FieldRef)| {
        cast(column, field.data_type()).expect("a column has its type or is a view of it")
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(column).collect();
    RecordBatch::try_new(schema, columns).expect("the columns are the table's")
}
