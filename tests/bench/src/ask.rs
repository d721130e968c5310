//! Questions to a database from standard input, one a line; what each took, as JSON lines.
//!
//! ```text
//! SELECT …              SQL
//! \kfl N FILTER | …     the first N rows of a KFL query
//! \packets CONN_ID      the packets of a connection
//! ```
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

/// A question.
enum Question {
    Sql(String),
    Kfl(usize, String),
    Packets(i64),
}

/// What there is of an answer.
struct Answer {
    rows: usize,
    /// What another engine's answer is compared by: the sum of the first column of integers; of packets, of their numbers.
    digest: Option<i64>,
}

impl Question {
    fn parse(line: &str) -> std::result::Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("expected a number, found {text}"));
        let Some((command, rest)) = line.strip_prefix('\\').and_then(|command| command.split_once(' ')) else {
            return Ok(Self::Sql(line.to_owned()));
        };
        match (command, rest.split_once(' ')) {
            ("kfl", Some((limit, text))) => Ok(Self::Kfl(number(limit)? as usize, text.to_owned())),
            ("packets", None) => Ok(Self::Packets(number(rest)?)),
            _ => Err("expected SQL, \\kfl N FILTER or \\packets CONN_ID".to_owned()),
        }
    }
}

async fn ask(database: Database, line: String, runs: usize) -> std::result::Result<serde_json::Value, String> {
    let question = Question::parse(&line)?;
    let answer = once(&database, &question).await?;
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
        "rows": answer.rows,
        "digest": answer.digest,
    }))
}

async fn once(database: &Database, question: &Question) -> std::result::Result<Answer, String> {
    let rows = match question {
        Question::Sql(text) => database.sql(text, &QueryOptions::default()).await,
        Question::Kfl(limit, text) => database.kfl(text, &QueryOptions { limit: Some(*limit) }).await,
        Question::Packets(conn_id) => {
            let packets = database.packets_of(*conn_id).await.map_err(|error| error.to_string())?;
            return Ok(Answer {
                rows: packets.len(),
                digest: Some(packets.iter().map(|packet| packet.number).sum()),
            });
        }
    };
    let stream = rows.map_err(|error| error.to_string())?.stream;
    let batches: Vec<_> = stream.try_collect().await.map_err(|error| error.to_string())?;
    Ok(Answer {
        rows: batches.iter().map(RecordBatch::num_rows).sum(),
        digest: digest(&batches),
    })
}

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
