//! A column of bytes, written as pages of our own making: the bytes of packets and bodies are most of a store.
//!
//! The library copies a value three times on its way to the compressor. Here a value is copied once, into the page that is then
//! compressed.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::statistics::Statistics;
use datafusion::parquet::schema::types::ColumnDescPtr;

use super::chunk::{Chunk, Levels};
use super::properties::PageShape;
use super::segments::Pages;

/// The chunk of a column of bytes in one row group, growing.
pub(super) struct BytesColumn {
    shape: PageShape,
    chunk: Chunk,
    levels: Levels,
    page: PlainPage,
}

/// The values of a page that has no dictionary.
#[derive(Default)]
pub(super) struct PlainPage {
    /// Each with its length before it (PLAIN).
    pub(super) plain: Vec<u8>,
    values: usize,
}

impl PlainPage {
    /// Appends a value.
    pub(super) fn push(&mut self, value: &[u8]) {
        self.values += 1;
        push_plain(&mut self.plain, value);
    }

    /// Ends the page: writes it into a chunk, and begins another.
    pub(super) fn end(&mut self, levels: &mut Levels, chunk: &mut Chunk) -> Result<()> {
        let value_bytes = self.plain.len() - self.values * size_of::<u32>();
        chunk.end_page(levels, Encoding::PLAIN, &self.plain, value_bytes as i64)?;
        self.plain.clear();
        self.values = 0;
        Ok(())
    }
}

/// Appends a value with its length before it (PLAIN).
pub(super) fn push_plain(plain: &mut Vec<u8>, value: &[u8]) {
    plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
    plain.extend_from_slice(value);
}

impl BytesColumn {
    /// Begins the chunk of a column that is neither nested nor repeated.
    pub(super) fn new(descriptor: ColumnDescPtr, shape: PageShape) -> Result<Self> {
        Ok(Self {
            shape,
            chunk: Chunk::new(descriptor, shape.codec)?,
            levels: Levels::default(),
            page: PlainPage::default(),
        })
    }

    /// Appends values: Binary or BinaryView.
    pub(super) fn write(&mut self, values: &ArrayRef) -> Result<()> {
        match values.data_type() {
            DataType::Binary => values
                .as_binary::<i32>()
                .iter()
                .try_for_each(|value| self.append(value)),
            DataType::BinaryView => values.as_binary_view().iter().try_for_each(|value| self.append(value)),
            other => Err(ParquetError::General(format!("a column of bytes cannot take {other}"))),
        }
    }

    fn append(&mut self, value: Option<&[u8]>) -> Result<()> {
        self.levels.push(value.is_some(), 1);
        if let Some(value) = value {
            self.page.push(value);
        }
        if self.levels.rows() >= self.shape.rows || self.page.plain.len() >= self.shape.bytes {
            self.page.end(&mut self.levels, &mut self.chunk)?;
        }
        Ok(())
    }

    /// Bytes that the chunk will take in the file, about.
    pub(super) fn bytes(&self) -> usize {
        self.chunk.bytes() + self.page.plain.len()
    }

    /// Memory of what is not yet written to the file.
    pub(super) fn memory_size(&self) -> usize {
        self.chunk.memory_size() + self.levels.memory_size() + self.page.plain.capacity()
    }

    /// Ends the chunk: its pages and what the row group says of them.
    pub(super) fn close(mut self) -> Result<(Pages, ColumnCloseResult)> {
        if self.levels.rows() > 0 {
            self.page.end(&mut self.levels, &mut self.chunk)?;
        }
        let nulls = Statistics::byte_array(None, None, None, Some(self.chunk.nulls()), false);
        self.chunk.close(None, nulls)
    }
}
