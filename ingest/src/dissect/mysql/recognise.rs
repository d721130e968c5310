//! Whether bytes are MySQL.
//!
//! A greeting, a login, definitions of columns and errors with a state are known by themselves; a command by the SQL in it. On the usual
//! port every command and OK is believed that has the length that it must have.

use super::command::{self, code};
use super::compression;
use super::handshake::{Greeting, Login};
use super::packet::{Fields, HEADER_BYTES, header, kind};
use crate::dissect::statements::{begins_statement, is_text};
use crate::dissect::{Half, Probe, Verdict};

/// The usual port.
pub(super) const PORTS: [u16; 1] = [3306];

/// Length of a greeting and of a login, at most.
const GREETING_BYTES: u64 = 1 << 10;
const LOGIN_BYTES: u64 = 1 << 16;
/// Bytes of a greeting in which its version must end.
const VERSION_BYTES: usize = 80;
/// Bytes of a login before the user.
const LOGIN_FIXED_BYTES: usize = 32;
/// Bytes of a payload that must tell.
const UNSURE_BYTES: usize = 32;
/// Numbers of errors.
const ERRORS: std::ops::Range<u64> = 1000..20_000;
/// Errors with which a server turns a client away: too many connections, hosts that may not connect.
const REFUSALS: [u64; 4] = [1040, 1129, 1130, 1203];
/// Definitions of columns begin with this: the catalogue, which is always "def".
const DEFINITION: &[u8] = b"\x03def";

/// Recognises the first bytes of a half.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.half {
        Half::Client => match greeting(probe.bytes) {
            Verdict::Certain => Verdict::Certain,
            _ => from_client(probe.bytes, probe.is_hinted),
        },
        Half::Server => from_server(probe.bytes, probe.is_hinted),
    }
}

/// Says that the sender of these bytes is the server.
pub(super) fn is_from_server(bytes: &[u8]) -> bool {
    from_server(bytes, false) == Verdict::Certain
}

/// What the first bytes of the server say.
pub(super) fn from_server(bytes: &[u8], is_hinted: bool) -> Verdict {
    match greeting(bytes) {
        Verdict::No => {}
        told => return told,
    }
    let Some((length, sequence)) = header(bytes) else {
        return if is_hinted { Verdict::Unsure } else { Verdict::No };
    };
    if length == 0 {
        return Verdict::No;
    }
    let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let ends = payload.len() as u64 == length;
    match payload.first() {
        None if is_hinted => Verdict::Unsure,
        Some(&kind::ERR) if ends => error(payload, sequence, is_hinted),
        Some(&kind::OK) if is_hinted && ends && sequence > 0 && (7..1024).contains(&length) => Verdict::Certain,
        _ if sequence == 1 && length < 4 => definition_behind(payload, length),
        _ if is_hinted && sequence > 0 && compression::begins(bytes) => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// An error: its number, its state, its sentence.
fn error(payload: &[u8], sequence: u8, is_hinted: bool) -> Verdict {
    let mut fields = Fields(payload.get(1..).unwrap_or_default());
    let code = fields.integer(2).unwrap_or(0);
    let has_state = matches!(fields.0, [b'#', state @ ..] if state.len() > 5 && state.iter().take(5).all(u8::is_ascii_alphanumeric));
    let is_known = has_state || is_hinted || (sequence == 0 && REFUSALS.contains(&code));
    if ERRORS.contains(&code) && is_known && fields.0.len() > 5 && is_text(fields.0) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

/// A definition of a column behind the packet that counts columns.
fn definition_behind(payload: &[u8], length: u64) -> Verdict {
    let count = usize::try_from(length).ok().and_then(|length| payload.get(..length));
    let Some(count) = count else { return Verdict::No };
    let second = payload.get(count.len()..).unwrap_or_default();
    let is_counted = count.first().is_some_and(|first| (1..=0xfc).contains(first));
    match header(second) {
        Some((length, 2)) if is_counted && length > 20 && begins_with(second.get(HEADER_BYTES..), DEFINITION) => {
            Verdict::Certain
        }
        _ => Verdict::No,
    }
}

/// True if there are bytes, and they begin so.
fn begins_with(bytes: Option<&[u8]>, beginning: &[u8]) -> bool {
    bytes.is_some_and(|bytes| bytes.starts_with(beginning))
}

/// A greeting, which is alone in what the server sends.
fn greeting(bytes: &[u8]) -> Verdict {
    let Some((length, 0)) = header(bytes) else {
        return if bytes.len() < HEADER_BYTES {
            Verdict::Unsure
        } else {
            Verdict::No
        };
    };
    let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
    if !(20..GREETING_BYTES).contains(&length) || payload.len() as u64 > length {
        return Verdict::No;
    }
    match payload {
        [9 | 10, rest @ ..] => match Greeting::read(payload) {
            Some(_) => Verdict::Certain,
            None if payload.len() as u64 == length || payload.len() >= VERSION_BYTES => Verdict::No,
            None => {
                let version = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                let can_be = version.iter().all(|byte| (b' '..=b'~').contains(byte));
                if can_be { Verdict::Unsure } else { Verdict::No }
            }
        },
        [] => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// What the first bytes of the client say.
pub(super) fn from_client(bytes: &[u8], is_hinted: bool) -> Verdict {
    let Some((length, sequence)) = header(bytes) else {
        return Verdict::Unsure;
    };
    let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
    if compression::begins(bytes) {
        let inner = bytes.get(7..).unwrap_or_default();
        return if is_hinted || (inner.first() != Some(&0x78) && from_client(inner, false) == Verdict::Certain) {
            Verdict::Certain
        } else {
            Verdict::No
        };
    }
    if length == 0 {
        return Verdict::No;
    }
    match (sequence, payload) {
        (0 | 1, []) => Verdict::Unsure,
        (1, _) => login(payload, length),
        (0, [first, text @ ..]) => match command::kind(*first, length) {
            Some(kind) => command(kind, text, payload, length, is_hinted),
            None => Verdict::No,
        },
        _ => Verdict::No,
    }
}

fn login(payload: &[u8], length: u64) -> Verdict {
    let fits = (LOGIN_FIXED_BYTES as u64..LOGIN_BYTES).contains(&length) && payload.len() as u64 <= length;
    if !fits {
        Verdict::No
    } else if payload.len() <= LOGIN_FIXED_BYTES && (payload.len() as u64) < length {
        Verdict::Unsure
    } else if Login::is_certain(payload) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

fn command(kind: &command::Kind, text: &[u8], payload: &[u8], length: u64, is_hinted: bool) -> Verdict {
    let whole = usize::try_from(length).unwrap_or(usize::MAX);
    let text = text.get(..whole.saturating_sub(1)).unwrap_or(text);
    let text = match text {
        // No attributes.
        [0, 1, text @ ..] if kind.code == code::QUERY => text,
        text => text,
    };
    match kind.code {
        code::QUERY | code::STMT_PREPARE if begins_statement(text) && text.len() > 2 => Verdict::Certain,
        code::QUERY | code::STMT_PREPARE if is_hinted && is_text(text) && !text.is_empty() => Verdict::Certain,
        code::QUERY | code::STMT_PREPARE if is_text(text) && payload.len() < 16 && payload.len() < whole => {
            Verdict::Unsure
        }
        // One command at a time.
        _ if is_hinted && payload.len() == whole => Verdict::Certain,
        _ if is_hinted && payload.len() < whole && payload.len() < UNSURE_BYTES => Verdict::Unsure,
        // Its values may be long.
        code::STMT_EXECUTE | code::STMT_SEND_LONG_DATA if is_hinted && payload.len() < whole => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// Says whether a half can be taken up at these bytes, of which a packet must begin the first.
pub(super) fn resumes(half: Half, bytes: &[u8]) -> bool {
    match half {
        Half::Client => from_client(bytes, true) == Verdict::Certain,
        Half::Server => from_server(bytes, true) == Verdict::Certain || is_chain(bytes),
    }
}

/// Packets with numbers one after the other, of which no one is out of the ordinary: rows.
fn is_chain(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut last: Option<u8> = None;
    for _ in 0..4 {
        let Some((length, sequence)) = header(rest) else {
            return false;
        };
        if last.is_some_and(|last| last.wrapping_add(1) != sequence) || length == 0 {
            return false;
        }
        last = Some(sequence);
        let next = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(HEADER_BYTES);
        rest = match rest.get(next..) {
            Some(rest) => rest,
            None => return false,
        };
    }
    true
}
