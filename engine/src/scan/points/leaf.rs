//! What a leaf of a column holds in a few rows of a row group: levels are walked through, values before those rows passed over, and
//! of a dictionary as much is looked at as lies before the last value that is wanted.
//!
//! Specification: Apache Parquet format, "Data Pages" and "Nested Encoding". What is not written as that says, and encodings that
//! tables do not have, are `None` here: another reader reads it, or tells what is wrong.

use std::ops::Range;

use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use super::page::{Body, DataPage, Page, Room};
use crate::scan::dictionary;
use crate::scan::hybrid::{self, Walk};
use crate::scan::pages::Levels;
use crate::scan::{delta, plain};

/// Most elements that the rows have together: some dozens each.
const MOST_SLOTS: usize = 1 << 17;
/// Most bytes of texts.
const MOST_BYTES: usize = 64 << 20;
/// The greatest level of a value: of one that may be null, in a list or map that may be.
const DEEPEST: u8 = 3;

/// What a leaf holds in some rows.
pub(super) struct Leaf {
    /// The level of a value that is there.
    pub(super) whole: u8,
    /// Where each row's slots end, if a row may have several. A slot is a value, or the place of one.
    pub(super) ends: Vec<usize>,
    /// The level of each slot.
    pub(super) levels: Vec<u8>,
    /// The values of those slots that have one.
    pub(super) values: Values,
}

/// Values in their order.
pub(super) enum Values {
    Words(Vec<u64>),
    Texts(Texts),
}

/// Texts one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Texts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.places.iter().map(|place| &self.bytes[place.clone()])
    }

    /// The bytes of all, and the place of each among them.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<Range<usize>>) {
        (self.bytes, self.places)
    }

    fn push(&mut self, text: &[u8]) -> Option<Range<usize>> {
        let start = self.bytes.len();
        if text.len() > MOST_BYTES - start {
            return None;
        }
        self.bytes.extend_from_slice(text);
        Some(start..self.bytes.len())
    }
}

/// A value as its page has it.
enum Value {
    /// The number of one of the dictionary's.
    Number(u32),
    Word(u64),
    /// Its place among the texts.
    Text(Range<usize>),
}

/// A leaf while its pages are read.
pub(super) struct Reading<'a> {
    chunk: &'a ColumnChunkMetaData,
    /// Rows of the row group.
    rows: usize,
    definition: Levels,
    ends: Vec<usize>,
    levels: Vec<u8>,
    values: Vec<Value>,
    texts: Texts,
    /// Room that pages share: places of slots and of values, numbers of a dictionary, differences.
    slots: Vec<usize>,
    places: Vec<usize>,
    numbers: Vec<u32>,
    words: Vec<i64>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(chunk: &'a ColumnChunkMetaData, rows: usize) -> Option<Self> {
        Some(Self {
            chunk,
            rows,
            definition: Levels::of(chunk).filter(|levels| levels.whole <= DEEPEST)?,
            ends: Vec::new(),
            levels: Vec::new(),
            values: Vec::new(),
            texts: Texts::default(),
            slots: Vec::new(),
            places: Vec::new(),
            numbers: Vec::new(),
            words: Vec::new(),
        })
    }

    /// Reads some of the rows of a page of so many, which ascend and are counted from its first, from the page's bytes.
    pub(super) fn page(&mut self, mut bytes: &[u8], length: usize, rows: &[usize], room: &mut Room) -> Option<()> {
        match room.open(self.chunk, self.definition, &mut bytes)? {
            // Of a page that has others than its index says nobody knows which they are.
            Page::Data(mut page) if self.rows_of(&page)? == length => self.data(&mut page, rows),
            Page::Data(_) | Page::Dictionary(..) => None,
        }
    }

    /// The rows that begin in a page.
    fn rows_of(&self, page: &DataPage<'_>) -> Option<usize> {
        match self.definition.is_repeated {
            true => Walk::new(page.repetition, 1, page.count, 0)?.go_to(page.count),
            false => Some(page.count),
        }
    }

    /// Reads some rows from the bytes of the whole chunk.
    pub(super) fn chunk(&mut self, mut bytes: &[u8], mut rows: &[usize], room: &mut Room) -> Option<()> {
        let (mut first, mut of_page) = (0, Vec::new());
        // True if the last row that was read may go on in the next page.
        let mut is_open = false;
        while !rows.is_empty() || is_open && !bytes.is_empty() {
            let mut page = match room.open(self.chunk, self.definition, &mut bytes)? {
                Page::Data(page) => page,
                Page::Dictionary(..) => continue,
            };
            let length = self.rows_of(&page)?;
            let end = (length <= self.rows - first).then_some(first + length)?;
            if is_open && Walk::new(page.repetition, 1, page.count, 0)?.find(0)? > 0 {
                return None;
            }
            let these;
            (these, rows) = rows.split_at(rows.partition_point(|row| *row < end));
            of_page.clear();
            of_page.extend(these.iter().map(|row| row - first));
            self.data(&mut page, &of_page)?;
            is_open = self.definition.is_repeated && these.last().is_some_and(|row| row + 1 == end);
            first = end;
        }
        Some(())
    }

    fn data(&mut self, page: &mut DataPage<'_>, rows: &[usize]) -> Option<()> {
        if !self.definition.is_repeated && page.count > self.rows {
            return None;
        }
        self.slots.clear();
        if self.definition.is_repeated {
            let mut walk = Walk::new(page.repetition, 1, page.count, 0)?;
            // What goes on from the page before is not looked for there.
            (walk.find(0)? == 0).then_some(())?;
            for row in rows {
                let start = walk.find(*row)?;
                let end = walk.find(row + 1)?;
                let so_far = self.levels.len() + self.slots.len();
                if start == end || so_far > MOST_SLOTS || end - start > MOST_SLOTS - so_far {
                    return None;
                }
                self.slots.extend(start..end);
                self.ends.push(so_far + end - start);
            }
        } else {
            rows.iter().all(|row| *row < page.count).then_some(())?;
            self.slots.extend_from_slice(rows);
        }
        let whole = self.place(page)?;
        match page.encoding {
            encoding if dictionary::is_dictionary(encoding) => {
                // The numbers stand behind their width; where there is no value both may lack.
                let (width, packed) = match page.values.whole()?.split_first() {
                    Some((width, packed)) => (u32::from(*width), packed),
                    None => (whole == 0).then_some((0, &[][..]))?,
                };
                self.numbers.clear();
                hybrid::pick(packed, width, whole, self.places.iter().copied(), &mut self.numbers)?;
                self.values.extend(self.numbers.iter().copied().map(Value::Number));
                Some(())
            }
            Encoding::PLAIN => self.plain(&mut page.values),
            Encoding::DELTA_BINARY_PACKED if self.chunk.column_type() == PhysicalType::INT64 => {
                (whole <= self.rows).then_some(())?;
                self.words.clear();
                delta::decode(page.values.whole()?, whole, &mut self.words)?;
                for place in &self.places {
                    self.values.push(Value::Word(self.words.get(*place)?.cast_unsigned()));
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Adds the levels of the slots, and finds their places among the values that are there; tells how many these are.
    fn place(&mut self, page: &DataPage<'_>) -> Option<usize> {
        let (whole, count) = (self.definition.whole, page.count);
        self.places.clear();
        if whole == 0 || hybrid::is_run_of(page.definition, whole, count) {
            self.levels.resize(self.levels.len() + self.slots.len(), whole);
            self.places.extend_from_slice(&self.slots);
            return Some(count);
        }
        let width = u8::BITS - whole.leading_zeros();
        let mut walk = Walk::new(page.definition, width, count, u32::from(whole))?;
        for slot in &self.slots {
            let place = walk.go_to(*slot)?;
            let level = u8::try_from(walk.number()?).ok().filter(|level| *level <= whole)?;
            self.levels.push(level);
            if level == whole {
                self.places.push(place);
            }
        }
        walk.go_to(count)
    }

    fn plain(&mut self, values: &mut Body<'_>) -> Option<()> {
        if self.chunk.column_type() == PhysicalType::BYTE_ARRAY {
            let mut behind = Behind::default();
            for place in &self.places {
                let text = loop {
                    match behind.nth(values.known(), *place) {
                        Some(text) => break text,
                        None => values.grow()?,
                    }
                };
                self.values.push(Value::Text(self.texts.push(text)?));
            }
            return Some(());
        }
        let bytes = values.whole()?;
        for place in &self.places {
            self.values.push(match self.chunk.column_type() {
                PhysicalType::INT64 | PhysicalType::DOUBLE => Value::Word(word(bytes, *place)?),
                PhysicalType::BOOLEAN => {
                    let byte = bytes.get(place / 8)?;
                    Value::Word(u64::from(byte >> (place % 8) & 1))
                }
                _ => return None,
            });
        }
        Some(())
    }

    /// Ends, with bytes that begin with the dictionary if there is one.
    pub(super) fn end(mut self, bytes: Option<&[u8]>, room: &mut Room) -> Option<Leaf> {
        let number = |value: &Value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        let mut wanted: Vec<_> = self.values.iter().filter_map(number).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut known = &[][..];
        if let Some(last) = wanted.last() {
            let Page::Dictionary(count, values) = room.open(self.chunk, self.definition, &mut bytes?)? else {
                return None;
            };
            ((*last as usize) < count).then_some(())?;
            known = values;
        }
        let values = match self.chunk.column_type() {
            PhysicalType::BYTE_ARRAY => Values::Texts(self.texts_of(&wanted, known)?),
            PhysicalType::INT64 | PhysicalType::DOUBLE | PhysicalType::BOOLEAN => {
                let has_dictionary = self.chunk.column_type() != PhysicalType::BOOLEAN;
                let word = |value: &Value| match value {
                    Value::Number(number) if has_dictionary => word(known, *number as usize),
                    Value::Word(word) => Some(*word),
                    Value::Number(_) | Value::Text(_) => None,
                };
                Values::Words(self.values.iter().map(word).collect::<Option<_>>()?)
            }
            _ => return None,
        };
        Some(Leaf {
            whole: self.definition.whole,
            ends: self.ends,
            levels: self.levels,
            values,
        })
    }

    /// The texts of all values, with those of a dictionary whose numbers are wanted.
    fn texts_of(&mut self, wanted: &[u32], known: &[u8]) -> Option<Texts> {
        let mut behind = Behind::default();
        let mut of_dictionary = Vec::with_capacity(wanted.len());
        for number in wanted {
            let text = behind.nth(known, *number as usize)?;
            of_dictionary.push(self.texts.push(text)?);
        }
        let place = |value: &Value| match value {
            Value::Number(number) => {
                let place = wanted.binary_search(number).ok()?;
                Some(of_dictionary[place].clone())
            }
            Value::Text(place) => Some(place.clone()),
            Value::Word(_) => None,
        };
        let places: Vec<_> = self.values.iter().map(place).collect::<Option<_>>()?;
        // One text of a dictionary may be that of many rows.
        let bytes = places.iter().map(Range::len).fold(0, usize::saturating_add);
        (bytes <= MOST_BYTES).then_some(())?;
        Some(Texts {
            places,
            ..std::mem::take(&mut self.texts)
        })
    }
}

fn word(bytes: &[u8], place: usize) -> Option<u64> {
    let word = bytes.get(place.checked_mul(8)?..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

/// Texts, each behind its length, that were passed already.
#[derive(Default)]
struct Behind {
    texts: usize,
    bytes: usize,
}

impl Behind {
    /// The text that has a place among all, none before those that were passed; `None` if the bytes end before it does. With more of them
    /// it can be asked for again.
    fn nth<'b>(&mut self, bytes: &'b [u8], place: usize) -> Option<&'b [u8]> {
        let mut left = bytes.get(self.bytes..)?;
        loop {
            let text = plain::text(&mut left)?;
            self.bytes = bytes.len() - left.len();
            self.texts += 1;
            if self.texts > place {
                return Some(text);
            }
        }
    }
}
