//! `\flow N`: up to the flow of a row.

use super::{Command, Completes};
use crate::shell::Go;
use crate::shell::step::{self, Place};

pub(super) const COMMAND: Command = Command {
    name: "flow",
    arguments: "N",
    doc: "the flow of row N",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, _, row) = shell.row(typed)?;
        let place = Place::of(number, &row);
        step::to_kfl(shell, place.up(), place.flow()?)?;
        Ok(Go::On)
    },
};
