//! Questions to a database: SQL from standard input, one question a line; what each took, as JSON lines.
//!
//! The database is opened once, each question asked once to warm up and then as often as told. CPU time and peak memory are the
//! process's own, as Linux tells them; elsewhere they are left out.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::sum;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use engine::{Database, QueryOptions};
use futures::TryStreamExt;
use serde_json::json;

use crate::Result;

/// The least time that the counted runs of a question take together, for the clock of CPU time has ticks of 10 ms.
const LEAST: Duration = Duration::from_millis(600);
/// Runs of a question, however short it is.
const MOST_RUNS: usize = 200;
/// Clock ticks a second: Linux gives CPU time to programs in hundredths, whatever its own tick is.
const TICKS: f64 = 100.0;

/// Answers the questions of standard input.
pub(crate) fn answer(directory: &Path, runs: usize) -> Result<()> {
    let database = Database::open(directory)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let figures = runtime.block_on(async { tokio::spawn(ask(database.clone(), line, runs)).await })?;
        match figures {
            Ok(figures) => println!("{figures}"),
            Err(error) => println!("{}", json!({ "error": error })),
        }
    }
    Ok(())
}

async fn ask(database: Database, question: String, runs: usize) -> std::result::Result<serde_json::Value, String> {
    let batches = once(&database, &question).await?;
    // Writing 5 makes the kernel forget the peak so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let mut walls = Vec::new();
    while walls.len() < runs || (start.elapsed() < LEAST && walls.len() < MOST_RUNS) {
        let start = Instant::now();
        once(&database, &question).await?;
        walls.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let cpu = cpu
        .zip(cpu_seconds())
        .map(|(before, after)| (after - before) * 1000.0 / walls.len() as f64);
    walls.sort_by(f64::total_cmp);
    Ok(json!({
        "wall_ms": walls[walls.len() / 2],
        "cpu_ms": cpu,
        "peak_mb": peak_mb(),
        "rows": batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        "digest": digest(&batches),
    }))
}

async fn once(database: &Database, question: &str) -> std::result::Result<Vec<RecordBatch>, String> {
    let rows = database
        .sql(question, &QueryOptions::default())
        .await
        .map_err(|error| error.to_string())?;
    rows.stream.try_collect().await.map_err(|error| error.to_string())
}

/// What another engine's answer is compared by: the sum of the first column of integers.
fn digest(batches: &[RecordBatch]) -> Option<i64> {
    batches.iter().fold(None, |total: Option<i64>, batch| {
        let column = batch
            .columns()
            .iter()
            .find(|column| column.data_type() == &DataType::Int64)?;
        let sum = sum(column.as_primitive::<Int64Type>()).unwrap_or(0);
        Some(total.unwrap_or(0).wrapping_add(sum))
    })
}

/// CPU time of all threads so far, of this process.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it is in parentheses and may hold blanks.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

fn peak_mb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}
