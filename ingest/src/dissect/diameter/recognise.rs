//! Recognition of Diameter.
//!
//! Everywhere the version, the length, the reserved flags and the first AVP must make sense. Away from its port the command and the
//! application must be known as well, and the first AVP be one that stands first.

use super::avp::{Header, code};
use super::message::{HEADER_BYTES, Message, frame};
use super::registry::{application_name, command_name};
use crate::dissect::framed::Frame;
use crate::dissect::{Half, Probe, Verdict};

/// Longest message that is believed on any port, in bytes.
const LONGEST_UNHINTED: u32 = 1 << 16;

/// Bytes that tell: those of the header, and of the first AVP's with a vendor.
const TELLING_BYTES: u32 = HEADER_BYTES + 12;

/// AVPs that stand first in messages (RFC 6733 §3.2: the Session-Id if there is one; else as the command's rules have it).
const FIRST: [u32; 5] = [
    code::SESSION_ID,
    code::ORIGIN_HOST,
    code::RESULT_CODE,
    code::EXPERIMENTAL_RESULT,
    code::USER_NAME,
];

/// Recognises the first bytes of a half of a stream.
pub(super) fn stream(probe: &Probe<'_>) -> Verdict {
    match frame(probe.bytes) {
        Frame::Nonsense(_) => return Verdict::No,
        Frame::Incomplete => return Verdict::Unsure,
        Frame::Bytes(_) => {}
    }
    let Some(message) = Message::read(probe.bytes) else {
        return Verdict::Unsure;
    };
    let is_known = command_name(message.command).is_some()
        && application_name(message.application).is_some()
        && message.length <= LONGEST_UNHINTED
        && message.length.is_multiple_of(4);
    if !message.has_right_flags() || !(is_known || probe.is_hinted) {
        return Verdict::No;
    }
    let avps_bytes = message.length.saturating_sub(HEADER_BYTES);
    match Header::read(message.avps.0) {
        Some(first) => {
            let is_usual = probe.is_hinted || FIRST.contains(&first.code);
            if first.is_plausible(avps_bytes) && is_usual {
                Verdict::Certain
            } else {
                Verdict::No
            }
        }
        // A message without AVPs is none that a command defines.
        None if !message.is_cut => Verdict::No,
        None if probe.bytes.len() < TELLING_BYTES as usize => Verdict::Unsure,
        None => Verdict::No,
    }
}

/// Recognises a user message of SCTP, which must be one of Diameter's.
pub(super) fn user_message(probe: &Probe<'_>) -> Verdict {
    let is_longer = Message::read(probe.bytes).is_none_or(|message| probe.bytes.len() > message.length as usize);
    match stream(probe) {
        Verdict::Certain if !is_longer => Verdict::Certain,
        _ => Verdict::No,
    }
}

/// Recognises the beginning of a message on any port.
pub(super) fn begins(bytes: &[u8]) -> Verdict {
    stream(&Probe {
        bytes,
        half: Half::Client,
        src_port: 0,
        dst_port: 0,
        is_hinted: false,
    })
}

/// Says that the first message is an answer.
pub(super) fn is_answer(bytes: &[u8]) -> bool {
    begins(bytes) == Verdict::Certain && Message::read(bytes).is_some_and(|message| !message.is_request())
}
