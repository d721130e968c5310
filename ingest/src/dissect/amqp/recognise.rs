//! Whether bytes are AMQP 0-9-1.
//!
//! A connection begins with a header that nothing else has. In the middle of one a frame must be of a type, class and method that
//! exist, and end in its byte if it is all there; a longer one must have arguments that fit, unless the port says so.

use super::frame::{END, HEADER_BYTES, Header, PROTOCOL_HEADER, kind};
use super::method::are_plausible;
use super::registry::{self, BASIC, CONNECTION, Method, Sender};
use crate::dissect::{Probe, Verdict};

/// AMQP.
pub(super) const PORTS: [u16; 1] = [5672];

/// Longest payload of a frame that is believed off the usual port.
const BELIEVED_BYTES: u32 = 1 << 20;

/// Bytes of arguments that are enough to tell.
const ARGUMENT_BYTES: usize = 12;

/// Bytes of a method whose arguments say nothing.
const EMPTY_BYTES: u32 = 16;

/// Recognises the first bytes of a half.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let common = bytes.len().min(PROTOCOL_HEADER.len());
    if bytes.first() == Some(&b'A') {
        return match bytes.get(..common) == PROTOCOL_HEADER.get(..common) {
            true if common == PROTOCOL_HEADER.len() => Verdict::Certain,
            true => Verdict::Unsure,
            false => Verdict::No,
        };
    }
    match frame(bytes, probe.is_hinted) {
        Some(true) => Verdict::Certain,
        Some(false) => Verdict::No,
        None => Verdict::Unsure,
    }
}

/// Says that bytes from the middle of a stream begin a frame beyond doubt.
pub(super) fn begins(bytes: &[u8]) -> bool {
    frame(bytes, false) == Some(true)
}

/// Says that bytes begin with a method that only a server says.
pub(super) fn is_from_server(bytes: &[u8]) -> bool {
    begins(bytes) && method(bytes).is_some_and(|method| method.sender == Sender::Server)
}

/// The method of a frame.
fn method(bytes: &[u8]) -> Option<&'static Method> {
    let header = Header::read(bytes).filter(|header| header.kind == kind::METHOD)?;
    let [class_high, class_low, id_high, id_low] = *bytes.get(HEADER_BYTES..)?.first_chunk()?;
    let class = u16::from_be_bytes([class_high, class_low]);
    let method = registry::method(class, u16::from_be_bytes([id_high, id_low]))?;
    ((class == CONNECTION) == (header.channel == 0)).then_some(method)
}

/// Says whether a frame begins the bytes; `None` if more of them would tell.
fn frame(bytes: &[u8], is_hinted: bool) -> Option<bool> {
    if !matches!(bytes.first()?, &(kind::METHOD..=kind::BODY | kind::HEARTBEAT)) {
        return Some(false);
    }
    let header = Header::read(bytes)?;
    if !header.is_sane() || (!is_hinted && header.payload_bytes > BELIEVED_BYTES) {
        return Some(false);
    }
    let payload = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let end = usize::try_from(header.payload_bytes)
        .ok()
        .and_then(|place| payload.get(place));
    if end.is_some_and(|end| *end != END) {
        return Some(false);
    }
    let is_whole = end.is_some();
    match header.kind {
        kind::METHOD => {
            let arguments = payload.get(4..)?;
            let Some(method) = method(bytes) else {
                return Some(false);
            };
            if is_hinted || (is_whole && are_plausible(method, arguments.split_last().map_or(&[], |(_, rest)| rest))) {
                return Some(true);
            }
            if !are_plausible(method, arguments) {
                return Some(false);
            }
            if method.fields.is_empty() {
                // It is short: all there, or soon will be.
                return (header.payload_bytes > EMPTY_BYTES).then_some(false);
            }
            (arguments.len() >= ARGUMENT_BYTES).then_some(true)
        }
        kind::HEADER => {
            // Class, no weight, and a body of less than a terabyte.
            let [class_high, class_low, weight @ .., size_high, _] = *payload.first_chunk::<6>()?;
            Some(u16::from_be_bytes([class_high, class_low]) == BASIC && weight == [0, 0] && size_high == 0)
        }
        kind::BODY => Some(is_hinted),
        _ => is_whole.then_some(true),
    }
}
