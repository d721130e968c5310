//! Whether bytes are a message of MongoDB.
//!
//! The header must make sense. Off the usual ports what follows it must begin as its operation says: flags that exist, a name
//! that is one, a document that fits and begins with an element.

use super::bson::{int32, is_kind};
use super::coding::is_compressor;
use super::header::{HEADER_BYTES, Header, Operation};
use crate::dissect::{Probe, Verdict};

/// mongod and mongos, shards, configuration servers.
pub(super) const PORTS: [u16; 3] = [27017, 27018, 27019];

/// Flags of OP_MSG that exist.
const MSG_FLAGS: u32 = 0x0001_0003;
/// Flags of OP_QUERY that exist, with the reserved one that drivers used.
const QUERY_FLAGS: u32 = 0xff;
/// Flags of OP_REPLY that exist.
const REPLY_FLAGS: u32 = 0x0f;

/// Longest content that a compressed message may say it has.
const CONTENT_BYTES: u32 = 48 << 20;

/// Longest name of a collection with its database, in bytes (MongoDB's limits).
const NAMESPACE_BYTES: usize = 255;

/// Recognises the first bytes of a half.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let Some(header) = Header::read(bytes) else {
        return match bytes {
            // Already too long.
            [_, _, _, high, ..] if *high > 3 => Verdict::No,
            _ if bytes.len() < HEADER_BYTES => Verdict::Unsure,
            _ => Verdict::No,
        };
    };
    if probe.is_hinted {
        return Verdict::Certain;
    }
    match body(&header, bytes.get(HEADER_BYTES..).unwrap_or_default()) {
        Some(true) => Verdict::Certain,
        Some(false) => Verdict::No,
        None => Verdict::Unsure,
    }
}

/// Says that bytes from the middle of a stream begin a message beyond doubt.
pub(super) fn begins(bytes: &[u8]) -> bool {
    Header::read(bytes)
        .and_then(|header| body(&header, bytes.get(HEADER_BYTES..)?))
        .unwrap_or(false)
}

/// Says that bytes begin a reply beyond doubt.
pub(super) fn is_reply(bytes: &[u8]) -> bool {
    let Some(header) = Header::read(bytes) else {
        return false;
    };
    let is_reply = match header.operation {
        Operation::Reply | Operation::CommandReply => true,
        Operation::Msg | Operation::Compressed => header.answers(),
        _ => false,
    };
    is_reply && begins(bytes)
}

/// Says whether what follows a header fits it; `None` if more bytes would tell.
fn body(header: &Header, bytes: &[u8]) -> Option<bool> {
    let mut rest = bytes;
    // Bytes of the message behind the header.
    let length = header.length.saturating_sub(HEADER_BYTES as u32);
    match header.operation {
        Operation::Msg => {
            if int32(&mut rest)? & !MSG_FLAGS != 0 {
                return Some(false);
            }
            let (&kind, section) = rest.split_first()?;
            match kind {
                0 => document(section, length.saturating_sub(5)),
                1 => Some((5..length).contains(&int32(&mut { section })?)),
                _ => Some(false),
            }
        }
        Operation::Query => {
            let flags = int32(&mut rest)?;
            if flags & !QUERY_FLAGS != 0 {
                return Some(false);
            }
            name(rest, true)
        }
        Operation::Insert | Operation::Update | Operation::GetMore | Operation::Delete => {
            let flags = int32(&mut rest)?;
            if flags > 1 {
                return Some(false);
            }
            name(rest, true)
        }
        Operation::KillCursors => {
            let (zero, count) = (int32(&mut rest)?, int32(&mut rest)?);
            Some(zero == 0 && count > 0 && count.checked_mul(8).and_then(|ids| ids.checked_add(8)) == Some(length))
        }
        Operation::Reply => {
            let flags = int32(&mut rest)?;
            let _cursor = (int32(&mut rest)?, int32(&mut rest)?);
            let (start, count) = (int32(&mut rest)?, int32(&mut rest)?);
            let signs = i32::try_from(start).is_ok() && i32::try_from(count).is_ok();
            if flags & !REPLY_FLAGS != 0 || !signs {
                return Some(false);
            }
            match count {
                0 => Some(length == 20),
                _ => document(rest, length.saturating_sub(20)),
            }
        }
        Operation::Command => name(rest, false),
        Operation::CommandReply => document(rest, length),
        Operation::Compressed => {
            let (operation, size) = (int32(&mut rest)?, int32(&mut rest)?);
            let compressor = rest.first()?;
            Some(
                Operation::of(operation).is_some() && (5..=CONTENT_BYTES).contains(&size) && is_compressor(*compressor),
            )
        }
    }
}

/// Says whether a document begins here that fits into so many bytes.
fn document(bytes: &[u8], room: u32) -> Option<bool> {
    let mut rest = bytes;
    let length = int32(&mut rest)?;
    if !(5..=room).contains(&length) {
        return Some(false);
    }
    let (&kind, name) = rest.split_first()?;
    let text = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(match length {
        5 => kind == 0,
        _ => is_kind(kind) && !text.iter().any(u8::is_ascii_control),
    })
}

/// Says whether a name begins here, of a database or of a collection with its database.
fn name(bytes: &[u8], has_dot: bool) -> Option<bool> {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let text = parts.next().unwrap_or_default();
    if text.len() > NAMESPACE_BYTES || text.iter().any(|byte| byte.is_ascii_control() || *byte == b' ') {
        return Some(false);
    }
    let dot = text.iter().position(|byte| *byte == b'.');
    match parts.next() {
        Some(_) => Some(!text.is_empty() && (!has_dot || dot.is_some_and(|dot| dot > 0))),
        // As long as recognition waits for it, a name so long is one.
        None if text.len() >= 40 => Some(!has_dot || dot.is_some_and(|dot| dot > 0)),
        None => None,
    }
}
