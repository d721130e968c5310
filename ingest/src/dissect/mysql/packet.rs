//! Packets: a length of three bytes, a sequence number, a payload; and the fields in it.
//!
//! A payload of 16 MiB less one byte goes on in the next packet.

use std::borrow::Cow;

use crate::dissect::Side;
use crate::dissect::framed::{Frame, Message};

/// Bytes of length and sequence number.
pub(super) const HEADER_BYTES: usize = 4;

/// Length of a payload that goes on in the next packet.
pub(super) const LONGEST: u64 = 0xff_ffff;

/// First bytes of payloads that the server sends.
pub(super) mod kind {
    pub const OK: u8 = 0x00;
    pub const LOCAL_INFILE: u8 = 0xfb;
    /// End of columns or rows; in a login: another method of authentication.
    pub const EOF: u8 = 0xfe;
    pub const ERR: u8 = 0xff;
}

/// A packet.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    /// The beginning of the payload, as far as it is kept.
    pub payload: &'a [u8],
    /// Bytes of the whole payload.
    pub length: u64,
    pub sequence: u8,
    pub side: Side,
}

impl<'a> Packet<'a> {
    /// A message that has a header.
    pub fn of(message: &'a Message<'_>) -> Option<Self> {
        let (_, sequence) = header(&message.bytes)?;
        Some(Self {
            payload: message.bytes.get(HEADER_BYTES..)?,
            length: message.side.bytes.saturating_sub(HEADER_BYTES as u64),
            sequence,
            side: message.side,
        })
    }
}

/// The length of the packet that begins here, for [`crate::dissect::framed`].
pub(super) fn frame(bytes: &[u8]) -> Frame {
    header(bytes).map_or(Frame::Incomplete, |(length, _)| {
        Frame::Bytes(length.saturating_add(HEADER_BYTES as u64))
    })
}

/// Length of the payload, and sequence number.
pub(super) fn header(bytes: &[u8]) -> Option<(u64, u8)> {
    let (&[low, middle, high, sequence], _) = bytes.split_first_chunk()?;
    Some((u64::from(u32::from_le_bytes([low, middle, high, 0])), sequence))
}

/// Fields of a payload, from its front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// An integer of so many bytes, at most 8, the lowest first.
    pub fn integer(&mut self, bytes: usize) -> Option<u64> {
        let read = self.bytes(bytes)?;
        Some(read.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// An integer that says its own length.
    pub fn length_encoded(&mut self) -> Option<u64> {
        match self.integer(1)? {
            small @ 0..=0xfa => Some(small),
            0xfc => self.integer(2),
            0xfd => self.integer(3),
            0xfe => self.integer(8),
            _ => None,
        }
    }

    /// Bytes behind their length.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.length_encoded()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// Bytes up to a zero, or to the end.
    pub fn zero_ended(&mut self) -> &'a [u8] {
        let end = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }
}

/// Text as it travelled; the character set is taken to be UTF-8.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Bytes of a name that are kept; servers allow 64 characters.
const NAME_BYTES: usize = 256;

/// [`text`] as far as a name goes.
pub(super) fn name(bytes: &[u8]) -> Cow<'_, str> {
    text(bytes.get(..NAME_BYTES).unwrap_or(bytes))
}
