//! Tunnels over UDP, told by their registered port and by what must hold of their header; what does not hold is plain UDP.
//!
//! Specification: RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (GENEVE), RFC 4380 (Teredo), RFC 2661 (L2TP version 2), RFC 7510 (MPLS),
//! RFC 8086 (GRE), RFC 5415 and 5416 (CAPWAP), RFC 9300 (LISP), draft-ietf-intarea-gue, 3GPP TS 29.281 and TS 09.60 (GTP-U, GTP version
//! 0), TaZmen Sniffer Protocol.

use super::super::link::{Frame, IP, IPV6, Layer, TZSP, Variant, next_protocol};
use super::{enter as enter_protocol, generic_routing};

mod port {
    pub const L2TP: u16 = 1701;
    pub const GTP_U: u16 = 2152;
    pub const GTP_0: u16 = 3386;
    pub const TEREDO: u16 = 3544;
    pub const LISP: u16 = 4341;
    pub const GRE: u16 = 4754;
    pub const VXLAN: u16 = 4789;
    pub const VXLAN_GPE: u16 = 4790;
    pub const CAPWAP: u16 = 5247;
    pub const GUE: u16 = 6080;
    pub const GENEVE: u16 = 6081;
    pub const MPLS: u16 = 6635;
    pub const VXLAN_LINUX: u16 = 8472;
    pub const TZSP: u16 = 37008;
}

/// Reads a UDP header, and the tunnel's behind it.
pub(super) fn enter(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    let head = frame.take::<8>(bytes, "UDP").ok()?;
    let [from, to] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_be_bytes);
    // Who answers on a tunnel's port may have sent from another, and the other way round.
    of_port(to, bytes, frame, true).or_else(|| of_port(from, bytes, frame, false))
}

fn of_port(port: u16, bytes: &[u8], frame: &mut Frame, is_destination: bool) -> Option<Layer> {
    let outer = *frame;
    let layer = match port {
        port::VXLAN | port::VXLAN_LINUX if is_destination => vxlan(bytes, frame),
        port::VXLAN_GPE if is_destination => vxlan_gpe(bytes, frame),
        port::GENEVE if is_destination => geneve(bytes, frame),
        port::GUE if is_destination => generic_udp(bytes, frame),
        port::LISP if is_destination => lisp(bytes, frame),
        port::MPLS if is_destination => Some(Layer::Mpls),
        port::GRE if is_destination => generic_routing::enter(bytes, frame),
        port::TZSP if is_destination => {
            frame.tunnel = Some("tzsp");
            Some(TZSP)
        }
        port::GTP_U => user_plane(bytes, frame),
        port::GTP_0 => user_plane_0(bytes, frame),
        port::TEREDO => teredo(bytes, frame),
        port::L2TP => layer_two(bytes, frame),
        port::CAPWAP => access_point(bytes, frame),
        _ => None,
    };
    if layer.is_none() {
        *frame = outer;
    }
    layer
}

fn vxlan(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const HAS_IDENTIFIER: u8 = 0x08;
    let head = frame.take::<8>(bytes, "VXLAN").ok()?;
    frame.tunnel = Some("vxlan");
    (head[0] & HAS_IDENTIFIER != 0).then_some(Layer::Ethernet)
}

fn vxlan_gpe(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const HAS_NEXT: u8 = 0x04;
    const VERSION: u8 = 0x30;
    let head = frame.take::<8>(bytes, "VXLAN").ok()?;
    frame.tunnel = Some("vxlan");
    match head[0] & VERSION {
        0 if head[0] & HAS_NEXT != 0 => next_protocol(head[3]).ok(),
        0 => Some(Layer::Ethernet),
        _ => None,
    }
}

fn geneve(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    let head = frame.take::<8>(bytes, "GENEVE").ok()?;
    let option_words = usize::from(head[0] & 0x3f);
    frame.skip(option_words.checked_mul(4)?);
    frame.tunnel = Some("geneve");
    (head[0] >> 6 == 0).then_some(Layer::EtherType(u16::from_be_bytes([head[2], head[3]])))
}

/// Generic UDP encapsulation: a header that gives an IP protocol, or (version 1) an IP header at once.
fn generic_udp(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const CONTROL: u8 = 0x20;
    let head = frame.peek::<4>(bytes, "GUE").ok()?;
    frame.tunnel = Some("gue");
    match head[0] >> 6 {
        0 if head[0] & CONTROL == 0 => {
            let words = usize::from(head[0] & 0x1f).checked_add(1)?;
            frame.skip(words.checked_mul(4)?);
            // A protocol that is UDP again would recurse.
            (head[1] != super::protocol::UDP).then(|| enter_protocol(head[1], bytes, frame))?
        }
        1 => Some(IP),
        _ => None,
    }
}

fn lisp(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    frame.take::<8>(bytes, "LISP").ok()?;
    frame.tunnel = Some("lisp");
    begins_like_ip(bytes, frame)
}

fn begins_like_ip(bytes: &[u8], frame: &Frame) -> Option<Layer> {
    matches!(frame.rest(bytes).first()? >> 4, 4 | 6).then_some(IP)
}

/// GTP-U: a T-PDU with its optional fields and extension headers.
fn user_plane(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const EXTENSIONS: usize = 8;
    const T_PDU: u8 = 255;
    const OPTIONAL: u8 = 0x07;
    const EXTENDED: u8 = 0x04;
    let fixed = frame.take::<8>(bytes, "GTP").ok()?;
    if fixed[0] & 0xf0 != 0x30 || fixed[1] != T_PDU {
        return None;
    }
    if fixed[0] & OPTIONAL != 0 {
        let optional = frame.take::<4>(bytes, "GTP").ok()?;
        let mut next = if fixed[0] & EXTENDED != 0 { optional[3] } else { 0 };
        for _ in 0..EXTENSIONS {
            if next == 0 {
                break;
            }
            let words = usize::from(*frame.rest(bytes).first()?).max(1);
            let extension = frame.rest(bytes).get(..words.checked_mul(4)?)?;
            next = *extension.last()?;
            frame.skip(extension.len());
        }
    }
    frame.tunnel = Some("gtp");
    begins_like_ip(bytes, frame)
}

/// GTP version 0: a T-PDU behind a header of 20 bytes.
fn user_plane_0(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const T_PDU: u8 = 255;
    let fixed = frame.take::<20>(bytes, "GTP").ok()?;
    frame.tunnel = Some("gtp");
    (fixed[0] >> 5 == 0 && fixed[1] == T_PDU).then(|| begins_like_ip(bytes, frame))?
}

/// Teredo: optional authentication and origin indications, then IPv6.
fn teredo(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const IPV6_HEADER: usize = 40;
    if let [0, 1, client, value, ..] = frame.rest(bytes) {
        frame.skip(
            13_usize
                .checked_add(usize::from(*client))?
                .checked_add(usize::from(*value))?,
        );
    }
    if frame.rest(bytes).starts_with(&[0, 0]) {
        frame.skip(8);
    }
    frame.tunnel = Some("teredo");
    let ipv6 = frame.rest(bytes);
    (ipv6.len() >= IPV6_HEADER && ipv6.first()? >> 4 == 6).then_some(IPV6)
}

/// L2TP version 2: a data message with its optional fields, then PPP.
fn layer_two(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const CONTROL: u8 = 0x80;
    const LENGTH: u8 = 0x40;
    const SEQUENCE: u8 = 0x08;
    const OFFSET: u8 = 0x02;
    let [flags, version] = *frame.take(bytes, "L2TP").ok()?;
    if flags & CONTROL != 0 || version & 0x0f != 2 {
        return None;
    }
    let has = |mask: u8, bytes: usize| if flags & mask != 0 { bytes } else { 0 };
    // Length, tunnel and session, sequence numbers.
    frame.skip(has(LENGTH, 2).checked_add(4)?.checked_add(has(SEQUENCE, 4))?);
    if flags & OFFSET != 0 {
        let offset = frame.take::<2>(bytes, "L2TP").ok()?;
        frame.skip(usize::from(u16::from_be_bytes(*offset)));
    }
    frame.tunnel = Some("l2tp");
    Some(Layer::PointToPoint)
}

/// CAPWAP's data channel: what an access point sends on, as Ethernet or as 802.11.
fn access_point(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const NATIVE: u8 = 0x01;
    const FRAGMENT: u8 = 0x80;
    const KEEP_ALIVE: u8 = 0x08;
    const DATA: u8 = 0x08;
    let head = *frame.peek::<8>(bytes, "CAPWAP").ok()?;
    let is_later_piece = u16::from_be_bytes([head[6], head[7]]) >> 3 != 0;
    // The first byte tells DTLS, which is opaque.
    if head[0] != 0 || head[3] & KEEP_ALIVE != 0 || head[3] & FRAGMENT != 0 && is_later_piece {
        return None;
    }
    frame.skip(usize::from(head[1] >> 3).checked_mul(4)?);
    frame.tunnel = Some("capwap");
    if head[2] & NATIVE == 0 {
        return Some(Layer::Ethernet);
    }
    let [first, second] = *frame.peek(bytes, "CAPWAP").ok()?;
    // Many send the two bytes of frame control the other way round.
    let swapped = second & 0x0f == DATA && first & 0x0f != DATA;
    Some(Layer::Wireless(Variant { padded: false, swapped }))
}
