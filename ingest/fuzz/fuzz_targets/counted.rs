//! What the targets share: an ingest with small bounds, whose rows are counted.

use std::convert::Infallible;

use arrow_array::RecordBatch;
use ingest::{Error, Limits, Options, Progress, Sink};
use schema::Table;

#[derive(Default)]
struct Counted {
    packets: u64,
    rows: u64,
}

impl Sink for Counted {
    type Error = Infallible;

    fn rows(&mut self, table: &'static Table, batch: RecordBatch) -> Result<(), Infallible> {
        let rows = batch.num_rows() as u64;
        self.rows += rows;
        if table.name == "packets" {
            self.packets += rows;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn progress(&mut self, _progress: Progress) {}
}

/// Ingests any bytes: rows for all packets, or they are no capture.
pub fn ingest(bytes: &[u8], limits: Limits) {
    let options = Options {
        threads: 1,
        limits,
        ..Options::default()
    };
    let mut counted = Counted::default();
    match ingest::ingest(bytes, &options, &mut counted) {
        Ok(report) => {
            assert_eq!(counted.packets, report.packets);
            for (kind, finding) in report.anomalies.iter() {
                assert!(!kind.is_empty() && finding.count > 0);
                finding.first.to_string();
            }
        }
        Err(Error::NotACapture { .. }) => {}
        Err(error) => panic!("memory can be read: {error}"),
    }
}
