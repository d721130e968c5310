//! The packet's road, from capture bytes to record batches, in one straight line.

use std::io::Read;

use arrow_array::RecordBatch;
use schema::Table;

use crate::{Anomalies, Limits};

/// How to ingest.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; 0 takes one per core. The rows do not depend on it.
    pub threads: usize,
    /// Whether packets are stored.
    pub packets: bool,
    /// Number of the capture's first packet.
    pub first_packet: u64,
    /// The bounds.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 0, packets: true, first_packet: 1, limits: Limits::default() }
    }
}

/// Where batches go. Called from one thread, in an order that depends on the capture alone.
pub trait Sink: Send {
    /// Why the sink cannot take more.
    type Error: Send;

    /// Takes rows of one table. Batches of `packets` are sorted by (flow_id, conn_id, packet) between two calls of
    /// [`Sink::seal`]; batches of other tables by (timestamp, id, index) within a batch.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from taking them; the ingest stops and returns it.
    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Self::Error>;

    /// The `packets` rows since the last call make one part.
    ///
    /// # Errors
    ///
    /// Whatever keeps the sink from closing the part.
    fn seal(&mut self) -> Result<(), Self::Error>;

    /// Learns how far the reading is; cheap, called a few times per second at most.
    fn progress(&mut self, progress: Progress);
}

/// How far an ingest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Capture bytes read, after decompression.
    pub bytes: u64,
    /// Packets read.
    pub packets: u64,
}

/// What an ingest found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// "pcap", "pcapng"; empty if the input held not even a header.
    pub format: &'static str,
    /// "gzip", "zstd", "lz4".
    pub compression: Option<&'static str>,
    /// Interfaces, one text each.
    pub interfaces: Vec<String>,
    /// Comments on sections.
    pub comments: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Bytes captured.
    pub captured_bytes: u64,
    /// Bytes on the wire.
    pub original_bytes: u64,
    /// Capture time of the earliest packet.
    pub first_time_ns: Option<i64>,
    /// Capture time of the latest packet.
    pub last_time_ns: Option<i64>,
    /// Findings.
    pub anomalies: Anomalies,
}

/// Why an ingest ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The input cannot be read.
    #[error("cannot read after {bytes} bytes: {source}")]
    Read {
        /// Bytes read before, as they came.
        bytes: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// The input is no capture.
    #[error("not a capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found {found}")]
    NotACapture {
        /// The first bytes in hex.
        found: String,
    },
    /// The sink refused.
    #[error("cannot store rows")]
    Sink(E),
}

/// Reads a capture and gives its rows to a sink. An empty input is a capture without packets.
///
/// # Errors
///
/// See [`Error`]. What is wrong with the traffic itself is no error: it is counted in [`Report::anomalies`].
pub fn ingest<S: Sink>(_input: impl Read + Send, _options: &Options, _sink: &mut S) -> Result<Report, Error<S::Error>> {
    todo!("being written")
}
