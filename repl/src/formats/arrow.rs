//! `arrow`: Arrow IPC, the streaming format, which pipes and files both take.
//!
//! Specification: Arrow Columnar Format, "IPC Streaming Format".

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const FORMAT: Format = Format {
    name: "arrow",
    doc: "Arrow IPC: a stream, a file where tables are exported",
    is_binary: true,
    rows: None,
    export: Some(engine::ExportFormat::Arrow),
    open: |output, schema, _| Ok(Box::new(Arrow(StreamWriter::try_new(output, schema).map_err(failure)?))),
};

struct Arrow(StreamWriter<Output>);

impl Encode for Arrow {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        self.0.write(&batch).map_err(failure)
    }

    fn finish(mut self: Box<Self>) -> Result<Output, Failure> {
        self.0.finish().map_err(failure)?;
        self.0.into_inner().map_err(failure)
    }
}

fn failure(error: ArrowError) -> Failure {
    Failure::world(format!("cannot write Arrow: {error}"))
}
