//! `\d`: what is stored; `\d TABLE`: the fields of a table.

use super::{Command, Completes};
use crate::failure::Failure;
use crate::render::escape;
use crate::shell::Go;
use crate::verbs;

pub(super) const COMMAND: Command = Command {
    name: "d",
    arguments: "[TABLE]",
    doc: "what is stored, or the fields of a table",
    completes: Completes::Table,
    run: |shell, name| {
        if name.is_empty() {
            verbs::put(&verbs::info::draw(&shell.opened.database.info(), &shell.terminal))?;
            return Ok(Go::On);
        }
        let table = schema::tables::find(name).ok_or_else(|| {
            let names: Vec<&str> = schema::tables::ALL.iter().map(|table| table.name).collect();
            Failure::input(format!("there is no table {}", escape::line(name)))
                .hint(format!("the tables are {}", names.join(", ")))
        })?;
        verbs::put(&verbs::schema::draw(table, &shell.terminal))?;
        Ok(Go::On)
    },
};
