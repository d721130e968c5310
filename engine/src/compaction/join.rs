//! How parts are joined: their rows, read batch by batch, go through the writer of every part.
//!
//! Rows keep their order, part after part. Packets alone are sorted anew, by (flow_id, conn_id, packet) as in every part of
//! them: a connection's packets stay a few pages.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::file::metadata::ParquetMetaData;
use schema::Table;
use schema::tables::packets;

use super::choice::Size;
use crate::clustering::{BATCH_BYTES, BATCH_ROWS, write_clustered};
use crate::store::{Part, Store, Transaction};
use crate::{Error, info};

/// What a packet takes in memory besides its columns: the key by which it is sorted, and its place.
const PACKET_BYTES: u64 = 64;

/// Writes the rows of neighbouring parts anew, into parts that take their place.
pub(super) fn join(transaction: &mut Transaction, table: &'static Table, parts: &[Part]) -> Result<(), Error> {
    let store = transaction.store().clone();
    let mut sorted = Vec::new();
    for part in parts {
        info::verify_part(&store, table.name, part)?;
        for batch in Source::open(&store, table, part)? {
            let batch = batch?;
            if table.name == packets::TABLE.name {
                sorted.push(batch);
            } else {
                transaction.write(table, &batch)?;
            }
        }
    }
    write_clustered(transaction, &sorted)?;
    transaction.replace(table, parts)
}

/// What the rows of a part of packets take in memory.
pub(super) fn size_in_memory(store: &Store, table: &'static Table, part: &Part) -> Result<Size, Error> {
    let source = Source::open(store, table, part)?;
    let keys = part.rows.saturating_mul(PACKET_BYTES);
    Ok(Size {
        rows: part.rows,
        bytes: source.bytes.saturating_add(keys),
    })
}

/// The rows of one part, as batches with the table's columns.
struct Source {
    table: &'static Table,
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    /// What the part's columns take before they are compressed.
    bytes: u64,
}

impl Source {
    fn open(store: &Store, table: &'static Table, part: &Part) -> Result<Self, Error> {
        let path = store.part_path(table.name, part);
        let damaged = |error: datafusion::parquet::errors::ParquetError| Error::Damaged {
            path: path.clone(),
            reason: error.to_string(),
        };
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        let stored = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(damaged)?;
        let options = ArrowReaderOptions::new().with_schema(Arc::new(viewed(stored.schema())));
        let metadata = ArrowReaderMetadata::try_new(stored.metadata().clone(), options).map_err(damaged)?;
        let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_batch_size(batch_rows(stored.metadata()))
            .build()
            .map_err(damaged)?;
        let groups = stored.metadata().row_groups().iter();
        let bytes = groups.fold(0, |sum: u64, group| {
            sum.saturating_add(group.total_byte_size().max(0) as u64)
        });
        Ok(Self {
            table,
            path,
            batches,
            bytes,
        })
    }

    /// A batch with the table's columns: nulls where a part is older than a column.
    fn conform(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let damaged = |reason| Error::Damaged {
            path: self.path.clone(),
            reason,
        };
        let schema = self.table.arrow();
        let known = |field: &Arc<Field>| schema.field_with_name(field.name()).is_ok();
        if let Some(field) = batch.schema().fields().iter().find(|field| !known(field)) {
            let (table, column) = (self.table.name, field.name());
            return Err(damaged(format!("table {table} has no column {column}")));
        }
        let column = |field: &Arc<Field>| -> Result<(Arc<Field>, ArrayRef), Error> {
            let Some(column) = batch.column_by_name(field.name()) else {
                return Ok((field.clone(), new_null_array(field.data_type(), batch.num_rows())));
            };
            let (expected, found) = (view(field.data_type()), column.data_type());
            if expected != *found {
                let column = field.name();
                return Err(damaged(format!(
                    "expected {expected} in column {column}, found {found}"
                )));
            }
            Ok((
                Arc::new(field.as_ref().clone().with_data_type(expected)),
                column.clone(),
            ))
        };
        let columns: Vec<_> = schema.fields().iter().map(column).collect::<Result<_, _>>()?;
        let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| damaged(error.to_string()))
    }
}

impl Iterator for Source {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?.map_err(|error| Error::Damaged {
            path: self.path.clone(),
            reason: error.to_string(),
        });
        Some(batch.and_then(|batch| self.conform(&batch)))
    }
}

/// Strings are read as views into the pages: a dictionary's long text is not copied for every row that has it.
fn viewed(schema: &Schema) -> Schema {
    let field = |field: &Arc<Field>| {
        let data_type = view(field.data_type());
        field.as_ref().clone().with_data_type(data_type)
    };
    let fields: Vec<_> = schema.fields().iter().map(field).collect();
    Schema::new(fields).with_metadata(schema.metadata().clone())
}

fn view(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    }
}

/// Rows that make a batch, going by the row group with the widest.
fn batch_rows(metadata: &ParquetMetaData) -> usize {
    let groups = metadata.row_groups().iter();
    let row_bytes = groups
        .map(|group| group.total_byte_size() / group.num_rows().max(1))
        .max();
    let row_bytes = usize::try_from(row_bytes.unwrap_or(0)).unwrap_or(0);
    (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS)
}
