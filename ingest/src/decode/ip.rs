//! IPv4 and IPv6 headers.
//!
//! Specification: RFC 791, RFC 8200 §4 (extension headers), RFC 4302 (AH).

use super::link::Frame;
use super::{Address, Datagram, Family, Fragment, header};
use crate::Anomaly;

/// IPv6 extension headers (IANA "Protocol Numbers").
mod next_header {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
}

/// Longer chains of extension headers are no real traffic.
const EXTENSION_HEADERS: usize = 16;

/// Reads the IP header that begins at the frame's `ip_start`.
pub(super) fn decode(packet: &[u8], frame: &Frame) -> Result<Datagram, Anomaly> {
    let bytes = packet.get(frame.ip_start..).unwrap_or_default();
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(bytes, frame),
        Some(6) => ipv6(bytes, frame),
        Some(_) => Err(Anomaly::Malformed {
            layer: "IP",
            reason: "the version is neither 4 nor 6",
        }),
        None => Err(Anomaly::Truncated {
            layer: "IP",
            needed_bytes: 1,
            found_bytes: 0,
        }),
    }
}

fn ipv4(bytes: &[u8], frame: &Frame) -> Result<Datagram, Anomaly> {
    let fixed = header::<20>(bytes, "IPv4")?;
    let header_bytes = usize::from(fixed[0] & 0x0f).saturating_mul(4);
    if header_bytes < fixed.len() {
        return Err(Anomaly::Malformed {
            layer: "IPv4",
            reason: "the header length is below 20 bytes",
        });
    }
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    // A sender with segmentation offload leaves the length empty; the frame's own then counts.
    let total = if total == 0 { frame.wire_bytes() } else { total };
    if total < header_bytes {
        return Err(Anomaly::Malformed {
            layer: "IPv4",
            reason: "the total length is below the header length",
        });
    }
    let flags = u16::from_be_bytes([fixed[6], fixed[7]]);
    let (offset, more) = (u32::from(flags & 0x1fff).saturating_mul(8), flags & 0x2000 != 0);
    let fragment = (offset > 0 || more).then(|| Fragment {
        identification: u32::from(u16::from_be_bytes([fixed[4], fixed[5]])),
        offset,
        more,
    });
    let mut payload = Payload {
        start: header_bytes,
        total,
        fragment,
        protocol: fixed[9],
    };
    if payload.protocol == next_header::AUTHENTICATION && offset == 0 {
        let extension = header::<2>(bytes.get(header_bytes..).unwrap_or_default(), "AH")?;
        payload.protocol = extension[0];
        payload.start = header_bytes.saturating_add(usize::from(extension[1]).saturating_add(2).saturating_mul(4));
    }
    let source = Address::v4([fixed[12], fixed[13], fixed[14], fixed[15]]);
    let destination = Address::v4([fixed[16], fixed[17], fixed[18], fixed[19]]);
    Ok(payload.datagram(Family::V4, source, destination, bytes, frame))
}

fn ipv6(bytes: &[u8], frame: &Frame) -> Result<Datagram, Anomaly> {
    let fixed = header::<40>(bytes, "IPv6")?;
    let length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let total = if length == 0 {
        frame.wire_bytes()
    } else {
        length.saturating_add(fixed.len())
    };
    let mut payload = Payload {
        start: fixed.len(),
        total,
        fragment: None,
        protocol: fixed[6],
    };
    for _ in 0..EXTENSION_HEADERS {
        let rest = bytes.get(payload.start..).unwrap_or_default();
        let extension_bytes = match payload.protocol {
            next_header::HOP_BY_HOP
            | next_header::ROUTING
            | next_header::DESTINATION_OPTIONS
            | next_header::MOBILITY => {
                let extension = header::<2>(rest, "IPv6 extension")?;
                usize::from(extension[1]).saturating_add(1).saturating_mul(8)
            }
            next_header::AUTHENTICATION => {
                let extension = header::<2>(rest, "IPv6 extension")?;
                usize::from(extension[1]).saturating_add(2).saturating_mul(4)
            }
            next_header::FRAGMENT => {
                let extension = header::<8>(rest, "IPv6 fragment")?;
                let field = u16::from_be_bytes([extension[2], extension[3]]);
                let fragment = Fragment {
                    identification: u32::from_be_bytes([extension[4], extension[5], extension[6], extension[7]]),
                    offset: u32::from(field & 0xfff8),
                    more: field & 1 != 0,
                };
                // A fragment header on a whole datagram says nothing (RFC 6946).
                payload.fragment = (fragment.offset > 0 || fragment.more).then_some(fragment);
                8
            }
            _ => break,
        };
        payload.protocol = rest.first().copied().unwrap_or_default();
        payload.start = payload.start.saturating_add(extension_bytes);
        if payload.fragment.is_some_and(|fragment| fragment.offset > 0) {
            // What follows is the middle of a payload, not a header.
            break;
        }
    }
    let (source, destination) = (octets(fixed, 8), octets(fixed, 24));
    Ok(payload.datagram(Family::V6, Address::v6(source), Address::v6(destination), bytes, frame))
}

fn octets(fixed: &[u8; 40], at: usize) -> [u8; 16] {
    fixed
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .unwrap_or_default()
}

struct Payload {
    /// Where it begins, counted from the IP header.
    start: usize,
    /// Where it ends on the wire, counted likewise.
    total: usize,
    fragment: Option<Fragment>,
    protocol: u8,
}

impl Payload {
    fn datagram(self, family: Family, source: Address, destination: Address, bytes: &[u8], frame: &Frame) -> Datagram {
        // A length beyond the frame is wrong: there is no more payload than the frame held.
        let original = self.total.min(frame.wire_bytes()).saturating_sub(self.start);
        let captured = original.min(bytes.len().saturating_sub(self.start));
        let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Datagram {
            family,
            source,
            destination,
            protocol: self.protocol,
            ip_bytes: narrow(self.total),
            payload_start: narrow(frame.ip_start.saturating_add(self.start)),
            payload_captured: narrow(captured),
            payload_original: narrow(original),
            fragment: self.fragment,
            vlans: frame.vlans,
            tunnel: frame.tunnel,
        }
    }
}
