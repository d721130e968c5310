//! `pcap`: the packets of every connection that matches, as a capture file.

use engine::QueryOptions;

use super::{Opened, Question, collect, say};
use crate::cli::PcapArguments;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::render::units;
use crate::source::Source;
use crate::terminal::{Paint, Terminal};

/// Writes the capture.
pub(super) fn run(source: &Source, arguments: &PcapArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let is_stdout = arguments.output.as_os_str() == "-";
    if is_stdout && terminal.stdout.is_terminal {
        return Err(
            Failure::input("a capture is binary, and standard output is a terminal").hint("name a file with -o")
        );
    }
    let opened = Opened::of(source, terminal)?;
    let written = write(
        &opened.runtime,
        &opened.database,
        &arguments.filter,
        arguments.format.into(),
        &arguments.output,
    )?;
    if let Some(left_out) = &written.left_out {
        say(format!("{} {left_out}", terminal.stderr.paint(Paint::Hint, "note:")));
    }
    say(written.told(""));
    Ok(Exit::Done)
}

/// What was written.
pub(crate) struct Written {
    packets: u64,
    /// True if something matched and its packets are not there.
    are_missing: bool,
    /// What to say of rows that the filter fails on.
    left_out: Option<String>,
}

impl Written {
    /// Says it; the place is nothing or " to FILE".
    pub(crate) fn told(&self, place: &str) -> String {
        let why = if self.are_missing {
            ": the packets of these connections are not stored"
        } else {
            ""
        };
        format!("{} written{place}{why}", units::counted(self.packets, "packet"))
    }
}

/// Writes the packets of the connections that a filter matches.
pub(crate) fn write(
    runtime: &crate::runtime::Runtime,
    database: &engine::Database,
    filter: &str,
    format: engine::CaptureFormat,
    path: &std::path::Path,
) -> Result<Written, Failure> {
    let mut output = Output::open(Some(path))?;
    let closed = output.closed();
    let (database, filter) = (database.clone(), filter.to_owned());
    let written = runtime.wait(async move {
        let packets = database.write_capture(&filter, format, &mut output).await;
        let packets = packets.map_err(|error| Failure::of_query(&filter, error))?;
        output.finish()?;
        let one = QueryOptions { limit: Some(1) };
        let question = Question::Kfl(filter);
        let are_missing = packets == 0 && collect(&database, &question, &one).await?.len() > 0;
        let left_out = question.left_out(&database).await;
        Ok(Written {
            packets,
            are_missing,
            left_out,
        })
    });
    written.map_err(|failure| closed.failure(failure))
}
