//! ICMP and ICMPv6 messages: the header, and the datagram that an error quotes.
//!
//! Specification: RFC 792, RFC 950 (masks), RFC 4443 §2.1–2.4, RFC 4861 §4.5 (redirect), RFC 8335 (extended echo).
//!
//! Of a datagram that is quoted only in part, the addresses and eight bytes of what they carried are enough. Absent on purpose:
//! checksums, which offload leaves wrong and a snap length unreadable.

use super::link::{Frame, Ip};
use super::{Address, Family, Vlans, header, ip, protocol};
use crate::Anomaly;

/// The bytes in front of what an error quotes.
const ERROR_HEADER: usize = 8;

/// Which of the two protocols; they number their types differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// ICMP (IPv4).
    V4,
    /// ICMPv6.
    V6,
}

/// The header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// ICMP or ICMPv6.
    pub version: Version,
    /// The type.
    pub kind: u8,
    /// The code.
    pub code: u8,
    /// Set if the message asks or answers by number.
    pub query: Option<Query>,
}

/// What pairs a query with its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Type of the query, in the reply as well.
    pub kind: u8,
    /// True in the reply.
    pub is_reply: bool,
    /// Which series of queries it is in.
    pub identifier: u16,
    /// Which query of the series it is.
    pub sequence: u16,
}

/// A datagram quoted in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Family of both addresses.
    pub family: Family,
    /// Who sent what the error is about.
    pub source: Address,
    /// Whom it was sent to.
    pub destination: Address,
    /// Protocol of its payload.
    pub protocol: u8,
    /// What its payload began with.
    pub inside: Inside,
}

/// What a quoted datagram's payload began with, as far as it tells a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Ports of sender and receiver.
    Ports(u16, u16),
    /// A message.
    Message(Message),
    /// The middle of a fragmented payload, too few bytes, or a protocol without connections.
    Nothing,
}

impl Version {
    /// The version that an IP protocol number stands for.
    pub fn of(protocol: u8) -> Option<Self> {
        match protocol {
            protocol::ICMP => Some(Version::V4),
            protocol::ICMP6 => Some(Version::V6),
            _ => None,
        }
    }
}

impl Message {
    /// Reads the header at the front of a message.
    ///
    /// # Errors
    ///
    /// A message that was cut before its code.
    pub fn decode(version: Version, bytes: &[u8]) -> Result<Self, Anomaly> {
        let [kind, code] = *header::<2>(bytes, "ICMP")?;
        let query = pair(version, kind, [NUMBERED, EXTENDED]).and_then(|(query, _)| {
            let [_, _, _, _, high, low, sequence @ ..] = *bytes.first_chunk::<8>()?;
            // The sequence number of an extended echo is one byte.
            let sequence = match query {
                v4::EXTENDED_ECHO | v6::EXTENDED_ECHO => u16::from(sequence[0]),
                _ => u16::from_be_bytes(sequence),
            };
            Some(Query {
                kind: query,
                is_reply: kind != query,
                identifier: u16::from_be_bytes([high, low]),
                sequence,
            })
        });
        Ok(Self {
            version,
            kind,
            code,
            query,
        })
    }

    /// True if messages of this type are about a datagram that they quote.
    pub fn is_error(&self) -> bool {
        match self.version {
            Version::V4 => matches!(
                self.kind,
                v4::UNREACHABLE | v4::QUENCH | v4::REDIRECT | v4::TIME_EXCEEDED | v4::PARAMETER_PROBLEM
            ),
            Version::V6 => self.kind < v6::FIRST_INFORMATIONAL || self.kind == v6::REDIRECT,
        }
    }

    /// The datagram that the message quotes; `None` if it is no error or too little of it is there.
    pub fn quoted(&self, bytes: &[u8]) -> Option<Quoted> {
        if !self.is_error() {
            return None;
        }
        let start = match (self.version, self.kind) {
            (Version::V6, v6::REDIRECT) => redirected(bytes)?,
            _ => ERROR_HEADER,
        };
        let frame = Frame {
            start,
            wire_end: bytes.len(),
            vlans: Vlans::default(),
            tunnel: None,
            ip: Ip::Any,
        };
        let datagram = ip::decode(bytes, &frame).ok()?;
        let is_middle = datagram.fragment.is_some_and(|fragment| fragment.offset > 0);
        Some(Quoted {
            family: datagram.family,
            source: datagram.source,
            destination: datagram.destination,
            protocol: datagram.protocol,
            inside: if is_middle {
                Inside::Nothing
            } else {
                Inside::read(datagram.protocol, datagram.payload(bytes))
            },
        })
    }

    /// The type that answers this one or is answered by it, as the community ID pairs them.
    pub fn counterpart(&self) -> Option<u8> {
        let (query, reply) = pair(self.version, self.kind, [NUMBERED, UNNUMBERED])?;
        Some(if self.kind == query { reply } else { query })
    }
}

impl Inside {
    fn read(protocol: u8, payload: &[u8]) -> Self {
        if let Some(version) = Version::of(protocol) {
            return Message::decode(version, payload).map_or(Inside::Nothing, Inside::Message);
        }
        match (protocol, payload) {
            (protocol::TCP | protocol::UDP | protocol::SCTP, [a, b, c, d, ..]) => {
                Inside::Ports(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))
            }
            _ => Inside::Nothing,
        }
    }
}

/// Types of ICMP that this project treats on their own.
pub mod v4 {
    pub const ECHO_REPLY: u8 = 0;
    pub const UNREACHABLE: u8 = 3;
    pub const QUENCH: u8 = 4;
    pub const REDIRECT: u8 = 5;
    pub const ECHO: u8 = 8;
    pub const ROUTER_ADVERTISEMENT: u8 = 9;
    pub const ROUTER_SOLICITATION: u8 = 10;
    pub const TIME_EXCEEDED: u8 = 11;
    pub const PARAMETER_PROBLEM: u8 = 12;
    pub const TIMESTAMP: u8 = 13;
    pub const TIMESTAMP_REPLY: u8 = 14;
    pub const INFORMATION: u8 = 15;
    pub const INFORMATION_REPLY: u8 = 16;
    pub const MASK: u8 = 17;
    pub const MASK_REPLY: u8 = 18;
    pub const EXTENDED_ECHO: u8 = 42;
    pub const EXTENDED_ECHO_REPLY: u8 = 43;
}

/// Types of ICMPv6 that this project treats on their own.
pub mod v6 {
    pub const UNREACHABLE: u8 = 1;
    pub const PACKET_TOO_BIG: u8 = 2;
    pub const TIME_EXCEEDED: u8 = 3;
    pub const PARAMETER_PROBLEM: u8 = 4;
    /// Types below it are errors, known or not (RFC 4443 §2.1).
    pub const FIRST_INFORMATIONAL: u8 = 128;
    pub const ECHO: u8 = 128;
    pub const ECHO_REPLY: u8 = 129;
    pub const LISTENER_QUERY: u8 = 130;
    pub const LISTENER_REPORT: u8 = 131;
    pub const LISTENER_DONE: u8 = 132;
    pub const ROUTER_SOLICITATION: u8 = 133;
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    pub const NEIGHBOR_SOLICITATION: u8 = 135;
    pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
    pub const REDIRECT: u8 = 137;
    pub const NODE_QUERY: u8 = 139;
    pub const NODE_RESPONSE: u8 = 140;
    pub const LISTENER_REPORT_2: u8 = 143;
    pub const HOME_AGENT_QUERY: u8 = 144;
    pub const HOME_AGENT_REPLY: u8 = 145;
    pub const EXTENDED_ECHO: u8 = 160;
    pub const EXTENDED_ECHO_REPLY: u8 = 161;
}

type Pairs = &'static [(Version, u8, u8)];

/// Queries and their replies that carry an identifier and a sequence number.
const NUMBERED: Pairs = &[
    (Version::V4, v4::ECHO, v4::ECHO_REPLY),
    (Version::V4, v4::TIMESTAMP, v4::TIMESTAMP_REPLY),
    (Version::V4, v4::INFORMATION, v4::INFORMATION_REPLY),
    (Version::V4, v4::MASK, v4::MASK_REPLY),
    (Version::V6, v6::ECHO, v6::ECHO_REPLY),
];

/// Likewise, but younger than the community ID, which does not know that they belong together.
const EXTENDED: Pairs = &[
    (Version::V4, v4::EXTENDED_ECHO, v4::EXTENDED_ECHO_REPLY),
    (Version::V6, v6::EXTENDED_ECHO, v6::EXTENDED_ECHO_REPLY),
];

/// Queries and replies that nothing pairs but their types.
const UNNUMBERED: Pairs = &[
    (Version::V4, v4::ROUTER_SOLICITATION, v4::ROUTER_ADVERTISEMENT),
    (Version::V6, v6::ROUTER_SOLICITATION, v6::ROUTER_ADVERTISEMENT),
    (Version::V6, v6::NEIGHBOR_SOLICITATION, v6::NEIGHBOR_ADVERTISEMENT),
    (Version::V6, v6::LISTENER_QUERY, v6::LISTENER_REPORT),
    (Version::V6, v6::NODE_QUERY, v6::NODE_RESPONSE),
    (Version::V6, v6::HOME_AGENT_QUERY, v6::HOME_AGENT_REPLY),
];

/// The query and the reply of which this type is one.
fn pair(version: Version, kind: u8, lists: [Pairs; 2]) -> Option<(u8, u8)> {
    let mut pairs = lists.into_iter().flatten();
    pairs
        .find(|(of, query, reply)| *of == version && (kind == *query || kind == *reply))
        .map(|(_, query, reply)| (*query, *reply))
}

/// Where the datagram begins that a redirect of ICMPv6 quotes: in its option "redirected header" (RFC 4861 §4.6.3).
fn redirected(bytes: &[u8]) -> Option<usize> {
    const OPTIONS: usize = 40;
    const REDIRECTED_HEADER: u8 = 4;
    const OPTION_HEADER: usize = 8;
    let mut at = OPTIONS;
    loop {
        let [kind, words] = *bytes.get(at..)?.first_chunk::<2>()?;
        if kind == REDIRECTED_HEADER {
            return at.checked_add(OPTION_HEADER);
        }
        // An option without length would be read for ever.
        at = at.checked_add(usize::from(words).checked_mul(8).filter(|length| *length > 0)?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(version: Version, bytes: &[u8]) -> Message {
        Message::decode(version, bytes).expect("type and code are there")
    }

    #[test]
    fn numbers_of_queries() {
        let echo = decode(Version::V4, &[8, 0, 0, 0, 0, 7, 1, 2]);
        let query = Query {
            kind: v4::ECHO,
            is_reply: false,
            identifier: 7,
            sequence: 0x0102,
        };
        assert_eq!(echo.query, Some(query));
        let reply = decode(Version::V6, &[161, 0, 0, 0, 0, 7, 1, 2]);
        let query = Query {
            kind: v6::EXTENDED_ECHO,
            is_reply: true,
            identifier: 7,
            sequence: 1,
        };
        assert_eq!(reply.query, Some(query));
        // Cut before the numbers, and the types of the other version.
        assert_eq!(decode(Version::V4, &[8, 0, 0, 0, 0, 7, 1]).query, None);
        assert_eq!(decode(Version::V6, &[8, 0, 0, 0, 0, 7, 1, 2]).query, None);
        assert!(Message::decode(Version::V4, &[8]).is_err());
    }

    #[test]
    fn counterparts_are_mutual() {
        for version in [Version::V4, Version::V6] {
            for kind in 0..=u8::MAX {
                let other = decode(version, &[kind, 0]).counterpart();
                let back = other.and_then(|other| decode(version, &[other, 0]).counterpart());
                assert_eq!(back, other.map(|_| kind), "{version:?} {kind}");
            }
        }
    }

    /// The header of an IPv6 datagram from ::1 to ::2 with this payload.
    fn datagram(next_header: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0, 0, 0, 0x04, 0, next_header, 64];
        bytes.extend([[0; 15].as_slice(), &[1], &[0; 15], &[2], payload].concat());
        bytes
    }

    #[test]
    fn a_redirect_quotes_in_an_option() {
        let mut redirect = vec![v6::REDIRECT, 0];
        redirect.extend([0; 38]);
        // The target's link-layer address comes first.
        redirect.extend([2, 1, 0, 0, 0, 0, 0, 1, 4, 7, 0, 0, 0, 0, 0, 0]);
        redirect.extend(datagram(protocol::UDP, &[0, 53, 0, 54, 0, 0, 0, 0]));
        let message = decode(Version::V6, &redirect);
        let quoted = message.quoted(&redirect).expect("a datagram is quoted");
        assert_eq!(quoted.inside, Inside::Ports(53, 54));
        // An option without a length ends the search.
        redirect[41] = 0;
        assert_eq!(message.quoted(&redirect), None);
    }

    #[test]
    fn a_quote_behind_extension_headers_and_one_that_is_cut() {
        let mut error = vec![v6::TIME_EXCEEDED, 0, 0, 0, 0, 0, 0, 0];
        let options = [protocol::TCP, 0, 1, 4, 0, 0, 0, 0];
        error.extend(datagram(0, &[&options[..], &[0, 80, 0, 81]].concat()));
        let message = decode(Version::V6, &error);
        let inside = |bytes: &[u8]| message.quoted(bytes).map(|quoted| quoted.inside);
        assert_eq!(inside(&error), Some(Inside::Ports(80, 81)));
        assert_eq!(inside(&error[..error.len() - 1]), Some(Inside::Nothing));
        assert_eq!(inside(&error[..50]), Some(Inside::Nothing));
        assert_eq!(inside(&error[..40]), None);
    }
}
