//! Captures on their way into the store, one after the other: each read and digested once, and stored whole or not at all.
//!
//! Small ones are committed together (`group.rs`), any other alone: its rows are encoded beside the ingest, on threads of their own
//! behind short queues, so that memory is bounded by a few batches and by what the part writers hold. An error on either
//! side ends the ingest; the transaction then removes what it wrote.

mod description;
mod digest;
mod encoder;
mod group;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ingest::{Progress, Report};
use schema::tables::captures;

use self::description::capture_row;
use self::digest::{Digesting, digest};
use self::encoder::{Encoder, Watched};
use self::group::{Group, TooMany};
use crate::store::{Capture, PacketCodec, Transaction};
use crate::{Compaction, Database, Error};

/// How to ingest.
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// Worker threads; 0 takes one per core, up to four.
    pub threads: usize,
    /// Whether packets are stored.
    pub packets: bool,
    /// How their bytes are compressed.
    pub codec: PacketCodec,
    /// Ingest a capture even if its digest is known.
    pub force: bool,
    /// What content cannot tell of protocols, and what becomes of payload that nobody knows.
    pub recognition: ingest::Recognition,
    /// Whether small parts of the tables are joined afterwards, where there are many.
    pub compact: bool,
    /// The bounds.
    pub limits: ingest::Limits,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            packets: true,
            codec: PacketCodec::default(),
            force: false,
            recognition: ingest::Recognition::default(),
            compact: true,
            limits: ingest::Limits::default(),
        }
    }
}

impl IngestOptions {
    /// What they say of reading one capture.
    fn of_ingest(&self, first_packet: u64) -> ingest::Options {
        ingest::Options {
            threads: self.threads,
            packets: self.packets,
            first_packet,
            recognition: self.recognition.clone(),
            limits: self.limits.clone(),
        }
    }
}

/// What an ingest did.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// The capture's name.
    pub name: String,
    /// True if the same capture was there already and nothing was stored.
    pub skipped: bool,
    /// What was found.
    pub report: Report,
    /// Rows stored per table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes read, as given.
    pub size_bytes: u64,
    /// Bytes stored by the commit. Of captures that were committed together the last one tells it, and the others say 0.
    pub stored_bytes: u64,
    /// What the joining of small parts did after the commit, or why it failed: the captures are stored all the same. Of captures
    /// that were committed together the last one tells it.
    pub compaction: Result<Compaction, Arc<Error>>,
}

/// Where progress goes: called with how far the reading is and, if known, the total of input bytes (as given) and how many
/// of them are read.
pub trait Watch: Send {
    /// Learns how far an ingest is.
    fn progress(&mut self, read_bytes: u64, total_bytes: Option<u64>, progress: Progress);
}

/// Watches nothing.
impl Watch for () {
    fn progress(&mut self, _: u64, _: Option<u64>, _: Progress) {}
}

/// Ingests captures one after the other, and commits small ones together: a commit takes longer than reading a small capture does.
///
/// A capture is stored, whole, once [`Ingestion::take`] gives what was found; what has not come to that is not stored if the
/// process ends or an `Ingestion` is dropped. From the first capture to the commit nobody else can write to the database, so
/// that whoever has no more captures for a while should [`Ingestion::commit`].
#[derive(Debug)]
pub struct Ingestion {
    database: Database,
    options: IngestOptions,
    /// What became of captures and nobody has taken.
    outcomes: Vec<Result<Ingested, Error>>,
    /// Those of them that will not change any more.
    certain: usize,
    group: Option<Group>,
}

impl Ingestion {
    pub(crate) fn new(database: Database, options: IngestOptions) -> Self {
        Self {
            database,
            options,
            outcomes: Vec::new(),
            certain: 0,
            group: None,
        }
    }

    /// Ingests a capture file. A capture that is there already is skipped unless [`IngestOptions::force`] is set. What is wrong
    /// with the file is one of the outcomes.
    ///
    /// # Errors
    ///
    /// What is wrong with the disk, or [`Error::Locked`]. Then the captures of which [`Ingestion::take`] still gives nothing are not
    /// stored; but if the manifest is replaced and its directory cannot be synced, they are there for now.
    pub fn path(&mut self, path: impl AsRef<Path>, watch: &mut dyn Watch) -> Result<(), Error> {
        // The next file may keep those before it waiting.
        if self.group.as_ref().is_some_and(Group::is_due) {
            self.commit()?;
        }
        let outcome = self.ingest_path(path.as_ref(), watch);
        self.end(outcome)
    }

    /// Ingests a capture from a reader, and commits it: nobody knows when a reader gives more. Whether the capture is there already
    /// shows at its end.
    ///
    /// # Errors
    ///
    /// As [`Ingestion::path`].
    pub fn reader(&mut self, name: &str, reader: impl Read + Send, watch: &mut dyn Watch) -> Result<(), Error> {
        let outcome = self.commit().and_then(|()| {
            let transaction = self.group()?.into_empty();
            self.ingest_alone(transaction, name.to_owned(), reader, None, watch)
        });
        self.end(outcome)
    }

    /// Stores the captures that wait.
    ///
    /// # Errors
    ///
    /// As [`Ingestion::path`].
    pub fn commit(&mut self) -> Result<(), Error> {
        let Some(group) = self.group.take().filter(|group| !group.is_empty()) else {
            return Ok(());
        };
        let committed = match group.commit() {
            Ok(committed) => committed,
            Err(error) => {
                self.outcomes.truncate(self.certain);
                return Err(error);
            }
        };
        let stored_bytes = committed.added.bytes;
        let compaction = self.database.committed(committed, &self.options);
        let mut ingested = self
            .outcomes
            .iter_mut()
            .rev()
            .filter_map(|outcome| outcome.as_mut().ok());
        if let Some(last) = ingested.find(|ingested| !ingested.skipped) {
            (last.stored_bytes, last.compaction) = (stored_bytes, compaction);
        }
        self.certain = self.outcomes.len();
        Ok(())
    }

    /// Gives what became of the captures, in their order, each once and as far as it is certain: what was found of those that
    /// are stored or skipped, and what is wrong with the others.
    pub fn take(&mut self) -> Vec<Result<Ingested, Error>> {
        self.outcomes.drain(..std::mem::take(&mut self.certain)).collect()
    }

    /// Ends a capture: what is wrong with it is an outcome, what is wrong with the world ends all that wait.
    fn end(&mut self, outcome: Result<Ingested, Error>) -> Result<(), Error> {
        match outcome {
            Err(error) if !error.is_input() => {
                self.group = None;
                self.outcomes.truncate(self.certain);
                return Err(error);
            }
            outcome => self.outcomes.push(outcome),
        }
        match &self.group {
            Some(group) if group.is_due() => self.commit(),
            Some(group) if !group.is_empty() => Ok(()),
            _ => {
                self.certain = self.outcomes.len();
                Ok(())
            }
        }
    }

    /// The group that the next capture joins.
    fn group(&mut self) -> Result<Group, Error> {
        if let Some(group) = self.group.take() {
            return Ok(group);
        }
        let mut transaction = Transaction::begin(self.database.store())?;
        // Row groups that are closed early are small, and dear to ask. Where no packets are stored their memory is free.
        let parts = if self.options.packets { 2 } else { 4 };
        let part_bytes = self.options.limits.part_bytes;
        transaction.bound_memory(part_bytes.saturating_mul(parts));
        transaction.compress_by(self.options.codec);
        Ok(Group::begin(transaction, part_bytes))
    }

    fn ingest_path(&mut self, path: &Path, watch: &mut dyn Watch) -> Result<Ingested, Error> {
        let cannot_open = |source| Error::CannotOpen {
            path: path.to_owned(),
            source,
        };
        let metadata = fs::metadata(path).map_err(cannot_open)?;
        if metadata.is_dir() {
            return Err(Error::IsDirectory { path: path.to_owned() });
        }
        // A pipe has no size, gives its bytes once, and keeps one waiting, perhaps already when it is opened.
        let size_bytes = metadata.is_file().then_some(metadata.len());
        let is_small = size_bytes.is_some_and(|size| size <= group::FILE_BYTES);
        if !is_small {
            self.commit()?;
        }
        let open = || File::open(path).map_err(cannot_open);
        let mut file = open()?;
        let name = path.display().to_string();
        let group = self.group()?;
        let group = self.group.insert(group);
        if let Some(size_bytes) = size_bytes.filter(|size| !self.options.force && group.manifest().has_size(*size)) {
            if group.manifest().has_digest(&digest(&mut file, &name)?) {
                return Ok(skipped(name, size_bytes));
            }
            file = open()?;
        }
        if is_small {
            if let Some(ingested) = self.ingest_small(&name, file, size_bytes, watch)? {
                return Ok(ingested);
            }
            self.commit()?;
            file = open()?;
        }
        let transaction = self.group()?.into_empty();
        self.ingest_alone(transaction, name, file, size_bytes, watch)
    }

    /// Ingests a capture into the group; gives nothing, and changes nothing, if it has too many rows to be held.
    fn ingest_small(
        &mut self,
        name: &str,
        file: File,
        total_bytes: Option<u64>,
        watch: &mut dyn Watch,
    ) -> Result<Option<Ingested>, Error> {
        let name = name.to_owned();
        let group = self.group.as_mut().expect("it was begun");
        let first_packet = group.manifest().next_packet;
        let read_bytes = Arc::new(AtomicU64::new(0));
        let mut input = Digesting::new(file, read_bytes.clone());
        let mut held = group.hold(Watched {
            watch,
            read_bytes,
            total_bytes,
        });
        let report = match ingest::ingest(&mut input, &self.options.of_ingest(first_packet), &mut held) {
            Ok(report) => report,
            Err(ingest::Error::Sink(TooMany)) => return Ok(None),
            Err(ingest::Error::Read { bytes, source }) => return Err(Error::CannotRead { name, bytes, source }),
            Err(ingest::Error::NotACapture { found }) => return Err(Error::NotACapture { name, found }),
        };
        let (digest, size_bytes) = input.finish(&name)?;
        if !self.options.force && group.manifest().has_digest(&digest) {
            return Ok(Some(skipped(name, size_bytes)));
        }
        held.end(capture_row(&name, &digest, size_bytes, first_packet, &report));
        let rows = held.counts();
        group.add(held, Capture { digest, size_bytes }, report.packets)?;
        Ok(Some(Ingested {
            name,
            skipped: false,
            report,
            rows,
            size_bytes,
            stored_bytes: 0,
            compaction: Ok(Compaction::default()),
        }))
    }

    /// Ingests a capture and commits it.
    fn ingest_alone(
        &self,
        transaction: Transaction,
        name: String,
        reader: impl Read + Send,
        total_bytes: Option<u64>,
        watch: &mut dyn Watch,
    ) -> Result<Ingested, Error> {
        let first_packet = transaction.manifest().next_packet;
        let read_bytes = Arc::new(AtomicU64::new(0));
        let mut input = Digesting::new(reader, read_bytes.clone());
        let mut encoder = Encoder::start(
            transaction,
            Watched {
                watch,
                read_bytes,
                total_bytes,
            },
        );
        let report = match ingest::ingest(&mut input, &self.options.of_ingest(first_packet), &mut encoder) {
            Ok(report) => report,
            Err(error) => return Err(encoder.abort(error, name)),
        };
        let (digest, size_bytes) = input.finish(&name)?;
        let mut transaction = encoder.finish()?;
        if !self.options.force && transaction.manifest().has_digest(&digest) {
            return Ok(skipped(name, size_bytes));
        }
        let row = capture_row(&name, &digest, size_bytes, first_packet, &report);
        transaction.write(&captures::TABLE, &row)?;
        transaction.add_capture(Capture { digest, size_bytes }, report.packets);
        let committed = transaction.commit()?;
        Ok(Ingested {
            name,
            skipped: false,
            report,
            rows: committed.added.rows.clone(),
            size_bytes,
            stored_bytes: committed.added.bytes,
            compaction: self.database.committed(committed, &self.options),
        })
    }
}

fn skipped(name: String, size_bytes: u64) -> Ingested {
    let (report, rows) = (Report::default(), BTreeMap::new());
    Ingested {
        name,
        skipped: true,
        report,
        rows,
        size_bytes,
        stored_bytes: 0,
        compaction: Ok(Compaction::default()),
    }
}

#[cfg(test)]
mod tests;
