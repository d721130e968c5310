//! Whether bytes are DNS.
//!
//! On the ports of DNS, mDNS and LLMNR anything with a header is believed, so that damaged messages are seen. Elsewhere the
//! header must make sense, the one question must have a type and a class that exist, and a datagram must end where its message does.
//! NetBIOS name service has the same header and is not DNS.

use super::message::{HEADER_BYTES, Header, Message, Question, read_question};
use super::registry;
use crate::Limits;
use crate::dissect::{Probe, Verdict};

/// DNS (RFC 1035), mDNS (RFC 6762), LLMNR (RFC 4795).
pub(super) const PORTS: [u16; 3] = [53, 5353, 5355];
const NETBIOS_PORTS: [u16; 2] = [137, 138];

/// Classes that are asked for: IN, CH, HS, NONE, ANY.
const CLASSES: [u16; 5] = [1, 3, 4, 254, 255];
/// In a question of mDNS: the answer may come by unicast (RFC 6762 §5.4).
const UNICAST: u16 = 0x8000;

/// Recognises the payload of a datagram.
pub(super) fn datagram(probe: &Probe<'_>) -> Verdict {
    let believed = probe.is_hinted && probe.bytes.len() >= HEADER_BYTES;
    if believed || (!has_port(probe, &NETBIOS_PORTS) && is_message(probe.bytes)) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

/// Recognises the first bytes of a half of a stream: a message behind its length.
pub(super) fn stream(probe: &Probe<'_>) -> Verdict {
    if has_port(probe, &NETBIOS_PORTS) {
        return Verdict::No;
    }
    let Some((length, message)) = probe
        .bytes
        .split_first_chunk()
        .map(|(length, rest)| (u16::from_be_bytes(*length), rest))
    else {
        return Verdict::Unsure;
    };
    if usize::from(length) < HEADER_BYTES {
        return Verdict::No;
    }
    let Some(header) = Header::read(message) else {
        return Verdict::Unsure;
    };
    if probe.is_hinted {
        let sane = header.opcode() <= 6 && header.questions <= 4;
        return if sane { Verdict::Certain } else { Verdict::No };
    }
    if !header.is_plausible() {
        return Verdict::No;
    }
    match message.get(..usize::from(length)) {
        Some(message) if is_message(message) => Verdict::Certain,
        Some(_) => Verdict::No,
        None => match read_question(message, HEADER_BYTES) {
            Some((question, _)) if is_plausible(&question) => Verdict::Certain,
            Some(_) => Verdict::No,
            None => Verdict::Unsure,
        },
    }
}

/// Says that bytes from the middle of a stream begin a message beyond doubt.
pub(super) fn begins(bytes: &[u8]) -> bool {
    stream(&Probe {
        bytes,
        half: crate::dissect::Half::Client,
        src_port: 0,
        dst_port: 0,
        is_hinted: false,
    }) == Verdict::Certain
}

/// Says that a datagram, or a message, is a response beyond doubt.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    Header::read(bytes).is_some_and(|header| header.is_response() && header.is_plausible()) && asks(bytes)
}

/// Says that the first message of a stream is a response.
pub(super) fn is_response_in_stream(bytes: &[u8]) -> bool {
    bytes.get(2..).is_some_and(is_response)
}

fn has_port(probe: &Probe<'_>, ports: &[u16]) -> bool {
    ports.contains(&probe.src_port) || ports.contains(&probe.dst_port)
}

fn is_message(bytes: &[u8]) -> bool {
    if Header::read(bytes).filter(Header::is_plausible).is_none() {
        return false;
    };
    // The question alone refuses nearly everything, before answers are read.
    let whole = || {
        Message::read(bytes, &Limits::default())
            .is_some_and(|message| message.damage.is_none() && message.read_bytes == bytes.len())
    };
    asks(bytes) && whole()
}

/// True if the first question is one that somebody would ask.
fn asks(bytes: &[u8]) -> bool {
    read_question(bytes, HEADER_BYTES).is_some_and(|(question, _)| is_plausible(&question))
}

fn is_plausible(question: &Question) -> bool {
    // Encoded NetBIOS names have 32 letters from A to P (RFC 1001 §14.1).
    let first_label = question.name.split('.').next().unwrap_or_default();
    let is_netbios = first_label.len() == 32 && first_label.bytes().all(|byte| (b'A'..=b'P').contains(&byte));
    CLASSES.contains(&(question.class & !UNICAST)) && registry::known_type(question.kind).is_some() && !is_netbios
}
