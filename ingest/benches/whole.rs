//! What an ingest costs without a store: CPU time of all its threads, packets and bytes per second of it. Batches are made and forgotten.
//!
//! `cargo bench -p ingest --bench whole [-- FILE...]`, for these captures, or else for HTTP/1.1 and DNS as `road/traffic.rs` makes
//! them; with packets to be stored and without. The system counts CPU time in hundredths of a second, so that small captures are ingested
//! again and again. Time on the wall is shown too: two threads do the work that can be shared out.
//!
//! Absent on purpose: encoding and writing, which the bench `parquet` of `engine` tells, and what happens beside other programs.

#[path = "road/traffic.rs"]
#[expect(dead_code, reason = "the bench road takes the rest")]
mod traffic;

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use ingest::{Options, Progress, Sink};
use schema::Table;

/// As in kfl.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// CPU time that a figure is measured over.
const LEAST_TIME: Duration = Duration::from_secs(2);

fn main() {
    // What begins with a dash is cargo's.
    let files: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!(
        "{:<28} {:>8} {:>10} {:>9} {:>8} {:>8} {:>12} {:>8}",
        "capture", "packets", "number", "rows", "wall s", "CPU s", "packets/s", "MB/s"
    );
    let mixed = traffic::mixed(1_000);
    for packets in [false, true] {
        if files.is_empty() {
            measure("HTTP/1.1 and DNS", packets, || Box::new(&mixed[..]));
        }
        for file in &files {
            measure(file, packets, || {
                Box::new(File::open(file).unwrap_or_else(|error| panic!("{file}: {error}")))
            });
        }
    }
}

/// Ingests a capture as often as it takes, and prints what one ingest costs.
fn measure<'a>(name: &str, packets: bool, open: impl Fn() -> Box<dyn Read + Send + 'a>) {
    let options = Options {
        threads: 2,
        packets,
        ..Options::default()
    };
    let mut rounds = 0;
    let (start, cpu_start) = (Instant::now(), cpu_time());
    let (wall, cpu, rows, report) = loop {
        let mut rows = Rows(0);
        let report = ingest::ingest(open(), &options, &mut rows).expect("the file is a capture");
        rounds += 1;
        let (wall, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu_start));
        if cpu.max(wall / 8) >= LEAST_TIME {
            break (wall / rounds, cpu / rounds, rows.0, report);
        }
    };
    let per_second = |count: u64| count as f64 / cpu.as_secs_f64();
    println!(
        "{name:<28} {:>8} {:>10} {rows:>9} {:>8.3} {:>8.3} {:>12.0} {:>8.0}",
        if packets { "stored" } else { "left out" },
        report.packets,
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        per_second(report.packets),
        per_second(report.captured_bytes) / 1e6
    );
}

/// Counts rows and forgets them.
struct Rows(usize);

impl Sink for Rows {
    type Error = Infallible;

    fn rows(&mut self, _: &'static Table, batch: RecordBatch) -> Result<(), Infallible> {
        self.0 += batch.num_rows();
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn progress(&mut self, _: Progress) {}
}

/// CPU time of this process, with threads that have ended; nothing where the system does not tell.
fn cpu_time() -> Duration {
    /// What the system counts in (proc(5), `sysconf(_SC_CLK_TCK)`).
    const TICK: Duration = Duration::from_millis(10);
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name may hold anything but ends with the last parenthesis; its times are eleven fields on.
    let fields = told.rsplit_once(')').map_or("", |(_, fields)| fields);
    let times = fields.split_whitespace().skip(11).take(2);
    times
        .filter_map(|ticks| ticks.parse().ok())
        .map(|ticks: u32| TICK * ticks)
        .sum()
}
