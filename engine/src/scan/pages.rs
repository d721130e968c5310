//! The pages of a column chunk: what levels they have, and where their values are.
//!
//! Specification: Apache Parquet format, "Data Pages". What is not written as that says is `None` here.

use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::page::{Page, PageReader as _};
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::page_index::offset_index::PageLocation;
use datafusion::parquet::file::reader::{ChunkReader, Length};
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::hybrid;

/// What definition and repetition levels say.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    /// The level of a value that is there.
    pub(super) whole: u8,
    /// The level of a null: of a row without a value, of an element that is null; `None` where there are none.
    pub(super) null: Option<u8>,
    /// Whether rows have several values.
    pub(super) is_repeated: bool,
}

impl Levels {
    /// The levels of a chunk; `None` if it is nested deeper than a list or map of a table.
    pub(super) fn of(chunk: &ColumnChunkMetaData) -> Option<Self> {
        let description = chunk.column_descr();
        let whole = u8::try_from(description.max_def_level()).ok()?;
        let levels = Self {
            whole,
            null: whole.checked_sub(1).filter(|_| description.self_type().is_optional()),
            is_repeated: description.max_rep_level() > 0,
        };
        let is_deeper = description.max_rep_level() > 1 || (!levels.is_repeated && levels.whole > 1);
        (!is_deeper).then_some(levels)
    }

    /// How many of the values of a page are there, and, if not all are, the level of each.
    pub(super) fn defined(self, body: &Body, count: usize, definition: &mut Vec<u8>) -> Option<usize> {
        match self.whole {
            0 => Some(count),
            whole if hybrid::is_run_of(&body.definition, whole, count) => Some(count),
            whole => {
                levels(&body.definition, whole, count, definition)?;
                Some(definition.iter().filter(|level| **level == whole).count())
            }
        }
    }
}

/// Decodes so many levels up to one.
pub(super) fn levels(bytes: &[u8], most: u8, count: usize, out: &mut Vec<u8>) -> Option<()> {
    let width = u8::BITS - most.leading_zeros();
    // The bits that hold levels are few.
    hybrid::decode(bytes, width, count, out, |level| level as u8)
}

/// The pages of a chunk, from the bytes of its dictionary and of what follows it.
pub(super) fn open(
    chunk: &ColumnChunkMetaData,
    dictionary: Bytes,
    others: Bytes,
    rows: usize,
) -> Option<SerializedPageReader<Chunk>> {
    let (start, _) = chunk.byte_range();
    let bytes = Chunk {
        start,
        dictionary,
        others,
    };
    SerializedPageReader::new(Arc::new(bytes), chunk, rows, None).ok()
}

/// Pages of a chunk that lie one behind the other, from their bytes.
pub(super) fn some(
    chunk: &ColumnChunkMetaData,
    locations: &[PageLocation],
    bytes: Bytes,
    rows: usize,
) -> Option<SerializedPageReader<Chunk>> {
    let (of_chunk, _) = chunk.byte_range();
    let start = u64::try_from(locations.first()?.offset).ok()?;
    let before = start.checked_sub(of_chunk)?;
    let bytes = Chunk {
        start,
        dictionary: Bytes::new(),
        others: bytes,
    };
    let mut pages = SerializedPageReader::new(Arc::new(bytes), chunk, rows, Some(locations.to_vec())).ok()?;
    if before > 0 {
        // What lies before them is taken for a dictionary.
        pages.skip_next_page().ok()?;
    }
    Some(pages)
}

/// The parts of a data page.
pub(super) struct Body {
    pub(super) repetition: Bytes,
    pub(super) definition: Bytes,
    pub(super) values: Bytes,
}

/// The parts of a page and how many values it tells of, if its values are written in a way that is known.
pub(super) fn body(page: Page, levels: Levels, is_known: fn(Encoding) -> bool) -> Option<(Body, usize)> {
    match page {
        Page::DataPage {
            mut buf,
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            ..
        } if is_known(encoding) => {
            let repetition = if levels.is_repeated {
                prefixed(&mut buf)?
            } else {
                Bytes::new()
            };
            let definition = if levels.whole > 0 {
                prefixed(&mut buf)?
            } else {
                Bytes::new()
            };
            let body = Body {
                repetition,
                definition,
                values: buf,
            };
            Some((body, num_values as usize))
        }
        Page::DataPageV2 {
            mut buf,
            num_values,
            encoding,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } if is_known(encoding) => {
            let repetition = split(&mut buf, rep_levels_byte_len as usize)?;
            let definition = split(&mut buf, def_levels_byte_len as usize)?;
            let body = Body {
                repetition,
                definition,
                values: buf,
            };
            Some((body, num_values as usize))
        }
        _ => None,
    }
}

fn split(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

/// Bytes behind their length.
fn prefixed(bytes: &mut Bytes) -> Option<Bytes> {
    let length = split(bytes, 4)?.get_u32_le();
    split(bytes, length as usize)
}

/// The bytes of a chunk, at their place in the file.
pub(super) struct Chunk {
    start: u64,
    dictionary: Bytes,
    /// What follows the dictionary.
    others: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + (self.dictionary.len() + self.others.len()) as u64
    }
}

impl ChunkReader for Chunk {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        self.from(start).map(Buf::reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let mut bytes = self.from(start)?;
        bytes.truncate(length);
        if bytes.len() < length {
            return Err(outside());
        }
        Ok(bytes)
    }
}

impl Chunk {
    /// The bytes from a place on, of the dictionary or of what follows it: no page lies in both.
    fn from(&self, start: u64) -> ParquetResult<Bytes> {
        let place = start
            .checked_sub(self.start)
            .and_then(|place| usize::try_from(place).ok());
        let place = place.ok_or_else(outside)?;
        match place.checked_sub(self.dictionary.len()) {
            None => Ok(self.dictionary.slice(place..)),
            Some(place) if place <= self.others.len() => Ok(self.others.slice(place..)),
            Some(_) => Err(outside()),
        }
    }
}

fn outside() -> ParquetError {
    ParquetError::EOF("a page lies outside of its chunk".to_owned())
}

/// One bit for each byte that is 0 or 1.
pub(super) fn bits(bytes: &[u8]) -> BooleanBuffer {
    // Multiplied by this, the lowest bits of eight bytes come to lie side by side in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, rest) = bytes.as_chunks::<8>();
    let gathered = |eight: [u8; 8]| (u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56) as u8;
    let mut bits: Vec<u8> = eights.iter().map(|eight| gathered(*eight)).collect();
    if !rest.is_empty() {
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        bits.push(gathered(eight));
    }
    BooleanBuffer::new(bits.into(), 0, bytes.len())
}
