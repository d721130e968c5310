//! What the tests of whole ingests share: a sink that keeps what it is given.

pub mod file;
#[allow(dead_code, reason = "each test binary uses what it needs")]
pub mod frames;

use std::collections::BTreeMap;
use std::convert::Infallible;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use ingest::talk::rows;
use ingest::{Options, Progress, Report, Sink};
use schema::{Level, Table};

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

/// Entries as text, table by table.
#[allow(dead_code, reason = "each test binary uses what it needs")]
pub fn entries(kept: &Kept) -> String {
    let tables = schema::tables::in_kfl().filter(|table| table.level == Level::Entry);
    tables
        .flat_map(|table| kept.of(table.name).map(move |batch| rows(table, batch)))
        .collect()
}

/// Connections as text, a line each: key, ends, state, then packets, bytes and payload of both halves, and which packets are
/// assigned to it.
#[allow(dead_code, reason = "each test binary uses what it needs")]
pub fn connections(kept: &Kept) -> String {
    let number = |batch: &RecordBatch, name: &str, row| {
        let column = batch.column_by_name(name).expect("a column of the table");
        column.as_primitive::<Int64Type>().value(row)
    };
    let mut assigned: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for batch in kept.of("packets") {
        for row in 0..batch.num_rows() {
            let packets = assigned.entry(number(batch, "conn_id", row)).or_default();
            packets.push(number(batch, "packet", row));
        }
    }
    let mut text = String::new();
    for batch in kept.of("conns") {
        for row in 0..batch.num_rows() {
            let word = |name| {
                let column = batch.column_by_name(name).expect("a column of the table");
                column.as_string::<i32>().value(row)
            };
            let number = |name: &str| number(batch, name, row);
            let half = |name: &str| {
                let count = |what: &str| number(&format!("conn_{name}_{what}"));
                format!("{}/{}/{}", count("pkts"), count("bytes"), count("payload_bytes"))
            };
            let packets = assigned.get(&number("conn_id")).cloned().unwrap_or_default();
            text += &format!(
                "{} of flow {}: {} {}:{} > {}:{} {} {} {} entries {} packets {packets:?}\n",
                number("conn_id"),
                number("flow_id"),
                word("transport"),
                word("src_ip"),
                number("src_port"),
                word("dst_ip"),
                number("dst_port"),
                word("conn_state"),
                half("local"),
                half("remote"),
                number("conn_entries"),
            );
        }
    }
    text
}
