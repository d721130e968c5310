//! A RADIUS message, and its recognition.
//!
//! Specification: RFC 2865 §3 and §5. On a usual port a header that makes sense is enough, so that damaged attributes are seen; elsewhere
//! the datagram must end where its message does, the attributes must fill it, and those whose length is fixed must have it.

use super::attribute::{Attributes, has_right_length, kind};
use super::registry::{self, code};
use crate::dissect::{Probe, Verdict};

/// Bytes of the header: code, identifier, length, authenticator.
pub(super) const HEADER_BYTES: usize = 20;

/// Longest message: 4096 bytes, over TCP 65535 (RFC 7930 §3).
pub(super) const LONGEST_DATAGRAM: usize = 4096;

/// Attributes without which an unhinted message is not believed.
const LEAST_ATTRIBUTES: usize = 2;

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
    // Of damaged attributes the first must begin well, of those that a capture cut there must be one.
    let mut attributes = message.attributes;
    let begins_well = match attributes.next() {
        Some((kind, _)) => kind != 0,
        None => !message.is_cut && message.length == HEADER_BYTES,
    };
    let believed = probe.is_hinted && registry::code_name(message.code).is_some() && begins_well;
    if believed || (message.length == probe.bytes.len() && message.is_unmistakable()) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

/// Says that a datagram is a response beyond doubt.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    Message::read(bytes)
        .is_some_and(|message| message.is_response() && message.length == bytes.len() && message.is_unmistakable())
}
