//! A column chunk of our own making, as it grows in memory: its pages, where they lie, and what the row group says of them.
//!
//! Pages are of version 2 of the format, where each says whether it is compressed: one that would not shrink (TLS, images, numbers
//! of a long dictionary) stays as it is, and after one such page a probe tells of the next.
//!
//! Specification: Apache Parquet format, "Data Pages".

use datafusion::parquet::basic::{Encoding, EncodingMask, PageType};
use datafusion::parquet::column::page::{CompressedPage, Page, PageWriter};
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use datafusion::parquet::file::statistics::Statistics;
use datafusion::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use datafusion::parquet::schema::types::ColumnDescPtr;
use zstd::zstd_safe::CParameter;

use super::packing;
use super::properties::{PacketCodec, PageCodec};
use super::segments::{Pages, Segments};

/// Bytes of a page that tell whether it would shrink.
const PROBE_BYTES: usize = 4 << 10;
/// Levels of a run that take as much bit by bit.
const SHORT_RUN: usize = 16;
/// Memory that zstd keeps for one column, about.
const CONTEXT_BYTES: usize = 512 << 10;

/// The chunk of a column in one row group, growing. The column is neither nested nor repeated, and may have nulls.
pub(super) struct Chunk {
    descriptor: ColumnDescPtr,
    compressor: Compressor,
    pages: TrackedWrite<Segments>,
    places: Vec<Written>,
    rows: u64,
    nulls: u64,
    plain_bytes: u64,
}

/// A page that is written.
struct Written {
    size: i32,
    rows: u32,
    encoding: Encoding,
    value_bytes: i64,
}

/// The dictionary of a chunk.
pub(super) struct DictionaryPage {
    /// The values (PLAIN).
    pub(super) plain: Vec<u8>,
    /// How many they are.
    pub(super) values: u32,
}

impl Chunk {
    /// Begins a chunk.
    pub(super) fn new(descriptor: ColumnDescPtr, codec: PageCodec) -> Result<Self> {
        debug_assert!(descriptor.max_rep_level() == 0 && descriptor.max_def_level() == 1);
        Ok(Self {
            descriptor,
            compressor: Compressor::new(codec)?,
            pages: TrackedWrite::new(Segments::default()),
            places: Vec::new(),
            rows: 0,
            nulls: 0,
            plain_bytes: 0,
        })
    }

    /// Appends a page of these levels and encoded values, which are of so many bytes themselves, and begins levels anew.
    pub(super) fn end_page(
        &mut self,
        levels: &mut Levels,
        encoding: Encoding,
        values: &[u8],
        value_bytes: i64,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        levels.write(&mut bytes);
        let levels_bytes = bytes.len();
        let compressed = self.compressor.compress(values)?;
        let is_compressed = compressed.is_some();
        bytes.extend_from_slice(compressed.unwrap_or(values));
        let page = Page::DataPageV2 {
            buf: bytes.into(),
            num_values: levels.rows,
            encoding,
            num_nulls: levels.nulls,
            num_rows: levels.rows,
            def_levels_byte_len: levels_bytes as u32,
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        let page = CompressedPage::new(page, levels_bytes + values.len());
        let written = SerializedPageWriter::new(&mut self.pages).write_page(page)?;
        self.places.push(Written {
            size: i32::try_from(written.compressed_size)
                .map_err(|_| ParquetError::General("a page is too large".to_owned()))?,
            rows: levels.rows,
            encoding,
            value_bytes,
        });
        self.rows += u64::from(levels.rows);
        self.nulls += u64::from(levels.nulls);
        self.plain_bytes += written.uncompressed_size as u64;
        levels.clear();
        Ok(())
    }

    /// Rows without a value.
    pub(super) fn nulls(&self) -> u64 {
        self.nulls
    }

    /// Bytes of the pages so far.
    pub(super) fn bytes(&self) -> usize {
        self.pages.bytes_written()
    }

    /// Memory of the pages, until they are in the file.
    pub(super) fn memory_size(&self) -> usize {
        let context = self.compressor.zstd.as_ref().map_or(0, |_| CONTEXT_BYTES);
        self.pages.inner().memory_size() + self.compressor.out.capacity() + context
    }

    /// Ends the chunk: its pages, of which the dictionary is the first, and what the row group says of them.
    pub(super) fn close(
        mut self,
        dictionary: Option<DictionaryPage>,
        statistics: Statistics,
    ) -> Result<(Pages, ColumnCloseResult)> {
        let mut first = TrackedWrite::new(Segments::default());
        let mut encodings = Vec::new();
        if let Some(DictionaryPage { plain, values }) = dictionary {
            let page = Page::DictionaryPage {
                buf: self.compressor.always(&plain)?.to_vec().into(),
                num_values: values,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let written = SerializedPageWriter::new(&mut first).write_page(CompressedPage::new(page, plain.len()))?;
            self.plain_bytes += written.uncompressed_size as u64;
            encodings.push(PageEncodingStats {
                page_type: PageType::DICTIONARY_PAGE,
                encoding: Encoding::PLAIN,
                count: 1,
            });
        }
        let start = first.bytes_written() as i64;
        let (mut index, mut offset) = (OffsetIndexBuilder::new(), start);
        for page in &self.places {
            index.append_row_count(i64::from(page.rows));
            index.append_offset_and_size(offset, page.size);
            index.append_unencoded_byte_array_data_bytes(Some(page.value_bytes));
            offset += i64::from(page.size);
            match encodings.last_mut() {
                Some(last) if last.page_type == PageType::DATA_PAGE_V2 && last.encoding == page.encoding => {
                    last.count += 1
                }
                _ => encodings.push(PageEncodingStats {
                    page_type: PageType::DATA_PAGE_V2,
                    encoding: page.encoding,
                    count: 1,
                }),
            }
        }
        let used = encodings.iter().map(|pages| pages.encoding).chain([Encoding::RLE]);
        let metadata = ColumnChunkMetaData::builder(self.descriptor)
            .set_compression(self.compressor.codec.compression())
            .set_encodings_mask(EncodingMask::new_from_encodings(used.collect::<Vec<_>>().iter()))
            .set_page_encoding_stats(encodings)
            .set_total_compressed_size(offset)
            .set_total_uncompressed_size(self.plain_bytes as i64)
            .set_num_values(self.rows as i64)
            .set_dictionary_page_offset((start > 0).then_some(0))
            .set_data_page_offset(start)
            .set_statistics(statistics)
            .set_unencoded_byte_array_data_bytes(Some(self.places.iter().map(|page| page.value_bytes).sum()))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: offset as u64,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(index.build()),
        };
        Ok((Pages::of([first.into_inner()?, self.pages.into_inner()?]), close))
    }
}

/// Which rows of a page have a value.
#[derive(Default)]
pub(super) struct Levels {
    /// Runs of values and of nulls: how many, and which.
    runs: Vec<(u32, bool)>,
    rows: u32,
    nulls: u32,
}

impl Levels {
    /// Appends rows that all have a value, or none.
    pub(super) fn push(&mut self, is_value: bool, count: u32) {
        self.rows += count;
        if !is_value {
            self.nulls += count;
        }
        match self.runs.last_mut() {
            Some((run, was_value)) if *was_value == is_value => *run += count,
            _ => self.runs.push((count, is_value)),
        }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Memory that they take.
    pub(super) fn memory_size(&self) -> usize {
        self.runs.capacity() * size_of::<(u32, bool)>()
    }

    /// Writes them as runs, or bit by bit if the runs are short.
    fn write(&self, bytes: &mut Vec<u8>) {
        let levels = self
            .runs
            .iter()
            .map(|(count, is_value)| (*count as usize, u32::from(*is_value)));
        if self.runs.len() * SHORT_RUN <= self.rows as usize {
            levels.for_each(|(count, level)| packing::push_run(level, 1, count, bytes));
        } else {
            let levels: Vec<u32> = levels
                .flat_map(|(count, level)| std::iter::repeat_n(level, count))
                .collect();
            packing::pack(&levels, 1, bytes);
        }
    }

    fn clear(&mut self) {
        self.runs.clear();
        (self.rows, self.nulls) = (0, 0);
    }
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
    fn new(codec: PageCodec) -> Result<Self> {
        let PageCodec {
            codec,
            level,
            least_match,
        } = codec;
        let zstd = match codec {
            PacketCodec::Zstd => {
                let mut zstd = zstd::bulk::Compressor::new(level)?;
                zstd.set_parameter(CParameter::MinMatch(least_match))?;
                Some(zstd)
            }
            PacketCodec::Lz4 | PacketCodec::Uncompressed => None,
        };
        Ok(Self {
            codec,
            zstd,
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

    /// The page, compressed if pages are: a dictionary does not say whether it is.
    fn always<'a>(&'a mut self, page: &'a [u8]) -> Result<&'a [u8]> {
        if self.codec == PacketCodec::Uncompressed {
            return Ok(page);
        }
        let length = self.squeeze(page)?;
        Ok(&self.out[..length])
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
