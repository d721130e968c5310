//! Lines of RESP: what each says of the value that it is part of.

use super::{Body, Damage, Form, INLINE_BYTES, MARK_BYTES, NUMBER_BYTES, Open, Reader, Reading, Step};
use crate::dissect::redis::inline;
use crate::dissect::redis::value::Kind;

impl Reader {
    /// Says what a line is by its first byte.
    pub(super) fn sort(&self, first: u8, reading: Reading) -> Result<Sort, Damage> {
        let in_pieces = self.open.last().is_some_and(|open| open.form == Form::Pieces);
        let is_outermost = self.open.is_empty();
        Ok(match first {
            b'*' => Sort::Number,
            _ if is_outermost && reading == Reading::Commands => Sort::Inline,
            b';' if in_pieces => Sort::Number,
            _ if in_pieces => return Err("expected a piece of a string, found none"),
            b'$' if is_outermost && reading == Reading::Transfer => Sort::Mark,
            b'$' | b'!' | b'=' | b'%' | b'~' | b'>' | b'|' | b':' | b'_' | b'#' => Sort::Number,
            b'.' if !is_outermost => Sort::Number,
            b'+' | b'-' | b'(' | b',' => Sort::Text,
            first if is_outermost && reading == Reading::Either && first.is_ascii_alphabetic() => Sort::Inline,
            _ => return Err("expected a value of RESP, found none"),
        })
    }

    /// Reads a whole line.
    pub(super) fn read(&mut self, line: &[u8], reading: Reading, most_bytes: usize) -> Result<Step, Damage> {
        let first = line.first().copied().unwrap_or_default();
        let line_bytes = std::mem::take(&mut self.line_bytes);
        let sort = self.sort(first, reading)?;
        if sort == Sort::Inline {
            let text = line.trim_ascii();
            if !inline::first_word(text).iter().all(u8::is_ascii_graphic) {
                return Err("expected a command, found no text");
            }
            inline::split(text, most_bytes, &mut self.value);
            return Ok(Step::Value);
        }
        let text = line.get(1..).unwrap_or_default();
        // The end of a long text is not there.
        let is_cut = sort == Sort::Text && line.len() < line_bytes;
        let text = text.strip_suffix(b"\r\n").or(Some(text).filter(|_| is_cut));
        let text = text.ok_or("expected a line break, found half of one")?;
        match first {
            b'+' => Ok(self.word(Kind::Simple, text, most_bytes)),
            b'-' => Ok(self.word(Kind::Error, text, most_bytes)),
            b'(' | b',' => Ok(self.word(Kind::Number, text, most_bytes)),
            b':' if is_integer(text) => Ok(self.word(Kind::Number, text, most_bytes)),
            b'#' if matches!(text, b"t" | b"f") => Ok(self.word(Kind::Boolean, text, most_bytes)),
            b'_' if text.is_empty() => Ok(self.word(Kind::Null, b"", most_bytes)),
            b'.' if text.is_empty() => self.end_streamed(),
            b'$' if reading == Reading::Transfer && self.open.is_empty() => self.transfer(text),
            b'$' | b'!' | b'=' => self.bulk(first, text, most_bytes),
            b';' => self.piece(text),
            b'*' | b'~' | b'%' | b'>' | b'|' => self.aggregate(first, text, most_bytes),
            _ => Err("expected a value of RESP, found none"),
        }
    }

    fn word(&mut self, kind: Kind, text: &[u8], most_bytes: usize) -> Step {
        self.token(kind, text.len() as u64, most_bytes);
        if self.is_kept() {
            self.value.add_text(text, most_bytes);
        }
        self.complete()
    }

    fn bulk(&mut self, first: u8, text: &[u8], most_bytes: usize) -> Result<Step, Damage> {
        let kind = match first {
            b'!' => Kind::Error,
            b'=' => Kind::Verbatim,
            _ => Kind::Bulk,
        };
        match Length::read(text)? {
            Length::Null => Ok(self.word(Kind::Null, b"", most_bytes)),
            Length::Streamed => {
                self.token(kind, 0, most_bytes);
                self.open(None, Form::Pieces)?;
                Ok(Step::More)
            }
            Length::Known(bytes) => {
                self.token(kind, bytes, most_bytes);
                self.body = Body::Bulk(bytes);
                if bytes == 0 {
                    self.body = Body::Break(2);
                }
                Ok(Step::More)
            }
        }
    }

    fn piece(&mut self, text: &[u8]) -> Result<Step, Damage> {
        match Length::read(text)? {
            Length::Known(0) => {
                self.open.pop();
                Ok(self.complete())
            }
            Length::Known(bytes) => {
                if self.is_kept() {
                    self.value.lengthen(bytes);
                }
                self.body = Body::Bulk(bytes);
                Ok(Step::More)
            }
            _ => Err("expected the length of a piece, found none"),
        }
    }

    fn aggregate(&mut self, first: u8, text: &[u8], most_bytes: usize) -> Result<Step, Damage> {
        let (kind, form, each) = match first {
            b'%' => (Kind::Map, Form::Aggregate, 2),
            b'|' => (Kind::Map, Form::Attribute, 2),
            b'>' => (Kind::Push, Form::Aggregate, 1),
            _ => (Kind::Array, Form::Aggregate, 1),
        };
        let left = match Length::read(text)? {
            Length::Null => return Ok(self.word(Kind::Null, b"", most_bytes)),
            Length::Streamed => None,
            Length::Known(elements) => Some(elements.saturating_mul(each)),
        };
        if form != Form::Attribute {
            self.token(kind, left.unwrap_or(0), most_bytes);
        }
        match left {
            Some(0) if form == Form::Attribute => Ok(Step::More),
            Some(0) => Ok(self.complete()),
            left => {
                self.open(left, form)?;
                Ok(Step::More)
            }
        }
    }

    fn transfer(&mut self, text: &[u8]) -> Result<Step, Damage> {
        if let Some(mark) = text.strip_prefix(b"EOF:") {
            let mark = mark
                .first_chunk()
                .ok_or("expected the mark of a transfer, found less")?;
            self.body = Body::Marked(*mark);
            return Ok(Step::More);
        }
        // Where the stream of commands goes on, which another connection carries.
        if text.starts_with(b"ENDOFF:") {
            return Ok(Step::More);
        }
        match Length::read(text)? {
            Length::Known(0) => Ok(Step::Transferred),
            Length::Known(bytes) => {
                self.body = Body::Transfer(bytes);
                Ok(Step::More)
            }
            _ => Err("expected the length of a transfer, found none"),
        }
    }

    fn end_streamed(&mut self) -> Result<Step, Damage> {
        let Some(Open { left: None, form }) = self.open.pop() else {
            return Err("the end of an aggregate that says its length");
        };
        Ok(if form == Form::Attribute {
            Step::More
        } else {
            self.complete()
        })
    }
}

/// What kind of line one is: it bounds how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    /// A length, or the mark of a transfer.
    Mark,
    Text,
    Inline,
}

impl Sort {
    pub fn most_bytes(self) -> usize {
        match self {
            Sort::Number => NUMBER_BYTES,
            Sort::Mark => MARK_BYTES.saturating_mul(4),
            Sort::Inline => INLINE_BYTES,
            Sort::Text => usize::MAX,
        }
    }
}

/// What stands where a length does.
enum Length {
    Null,
    Streamed,
    Known(u64),
}

impl Length {
    fn read(text: &[u8]) -> Result<Self, Damage> {
        match text {
            b"-1" => Ok(Length::Null),
            b"?" => Ok(Length::Streamed),
            digits => number(digits).map(Length::Known).ok_or("expected a length, found none"),
        }
    }
}

/// The value of decimal digits that a length may have.
pub(in crate::dissect::redis) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    text.parse().ok().filter(|length| i64::try_from(*length).is_ok())
}

/// True of a decimal integer.
pub(in crate::dissect::redis) fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    (1..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}
