//! `json`: one array of the objects that `ndjson` writes a line each.

use datafusion::arrow::array::RecordBatch;
use engine::ndjson::ArrayEncoder;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const FORMAT: Format = Format {
    name: "json",
    doc: "one JSON array of the objects that ndjson writes",
    is_binary: false,
    rows: None,
    export: None,
    open: |output, schema, _| {
        Ok(Box::new(Json {
            output,
            encoder: ArrayEncoder::new(schema),
            text: Vec::new(),
        }))
    },
};

struct Json {
    output: Output,
    encoder: ArrayEncoder,
    text: Vec<u8>,
}

impl Encode for Json {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        self.text.clear();
        self.encoder.rows(&batch, &mut self.text);
        self.output
            .write_lines(&self.text)
            .map_err(|error| Failure::of_io("write rows", &error))
    }

    fn finish(self: Box<Self>) -> Result<Output, Failure> {
        let Json {
            mut output,
            encoder,
            mut text,
        } = *self;
        text.clear();
        encoder.finish(&mut text);
        output
            .write_lines(&text)
            .map_err(|error| Failure::of_io("write rows", &error))?;
        Ok(output)
    }
}
