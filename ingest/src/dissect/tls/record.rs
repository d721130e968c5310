//! Bytes of one half of TLS to the payloads of records.
//!
//! Specification: RFC 8446 §5.1, RFC 5246 §6.2.1, and appendix E.2 for the one record of SSL 2.0 that may come first. Payload is
//! handed on as it comes and never collected.

use super::{CLIENT_HELLO, SERVER_HELLO};
use crate::dissect::{Half, Probe, Verdict};

/// Content types of records.
pub(super) mod content {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const HANDSHAKE: u8 = 22;
    pub const APPLICATION_DATA: u8 = 23;
    pub const HEARTBEAT: u8 = 24;
}

const HEADER_BYTES: usize = 5;
const HANDSHAKE_HEADER_BYTES: usize = 4;

/// Longest record: 2^14 bytes and what encryption may add (RFC 5246 §6.2.3).
const RECORD_BYTES: u16 = (1 << 14) + 2048;

/// Set in the first byte of a record of SSL 2.0.
const V2_FLAG: u8 = 0x80;
/// Bytes before the variable part of a ClientHello of SSL 2.0, those of the record header included.
const V2_FIXED_BYTES: usize = 11;

/// Where in its records a half is.
#[derive(Debug)]
pub(super) struct Records {
    /// The header that did not come whole yet.
    header: Header,
    kind: u8,
    record_bytes: usize,
    left_bytes: usize,
    is_v2: bool,
    /// No byte was taken yet: the only place where a record of SSL 2.0 may be.
    is_fresh: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Header {
    bytes: [u8; HEADER_BYTES],
    filled: usize,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A part of a header.
    Header,
    /// A part of a record's payload.
    Payload {
        /// Content type.
        kind: u8,
        /// Bytes of the whole payload.
        record_bytes: usize,
        /// The payload begins here.
        is_first: bool,
        /// The part.
        bytes: &'a [u8],
    },
    /// A part of the payload of a record of SSL 2.0, and whether it is the last.
    V2(&'a [u8], bool),
    /// Bytes that are no record.
    Nonsense,
}

impl Records {
    /// At the beginning of a half.
    pub fn new() -> Self {
        Self {
            is_fresh: true,
            ..Self::resumed()
        }
    }

    /// At the beginning of a record inside a half.
    pub fn resumed() -> Self {
        Self {
            header: Header::default(),
            kind: 0,
            record_bytes: 0,
            left_bytes: 0,
            is_v2: false,
            is_fresh: false,
        }
    }

    /// True if no byte was taken yet.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh && self.header.filled == 0
    }

    /// True if the next byte begins a record.
    pub fn is_between(&self) -> bool {
        self.left_bytes == 0 && self.header.filled == 0
    }

    /// Takes the next piece from the front of `rest`; at least one byte.
    pub fn next<'a>(&mut self, rest: &mut &'a [u8]) -> Piece<'a> {
        if self.left_bytes == 0 {
            return self.next_header(rest);
        }
        let is_first = self.left_bytes == self.record_bytes;
        let (bytes, after) = rest.split_at_checked(self.left_bytes).unwrap_or((rest, &[]));
        *rest = after;
        self.left_bytes = self.left_bytes.saturating_sub(bytes.len());
        if self.is_v2 {
            self.is_v2 = self.left_bytes > 0;
            return Piece::V2(bytes, !self.is_v2);
        }
        Piece::Payload {
            kind: self.kind,
            record_bytes: self.record_bytes,
            is_first,
            bytes,
        }
    }

    /// Counts bytes that will never come; false if records cannot be told apart any more.
    pub fn skip(&mut self, missing_bytes: u64) -> bool {
        let missing = usize::try_from(missing_bytes).unwrap_or(usize::MAX);
        match self.left_bytes.checked_sub(missing) {
            Some(left) => self.left_bytes = left,
            None => return false,
        }
        true
    }

    fn next_header<'a>(&mut self, rest: &mut &'a [u8]) -> Piece<'a> {
        let Some((byte, after)) = rest.split_first() else {
            return Piece::Header;
        };
        *rest = after;
        if let Some(place) = self.header.bytes.get_mut(self.header.filled) {
            *place = *byte;
        }
        self.header.filled = self.header.filled.saturating_add(1);
        let [kind, second, third, high, low] = self.header.bytes;
        if self.is_fresh && kind & V2_FLAG != 0 {
            if self.header.filled == 2 {
                let length = usize::from(u16::from_be_bytes([kind & !V2_FLAG, second]));
                *self = Self {
                    is_v2: true,
                    record_bytes: length,
                    left_bytes: length,
                    ..Self::resumed()
                };
            }
            return Piece::Header;
        }
        if self.header.filled < HEADER_BYTES {
            return Piece::Header;
        }
        let length = u16::from_be_bytes([high, low]);
        let known = kind & V2_FLAG == 0 && begins_record(kind);
        // Drafts of TLS 1.3 use version numbers in their hellos, never in their records.
        if !known || second != 3 || third > 4 || length > RECORD_BYTES {
            return Piece::Nonsense;
        }
        let length = usize::from(length);
        *self = Self {
            kind,
            record_bytes: length,
            left_bytes: length,
            ..Self::resumed()
        };
        Piece::Header
    }
}

/// True if a record may begin with this byte, one of SSL 2.0 included.
pub(super) fn begins_record(byte: u8) -> bool {
    byte & V2_FLAG != 0 || (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&byte)
}

/// Recognises the first bytes of a half.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match hello(probe.bytes) {
        Verdict::No if probe.half == Half::Client => hello_v2(probe.bytes),
        verdict => verdict,
    }
}

/// Says that the sender of these bytes is the server.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    hello(bytes) == Verdict::Certain && bytes.get(HEADER_BYTES) == Some(&SERVER_HELLO)
}

/// Recognises a record that begins with a hello, or with a fragment of one.
pub(super) fn hello(bytes: &[u8]) -> Verdict {
    let Some(([kind, major, minor, high, low], payload)) = bytes.split_first_chunk() else {
        let begins = bytes
            .iter()
            .zip([content::HANDSHAKE, 3])
            .all(|(byte, expected)| *byte == expected);
        return if begins { Verdict::Unsure } else { Verdict::No };
    };
    let length = u16::from_be_bytes([*high, *low]);
    let is_record = *kind == content::HANDSHAKE && *major == 3 && *minor <= 4 && (1..=RECORD_BYTES).contains(&length);
    let payload = payload.get(..usize::from(length)).unwrap_or(payload);
    // The first byte of the length, and of the version: drafts of TLS 1.3 have 0x7f there.
    let is_message = payload
        .first()
        .is_none_or(|kind| matches!(*kind, CLIENT_HELLO | SERVER_HELLO))
        && payload.get(1).is_none_or(|length| *length == 0)
        && payload
            .get(HANDSHAKE_HEADER_BYTES)
            .is_none_or(|version| matches!(version, 3 | 0x7f));
    match payload.len() {
        _ if !is_record || !is_message => Verdict::No,
        read if read > HANDSHAKE_HEADER_BYTES || read == usize::from(length) => Verdict::Certain,
        _ => Verdict::Unsure,
    }
}

/// Recognises a ClientHello of SSL 2.0, whose lengths must add up.
fn hello_v2(bytes: &[u8]) -> Verdict {
    let Some((head, _)) = bytes.split_first_chunk::<V2_FIXED_BYTES>() else {
        let begins = bytes.first().is_none_or(|byte| byte & V2_FLAG != 0)
            && bytes.get(2).is_none_or(|kind| *kind == CLIENT_HELLO);
        return if begins { Verdict::Unsure } else { Verdict::No };
    };
    let [first, second, kind, major, minor, lengths @ ..] = *head;
    let [suites, session, challenge] = [
        [lengths[0], lengths[1]],
        [lengths[2], lengths[3]],
        [lengths[4], lengths[5]],
    ]
    .map(u16::from_be_bytes);
    let total = u32::from(suites)
        .saturating_add(u32::from(session))
        .saturating_add(u32::from(challenge))
        .saturating_add(9);
    let version = u16::from_be_bytes([major, minor]);
    let fits =
        total == u32::from(u16::from_be_bytes([first & !V2_FLAG, second])) && suites.is_multiple_of(3) && suites > 0;
    let is_hello = first & V2_FLAG != 0 && kind == CLIENT_HELLO && matches!(version, 2 | 0x0300..=0x0303);
    if fits && is_hello {
        Verdict::Certain
    } else {
        Verdict::No
    }
}
