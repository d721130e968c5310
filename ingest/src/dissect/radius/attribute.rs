//! The attributes of a message, and those that a summary tells.
//!
//! Specification: RFC 2865 §5, RFC 2866 §5, RFC 2869 §5, RFC 3162 §2, RFC 3576 §3.5, RFC 6911 §3; IANA, RADIUS Types.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Types of attributes that are looked at.
pub(super) mod kind {
    pub const USER_NAME: u8 = 1;
    pub const NAS_IP_ADDRESS: u8 = 4;
    pub const SERVICE_TYPE: u8 = 6;
    pub const FRAMED_IP_ADDRESS: u8 = 8;
    pub const REPLY_MESSAGE: u8 = 18;
    pub const STATE: u8 = 24;
    pub const CALLED_STATION_ID: u8 = 30;
    pub const CALLING_STATION_ID: u8 = 31;
    pub const NAS_IDENTIFIER: u8 = 32;
    pub const ACCT_STATUS_TYPE: u8 = 40;
    pub const ACCT_SESSION_ID: u8 = 44;
    pub const EAP_MESSAGE: u8 = 79;
    pub const MESSAGE_AUTHENTICATOR: u8 = 80;
    pub const NAS_IPV6_ADDRESS: u8 = 95;
    pub const ERROR_CAUSE: u8 = 101;
    pub const FRAMED_IPV6_ADDRESS: u8 = 168;
}

/// Types whose value is four bytes: a number, an address, a time.
const FOUR_BYTES: [u8; 35] = [
    4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 23, 27, 28, 29, 37, 38, 40, 41, 42, 43, 45, 46, 47, 48, 49, 51, 52, 53,
    55, 61, 62, 85, 101,
];

/// Attributes of a message, from the front of these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attributes<'a>(pub &'a [u8]);

impl<'a> Attributes<'a> {
    /// The value of the first attribute of a type.
    pub fn find(&self, wanted: u8) -> Option<&'a [u8]> {
        let mut attributes = *self;
        attributes.find_map(|(kind, value)| (kind == wanted).then_some(value))
    }

    /// True if they begin with an attribute whose end is missing.
    pub fn begins_with_cut(&self) -> bool {
        match self.0 {
            [kind] => *kind != 0,
            [kind, length, rest @ ..] => *kind != 0 && usize::from(*length) > rest.len().saturating_add(2),
            [] => false,
        }
    }

    /// The text of the first attribute of a type.
    pub fn text(&self, wanted: u8) -> Option<String> {
        let text = self.find(wanted).map(String::from_utf8_lossy)?;
        // Some senders end it with a zero.
        Some(text.trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty())
    }

    /// The number of the first attribute of a type.
    pub fn number(&self, wanted: u8) -> Option<u32> {
        self.find(wanted)?.try_into().map(u32::from_be_bytes).ok()
    }

    /// The address of the first attribute of either type.
    pub fn address(&self, v4: u8, v6: u8) -> Option<String> {
        let of_4 = self.find(v4).and_then(|value| <[u8; 4]>::try_from(value).ok());
        let of_6 = || self.find(v6).and_then(|value| <[u8; 16]>::try_from(value).ok());
        of_4.map(|octets| Ipv4Addr::from(octets).to_string())
            .or_else(|| of_6().map(|octets| Ipv6Addr::from(octets).to_string()))
    }
}

/// Type and value of each; ends at the first whose length cannot be, which is left in front.
impl<'a> Iterator for Attributes<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, length] = *self.0.first_chunk()?;
        let value = self.0.get(2..usize::from(length))?;
        self.0 = self.0.get(usize::from(length)..)?;
        Some((kind, value))
    }
}

/// False if an attribute of this type never has such a value.
pub(super) fn has_right_length(kind: u8, value: &[u8]) -> bool {
    match kind {
        0 => false,
        kind::MESSAGE_AUTHENTICATOR | kind::NAS_IPV6_ADDRESS => value.len() == 16,
        kind if FOUR_BYTES.contains(&kind) => value.len() == 4,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_end_where_a_length_cannot_be() {
        let bytes = b"\x01\x05bob\x04\x06\x0a\x00\x00\x07\x12\x01rest";
        let mut attributes = Attributes(bytes);
        assert_eq!(attributes.text(kind::USER_NAME).as_deref(), Some("bob"));
        assert_eq!(
            attributes
                .address(kind::NAS_IP_ADDRESS, kind::NAS_IPV6_ADDRESS)
                .as_deref(),
            Some("10.0.0.7")
        );
        assert_eq!(attributes.find(kind::REPLY_MESSAGE), None);
        assert_eq!(attributes.by_ref().count(), 2);
        assert_eq!(attributes.0, b"\x12\x01rest");
    }
}
