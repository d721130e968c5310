//! `csv`: a line of heads, then a line a row; lists and maps as JSON text, bytes as base64, absent values empty.

use datafusion::arrow::array::RecordBatch;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    doc: "comma-separated values with a line of heads; lists and maps as JSON text, bytes as base64",
    is_binary: false,
    rows: None,
    export: Some(engine::ExportFormat::Csv),
    open: |output, schema, _| {
        let mut text = Vec::new();
        engine::csv::header(schema, &mut text);
        Ok(Box::new(Csv { output, text }))
    },
};

struct Csv {
    output: Output,
    /// Encoded and not yet written.
    text: Vec<u8>,
}

impl Csv {
    fn flush(&mut self) -> Result<(), Failure> {
        let result = self.output.write_lines(&self.text);
        self.text.clear();
        let result = result.and_then(|()| self.output.reveal());
        result.map_err(|error| Failure::of_io("write rows", &error))
    }
}

impl Encode for Csv {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        engine::csv::rows(&batch, &mut self.text);
        self.flush()
    }

    fn finish(mut self: Box<Self>) -> Result<Output, Failure> {
        self.flush()?;
        Ok(self.output)
    }
}
