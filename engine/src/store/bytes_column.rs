//! A column of bytes, written as pages of our own making: the bytes of packets and bodies are most of a store.
//!
//! The library copies a value three times on its way to the compressor and compresses whatever comes. Here a value is copied
//! once, into the page that is then compressed, and a page that would not shrink (TLS, images) stays as it is: after one such
//! page a probe tells of the next. Pages are of version 2 of the format, where each says whether it is compressed.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::basic::{Encoding, EncodingMask, PageType};
use datafusion::parquet::column::page::{CompressedPage, Page, PageWriter};
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use datafusion::parquet::file::statistics::Statistics;
use datafusion::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use datafusion::parquet::schema::types::ColumnDescPtr;

use super::properties::{PacketCodec, PageShape};
use super::segments::{Pages, SEGMENT_BYTES, Segments};
use crate::leb128;

/// Bytes of a page that tell whether it would shrink.
const PROBE_BYTES: usize = 4 << 10;
/// Memory that zstd keeps for one column, about.
const CONTEXT_BYTES: usize = 512 << 10;

/// The chunk of a column of bytes in one row group, growing.
pub(super) struct BytesColumn {
    descriptor: ColumnDescPtr,
    shape: PageShape,
    compressor: Compressor,
    page: Values,
    chunk: TrackedWrite<Segments>,
    index: OffsetIndexBuilder,
    pages: i32,
    rows: u64,
    nulls: u64,
    plain_bytes: u64,
    value_bytes: i64,
}

/// The values of a page.
#[derive(Default)]
struct Values {
    /// Each with its length before it (PLAIN).
    plain: Vec<u8>,
    /// Runs of values and of nulls: how many, and which.
    runs: Vec<(u32, bool)>,
    rows: u32,
    nulls: u32,
}

impl BytesColumn {
    /// Begins the chunk of a column that is neither nested nor repeated.
    pub(super) fn new(descriptor: ColumnDescPtr, shape: PageShape) -> Result<Self> {
        debug_assert!(descriptor.max_rep_level() == 0 && descriptor.max_def_level() == 1);
        Ok(Self {
            descriptor,
            shape,
            compressor: Compressor::new(shape)?,
            page: Values::default(),
            chunk: TrackedWrite::new(Segments::default()),
            index: OffsetIndexBuilder::new(),
            pages: 0,
            rows: 0,
            nulls: 0,
            plain_bytes: 0,
            value_bytes: 0,
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
        self.page.append(value);
        if self.page.rows as usize >= self.shape.rows || self.page.plain.len() >= self.shape.bytes {
            self.end_page()?;
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<()> {
        let Values {
            plain,
            runs,
            rows,
            nulls,
        } = &self.page;
        let mut bytes = Vec::new();
        for (count, is_value) in runs {
            write_run(&mut bytes, *count, *is_value);
        }
        let levels = bytes.len();
        let compressed = self.compressor.compress(plain)?;
        let is_compressed = compressed.is_some();
        bytes.extend_from_slice(compressed.unwrap_or(plain));
        let page = Page::DataPageV2 {
            buf: bytes.into(),
            num_values: *rows,
            encoding: Encoding::PLAIN,
            num_nulls: *nulls,
            num_rows: *rows,
            def_levels_byte_len: levels as u32,
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        let page = CompressedPage::new(page, levels + plain.len());
        let written = SerializedPageWriter::new(&mut self.chunk).write_page(page)?;
        let size = i32::try_from(written.compressed_size)
            .map_err(|_| ParquetError::General("a page is too large".to_owned()))?;
        self.index.append_row_count(i64::from(*rows));
        self.index.append_offset_and_size(written.offset as i64, size);
        let value_bytes = (plain.len() - (rows - nulls) as usize * size_of::<u32>()) as i64;
        self.index.append_unencoded_byte_array_data_bytes(Some(value_bytes));
        self.pages += 1;
        self.rows += u64::from(*rows);
        self.nulls += u64::from(*nulls);
        self.plain_bytes += written.uncompressed_size as u64;
        self.value_bytes += value_bytes;
        self.page.clear();
        Ok(())
    }

    /// Bytes that the chunk will take in the file, about.
    pub(super) fn bytes(&self) -> usize {
        self.chunk.bytes_written() + self.page.plain.len()
    }

    /// Memory of what is not yet written to the file.
    pub(super) fn memory_size(&self) -> usize {
        let compressor = self.compressor.out.capacity() + self.compressor.zstd.as_ref().map_or(0, |_| CONTEXT_BYTES);
        self.chunk.bytes_written() + SEGMENT_BYTES + self.page.plain.capacity() + compressor
    }

    /// Ends the chunk: its pages and what the row group says of them.
    pub(super) fn close(mut self) -> Result<(Pages, ColumnCloseResult)> {
        if self.page.rows > 0 {
            self.end_page()?;
        }
        let bytes_written = self.chunk.bytes_written() as u64;
        let nulls = Statistics::byte_array(None, None, None, Some(self.nulls), false);
        let metadata = ColumnChunkMetaData::builder(self.descriptor)
            .set_compression(self.compressor.codec.compression())
            .set_encodings_mask(EncodingMask::new_from_encodings(
                [Encoding::PLAIN, Encoding::RLE].iter(),
            ))
            .set_page_encoding_stats(vec![PageEncodingStats {
                page_type: PageType::DATA_PAGE_V2,
                encoding: Encoding::PLAIN,
                count: self.pages,
            }])
            .set_total_compressed_size(bytes_written as i64)
            .set_total_uncompressed_size(self.plain_bytes as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(0)
            .set_statistics(nulls)
            .set_unencoded_byte_array_data_bytes(Some(self.value_bytes))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(self.index.build()),
        };
        Ok((self.chunk.into_inner()?.into(), close))
    }
}

impl Values {
    fn append(&mut self, value: Option<&[u8]>) {
        self.rows += 1;
        match self.runs.last_mut() {
            Some((count, is_value)) if *is_value == value.is_some() => *count += 1,
            _ => self.runs.push((1, value.is_some())),
        }
        match value {
            Some(value) => {
                self.plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
                self.plain.extend_from_slice(value);
            }
            None => self.nulls += 1,
        }
    }

    fn clear(&mut self) {
        self.plain.clear();
        self.runs.clear();
        (self.rows, self.nulls) = (0, 0);
    }
}

/// A run of one definition level, as the hybrid of run lengths and bit packing has it (Parquet, Encodings, RLE = 3).
fn write_run(out: &mut Vec<u8>, count: u32, is_value: bool) {
    leb128::push(out, u64::from(count) << 1);
    out.push(u8::from(is_value));
}

/// Compresses pages, and leaves those alone that would not shrink.
struct Compressor {
    codec: PacketCodec,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    out: Vec<u8>,
    /// The page before did not shrink.
    failed: bool,
}

impl Compressor {
    fn new(PageShape { codec, level, .. }: PageShape) -> Result<Self> {
        let zstd = (codec == PacketCodec::Zstd).then(|| zstd::bulk::Compressor::new(level));
        Ok(Self {
            codec,
            zstd: zstd.transpose()?,
            out: Vec::new(),
            failed: false,
        })
    }

    /// The page, compressed; `None` if it is to stay as it is.
    fn compress(&mut self, page: &[u8]) -> Result<Option<&[u8]>> {
        if self.codec == PacketCodec::Uncompressed || page.is_empty() {
            return Ok(None);
        }
        if self.failed && page.len() > 2 * PROBE_BYTES {
            let probe = &page[page.len() / 2..][..PROBE_BYTES];
            let length = self.squeeze(probe)?;
            if !is_worth_it(length, probe.len()) {
                return Ok(None);
            }
        }
        let length = self.squeeze(page)?;
        self.failed = !is_worth_it(length, page.len());
        Ok(if self.failed { None } else { self.out.get(..length) })
    }

    /// Compresses into `out`, which keeps its memory from page to page; gives the length.
    fn squeeze(&mut self, page: &[u8]) -> Result<usize> {
        let bound = match self.codec {
            PacketCodec::Zstd => zstd::zstd_safe::compress_bound(page.len()),
            _ => lz4_flex::block::get_maximum_output_size(page.len()),
        };
        if self.out.len() < bound {
            self.out.resize(bound, 0);
        }
        match &mut self.zstd {
            Some(zstd) => Ok(zstd.compress_to_buffer(page, &mut self.out[..])?),
            None => lz4_flex::block::compress_into(page, &mut self.out)
                .map_err(|error| ParquetError::External(error.into())),
        }
    }
}

/// True if a page is to be stored compressed: a twentieth less to read pays for the time.
fn is_worth_it(compressed: usize, plain: usize) -> bool {
    compressed < plain - plain / 20
}
