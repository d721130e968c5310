//! IPv4 and IPv6 headers.
//!
//! Specification: RFC 791, RFC 8200 §4 (extension headers), RFC 4302 (AH), RFC 2675 (jumbograms), RFC 6275 §6.1 (mobility), RFC 5533
//! §5.1 (shim6).
//!
//! Lengths that cannot be are as Wireshark takes them: a total length beyond the frame counts, but there is no more payload
//! than the frame held; what lies behind a total length is padding. A first fragment of which not all was captured can never be
//! part of a whole, so it is taken for a datagram: its transport header is there.

use super::link::{Frame, Ip};
use super::{Address, Datagram, Family, Fragment, header};
use crate::Anomaly;
use crate::defragment::Whole;

/// IPv6 extension headers (IANA "Protocol Numbers").
mod next_header {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
    pub const SHIM6: u8 = 140;
}

/// Longer chains of extension headers are no real traffic.
const EXTENSION_HEADERS: usize = 16;
/// Hop-by-hop options before a jumbogram's length.
const OPTIONS: usize = 16;

/// Reads the IP header that begins at the frame's `start`.
pub(super) fn decode(packet: &[u8], frame: &Frame) -> Result<Datagram, Anomaly> {
    let bytes = packet.get(frame.start..).unwrap_or_default();
    let bytes = bytes.get(..frame.wire_bytes()).unwrap_or(bytes);
    match (frame.ip, bytes.first().map(|first| first >> 4)) {
        (Ip::Any, Some(4)) => ipv4(bytes, frame),
        (_, Some(6)) => ipv6(bytes, frame),
        (Ip::Any, Some(_)) => Err(Anomaly::Malformed {
            layer: "IP",
            reason: "the version is neither 4 nor 6",
        }),
        (Ip::V6, Some(_)) => Err(Anomaly::Malformed {
            layer: "IPv6",
            reason: "the version is not 6",
        }),
        (_, None) => Err(Anomaly::Truncated {
            layer: "IP",
            needed_bytes: 1,
            found_bytes: 0,
        }),
    }
}

/// The datagram that pieces make. Its header is that of the piece that completed it.
pub(super) fn decode_whole(piece: &Datagram, whole: &Whole) -> Result<Datagram, Anomaly> {
    let bytes = &whole.payload;
    let mut payload = Payload {
        start: 0,
        total: bytes.len(),
        fragment: None,
        protocol: whole.protocol,
    };
    payload.skip_extensions(piece.family, bytes)?;
    let length = narrow(bytes.len().saturating_sub(payload.start));
    Ok(Datagram {
        protocol: payload.protocol,
        ip_bytes: whole.ip_bytes,
        pieces: narrow(whole.packets.len()).saturating_add(1),
        payload_start: narrow(payload.start),
        payload_captured: length,
        payload_original: length,
        fragment: None,
        ..*piece
    })
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
    let fragment = Fragment {
        identification: u32::from(u16::from_be_bytes([fixed[4], fixed[5]])),
        offset,
        more,
    };
    let mut payload = Payload {
        start: header_bytes,
        total,
        fragment: fragment.is_piece(total > bytes.len()).then_some(fragment),
        protocol: fixed[9],
    };
    if payload.fragment.is_none() {
        payload.skip_extensions(Family::V4, bytes)?;
    }
    let source = Address::v4([fixed[12], fixed[13], fixed[14], fixed[15]]);
    let destination = Address::v4([fixed[16], fixed[17], fixed[18], fixed[19]]);
    Ok(payload.datagram(Family::V4, source, destination, bytes, frame))
}

fn ipv6(bytes: &[u8], frame: &Frame) -> Result<Datagram, Anomaly> {
    let fixed = header::<40>(bytes, "IPv6")?;
    let length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let total = match length {
        0 if fixed[6] == next_header::HOP_BY_HOP => {
            let options = bytes.get(fixed.len()..).unwrap_or_default();
            jumbo_bytes(options).map_or(frame.wire_bytes(), |length| length.saturating_add(fixed.len()))
        }
        // A sender with segmentation offload leaves the length empty.
        0 => frame.wire_bytes(),
        length => length.saturating_add(fixed.len()),
    };
    let mut payload = Payload {
        start: fixed.len(),
        total,
        fragment: None,
        protocol: fixed[6],
    };
    payload.skip_extensions(Family::V6, bytes)?;
    let (source, destination) = (octets(fixed, 8), octets(fixed, 24));
    Ok(payload.datagram(Family::V6, Address::v6(source), Address::v6(destination), bytes, frame))
}

/// The length that a jumbogram's hop-by-hop option gives.
fn jumbo_bytes(header: &[u8]) -> Option<usize> {
    const PAD: u8 = 0;
    const JUMBO: u8 = 0xc2;
    let header_bytes = usize::from(*header.get(1)?).checked_add(1)?.checked_mul(8)?;
    let mut options = header.get(2..header_bytes.min(header.len()))?;
    for _ in 0..OPTIONS {
        match options {
            [PAD, rest @ ..] => options = rest,
            [JUMBO, 4, length @ ..] => return Some(u32::from_be_bytes(*length.first_chunk()?) as usize),
            [_, length, rest @ ..] => options = rest.get(usize::from(*length)..)?,
            _ => return None,
        }
    }
    None
}

fn octets(fixed: &[u8; 40], at: usize) -> [u8; 16] {
    fixed
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .unwrap_or_default()
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Fragment {
    /// False for a datagram that is whole, or that is `cut` and begins one that will never be.
    fn is_piece(&self, cut: bool) -> bool {
        self.offset > 0 || self.more && !cut
    }
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
    /// Goes past headers between IP's and the payload's own, up to a piece: what follows its fragment header is only known once
    /// the datagram is whole.
    fn skip_extensions(&mut self, family: Family, bytes: &[u8]) -> Result<(), Anomaly> {
        for _ in 0..EXTENSION_HEADERS {
            let rest = bytes.get(self.start..).unwrap_or_default();
            let length = match (family, self.protocol) {
                (_, next_header::AUTHENTICATION) => {
                    let extension = header::<2>(rest, "AH")?;
                    usize::from(extension[1]).saturating_add(2).saturating_mul(4)
                }
                (
                    Family::V6,
                    next_header::HOP_BY_HOP
                    | next_header::ROUTING
                    | next_header::DESTINATION_OPTIONS
                    | next_header::MOBILITY
                    | next_header::SHIM6,
                ) => {
                    let extension = header::<2>(rest, "IPv6 extension")?;
                    usize::from(extension[1]).saturating_add(1).saturating_mul(8)
                }
                (Family::V6, next_header::FRAGMENT) => {
                    let extension = header::<8>(rest, "IPv6 fragment")?;
                    let field = u16::from_be_bytes([extension[2], extension[3]]);
                    let fragment = Fragment {
                        identification: u32::from_be_bytes([extension[4], extension[5], extension[6], extension[7]]),
                        offset: u32::from(field & 0xfff8),
                        more: field & 1 != 0,
                    };
                    // A fragment header on a whole datagram says nothing (RFC 6946).
                    self.fragment = fragment.is_piece(self.total > bytes.len()).then_some(fragment);
                    8
                }
                _ => break,
            };
            self.protocol = rest.first().copied().unwrap_or_default();
            self.start = self.start.saturating_add(length);
            if self.fragment.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn datagram(self, family: Family, source: Address, destination: Address, bytes: &[u8], frame: &Frame) -> Datagram {
        // A length beyond the frame is wrong: there is no more payload than the frame held. Of a piece it tells that it was cut.
        let end = if self.fragment.is_some() {
            self.total
        } else {
            self.total.min(frame.wire_bytes())
        };
        let original = end.saturating_sub(self.start);
        let captured = original.min(bytes.len().saturating_sub(self.start));
        Datagram {
            family,
            source,
            destination,
            protocol: self.protocol,
            ip_bytes: narrow(self.total),
            pieces: 1,
            payload_start: narrow(frame.start.saturating_add(self.start)),
            payload_captured: narrow(captured),
            payload_original: narrow(original),
            fragment: self.fragment,
            vlans: frame.vlans,
            tunnel: frame.tunnel,
            place: 0,
        }
    }
}
