//! What a question of the value of one key says of the rows of a map: where each row has the key, then what the values there are.
//!
//! Keys are numbers of a dictionary, and tell at which place among the entries of all rows the key stands. Of the values only
//! those at these places are looked at, by their numbers, or as they are written where the dictionary was full. A
//! question is asked once for each value of a dictionary that comes up, and for each different text of another page.
//!
//! Specification: Apache Parquet format, "Nested Encoding", "Maps", and "Plain: (PLAIN = 0)". What is not written as that says is
//! `None` here: another reader reads it, or tells what is wrong.

use std::collections::HashMap;

use ahash::RandomState;
use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::parquet::basic::Encoding;
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use super::dictionary::{self, Dictionary, MOST_VALUES};
use super::hybrid;
use super::pages::{self, Body, Levels};
use super::plain;

/// Stands for the place of a key that a row's map does not have, and in a row without a map.
const MISSING: u32 = u32::MAX;
const NO_MAP: u32 = u32::MAX - 1;
/// Marks a value that was not asked about.
const UNKNOWN: u8 = 2;

/// Where rows have a key among the entries of all rows.
pub(super) struct Places {
    of_rows: Vec<u32>,
    /// How many entries there are.
    entries: u32,
}

/// What a question says of a row that has no value of the key to ask about: 1 if it is true.
#[derive(Clone, Copy)]
pub(super) struct Otherwise {
    /// Its value is null.
    pub(super) of_null: u8,
    /// It has other keys, or none.
    pub(super) of_missing: u8,
    /// It has no map.
    pub(super) of_no_map: u8,
}

impl Places {
    /// Finds a key among those of a row group, from their dictionary and the bytes of the pages of numbers.
    pub(super) fn of(keys: &Dictionary<'_>, key: &str, numbers: Bytes, rows: usize) -> Option<Self> {
        let levels = keys.levels.is_repeated.then_some(keys.levels)?;
        let known = keys.values.as_string_opt::<i32>()?;
        let is_key: Vec<_> = known.iter().map(|known| u8::from(known == Some(key))).collect();
        let mut pages = keys.pages(numbers, rows)?;
        let mut places = Self {
            of_rows: Vec::with_capacity(rows),
            entries: 0,
        };
        let (mut definition, mut repetition, mut are_key) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(page) = pages.get_next_page().ok()? {
            if matches!(page, Page::DictionaryPage { .. }) {
                continue;
            }
            let (body, count) = pages::body(page, levels, dictionary::is_dictionary)?;
            if count > MOST_VALUES {
                return None;
            }
            pages::levels(&body.repetition, 1, count, &mut repetition)?;
            let whole = levels.defined(&body, count, &mut definition)?;
            dictionary::truths(&body, whole, &is_key, &mut are_key)?;
            let begun = repetition.iter().filter(|repeated| **repeated == 0).count();
            let is_continued = repetition.first() == Some(&1);
            if begun > rows - places.of_rows.len() || is_continued && places.of_rows.is_empty() {
                return None;
            }
            if whole == count {
                for (repeated, is_key) in repetition.iter().zip(&are_key) {
                    if *repeated == 0 {
                        places.of_rows.push(MISSING);
                    }
                    places.entry(*is_key)?;
                }
                continue;
            }
            let mut are_key = are_key.iter();
            for (repeated, level) in repetition.iter().zip(&definition) {
                if *repeated == 0 {
                    places
                        .of_rows
                        .push(if *level < levels.whole - 1 { NO_MAP } else { MISSING });
                }
                if *level == levels.whole {
                    places.entry(*are_key.next()?)?;
                }
            }
        }
        (places.of_rows.len() == rows).then_some(places)
    }

    /// Adds an entry of the last row; the first of several with the key is the one that counts.
    #[inline(always)]
    fn entry(&mut self, is_key: u8) -> Option<()> {
        if is_key == 1 {
            let place = self.of_rows.last_mut()?;
            if *place == MISSING {
                *place = self.entries;
            }
        }
        self.entries = self.entries.checked_add(1).filter(|entries| *entries < NO_MAP)?;
        Some(())
    }

    /// True if some row has the key.
    pub(super) fn are_any(&self) -> bool {
        self.of_rows.iter().any(|place| *place < NO_MAP)
    }

    /// What a question says of each row, from the bytes of a chunk of values: 1 if it is true.
    pub(super) fn ask(
        &self,
        chunk: &ColumnChunkMetaData,
        bytes: Bytes,
        otherwise: Otherwise,
        ask: impl Fn(&[&str]) -> Result<BooleanBuffer>,
    ) -> Result<Option<Vec<u8>>> {
        let mut failed = None;
        let mut asked = |texts: &[&str]| ask(texts).map_err(|error| failed = Some(error)).ok();
        let found = self.asked(chunk, bytes, otherwise, &mut asked);
        match failed {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }

    /// The same of rows none of which has the key.
    pub(super) fn without(&self, otherwise: Otherwise) -> Vec<u8> {
        let of_row = |place: &u32| match *place {
            NO_MAP => otherwise.of_no_map,
            _ => otherwise.of_missing,
        };
        self.of_rows.iter().map(of_row).collect()
    }

    fn asked(
        &self,
        chunk: &ColumnChunkMetaData,
        bytes: Bytes,
        otherwise: Otherwise,
        ask: &mut Ask<'_>,
    ) -> Option<Vec<u8>> {
        let levels = Levels::of(chunk).filter(|levels| levels.is_repeated)?;
        let mut found = self.without(otherwise);
        let rows = self.of_rows.iter().enumerate();
        let mut rows = rows.filter(|(_, place)| **place < NO_MAP).peekable();
        let mut pages = pages::open(chunk, Bytes::new(), bytes, self.of_rows.len())?;
        let (mut definition, mut done, mut known) = (Vec::new(), 0_u32, None);
        let mut wanted = Wanted::default();
        while let Some(page) = pages.get_next_page().ok()? {
            if let Page::DictionaryPage { buf, num_values, .. } = &page {
                known = Some(Known::of(buf, *num_values as usize, chunk)?);
                continue;
            }
            let encoding = page.encoding();
            let (body, count) = pages::body(page, levels, |encoding| {
                encoding == Encoding::PLAIN || dictionary::is_dictionary(encoding)
            })?;
            if count > MOST_VALUES {
                return None;
            }
            let whole = levels.defined(&body, count, &mut definition)?;
            wanted.clear();
            if whole == count {
                let end = done.checked_add(u32::try_from(count).ok()?)?;
                while let Some((row, place)) = rows.next_if(|(_, place)| **place < end) {
                    wanted.add(row, (place - done) as usize);
                }
                done = end;
            } else {
                let (entry_level, mut value) = (levels.null.unwrap_or(levels.whole), 0);
                for level in &definition {
                    let is_value = *level == levels.whole;
                    if *level >= entry_level {
                        if let Some((row, _)) = rows.next_if(|(_, place)| **place == done) {
                            match is_value {
                                true => wanted.add(row, value),
                                false => found[row] = otherwise.of_null,
                            }
                        }
                        done = done.checked_add(1)?;
                    }
                    value += usize::from(is_value);
                }
            }
            match &mut known {
                _ if wanted.rows.is_empty() => {}
                Some(known) if dictionary::is_dictionary(encoding) => {
                    known.answer(&body, whole, &wanted, ask, &mut found)?;
                }
                _ if encoding == Encoding::PLAIN => wanted.answer(&body.values, ask, &mut found)?,
                _ => return None,
            }
        }
        (done == self.entries && rows.next().is_none()).then_some(found)
    }
}

/// Says of texts whether a question is true of them.
type Ask<'a> = dyn FnMut(&[&str]) -> Option<BooleanBuffer> + 'a;

/// The values of a page that are looked at.
#[derive(Default)]
struct Wanted {
    rows: Vec<usize>,
    /// Of each row the place of its value among those of the page; they ascend.
    values: Vec<usize>,
}

impl Wanted {
    fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
    }

    fn add(&mut self, row: usize, value: usize) {
        self.rows.push(row);
        self.values.push(value);
    }

    /// Asks about values that are written one behind the other, each behind its length.
    fn answer(&self, mut bytes: &[u8], ask: &mut Ask<'_>, found: &mut [u8]) -> Option<()> {
        let (mut texts, mut numbers) = (Vec::new(), HashMap::<&str, u32, RandomState>::default());
        let (mut of_rows, mut passed) = (Vec::with_capacity(self.rows.len()), 0);
        for value in &self.values {
            while passed < *value {
                plain::text(&mut bytes)?;
                passed += 1;
            }
            let text = std::str::from_utf8(plain::text(&mut bytes)?).ok()?;
            passed += 1;
            let number = *numbers.entry(text).or_insert_with(|| {
                texts.push(text);
                texts.len() as u32 - 1
            });
            of_rows.push(number);
        }
        let truths = ask(&texts)?;
        for (row, number) in self.rows.iter().zip(of_rows) {
            found[*row] = u8::from(truths.value(number as usize));
        }
        Some(())
    }
}

/// The dictionary of values, and what the question says of each that came up.
struct Known {
    values: ArrayRef,
    truths: Vec<u8>,
}

impl Known {
    fn of(bytes: &[u8], count: usize, chunk: &ColumnChunkMetaData) -> Option<Self> {
        let values = plain::values(bytes, count, chunk.column_type(), &DataType::Utf8)?;
        Some(Self {
            truths: vec![UNKNOWN; values.len()],
            values,
        })
    }

    fn answer(
        &mut self,
        body: &Body,
        whole: usize,
        wanted: &Wanted,
        ask: &mut Ask<'_>,
        found: &mut [u8],
    ) -> Option<()> {
        let (width, packed) = dictionary::width(body, whole)?;
        let mut numbers = Vec::with_capacity(wanted.values.len());
        hybrid::pick(packed, width, whole, wanted.values.iter().copied(), &mut numbers)?;
        let texts = self.values.as_string_opt::<i32>()?;
        let (mut unknown, mut asked) = (Vec::new(), Vec::new());
        for number in &numbers {
            let truth = self.truths.get_mut(*number as usize)?;
            if *truth == UNKNOWN {
                *truth = 0;
                unknown.push(*number as usize);
                asked.push(texts.value(*number as usize));
            }
        }
        if !asked.is_empty() {
            let truths = ask(&asked)?;
            for (place, number) in unknown.into_iter().enumerate() {
                self.truths[number] = u8::from(truths.value(place));
            }
        }
        for (row, number) in wanted.rows.iter().zip(numbers) {
            found[*row] = self.truths[number as usize];
        }
        Some(())
    }
}
