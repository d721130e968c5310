//! The writer of a table's rows: the library's columns and file, with columns of bytes of our own (`bytes_column.rs`).

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use datafusion::parquet::file::writer::SerializedFileWriter;
use schema::{Table, Type};

use super::bytes_column::BytesColumn;
use super::properties::{PacketCodec, PageShape, properties};

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
                Column::Bytes(column) => {
                    let (pages, close) = column.close()?;
                    out.append_column(&pages, close)?;
                }
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

fn memory_size(columns: &[Column]) -> usize {
    let bytes = columns.iter().map(|column| match column {
        Column::Library(column) => column.memory_size(),
        Column::Bytes(column) => column.memory_size(),
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
        let is_bytes = |column: &str| (table.fields()).any(|field| field.column == column && field.ty == Type::Bytes);
        let leaves = file.schema_descr().columns().iter();
        let columns = factory.create_column_writers(file.flushed_row_groups().len())?;
        let columns = leaves.zip(columns).map(|(leaf, column)| match leaf.path().parts() {
            [name] if is_bytes(name) => Ok(Column::Bytes(Box::new(BytesColumn::new(leaf.clone(), shape)?))),
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
            if let Some(Column::Bytes(column)) = columns.next_if(|column| matches!(column, Column::Bytes(_))) {
                column.write(values)?;
                continue;
            }
            for leaf in &compute_leaves(field, values)? {
                match columns.next() {
                    Some(Column::Library(column)) => column.write(leaf)?,
                    _ => unreachable!("a row group has a column for each leaf, and of bytes where the field is"),
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
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, new_null_array};
    use datafusion::parquet::arrow::arrow_reader::{
        ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
    };
    use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
    use schema::tables::{http, packets};

    use super::*;
    use crate::columns::DATA;

    /// A batch with these values in one column and nothing in the others.
    fn batch(table: &'static Table, name: &str, values: ArrayRef) -> RecordBatch {
        let schema = table.arrow();
        let columns = schema.fields().iter().map(|field| {
            if field.name() == name {
                (field.name().clone(), values.clone(), true)
            } else {
                (
                    field.name().clone(),
                    new_null_array(field.data_type(), values.len()),
                    true,
                )
            }
        });
        RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap()
    }

    fn open(file: Vec<u8>) -> ParquetRecordBatchReaderBuilder<Bytes> {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        ParquetRecordBatchReaderBuilder::try_new_with_options(file.into(), options).unwrap()
    }

    fn values(reader: ParquetRecordBatchReader, name: &str) -> Vec<Option<Vec<u8>>> {
        let values = |batch: RecordBatch| {
            let column = batch.column_by_name(name).unwrap().as_binary::<i32>().clone();
            column.iter().map(|value| value.map(<[u8]>::to_vec)).collect::<Vec<_>>()
        };
        reader.flat_map(|batch| values(batch.unwrap())).collect()
    }

    /// The pages of a column in the first row group: bytes in the file and first row.
    fn pages(metadata: &ParquetMetaData, name: &str) -> Vec<(i32, i64)> {
        let columns = metadata.row_group(0).columns().iter();
        let column = columns
            .map(|column| column.column_path().string())
            .position(|path| path == name);
        let locations = metadata.offset_index().unwrap()[0][column.unwrap()].page_locations();
        let page = |page: &datafusion::parquet::file::page_index::offset_index::PageLocation| {
            (page.compressed_page_size, page.first_row_index)
        };
        locations.iter().map(page).collect()
    }

    /// Values of every kind: none, empty, that shrink and that do not, some larger than a page.
    fn mixed() -> Vec<Option<Vec<u8>>> {
        let mut random = fastrand::Rng::with_seed(7);
        (0..3000)
            .map(|row| match row % 10 {
                0 => None,
                1 => Some(Vec::new()),
                2 if row % 1000 == 2 => Some(vec![row as u8; 300_000]),
                _ if (row / 500) % 2 == 0 => Some(std::iter::repeat_with(|| random.u8(..)).take(1400).collect()),
                _ => Some(vec![row as u8; 1400]),
            })
            .collect()
    }

    #[test]
    fn bytes_come_back_from_every_codec_and_both_kinds_of_array() {
        let expected = mixed();
        let slices = || expected.iter().map(Option::as_deref);
        let sizes = [PacketCodec::Zstd, PacketCodec::Lz4, PacketCodec::Uncompressed].map(|codec| {
            let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, codec).unwrap();
            let owned: BinaryArray = slices().take(1000).collect();
            let views: BinaryViewArray = slices().skip(1000).collect();
            for values in [Arc::new(owned) as ArrayRef, Arc::new(views)] {
                writer.write(&batch(&packets::TABLE, DATA, values)).unwrap();
            }
            let file = writer.into_inner().unwrap();
            let size = file.len();
            let reader = open(file.clone());
            assert_eq!(reader.metadata().num_row_groups(), 1);
            let column = reader.metadata().row_group(0).columns().last().unwrap();
            assert_eq!(column.statistics().unwrap().null_count_opt(), Some(300));
            assert!(values(reader.build().unwrap(), DATA) == expected, "{codec:?}");
            // By the page index, from the middle of one page to that of another.
            let some = RowSelection::from_consecutive_ranges([40..41, 1777..2100].into_iter(), expected.len());
            let selected = values(open(file).with_row_selection(some).build().unwrap(), DATA);
            assert!(
                selected == [&expected[40..41], &expected[1777..2100]].concat(),
                "{codec:?}"
            );
            size
        });
        // Half of the bytes are random, and stay; the others nearly vanish.
        let [zstd, lz4, none] = sizes.map(|size| size / 100_000);
        assert_eq!((zstd, lz4, none), (16, 17, 42));
    }

    #[test]
    fn pages_of_packets_end_with_their_bytes_or_rows() {
        let lengths =
            |lengths: &[usize]| -> BinaryArray { lengths.iter().map(|length| Some(vec![0; *length])).collect() };
        let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, PacketCodec::Uncompressed).unwrap();
        let values = lengths(&[[100_000; 4].as_slice(), &[0; 5000]].concat());
        writer.write(&batch(&packets::TABLE, DATA, Arc::new(values))).unwrap();
        let reader = open(writer.into_inner().unwrap());
        let pages = pages(reader.metadata(), DATA);
        let first_rows: Vec<_> = pages.iter().map(|(_, first_row)| *first_row).collect();
        assert_eq!(first_rows, [0, 2, 4, 2052, 4100]);
        assert!(pages[0].0 > 200_000 && pages[0].0 < 200_100);
    }

    #[test]
    fn row_groups_end_with_their_rows_or_bytes() {
        let groups = |values: BinaryArray, batches| {
            let mut writer = TableWriter::new(Vec::new(), &http::TABLE, PacketCodec::Zstd).unwrap();
            let batch = batch(&http::TABLE, "response_body", Arc::new(values));
            (0..batches).for_each(|_| writer.write(&batch).unwrap());
            let reader = open(writer.into_inner().unwrap());
            let groups = reader.metadata().row_groups().iter();
            groups.map(|group| group.num_rows()).collect::<Vec<_>>()
        };
        assert_eq!(groups(BinaryArray::new_null(100_000), 6), [262_144, 262_144, 75_712]);
        let mut random = fastrand::Rng::with_seed(7);
        let body: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(10 << 20).collect();
        assert_eq!(groups([Some(&body)].into_iter().collect(), 9), [4, 4, 1]);
    }

    #[test]
    fn other_arrays_are_no_bytes() {
        let mut writer = TableWriter::new(Vec::new(), &packets::TABLE, PacketCodec::Zstd).unwrap();
        let texts = datafusion::arrow::array::StringArray::from(vec!["text"]);
        let error = writer
            .write(&batch(&packets::TABLE, DATA, Arc::new(texts)))
            .unwrap_err();
        assert_eq!(error.to_string(), "Parquet error: a column of bytes cannot take Utf8");
    }
}
