//! Whether bytes are LDAP, and where its messages end.
//!
//! A message is a sequence of an id and an operation that exists, and both lengths agree. Off the usual ports the operation must
//! also begin as the specification says, and nothing but controls may follow it: so SNMP and other BER are not taken for it.

use super::ber::{Header, header, tag};
use super::registry::{self, op};
use super::sasl;
use crate::dissect::framed::Frame;
use crate::dissect::{Probe, Verdict};

/// LDAP, and the global catalogue of Active Directory.
pub(super) const PORTS: [u16; 2] = [389, 3268];

/// Longest message; servers take requests of a few MB, and send no entry that is much longer.
const MESSAGE_BYTES: u64 = 64 << 20;
/// Longest buffer of a security layer: peers agree on it in three bytes (RFC 4752 §3.1).
const BUFFER_BYTES: u64 = 1 << 24;
/// Longest message that is believed off the usual ports.
const BELIEVED_BYTES: u64 = 1 << 24;
/// Tag of the controls behind an operation.
const CONTROLS: u8 = 0xa0;

/// Where a message ends, or a buffer of a security layer: one is expected after a SASL bind, else its token must be known.
pub(super) fn frame(bytes: &[u8], has_layer: bool) -> Frame {
    if sasl::is_buffer(bytes) {
        let Some((length, token)) = bytes.split_first_chunk() else {
            return Frame::Incomplete;
        };
        let length = u64::from(u32::from_be_bytes(*length));
        if !has_layer && token.len() < sasl::LENGTH_BYTES {
            return Frame::Incomplete;
        }
        let is_expected = has_layer || sasl::is_token(token);
        return if is_expected && length < BUFFER_BYTES {
            Frame::Bytes(length.saturating_add(sasl::LENGTH_BYTES as u64))
        } else {
            Frame::Nonsense("expected a message, or a buffer of a security layer")
        };
    }
    match header(bytes) {
        Header::Told {
            tag: tag::SEQUENCE,
            start,
            content,
        } if content <= MESSAGE_BYTES => Frame::Bytes(content.saturating_add(start as u64)),
        Header::Incomplete if matches!(bytes.first(), None | Some(&tag::SEQUENCE)) => Frame::Incomplete,
        _ => Frame::Nonsense("expected a message: a sequence of a length that can be"),
    }
}

/// Recognises the first bytes of a half of a stream.
pub(super) fn stream(probe: &Probe<'_>) -> Verdict {
    if probe.is_hinted && sasl::is_buffer(probe.bytes) {
        let token = probe.bytes.get(sasl::LENGTH_BYTES..).unwrap_or_default();
        return match token.len() {
            0..4 => Verdict::Unsure,
            _ if sasl::is_token(token) => Verdict::Certain,
            _ => Verdict::No,
        };
    }
    message(probe.bytes, probe.is_hinted)
}

/// Recognises the payload of a datagram: it ends where a message does, or another begins there.
pub(super) fn datagram(probe: &Probe<'_>) -> Verdict {
    let Frame::Bytes(length) = frame(probe.bytes, false) else {
        return Verdict::No;
    };
    let after = usize::try_from(length)
        .ok()
        .and_then(|length| probe.bytes.get(length..));
    let ends = matches!(after, Some([] | [tag::SEQUENCE, ..]));
    match message(probe.bytes, probe.is_hinted) {
        Verdict::Certain if ends => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// Says that bytes from the middle of a stream begin a message beyond doubt.
pub(super) fn begins(bytes: &[u8]) -> bool {
    message(bytes, false) == Verdict::Certain
}

/// Says that bytes begin a message of a server beyond doubt.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    let operation = Sketch::read(bytes)
        .ok()
        .and_then(|sketch| registry::operation(sketch.tag));
    begins(bytes) && operation.is_some_and(|operation| !operation.is_from_client())
}

/// The headers of a message.
struct Sketch<'a> {
    /// Of the operation.
    tag: u8,
    /// Bytes that the operation says it has.
    content: u64,
    /// Bytes that are left of the message behind the operation.
    behind: u64,
    /// What is there of the operation, and what comes behind it.
    bytes: &'a [u8],
}

impl<'a> Sketch<'a> {
    /// Reads the headers; an error says whether more bytes would help.
    fn read(bytes: &'a [u8]) -> Result<Self, Verdict> {
        let told = |bytes: &[u8]| match header(bytes) {
            Header::Told { tag, start, content } => Ok((tag, start, content)),
            Header::Incomplete => Err(Verdict::Unsure),
            Header::Nonsense => Err(Verdict::No),
        };
        match bytes.first() {
            None => return Err(Verdict::Unsure),
            Some(&tag::SEQUENCE) => {}
            Some(_) => return Err(Verdict::No),
        }
        let (_, start, all) = told(bytes)?;
        let rest = bytes.get(start..).unwrap_or_default();
        if rest.first().is_some_and(|tag| *tag != tag::INTEGER) {
            return Err(Verdict::No);
        }
        let (_, start, id) = told(rest)?;
        if !(1..=4).contains(&id) || start != 2 {
            return Err(Verdict::No);
        }
        let rest = rest.get(start..).unwrap_or_default();
        let rest = rest
            .get(usize::try_from(id).unwrap_or_default()..)
            .ok_or(Verdict::Unsure)?;
        let (tag, start, content) = told(rest)?;
        let used = content
            .saturating_add(start as u64)
            .saturating_add(id)
            .saturating_add(2);
        Ok(Self {
            tag,
            content,
            behind: all.checked_sub(used).ok_or(Verdict::No)?,
            bytes: rest.get(start..).unwrap_or_default(),
        })
    }
}

fn message(bytes: &[u8], is_hinted: bool) -> Verdict {
    let sketch = match Sketch::read(bytes) {
        Ok(sketch) => sketch,
        Err(verdict) => return verdict,
    };
    let Some(operation) = registry::operation(sketch.tag) else {
        return Verdict::No;
    };
    if is_hinted {
        return Verdict::Certain;
    }
    let behind = usize::try_from(sketch.content)
        .ok()
        .and_then(|content| sketch.bytes.get(content..));
    let is_controls = match behind {
        Some([first, ..]) => sketch.behind == 0 || *first == CONTROLS,
        _ => true,
    };
    if !is_controls || sketch.behind == 1 || sketch.content.saturating_add(sketch.behind) > BELIEVED_BYTES {
        return Verdict::No;
    }
    let sane = match (operation.tag, operation.first) {
        (op::UNBIND, _) => sketch.content == 0,
        (op::ABANDON, _) => (1..=4).contains(&sketch.content),
        (op::DELETE, _) => return name(&sketch),
        (_, Some(first)) => match sketch.bytes.first() {
            Some(found) => *found == first && sketch.content > 0,
            None => {
                return if sketch.content > 0 {
                    Verdict::Unsure
                } else {
                    Verdict::No
                };
            }
        },
        _ => sketch.content > 0 && sketch.bytes.first().is_none_or(|first| first & 0xc0 == 0x80),
    };
    if sane { Verdict::Certain } else { Verdict::No }
}

/// A delete request is a name and nothing else: it must look like one.
fn name(sketch: &Sketch<'_>) -> Verdict {
    let content = usize::try_from(sketch.content).unwrap_or(usize::MAX);
    let name = sketch.bytes.get(..content).unwrap_or(sketch.bytes);
    if name.iter().any(|byte| byte.is_ascii_control()) {
        return Verdict::No;
    }
    match name.contains(&b'=') {
        true => Verdict::Certain,
        false if name.len() < content.min(32) => Verdict::Unsure,
        false => Verdict::No,
    }
}
