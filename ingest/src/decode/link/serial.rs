//! Serial lines: PPP, Cisco's HDLC, frame relay.
//!
//! Specification: RFC 1661, RFC 1662 (PPP), IANA "PPP Numbers", RFC 2427 and ITU-T Q.922 (frame relay), ISO/IEC TR 9577 (network layer
//! protocol identifiers). Left alone: compressed packets, and pieces of multilink packets (RFC 1990).

use super::{Frame, IP, IPV6, Layer, Step, ether_type};
use crate::Anomaly;

mod ppp {
    pub const IPV4: u16 = 0x0021;
    pub const BRIDGED: u16 = 0x0031;
    pub const IPV6: u16 = 0x0057;
    pub const MPLS: u16 = 0x0281;
    pub const MPLS_MULTICAST: u16 = 0x0283;
    /// From here on are the protocols that set up others.
    pub const CONTROL: u16 = 0x4000;
    /// OSI, DECnet, AppleTalk, IPX, VJ compression, multilink, NetBIOS, encryption, header and payload compression, Cisco discovery.
    pub const WITHOUT_IP: [u16; 19] = [
        0x0023, 0x0025, 0x0027, 0x0029, 0x002b, 0x002d, 0x002f, 0x003d, 0x003f, 0x0053, 0x0055, 0x0061, 0x0063, 0x0065,
        0x0067, 0x0069, 0x00fb, 0x00fd, 0x0207,
    ];
}

/// PPP, with or without address and control bytes and protocol compression.
pub(super) fn point_to_point(packet: &[u8], frame: &mut Frame) -> Step {
    if frame.rest(packet).starts_with(&[0xff, 0x03]) {
        frame.skip(2);
    }
    let first = frame.take::<1>(packet, "PPP")?[0];
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        u16::from_be_bytes([first, frame.take::<1>(packet, "PPP")?[0]])
    };
    match protocol {
        ppp::IPV4 => Ok(IP),
        ppp::IPV6 => Ok(IPV6),
        ppp::MPLS | ppp::MPLS_MULTICAST => Ok(Layer::Mpls),
        ppp::BRIDGED => bridged(packet, frame),
        ppp::CONTROL.. => Ok(Layer::Nothing),
        protocol if ppp::WITHOUT_IP.contains(&protocol) => Ok(Layer::Nothing),
        protocol => Err(Anomaly::UnknownPayload {
            layer: "PPP",
            number: u32::from(protocol),
        }),
    }
}

/// A bridged frame in PPP (RFC 3518 §4.2): flags, kind, an identifier if the flags say so.
fn bridged(packet: &[u8], frame: &mut Frame) -> Step {
    const ETHERNET: u8 = 1;
    const CHECKED: u8 = 0x80;
    const IDENTIFIED: u8 = 0x40;
    let [flags, kind] = *frame.take::<2>(packet, "PPP bridging")?;
    if flags & IDENTIFIED != 0 {
        frame.skip(4);
    }
    if flags & CHECKED != 0 {
        frame.trim(4);
    }
    Ok(if kind == ETHERNET {
        Layer::Ethernet
    } else {
        Layer::Nothing
    })
}

/// Cisco's HDLC: address, control, and an EtherType.
pub(super) fn cisco_hdlc(packet: &[u8], frame: &mut Frame) -> Step {
    /// OSI protocols follow, after a byte of padding.
    const OSI: u16 = 0xfefe;
    let head = frame.take::<4>(packet, "Cisco HDLC")?;
    match u16::from_be_bytes([head[2], head[3]]) {
        OSI | ether_type::SLARP | ether_type::CISCO_DISCOVERY => Ok(Layer::Nothing),
        other => Ok(Layer::EtherType(other)),
    }
}

/// Frame relay: an address of two to four bytes, the last of which has its lowest bit set, then either what RFC 2427 says or, of
/// Cisco's, an EtherType.
pub(super) fn frame_relay(packet: &[u8], frame: &mut Frame) -> Step {
    const LONGEST_ADDRESS: usize = 4;
    const UNNUMBERED: u8 = 0x03;
    const PAD: u8 = 0;
    let address_bytes = frame
        .rest(packet)
        .iter()
        .take(LONGEST_ADDRESS)
        .position(|byte| byte & 1 == 1);
    let Some(last) = address_bytes.filter(|last| *last > 0) else {
        return Err(Anomaly::Malformed {
            layer: "frame relay",
            reason: "an address that does not end",
        });
    };
    frame.skip(last.saturating_add(1));
    let [control, second] = *frame.peek::<2>(packet, "frame relay")?;
    if control != UNNUMBERED {
        frame.skip(2);
        return match u16::from_be_bytes([control, second]) {
            ether_type::CISCO_DISCOVERY => Ok(Layer::Nothing),
            // Numbered frames: a link that repeats what was lost, and carries no IP in a way of its own.
            other if other < ether_type::FIRST => Ok(Layer::Nothing),
            other => Ok(Layer::EtherType(other)),
        };
    }
    frame.skip(if second == PAD { 2 } else { 1 });
    let identifier = frame.take::<1>(packet, "frame relay")?[0];
    Ok(Layer::Identified(identifier))
}

/// What a network layer protocol identifier stands for.
pub(super) fn network_layer(identifier: u8, packet: &[u8], frame: &mut Frame) -> Step {
    match identifier {
        0xcc => Ok(IP),
        0x8e => Ok(IPV6),
        0xcf => Ok(Layer::PointToPoint),
        0x80 => super::ethernet::subnetwork(packet, frame),
        // Nothing, Q.933, CLNP, ES-IS, IS-IS, FRF.12, compression.
        0x00 | 0x08 | 0x81..=0x83 | 0xb0 | 0xb1 => Ok(Layer::Nothing),
        other => Err(Anomaly::UnknownPayload {
            layer: "NLPID",
            number: u32::from(other),
        }),
    }
}
