//! A column of text, written as numbers of a dictionary while that is small and repeats itself, and plain from then on.
//!
//! The library hashes each value and compares it with the least and the greatest so far. Here a value that is the one before is
//! not looked up, and of the dictionary's values alone it is asked which is the least: most columns say the same in many rows.

use std::ops::Range;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::writer::ColumnCloseResult;
use datafusion::parquet::data_type::ByteArray;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::parquet::file::statistics::{Statistics, ValueStatistics};
use datafusion::parquet::schema::types::ColumnDescPtr;
use hashbrown::HashTable;

use super::bytes_column::{PlainPage, push_plain};
use super::chunk::{Chunk, DictionaryPage, Levels};
use super::packing;
use super::properties::PageCodec;
use super::segments::Pages;

/// The chunk of a column of text in one row group, growing.
pub(super) struct TextColumn {
    limits: Limits,
    chunk: Chunk,
    levels: Levels,
    dictionary: Dictionary,
    /// Of the page, while the dictionary is small enough.
    numbers: Vec<u32>,
    number_bytes: usize,
    /// Of the page, from then on.
    page: PlainPage,
    range: TextRange,
}

/// Bytes of a dictionary from which on its values must repeat,
const LARGE_BYTES: usize = 256 << 10;
/// and of how many values one at least must have been there before.
const ONE_KNOWN_OF: usize = 4;

/// How much a page, a dictionary and a bound may hold.
#[derive(Clone, Copy)]
struct Limits {
    page_rows: usize,
    page_bytes: usize,
    dictionary_bytes: usize,
    bound_bytes: usize,
}

impl TextColumn {
    /// Begins the chunk of a column that is neither nested nor repeated.
    pub(super) fn new(descriptor: ColumnDescPtr, properties: &WriterProperties) -> Result<Self> {
        Ok(Self {
            limits: Limits {
                page_rows: properties.data_page_row_count_limit(),
                page_bytes: properties.data_page_size_limit(),
                dictionary_bytes: properties.dictionary_page_size_limit(),
                bound_bytes: properties.statistics_truncate_length().unwrap_or(usize::MAX),
            },
            chunk: Chunk::new(descriptor, PageCodec::ROWS)?,
            levels: Levels::default(),
            dictionary: Dictionary::default(),
            numbers: Vec::new(),
            number_bytes: 0,
            page: PlainPage::default(),
            range: TextRange::default(),
        })
    }

    /// Appends values: Utf8 or Utf8View.
    pub(super) fn write(&mut self, values: &ArrayRef) -> Result<()> {
        if values.null_count() == values.len() {
            return self.append_nulls(values.len());
        }
        match values.data_type() {
            DataType::Utf8 => values.as_string::<i32>().iter().try_for_each(|text| self.append(text)),
            DataType::Utf8View => values.as_string_view().iter().try_for_each(|text| self.append(text)),
            other => Err(ParquetError::General(format!("a column of text cannot take {other}"))),
        }
    }

    fn append(&mut self, text: Option<&str>) -> Result<()> {
        let Some(text) = text else {
            return self.append_nulls(1);
        };
        self.levels.push(true, 1);
        if self.dictionary.is_open {
            self.numbers.push(self.dictionary.number(text));
            self.number_bytes += text.len();
            if self.dictionary.plain.len() >= self.limits.dictionary_bytes {
                self.end_page()?;
                self.dictionary.close();
            }
        } else {
            self.page.push(text.as_bytes());
            self.range.add(text.as_bytes());
        }
        if self.levels.rows() >= self.limits.page_rows || self.page.plain.len() >= self.limits.page_bytes {
            self.end_page()?;
        }
        Ok(())
    }

    fn append_nulls(&mut self, mut count: usize) -> Result<()> {
        while count > 0 {
            let fits = count.min(self.limits.page_rows - self.levels.rows());
            self.levels.push(false, fits as u32);
            count -= fits;
            if self.levels.rows() >= self.limits.page_rows {
                self.end_page()?;
            }
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<()> {
        if !self.dictionary.is_open {
            return self.page.end(&mut self.levels, &mut self.chunk);
        }
        let width = self.dictionary.width();
        let mut packed = vec![width as u8];
        packing::pack(&self.numbers, width, &mut packed);
        let bytes = self.number_bytes as i64;
        self.chunk
            .end_page(&mut self.levels, Encoding::RLE_DICTIONARY, &packed, bytes)?;
        self.dictionary.values += self.numbers.len();
        self.numbers.clear();
        self.number_bytes = 0;
        if self.dictionary.is_of_new_values() {
            self.dictionary.close();
        }
        Ok(())
    }

    /// Bytes that the chunk will take in the file, about.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.numbers.len() * self.dictionary.width() as usize / 8;
        self.chunk.bytes() + self.dictionary.plain.len() + numbers + self.page.plain.len()
    }

    /// Memory of what is not yet written to the file.
    pub(super) fn memory_size(&self) -> usize {
        let numbers = self.numbers.capacity() * size_of::<u32>();
        let own = numbers + self.levels.memory_size() + self.page.plain.capacity();
        self.chunk.memory_size() + self.dictionary.memory_size() + own
    }

    /// Ends the chunk: its pages and what the row group says of them.
    pub(super) fn close(mut self) -> Result<(Pages, ColumnCloseResult)> {
        if self.levels.rows() > 0 {
            self.end_page()?;
        }
        let Self {
            dictionary, mut range, ..
        } = self;
        let ends = [dictionary.texts().min(), dictionary.texts().max()];
        ends.into_iter().flatten().for_each(|text| range.add(text));
        let statistics = range.statistics(self.limits.bound_bytes, self.chunk.nulls());
        let dictionary = DictionaryPage {
            values: dictionary.places.len() as u32,
            plain: dictionary.plain,
        };
        self.chunk.close(Some(dictionary), statistics)
    }
}

/// The different values of a chunk, in the order in which they came.
struct Dictionary {
    /// Each with its length before it (PLAIN).
    plain: Vec<u8>,
    /// Where each lies in them.
    places: Vec<Range<u32>>,
    /// By hash.
    numbers: HashTable<u32>,
    hasher: ahash::RandomState,
    last: Option<u32>,
    /// How many values of the pages so far are numbers of it.
    values: usize,
    /// False once it has grown too large, or repeats nothing.
    is_open: bool,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            plain: Vec::new(),
            places: Vec::new(),
            numbers: HashTable::new(),
            hasher: ahash::RandomState::new(),
            last: None,
            values: 0,
            is_open: true,
        }
    }
}

impl Dictionary {
    /// The number of a value, which is added if it is new.
    fn number(&mut self, text: &str) -> u32 {
        let Self {
            plain,
            places,
            numbers,
            hasher,
            last,
            ..
        } = self;
        if let Some(number) = *last
            && bytes_of(plain, places, number) == text.as_bytes()
        {
            return number;
        }
        let hash = hasher.hash_one(text.as_bytes());
        let entry = numbers.entry(
            hash,
            |number| bytes_of(plain, places, *number) == text.as_bytes(),
            |number| hasher.hash_one(bytes_of(plain, places, *number)),
        );
        let number = match entry {
            hashbrown::hash_table::Entry::Occupied(known) => *known.get(),
            hashbrown::hash_table::Entry::Vacant(vacant) => {
                let number = *vacant.insert(places.len() as u32).get();
                push_plain(plain, text.as_bytes());
                let end = plain.len() as u32;
                places.push(end - text.len() as u32..end);
                number
            }
        };
        *last = Some(number);
        number
    }

    /// Bits of a number.
    fn width(&self) -> u32 {
        u32::BITS - (self.places.len().saturating_sub(1) as u32).leading_zeros()
    }

    /// The values.
    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.places.len() as u32).map(|number| bytes_of(&self.plain, &self.places, number))
    }

    /// True if it is large and nearly all values were new: whoever wants one of them would have to read them all.
    fn is_of_new_values(&self) -> bool {
        self.plain.len() >= LARGE_BYTES && self.places.len() > self.values - self.values / ONE_KNOWN_OF
    }

    /// Takes no value any more.
    fn close(&mut self) {
        self.is_open = false;
        self.numbers = HashTable::new();
    }

    fn memory_size(&self) -> usize {
        self.plain.capacity() + self.places.capacity() * size_of::<Range<u32>>() + self.numbers.allocation_size()
    }
}

fn bytes_of<'a>(plain: &'a [u8], places: &[Range<u32>], number: u32) -> &'a [u8] {
    let Range { start, end } = places[number as usize];
    &plain[start as usize..end as usize]
}

/// The least and the greatest of texts, if there are any.
#[derive(Default)]
struct TextRange(Option<(Vec<u8>, Vec<u8>)>);

impl TextRange {
    fn add(&mut self, text: &[u8]) {
        match &mut self.0 {
            None => self.0 = Some((text.to_vec(), text.to_vec())),
            Some((least, _)) if text < least.as_slice() => *least = text.to_vec(),
            Some((_, greatest)) if text > greatest.as_slice() => *greatest = text.to_vec(),
            Some(_) => {}
        }
    }

    /// What a row group says of them, in bounds of so many bytes at most where that is possible.
    fn statistics(self, most: usize, nulls: u64) -> Statistics {
        let Some((least, greatest)) = self.0 else {
            return Statistics::byte_array(None, None, None, Some(nulls), false);
        };
        let (lower, upper) = (lower(&least, most), upper(&greatest, most));
        let (is_least, is_greatest) = (lower.is_none(), upper.is_none());
        let bound = |bound: Option<Vec<u8>>, value| Some(ByteArray::from(bound.unwrap_or(value)));
        let values = ValueStatistics::new(bound(lower, least), bound(upper, greatest), None, Some(nulls), false);
        Statistics::from(values.with_min_is_exact(is_least).with_max_is_exact(is_greatest))
    }
}

/// A text of fewer bytes that is not greater; `None` if the text is short itself.
fn lower(text: &[u8], most: usize) -> Option<Vec<u8>> {
    Some(head(text, most)?.as_bytes().to_vec())
}

/// A text of fewer bytes that is greater; `None` if the text is short itself, or there is none.
fn upper(text: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut text = head(text, most)?.to_owned();
    while let Some(last) = text.pop() {
        // One more, in as many bytes.
        let next = char::from_u32(u32::from(last) + 1).filter(|next| next.len_utf8() == last.len_utf8());
        if let Some(next) = next {
            text.push(next);
            return Some(text.into_bytes());
        }
    }
    None
}

/// The letters of a longer text that fit.
fn head(text: &[u8], most: usize) -> Option<&str> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() > most)?;
    text.get(..text.floor_char_boundary(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_long_texts_are_short_and_hold_them() {
        #[track_caller]
        fn check(text: &str, expected: (Option<&str>, Option<&str>)) {
            let bound = |bound: Option<Vec<u8>>| bound.map(|bound| String::from_utf8(bound).unwrap());
            let (lower, upper) = (bound(lower(text.as_bytes(), 4)), bound(upper(text.as_bytes(), 4)));
            assert_eq!((lower.as_deref(), upper.as_deref()), expected);
        }
        check("abcd", (None, None));
        check("abcde", (Some("abcd"), Some("abce")));
        check("abüde", (Some("abü"), Some("abý")));
        check("ab\u{7f}\u{7f}x", (Some("ab\u{7f}\u{7f}"), Some("ac")));
        check("\u{7f}\u{7f}\u{7f}\u{7f}x", (Some("\u{7f}\u{7f}\u{7f}\u{7f}"), None));
        check("\u{10ffff}x", (Some("\u{10ffff}"), None));
    }
}
