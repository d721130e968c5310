//! A RADIUS message, and its recognition.
//!
//! Specification: RFC 2865 §3 and §5. On a usual port of the server a header that makes sense and the first attributes are enough, so that
//! messages that are damaged behind them or cut are seen; elsewhere the datagram must end where its message does, the attributes must fill
//! it, and those whose length is fixed must have it.

use super::PORTS;
use super::attribute::{Attributes, has_right_length, kind};
use super::registry::{self, code};
use crate::dissect::{Probe, Verdict};

/// Bytes of the header: code, identifier, length, authenticator.
pub(super) const HEADER_BYTES: usize = 20;

/// Longest message: 4096 bytes, over TCP 65535 (RFC 7930 §3).
pub(super) const LONGEST_DATAGRAM: usize = 4096;

/// Attributes without which an unhinted message is not believed.
const LEAST_ATTRIBUTES: usize = 2;

/// Bytes of padding behind a message that are believed.
const PADDING_BYTES: usize = 16;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub code: u8,
    /// Says which response answers which request, until the requester uses it again.
    pub identifier: u8,
    /// Its length as it says itself, header included.
    pub length: usize,
    pub authenticator: [u8; 16],
    pub attributes: Attributes<'a>,
    /// True if bytes of it are missing.
    pub is_cut: bool,
}

impl<'a> Message<'a> {
    /// Reads the message that begins the bytes, and passes over padding; `None` if its header cannot be one.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&[code, identifier, high, low], rest) = bytes.split_first_chunk()?;
        let (authenticator, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let attributes_bytes = length.checked_sub(HEADER_BYTES)?;
        let whole = rest.get(..attributes_bytes);
        Some(Self {
            code,
            identifier,
            length,
            authenticator: *authenticator,
            attributes: Attributes(whole.unwrap_or(rest)),
            is_cut: whole.is_none(),
        })
    }

    /// True if it answers another message.
    pub fn is_response(&self) -> bool {
        registry::answered(self.code).is_some()
    }

    /// True if its attributes are whole, fill it and have the lengths that they must have.
    pub fn is_sound(&self) -> bool {
        let mut attributes = self.attributes;
        !self.is_cut
            && attributes.by_ref().all(|(kind, value)| has_right_length(kind, value))
            && attributes.0.is_empty()
    }

    /// True if it may be one where one is expected: of its attributes those that came chain, or two do before the damage.
    fn is_plausible(&self) -> bool {
        let mut attributes = self.attributes;
        let (mut sound, mut ends_well) = (0_usize, true);
        while self.is_cut || sound < LEAST_ATTRIBUTES {
            match attributes.next() {
                Some((kind, value)) if has_right_length(kind, value) => sound = sound.saturating_add(1),
                Some(_) => return false,
                None => {
                    ends_well = attributes.0.is_empty() || (self.is_cut && attributes.begins_with_cut());
                    break;
                }
            }
        }
        // Responses often have none, requests never.
        let is_enough = sound > 0 || (!self.is_cut && self.is_response());
        registry::code_name(self.code).is_some() && ends_well && is_enough
    }

    /// True if it is sound and says what messages of its code say, so that nothing else looks like it.
    pub fn is_unmistakable(&self) -> bool {
        let asks_for_nobody = || {
            let says_who = [
                kind::USER_NAME,
                kind::STATE,
                kind::EAP_MESSAGE,
                kind::MESSAGE_AUTHENTICATOR,
            ];
            let mut attributes = self.attributes;
            !attributes.any(|(kind, _)| says_who.contains(&kind))
        };
        // It has a length of its own, and Status-Server and its answer have often no other (RFC 5997 §3).
        let mut attributes = self.attributes;
        let is_signed = attributes.any(|(kind, _)| kind == kind::MESSAGE_AUTHENTICATOR);
        registry::code_name(self.code).is_some()
            && self.is_sound()
            && (is_signed || self.attributes.count() >= LEAST_ATTRIBUTES)
            && !(self.code == code::ACCESS_REQUEST && asks_for_nobody())
    }
}

/// Recognises the payload of a datagram.
pub(super) fn datagram(probe: &Probe<'_>) -> Verdict {
    let Some(message) = Message::read(probe.bytes).filter(|message| message.length <= LONGEST_DATAGRAM) else {
        return Verdict::No;
    };
    let is_alone = message.length == probe.bytes.len();
    let padding_bytes = probe.bytes.len().saturating_sub(message.length);
    let believed = is_hinted(probe, &message) && padding_bytes <= PADDING_BYTES && message.is_plausible();
    if believed || (is_alone && message.is_unmistakable()) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

/// True if the ports say that this may be a message: a client's own port is any number, those of RADIUS among them, and counts
/// only if the client is the server, whose response was seen first.
fn is_hinted(probe: &Probe<'_>, message: &Message<'_>) -> bool {
    let [is_clients, is_servers] = [probe.src_port, probe.dst_port].map(|port| PORTS.contains(&port));
    // If neither is one of RADIUS's, the user said it.
    probe.is_hinted && (is_servers || !is_clients || message.is_response())
}

/// Says that a datagram is a response beyond doubt.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    Message::read(bytes)
        .is_some_and(|message| message.is_response() && message.length == bytes.len() && message.is_unmistakable())
}
