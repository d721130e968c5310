//! Bytes of one half of HTTP/2 to header blocks and content.
//!
//! Frames are walked by their length. A header block is collected up to `Limits::head_bytes`, its continuations included, and
//! decoded when it is whole; content is handed on as it comes; other frames are jumped over. After damage or a gap outside
//! a frame the half is lost; the next chunk that begins with certain frames takes it up again.

use super::NAME;
use super::block::Block;
use super::frame::{Frame, HEADER_BYTES, PREFACE, flag, kind};
use super::hpack::{Decoder, Fault, Fields};
use super::preface;
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Start};

/// The reader of one half.
#[derive(Debug, Default)]
pub(super) struct Reader {
    state: State,
    /// The beginning of a frame header that did not come whole.
    partial: Vec<u8>,
    /// Where the next message may begin: taken when a packet ended inside a frame header, before its kind was known.
    reserved: Option<Start>,
    /// The header block that is coming.
    block: Option<Block>,
    decoder: Decoder,
}

/// Bytes of the reason in a reset.
const RESET_BYTES: usize = 4;

#[derive(Debug, Default)]
enum State {
    /// Nothing was read yet.
    #[default]
    Begin,
    /// In the connection preface, with this to come.
    Preface(&'static [u8]),
    /// A frame header comes next, or the rest of one.
    Header,
    /// In a frame of a header block, with this many bytes to come.
    Block(u32),
    /// At the length of a frame's padding; the frame's header says how many bytes are to come.
    PadLength(Frame),
    /// In content.
    Content(Body),
    /// In the reason why this stream is reset.
    Reset(u32),
    /// In something of no interest, with this many bytes to come.
    Skip(u32),
    /// Out of step, until a chunk begins with certain frames.
    Lost,
}

/// What is left of a frame with content.
#[derive(Clone, Copy, Debug)]
struct Body {
    stream: u32,
    content_bytes: u32,
    padding_bytes: u32,
    /// It ends its side of the stream.
    end: bool,
}

/// Fields of one side of a stream: a header section, or trailers.
#[derive(Debug)]
pub(super) struct Section {
    pub stream: u32,
    /// The request of a push: sent by the server, and over.
    pub is_promise: bool,
    /// It ends its side of the stream.
    pub end: bool,
    pub start: Start,
    pub fields: Fields,
    /// Bytes it travelled in, compressed.
    pub size_bytes: usize,
}

/// What the next bytes are.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// Nothing whole yet, or nothing of interest.
    Nothing,
    /// A header block.
    Section(Section),
    /// Content of a stream.
    Content {
        stream: u32,
        bytes: &'a [u8],
        /// It ends its side of the stream.
        end: bool,
    },
    /// Content of a stream that never came.
    Gap {
        stream: u32,
        bytes: u64,
        /// It ended its side of the stream.
        end: bool,
    },
    /// A half wants no more of a stream, and sends no more; the code says why, unless it never came.
    Reset { stream: u32, code: Option<u32> },
}

impl Reader {
    /// Takes up a lost half if a chunk begins with certain frames.
    pub fn resume(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Lost) && preface::begins(bytes) {
            self.state = State::Header;
        }
    }

    /// Reads from the front of `rest`; takes at least one byte.
    pub fn read<'a>(&mut self, rest: &mut &'a [u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Event<'a> {
        match &mut self.state {
            State::Begin | State::Header => self.header(rest, chunk, context),
            State::Preface(expected) => {
                let length = expected.len().min(rest.len());
                let (found, after) = rest.split_at_checked(length).unwrap_or_default();
                let (due, later) = expected.split_at_checked(length).unwrap_or_default();
                if found != due {
                    return self.lose(
                        rest,
                        chunk,
                        context,
                        "expected the connection preface, found something else",
                    );
                }
                *rest = after;
                *expected = later;
                if later.is_empty() {
                    self.state = State::Header;
                }
                Event::Nothing
            }
            State::Block(left) => {
                let bytes = take_up_to(rest, left);
                let is_whole = *left == 0;
                if let Some(block) = &mut self.block {
                    block.add(bytes, context.limits.head_bytes);
                }
                if is_whole {
                    return self.end_of_block_frame(rest, chunk, context);
                }
                Event::Nothing
            }
            State::PadLength(frame) => {
                let frame = *frame;
                let Some((padding, after)) = rest.split_first() else {
                    return Event::Nothing;
                };
                *rest = after;
                let padding = u32::from(*padding);
                match frame
                    .length
                    .checked_sub(1)
                    .and_then(|length| length.checked_sub(padding))
                {
                    Some(length) => self.content(frame, length, padding),
                    None => self.lose(rest, chunk, context, PADDING),
                }
            }
            State::Content(body) => {
                let bytes = take_up_to(rest, &mut body.content_bytes);
                let body = *body;
                self.after_content(body);
                Event::Content {
                    stream: body.stream,
                    bytes,
                    end: body.is_over(),
                }
            }
            State::Reset(stream) => {
                let stream = *stream;
                let length = RESET_BYTES.saturating_sub(self.partial.len()).min(rest.len());
                let (bytes, after) = rest.split_at_checked(length).unwrap_or_default();
                *rest = after;
                self.partial.extend_from_slice(bytes);
                let Some(code) = self.partial.first_chunk() else {
                    return Event::Nothing;
                };
                let code = Some(u32::from_be_bytes(*code));
                self.partial.clear();
                self.state = State::Header;
                Event::Reset { stream, code }
            }
            State::Skip(left) => {
                take_up_to(rest, left);
                if *left == 0 {
                    self.state = State::Header;
                }
                Event::Nothing
            }
            State::Lost => {
                *rest = &[];
                Event::Nothing
            }
        }
    }

    /// Bytes of memory that the reader holds, about.
    pub fn held_bytes(&self) -> usize {
        let block_bytes = self.block.as_ref().map_or(0, |block| block.bytes.len());
        block_bytes.saturating_add(self.decoder.held_bytes())
    }

    fn header<'a>(&mut self, rest: &mut &'a [u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Event<'a> {
        let is_first = matches!(self.state, State::Begin);
        if self.partial.is_empty() {
            if is_first && rest.first() == PREFACE.first() {
                self.state = State::Preface(PREFACE);
                return self.read(rest, chunk, context);
            }
            self.reserved.take_if(|start| start.packet != chunk.packet);
        }
        let length = HEADER_BYTES.saturating_sub(self.partial.len()).min(rest.len());
        let (bytes, after) = rest.split_at_checked(length).unwrap_or_default();
        *rest = after;
        self.partial.extend_from_slice(bytes);
        let Some(frame) = Frame::parse(&self.partial) else {
            self.reserved.get_or_insert_with(|| context.start(chunk));
            return Event::Nothing;
        };
        self.partial.clear();
        if is_first && frame.kind != kind::SETTINGS {
            // The connection began earlier, and so did the compression state.
            self.decoder.forget();
        }
        self.frame(frame, rest, chunk, context)
    }

    /// Begins a frame.
    fn frame<'a>(
        &mut self,
        frame: Frame,
        rest: &mut &'a [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) -> Event<'a> {
        let continues = self.block.as_ref().map(|block| block.frame.stream);
        let fault = match (continues, frame.kind) {
            (Some(stream), kind::CONTINUATION) if stream == frame.stream => frame.fault(),
            (None, kind::CONTINUATION) => {
                Some("expected a frame that begins something, found the rest of a header block")
            }
            (Some(_), _) => Some("expected the rest of a header block, found another frame"),
            (None, _) => frame.fault(),
        };
        if let Some(fault) = fault {
            return self.lose(rest, chunk, context, fault);
        }
        self.state = State::Skip(frame.length);
        match frame.kind {
            kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => {
                let is_last = frame.has(flag::END_HEADERS);
                match &mut self.block {
                    Some(block) => block.is_last = is_last,
                    None => {
                        let start = self.reserved.take().unwrap_or_else(|| context.start(chunk));
                        self.block = Some(Block::new(frame, start, is_last));
                    }
                }
                self.state = State::Block(frame.length);
                if frame.length == 0 {
                    return self.end_of_block_frame(rest, chunk, context);
                }
                return Event::Nothing;
            }
            kind::DATA if frame.has(flag::PADDED) && frame.length == 0 => {
                return self.lose(rest, chunk, context, PADDING);
            }
            kind::DATA if frame.has(flag::PADDED) => self.state = State::PadLength(frame),
            kind::DATA => return self.content(frame, frame.length, 0),
            kind::RST_STREAM => self.state = State::Reset(frame.stream),
            _ if frame.length == 0 => self.state = State::Header,
            _ => {}
        }
        Event::Nothing
    }

    /// Begins content. If there is none, that is told at once.
    fn content(&mut self, frame: Frame, content_bytes: u32, padding_bytes: u32) -> Event<'static> {
        let body = Body {
            stream: frame.stream,
            content_bytes,
            padding_bytes,
            end: frame.has(flag::END_STREAM),
        };
        self.after_content(body);
        if content_bytes > 0 {
            return Event::Nothing;
        }
        Event::Content {
            stream: body.stream,
            bytes: &[],
            end: body.end,
        }
    }

    fn after_content(&mut self, body: Body) {
        self.state = match (body.content_bytes, body.padding_bytes) {
            (0, 0) => State::Header,
            (0, padding_bytes) => State::Skip(padding_bytes),
            _ => State::Content(body),
        };
    }

    /// Ends a frame of a header block, and the block if it was the last.
    fn end_of_block_frame<'a>(
        &mut self,
        rest: &mut &'a [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) -> Event<'a> {
        self.state = State::Header;
        let Some(mut block) = self.block.take() else {
            return Event::Nothing;
        };
        if block.lay_bare().is_none() {
            return self.lose(rest, chunk, context, PADDING);
        }
        if !block.is_last {
            self.block = Some(block);
            return Event::Nothing;
        }
        let (fields, mut fault) = self.decoder.decode(&block.bytes, context.limits.head_bytes);
        if block.missing_bytes > 0 {
            // What the rest of the block did to the compression state is unknown.
            self.decoder.forget();
            fault = (block.bytes.len() >= context.limits.head_bytes).then_some(Fault::TooLong);
        }
        if let Some(fault) = fault {
            context.anomalies.add(chunk.packet, anomaly(fault));
        }
        Event::Section(Section {
            stream: block.promised.unwrap_or(block.frame.stream),
            is_promise: block.promised.is_some(),
            end: block.frame.kind == kind::HEADERS && block.frame.has(flag::END_STREAM),
            start: block.start,
            size_bytes: block.bytes.len().saturating_add(block.missing_bytes),
            fields,
        })
    }

    /// Learns that bytes will never come. Gives content that was among them.
    pub fn skip(&mut self, missing_bytes: u64) -> Event<'static> {
        let missing = u32::try_from(missing_bytes).unwrap_or(u32::MAX);
        match &mut self.state {
            State::Block(left) if missing < *left => {
                *left = left.saturating_sub(missing);
                if let Some(block) = &mut self.block {
                    block.missing_bytes = block.missing_bytes.saturating_add(missing as usize);
                }
            }
            State::Content(body) if missing <= body.content_bytes.saturating_add(body.padding_bytes) => {
                let mut body = *body;
                let lost_bytes = missing.min(body.content_bytes);
                body.content_bytes = body.content_bytes.saturating_sub(lost_bytes);
                body.padding_bytes = body.padding_bytes.saturating_sub(missing.saturating_sub(lost_bytes));
                self.after_content(body);
                return Event::Gap {
                    stream: body.stream,
                    bytes: u64::from(lost_bytes),
                    end: body.is_over(),
                };
            }
            State::Reset(stream) if self.partial.len().saturating_add(missing as usize) <= RESET_BYTES => {
                let stream = *stream;
                let known = self.partial.len().saturating_add(missing as usize);
                self.partial.clear();
                self.state = match RESET_BYTES.saturating_sub(known) {
                    0 => State::Header,
                    left => State::Skip(u32::try_from(left).unwrap_or_default()),
                };
                return Event::Reset { stream, code: None };
            }
            State::Skip(left) if missing <= *left => {
                *left = left.saturating_sub(missing);
                if *left == 0 {
                    self.state = State::Header;
                }
            }
            _ => self.forget(),
        }
        Event::Nothing
    }

    fn lose<'a>(
        &mut self,
        rest: &mut &'a [u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
        reason: &'static str,
    ) -> Event<'a> {
        context.anomalies.add(chunk.packet, anomaly(Fault::Damaged(reason)));
        self.forget();
        *rest = &[];
        Event::Nothing
    }

    fn forget(&mut self) {
        self.state = State::Lost;
        self.partial = Vec::new();
        self.block = None;
        self.decoder.forget();
    }
}

impl Body {
    /// True if nothing comes any more of this side of the stream.
    fn is_over(&self) -> bool {
        self.end && self.content_bytes == 0
    }
}

const PADDING: &str = "expected padding within its frame, found more than the frame holds";

fn anomaly(fault: Fault) -> Anomaly {
    match fault {
        Fault::Damaged(reason) => Anomaly::Unparsable { protocol: NAME, reason },
        Fault::TooLong => Anomaly::MessageLimit {
            protocol: NAME,
            limit: "head_bytes",
        },
    }
}

fn take_up_to<'a>(rest: &mut &'a [u8], left: &mut u32) -> &'a [u8] {
    let length = (*left as usize).min(rest.len());
    let (taken, after) = rest.split_at_checked(length).unwrap_or_default();
    *rest = after;
    *left = left.saturating_sub(u32::try_from(length).unwrap_or(u32::MAX));
    taken
}
