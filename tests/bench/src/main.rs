//! `kfl-bench`: makes a database of simulated traffic, and measures questions to it.
//!
//! ```text
//! kfl-bench make DIR [--http N] [--dns N]     simulates an hour of traffic and ingests it
//! kfl-bench many DIR [--captures N]           ingests many small captures, an hour of little traffic each
//! kfl-bench run DIR [--runs N]                questions from standard input, one a line; figures as JSON lines
//! kfl-bench compile                           compile times of filters
//! ```
//!
//! The simulated traffic is a capture: it goes the way of every packet, so that the database is what an ingest writes. The
//! same arguments give the same packets.
//!
//! Absent on purpose: any way into the database that users do not have.

mod ask;
mod compile;
mod traffic;

use std::path::Path;
use std::process::ExitCode;

use engine::{Database, IngestOptions};

use traffic::{Plan, Traffic};

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The share of the traffic whose packets are stored: one in so many.
const STORED: u64 = 20;
/// HTTP calls and DNS queries of each of many captures.
const CALLS_PER_CAPTURE: u64 = 20;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kfl-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words.split_first() {
        Some((&"make", [directory, options @ ..])) => make(
            Path::new(directory),
            number(options, "--http")?.unwrap_or(10_000_000),
            number(options, "--dns")?.unwrap_or(10_000_000),
        ),
        Some((&"many", [directory, options @ ..])) => {
            many(Path::new(directory), number(options, "--captures")?.unwrap_or(1000))
        }
        Some((&"run", [directory, options @ ..])) => {
            ask::answer(Path::new(directory), number(options, "--runs")?.unwrap_or(5) as usize)
        }
        Some((&"compile", [])) => {
            compile::measure();
            Ok(())
        }
        _ => {
            Err("expected make DIR [--http N] [--dns N], many DIR [--captures N], run DIR [--runs N] or compile".into())
        }
    }
}

/// The number after an option.
fn number(options: &[&str], name: &str) -> Result<Option<u64>> {
    let Some(position) = options.iter().position(|option| *option == name) else {
        return Ok(None);
    };
    let text = options
        .get(position + 1)
        .ok_or(format!("expected a number after {name}"))?;
    Ok(Some(text.parse().map_err(|_| {
        format!("expected a number after {name}, found {text}")
    })?))
}

/// Ingests two captures: a short one with its packets, then a long one without.
fn make(directory: &Path, http: u64, dns: u64) -> Result<()> {
    let database = Database::create(directory)?;
    for (name, seed, http, dns, packets) in [
        ("with packets", 1, http / STORED, dns / STORED, true),
        ("without packets", 2, http - http / STORED, dns - dns / STORED, false),
    ] {
        let traffic = Traffic::new(Plan {
            seed,
            begin_ns: 0,
            http,
            dns,
        });
        let options = IngestOptions {
            packets,
            ..IngestOptions::default()
        };
        let start = std::time::Instant::now();
        let ingested = database.ingest_reader(name, traffic, &options, &mut ())?;
        eprintln!(
            "{name}: {} packets, {} MB, {:.1} s",
            ingested.report.packets,
            ingested.size_bytes >> 20,
            start.elapsed().as_secs_f64()
        );
        for (table, rows) in &ingested.rows {
            eprintln!("  {table}: {rows}");
        }
        for (kind, finding) in ingested.report.anomalies.iter() {
            eprintln!("  anomaly {kind}: {}", finding.count);
        }
    }
    Ok(())
}

/// Ingests many small captures, each a commit of its own, one after the other in time.
fn many(directory: &Path, captures: u64) -> Result<()> {
    let database = Database::create(directory)?;
    for capture in 0..captures {
        let traffic = Traffic::new(Plan {
            seed: capture,
            begin_ns: capture * traffic::DURATION_NS,
            http: CALLS_PER_CAPTURE,
            dns: CALLS_PER_CAPTURE,
        });
        database.ingest_reader(
            &format!("capture {capture}"),
            traffic,
            // The parts shall stay as many as they are.
            &IngestOptions {
                compact: false,
                ..IngestOptions::default()
            },
            &mut (),
        )?;
    }
    Ok(())
}
