//! What writing costs: batches → the parts of a store, encoded, compressed, digested, synced.
//!
//! `cargo bench --workspace --bench parquet [-- NAME...]`: whoever selects `engine` alone builds DataFusion once more. The rows
//! are those of
//! HTTP/1.1 and DNS as `ingest/benches/road/traffic.rs` makes them. The parts are made where temporary files are: with `TMPDIR` in
//! memory no disk is measured. Of times on the wall the fastest is what to compare.
//!
//! Bytes are, of packets, those that were captured, and of other tables those of their columns in memory.

#[path = "../../ingest/benches/road/traffic.rs"]
#[expect(dead_code, reason = "the benches of ingest take the rest")]
mod traffic;

use std::convert::Infallible;
use std::time::Duration;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use engine::{PacketCodec, parts};
use ingest::{Options, Progress, Sink};
use schema::Table;
use schema::tables::{dns, http, packets as packets_table};

/// As in kfl.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let divan = divan::Divan::default().max_time(Duration::from_secs(5));
    divan.config_with_args().main();
}

/// A part of packets, clustered by connection.
#[divan::bench(args = [PacketCodec::Zstd, PacketCodec::Lz4, PacketCodec::Uncompressed])]
fn packets(bencher: Bencher, codec: PacketCodec) {
    let batches = rows(&packets_table::TABLE);
    let captured = |batch: &RecordBatch| -> i64 {
        let lengths = batch.column_by_name("captured_length").expect("a column of packets");
        lengths.as_primitive::<Int64Type>().iter().flatten().sum()
    };
    let bytes: i64 = batches.iter().map(captured).sum();
    measure(bencher, &packets_table::TABLE, &batches, bytes as u64, codec);
}

/// Calls.
#[divan::bench]
fn http_rows(bencher: Bencher) {
    entries(bencher, &http::TABLE);
}

/// Queries with their responses.
#[divan::bench]
fn dns_rows(bencher: Bencher) {
    entries(bencher, &dns::TABLE);
}

fn entries(bencher: Bencher, table: &'static Table) {
    let batches = rows(table);
    let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
    measure(bencher, table, &batches, bytes as u64, PacketCodec::default());
}

fn measure(bencher: Bencher, table: &'static Table, batches: &[RecordBatch], bytes: u64, codec: PacketCodec) {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    bencher
        .counter(ItemsCount::new(rows))
        .counter(BytesCount::new(bytes))
        .with_inputs(|| tempfile::tempdir().expect("there is room for temporary files"))
        .bench_local_refs(|directory| {
            parts::write(directory.path(), table, batches, codec).expect("there is room for a part")
        });
}

/// The batches of a table that an ingest makes; of packets, those of the first part.
fn rows(table: &'static Table) -> Vec<RecordBatch> {
    let mut keep = Keep {
        table,
        batches: Vec::new(),
        is_sealed: false,
    };
    ingest::ingest(&traffic::mixed(1_000)[..], &Options::default(), &mut keep).expect("memory can be read");
    assert!(!keep.batches.is_empty(), "there are rows of {}", table.name);
    keep.batches
}

/// Keeps the batches of one table.
struct Keep {
    table: &'static Table,
    batches: Vec<RecordBatch>,
    /// The first part of packets is whole.
    is_sealed: bool,
}

impl Sink for Keep {
    type Error = Infallible;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Infallible> {
        let is_late = self.is_sealed && table.name == packets_table::TABLE.name;
        if table.name == self.table.name && !is_late {
            self.batches.push(batch);
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Infallible> {
        self.is_sealed = true;
        Ok(())
    }

    fn progress(&mut self, _: Progress) {}
}
