//! `\timing`: whether answers say how long they took.

use super::{Command, Completes};
use crate::shell::Go;
use crate::verbs;

pub(super) const COMMAND: Command = Command {
    name: "timing",
    arguments: "",
    doc: "switches on and off how long an answer took",
    completes: Completes::Nothing,
    run: |shell, _| {
        shell.timing = !shell.timing;
        verbs::say(format!("timing is {}", if shell.timing { "on" } else { "off" }));
        Ok(Go::On)
    },
};
