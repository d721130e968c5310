//! Whether bytes are HTTP/2: the connection preface, or frames that no other protocol would send.
//!
//! Specification: RFC 9113 §3.4 and §6. A header block is certain by the pseudo-header field that comes first in it, settings
//! by a known identifier; of frames with a fixed length one alone proves nothing.

use super::frame::{Frame, HEADER_BYTES, PREFACE, flag, kind};
use super::hpack::Decoder;
use crate::dissect::{Half, Probe, Verdict};

/// The largest frame a peer sends without being asked for larger ones (RFC 9113 §4.2).
const FRAME_BYTES: u32 = 16_384;

/// Frames of a fixed length that together are certain.
const FIXED_FRAMES: u32 = 2;

/// Bytes that the fields of a header block may take while it is recognised.
const FIELD_BYTES: usize = 4096;

/// Recognises HTTP/2 by the first bytes of a half, whichever side sent them.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let length = bytes.len().min(PREFACE.len());
    if bytes.get(..length) == PREFACE.get(..length) {
        return if length == PREFACE.len() {
            Verdict::Certain
        } else {
            Verdict::Unsure
        };
    }
    walk(bytes, false).0
}

/// Says that the sender of these bytes is the server.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    walk(bytes, false).1 == Some(Half::Server)
}

/// Says that these bytes, taken from the middle of a half of HTTP/2, begin with a frame beyond doubt.
pub(super) fn begins(bytes: &[u8]) -> bool {
    walk(bytes, true).0 == Verdict::Certain
}

/// Walks over the frames that bytes begin with; says what they prove, and whose they are if that can be told. Where the
/// connection is known to be HTTP/2 the beginning of a header block is proof enough; else it may be any protocol's message
/// behind its length.
fn walk(mut bytes: &[u8], is_known: bool) -> (Verdict, Option<Half>) {
    let mut fixed_frames: u32 = 0;
    while let Some(frame) = Frame::parse(bytes) {
        let Some(payload) = plausible(&frame, bytes) else {
            return (Verdict::No, None);
        };
        match frame.kind {
            kind::SETTINGS if !frame.has(flag::ACK) && frame.length > 0 => return settings(payload),
            kind::HEADERS => {
                let whole = payload.len() == frame.length as usize;
                let whole_block = whole && frame.has(flag::END_HEADERS) && frame.stream % 2 == 1;
                if let Some(sender) = sender_of_block(&frame, payload, whole)
                    && (is_known || whole_block)
                {
                    return (Verdict::Certain, Some(sender));
                }
            }
            kind::DATA | kind::CONTINUATION | kind::PUSH_PROMISE => {}
            _ => fixed_frames = fixed_frames.saturating_add(1),
        }
        let used = HEADER_BYTES.saturating_add(frame.length as usize);
        match bytes.get(used..) {
            Some(rest) if fixed_frames < FIXED_FRAMES => bytes = rest,
            _ => break,
        }
    }
    let begun = bytes.first().is_none_or(|byte| *byte == 0);
    match fixed_frames {
        FIXED_FRAMES.. => (Verdict::Certain, None),
        _ if begun => (Verdict::Unsure, None),
        _ => (Verdict::No, None),
    }
}

/// The payload of a frame as far as it is there; `None` if no peer sends such a frame.
fn plausible<'a>(frame: &Frame, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let defined_flags = match frame.kind {
        kind::DATA => flag::END_STREAM | flag::PADDED,
        kind::HEADERS => flag::END_STREAM | flag::END_HEADERS | flag::PADDED | flag::PRIORITY,
        kind::SETTINGS | kind::PING => flag::ACK,
        kind::PUSH_PROMISE => flag::END_HEADERS | flag::PADDED,
        kind::CONTINUATION => flag::END_HEADERS,
        kind::PRIORITY | kind::RST_STREAM | kind::GOAWAY | kind::WINDOW_UPDATE => 0,
        _ => return None,
    };
    let reserved_bit_is_clear = bytes.get(5).is_some_and(|byte| byte & 0x80 == 0);
    let fits = frame.length <= FRAME_BYTES
        && frame.flags & !defined_flags == 0
        && frame.fault().is_none()
        && reserved_bit_is_clear;
    let payload = bytes.get(HEADER_BYTES..).filter(|_| fits)?;
    Some(payload.get(..frame.length as usize).unwrap_or(payload))
}

/// What settings prove (RFC 9113 §6.5.2, RFC 8441, RFC 9218).
fn settings(payload: &[u8]) -> (Verdict, Option<Half>) {
    const ENABLE_PUSH: u8 = 2;
    let mut sender = Half::Server;
    for (place, setting) in payload.chunks_exact(6).enumerate() {
        let [high, low, ..] = setting else { break };
        // Later ones may be anybody's extension.
        if place == 0 && (*high != 0 || !matches!(low, 1..=9)) {
            return (Verdict::No, None);
        }
        if (*high, *low) == (0, ENABLE_PUSH) {
            sender = Half::Client;
        }
    }
    match payload.len() {
        0..6 => (Verdict::Unsure, None),
        _ => (Verdict::Certain, Some(sender)),
    }
}

/// The sender of a header block that begins with a pseudo-header field; `None` if it does not, or is damaged.
fn sender_of_block(frame: &Frame, payload: &[u8], whole: bool) -> Option<Half> {
    let mut block = payload;
    if frame.has(flag::PADDED) {
        let (padding, rest) = block.split_first()?;
        let length = rest.len().checked_sub(usize::from(*padding)).filter(|_| whole);
        block = rest.get(..length.unwrap_or(rest.len()))?;
    }
    if frame.has(flag::PRIORITY) {
        block = block.get(5..)?;
    }
    // A change of the table's size may precede the first field.
    let first = block.iter().copied().find(|byte| !(0x20..0x3f).contains(byte))?;
    let index = match first {
        0x80.. => first & 0x7f,
        0x40.. => first & 0x3f,
        _ => first & 0x0f,
    };
    let sender = match index {
        1..=7 => Half::Client,
        8..=14 => Half::Server,
        _ => return None,
    };
    if whole && frame.has(flag::END_HEADERS) {
        let (fields, fault) = Decoder::default().decode(block, FIELD_BYTES);
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.:".contains(&byte);
        let are_names = fields.iter().all(|(name, _)| name.bytes().all(letter));
        (fault.is_none() && are_names).then_some(())?;
    }
    Some(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expect: Verdict, server: bool) {
        let verdict = probe(&Probe {
            bytes,
            half: Half::Client,
            src_port: 50000,
            dst_port: 9,
            is_hinted: false,
        });
        assert_eq!((verdict, from_server(bytes)), (expect, server));
    }

    #[test]
    fn recognition_by_content() {
        check(PREFACE, Verdict::Certain, false);
        check(b"PRI * HTTP/2.0\r\n", Verdict::Unsure, false);
        check(b"PRI * HTTP/1.1\r\n", Verdict::No, false);
        // Settings, cut and whole; those of a client speak of pushes.
        check(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03", Verdict::Unsure, false);
        check(
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
            Verdict::Certain,
            true,
        );
        check(
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00",
            Verdict::Certain,
            false,
        );
        check(
            b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x70\x02\x00\x00\x00\x00",
            Verdict::No,
            false,
        );
        // Empty settings prove nothing alone: a Kafka response may look like this.
        check(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", Verdict::Unsure, false);
        check(
            b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04\x08\x00\x00\x00\x00\x00",
            Verdict::Certain,
            false,
        );
        // Header blocks.
        check(
            b"\x00\x00\x03\x01\x04\x00\x00\x00\x01\x82\x86\x84",
            Verdict::Certain,
            false,
        );
        check(b"\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88", Verdict::Certain, true);
        check(
            b"\x00\x00\x06\x01\x24\x00\x00\x00\x01\x00\x00\x00\x00\x10\x88",
            Verdict::Certain,
            true,
        );
        check(b"\x00\x00\x02\x01\x05\x00\x00\x00\x01\x88\x80", Verdict::Unsure, false);
        // Without the end of the block, or on a stream that no client opens, a length may look like this.
        check(
            b"\x00\x00\x03\x01\x00\x00\x00\x00\x01\x82\x86\x84",
            Verdict::Unsure,
            false,
        );
        check(
            b"\x00\x00\x03\x01\x04\x00\x00\x00\x02\x82\x86\x84",
            Verdict::Unsure,
            false,
        );
        check(
            b"\x00\x00\x05\x01\x04\x00\x00\x00\x01\x82\x86\x84",
            Verdict::Unsure,
            false,
        );
        check(
            b"\x00\x00\x05\x01\x04\x00\x00\x00\x01\x82\x00\x01\x01\x00",
            Verdict::Unsure,
            false,
        );
        // Other protocols: DNS, PostgreSQL, SMB, TLS.
        check(
            b"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00",
            Verdict::No,
            false,
        );
        check(b"\x00\x00\x00\x08\x04\xd2\x16\x2f\x00", Verdict::No, false);
        check(b"\x00\x00\x00\x45\xffSMBr\x00", Verdict::No, false);
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", Verdict::No, false);
    }
}
