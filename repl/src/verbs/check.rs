//! `check` and `explain`: what is wrong with a query, and what it would do. Neither needs a database; `explain` shows the
//! plan too if there is one.

use std::fmt::Write as _;

use kfl::{Environment, Lowered, Query};

use super::{Opened, put, say};
use crate::failure::{Exit, Failure};
use crate::render::escape;
use crate::source::Source;
use crate::terminal::{Paint, Screen, Terminal};

/// Checks a filter.
pub(super) fn run(text: &str) -> Result<Exit, Failure> {
    let query = compile(text)?;
    let filter = query.opening();
    let tables: Vec<&str> = schema::tables::in_kfl()
        .filter(|table| filter.on(table) != Lowered::Never)
        .map(|table| table.name)
        .collect();
    say(match tables[..] {
        [] => "the filter is right, but no table has rows that match it".to_owned(),
        _ => format!(
            "the filter is right; rows of these tables can match: {}",
            tables.join(", ")
        ),
    });
    if let Some(columns) = query.columns() {
        let names: Vec<_> = columns.iter().map(|name| escape::line(name)).collect();
        say(format!("the columns of the answer: {}", names.join(", ")));
    }
    Ok(Exit::Done)
}

/// Says what a filter would do.
pub(super) fn explain(source: &Source, text: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let query = compile(text)?;
    let explained = match source {
        Source::Directory(directory) if !directory.exists() => without_plan(&query, terminal.stdout),
        _ => {
            let opened = Opened::of(source, terminal)?;
            with_plan(&opened.runtime, &opened.database, text, terminal.stdout)?
        }
    };
    put(&explained)?;
    Ok(Exit::Done)
}

/// What to tell of a right filter that no table can match; nothing of any other.
pub(crate) fn unmatched(text: &str) -> Option<&'static str> {
    let filter = kfl::compile_query(text, &Environment::now()).ok()?.opening();
    if schema::tables::in_kfl().any(|table| filter.on(table) != Lowered::Never) {
        return None;
    }
    // `tls` marks what is encrypted, `tlsx` the handshakes that can be read.
    let speaks_of_tls = kfl::highlight(text)
        .into_iter()
        .any(|(range, token)| token == kfl::Token::Flag && text.get(range) == Some("tls"));
    Some(if speaks_of_tls {
        "no table can match; TLS handshakes are `tlsx`"
    } else {
        "no table can match"
    })
}

fn compile(text: &str) -> Result<Query, Failure> {
    kfl::compile_query(text, &Environment::now()).map_err(|diagnostics| Failure::of_filter(text, &diagnostics))
}

fn without_plan(query: &Query, screen: Screen) -> String {
    let filter = query.opening();
    let tables: Vec<(&str, String)> = schema::tables::in_kfl()
        .map(|table| {
            let predicate = match filter.on(table) {
                Lowered::Never => "never".to_owned(),
                Lowered::Always => "always".to_owned(),
                Lowered::Where(predicate) => predicate.human_display().to_string(),
            };
            (table.name, predicate)
        })
        .collect();
    let stages: Vec<String> = query.stages().iter().map(ToString::to_string).collect();
    sections(&query.filter().typed(), &stages, &tables, None, screen)
}

/// What the database says it would do.
pub(crate) fn with_plan(
    runtime: &crate::runtime::Runtime,
    database: &engine::Database,
    text: &str,
    screen: Screen,
) -> Result<String, Failure> {
    let (database, text) = (database.clone(), text.to_owned());
    let explanation = runtime.wait(async move {
        database
            .explain(&text)
            .await
            .map_err(|error| Failure::of_query(&text, error))
    })?;
    Ok(sections(
        &explanation.typed,
        &explanation.stages,
        &explanation.tables,
        Some(&explanation.plan),
        screen,
    ))
}

fn sections(typed: &str, stages: &[String], tables: &[(&str, String)], plan: Option<&str>, screen: Screen) -> String {
    let mut text = String::new();
    let mut section = |head: &str, body: &str| {
        let body: String = body
            .trim_end()
            .lines()
            .map(|line| format!("  {}\n", escape::line(line)))
            .collect();
        let _ = write!(text, "{}\n{body}", screen.paint(Paint::Strong, head));
    };
    section("filter", typed);
    if !stages.is_empty() {
        section("stages", &stages.join("\n"));
    }
    let width = tables.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = tables
        .iter()
        .map(|(name, predicate)| format!("{name:width$}  {predicate}"))
        .collect();
    section("tables", &lines.join("\n"));
    if let Some(plan) = plan {
        section("plan", plan);
    }
    text
}
