//! Whether bytes are PostgreSQL.
//!
//! What opens a connection is known by its code, the first answer by the authentication it asks for. In mid-stream a query is known by
//! its text between length and zero, others as a chain of messages that ends where the bytes do.

use super::message::{self, Fields, HEADER_BYTES, client, server};
use super::startup::Opening;
use crate::dissect::framed::Frame;
use crate::dissect::statements::{begins_statement, is_text};
use crate::dissect::{Half, Probe, Verdict};

/// PostgreSQL, pgbouncer.
pub(super) const PORTS: [u16; 2] = [5432, 6432];

/// Messages of a chain that are looked at.
const CHAIN: usize = 64;
/// Bytes of a message that must tell.
const UNSURE_BYTES: usize = 32;
/// Bytes of a query without a word that statements begin with, at least; it is believed on the usual ports alone.
const QUERY_BYTES: usize = 4;

/// Recognises the first bytes of a half.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.half {
        Half::Client => from_client(probe.bytes, probe.is_hinted),
        Half::Server => from_server(probe.bytes, probe.is_hinted),
    }
}

/// Says that the sender of these bytes is the server.
pub(super) fn is_from_server(bytes: &[u8]) -> bool {
    from_server(bytes, false) == Verdict::Certain
}

/// Says whether a half can be taken up at these bytes.
pub(super) fn resumes(half: Half, bytes: &[u8]) -> bool {
    let verdict = match half {
        Half::Client => from_client(bytes, true),
        Half::Server => from_server(bytes, true),
    };
    verdict == Verdict::Certain
}

fn from_client(bytes: &[u8], is_hinted: bool) -> Verdict {
    if bytes.first() == Some(&0) {
        return match Opening::begins(bytes) {
            Some(true) => Verdict::Certain,
            Some(false) => Verdict::No,
            None => Verdict::Unsure,
        };
    }
    let length = match message::client_frame(bytes) {
        Frame::Bytes(length) => length,
        // What is on its way to be a header may still be anything.
        Frame::Incomplete => return Verdict::Unsure,
        Frame::Nonsense(_) => return Verdict::No,
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let body = bytes
        .get(HEADER_BYTES..length)
        .or(bytes.get(HEADER_BYTES..))
        .unwrap_or_default();
    let is_whole = bytes.len() >= length;
    let mut fields = Fields(body);
    let verdict = match bytes.first() {
        Some(&client::QUERY) => query(body, is_whole, is_hinted),
        Some(&client::PARSE) => {
            let name = fields.string();
            let text = fields.string();
            if is_text(name) && begins_statement(text) && text.len() > 2 {
                Verdict::Certain
            } else if body.len() < UNSURE_BYTES && !is_whole && is_text(name) && is_text(text) {
                Verdict::Unsure
            } else {
                Verdict::No
            }
        }
        _ => Verdict::No,
    };
    if verdict != Verdict::No {
        return verdict;
    }
    match chain(bytes, message::client_frame) {
        // A batch ends with what asks for answers.
        Some(Chain { count: 2.., last }) if matches!(last, client::SYNC | client::FLUSH) && is_batch(bytes) => {
            Verdict::Certain
        }
        Some(Chain { count: 1.., .. }) if is_hinted => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// A simple query: a text, and a zero at its end.
fn query(body: &[u8], is_whole: bool, is_hinted: bool) -> Verdict {
    let (text, ends) = match body.split_last() {
        Some((0, text)) if is_whole => (text, true),
        _ => (body, false),
    };
    if is_whole && !ends || !is_text(text) {
        return Verdict::No;
    }
    if begins_statement(text) && text.len() > 2 || is_hinted && ends && text.len() >= QUERY_BYTES {
        return Verdict::Certain;
    }
    match (is_whole, body.len() < UNSURE_BYTES) {
        (false, true) => Verdict::Unsure,
        (false, false) if is_hinted => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// True if the first message is one of the extended protocol and its names are.
fn is_batch(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes.get(HEADER_BYTES..).unwrap_or_default());
    match bytes.first() {
        Some(&(client::DESCRIBE | client::CLOSE)) => {
            matches!(fields.byte(), Some(b'S' | b'P')) && is_text(fields.string())
        }
        Some(&(client::EXECUTE | client::PARSE)) => is_text(fields.string()),
        Some(&client::BIND) => {
            let names = [fields.string(), fields.string()];
            let formats = fields.short().unwrap_or(u16::MAX);
            let formats = (0..formats.min(1 << 10)).map_while(|_| fields.short());
            names.iter().all(|name| is_text(name)) && formats.into_iter().all(|format| format <= 1)
        }
        _ => false,
    }
}

fn from_server(bytes: &[u8], is_hinted: bool) -> Verdict {
    let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let mut fields = Fields(body);
    let frame = message::server_frame(bytes, false);
    let length = match frame {
        Frame::Bytes(length) => usize::try_from(length).unwrap_or(usize::MAX),
        Frame::Incomplete if is_hinted => return Verdict::Unsure,
        Frame::Incomplete => return Verdict::No,
        Frame::Nonsense(_) => return Verdict::No,
    };
    let is_certain = match bytes.first() {
        Some(&server::AUTHENTICATION) => matches!(
            (length, fields.long()),
            (9, Some(0 | 2 | 6 | 7 | 9)) | (9, Some(3)) | (13, Some(5)) | (14.., Some(8 | 10))
        ),
        Some(&(server::ERROR | server::NOTICE)) => is_report(fields),
        _ => false,
    };
    if is_certain {
        return Verdict::Certain;
    }
    match chain(bytes, |bytes| message::server_frame(bytes, false)) {
        Some(Chain {
            count: 2..,
            last: server::READY,
        }) => Verdict::Certain,
        Some(Chain { count: 1.., .. }) if is_hinted => Verdict::Certain,
        _ if is_hinted && bytes.len() < length && is_description(bytes) => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// A severity, and a state of five letters or digits.
fn is_report(mut fields: Fields<'_>) -> bool {
    let mut is_severe = false;
    for _ in 0..3 {
        match (fields.byte(), fields.string()) {
            (Some(b'S' | b'V'), severity) => is_severe = !severity.is_empty() && is_text(severity),
            (Some(b'C'), state) => {
                return is_severe && state.len() == 5 && state.iter().all(u8::is_ascii_alphanumeric);
            }
            _ => return false,
        }
    }
    false
}

/// A long result: what rows it has, or a first row.
fn is_description(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes.get(HEADER_BYTES..).unwrap_or_default());
    let count = fields.short().unwrap_or(0);
    match bytes.first() {
        Some(&server::ROW_DESCRIPTION) => (1..=1664).contains(&count) && is_text(fields.string()),
        Some(&server::DATA_ROW) => (1..=1664).contains(&count),
        _ => false,
    }
}

/// Messages that follow each other up to the end of the bytes.
struct Chain {
    count: usize,
    last: u8,
}

/// Follows messages; `None` if they do not end with the bytes, or one of them cannot be.
fn chain(bytes: &[u8], frame: impl Fn(&[u8]) -> Frame) -> Option<Chain> {
    let mut rest = bytes;
    let mut last = 0;
    for count in 1..=CHAIN {
        let Frame::Bytes(length) = frame(rest) else {
            return None;
        };
        last = *rest.first()?;
        rest = rest.get(usize::try_from(length).ok()?..)?;
        if rest.is_empty() {
            return (last != server::READY || is_ready(bytes)).then_some(Chain { count, last });
        }
    }
    // Long enough: so many lengths do not agree by chance.
    Some(Chain { count: CHAIN, last })
}

/// True if the last byte is a state of a transaction.
fn is_ready(bytes: &[u8]) -> bool {
    matches!(bytes.last(), Some(b'I' | b'T' | b'E'))
}
