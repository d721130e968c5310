//! The embedded database for network traffic.
//!
//! Captures go in by [`Database::ingest_path`], questions in KFL or SQL come out as streams of record batches, packets as
//! they were captured. [`Database`] is the façade; everything else here is what its methods take and give.
//!
//! **Architecture invariant:** no terminal, no argv, no colour here.

mod branches;
mod capture;
mod captures;
mod clustering;
mod columns;
mod compaction;
mod counters;
pub mod csv;
mod damage;
mod database;
mod error;
mod export;
mod first;
mod footers;
mod grouped;
mod info;
mod ingestion;
mod json;
mod late;
mod leb128;
mod members;
mod memory;
pub mod ndjson;
mod packets;
#[cfg(feature = "parts")]
#[doc(hidden)]
pub mod parts;
mod provider;
mod query;
mod scan;
mod session;
mod store;
mod thrift;
mod values;
mod wide;

pub use ::ingest::{Anomalies, Limits, Ports, Progress, Recognition};
pub use captures::Notes;
pub use compaction::Compaction;
pub use counters::Counters;
pub use database::Database;
pub use error::Error;
pub use export::{ExportFormat, ExportOptions};
pub use info::{Info, TableInfo, Verification};
pub use ingestion::{IngestOptions, Ingested, Ingestion, Watch};
pub use json::duration_text;
pub use packets::Packet;
pub use query::{Explanation, Probe, QueryOptions, Rows};
pub use sql::LeftOut;
pub use sql::capture_file::CaptureFormat;
pub use store::PacketCodec;
