//! `ndjson`: one JSON object a row. Keys are SQL column names, absent values are left out, timestamps are RFC 3339 with
//! nanoseconds, bytes are base64.

use datafusion::arrow::array::RecordBatch;
use engine::ndjson::Encoder;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const FORMAT: Format = Format {
    name: "ndjson",
    doc: "one JSON object a row: keys are SQL column names, absent values are left out, bytes are base64",
    is_binary: false,
    rows: None,
    export: Some(engine::ExportFormat::Ndjson),
    open: |output, schema, _| {
        Ok(Box::new(Ndjson {
            output,
            encoder: Encoder::new(schema),
            text: Vec::new(),
        }))
    },
};

struct Ndjson {
    output: Output,
    encoder: Encoder,
    text: Vec<u8>,
}

impl Encode for Ndjson {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        self.text.clear();
        self.encoder.lines(&batch, &mut self.text);
        self.output
            .write_lines(&self.text)
            .and_then(|()| self.output.reveal())
            .map_err(|error| Failure::of_io("write rows", &error))
    }

    fn finish(self: Box<Self>) -> Result<Output, Failure> {
        Ok(self.output)
    }
}
