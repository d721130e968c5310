//! Tunnels: from an outer IP datagram to the frame that its payload carries.
//!
//! Specification: RFC 2003 (IP in IP), RFC 4213 (6in4), RFC 2473 (4in6), RFC 3378 (EtherIP), RFC 4023 (MPLS in IP); of the others in the
//! modules.
//!
//! What stands behind a UDP port is a guess: a datagram whose inside does not decode stays a datagram of the outer connection. Absent on purpose: what is encrypted (ESP,
//! WireGuard, DTLS), and L2TP version 3, whose headers only its control connection describes.

mod generic_routing;
mod udp;

use super::link::{Frame, IP, IPV6, Ip, Layer, walk};
use super::{Datagram, ip, protocol};
use crate::Anomaly;

/// IP protocols that carry packets.
mod number {
    pub const IPV4: u8 = 4;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ETHERIP: u8 = 97;
    pub const MPLS: u8 = 137;
}

/// Decodes the datagram inside another, whose payload begins at `payload_start` in `bytes`; `None` if it is no tunnel, or what
/// it carries is no IP.
pub(super) fn inner(bytes: &[u8], datagram: &Datagram) -> Result<Option<Datagram>, Anomaly> {
    if datagram.fragment.is_some() {
        return Ok(None);
    }
    let start = datagram.payload_start as usize;
    let payload_end = |bytes: u32| start.saturating_add(bytes as usize);
    let bytes = bytes.get(..payload_end(datagram.payload_captured)).unwrap_or(bytes);
    let mut frame = Frame {
        start,
        wire_end: payload_end(datagram.payload_original),
        vlans: datagram.vlans,
        tunnel: datagram.tunnel,
        ip: Ip::Any,
    };
    let Some(layer) = enter(datagram.protocol, bytes, &mut frame) else {
        return Ok(None);
    };
    // Of a bundle in a tunnel the first datagram counts: who tunnels 802.11 takes bundles apart before.
    let decoded = match walk(bytes, layer, frame, &mut None) {
        Ok(Some(frame)) => ip::decode(bytes, &frame).map(Some),
        Ok(None) => Ok(None),
        Err(anomaly) => Err(anomaly),
    };
    match decoded {
        Err(_) if datagram.protocol == protocol::UDP => Ok(None),
        decoded => decoded,
    }
}

/// What an IP protocol's payload leads to.
fn enter(protocol: u8, bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    match protocol {
        protocol::UDP => udp::enter(bytes, frame),
        number::IPV4 => {
            frame.tunnel = Some("ipip");
            Some(IP)
        }
        number::IPV6 => {
            frame.tunnel = Some("6in4");
            Some(IPV6)
        }
        number::GRE => generic_routing::enter(bytes, frame),
        number::ETHERIP => {
            const VERSION_3: [u8; 2] = [0x30, 0];
            frame.tunnel = Some("etherip");
            (*frame.take(bytes, "EtherIP").ok()? == VERSION_3).then_some(Layer::Ethernet)
        }
        number::MPLS => Some(Layer::Mpls),
        _ => None,
    }
}
