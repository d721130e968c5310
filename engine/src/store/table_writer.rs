//! The writer of a table's rows: the library's columns and file, with columns of bytes (`bytes_column.rs`) and of text
//! (`text_column.rs`) of our own.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use datafusion::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use datafusion::parquet::schema::types::ColumnDescriptor;
use schema::{Table, Type};

use super::bytes_column::BytesColumn;
use super::properties::{PacketCodec, PageShape, properties};
use super::segments::Pages;
use super::text_column::TextColumn;

/// Writes batches of one table as a Parquet file.
pub(super) struct TableWriter<W: Write + Send> {
    table: &'static Table,
    schema: SchemaRef,
    shape: PageShape,
    file: SerializedFileWriter<W>,
    columns: ArrowRowGroupWriterFactory,
    group: Option<RowGroup>,
}

/// A row group in memory: a column for each leaf of the schema.
struct RowGroup {
    columns: Vec<Column>,
    rows: usize,
    /// Memory of the columns before they had a row: hash tables and filters, made for many, which the system gives as they fill.
    empty_bytes: usize,
}

enum Column {
    Library(Box<ArrowColumnWriter>),
    Bytes(Box<BytesColumn>),
    Text(Box<TextColumn>),
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a file.
    pub(super) fn new(out: W, table: &'static Table, codec: PacketCodec) -> Result<Self> {
        let schema = table.arrow();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties(table)))?;
        let (file, columns) = writer.into_serialized_writer()?;
        Ok(Self {
            table,
            schema,
            shape: PageShape::of(table, codec),
            file,
            columns,
            group: None,
        })
    }

    /// Appends rows. A row group ends when it has as many rows or bytes as the table's properties say.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let most_rows = self.file.properties().max_row_group_row_count();
        let most_bytes = self.file.properties().max_row_group_bytes();
        let mut at = 0;
        while at < batch.num_rows() {
            let group = match &mut self.group {
                Some(group) => group,
                none => none.insert(RowGroup::begin(self.table, self.shape, &self.file, &self.columns)?),
            };
            let fits = most_rows.map_or(usize::MAX, |most| most - group.rows);
            let rows = fits.min(batch.num_rows() - at);
            group.write(&self.schema, &batch.slice(at, rows))?;
            at += rows;
            if most_rows.is_some_and(|most| group.rows >= most) || most_bytes.is_some_and(|most| group.bytes() >= most)
            {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes the rows that are in memory: a row group ends here.
    pub(super) fn flush(&mut self) -> Result<()> {
        let Some(group) = self.group.take() else {
            return Ok(());
        };
        let mut out = self.file.next_row_group()?;
        for column in group.columns {
            match column {
                Column::Library(column) => column.close()?.append_to_row_group(&mut out)?,
                Column::Bytes(column) => append(&mut out, column.close()?)?,
                Column::Text(column) => append(&mut out, column.close()?)?,
            }
        }
        out.close()?;
        Ok(())
    }

    /// Memory that the rows take that are not yet written.
    pub(super) fn memory_size(&self) -> usize {
        let group = self.group.as_ref();
        group.map_or(0, |group| memory_size(&group.columns).saturating_sub(group.empty_bytes))
    }

    /// Bytes written so far, and those that the rows in memory will take.
    pub(super) fn bytes_written(&self) -> usize {
        self.file.bytes_written() + self.group.as_ref().map_or(0, RowGroup::bytes)
    }

    /// What the footer will say of the row groups that are written.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.file.flushed_row_groups()
    }

    /// Writes what is left and the footer; gives back what was written to.
    pub(super) fn into_inner(mut self) -> Result<W> {
        self.flush()?;
        self.file.into_inner()
    }
}

fn append<W: Write + Send>(
    out: &mut SerializedRowGroupWriter<'_, W>,
    (pages, close): (Pages, ColumnCloseResult),
) -> Result<()> {
    out.append_column(&pages, close)
}

fn memory_size(columns: &[Column]) -> usize {
    let bytes = columns.iter().map(|column| match column {
        Column::Library(column) => column.memory_size(),
        Column::Bytes(column) => column.memory_size(),
        Column::Text(column) => column.memory_size(),
    });
    bytes.sum()
}

impl RowGroup {
    /// Begins a row group.
    fn begin<W: Write + Send>(
        table: &Table,
        shape: PageShape,
        file: &SerializedFileWriter<W>,
        factory: &ArrowRowGroupWriterFactory,
    ) -> Result<Self> {
        let type_of = |leaf: &ColumnDescriptor| match leaf.path().parts() {
            [column] => table
                .fields()
                .find(|field| field.column == column)
                .map(|field| field.ty),
            _ => None,
        };
        let leaves = file.schema_descr().columns().iter();
        let columns = factory.create_column_writers(file.flushed_row_groups().len())?;
        let columns = leaves.zip(columns).map(|(leaf, column)| match type_of(leaf) {
            Some(Type::Bytes) => Ok(Column::Bytes(Box::new(BytesColumn::new(leaf.clone(), shape)?))),
            Some(Type::String) => {
                let column = TextColumn::new(leaf.clone(), file.properties())?;
                Ok(Column::Text(Box::new(column)))
            }
            _ => Ok(Column::Library(Box::new(column))),
        });
        let columns: Vec<_> = columns.collect::<Result<_>>()?;
        Ok(Self {
            empty_bytes: memory_size(&columns),
            columns,
            rows: 0,
        })
    }

    fn write(&mut self, schema: &Schema, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        let mut columns = self.columns.iter_mut().peekable();
        for (field, values) in schema.fields().iter().zip(batch.columns()) {
            match columns.next_if(|column| !matches!(column, Column::Library(_))) {
                Some(Column::Bytes(column)) => column.write(values)?,
                Some(Column::Text(column)) => column.write(values)?,
                _ => {
                    for leaf in &compute_leaves(field, values)? {
                        match columns.next() {
                            Some(Column::Library(column)) => column.write(leaf)?,
                            _ => unreachable!(
                                "a row group has a column for each leaf, and of our own where the field is"
                            ),
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Bytes that the row group will take in the file, about.
    fn bytes(&self) -> usize {
        let columns = self.columns.iter();
        columns
            .map(|column| match column {
                Column::Library(column) => column.get_estimated_total_bytes(),
                Column::Bytes(column) => column.bytes(),
                Column::Text(column) => column.bytes(),
            })
            .sum()
    }
}

#[cfg(test)]
mod tests;
