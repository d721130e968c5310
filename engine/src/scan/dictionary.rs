//! A column chunk whose values are numbers of a dictionary: the dictionary's values as an array; and, once it is known of
//! which of them a question is true, the rows of which it is true.
//!
//! In a list or map a row has several values: one that is true makes the row true, a row without values is not.
//!
//! Specification: Apache Parquet format, "Data Pages" and "RLE / Bit-Packing Hybrid". What is not written as that says, and
//! what has no dictionary, is `None` here: another reader reads it, or tells what is wrong.

use std::ops::Range;
use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, StringViewArray, TimestampNanosecondArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::reader::{ChunkReader, Length};
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::hybrid;

/// True if all values of a chunk are numbers of its dictionary.
pub(super) fn is_whole(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.is_only(Encoding::PLAIN_DICTIONARY) || mask.is_only(Encoding::RLE_DICTIONARY))
}

/// Where the dictionary of a chunk lies, and where its pages of numbers.
pub(super) fn places(chunk: &ColumnChunkMetaData) -> (Range<u64>, Range<u64>) {
    let (start, length) = chunk.byte_range();
    let end = start + length;
    let pages = u64::try_from(chunk.data_page_offset()).map_or(end, |pages| pages.clamp(start, end));
    (start..pages, pages..end)
}

/// The dictionary of a chunk.
pub(super) struct Dictionary<'a> {
    chunk: &'a ColumnChunkMetaData,
    bytes: Bytes,
    /// The values, in the order of their numbers.
    pub(super) values: ArrayRef,
    levels: Levels,
}

/// Of which values a question is true.
pub(super) struct Truth {
    /// By the number of the value: 1 if it is.
    pub(super) of_value: Vec<u8>,
    /// Of a null: of a row without a value, or of an element that is null.
    pub(super) of_null: bool,
}

/// What definition and repetition levels say.
#[derive(Clone, Copy)]
struct Levels {
    /// The level of a value that is there.
    whole: u8,
    /// The level of a null: of a row without a value, of an element that is null; `None` where there are none.
    null: Option<u8>,
    /// Whether rows have several values.
    is_repeated: bool,
}

impl<'a> Dictionary<'a> {
    /// Reads the dictionary of a chunk from its bytes. The values become an array of the type that a table or a list holds.
    pub(super) fn open(chunk: &'a ColumnChunkMetaData, bytes: Bytes, data_type: &DataType) -> Option<Self> {
        let description = chunk.column_descr();
        let whole = u8::try_from(description.max_def_level()).ok()?;
        let levels = Levels {
            whole,
            null: whole.checked_sub(1).filter(|_| description.self_type().is_optional()),
            is_repeated: description.max_rep_level() > 0,
        };
        if description.max_rep_level() > 1 || (!levels.is_repeated && levels.whole > 1) {
            return None;
        }
        match pages(chunk, bytes.clone(), Bytes::new(), 0)?.get_next_page().ok()?? {
            Page::DictionaryPage { buf, num_values, .. } => {
                let values = values(&buf, num_values as usize, chunk.column_type(), data_type)?;
                Some(Self {
                    chunk,
                    bytes,
                    values,
                    levels,
                })
            }
            _ => None,
        }
    }

    /// The rows of which the question is true, from the bytes of the pages of numbers.
    pub(super) fn rows(self, truth: &Truth, numbers: Bytes, rows: usize) -> Option<BooleanBuffer> {
        let mut pages = pages(self.chunk, self.bytes, numbers, rows)?;
        let mut found = Vec::with_capacity(rows);
        let mut scratch = Scratch::default();
        while let Some(page) = pages.get_next_page().ok()? {
            if matches!(page, Page::DictionaryPage { .. }) {
                continue;
            }
            let (body, count) = body(page, self.levels)?;
            self.levels.page(&body, count, truth, &mut scratch, &mut found)?;
        }
        (found.len() == rows).then(|| packed(&found))
    }
}

fn pages(
    chunk: &ColumnChunkMetaData,
    dictionary: Bytes,
    numbers: Bytes,
    rows: usize,
) -> Option<SerializedPageReader<Chunk>> {
    let (start, _) = chunk.byte_range();
    let bytes = Chunk {
        start,
        dictionary,
        numbers,
    };
    SerializedPageReader::new(Arc::new(bytes), chunk, rows, None).ok()
}

/// One bit for each byte that is 0 or 1.
fn packed(bytes: &[u8]) -> BooleanBuffer {
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

/// The parts of a data page.
struct Body {
    repetition: Bytes,
    definition: Bytes,
    /// One byte that says how many bits a number has, then the numbers.
    numbers: Bytes,
}

fn body(page: Page, levels: Levels) -> Option<(Body, usize)> {
    match page {
        Page::DataPage {
            mut buf,
            num_values,
            encoding: Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            ..
        } => {
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
                numbers: buf,
            };
            Some((body, num_values as usize))
        }
        Page::DataPageV2 {
            mut buf,
            num_values,
            encoding: Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => {
            let repetition = split(&mut buf, rep_levels_byte_len as usize)?;
            let definition = split(&mut buf, def_levels_byte_len as usize)?;
            let body = Body {
                repetition,
                definition,
                numbers: buf,
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

/// Room that pages share.
#[derive(Default)]
struct Scratch {
    definition: Vec<u8>,
    repetition: Vec<u8>,
    /// Of each value of a page, in order: 1 if it is true.
    truths: Vec<u8>,
    /// The same, with those that are null or not there between.
    slots: Vec<u8>,
}

/// Marks a number beyond the dictionary.
const NO_VALUE: u8 = 2;

impl Levels {
    /// Adds the rows of a page.
    fn page(self, body: &Body, count: usize, truth: &Truth, scratch: &mut Scratch, found: &mut Vec<u8>) -> Option<()> {
        let Scratch {
            definition,
            repetition,
            truths,
            slots,
        } = scratch;
        let whole = match self.whole {
            0 => count,
            whole => {
                hybrid::decode(&body.definition, bits(whole), count, definition, level)?;
                definition.iter().filter(|level| **level == whole).count()
            }
        };
        let (width, packed) = match body.numbers.split_first() {
            Some((width, packed)) => (u32::from(*width), packed),
            None if whole == 0 => (0, &[][..]),
            None => return None,
        };
        if width <= u8::BITS {
            // Most dictionaries are small, and then every number of so many bits has its place in a table.
            let mut table = [NO_VALUE; 1 << u8::BITS];
            let known = truth.of_value.len().min(table.len());
            table[..known].copy_from_slice(&truth.of_value[..known]);
            hybrid::decode(packed, width, whole, truths, |number| table[usize::from(number as u8)])?;
        } else {
            let of_value = |number: u32| truth.of_value.get(number as usize).copied().unwrap_or(NO_VALUE);
            hybrid::decode(packed, width, whole, truths, of_value)?;
        }
        if truths.iter().fold(0, |all, truth| all | truth) & NO_VALUE != 0 {
            return None;
        }
        let slots = if whole == count {
            truths
        } else {
            let (mut truths, of_null) = (truths.iter(), u8::from(truth.of_null));
            slots.clear();
            slots.extend(definition.iter().map(|level| match *level {
                level if level == self.whole => truths.next().copied().unwrap_or(0),
                level => of_null * u8::from(self.null == Some(level)),
            }));
            slots
        };
        if !self.is_repeated {
            found.extend_from_slice(slots);
            return Some(());
        }
        hybrid::decode(&body.repetition, 1, count, repetition, level)?;
        // A row that began on the page before goes on here.
        let mut row = found.len().checked_sub(1);
        if row.is_none() && repetition.first() == Some(&1) {
            return None;
        }
        let rows = repetition.iter().filter(|repeated| **repeated == 0).count();
        found.resize(found.len() + rows, 0);
        for (slot, repeated) in slots.iter().zip(repetition.iter()) {
            let place = row.map_or(0, |row| row + usize::from(*repeated == 0));
            found[place] |= slot;
            row = Some(place);
        }
        Some(())
    }
}

/// Bits that hold levels up to this one.
fn bits(level: u8) -> u32 {
    u8::BITS - level.leading_zeros()
}

/// A level; the bits that hold it are few.
fn level(number: u32) -> u8 {
    number as u8
}

/// The values of a dictionary page, which are written plainly.
fn values(bytes: &[u8], count: usize, physical: PhysicalType, data_type: &DataType) -> Option<ArrayRef> {
    match (physical, data_type) {
        (PhysicalType::INT64, DataType::Int64) => Some(Arc::new(Int64Array::from(ints(bytes, count)?))),
        (PhysicalType::INT64, DataType::Timestamp(TimeUnit::Nanosecond, zone)) => {
            let values = TimestampNanosecondArray::from(ints(bytes, count)?);
            Some(Arc::new(values.with_timezone_opt(zone.clone())))
        }
        (PhysicalType::BYTE_ARRAY, DataType::Utf8View) => {
            Some(Arc::new(StringViewArray::from_iter_values(texts(bytes, count)?)))
        }
        (PhysicalType::BYTE_ARRAY, DataType::Utf8) => {
            Some(Arc::new(StringArray::from_iter_values(texts(bytes, count)?)))
        }
        _ => None,
    }
}

fn ints(bytes: &[u8], count: usize) -> Option<Vec<i64>> {
    let (ints, rest) = bytes.as_chunks::<8>();
    (ints.len() == count && rest.is_empty()).then(|| ints.iter().map(|int| i64::from_le_bytes(*int)).collect())
}

fn texts(mut bytes: &[u8], count: usize) -> Option<Vec<&str>> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        texts.push(std::str::from_utf8(text).ok()?);
        bytes = rest;
    }
    Some(texts)
}

/// The bytes of a chunk, at their place in the file.
struct Chunk {
    start: u64,
    dictionary: Bytes,
    /// What follows the dictionary.
    numbers: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + (self.dictionary.len() + self.numbers.len()) as u64
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
            Some(place) if place <= self.numbers.len() => Ok(self.numbers.slice(place..)),
            Some(_) => Err(outside()),
        }
    }
}

fn outside() -> ParquetError {
    ParquetError::EOF("a page lies outside of its chunk".to_owned())
}
