//! `query`, `sql`, and `kfl CAPTURE 'KFL'`: an answer in a format.

use std::time::Instant;

use datafusion::arrow::array::RecordBatch;
use engine::{Database, QueryOptions, Rows};
use futures::StreamExt;

use super::{Opened, check};
use crate::cli::AnswerArguments;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::render::answer::Answer;
use crate::render::units;
use crate::source::Source;
use crate::terminal::{Paint, Terminal};

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// A filter.
    Kfl(String),
    /// A statement.
    Sql(String),
}

impl Question {
    /// What to tell of a filter that no table can match.
    pub(crate) fn unmatched(&self) -> Option<&'static str> {
        match self {
            Question::Kfl(text) => check::unmatched(text),
            Question::Sql(_) => None,
        }
    }

    /// Says how many rows the filter leaves out because it fails on them, how many values stages fail to compute, and why;
    /// nothing if there are none.
    pub(crate) async fn left_out(&self, database: &Database) -> Option<String> {
        let Question::Kfl(text) = self else { return None };
        // The rows are told already; what cannot be counted is no reason to fail.
        let left_out = match database.left_out(text).await {
            Ok(left_out) => left_out,
            Err(error) => return Some(format!("the rows that the filter fails on are not counted: {error}")),
        };
        let rows =
            reasons(&left_out.rows, "row").map(|(rows, why)| format!("{rows} left out, the filter fails there: {why}"));
        let values =
            reasons(&left_out.values, "value").map(|(values, why)| format!("{values} missing in stages: {why}"));
        let told: Vec<_> = rows.into_iter().chain(values).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Asks the database.
    pub(crate) async fn ask(&self, database: &Database, options: &QueryOptions) -> Result<Rows, Failure> {
        match self {
            Question::Kfl(text) => database
                .kfl(text, options)
                .await
                .map_err(|error| Failure::of_query(text, error)),
            Question::Sql(text) => database
                .sql(text, options)
                .await
                .map_err(|error| Failure::of_query(text, error)),
        }
    }
}

/// How many there are of something, and the faults that are why.
fn reasons(faults: &[(kfl::Fault, u64)], noun: &str) -> Option<(String, String)> {
    let why = match faults {
        [] => return None,
        [(fault, _)] => fault.to_string(),
        faults => {
            let each: Vec<_> = faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
            each.join(", ")
        }
    };
    let total = faults.iter().map(|(_, count)| count).sum();
    Some((units::counted(total, noun), why))
}

/// Takes the next batch out of an answer.
async fn pull(rows: &mut Rows) -> Result<Option<RecordBatch>, Failure> {
    match rows.stream.next().await {
        None => Ok(None),
        Some(Ok(batch)) => Ok(Some(batch)),
        Some(Err(error)) => Err(engine::Error::of_query(error).into()),
    }
}

/// Asks and holds the whole answer.
pub(crate) async fn collect(
    database: &Database,
    question: &Question,
    options: &QueryOptions,
) -> Result<Answer, Failure> {
    let mut rows = question.ask(database, options).await?;
    let mut answer = Answer::new(rows.schema.clone());
    while let Some(batch) = pull(&mut rows).await? {
        answer.push(batch);
    }
    Ok(answer)
}

/// Answers and writes the answer.
pub(super) fn run(
    source: &Source,
    question: Question,
    arguments: &AnswerArguments,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let AnswerArguments { format, output, limit } = arguments;
    if format.is_binary && output.is_none() && terminal.stdout.is_terminal {
        return Err(
            Failure::input(format!("{} is binary, and standard output is a terminal", format.name))
                .hint("name a file with -o, or choose another format with -f"),
        );
    }
    let started = Instant::now();
    let opened = Opened::of(source, terminal)?;
    // One row more than is shown tells whether there are more.
    let cap = format.rows.filter(|_| limit.is_none());
    let options = QueryOptions {
        limit: limit.or(cap.map(|rows| rows + 1)),
    };
    let output = Output::open(output.as_deref())?;
    let closed = output.closed();
    let unmatched = question.unmatched();
    let (database, format, screen) = (opened.database.clone(), *format, *terminal);
    let write = opened.runtime.wait(async move {
        let mut rows = question.ask(&database, &options).await?;
        let mut encoder = format.open(output, &rows.schema, &screen)?;
        let (mut written, mut found) = (0, 0);
        while let Some(batch) = pull(&mut rows).await? {
            found += batch.num_rows();
            let room = cap.map_or(usize::MAX, |rows| rows - written);
            let batch = batch.slice(0, batch.num_rows().min(room));
            written += batch.num_rows();
            if batch.num_rows() > 0 {
                encoder.write(batch)?;
            }
        }
        encoder.finish()?.finish()?;
        let left_out = question.left_out(&database).await;
        Ok((written, found > written, left_out))
    });
    let (written, more, left_out) = write.map_err(|failure| closed.failure(failure))?;
    if let Some(hint) = unmatched {
        super::say(format!("{} {hint}", terminal.stderr.paint(Paint::Hint, "hint:")));
    }
    if let Some(left_out) = left_out {
        super::say(format!("{} {left_out}", terminal.stderr.paint(Paint::Hint, "note:")));
    }
    if format.rows.is_some() {
        let mut footer = units::counted(written as u64, "row");
        if more {
            footer.push_str(" · more were found: --limit N shows N");
        }
        let time = units::span_us(started.elapsed().as_micros() as i64);
        super::say(terminal.stderr.paint(Paint::Faint, &format!("{footer} · {time}")));
    }
    Ok(Exit::Done)
}
