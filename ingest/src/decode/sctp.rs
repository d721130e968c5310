//! SCTP packets: the common header and the chunks behind it.
//!
//! Specification: RFC 9260 §3.1–3.3, RFC 8260 §2.1 (I-DATA).
//!
//! A chunk that was cut keeps what is there; after one whose length cannot be, there are no more.

use super::header;
use crate::Anomaly;

/// Bytes of the common header.
const COMMON_HEADER: usize = 12;

/// Bytes of a chunk's type, flags and length.
const CHUNK_HEADER: usize = 4;

/// Bytes in front of user data, the chunk's header included.
const DATA_HEADER: u16 = 16;
const I_DATA_HEADER: u16 = 20;

/// Flags of a chunk of user data.
const ENDS: u8 = 0x01;
const BEGINS: u8 = 0x02;

/// Types of chunks that this project treats on their own.
pub mod kind {
    pub const DATA: u8 = 0;
    pub const INIT: u8 = 1;
    pub const INIT_ACK: u8 = 2;
    pub const SACK: u8 = 3;
    pub const ABORT: u8 = 6;
    pub const SHUTDOWN: u8 = 7;
    pub const ERROR: u8 = 9;
    pub const COOKIE_ECHO: u8 = 10;
    pub const COOKIE_ACK: u8 = 11;
    pub const SHUTDOWN_COMPLETE: u8 = 14;
    pub const I_DATA: u8 = 64;
}

/// What a packet says of its association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Verification tag: the one that the receiver chose.
    pub tag: u32,
    /// Checksum as it was sent.
    pub checksum: u32,
    /// Its part in opening the association.
    pub opening: Option<Opening>,
    /// True if a chunk ends the association.
    pub ends: bool,
    /// User data of its chunks, in bytes on the wire.
    pub user_bytes: u32,
}

/// The steps of opening an association, which begin a packet (RFC 9260 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// INIT, with the tag that its sender chose.
    Init(u32),
    /// INIT ACK, likewise.
    InitAck(u32),
    /// COOKIE ECHO.
    CookieEcho,
    /// COOKIE ACK.
    CookieAck,
}

/// One chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The type.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// Length as the chunk says, header included.
    pub length: u16,
    /// What follows the chunk's header, as far as it was captured.
    pub value: &'a [u8],
}

/// User data of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserData<'a> {
    /// Transmission sequence number.
    pub tsn: u32,
    /// True if a message begins here.
    pub begins: bool,
    /// True if a message ends here.
    pub ends: bool,
    /// True of an I-DATA chunk: another message's may stand between it and the next of its own.
    pub is_interleaved: bool,
    /// The data, as far as it was captured.
    pub bytes: &'a [u8],
}

impl Packet {
    /// Reads a packet.
    ///
    /// # Errors
    ///
    /// A packet that was cut inside the common header.
    pub fn decode(bytes: &[u8]) -> Result<Self, Anomaly> {
        let fixed = header::<COMMON_HEADER>(bytes, "SCTP")?;
        let mut packet = Self {
            source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
            destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
            tag: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            checksum: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            opening: chunks(bytes).next().and_then(|first| first.opening()),
            ends: false,
            user_bytes: 0,
        };
        for chunk in chunks(bytes) {
            packet.ends |= matches!(chunk.kind, kind::ABORT | kind::SHUTDOWN_COMPLETE);
            packet.user_bytes = packet.user_bytes.saturating_add(u32::from(chunk.user_length()));
        }
        Ok(packet)
    }
}

/// The chunks of a packet. What is left behind the last that can be told apart is passed over.
pub fn chunks(packet: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = packet.get(COMMON_HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let [kind, flags, high, low] = *rest.first_chunk::<CHUNK_HEADER>()?;
        let length = u16::from_be_bytes([high, low]);
        let end = usize::from(length);
        if end < CHUNK_HEADER {
            rest = &[];
            return None;
        }
        let value = rest.get(CHUNK_HEADER..end.min(rest.len())).unwrap_or_default();
        // Chunks are padded to a multiple of four bytes, which the length does not count.
        rest = rest.get(end.next_multiple_of(4)..).unwrap_or_default();
        Some(Chunk {
            kind,
            flags,
            length,
            value,
        })
    })
}

impl<'a> Chunk<'a> {
    /// Bytes of user data on the wire; what is left of a chunk of data behind its header.
    pub fn user_length(&self) -> u16 {
        match self.kind {
            kind::DATA => self.length.saturating_sub(DATA_HEADER),
            kind::I_DATA => self.length.saturating_sub(I_DATA_HEADER),
            _ => 0,
        }
    }

    /// The user data of a chunk that brings any.
    pub fn user_data(&self) -> Option<UserData<'a>> {
        let header = match self.kind {
            kind::DATA => DATA_HEADER,
            kind::I_DATA => I_DATA_HEADER,
            _ => return None,
        };
        let bytes = self.value.get(usize::from(header) - CHUNK_HEADER..)?;
        Some(UserData {
            tsn: self.value.first_chunk().copied().map(u32::from_be_bytes)?,
            begins: self.flags & BEGINS != 0,
            ends: self.flags & ENDS != 0,
            is_interleaved: self.kind == kind::I_DATA,
            bytes,
        })
    }

    fn opening(&self) -> Option<Opening> {
        let tag = || self.value.first_chunk().copied().map(u32::from_be_bytes);
        match self.kind {
            kind::INIT => tag().map(Opening::Init),
            kind::INIT_ACK => tag().map(Opening::InitAck),
            kind::COOKIE_ECHO => Some(Opening::CookieEcho),
            kind::COOKIE_ACK => Some(Opening::CookieAck),
            _ => None,
        }
    }
}
