//! `\q`: leaves.

use super::{Command, Completes};
use crate::shell::Go;

pub(super) const COMMAND: Command = Command {
    name: "q",
    arguments: "",
    doc: "leaves; Ctrl-D does too",
    completes: Completes::Nothing,
    run: |_, _| Ok(Go::Away),
};
