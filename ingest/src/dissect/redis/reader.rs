//! Bytes of one half to values of RESP, each byte looked at once, whatever pieces come.
//!
//! A value has no length of its own: its lines and counted strings are followed with a stack of what is still to come of each
//! aggregate. The stack is bounded, counts of elements cost nothing, and of long strings only the beginning is kept. A gap inside
//! a string costs no more than its bytes; after any other the half is lost until a chunk begins with a value.

mod line;
mod transfer;

pub(super) use line::{is_integer, number};
use memchr::memchr;

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

    /// Forgets the value that came last, if none is under way: what it held is not kept for the next.
    pub fn rest(&mut self) {
        if self.start.is_none() {
            self.value.clear();
        }
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

/// Takes so many bytes from the front, or all; gives them and how many of them are still to come.
fn take<'a>(rest: &mut &'a [u8], bytes: u64) -> (&'a [u8], u64) {
    let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
    let (own, after) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
    *rest = after;
    (own, bytes.saturating_sub(own.len() as u64))
}
