//! `\pcap N FILE`: the packets of a row's flow or connection as a capture file.

use std::path::Path;

use engine::CaptureFormat;

use super::{Command, Completes, first};
use crate::failure::Failure;
use crate::shell::Go;
use crate::shell::step::Place;
use crate::verbs::{self, capture};

pub(super) const COMMAND: Command = Command {
    name: "pcap",
    arguments: "N FILE",
    doc: "writes the packets of row N's flow or connection; a name that ends in .pcapng makes a pcapng",
    completes: Completes::Nothing,
    run: |shell, arguments| {
        let (typed, file) = first(arguments);
        let (number, _, row) = shell.row(typed)?;
        if file.is_empty() {
            return Err(Failure::input("expected a file name after the number of the row").hint("\\pcap 3 found.pcap"));
        }
        let path = Path::new(file);
        let is_pcapng = path.extension().is_some_and(|extension| extension == "pcapng");
        let format = if is_pcapng {
            CaptureFormat::Pcapng
        } else {
            CaptureFormat::Pcap
        };
        let filter = Place::of(number, &row).connections()?;
        let written = capture::write(&shell.opened.runtime, &shell.opened.database, &filter, format, path)?;
        verbs::say(written.told(&format!(" to {file}")));
        Ok(Go::On)
    },
};
