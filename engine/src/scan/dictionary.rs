//! A column chunk whose values are numbers of a dictionary: the dictionary's values as an array; and, once it is known of
//! which of them a question is true, the rows of which it is true; or of each row the number of its value.
//!
//! In a list or map a row has several values: one that is true makes the row true, a row without values is not.
//!
//! Specification: Apache Parquet format, "Data Pages" and "RLE / Bit-Packing Hybrid". What is not written as that says, and
//! what has no dictionary, is `None` here: another reader reads it, or tells what is wrong.

use std::ops::Range;

use bytes::Bytes;
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::serialized_reader::SerializedPageReader;

use super::counts::Counts;
use super::hybrid;
use super::pages::{self, Body, Chunk, Levels};
use super::plain;

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
    pub(super) levels: Levels,
}

/// Of which values a question is true.
pub(super) struct Truth {
    /// By the number of the value: 1 if it is.
    pub(super) of_value: Vec<u8>,
    /// Of a null: of a row without a value, or of an element that is null.
    pub(super) of_null: bool,
}

impl<'a> Dictionary<'a> {
    /// Reads the dictionary of a chunk from its bytes. The values become an array of the type that a table or a list holds.
    pub(super) fn open(chunk: &'a ColumnChunkMetaData, bytes: Bytes, data_type: &DataType) -> Option<Self> {
        let levels = Levels::of(chunk)?;
        match pages::open(chunk, bytes.clone(), Bytes::new(), 0)?
            .get_next_page()
            .ok()??
        {
            Page::DictionaryPage { buf, num_values, .. } => {
                let values = plain::values(&buf, num_values as usize, chunk.column_type(), data_type)?;
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

    /// The pages of a chunk, from the bytes of those of numbers.
    pub(super) fn pages(&self, numbers: Bytes, rows: usize) -> Option<SerializedPageReader<Chunk>> {
        pages::open(self.chunk, self.bytes.clone(), numbers, rows)
    }

    /// True if a row has several values.
    pub(super) fn is_repeated(&self) -> bool {
        self.levels.is_repeated
    }

    /// What the values of some rows stand for, from the bytes of the pages of numbers: of values by their numbers, and of null.
    /// Of a list or map there is no such thing.
    pub(super) fn numbers(
        self,
        of_value: &[u32],
        of_null: u32,
        numbers: Bytes,
        rows: &BooleanBuffer,
    ) -> Option<Vec<u32>> {
        let (count, whole) = (rows.count_set_bits(), self.levels.whole);
        let is_all = count == rows.len();
        let is_sparse = count.saturating_mul(SPARSE) <= rows.len();
        let mut found = Vec::with_capacity(count);
        let (mut values, mut all) = (Vec::new(), Vec::new());
        self.each_page(numbers, rows.len(), |page| {
            let rows = rows.slice(page.row, page.count);
            if page.levels.is_none() && is_sparse {
                values.clear();
                hybrid::pick(page.packed, page.width, page.count, rows.set_indices(), &mut values)?;
                for number in &values {
                    found.push(*of_value.get(*number as usize)?);
                }
                return Some(());
            }
            let of_rows = page.decode(of_value.len(), &mut values)?;
            let mut of_values = of_rows.iter().map(|number| of_value[*number as usize]);
            match page.levels {
                None if is_all => found.extend(of_values),
                None => found.extend(rows.set_indices().map(|row| of_value[of_rows[row] as usize])),
                Some(levels) => {
                    all.clear();
                    all.extend(levels.iter().map(|level| match *level == whole {
                        true => of_values.next().unwrap_or(of_null),
                        false => of_null,
                    }));
                    found.extend(rows.set_indices().map(|row| all[row]));
                }
            }
            Some(())
        })?;
        Some(found)
    }

    /// How many rows have each value, from the bytes of the pages of numbers; and how many have none.
    pub(super) fn counts(self, numbers: Bytes, rows: usize) -> Option<(Vec<i64>, i64)> {
        let mut counts = Counts::new(self.values.len());
        let (mut values, mut nulls) = (Vec::new(), 0);
        let known = self.values.len();
        self.each_page(numbers, rows, |page| {
            let numbers = page.decode(known, &mut values)?;
            nulls += (page.count - numbers.len()) as i64;
            counts.add(numbers);
            Some(())
        })?;
        Some((counts.of_each(), nulls))
    }

    /// The level of a row that has a value.
    pub(super) fn whole(&self) -> u8 {
        self.levels.whole
    }

    /// Gives the pages of a column that has one value per row.
    pub(super) fn each_page(
        self,
        numbers: Bytes,
        rows: usize,
        mut each: impl FnMut(&NumbersPage<'_>) -> Option<()>,
    ) -> Option<()> {
        if self.levels.is_repeated {
            return None;
        }
        let mut pages = self.pages(numbers, rows)?;
        let (mut definition, mut row) = (Vec::new(), 0);
        while let Some(page) = pages.get_next_page().ok()? {
            if matches!(page, Page::DictionaryPage { .. }) {
                continue;
            }
            let (body, count) = pages::body(page, self.levels, is_dictionary)?;
            if count > rows - row {
                return None;
            }
            let whole = self.levels.defined(&body, count, &mut definition)?;
            let (width, packed) = width(&body, whole)?;
            each(&NumbersPage {
                row,
                count,
                whole,
                levels: (whole < count).then_some(definition.as_slice()),
                width,
                packed,
            })?;
            row += count;
        }
        (row == rows).then_some(())
    }

    /// The rows of which the question is true, from the bytes of the pages of numbers.
    pub(super) fn rows(self, truth: &Truth, numbers: Bytes, rows: usize) -> Option<BooleanBuffer> {
        let mut pages = self.pages(numbers, rows)?;
        let mut found = Vec::with_capacity(rows);
        let mut scratch = Scratch::default();
        while let Some(page) = pages.get_next_page().ok()? {
            if matches!(page, Page::DictionaryPage { .. }) {
                continue;
            }
            let (body, count) = pages::body(page, self.levels, is_dictionary)?;
            // Every row has a value, or the place of one; a list may have several, but no page that was written has so many.
            let most = if self.levels.is_repeated {
                MOST_VALUES
            } else {
                rows - found.len()
            };
            if count > most {
                return None;
            }
            self.levels.page(&body, count, truth, &mut scratch, &mut found)?;
            if found.len() > rows {
                return None;
            }
        }
        (found.len() == rows).then(|| pages::bits(&found))
    }
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

/// Values of one page of lists: a few hundred for each of its rows.
pub(super) const MOST_VALUES: usize = 1 << 24;
/// Marks a number beyond the dictionary.
const NO_VALUE: u8 = 2;
/// One of so many rows is few: their numbers are picked out of those of all.
const SPARSE: usize = 16;

/// A page of a column that has one value per row.
pub(super) struct NumbersPage<'a> {
    /// The place of its first row in the row group.
    row: usize,
    count: usize,
    /// How many of its rows have a value; if not all do, the level of each.
    whole: usize,
    pub(super) levels: Option<&'a [u8]>,
    /// The numbers of the values, of so many bits each.
    width: u32,
    packed: &'a [u8],
}

impl NumbersPage<'_> {
    /// The numbers of the values, all of them of so many that are known.
    pub(super) fn decode<'v>(&self, known: usize, values: &'v mut Vec<u32>) -> Option<&'v [u32]> {
        hybrid::decode(self.packed, self.width, self.whole, values, |number| number)?;
        let most = values.iter().fold(0, |most, number| most.max(*number));
        (self.whole == 0 || (most as usize) < known).then_some(values.as_slice())
    }
}

pub(super) fn is_dictionary(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

/// How many bits the numbers of a page have, and the numbers; a page without values may lack both.
pub(super) fn width(body: &Body, values: usize) -> Option<(u32, &[u8])> {
    match body.values.split_first() {
        Some((width, packed)) => Some((u32::from(*width), packed)),
        None => (values == 0).then_some((0, &[][..])),
    }
}

/// What is true of each value of a page, by what is true of those of the dictionary.
pub(super) fn truths(body: &Body, values: usize, of_value: &[u8], truths: &mut Vec<u8>) -> Option<()> {
    let (width, packed) = width(body, values)?;
    if width <= u8::BITS {
        // Most dictionaries are small, and then every number of so many bits has its place in a table.
        let mut table = [NO_VALUE; 1 << u8::BITS];
        let known = of_value.len().min(table.len());
        table[..known].copy_from_slice(&of_value[..known]);
        hybrid::decode(packed, width, values, truths, |number| table[usize::from(number as u8)])?;
    } else {
        let of_value = |number: u32| of_value.get(number as usize).copied().unwrap_or(NO_VALUE);
        hybrid::decode(packed, width, values, truths, of_value)?;
    }
    (truths.iter().fold(0, |all, truth| all | truth) & NO_VALUE == 0).then_some(())
}

impl Levels {
    /// Adds the rows of a page.
    fn page(self, body: &Body, count: usize, truth: &Truth, scratch: &mut Scratch, found: &mut Vec<u8>) -> Option<()> {
        let Scratch {
            definition,
            repetition,
            truths,
            slots,
        } = scratch;
        let whole = self.defined(body, count, definition)?;
        self::truths(body, whole, &truth.of_value, truths)?;
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
        pages::levels(&body.repetition, 1, count, repetition)?;
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
