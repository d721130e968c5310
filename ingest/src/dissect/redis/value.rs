//! A value of RESP as it is kept: its tokens in order, each with its depth, and the beginnings of its texts.
//!
//! Aggregates are not trees here: a token says how many elements follow it, so that a value of any shape costs no more than
//! `Limits::text_bytes` of text and as many tokens.

use std::fmt::Write;

use crate::dissect::printable::plain_bytes;

/// Bytes that each of the first [`NAMED`] texts keeps, however long those before it were: behind a long script stands a key.
const LEAST_BYTES: usize = 65;
/// Texts that keep [`LEAST_BYTES`] for sure.
const NAMED: usize = 16;
/// Bytes before a verbatim string that say its format: "txt:".
const FORMAT_BYTES: usize = 4;
/// Memory that stays with a connection between values.
const IDLE_BYTES: usize = 1 << 10;
/// Bytes of the longest letter.
pub(super) const LONGEST_LETTER: usize = 4;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without length: a status.
    Simple,
    Error,
    /// An integer, a double, a big number, as written.
    Number,
    /// A string with a length.
    Bulk,
    /// A string that says in its first bytes what kind of text it is.
    Verbatim,
    Null,
    Boolean,
    /// An array or a set.
    Array,
    Map,
    /// An array that answers nothing.
    Push,
}

/// A leaf, or the beginning of an aggregate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    /// How many aggregates it is in.
    pub depth: u8,
    /// Bytes of a leaf, elements of an aggregate: two for each pair of a map; as far as known of a streamed one.
    pub length: u64,
    start: usize,
    end: usize,
}

/// A value.
#[derive(Debug, Default)]
pub(super) struct Value {
    text: Vec<u8>,
    tokens: Vec<Token>,
    /// True if something of it was not kept, or never came.
    pub is_cut: bool,
    /// True if the last token takes no more text.
    is_ended: bool,
}

impl Value {
    /// Adds a token without text.
    pub fn add(&mut self, kind: Kind, depth: u8, length: u64, most_bytes: usize) {
        if self.text.len().saturating_add(self.tokens.len()) >= most_bytes && self.tokens.len() > NAMED {
            self.end_text();
            return;
        }
        self.is_ended = false;
        let place = self.text.len();
        self.tokens.push(Token {
            kind,
            depth,
            length,
            start: place,
            end: place,
        });
    }

    /// Adds bytes to the text of the last token, as far as there is room.
    pub fn add_text(&mut self, bytes: &[u8], most_bytes: usize) {
        let named = self.tokens.len() <= NAMED;
        let Some(last) = self.tokens.last_mut().filter(|_| !self.is_ended) else {
            return;
        };
        let room = most_bytes.saturating_sub(self.text.len());
        let least = if named {
            LEAST_BYTES.saturating_sub(last.end.saturating_sub(last.start))
        } else {
            0
        };
        let fits = bytes.get(..room.max(least)).unwrap_or(bytes);
        self.text.extend_from_slice(fits);
        last.end = self.text.len();
    }

    /// Learns that what follows is left out, or missing.
    pub fn end_text(&mut self) {
        self.is_cut = true;
        self.is_ended = true;
    }

    /// Lengthens the last token, whose length was not told before.
    pub fn lengthen(&mut self, length: u64) {
        if let Some(last) = self.tokens.last_mut() {
            last.length = last.length.saturating_add(length);
        }
    }

    /// Forgets everything but a little memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.tokens.clear();
        self.text.shrink_to(IDLE_BYTES);
        self.tokens.shrink_to(NAMED);
        self.is_cut = false;
        self.is_ended = false;
    }

    /// The first token: what the value is.
    pub fn top(&self) -> Option<&Token> {
        self.tokens.first()
    }

    /// The elements of the outermost aggregate, as far as kept.
    pub fn elements(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.depth == 1)
    }

    /// True if it is an array of strings, at least one: the form of a command.
    pub fn is_command(&self) -> bool {
        let mut tokens = self.tokens.iter();
        tokens.next().is_some_and(|top| top.kind == Kind::Array)
            && self.tokens.len() > 1
            && tokens.all(|token| token.kind == Kind::Bulk)
    }

    /// The bytes kept of a leaf.
    pub fn bytes(&self, token: &Token) -> &[u8] {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    /// The bytes kept of an element of the outermost aggregate that is a leaf.
    pub fn word(&self, place: usize) -> Option<&[u8]> {
        self.elements().nth(place).map(|token| self.bytes(token))
    }

    /// Bytes of memory that it holds.
    pub fn held_bytes(&self) -> usize {
        let tokens = self.tokens.capacity().saturating_mul(size_of::<Token>());
        tokens.saturating_add(self.text.capacity())
    }

    /// The elements of the outermost aggregate as words that a person would type; longer text is cut.
    pub fn typed(&self, most_bytes: usize) -> String {
        let spaces = self.tokens.len();
        let mut text = String::with_capacity(self.text.len().saturating_add(spaces).min(most_bytes));
        let mut count: u64 = 0;
        for token in self.elements() {
            if text.len() >= most_bytes {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            count = count.saturating_add(1);
            self.leaf(token, Quotes::IfNeeded, usize::MAX, &mut text);
        }
        if self.top().is_some_and(|top| top.length > count) && !text.ends_with('…') {
            text.push_str(" …");
        }
        cut(&mut text, most_bytes);
        text
    }

    /// The value as a reply: strings in quotes, arrays in brackets, maps in braces; longer text is cut.
    pub fn shown(&self, most_bytes: usize) -> String {
        let marks = self.tokens.len().saturating_mul(4);
        let mut text = String::with_capacity(self.text.len().saturating_add(marks).min(most_bytes));
        let mut open: Vec<(Kind, u64)> = Vec::new();
        for token in &self.tokens {
            if text.len() >= most_bytes {
                text.push('…');
                cut(&mut text, most_bytes);
                return text;
            }
            close(&mut open, usize::from(token.depth), &mut text);
            if let Some((kind, done)) = open.last_mut() {
                match (*kind, *done) {
                    (_, 0) => {}
                    (Kind::Map, done) if !done.is_multiple_of(2) => text.push_str(": "),
                    _ => text.push_str(", "),
                }
                *done = done.saturating_add(1);
            }
            match token.kind {
                Kind::Array | Kind::Push => text.push('['),
                Kind::Map => text.push('{'),
                _ => self.leaf(token, Quotes::Always, most_bytes, &mut text),
            }
            if matches!(token.kind, Kind::Array | Kind::Push | Kind::Map) {
                open.push((token.kind, 0));
            }
        }
        if self.is_cut && !text.ends_with('…') {
            text.push('…');
        }
        close(&mut open, 0, &mut text);
        cut(&mut text, most_bytes);
        text
    }

    /// Writes a leaf, or no less than so many bytes of it.
    fn leaf(&self, token: &Token, quotes: Quotes, most_bytes: usize, text: &mut String) {
        let bytes = self.bytes(token);
        let format_bytes = if token.kind == Kind::Verbatim { FORMAT_BYTES } else { 0 };
        let rest = bytes.get(format_bytes..).unwrap_or_default();
        // No two bytes become less than one.
        let wanted_bytes = most_bytes.saturating_add(LONGEST_LETTER).saturating_mul(2);
        let wanted = rest.get(..wanted_bytes).unwrap_or(rest);
        match token.kind {
            Kind::Bulk | Kind::Verbatim => quote(wanted, quotes, text),
            Kind::Null => text.push_str("nil"),
            Kind::Boolean => text.push_str(if bytes == b"t" { "true" } else { "false" }),
            Kind::Array | Kind::Map | Kind::Push => {
                let _ = write!(text, "[{}]", token.length);
            }
            Kind::Simple | Kind::Error | Kind::Number => {
                push_printable(wanted, text);
            }
        }
        if token.length > bytes.len() as u64 && !matches!(token.kind, Kind::Array | Kind::Map | Kind::Push) {
            text.push('…');
        }
    }
}

/// Cuts a text in place, as [`crate::dissect::shorten`] does.
fn cut(text: &mut String, most_bytes: usize) {
    if text.len() > most_bytes {
        text.truncate(text.floor_char_boundary(most_bytes));
        text.push('…');
    }
}

/// Closes what is open beyond a depth.
fn close(open: &mut Vec<(Kind, u64)>, depth: usize, text: &mut String) {
    while open.len() > depth {
        let kind = open.pop();
        text.push(if kind.is_some_and(|(kind, _)| kind == Kind::Map) {
            '}'
        } else {
            ']'
        });
    }
}

/// When a string gets quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Always,
    /// If it would not be read as one word.
    IfNeeded,
}

/// Writes text of any bytes, on one line.
fn push_printable(bytes: &[u8], text: &mut String) {
    if let Ok(plain) = std::str::from_utf8(bytes)
        && plain_bytes(bytes, |byte| !matches!(byte, b' '..=b'~')) == bytes.len()
    {
        text.push_str(plain);
        return;
    }
    let lossy = String::from_utf8_lossy(bytes);
    text.extend(lossy.chars().map(|c| if c.is_control() { ' ' } else { c }));
}

fn quote(bytes: &[u8], quotes: Quotes, text: &mut String) {
    if quotes == Quotes::IfNeeded
        && !bytes.is_empty()
        && plain_bytes(bytes, |byte| matches!(byte, 0..=b' ' | b'"' | b'\'' | b'\\' | 0x7f)) == bytes.len()
        && let Ok(word) = std::str::from_utf8(bytes)
    {
        push_printable(word.as_bytes(), text);
        return;
    }
    text.push('"');
    escape(bytes, true, text);
    text.push('"');
}

/// Writes bytes as redis-cli escapes them, but for text of other scripts, which stays readable.
pub(super) fn escape(bytes: &[u8], in_quotes: bool, text: &mut String) {
    if let Ok(valid) = std::str::from_utf8(bytes) {
        escape_text(valid, in_quotes, text);
        return;
    }
    for piece in bytes.utf8_chunks() {
        escape_text(piece.valid(), in_quotes, text);
        for byte in piece.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

fn escape_text(valid: &str, in_quotes: bool, text: &mut String) {
    /// What begins a control character beyond ASCII, and other letters.
    const SECOND_PAGE: u8 = 0xc2;
    let is_special = |byte| matches!(byte, 0..=0x1f | 0x7f | SECOND_PAGE) || in_quotes && matches!(byte, b'"' | b'\\');
    let mut rest = valid;
    while let Some((plain, special)) = rest.split_at_checked(plain_bytes(rest.as_bytes(), is_special)) {
        text.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            None => return,
            Some('\n') => text.push_str("\\n"),
            Some('\r') => text.push_str("\\r"),
            Some('\t') => text.push_str("\\t"),
            Some(c @ ('"' | '\\')) => {
                text.push('\\');
                text.push(c);
            }
            Some(c) if c.is_control() => {
                let _ = write!(text, "\\x{:02x}", u32::from(c));
            }
            Some(c) => text.push(c),
        }
        rest = letters.as_str();
    }
}
