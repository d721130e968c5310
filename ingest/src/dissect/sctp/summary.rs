//! One line for a person on a chunk.

use super::registry::{cause_name, chunk_name, payload_protocol_name};
use crate::decode::sctp::{Chunk, kind};

/// Flags of a chunk of data: the first and the last piece of a message (RFC 9260 §3.3.1).
mod flag {
    pub const LAST: u8 = 1;
    pub const FIRST: u8 = 2;
}

/// "DATA stream 0 seq 3 ppid 46 (Diameter), 120 bytes"; of most other types the name.
pub(super) fn of(chunk: &Chunk<'_>) -> String {
    let name = chunk_name(chunk.kind);
    let told = match chunk.kind {
        kind::DATA => data(chunk),
        kind::I_DATA => interleaved_data(chunk),
        kind::INIT | kind::INIT_ACK => opening(chunk),
        kind::SACK => word(chunk, 0).map(|tsn| format!("tsn {tsn}")),
        kind::SHUTDOWN => word(chunk, 0).map(|tsn| format!("tsn {tsn}")),
        kind::ABORT | kind::ERROR => short(chunk, 0).map(|cause| cause_name(cause).into_owned()),
        _ => None,
    };
    match told {
        Some(told) => format!("{name} {told}"),
        None => name.into_owned(),
    }
}

fn data(chunk: &Chunk<'_>) -> Option<String> {
    let (stream, sequence) = (short(chunk, 4)?, short(chunk, 6)?);
    let protocol = payload_protocol(word(chunk, 8)?);
    Some(format!(
        "stream {stream} seq {sequence} ppid {protocol}, {}",
        amount(chunk)
    ))
}

/// I-DATA numbers messages, and only its first piece says the payload protocol (RFC 8260 §2.1).
fn interleaved_data(chunk: &Chunk<'_>) -> Option<String> {
    let (stream, message, last) = (short(chunk, 4)?, word(chunk, 8)?, word(chunk, 12)?);
    Some(if chunk.flags & flag::FIRST == 0 {
        format!("stream {stream} message {message} piece {last}, {}", amount(chunk))
    } else {
        let protocol = payload_protocol(last);
        format!("stream {stream} message {message} ppid {protocol}, {}", amount(chunk))
    })
}

fn payload_protocol(number: u32) -> String {
    match payload_protocol_name(number) {
        Some(name) => format!("{number} ({name})"),
        None => number.to_string(),
    }
}

fn amount(chunk: &Chunk<'_>) -> String {
    let piece = match (chunk.flags & flag::FIRST != 0, chunk.flags & flag::LAST != 0) {
        (true, true) => "",
        (true, false) => ", first piece",
        (false, true) => ", last piece",
        (false, false) => ", middle piece",
    };
    let bytes = chunk.user_length();
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    format!("{bytes} {unit}{piece}")
}

fn opening(chunk: &Chunk<'_>) -> Option<String> {
    let (tag, outbound, inbound) = (word(chunk, 0)?, short(chunk, 8)?, short(chunk, 10)?);
    Some(format!(
        "tag 0x{tag:08x}, {outbound} outbound and {inbound} inbound streams"
    ))
}

fn short(chunk: &Chunk<'_>, at: usize) -> Option<u16> {
    chunk.value.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn word(chunk: &Chunk<'_>, at: usize) -> Option<u32> {
    chunk.value.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}
