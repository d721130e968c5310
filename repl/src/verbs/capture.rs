//! `pcap`: the packets of every connection that matches, as a capture file.

use super::{Opened, say};
use crate::cli::PcapArguments;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::render::units;
use crate::source::Source;
use crate::terminal::Terminal;

/// Writes the capture.
pub(super) fn run(source: &Source, arguments: &PcapArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let is_stdout = arguments.output.as_os_str() == "-";
    if is_stdout && terminal.stdout.is_terminal {
        return Err(
            Failure::input("a capture is binary, and standard output is a terminal").hint("name a file with -o")
        );
    }
    let opened = Opened::of(source, terminal)?;
    let packets = write(
        &opened.runtime,
        &opened.database,
        &arguments.filter,
        arguments.format.into(),
        &arguments.output,
    )?;
    say(format!("{} written", units::counted(packets, "packet")));
    Ok(Exit::Done)
}

/// Writes the packets of the connections that a filter matches; returns how many.
pub(crate) fn write(
    runtime: &crate::runtime::Runtime,
    database: &engine::Database,
    filter: &str,
    format: engine::CaptureFormat,
    path: &std::path::Path,
) -> Result<u64, Failure> {
    let mut output = Output::open(Some(path))?;
    let closed = output.closed();
    let written = runtime.wait(async {
        database
            .write_capture(filter, format, &mut output)
            .await
            .map_err(|error| Failure::of_query(filter, error))
    });
    let written = written.map_err(|failure| closed.failure(failure))?;
    output.finish()?;
    Ok(written)
}
