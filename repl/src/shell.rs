//! The REPL: reads a line, answers it, keeps the answer so that one can step on from its rows.
//!
//! Comes in: lines of KFL, SQL or `\` commands ([`input`]), from a person or a pipe. Goes out: answers on standard output;
//! footers, breadcrumbs and mistakes on standard error. Ctrl-C cancels a query, Ctrl-D leaves. From a pipe, the exit code is
//! that of the last line that failed.

mod commands;
mod helper;
mod history;
mod input;
mod sql_words;
mod step;
mod values;

use std::time::Instant;

use engine::QueryOptions;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::failure::{Exit, Failure};
use crate::render::answer::{Answer, Row};
use crate::render::{escape, grid, units};
use crate::source::Source;
use crate::terminal::{Paint, Terminal};
use crate::verbs::{self, Opened, Question};
use helper::Helper;
use history::History;
use input::Input;

/// Rows of an answer unless `\limit` says otherwise.
const LIMIT: usize = 100;

const PROMPT: &str = "kfl> ";

/// A session.
pub(crate) struct Shell {
    opened: Opened,
    terminal: Terminal,
    /// The last answer, whose rows have the numbers on screen.
    answer: Option<Answer>,
    limit: usize,
    timing: bool,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    /// It does.
    On,
    /// It ends.
    Away,
}

/// Opens the database and reads lines until the end.
pub(crate) fn run(source: &Source, terminal: &Terminal) -> Result<Exit, Failure> {
    let opened = Opened::of(source, terminal)?;
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_dups(true)
        .map_err(failure)?
        .history_ignore_space(true)
        .build();
    let mut editor: Editor<Helper, FileHistory> = Editor::with_config(config).map_err(failure)?;
    editor.set_helper(Some(Helper::new(&opened, terminal)));
    let mut history = History::load(&mut editor, terminal);
    let mut shell = Shell {
        opened,
        terminal: *terminal,
        answer: None,
        limit: LIMIT,
        timing: true,
    };
    if terminal.stdin_is_terminal {
        verbs::say(shell.greeting());
    }
    let mut exit = Exit::Done;
    loop {
        let line = match editor.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failure(error)),
        };
        history.add(&mut editor, &line);
        match shell.line(&line) {
            Ok(Go::On) => {}
            Ok(Go::Away) => break,
            // Nobody reads the answers any more.
            Err(failure) if failure.is_silent() => return Ok(failure.exit),
            Err(failure) => {
                failure.print(terminal);
                if !terminal.stdin_is_terminal {
                    exit = failure.exit;
                }
            }
        }
    }
    Ok(exit)
}

fn failure(error: ReadlineError) -> Failure {
    match error {
        ReadlineError::Io(error) => Failure::of_io("read the next line", &error),
        other => Failure::world(format!("cannot read the next line: {other}")),
    }
}

impl Shell {
    /// Answers one line.
    pub(crate) fn line(&mut self, line: &str) -> Result<Go, Failure> {
        match Input::of(line) {
            Input::Nothing => Ok(Go::On),
            Input::Kfl(text) => self.ask(Question::Kfl(text.to_owned())).map(|()| Go::On),
            Input::Sql(text) => self.ask(Question::Sql(text.to_owned())).map(|()| Go::On),
            Input::Command { name, arguments } => commands::find(name)?.run(self, arguments),
        }
    }

    fn greeting(&self) -> String {
        let info = self.opened.database.info();
        let tables: Vec<String> = info
            .tables
            .iter()
            .filter(|table| table.rows > 0)
            .map(|table| format!("{} {}", table.name, units::count(table.rows)))
            .collect();
        let stored = if tables.is_empty() {
            "nothing stored yet".to_owned()
        } else {
            tables.join(" · ")
        };
        let text = format!("kfl {} · {stored}\n\\h helps, Ctrl-D leaves", env!("CARGO_PKG_VERSION"));
        self.terminal.stderr.paint(Paint::Faint, &text)
    }

    /// Asks, shows the answer and keeps it.
    fn ask(&mut self, question: Question) -> Result<(), Failure> {
        let started = Instant::now();
        // One row more than is shown tells whether there are more.
        let options = QueryOptions {
            limit: Some(self.limit.saturating_add(1)),
        };
        let unmatched = question.unmatched();
        let database = self.opened.database.clone();
        let (mut answer, left_out) = self.opened.runtime.wait(async move {
            database.refresh()?;
            let answer = verbs::collect(&database, &question, &options).await?;
            Ok((answer, question.left_out(&database).await))
        })?;
        let more = answer.truncate(self.limit);
        let drawn = grid::draw(&answer, self.terminal.width(), self.terminal.stdout);
        verbs::put(&drawn.text)?;
        let mut footer = vec![units::counted(answer.len() as u64, "row")];
        if more {
            footer.push("more were found: \\limit N shows N".to_owned());
        }
        if !drawn.hidden.is_empty() {
            footer.push(format!(
                "no room for {}: \\show N has all",
                escape::line(&drawn.hidden.join(", "))
            ));
        }
        if self.timing {
            footer.push(units::span_us(started.elapsed().as_micros() as i64));
        }
        verbs::say(self.terminal.stderr.paint(Paint::Faint, &footer.join(" · ")));
        if let Some(left_out) = left_out {
            verbs::say(format!(
                "{} {left_out}",
                self.terminal.stderr.paint(Paint::Hint, "note:")
            ));
        }
        if let Some(hint) = unmatched {
            verbs::say(format!("{} {hint}", self.terminal.stderr.paint(Paint::Hint, "hint:")));
        }
        self.answer = Some(answer);
        Ok(())
    }

    /// The row of the last answer that a person names by its number. Where the answer has one row, its number may be left
    /// out.
    fn row(&self, typed: &str) -> Result<(usize, &Answer, Row<'_>), Failure> {
        let Some(answer) = &self.answer else {
            return Err(
                Failure::input("there is no answer yet whose rows have numbers").hint("ask something first: http")
            );
        };
        let number = match typed.trim() {
            "" if answer.len() == 1 => 1,
            "" => {
                return Err(Failure::input(format!(
                    "expected the number of a row, 1 to {}",
                    answer.len()
                )));
            }
            typed => typed
                .parse::<usize>()
                .map_err(|_| Failure::input(format!("expected the number of a row, found {}", escape::line(typed))))?,
        };
        match answer.row(number) {
            Some(row) => Ok((number, answer, row)),
            None => Err(Failure::input(format!(
                "there is no row {number}: the answer has {}",
                units::counted(answer.len() as u64, "row")
            ))),
        }
    }
}
