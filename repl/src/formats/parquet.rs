//! `parquet`: one Parquet file, columns documented as the tables declare them.

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;

use super::{Encode, Format};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const FORMAT: Format = Format {
    name: "parquet",
    doc: "one Parquet file",
    is_binary: true,
    rows: None,
    export: Some(engine::ExportFormat::Parquet),
    open: |output, schema, _| {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        Ok(Box::new(Parquet(
            ArrowWriter::try_new(output, schema.clone(), Some(properties)).map_err(failure)?,
        )))
    },
};

struct Parquet(ArrowWriter<Output>);

impl Encode for Parquet {
    fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        self.0.write(&batch).map_err(failure)
    }

    fn finish(self: Box<Self>) -> Result<Output, Failure> {
        self.0.into_inner().map_err(failure)
    }
}

fn failure(error: ParquetError) -> Failure {
    Failure::world(format!("cannot write Parquet: {error}"))
}
