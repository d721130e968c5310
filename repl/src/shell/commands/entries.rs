//! `\entries N`: the entries of a row's flow or connection.

use super::{Command, Completes};
use crate::shell::Go;
use crate::shell::step::{self, Place};

pub(super) const COMMAND: Command = Command {
    name: "entries",
    arguments: "N",
    doc: "the entries of row N's flow or connection",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, _, row) = shell.row(typed)?;
        let place = Place::of(number, &row);
        step::to_kfl(shell, place, place.entries()?)?;
        Ok(Go::On)
    },
};
