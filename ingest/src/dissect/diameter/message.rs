//! A Diameter message.
//!
//! Specification: RFC 6733 §3.

use super::avp::Avps;
use crate::dissect::framed::Frame;

/// Bytes of the header.
pub(super) const HEADER_BYTES: u32 = 20;

const VERSION: u8 = 1;

/// Bits of the flags.
mod flag {
    pub const REQUEST: u8 = 0x80;
    pub const ERROR: u8 = 0x20;
    pub const RESERVED: u8 = 0x0f;
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// Its length as it says itself, header included.
    pub length: u32,
    pub flags: u8,
    pub command: u32,
    pub application: u32,
    /// Says which answer answers which request.
    pub hop_by_hop: u32,
    pub avps: Avps<'a>,
    /// True if bytes of it are missing.
    pub is_cut: bool,
}

impl<'a> Message<'a> {
    /// Reads the message that begins the bytes; `None` if its header cannot be one.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&[version, l0, l1, l2, flags, c0, c1, c2], rest) = bytes.split_first_chunk()?;
        let (application, rest) = rest.split_first_chunk()?;
        let (hop_by_hop, rest) = rest.split_first_chunk()?;
        let (_end_to_end, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let avps_bytes = length.checked_sub(HEADER_BYTES)?;
        let whole = usize::try_from(avps_bytes).ok().and_then(|bytes| rest.get(..bytes));
        (version == VERSION).then_some(Self {
            length,
            flags,
            command: u32::from_be_bytes([0, c0, c1, c2]),
            application: u32::from_be_bytes(*application),
            hop_by_hop: u32::from_be_bytes(*hop_by_hop),
            avps: Avps(whole.unwrap_or(rest)),
            is_cut: whole.is_none(),
        })
    }

    /// True if it asks, false if it answers.
    pub fn is_request(&self) -> bool {
        self.flags & flag::REQUEST != 0
    }

    /// True if its flags can be: the reserved are zero, and only an answer is an error.
    pub fn has_right_flags(&self) -> bool {
        self.flags & flag::RESERVED == 0 && self.flags & (flag::REQUEST | flag::ERROR) != flag::REQUEST | flag::ERROR
    }
}

/// Says how long the message is that begins the bytes.
pub(super) fn frame(bytes: &[u8]) -> Frame {
    match bytes.first_chunk() {
        Some([VERSION, high, middle, low]) => {
            let length = u32::from_be_bytes([0, *high, *middle, *low]);
            if length < HEADER_BYTES {
                return Frame::Nonsense("expected the length of a message, at least 20, found less");
            }
            Frame::Bytes(u64::from(length))
        }
        None if bytes.first().is_none_or(|version| *version == VERSION) => Frame::Incomplete,
        _ => Frame::Nonsense("expected version 1, found another where a message should begin"),
    }
}
