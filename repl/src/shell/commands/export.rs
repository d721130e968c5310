//! `\export TABLE DIR`: a table as a Parquet file.

use std::path::Path;

use engine::{ExportFormat, ExportOptions};

use super::{Command, Completes, first};
use crate::failure::Failure;
use crate::shell::Go;
use crate::verbs::export;

pub(super) const COMMAND: Command = Command {
    name: "export",
    arguments: "TABLE DIR",
    doc: "writes a table, or all, as Parquet files into a directory",
    completes: Completes::Table,
    run: |shell, arguments| {
        let (table, directory) = first(arguments);
        if directory.is_empty() {
            return Err(Failure::input("expected a table, or all, and a directory").hint("\\export http out"));
        }
        let opened = &shell.opened;
        let options = ExportOptions::default();
        export::write(
            &opened.runtime,
            &opened.database,
            table,
            Path::new(directory),
            ExportFormat::Parquet,
            &options,
        )?;
        Ok(Go::On)
    },
};
