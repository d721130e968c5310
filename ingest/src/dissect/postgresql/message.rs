//! Messages: a type, a length, fields. What opens a connection has no type.

use std::borrow::Cow;

use crate::dissect::framed::Frame;

/// Bytes of type and length.
pub(super) const HEADER_BYTES: usize = 5;

/// Length of what opens a connection, at most; servers refuse longer ones.
const STARTUP_BYTES: u64 = 10_000;
/// Length of a message, at most: servers allow 1 GiB, and four characters of text read as more than half of it.
const MESSAGE_BYTES: u64 = 0x1fff_ffff;

/// Bytes by which servers tell names apart.
const NAME_BYTES: usize = 63;

/// Types of messages that clients send.
pub(super) mod client {
    pub const BIND: u8 = b'B';
    pub const CLOSE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_FAIL: u8 = b'f';
    pub const DESCRIBE: u8 = b'D';
    pub const EXECUTE: u8 = b'E';
    pub const FLUSH: u8 = b'H';
    pub const FUNCTION_CALL: u8 = b'F';
    pub const PARSE: u8 = b'P';
    /// An answer to a challenge.
    pub const PASSWORD: u8 = b'p';
    pub const QUERY: u8 = b'Q';
    pub const SYNC: u8 = b'S';
    pub const TERMINATE: u8 = b'X';
}

/// Types of messages that servers send.
pub(super) mod server {
    pub const AUTHENTICATION: u8 = b'R';
    pub const BACKEND_KEY_DATA: u8 = b'K';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_IN: u8 = b'G';
    pub const COPY_OUT: u8 = b'H';
    pub const COPY_BOTH: u8 = b'W';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY: u8 = b'I';
    pub const ERROR: u8 = b'E';
    pub const FUNCTION_RESULT: u8 = b'V';
    pub const NEGOTIATE: u8 = b'v';
    pub const NO_DATA: u8 = b'n';
    pub const NOTICE: u8 = b'N';
    pub const NOTIFICATION: u8 = b'A';
    pub const PARAMETERS: u8 = b't';
    pub const PARAMETER_STATUS: u8 = b'S';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// The length of the client's message that begins here.
pub(super) fn client_frame(bytes: &[u8]) -> Frame {
    if bytes.first() == Some(&0) {
        let Some((length, _)) = bytes.split_first_chunk() else {
            return Frame::Incomplete;
        };
        let length = u64::from(u32::from_be_bytes(*length));
        return if (8..=STARTUP_BYTES).contains(&length) {
            Frame::Bytes(length)
        } else {
            Frame::Nonsense("expected what opens a connection, found a length that it cannot have")
        };
    }
    typed(bytes, client_lengths)
}

/// The length of the server's message that begins here; of an answer in one byte if it is to an offer of encryption.
pub(super) fn server_frame(bytes: &[u8], answers_offer: bool) -> Frame {
    match bytes.first() {
        Some(b'S' | b'N' | b'G') if answers_offer => Frame::Bytes(1),
        _ => typed(bytes, server_lengths),
    }
}

fn typed(bytes: &[u8], lengths: fn(u8) -> Option<(u64, u64)>) -> Frame {
    let Some((kind, rest)) = bytes.split_first() else {
        return Frame::Incomplete;
    };
    let Some((least, most)) = lengths(*kind) else {
        return Frame::Nonsense("expected the type of a message, found none that there is");
    };
    let Some((length, _)) = rest.split_first_chunk() else {
        return Frame::Incomplete;
    };
    let length = u64::from(u32::from_be_bytes(*length));
    if (least..=most).contains(&length) {
        Frame::Bytes(length.saturating_add(1))
    } else {
        Frame::Nonsense("found a length that a message of this type cannot have")
    }
}

/// The least and the greatest length that a message of the client may have.
fn client_lengths(kind: u8) -> Option<(u64, u64)> {
    Some(match kind {
        client::SYNC | client::FLUSH | client::COPY_DONE | client::TERMINATE => (4, 4),
        client::QUERY | client::COPY_FAIL => (5, MESSAGE_BYTES),
        client::PARSE => (8, MESSAGE_BYTES),
        client::BIND => (12, MESSAGE_BYTES),
        client::EXECUTE => (9, 1 << 16),
        client::DESCRIBE | client::CLOSE => (6, 1 << 16),
        client::FUNCTION_CALL => (14, MESSAGE_BYTES),
        client::COPY_DATA => (4, MESSAGE_BYTES),
        client::PASSWORD => (4, 1 << 16),
        _ => return None,
    })
}

/// The least and the greatest length that a message of the server may have.
fn server_lengths(kind: u8) -> Option<(u64, u64)> {
    Some(match kind {
        server::BIND_COMPLETE
        | server::CLOSE_COMPLETE
        | server::COPY_DONE
        | server::EMPTY_QUERY
        | server::NO_DATA
        | server::PARSE_COMPLETE
        | server::PORTAL_SUSPENDED => (4, 4),
        server::READY => (5, 5),
        server::AUTHENTICATION => (8, 1 << 16),
        server::BACKEND_KEY_DATA => (12, 1 << 10),
        server::COMMAND_COMPLETE => (5, 1 << 10),
        server::COPY_DATA => (4, MESSAGE_BYTES),
        server::COPY_IN | server::COPY_OUT | server::COPY_BOTH => (7, 1 << 16),
        server::DATA_ROW => (6, MESSAGE_BYTES),
        server::ERROR | server::NOTICE => (5, 1 << 20),
        server::FUNCTION_RESULT => (8, MESSAGE_BYTES),
        server::NEGOTIATE => (12, 1 << 16),
        server::NOTIFICATION => (10, 1 << 16),
        server::PARAMETERS => (6, 1 << 20),
        server::PARAMETER_STATUS => (6, 1 << 20),
        server::ROW_DESCRIPTION => (6, 1 << 20),
        _ => return None,
    })
}

/// Fields of a message, from its front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub fn short(&mut self) -> Option<u16> {
        let (short, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*short))
    }

    pub fn long(&mut self) -> Option<u32> {
        let (long, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*long))
    }

    /// Bytes up to a zero; all of them if there is none, as in a message that was cut.
    pub fn string(&mut self) -> &'a [u8] {
        let end = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }

    /// [`Fields::string`] as text; the encoding is taken to be UTF-8.
    pub fn text(&mut self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.string())
    }

    /// [`Fields::text`] as far as a name goes.
    pub fn name(&mut self) -> String {
        let bytes = self.string();
        String::from_utf8_lossy(bytes.get(..NAME_BYTES).unwrap_or(bytes)).into_owned()
    }
}
