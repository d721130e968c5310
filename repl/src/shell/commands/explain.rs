//! `\explain KFL`: what a filter would do.

use super::{Command, Completes};
use crate::shell::Go;
use crate::verbs::{self, check};

pub(super) const COMMAND: Command = Command {
    name: "explain",
    arguments: "KFL",
    doc: "the types of a filter, the tables it opens, the plan",
    completes: Completes::Kfl,
    run: |shell, text| {
        let opened = &shell.opened;
        verbs::put(&check::with_plan(
            &opened.runtime,
            &opened.database,
            text,
            shell.terminal.stdout,
        )?)?;
        Ok(Go::On)
    },
};
