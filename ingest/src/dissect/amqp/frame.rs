//! Frames, and the header that begins a connection.
//!
//! Specification: AMQP 0-9-1 §4.2.2, §4.2.3.

use crate::dissect::Side;
use crate::dissect::framed::{self, Message};

/// What a client says first; a server says it to refuse another version.
pub(super) const PROTOCOL_HEADER: [u8; 8] = *b"AMQP\x00\x00\x09\x01";

/// Types of frames.
pub(super) mod kind {
    pub const METHOD: u8 = 1;
    pub const HEADER: u8 = 2;
    pub const BODY: u8 = 3;
    pub const HEARTBEAT: u8 = 8;
}

/// The byte that ends every frame.
pub(super) const END: u8 = 0xce;
const END_BYTES: usize = 1;

/// Bytes before the payload: type, channel and length.
pub(super) const HEADER_BYTES: usize = 7;

/// Longest payload that is believed; peers agree on 128 KiB as a rule.
pub(super) const PAYLOAD_BYTES: u32 = 64 << 20;

/// What begins a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: u8,
    pub channel: u16,
    pub payload_bytes: u32,
}

impl Header {
    /// Reads what begins a frame; `None` if it is not whole.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [kind, channel_high, channel_low, size @ ..] = *bytes.first_chunk::<HEADER_BYTES>()?;
        Some(Self {
            kind,
            channel: u16::from_be_bytes([channel_high, channel_low]),
            payload_bytes: u32::from_be_bytes(size),
        })
    }

    /// True if there is such a frame.
    pub fn is_sane(&self) -> bool {
        let fits = match self.kind {
            kind::METHOD => self.payload_bytes >= 4,
            kind::HEADER => self.payload_bytes >= 14 && self.channel > 0,
            kind::BODY => self.channel > 0,
            kind::HEARTBEAT => self.payload_bytes == 0 && self.channel == 0,
            _ => false,
        };
        fits && self.payload_bytes <= PAYLOAD_BYTES
    }
}

/// A frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub kind: u8,
    pub channel: u16,
    /// Bytes that the payload has.
    pub payload_bytes: u64,
    /// What of it is there.
    pub payload: &'a [u8],
    pub side: Side,
}

impl<'a> Frame<'a> {
    /// Reads a frame; what is none that says anything is a heartbeat. Gives the reason if it does not end where it says.
    pub fn read(message: &'a Message<'_>) -> Result<Self, &'static str> {
        let bytes: &[u8] = &message.bytes;
        let side = message.side;
        let Some(header) = Header::read(bytes).filter(|_| !bytes.starts_with(b"A")) else {
            return Ok(Self {
                kind: kind::HEARTBEAT,
                channel: 0,
                payload_bytes: 0,
                payload: &[],
                side,
            });
        };
        let payload_bytes = u64::from(header.payload_bytes);
        let is_there = !message.is_cut && bytes.len() as u64 == side.bytes;
        if is_there && bytes.last() != Some(&END) {
            return Err("expected the byte that ends a frame, found another");
        }
        let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let most = usize::try_from(header.payload_bytes).unwrap_or(usize::MAX);
        Ok(Self {
            kind: header.kind,
            channel: header.channel,
            payload_bytes,
            payload: payload.get(..most).unwrap_or(payload),
            side,
        })
    }
}

/// Where a frame ends.
pub(super) fn frame(bytes: &[u8]) -> framed::Frame {
    if bytes.first() == Some(&b'A') {
        return match bytes.first_chunk::<4>() {
            Some(b"AMQP") => framed::Frame::Bytes(PROTOCOL_HEADER.len() as u64),
            Some(_) => framed::Frame::Nonsense("expected a frame, found none"),
            None => framed::Frame::Incomplete,
        };
    }
    match Header::read(bytes) {
        Some(header) if header.is_sane() => {
            let around = HEADER_BYTES.saturating_add(END_BYTES) as u64;
            framed::Frame::Bytes(u64::from(header.payload_bytes).saturating_add(around))
        }
        Some(_) => framed::Frame::Nonsense("expected a frame, found none"),
        None => framed::Frame::Incomplete,
    }
}
