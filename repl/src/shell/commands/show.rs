//! `\show N`: every field of a row that has a value.

use super::{Command, Completes};
use crate::render::record;
use crate::shell::Go;
use crate::shell::step::{self, Place};
use crate::verbs;

pub(super) const COMMAND: Command = Command {
    name: "show",
    arguments: "N",
    doc: "every field of row N that has a value",
    completes: Completes::Nothing,
    run: |shell, typed| {
        let (number, answer, row) = shell.row(typed)?;
        let place = Place::of(number, &row);
        verbs::put(&record::draw(&row, answer.schema(), shell.terminal.stdout))?;
        step::breadcrumb(shell, place)?;
        Ok(Go::On)
    },
};
