//! What ends a command: the one place that turns errors of the libraries into a message, a hint and an exit code.
//!
//! Comes in: [`engine::Error`], diagnostics of a filter, errors of input and output. Goes out: [`Failure`], printed to
//! standard error, and the exit code of the contract: 0 done, 1 the user's input was wrong, 2 the world or we failed,
//! 130 interrupted; a closed pipe is 0.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::render::escape;
use crate::terminal::{Paint, Terminal};

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, rows found or not; also when nobody reads our output any more.
    Done,
    /// Filter, arguments or input files are wrong.
    Input,
    /// The world or we failed.
    World,
    /// The user interrupted.
    Interrupted,
}

impl Exit {
    /// What clap's verdict on the arguments means: help and version are answers, all else is wrong input.
    pub(crate) fn of_arguments(error: &clap::Error) -> Self {
        if error.use_stderr() { Exit::Input } else { Exit::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Input => 1,
            Exit::World => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command ended early, in the user's words.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code, were this the end of the process.
    pub(crate) exit: Exit,
    /// What is wrong: one sentence, or a rendered diagnostic; empty if there is nothing to say.
    message: String,
    /// True if the message is a picture of several lines that stands for itself.
    rendered: bool,
    /// What to do instead.
    hint: Option<String>,
}

impl Failure {
    /// The user's input is wrong.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Input,
            message: message.into(),
            rendered: false,
            hint: None,
        }
    }

    /// The world, or we, failed.
    pub(crate) fn world(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::World,
            ..Self::input(message)
        }
    }

    /// The user interrupted.
    pub(crate) fn interrupted() -> Self {
        Self {
            exit: Exit::Interrupted,
            ..Self::input("interrupted")
        }
    }

    /// Nobody reads our output any more: the end, and no complaint.
    pub(crate) fn closed_pipe() -> Self {
        Self {
            exit: Exit::Done,
            ..Self::input("")
        }
    }

    /// Adds what to do instead.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Leaves out what to do instead.
    pub(crate) fn without_hint(self) -> Self {
        Self { hint: None, ..self }
    }

    /// The mistakes of a filter, each under the text it speaks of.
    pub(crate) fn of_filter(text: &str, diagnostics: &[kfl::Diagnostic]) -> Self {
        let mut message = String::new();
        for (index, diagnostic) in diagnostics.iter().enumerate() {
            if index > 0 {
                message.push('\n');
            }
            message.push_str(&diagnostic.render(text));
        }
        Self {
            rendered: true,
            ..Self::input(message)
        }
    }

    /// An error of the database, met on the way of a query with this text.
    pub(crate) fn of_query(text: &str, error: engine::Error) -> Self {
        match error {
            engine::Error::Filter(diagnostics) => Self::of_filter(text, &diagnostics),
            other => other.into(),
        }
    }

    /// An error of reading or writing, met while doing something (`write out.csv`).
    pub(crate) fn of_io(doing: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::closed_pipe(),
            _ => Self::world(format!("cannot {doing}: {}", sentence(error))),
        }
    }

    /// True if there is something to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// Says it on standard error.
    pub(crate) fn print(&self, terminal: &Terminal) {
        // Standard error may be closed; then nobody is there to be told.
        let _ = io::stderr().write_all(self.text(terminal).as_bytes());
    }

    fn text(&self, terminal: &Terminal) -> String {
        let mut text = String::new();
        if self.is_silent() {
            return text;
        }
        let message = escape::lines(self.message.trim_end());
        if self.rendered {
            let _ = writeln!(text, "{message}");
        } else {
            let _ = writeln!(text, "{} {message}", terminal.stderr.paint(Paint::Error, "error:"));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(
                text,
                "{} {}",
                terminal.stderr.paint(Paint::Hint, "hint:"),
                escape::lines(hint)
            );
        }
        text
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let exit = if error.is_input() { Exit::Input } else { Exit::World };
        let hint = hint_of(&error);
        Self {
            exit,
            message: without_numbers(&with_sources(&error)),
            rendered: false,
            hint,
        }
    }
}

/// What one can do about an error of the database.
fn hint_of(error: &engine::Error) -> Option<String> {
    match error {
        engine::Error::NoDatabase { .. } => {
            Some("kfl --db DIR ingest FILE makes one; kfl FILE opens a capture without".into())
        }
        engine::Error::NoStep { .. } => {
            Some("step to rows first: http | sort -elapsed_time | limit 3 | conns (or flow, entries, packets)".into())
        }
        engine::Error::NotEmpty { .. } => Some("name a new or empty directory with --db".into()),
        engine::Error::IsDirectory { path } => Some(format!("name its files: {}/*", path.display())),
        engine::Error::Locked { .. } => Some("wait until it is done; queries go on meanwhile".into()),
        engine::Error::NoTable { .. } => Some("kfl schema lists the tables with their columns".into()),
        engine::Error::Damaged { .. } | engine::Error::Part { .. } => {
            Some("kfl verify reads all parts; the captures can be ingested again".into())
        }
        _ => None,
    }
}

/// An error and what caused it, each cause once.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        // Many errors print their cause themselves.
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

/// The system's words without their number: "No such file or directory (os error 2)" reads "no such file or directory".
pub(crate) fn sentence(error: &io::Error) -> String {
    let text = without_numbers(&error.to_string());
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !letters.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text,
    }
}

/// A message without the numbers that the system gives its errors.
fn without_numbers(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(" (os error ") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_become_a_sentence() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(sentence(&error), "no such file or directory");
    }

    #[test]
    fn a_message_and_its_hint_are_two_lines() {
        let failure = Failure::input("no row 9\u{1b}[2J").hint("the answer has 3 rows");
        assert_eq!(
            failure.text(&Terminal::plain()),
            "error: no row 9\\x1b[2J\nhint: the answer has 3 rows\n"
        );
    }

    #[test]
    fn a_closed_pipe_is_silent_and_done() {
        let failure = Failure::of_io("write", &io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(
            (failure.exit, failure.text(&Terminal::plain())),
            (Exit::Done, String::new())
        );
    }
}
