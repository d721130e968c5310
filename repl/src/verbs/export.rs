//! `export`: whole tables as files.

use std::path::Path;

use engine::{Database, ExportFormat, ExportOptions};

use super::{Opened, say};
use crate::cli::ExportArguments;
use crate::failure::{Exit, Failure};
use crate::render::units;
use crate::runtime::Runtime;
use crate::source::Source;
use crate::terminal::Terminal;

/// Exports what the arguments name.
pub(super) fn run(source: &Source, arguments: &ExportArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let format = arguments
        .format
        .export
        .expect("the arguments allow only formats that exports have");
    let options = ExportOptions {
        filter: arguments.filter.clone(),
        partition_by: arguments.partition_by.clone(),
    };
    let opened = Opened::of(source, terminal)?;
    write(
        &opened.runtime,
        &opened.database,
        &arguments.table,
        &arguments.output,
        format,
        &options,
    )?;
    Ok(Exit::Done)
}

/// Exports a table, or all, and says how many rows of each were written.
pub(crate) fn write(
    runtime: &Runtime,
    database: &Database,
    table: &str,
    directory: &Path,
    format: ExportFormat,
    options: &ExportOptions,
) -> Result<(), Failure> {
    let (database, options) = (database.clone(), options.clone());
    let (table, directory) = (table.to_owned(), directory.to_owned());
    let rows = runtime.wait(async move {
        let rows = database.export(&table, &directory, format, &options).await;
        rows.map_err(|error| Failure::of_query(options.filter.as_deref().unwrap_or_default(), error))
    })?;
    for table in schema::tables::ALL {
        if let Some(rows) = rows.get(table.name) {
            say(format!("{}: {}", table.name, units::counted(*rows, "row")));
        }
    }
    Ok(())
}
