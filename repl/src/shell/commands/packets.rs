//! `\packets N`: the packets of a row's flow or connection, without their bytes.

use super::{Command, Completes};
use crate::shell::Go;
use crate::shell::step::{self, Place};

pub(super) const COMMAND: Command = Command {
    name: "packets",
    arguments: "N",
    doc: "the packets of row N's flow or connection; \\hex shows their bytes",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, _, row) = shell.row(typed)?;
        let place = Place::of(number, &row);
        step::to_sql(shell, place, place.packets()?)?;
        Ok(Go::On)
    },
};
