//! The embedded database for network traffic.
//!
//! **Architecture invariant:** no terminal, no argv, no colour here.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_plan::SendableRecordBatchStream;

pub use ingest::{Anomalies, Progress};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The filter is wrong: all its mistakes.
    #[error("{}", .0.first().map_or("the filter is wrong", |d| d.message.as_str()))]
    Filter(Vec<kfl::Diagnostic>),
    /// The SQL is wrong.
    #[error("{0}")]
    Sql(String),
    // … input errors (NoDatabase, NotACapture, Read…) and world errors (Io with path, Newer version, Locked, Damaged …)
}

impl Error {
    /// True if the user's input is to blame (exit code 1), false if the world or we are (exit code 2).
    pub fn is_input(&self) -> bool {
        todo!()
    }
}

/// A database: one directory.
#[derive(Clone, Debug)]
pub struct Database {}

/// How to ingest.
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// Worker threads; 0 takes one per core.
    pub threads: usize,
    /// Whether packets are stored.
    pub packets: bool,
    /// Ingest a capture even if its digest is known.
    pub force: bool,
    /// The bounds.
    pub limits: ingest::Limits,
}

/// What an ingest did.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// The capture's name.
    pub name: String,
    /// True if the same capture was there already and nothing was stored.
    pub skipped: bool,
    /// What was found.
    pub report: ingest::Report,
    /// Rows stored per table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes read, as given.
    pub size_bytes: u64,
    /// Bytes stored.
    pub stored_bytes: u64,
}

/// Where progress goes: called with how far the reading is and, if known, the total of input bytes (as given) and how many of them are read.
pub trait Watch: Send {
    /// Learns how far an ingest is.
    fn progress(&mut self, read_bytes: u64, total_bytes: Option<u64>, progress: Progress);
}

/// How to answer.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// Rows at most.
    pub limit: Option<usize>,
}

/// An answer: a stream of record batches with one schema.
pub struct Rows {
    /// The columns. For KFL over several tables, the union of their columns; common ones first.
    pub schema: SchemaRef,
    /// The batches. Dropping it cancels the query.
    pub stream: SendableRecordBatchStream,
}

/// What a query would do.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The checked filter with its types.
    pub typed: String,
    /// Per table of the language: "never", "always" or the SQL-like text of its predicate.
    pub tables: Vec<(&'static str, String)>,
    /// DataFusion's physical plan as text.
    pub plan: String,
}

/// Format of a written capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// pcap with nanoseconds; falls back to pcapng where link types differ.
    Pcap,
    /// pcapng.
    Pcapng,
}

/// File format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Parquet.
    Parquet,
    /// CSV.
    Csv,
    /// NDJSON.
    Ndjson,
    /// Arrow IPC file.
    Arrow,
}

/// What an export writes.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Only rows that match this filter (tables of KFL only; for packets and captures, those of the matching rows' connections).
    pub filter: Option<String>,
    /// Columns by whose values directories are made (Hive style).
    pub partition_by: Vec<String>,
}

/// One stored packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Number in the database.
    pub number: i64,
    /// Capture time.
    pub timestamp_ns: i64,
    /// Link type.
    pub link_type: u16,
    /// Bytes on the wire.
    pub original_length: u32,
    /// Comment in the capture.
    pub comment: Option<String>,
    /// The bytes as captured.
    pub data: Vec<u8>,
}

/// What is in a database.
#[derive(Clone, Debug)]
pub struct Info {
    /// Its directory.
    pub path: PathBuf,
    /// Rows, parts and bytes per table, in table order.
    pub tables: Vec<TableInfo>,
}

/// One table's share of a database.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// Name of the table.
    pub name: &'static str,
    /// Its rows.
    pub rows: u64,
    /// Its parts.
    pub parts: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Database {
    /// Makes a database in a new or empty directory.
    pub fn create(_path: impl AsRef<Path>) -> Result<Self, Error> {
        todo!()
    }
    /// Opens an existing database.
    pub fn open(_path: impl AsRef<Path>) -> Result<Self, Error> {
        todo!()
    }
    /// Opens a database, or makes it if there is none.
    pub fn open_or_create(_path: impl AsRef<Path>) -> Result<Self, Error> {
        todo!()
    }
    /// Reads the manifest again, to see what other processes committed since.
    pub fn refresh(&self) -> Result<(), Error> {
        todo!()
    }
    /// Ingests a capture file.
    pub fn ingest_path(&self, _path: impl AsRef<Path>, _options: &IngestOptions, _watch: &mut dyn Watch) -> Result<Ingested, Error> {
        todo!()
    }
    /// Ingests a capture from a reader.
    pub fn ingest_reader(
        &self,
        _name: &str,
        _reader: impl Read + Send,
        _options: &IngestOptions,
        _watch: &mut dyn Watch,
    ) -> Result<Ingested, Error> {
        todo!()
    }
    /// Answers a KFL filter: rows of every table that can match, ordered by timestamp, id, index.
    pub async fn kfl(&self, _text: &str, _options: &QueryOptions) -> Result<Rows, Error> {
        todo!()
    }
    /// Answers SQL.
    pub async fn sql(&self, _text: &str, _options: &QueryOptions) -> Result<Rows, Error> {
        todo!()
    }
    /// Says what a filter would do.
    pub async fn explain(&self, _text: &str) -> Result<Explanation, Error> {
        todo!()
    }
    /// The packets of a connection in capture order.
    pub async fn packets_of(&self, _conn_id: i64) -> Result<Vec<Packet>, Error> {
        todo!()
    }
    /// Packets by number (for `hex PACKET`).
    pub async fn packet(&self, _number: i64) -> Result<Option<Packet>, Error> {
        todo!()
    }
    /// Writes the packets of every connection that matches, in time order; returns how many packets were written.
    pub async fn write_capture(&self, _filter: &str, _format: CaptureFormat, _out: &mut (dyn Write + Send)) -> Result<u64, Error> {
        todo!()
    }
    /// Exports a table (or "all") into a directory, one file a table (`TABLE.ndjson`); returns rows per table.
    pub async fn export(
        &self,
        _table: &str,
        _directory: &Path,
        _format: ExportFormat,
        _options: &ExportOptions,
    ) -> Result<BTreeMap<&'static str, u64>, Error> {
        todo!()
    }
    /// Says what is stored.
    pub fn info(&self) -> Info {
        todo!()
    }
    /// Reads every part and compares it with the manifest; returns the number of parts read.
    pub async fn verify(&self) -> Result<usize, Error> {
        todo!()
    }
    /// The most frequent values of a string column, for completion.
    pub async fn values(&self, _table: &str, _column: &str, _limit: usize) -> Result<Vec<String>, Error> {
        todo!()
    }
}
