//! Bytes of one half to values of RESP, each byte looked at once, whatever pieces come.
//!
//! A value has no length of its own: its lines and counted strings are followed with a stack of what is still to come of each
//! aggregate. The stack is bounded, counts of elements cost nothing, and of long strings only the beginning is kept. A gap inside
//! a string costs no more than its bytes; after any other the half is lost until a chunk begins with a value.

use memchr::memchr;

use super::inline;
use super::value::{Kind, Value};
use crate::dissect::{Chunk, Context, Side, Start};

/// Aggregates in one another that are followed: replies of the server's own commands nest about ten deep.
const NESTING: usize = 32;
/// Bytes of a line that says a length or an integer.
const NUMBER_BYTES: usize = 32;
/// Bytes of an inline command; the server takes no longer ones.
const INLINE_BYTES: usize = 64 << 10;
/// Bytes of the mark that ends a transfer of unknown length.
const MARK_BYTES: usize = 40;

/// What may stand where a value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Arrays, and lines that are inline commands.
    Commands,
    /// Values.
    Replies,
    /// Values, and inline commands that cannot be mistaken for one.
    Either,
    /// The data set that a master sends to a replica: a string without the line break behind it.
    Transfer,
}

/// What comes next of a half.
#[derive(Debug)]
pub(super) enum Next {
    /// A value is whole: see [`Reader::value`].
    Value(Side),
    /// The data set of a master has passed.
    Transferred(Side),
    /// The chunk is used up.
    Nothing,
    /// No value begins where one should; the half is lost.
    Nonsense(&'static str),
}

/// The values of one half.
#[derive(Debug, Default)]
pub(super) struct Reader {
    value: Value,
    start: Option<Start>,
    /// Bytes of the value so far.
    bytes: u64,
    end_ns: i64,
    /// The beginning of the line that is under way.
    line: Vec<u8>,
    /// Its length so far.
    line_bytes: usize,
    /// What of the value is under way between lines.
    body: Body,
    /// The aggregates that are under way, outermost first.
    open: Vec<Open>,
    is_lost: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    /// A line is.
    #[default]
    Line,
    /// So many bytes of a string are to come.
    Bulk(u64),
    /// The line break behind a string: so many bytes of it.
    Break(u64),
    /// So many bytes of a data set.
    Transfer(u64),
    /// A data set whose end has this mark; the line holds the bytes before that could begin it.
    Marked([u8; MARK_BYTES]),
}

/// An aggregate that is under way.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Elements still to come; `None` if an end marker tells.
    left: Option<u64>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Aggregate,
    /// What is said of the value behind it; it is no element and is not kept.
    Attribute,
    /// A string in pieces.
    Pieces,
}

type Damage = &'static str;

impl Reader {
    /// Takes what comes next from the front of `rest`, which is the end of the chunk.
    pub fn next(&mut self, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>, reading: Reading) -> Next {
        while !self.is_lost && !rest.is_empty() {
            let start = match self.start {
                Some(start) => start,
                None => {
                    self.value.clear();
                    // Empty lines keep a connection alive.
                    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    *rest = rest.get(blank..).unwrap_or_default();
                    if rest.is_empty() {
                        break;
                    }
                    *self.start.insert(context.start(chunk))
                }
            };
            self.end_ns = chunk.timestamp_ns;
            let before = rest.len();
            let step = self.step(rest, reading, context.limits.text_bytes);
            self.bytes = self.bytes.saturating_add(before.saturating_sub(rest.len()) as u64);
            let side = Side {
                start,
                end_ns: self.end_ns,
                bytes: self.bytes,
            };
            match step {
                Ok(Step::More) => {}
                Ok(Step::Value) => {
                    self.begin();
                    return Next::Value(side);
                }
                Ok(Step::Transferred) => {
                    self.begin();
                    return Next::Transferred(side);
                }
                Err(reason) => {
                    self.lose();
                    *rest = &[];
                    return Next::Nonsense(reason);
                }
            }
        }
        *rest = &[];
        Next::Nothing
    }

    /// The value that came last, until the next is asked for.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Learns that bytes will never come. Gives the value that they cut, if something of it is known.
    pub fn gap(&mut self, missing_bytes: u64) -> Option<Side> {
        if self.is_lost {
            return None;
        }
        if let Body::Bulk(left) | Body::Transfer(left) = &mut self.body
            && *left > missing_bytes
        {
            *left = left.saturating_sub(missing_bytes);
            self.bytes = self.bytes.saturating_add(missing_bytes);
            self.value.end_text();
            return None;
        }
        let cut = self.cut();
        self.lose();
        cut
    }

    /// Ends the value that is under way: its half is over. Gives its side if something of it is known.
    pub fn cut(&mut self) -> Option<Side> {
        let start = self.start?;
        let side = Side {
            start,
            end_ns: self.end_ns,
            bytes: self.bytes,
        };
        self.value.is_cut = true;
        self.begin();
        self.value.top().map(|_| side)
    }

    /// True if the half is out of step with its values.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Is in step again: the next byte begins a value.
    pub fn resume(&mut self) {
        self.is_lost = false;
    }

    /// Bytes of memory that it holds.
    pub fn held_bytes(&self) -> usize {
        let open = self.open.capacity().saturating_mul(size_of::<Open>());
        let line = self.line.capacity();
        self.value.held_bytes().saturating_add(open).saturating_add(line)
    }

    fn lose(&mut self) {
        self.begin();
        self.is_lost = true;
    }

    /// Makes the next byte begin a value; the one before stays to be looked at.
    fn begin(&mut self) {
        self.start = None;
        self.bytes = 0;
        self.body = Body::Line;
        self.line.clear();
        self.line.shrink_to(NUMBER_BYTES);
        self.line_bytes = 0;
        self.open.clear();
    }

    fn step(&mut self, rest: &mut &[u8], reading: Reading, most_bytes: usize) -> Result<Step, Damage> {
        match self.body {
            Body::Line => self.line(rest, reading, most_bytes),
            Body::Bulk(left) => {
                let (own, left) = take(rest, left);
                if self.is_kept() {
                    self.value.add_text(own, most_bytes);
                }
                self.body = if left == 0 { Body::Break(2) } else { Body::Bulk(left) };
                Ok(Step::More)
            }
            Body::Break(left) => {
                let expected = if left == 2 { b'\r' } else { b'\n' };
                if take(rest, 1).0 != [expected] {
                    return Err("expected a line break behind a string, found none");
                }
                if left == 2 {
                    self.body = Body::Break(1);
                    return Ok(Step::More);
                }
                self.body = Body::Line;
                // A piece of a string is not the whole of it.
                if self.open.last().is_some_and(|open| open.form == Form::Pieces) {
                    return Ok(Step::More);
                }
                Ok(self.complete())
            }
            Body::Transfer(left) => {
                let (_, left) = take(rest, left);
                self.body = Body::Transfer(left);
                Ok(if left == 0 { Step::Transferred } else { Step::More })
            }
            Body::Marked(mark) => Ok(self.marked(rest, &mark)),
        }
    }

    /// Takes a line, or a piece of it.
    fn line(&mut self, rest: &mut &[u8], reading: Reading, most_bytes: usize) -> Result<Step, Damage> {
        let end = memchr(b'\n', rest);
        let bytes = end.map_or(rest.len(), |end| end.saturating_add(1));
        let (piece, after) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
        *rest = after;
        let first = self.line.first().or(piece.first()).copied().unwrap_or_default();
        let sort = self.sort(first, reading)?;
        self.line_bytes = self.line_bytes.saturating_add(piece.len());
        if self.line_bytes > sort.most_bytes() {
            return Err("expected the end of a line, found none");
        }
        if self.line.is_empty() && end.is_some() {
            return self.read(piece, reading, most_bytes);
        }
        let kept = sort.most_bytes().min(most_bytes.max(INLINE_BYTES));
        let room = kept.saturating_sub(self.line.len());
        self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if end.is_none() {
            return Ok(Step::More);
        }
        let line = std::mem::take(&mut self.line);
        let step = self.read(&line, reading, most_bytes);
        self.line = line;
        self.line.clear();
        step
    }

    /// Says what a line is by its first byte.
    fn sort(&self, first: u8, reading: Reading) -> Result<Sort, Damage> {
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
    fn read(&mut self, line: &[u8], reading: Reading, most_bytes: usize) -> Result<Step, Damage> {
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

    /// Takes bytes up to the mark that ends them. The line holds the last of them, in case that the mark comes in pieces.
    fn marked(&mut self, rest: &mut &[u8], mark: &[u8; MARK_BYTES]) -> Step {
        let held = self.line.len();
        let border = rest.get(..MARK_BYTES).unwrap_or(rest);
        self.line.extend_from_slice(border);
        if let Some(place) = find(&self.line, mark) {
            let own = place.saturating_add(MARK_BYTES).saturating_sub(held);
            *rest = rest.get(own..).unwrap_or_default();
            return Step::Transferred;
        }
        if let Some(place) = find(rest, mark) {
            *rest = rest.get(place.saturating_add(MARK_BYTES)..).unwrap_or_default();
            return Step::Transferred;
        }
        if rest.len() > border.len() {
            self.line.clear();
            let tail = rest.len().saturating_sub(MARK_BYTES.saturating_sub(1));
            self.line.extend_from_slice(rest.get(tail..).unwrap_or(rest));
        } else {
            let surplus = self.line.len().saturating_sub(MARK_BYTES.saturating_sub(1));
            self.line.drain(..surplus);
        }
        *rest = &[];
        Step::More
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

    fn open(&mut self, left: Option<u64>, form: Form) -> Result<(), Damage> {
        if self.open.len() >= NESTING {
            return Err("aggregates nest too deep");
        }
        self.open.push(Open { left, form });
        Ok(())
    }

    /// Adds a token, unless it is of an attribute.
    fn token(&mut self, kind: Kind, length: u64, most_bytes: usize) {
        if self.is_kept() {
            let depth = u8::try_from(self.open.len()).unwrap_or(u8::MAX);
            self.value.add(kind, depth, length, most_bytes);
        }
    }

    fn is_kept(&self) -> bool {
        self.open.iter().all(|open| open.form != Form::Attribute)
    }

    /// Learns that an element is whole: perhaps what holds it is, too.
    fn complete(&mut self) -> Step {
        while let Some(last) = self.open.last_mut() {
            let Some(left) = &mut last.left else {
                return Step::More;
            };
            *left = left.saturating_sub(1);
            if *left > 0 {
                return Step::More;
            }
            let form = last.form;
            self.open.pop();
            if form == Form::Attribute {
                return Step::More;
            }
        }
        Step::Value
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    More,
    Value,
    Transferred,
}

/// What kind of line one is: it bounds how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Number,
    /// A length, or the mark of a transfer.
    Mark,
    Text,
    Inline,
}

impl Sort {
    fn most_bytes(self) -> usize {
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
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    text.parse().ok().filter(|length| i64::try_from(*length).is_ok())
}

/// True of a decimal integer.
pub(super) fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    (1..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

/// Takes so many bytes from the front, or all; gives them and how many of them are still to come.
fn take<'a>(rest: &mut &'a [u8], bytes: u64) -> (&'a [u8], u64) {
    let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
    let (own, after) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
    *rest = after;
    (own, bytes.saturating_sub(own.len() as u64))
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, mark)
}
