//! Tunnels: from an outer IP datagram to the frame that its payload carries.
//!
//! Specification: RFC 2003 (IP in IP), RFC 4213 (6in4), RFC 2473 (4in6), RFC 2784 and 2890 (GRE), RFC 2637 (PPTP's GRE), RFC 7348
//! (VXLAN), RFC 8926 (GENEVE), RFC 4380 (Teredo), 3GPP TS 29.281 (GTP-U), draft-foschiano-erspan.
//!
//! Tunnels over UDP are told by their registered port and by what must hold of their header; what does not hold is plain UDP.

use super::link::{Frame, ether_type, ethernet, network};
use super::{Datagram, protocol};

/// IP protocols that carry packets.
mod number {
    pub const IPV4: u8 = 4;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
}

mod port {
    pub const GTP_U: u16 = 2152;
    pub const TEREDO: u16 = 3544;
    pub const VXLAN: u16 = 4789;
    pub const GENEVE: u16 = 6081;
    pub const VXLAN_LINUX: u16 = 8472;
}

/// EtherTypes that only GRE carries.
mod gre_type {
    pub const ERSPAN_III: u16 = 0x22eb;
    pub const WCCP: u16 = 0x883e;
    pub const ERSPAN: u16 = 0x88be;
}

/// Finds the inner IP header of a datagram whose payload begins at `payload_start` in `bytes`; `None` if it is no tunnel.
pub(super) fn inner(bytes: &[u8], datagram: &Datagram) -> Option<Frame> {
    if datagram.fragment.is_some() {
        return None;
    }
    let start = datagram.payload_start as usize;
    let end = start.checked_add(datagram.payload_captured as usize)?;
    let bytes = bytes.get(..end)?;
    let wire_end = start.checked_add(datagram.payload_original as usize)?;
    let frame = |tunnel| Frame {
        ip_start: start,
        wire_end,
        vlans: datagram.vlans,
        tunnel: Some(tunnel),
    };
    match datagram.protocol {
        number::IPV4 => Some(frame("ipip")),
        number::IPV6 => Some(frame("6in4")),
        number::GRE => generic_routing(bytes, start, frame("gre")),
        protocol::UDP => over_udp(bytes, start, frame),
        _ => None,
    }
}

fn generic_routing(bytes: &[u8], start: usize, frame: Frame) -> Option<Frame> {
    let [flags, version, high, low] = *bytes.get(start..)?.first_chunk::<4>()?;
    let bit = |mask: u8| if flags & mask != 0 { 4 } else { 0 };
    let (checksum, key, sequence) = (bit(0x80), bit(0x20), bit(0x10));
    let acknowledgment = if version & 0x80 != 0 { 4 } else { 0 };
    let inside = match version & 7 {
        0 => frame.behind(4).behind(checksum).behind(key).behind(sequence),
        1 => frame.behind(8).behind(sequence).behind(acknowledgment),
        _ => return None,
    };
    let named = |tunnel, frame: Frame| Frame {
        tunnel: Some(tunnel),
        ..frame
    };
    let found = match u16::from_be_bytes([high, low]) {
        // Type I has no header of its own, and no sequence number either.
        gre_type::ERSPAN if sequence == 0 => ethernet(bytes, named("erspan", inside)),
        gre_type::ERSPAN => ethernet(bytes, named("erspan", inside.behind(8))),
        gre_type::ERSPAN_III => {
            let last = *bytes.get(inside.ip_start.checked_add(11)?)?;
            let platform = if last & 1 != 0 { 8 } else { 0 };
            ethernet(bytes, named("erspan", inside.behind(12).behind(platform)))
        }
        // Version 2 has a redirect header of four bytes, which does not begin like an IPv4 header.
        gre_type::WCCP => {
            let begins = bytes.get(inside.ip_start)? >> 4;
            network(
                ether_type::IPV4,
                bytes,
                if begins == 4 { inside } else { inside.behind(4) },
            )
        }
        other => network(other, bytes, inside),
    };
    found.ok().flatten()
}

fn over_udp(bytes: &[u8], start: usize, frame: impl Fn(&'static str) -> Frame) -> Option<Frame> {
    let header = bytes.get(start..)?.first_chunk::<8>()?;
    let ports = [
        u16::from_be_bytes([header[0], header[1]]),
        u16::from_be_bytes([header[2], header[3]]),
    ];
    let payload = bytes.get(start.checked_add(8)?..)?;
    let to = ports[1];
    match to {
        port::VXLAN | port::VXLAN_LINUX => {
            let vxlan = payload.first_chunk::<8>()?;
            (vxlan[0] & 0x08 != 0).then(|| ethernet(bytes, frame("vxlan").behind(16)).ok().flatten())?
        }
        port::GENEVE => {
            let geneve = payload.first_chunk::<8>()?;
            let options = usize::from(geneve[0] & 0x3f).checked_mul(4)?;
            let kind = u16::from_be_bytes([geneve[2], geneve[3]]);
            (geneve[0] >> 6 == 0).then(|| {
                network(kind, bytes, frame("geneve").behind(16).behind(options))
                    .ok()
                    .flatten()
            })?
        }
        _ if ports.contains(&port::GTP_U) => user_plane(payload, frame("gtp")),
        _ if ports.contains(&port::TEREDO) => teredo(payload, frame("teredo")),
        _ => None,
    }
}

/// GTP-U: a T-PDU with its optional fields and extension headers.
fn user_plane(payload: &[u8], frame: Frame) -> Option<Frame> {
    const EXTENSIONS: usize = 8;
    const T_PDU: u8 = 255;
    let fixed = payload.first_chunk::<8>()?;
    if fixed[0] & 0xf0 != 0x30 || fixed[1] != T_PDU {
        return None;
    }
    let mut length = 8_usize;
    if fixed[0] & 0x07 != 0 {
        length = 12;
        let mut next = if fixed[0] & 0x04 != 0 { *payload.get(11)? } else { 0 };
        for _ in 0..EXTENSIONS {
            if next == 0 {
                break;
            }
            let words = usize::from(*payload.get(length)?);
            length = length.checked_add(words.max(1).checked_mul(4)?)?;
            next = *payload.get(length.checked_sub(1)?)?;
        }
    }
    let begins_like_ip = matches!(payload.get(length)? >> 4, 4 | 6);
    begins_like_ip.then(|| frame.behind(8).behind(length))
}

/// Teredo: optional authentication and origin indications, then IPv6.
fn teredo(payload: &[u8], frame: Frame) -> Option<Frame> {
    let mut length = 0_usize;
    if let [0, 1, client, value, ..] = payload {
        length = 13_usize
            .checked_add(usize::from(*client))?
            .checked_add(usize::from(*value))?;
    }
    if payload.get(length..)?.starts_with(&[0, 0]) {
        length = length.checked_add(8)?;
    }
    let ipv6 = payload.get(length..)?;
    (ipv6.len() >= 40 && ipv6.first()? >> 4 == 6).then(|| frame.behind(8).behind(length))
}
