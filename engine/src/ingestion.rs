//! A capture on its way into the store: read and digested once, its rows encoded beside the ingest, one commit at the end.
//!
//! Encoding runs on threads of its own behind short queues, so that memory is bounded by a few batches and by what
//! the part writers hold. An error on either side ends the ingest; the transaction then removes what it wrote.

mod encoder;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::RecordBatch;
use ingest::{Progress, Report};
use schema::Build;
use schema::tables::captures;

use self::encoder::{Encoder, Watched};
use crate::store::{Capture, Committed, PacketCodec, Store, Transaction};
use crate::{Compaction, Error};

/// Bytes of one read while a capture is digested.
const READ_BYTES: usize = 1 << 20;

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
    /// Bytes stored.
    pub stored_bytes: u64,
    /// What the joining of small parts did then, or why it failed: the capture is stored all the same.
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

/// Ingests a capture file; gives the commit unless the capture was skipped.
pub(crate) fn ingest_path(
    store: &Store,
    path: &Path,
    options: &IngestOptions,
    watch: &mut dyn Watch,
) -> Result<(Ingested, Option<Committed>), Error> {
    let open = || {
        File::open(path).map_err(|source| Error::CannotOpen {
            path: path.to_owned(),
            source,
        })
    };
    let mut file = open()?;
    let metadata = file.metadata().map_err(|source| Error::CannotOpen {
        path: path.to_owned(),
        source,
    })?;
    if metadata.is_dir() {
        return Err(Error::IsDirectory { path: path.to_owned() });
    }
    let name = path.display().to_string();
    let transaction = Transaction::begin(store)?;
    // A pipe has no size and gives its bytes once.
    let size_bytes = metadata.is_file().then_some(metadata.len());
    if let Some(size_bytes) = size_bytes.filter(|size| !options.force && transaction.manifest().has_size(*size)) {
        if transaction.manifest().has_digest(&digest(&mut file, &name)?) {
            return Ok((skipped(name, size_bytes), None));
        }
        file = open()?;
    }
    ingest_into(transaction, name, file, size_bytes, options, watch)
}

/// Ingests a capture from a reader; gives the commit unless the capture was skipped.
pub(crate) fn ingest_reader(
    store: &Store,
    name: &str,
    reader: impl Read + Send,
    options: &IngestOptions,
    watch: &mut dyn Watch,
) -> Result<(Ingested, Option<Committed>), Error> {
    ingest_into(
        Transaction::begin(store)?,
        name.to_owned(),
        reader,
        None,
        options,
        watch,
    )
}

fn ingest_into(
    mut transaction: Transaction,
    name: String,
    reader: impl Read + Send,
    total_bytes: Option<u64>,
    options: &IngestOptions,
    watch: &mut dyn Watch,
) -> Result<(Ingested, Option<Committed>), Error> {
    // Row groups that are closed early are small, and dear to ask. Where no packets are stored their memory is free.
    let parts = if options.packets { 2 } else { 4 };
    transaction.bound_memory(options.limits.part_bytes.saturating_mul(parts));
    transaction.compress_by(options.codec);
    let first_packet = transaction.manifest().next_packet;
    let ingest_options = ingest::Options {
        threads: options.threads,
        packets: options.packets,
        first_packet,
        recognition: options.recognition.clone(),
        limits: options.limits.clone(),
    };
    let read_bytes = Arc::new(AtomicU64::new(0));
    let mut reader = Digesting {
        reader,
        hasher: blake3::Hasher::new(),
        bytes: read_bytes.clone(),
    };
    let mut encoder = Encoder::start(
        transaction,
        Watched {
            watch,
            read_bytes,
            total_bytes,
        },
    );
    let report = match ingest::ingest(&mut reader, &ingest_options, &mut encoder) {
        Ok(report) => report,
        Err(error) => return Err(encoder.abort(error, name)),
    };
    // The ingest stops at a broken record; the digest is the whole file's.
    let drained = io::copy(&mut reader, &mut io::sink());
    let (digest, size_bytes) = reader.finish();
    drained.map_err(|source| Error::CannotRead {
        name: name.clone(),
        bytes: size_bytes,
        source,
    })?;
    let mut transaction = encoder.finish()?;
    if !options.force && transaction.manifest().has_digest(&digest) {
        return Ok((skipped(name, size_bytes), None));
    }
    let row = capture_row(&name, &digest, size_bytes, first_packet, &report);
    transaction.write(&captures::TABLE, &row)?;
    let committed = transaction.commit(Some((Capture { digest, size_bytes }, report.packets)))?;
    let ingested = Ingested {
        name,
        skipped: false,
        report,
        rows: committed.added.rows.clone(),
        size_bytes,
        stored_bytes: committed.added.bytes,
        compaction: Ok(Compaction::default()),
    };
    Ok((ingested, Some(committed)))
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

/// Digest of a whole file, read to its end.
fn digest(file: &mut File, name: &str) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
            Ok(read) => {
                bytes += read as u64;
                hasher.update(&buffer[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(Error::CannotRead {
                    name: name.to_owned(),
                    bytes,
                    source,
                });
            }
        }
    }
}

fn capture_row(name: &str, digest: &str, size_bytes: u64, first_packet: u64, report: &Report) -> RecordBatch {
    let interfaces: Vec<_> = report.interfaces.iter().map(String::as_str).collect();
    let comments: Vec<_> = report.comments.iter().map(String::as_str).collect();
    let counts: Vec<_> = report
        .anomalies
        .iter()
        .map(|(kind, finding)| (kind, finding.count.to_string()))
        .collect();
    let anomalies: Vec<_> = counts
        .iter()
        .map(|(kind, count)| (kind.as_str(), count.as_str()))
        .collect();
    let int = |number: u64| Some(i64::try_from(number).unwrap_or(i64::MAX));
    let mut builder = captures::CaptureBuilder::default();
    builder.append(captures::Capture {
        own: captures::CaptureOwn {
            capture_id: int(first_packet),
            name: Some(name),
            digest: Some(digest),
            size_bytes: int(size_bytes),
            format: Some(report.format).filter(|format| !format.is_empty()),
            compression: report.compression,
            interfaces: &interfaces,
            comments: &comments,
            secrets: Some(&*report.secrets).filter(|secrets| !secrets.is_empty()),
            packets: int(report.packets),
            dropped: report.dropped.and_then(int),
            captured_bytes: int(report.captured_bytes),
            original_bytes: int(report.original_bytes),
            first_time: report.first_time_ns,
            last_time: report.last_time_ns,
            ingested_time: chrono::Utc::now().timestamp_nanos_opt(),
            anomalies: &anomalies,
        },
    });
    builder.finish()
}

/// Counts and digests what is read.
struct Digesting<R> {
    reader: R,
    hasher: blake3::Hasher,
    bytes: Arc<AtomicU64>,
}

impl<R> Digesting<R> {
    fn finish(self) -> (String, u64) {
        (
            self.hasher.finalize().to_hex().to_string(),
            self.bytes.load(Ordering::Relaxed),
        )
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
