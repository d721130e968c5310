//! Bytes of one half of HTTP/1 to heads and content.
//!
//! A head is parsed once, in place if it came whole, else out of a buffer bounded by `Limits::head_bytes`. After damage or a
//! gap outside known content the half is lost; the next chunk that begins like a message takes it up again.

use super::framing::{After, Framing};
use super::head::{self, Head};
use super::start_line;
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Half, Start};

/// The reader of one half.
#[derive(Debug)]
pub(super) struct Reader {
    half: Half,
    state: State,
    /// The beginning of a head that did not come whole.
    buffer: Vec<u8>,
    /// How much of the buffer was searched for the head's end.
    scanned: usize,
    /// Where the head in the buffer began.
    start: Option<Start>,
}

#[derive(Debug)]
enum State {
    /// A head comes next, or the rest of one.
    Head,
    /// In content.
    Content(Framing),
    /// Out of step, until a chunk begins like a message.
    Lost,
}

/// What the next bytes are.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// Nothing whole yet, or nothing of interest.
    Nothing,
    /// A head.
    Head(Head, Start),
    /// Content and what follows it.
    Content(&'a [u8], After),
    /// The lines of a trailer section, which ends a message.
    Trailer(Vec<u8>),
}

impl Reader {
    /// Bytes of a line or head that did not come whole yet.
    pub fn held_bytes(&self) -> usize {
        let content_bytes = match &self.state {
            State::Content(framing) => framing.held_bytes(),
            _ => 0,
        };
        self.buffer.len().saturating_add(content_bytes)
    }

    /// A reader at the beginning of a half.
    pub fn new(half: Half) -> Self {
        Self {
            half,
            state: State::Head,
            buffer: Vec::new(),
            scanned: 0,
            start: None,
        }
    }

    /// Says how the content after the head just read ends.
    pub fn expect(&mut self, framing: Framing) {
        self.state = match framing {
            Framing::Nothing => State::Head,
            framing => State::Content(framing),
        };
    }

    /// Takes up a lost half if a chunk begins like a message. True if it did.
    pub fn resume(&mut self, bytes: &[u8]) -> bool {
        let resumes = matches!(self.state, State::Lost) && start_line::begins(bytes, self.half);
        if resumes {
            self.state = State::Head;
        }
        resumes
    }

    /// Reads from the front of `rest`; takes at least one byte.
    pub fn read<'a>(&mut self, rest: &mut &'a [u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Event<'a> {
        match &mut self.state {
            State::Content(framing) => {
                let (content, after) = framing.take(rest);
                match after {
                    After::More => {}
                    After::Done => {
                        let lines = framing.take_trailer();
                        self.state = State::Head;
                        if !lines.is_empty() {
                            return Event::Trailer(lines);
                        }
                    }
                    After::Broken => self.lose(rest, chunk, context, "expected the size of a chunk in hexadecimal"),
                }
                Event::Content(content, after)
            }
            State::Head => self.read_head(rest, chunk, context),
            State::Lost => {
                *rest = &[];
                Event::Nothing
            }
        }
    }

    fn read_head<'a>(&mut self, rest: &mut &'a [u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Event<'a> {
        let start = match self.start {
            Some(start) => start,
            None => {
                *rest = start_line::skip_blank_lines(rest);
                if rest.is_empty() {
                    return Event::Nothing;
                }
                let start = context.start(chunk);
                self.start = Some(start);
                start
            }
        };
        if self.buffer.is_empty() {
            let bytes = *rest;
            if let Some(end) = head::find_end(bytes, &mut self.scanned)
                && end <= context.limits.head_bytes
            {
                let (head, after) = bytes.split_at_checked(end).unwrap_or_default();
                *rest = after;
                let head = Head::parse(head, self.half);
                return self.begin(head, start, rest, chunk, context);
            }
        }
        self.collect_head(start, rest, chunk, context)
    }

    /// Adds to a head that comes in several pieces.
    fn collect_head<'a>(
        &mut self,
        start: Start,
        rest: &mut &'a [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) -> Event<'a> {
        let held = self.buffer.len();
        let room = context.limits.head_bytes.saturating_sub(held);
        self.buffer.extend_from_slice(rest.get(..room).unwrap_or(rest));
        if !start_line::can_begin(&self.buffer, self.half) {
            self.lose(rest, chunk, context, NO_START_LINE);
            return Event::Nothing;
        }
        if held == 0 {
            // The search in place may have gone further than the buffer holds.
            self.scanned = self.scanned.min(self.buffer.len());
        }
        if let Some(end) = head::find_end(&self.buffer, &mut self.scanned) {
            let used = end.saturating_sub(held);
            *rest = rest.get(used..).unwrap_or_default();
            let head = self.buffer.get(..end).and_then(|head| Head::parse(head, self.half));
            return self.begin(head, start, rest, chunk, context);
        }
        if self.buffer.len() < context.limits.head_bytes {
            *rest = &[];
            return Event::Nothing;
        }
        if !self.buffer.contains(&b'\n') {
            // A target that is longer than a head may be: what there is of the line says what was asked.
            self.buffer.push(b'\n');
        }
        let cut = self.cut_head();
        context.anomalies.add(
            chunk.packet,
            Anomaly::MessageLimit {
                protocol: super::NAME,
                limit: "head_bytes",
            },
        );
        self.state = State::Lost;
        *rest = &[];
        cut.map_or(Event::Nothing, |(head, start)| Event::Head(head, start))
    }

    fn begin<'a>(
        &mut self,
        head: Option<Head>,
        start: Start,
        rest: &mut &'a [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) -> Event<'a> {
        self.forget_head();
        match head {
            Some(head) => Event::Head(head, start),
            None => {
                self.lose(rest, chunk, context, NO_START_LINE);
                Event::Nothing
            }
        }
    }

    /// Learns that bytes will never come. Gives what follows content, or a head that was cut by the gap.
    pub fn skip(&mut self, missing_bytes: u64) -> Event<'static> {
        match &mut self.state {
            State::Content(framing) => {
                let after = framing.skip(missing_bytes);
                match after {
                    After::More => {}
                    After::Done => self.state = State::Head,
                    After::Broken => self.state = State::Lost,
                }
                Event::Content(&[], after)
            }
            State::Head => {
                let cut = self.cut_head();
                self.state = State::Lost;
                cut.map_or(Event::Nothing, |(head, start)| Event::Head(head, start))
            }
            State::Lost => Event::Nothing,
        }
    }

    /// Gives the head that will not come whole, if its start line did.
    pub fn cut_head(&mut self) -> Option<(Head, Start)> {
        let start = self.start.take();
        let lines = memchr::memrchr(b'\n', &self.buffer).and_then(|end| self.buffer.get(..=end));
        let head = lines.and_then(|lines| Head::parse(lines, self.half));
        self.forget_head();
        head.zip(start)
    }

    /// True if the half is out of step, so that what follows the head just read is unknown.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    fn lose(&mut self, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>, reason: &'static str) {
        context.anomalies.add(
            chunk.packet,
            Anomaly::Unparsable {
                protocol: super::NAME,
                reason,
            },
        );
        self.forget_head();
        self.state = State::Lost;
        *rest = &[];
    }

    fn forget_head(&mut self) {
        self.buffer = Vec::new();
        self.scanned = 0;
        self.start = None;
    }
}

const NO_START_LINE: &str = "expected a request line or a status line, found neither where a message should begin";
