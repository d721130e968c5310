//! The commands of the command line, one file each, and what they share.

mod answer;
pub(crate) mod capture;
pub(crate) mod check;
mod compact;
mod eval;
pub(crate) mod export;
pub(crate) mod hex;
pub(crate) mod info;
pub(crate) mod ingest;
pub(crate) mod schema;

use std::rc::Rc;

use crate::cli::{Arguments, Command};
use crate::failure::{Exit, Failure};
use crate::runtime::Runtime;
use crate::source::Source;
use crate::terminal::Terminal;

pub(crate) use answer::{Question, collect};

/// Does what the arguments say.
pub(crate) fn run(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let Arguments {
        db,
        capture,
        filter,
        answer,
        command,
    } = arguments;
    let source = Source::new(db, capture);
    let Some(command) = command else {
        return match filter {
            Some(filter) => answer::run(&source, Question::Kfl(filter), &answer, terminal),
            None => crate::shell::run(&source, terminal),
        };
    };
    if let Some(filter) = filter {
        return Err(
            Failure::input(format!("there are both a filter ({filter}) and a command"))
                .hint("write either `kfl CAPTURE 'KFL'` or `kfl CAPTURE query 'KFL'`"),
        );
    }
    match command {
        Command::Ingest(arguments) => ingest::run(&source, &arguments, terminal),
        Command::Query(arguments) => answer::run(&source, Question::Kfl(arguments.filter), &arguments.answer, terminal),
        Command::Sql(arguments) => {
            answer::run(&source, Question::Sql(arguments.statement), &arguments.answer, terminal)
        }
        Command::Pcap(arguments) => capture::run(&source, &arguments, terminal),
        Command::Hex(arguments) => hex::run(&source, &arguments, terminal),
        Command::Export(arguments) => export::run(&source, &arguments, terminal),
        Command::Info => info::run(&source, terminal),
        Command::Compact => compact::run(&source, terminal),
        Command::Verify => info::verify(&source, terminal),
        Command::Schema(arguments) => schema::run(&arguments, terminal),
        Command::Explain(arguments) => check::explain(&source, &arguments.filter, terminal),
        Command::Check(arguments) => check::run(&arguments.filter),
        Command::Eval(arguments) => eval::run(&arguments),
    }
}

/// Says something on standard error.
pub(crate) fn say(text: impl AsRef<str>) {
    use std::io::Write;
    // Standard error may be closed; then nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}

/// Writes data to standard output.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::of_io("write to standard output", &error))
}

/// A runtime and an open database.
pub(crate) struct Opened {
    pub(crate) runtime: Rc<Runtime>,
    pub(crate) database: engine::Database,
    /// Removes a temporary database when the command ends.
    _temporary: Option<crate::source::Temporary>,
}

impl Opened {
    /// Opens the database that the arguments name, or makes one of the capture they name.
    pub(crate) fn of(source: &Source, terminal: &Terminal) -> Result<Self, Failure> {
        let runtime = Runtime::start()?;
        let (database, temporary) = source.open(&runtime, terminal)?;
        Ok(Self {
            runtime: Rc::new(runtime),
            database,
            _temporary: temporary,
        })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Queries that were given up may still run, and keep theirs.
        self.database.remove_temporary_files();
    }
}
