//! The output formats: one file each, one registry.
//!
//! Comes in: record batches of one schema. Goes out: bytes in an [`Output`]. Adding a format is a file and a line in
//! [`ALL`]; arguments, help and the check against writing binary data to a terminal follow from it.

mod arrow;
mod csv;
mod json;
mod ndjson;
mod parquet;
mod table;

use clap::builder::PossibleValue;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use crate::failure::Failure;
use crate::output::Output;
use crate::terminal::Terminal;

/// One output format.
#[derive(Debug)]
pub(crate) struct Format {
    /// What `-f` calls it.
    pub(crate) name: &'static str,
    /// One line of help.
    pub(crate) doc: &'static str,
    /// True if a person cannot read it.
    pub(crate) is_binary: bool,
    /// Rows at most unless the user says otherwise, for formats that need all rows at once.
    pub(crate) rows: Option<usize>,
    /// What the database's export calls it, if it can export it.
    pub(crate) export: Option<engine::ExportFormat>,
    /// Starts an answer.
    open: Open,
}

type Open = fn(Output, &SchemaRef, &Terminal) -> Result<Box<dyn Encode>, Failure>;

/// Turns batches into bytes.
pub(crate) trait Encode: Send {
    /// Takes more rows.
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure>;
    /// Writes what is left and gives the output back.
    fn finish(self: Box<Self>) -> Result<Output, Failure>;
}

/// Every format.
pub(crate) const ALL: &[Format] = &[
    table::FORMAT,
    json::FORMAT,
    ndjson::FORMAT,
    csv::FORMAT,
    arrow::FORMAT,
    parquet::FORMAT,
];

impl Format {
    /// The format that answers come in unless the user says otherwise.
    pub(crate) fn usual() -> &'static Format {
        const { &table::FORMAT }
    }

    /// Starts an answer.
    pub(crate) fn open(
        &self,
        output: Output,
        schema: &SchemaRef,
        terminal: &Terminal,
    ) -> Result<Box<dyn Encode>, Failure> {
        (self.open)(output, schema, terminal)
    }
}

/// What clap needs to know of the formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parser {
    /// True for `export`.
    of_exports: bool,
}

impl Parser {
    /// All formats.
    pub(crate) const ANSWERS: Parser = Parser { of_exports: false };
    /// The formats of whole tables.
    pub(crate) const EXPORTS: Parser = Parser { of_exports: true };

    fn formats(self) -> impl Iterator<Item = &'static Format> {
        ALL.iter()
            .filter(move |format| !self.of_exports || format.export.is_some())
    }
}

impl clap::builder::TypedValueParser for Parser {
    type Value = &'static Format;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let names = clap::builder::PossibleValuesParser::new(self.formats().map(|format| format.name));
        let name = clap::builder::TypedValueParser::parse_ref(&names, command, argument, value)?;
        Ok(self
            .formats()
            .find(|format| format.name == name)
            .expect("the name is one of theirs"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            self.formats()
                .map(|format| PossibleValue::new(format.name).help(format.doc)),
        ))
    }
}

#[cfg(test)]
mod tests;
