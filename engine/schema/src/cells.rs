//! What the rows of a batch to come are kept as: row by row in one piece of memory, and their text in another.
//!
//! In: the values of a row, borrowed. Out: what its columns are made of, each in one go and of exactly its size, once the batch is
//! full. A row so touches a few lines of memory, where writing each value to the end of its column would touch a few of every
//! column.

use arrow_array::{ArrayRef, new_null_array};

use crate::Type;

/// What a group of fields keeps of the rows of a batch to come.
pub(crate) trait Group {
    /// Of each row.
    type Kept;
    /// Of each column.
    type Columns: Default;
}

/// A row of one of several builders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which builder.
    pub builder: u32,
    /// Which of its rows.
    pub row: u32,
}

/// Rows hold more text than a column of one batch: 2 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Bytes of rows, and of their text, that a builder keeps room for between batches.
pub(crate) const IDLE_BYTES: usize = 8 << 10;

/// The texts and lists of rows that wait to become a batch.
#[derive(Debug, Default)]
pub struct Cells {
    text: String,
    /// Texts of lists and maps.
    items: Vec<Span>,
    numbers: Vec<i64>,
}

/// A stretch of what [`Cells`] hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        // Builders are emptied long before: a column of Arrow has no more than 31 bits of text either.
        let place = |place: usize| u32::try_from(place).expect("a batch is smaller than 4 GiB");
        Self {
            start: place(start),
            end: place(end),
        }
    }

    /// How many bytes, or items, it is long.
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.end == self.start
    }

    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Cells {
    /// Keeps a text.
    pub(crate) fn add_text(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, self.text.len())
    }

    /// Keeps the texts of a list.
    pub(crate) fn add_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> Span {
        let start = self.items.len();
        for text in texts {
            let span = self.add_text(text);
            self.items.push(span);
        }
        Span::new(start, self.items.len())
    }

    /// Keeps the numbers of a list.
    pub(crate) fn add_numbers(&mut self, numbers: &[i64]) -> Span {
        let start = self.numbers.len();
        self.numbers.extend_from_slice(numbers);
        Span::new(start, self.numbers.len())
    }

    pub(crate) fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    pub(crate) fn texts(&self, span: Span) -> impl Iterator<Item = &str> {
        self.items[span.range()].iter().map(|item| self.text(*item))
    }

    pub(crate) fn numbers(&self, span: Span) -> &[i64] {
        &self.numbers[span.range()]
    }

    /// Forgets all of it, but for some room.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(IDLE_BYTES);
        clear(&mut self.items);
        clear(&mut self.numbers);
    }
}

/// Forgets all elements, but for some room.
pub(crate) fn clear<T>(elements: &mut Vec<T>) {
    elements.clear();
    elements.shrink_to(IDLE_BYTES / size_of::<T>().max(1));
}

/// Columns without values, of one length: those of a batch that have one type are one.
#[derive(Debug)]
pub(crate) struct NullColumns {
    rows: usize,
    made: Vec<(Type, ArrayRef)>,
}

impl NullColumns {
    pub(crate) fn of(rows: usize) -> Self {
        Self { rows, made: Vec::new() }
    }

    /// The column of a type.
    pub(crate) fn column(&mut self, ty: Type) -> ArrayRef {
        if let Some((_, column)) = self.made.iter().find(|(made, _)| *made == ty) {
            return column.clone();
        }
        let column = new_null_array(&ty.batch(), self.rows);
        self.made.push((ty, column.clone()));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_give_back_what_they_took_and_keep_little_room() {
        let mut cells = Cells::default();
        let (first, list) = (cells.add_text("ü"), cells.add_texts(["a", "", "bc"].into_iter()));
        let (numbers, none) = (cells.add_numbers(&[1, 2]), cells.add_texts(std::iter::empty()));
        assert_eq!(cells.text(first), "ü");
        assert_eq!(cells.texts(list).collect::<Vec<_>>(), ["a", "", "bc"]);
        assert_eq!((list.len(), none.is_empty()), (3, true));
        assert_eq!(cells.numbers(numbers), [1, 2]);
        cells.add_text(&"a".repeat(1 << 20));
        cells.clear();
        assert_eq!(cells.add_text("a").range(), 0..1);
        assert!(cells.text.capacity() <= IDLE_BYTES);
    }
}
