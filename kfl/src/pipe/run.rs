//! Runs: stretches of a segment's tokens, cut at words and commas that stand outside brackets.

use std::ops::Range;

use crate::token::{Spanned, Token};

/// A run of a segment's tokens.
#[derive(Clone, Copy)]
pub(super) struct Run<'s, 't> {
    pub tokens: &'s [Spanned<'t>],
    pub depths: &'s [usize],
    /// Where the run ends in the text.
    pub end: usize,
}

impl<'s, 't> Run<'s, 't> {
    pub(super) fn take(self, range: Range<usize>) -> Self {
        let end = self.tokens.get(range.end).map_or(self.end, |(_, at)| at.start);
        Self {
            tokens: &self.tokens[range.clone()],
            depths: &self.depths[range],
            end,
        }
    }

    /// The place of a word outside brackets, where no name can stand that it could be.
    pub(super) fn word(self, word: &str) -> Option<usize> {
        (0..self.tokens.len()).find(|place| {
            self.tokens[*place].0 == Token::Name(word)
                && self.depths[*place] == 0
                && !place
                    .checked_sub(1)
                    .is_some_and(|before| self.tokens[before].0 == Token::Dot)
        })
    }

    /// What stands before a word, and what after it.
    pub(super) fn halves(self, word: &str) -> (Self, Option<Self>) {
        match self.word(word) {
            Some(place) => (self.take(0..place), Some(self.take(place + 1..self.tokens.len()))),
            None => (self, None),
        }
    }

    /// The runs between commas.
    pub(super) fn items(self) -> impl Iterator<Item = Self> + use<'s, 't> {
        let comma = move |place: &usize| self.tokens[*place].0 == Token::Comma && self.depths[*place] == 0;
        let ends = (0..self.tokens.len()).filter(comma).chain([self.tokens.len()]);
        let mut start = 0;
        ends.map(move |end| {
            let item = self.take(start..end);
            start = end + 1;
            item
        })
    }

    pub(super) fn span(self) -> Range<usize> {
        match (self.tokens.first(), self.tokens.last()) {
            (Some((_, first)), Some((_, last))) => first.start..last.end,
            _ => self.end..self.end,
        }
    }
}
