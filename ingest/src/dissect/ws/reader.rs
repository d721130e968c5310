//! Bytes of one half of WebSocket to messages.
//!
//! A frame is walked by its length; of its payload what is to be kept is unmasked and inflated as it comes. A control message
//! may come between the frames of another.

use super::frame::{self, Header, Opcode};
use super::inflate::Inflater;
use crate::Limits;
use crate::dissect::{Chunk, Context, Half, Side, Start};

/// Bytes that are unmasked at once.
const STEP_BYTES: usize = 1 << 10;

/// The reader of one half.
#[derive(Debug)]
pub(super) struct Reader {
    half: Half,
    state: State,
    /// The beginning of a frame header that did not come whole.
    header: Vec<u8>,
    /// Where the message begins that this header begins, if it begins one.
    start: Option<Start>,
    /// The message of the user that is coming.
    data: Option<Message>,
    /// The message of the protocol that is coming.
    control: Option<Message>,
    inflater: Inflater,
}

#[derive(Debug)]
enum State {
    /// A frame header comes next, or the rest of one.
    Header,
    Payload(Payload),
    /// Out of step, until a chunk is filled by frames.
    Lost,
}

/// What is left of a frame.
#[derive(Clone, Copy, Debug)]
struct Payload {
    header: Header,
    left_bytes: u64,
    /// The byte of the mask that is next.
    mask_place: u64,
}

/// A message, or as much of it as came.
#[derive(Debug)]
pub(super) struct Message {
    pub opcode: Opcode,
    /// Its bytes are those of the payload, as it travelled.
    pub side: Side,
    /// The beginning of the payload, mask and compression removed.
    pub kept: Vec<u8>,
    is_compressed: bool,
    /// Bytes are missing before those to come.
    has_gap: bool,
}

/// What the next bytes are.
#[derive(Debug)]
pub(super) enum Event {
    /// Nothing whole yet.
    Nothing,
    Message(Message),
    /// No frame begins where one should; the half is lost.
    Nonsense(&'static str),
}

impl Reader {
    /// A reader at the beginning of a half.
    pub fn new(half: Half, takes_over: bool) -> Self {
        Self {
            half,
            state: State::Header,
            header: Vec::new(),
            start: None,
            data: None,
            control: None,
            inflater: Inflater::new(takes_over),
        }
    }

    /// Takes up a lost half if frames fill a chunk.
    pub fn resume(&mut self, bytes: &[u8]) {
        if self.is_lost() && frame::begins(bytes, self.half) {
            self.state = State::Header;
        }
    }

    /// True if the half is out of step.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Reads from the front of `rest`; takes at least one byte.
    pub fn read(&mut self, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Event {
        match &mut self.state {
            State::Header => match self.read_header(rest, chunk, context) {
                Ok(true) => self.end_of_frame(context.limits),
                Ok(false) => Event::Nothing,
                Err(reason) => {
                    self.lose();
                    *rest = &[];
                    Event::Nonsense(reason)
                }
            },
            State::Payload(payload) => {
                let before = *payload;
                let length = usize::try_from(payload.left_bytes)
                    .unwrap_or(usize::MAX)
                    .min(rest.len());
                let (bytes, after) = rest.split_at_checked(length).unwrap_or_default();
                *rest = after;
                payload.pass(length as u64);
                let is_over = payload.left_bytes == 0;
                self.add(before, bytes, chunk.timestamp_ns, context.limits);
                if is_over {
                    self.end_of_frame(context.limits)
                } else {
                    Event::Nothing
                }
            }
            State::Lost => {
                *rest = &[];
                Event::Nothing
            }
        }
    }

    /// Learns that bytes will never come. Gives the message that they end.
    pub fn skip(&mut self, missing_bytes: u64, limits: &Limits) -> Option<Message> {
        let State::Payload(payload) = &mut self.state else {
            self.lose();
            return None;
        };
        if missing_bytes > payload.left_bytes {
            self.lose();
            return None;
        }
        payload.pass(missing_bytes);
        let (is_control, is_over) = (payload.header.opcode.is_control(), payload.left_bytes == 0);
        if let Some(message) = self.message(is_control) {
            message.has_gap = true;
            message.side.bytes = message.side.bytes.saturating_add(missing_bytes);
            if message.is_compressed {
                self.inflater.lose();
            }
        }
        match is_over.then(|| self.end_of_frame(limits)) {
            Some(Event::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// Gives a message that will not come whole, as long as there is one.
    pub fn cut(&mut self) -> Option<Message> {
        self.control.take().or_else(|| self.data.take())
    }

    /// Bytes of memory that the reader holds, about.
    pub fn held_bytes(&self) -> usize {
        let messages = self.data.iter().chain(&self.control);
        let kept: usize = messages.map(|message| message.kept.capacity()).sum();
        kept.saturating_add(self.inflater.held_bytes())
    }

    /// Reads a frame header. True if the frame is over with it.
    fn read_header(
        &mut self,
        rest: &mut &[u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) -> Result<bool, &'static str> {
        while let Some((byte, after)) = rest.split_first() {
            if self.header.is_empty() {
                let begins = Opcode::of(*byte).is_some_and(|opcode| opcode != Opcode::Continuation);
                self.start = begins.then(|| context.start(chunk));
            }
            *rest = after;
            self.header.push(*byte);
            if let Some((header, _)) = Header::parse(&self.header)? {
                self.header.clear();
                self.begin(header, chunk.timestamp_ns)?;
                return Ok(header.length == 0);
            }
        }
        Ok(false)
    }

    /// Begins a frame.
    fn begin(&mut self, header: Header, time_ns: i64) -> Result<(), &'static str> {
        self.state = State::Payload(Payload {
            header,
            left_bytes: header.length,
            mask_place: 0,
        });
        let Some(start) = self.start.take() else {
            return Ok(());
        };
        let message = Message {
            opcode: header.opcode,
            side: Side {
                start,
                end_ns: time_ns,
                bytes: 0,
            },
            kept: Vec::new(),
            is_compressed: header.is_compressed,
            has_gap: false,
        };
        if header.opcode.is_control() {
            self.control = Some(message);
        } else if self.data.is_some() {
            return Err("expected the rest of a message, found the beginning of another");
        } else {
            if message.is_compressed {
                self.inflater.begin();
            }
            self.data = Some(message);
        }
        Ok(())
    }

    /// Adds payload to the message that the frame is of.
    fn add(&mut self, payload: Payload, bytes: &[u8], time_ns: i64, limits: &Limits) {
        let message = if payload.header.opcode.is_control() {
            &mut self.control
        } else {
            &mut self.data
        };
        // A message whose beginning was not seen is none.
        let Some(message) = message else { return };
        message.side.end_ns = time_ns;
        message.side.bytes = message.side.bytes.saturating_add(bytes.len() as u64);
        if message.has_gap {
            return;
        }
        let room = limits.body_bytes.saturating_sub(message.kept.len());
        let wanted = if message.is_compressed {
            bytes
        } else {
            bytes.get(..room).unwrap_or(bytes)
        };
        let mut place = payload.mask_place;
        for piece in wanted.chunks(STEP_BYTES) {
            let mut plain = [0; STEP_BYTES];
            let plain = plain.get_mut(..piece.len()).unwrap_or_default();
            plain.copy_from_slice(piece);
            if let Some(mask) = payload.header.mask {
                unmask(plain, mask, &mut place);
            }
            if message.is_compressed {
                self.inflater.add(plain, &mut message.kept, limits);
            } else {
                message.kept.extend_from_slice(plain);
            }
        }
    }

    /// Ends a frame, and its message if it was the last.
    fn end_of_frame(&mut self, limits: &Limits) -> Event {
        let State::Payload(payload) = &self.state else {
            return Event::Nothing;
        };
        let header = payload.header;
        self.state = State::Header;
        if !header.is_final {
            return Event::Nothing;
        }
        let message = if header.opcode.is_control() {
            self.control.take()
        } else {
            self.data.take()
        };
        let Some(mut message) = message else {
            return Event::Nothing;
        };
        if message.is_compressed {
            self.inflater.end(&mut message.kept, limits);
        }
        Event::Message(message)
    }

    fn message(&mut self, is_control: bool) -> Option<&mut Message> {
        if is_control {
            self.control.as_mut()
        } else {
            self.data.as_mut()
        }
    }

    fn lose(&mut self) {
        self.state = State::Lost;
        self.header.clear();
        self.start = None;
        self.inflater.lose();
    }
}

impl Payload {
    fn pass(&mut self, bytes: u64) {
        self.left_bytes = self.left_bytes.saturating_sub(bytes);
        self.mask_place = self.mask_place.wrapping_add(bytes);
    }
}

/// Removes a mask (RFC 6455 §5.3).
fn unmask(bytes: &mut [u8], mask: [u8; 4], place: &mut u64) {
    let turn = u32::try_from(*place & 3).unwrap_or_default();
    let mask = u32::from_le_bytes(mask)
        .rotate_right(turn.wrapping_mul(8))
        .to_le_bytes();
    for (byte, key) in bytes.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    *place = place.wrapping_add(bytes.len() as u64);
}
