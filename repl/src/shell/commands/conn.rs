//! `\conn N`: the connections of a flow's row, the connection of any other.

use super::{Command, Completes};
use crate::shell::Go;
use crate::shell::step::{self, Place};

pub(super) const COMMAND: Command = Command {
    name: "conn",
    arguments: "N",
    doc: "the connections of row N if it is a flow, else its connection",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, _, row) = shell.row(typed)?;
        let place = Place::of(number, &row);
        step::to_kfl(shell, place, place.connections()?)?;
        Ok(Go::On)
    },
};
