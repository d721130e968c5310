//! Shims between a link and what it carries: MPLS, NSH, TRILL, MACsec.
//!
//! Specification: RFC 3032 (MPLS), RFC 4385 (control word), RFC 4448 (Ethernet pseudowires), RFC 8300 (NSH), RFC 6325 §3 (TRILL), IEEE
//! 802.1AE §9 (MACsec). A label stack does not say what it carries: the first bits tell IP, and of pseudowires an EtherType in its
//! place tells Ethernet, behind a control word or not.

use super::{Frame, IP, IPV6, Layer, Step, ether_type};
use crate::Anomaly;

/// More labels in a row are no real traffic.
const LABELS: usize = 16;

/// A stack of MPLS labels.
pub(super) fn labels(packet: &[u8], frame: &mut Frame) -> Step {
    const BOTTOM: u8 = 1;
    const CONTROL_WORD: usize = 4;
    frame.tunnel = Some("mpls");
    for _ in 0..LABELS {
        let label = frame.take::<4>(packet, "MPLS")?;
        if label[2] & BOTTOM == 0 {
            continue;
        }
        let rest = frame.rest(packet);
        let controlled = rest.get(CONTROL_WORD..).unwrap_or_default();
        return Ok(match rest.first().map(|first| first >> 4) {
            Some(4) => IP,
            Some(6) => IPV6,
            // A known type is the better sign than a length.
            Some(_) if has_known_type(rest) => Layer::Ethernet,
            Some(0) if looks_like_ethernet(controlled) => {
                frame.skip(CONTROL_WORD);
                Layer::Ethernet
            }
            Some(_) if looks_like_ethernet(rest) => Layer::Ethernet,
            _ => Layer::Nothing,
        });
    }
    Err(Anomaly::Malformed {
        layer: "MPLS",
        reason: "more labels than any network uses",
    })
}

/// What stands where Ethernet has its type or length.
fn type_or_length(bytes: &[u8]) -> Option<u16> {
    bytes.get(12..)?.first_chunk().map(|field| u16::from_be_bytes(*field))
}

fn has_known_type(bytes: &[u8]) -> bool {
    type_or_length(bytes).is_some_and(ether_type::is_known)
}

/// True if a known type stands where Ethernet has one, or a length that fits.
pub(super) fn looks_like_ethernet(bytes: &[u8]) -> bool {
    let longest = bytes.len().saturating_sub(14).min(usize::from(ether_type::FIRST));
    has_known_type(bytes) || type_or_length(bytes).is_some_and(|length| (3..=longest).contains(&usize::from(length)))
}

/// A network service header.
pub(super) fn service_header(packet: &[u8], frame: &mut Frame) -> Step {
    const SHORTEST: usize = 8;
    let [_, words, _, next] = *frame.peek::<4>(packet, "NSH")?;
    let length = usize::from(words & 0x3f).saturating_mul(4);
    if length < SHORTEST {
        return Err(Anomaly::Malformed {
            layer: "NSH",
            reason: "the length is below 8 bytes",
        });
    }
    frame.skip(length);
    frame.tunnel = Some("nsh");
    next_protocol(next)
}

/// Next protocols as NSH and VXLAN-GPE number them (IANA "NSH Next Protocol").
pub(in crate::decode) fn next_protocol(number: u8) -> Step {
    match number {
        1 => Ok(IP),
        2 => Ok(IPV6),
        3 => Ok(Layer::Ethernet),
        4 => Ok(Layer::ServiceHeader),
        5 => Ok(Layer::Mpls),
        other => Err(Anomaly::UnknownPayload {
            layer: "NSH",
            number: u32::from(other),
        }),
    }
}

/// TRILL: a header, options as it counts them, an Ethernet frame.
pub(super) fn trill(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<6>(packet, "TRILL")?;
    let option_words = usize::from((u16::from_be_bytes([head[0], head[1]]) >> 6) & 0x1f);
    frame.skip(option_words.saturating_mul(4));
    frame.tunnel = Some("trill");
    Ok(Layer::Ethernet)
}

/// MACsec, if it only authenticates.
pub(super) fn mac_security(packet: &[u8], frame: &mut Frame) -> Step {
    const ENCRYPTED: u8 = 0x08;
    const CHANNEL: u8 = 0x20;
    const CHECK_BYTES: usize = 16;
    let tag = frame.take::<6>(packet, "MACsec")?;
    if tag[0] & CHANNEL != 0 {
        frame.skip(8);
    }
    if tag[0] & ENCRYPTED != 0 {
        return Ok(Layer::Nothing);
    }
    frame.trim(CHECK_BYTES);
    let inner = frame.take::<2>(packet, "MACsec")?;
    Ok(Layer::EtherType(u16::from_be_bytes(*inner)))
}
