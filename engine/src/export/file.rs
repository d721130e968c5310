//! One exported file: batches of one table in, a file of one format out.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::parquet::arrow::ArrowWriter;
use schema::{Field, Table};

use crate::export::ExportFormat;
use crate::ndjson::Encoder;
use crate::store::exported;
use crate::{Error, csv};

/// A file being written under a temporary name; removed unless it is finished.
pub(super) struct Output {
    path: PathBuf,
    temporary: PathBuf,
    /// The columns as the table declares them, with their documentation.
    schema: SchemaRef,
    writer: Option<Writer>,
}

enum Writer {
    Parquet(Box<ArrowWriter<File>>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
    Csv {
        file: File,
        buffer: Vec<u8>,
    },
    Ndjson {
        file: File,
        encoder: Encoder,
        buffer: Vec<u8>,
    },
}

impl Output {
    /// Begins a file with the table's columns except some.
    pub(super) fn create(
        table: &'static Table,
        except: &[&Field],
        format: ExportFormat,
        path: PathBuf,
    ) -> Result<Self, Error> {
        let declared = table.arrow();
        let fields = declared
            .fields()
            .iter()
            .filter(|field| !except.iter().any(|except| except.column == field.name()))
            .cloned();
        let schema = Arc::new(Schema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            declared.metadata().clone(),
        ));
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
        }
        let mut temporary = path.clone().into_os_string();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = File::create(&temporary).map_err(Error::io("create", &temporary))?;
        let writer = match format {
            ExportFormat::Parquet => {
                let writer = ArrowWriter::try_new(file, schema.clone(), Some(exported(table)));
                Writer::Parquet(Box::new(writer.map_err(|error| Error::writing(&temporary, error))?))
            }
            ExportFormat::Arrow => {
                let writer = FileWriter::try_new_buffered(file, &schema);
                Writer::Arrow(Box::new(writer.map_err(|error| arrow_error(&temporary, error))?))
            }
            ExportFormat::Csv => {
                let mut buffer = Vec::new();
                csv::header(&schema, &mut buffer);
                Writer::Csv { file, buffer }
            }
            ExportFormat::Ndjson => Writer::Ndjson {
                file,
                encoder: Encoder::new(&schema),
                buffer: Vec::new(),
            },
        };
        Ok(Self {
            path,
            temporary,
            schema,
            writer: Some(writer),
        })
    }

    /// Appends rows; columns that the file does not have are left out.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let path = &self.temporary;
        match self.writer.as_mut().expect("finish takes the writer") {
            Writer::Parquet(writer) => {
                let batch = declared(batch, &self.schema).map_err(|error| arrow_error(path, error))?;
                writer.write(&batch).map_err(|error| Error::writing(path, error))
            }
            Writer::Arrow(writer) => declared(batch, &self.schema)
                .and_then(|batch| writer.write(&batch))
                .map_err(|error| arrow_error(path, error)),
            Writer::Csv { file, buffer } => {
                csv::rows(
                    &kept(batch, &self.schema).map_err(|error| arrow_error(path, error))?,
                    buffer,
                );
                pour(buffer, file, path)
            }
            Writer::Ndjson { file, encoder, buffer } => {
                encoder.lines(
                    &kept(batch, &self.schema).map_err(|error| arrow_error(path, error))?,
                    buffer,
                );
                pour(buffer, file, path)
            }
        }
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let path = &self.temporary;
        match self.writer.take().expect("finish is called once") {
            Writer::Parquet(writer) => {
                writer
                    .close()
                    .map_err(|error| Error::writing(path, error))
                    .map(|_| ())?;
            }
            Writer::Arrow(mut writer) => writer.finish().map_err(|error| arrow_error(path, error))?,
            Writer::Csv { mut file, mut buffer }
            | Writer::Ndjson {
                mut file, mut buffer, ..
            } => {
                pour(&mut buffer, &mut file, path)?;
            }
        }
        fs::rename(path, &self.path).map_err(Error::io("rename", path))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a rename there is nothing under the temporary name.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// The columns of a file, as they were scanned.
fn kept(batch: &RecordBatch, schema: &Schema) -> Result<RecordBatch, ArrowError> {
    let indices: Result<Vec<_>, _> = schema
        .fields()
        .iter()
        .map(|field| batch.schema_ref().index_of(field.name()))
        .collect();
    batch.project(&indices?)
}

/// The columns of a file, as the table declares them: plain strings and bytes, which every reader knows.
fn declared(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let batch = kept(batch, schema)?;
    let columns = batch.columns().iter().zip(schema.fields());
    let columns: Result<Vec<_>, _> = columns.map(|(column, field)| cast(column, field.data_type())).collect();
    RecordBatch::try_new(schema.clone(), columns?)
}

fn pour(buffer: &mut Vec<u8>, file: &mut File, path: &Path) -> Result<(), Error> {
    file.write_all(buffer).map_err(Error::io("write", path))?;
    buffer.clear();
    Ok(())
}

fn arrow_error(path: &Path, error: ArrowError) -> Error {
    let source = match error {
        ArrowError::IoError(_, source) => source,
        other => std::io::Error::other(other),
    };
    Error::Io {
        action: "write",
        path: path.to_owned(),
        source,
    }
}
