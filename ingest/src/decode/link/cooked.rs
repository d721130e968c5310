//! What capturing software puts in place of a link layer, or in front of one.
//!
//! Specification: tcpdump.org's pages of LINKTYPE_NULL, LOOP, LINUX_SLL, LINUX_SLL2, ENC, PFLOG, IPNET, NFLOG, PKTAP; Endace ERF types;
//! TaZmen Sniffer Protocol. Address families are those of the system that captured.

use super::link_type::number;
use super::{Frame, IP, IPV6, Layer, Step};
use crate::Anomaly;

/// Address families; IPv6's differs from system to system.
mod family {
    pub const INET: u32 = 2;
    /// Linux, NetBSD and OpenBSD, Solaris, FreeBSD, Darwin.
    pub const INET6: [u32; 5] = [10, 24, 26, 28, 30];
    /// Darwin's own, AppleTalk, and the OSI stack: they carry no IP.
    pub const OTHERS: [u32; 3] = [7, 16, 23];
}

fn of_family(number: u32) -> Step {
    match number {
        family::INET => Ok(IP),
        number if family::INET6.contains(&number) => Ok(IPV6),
        number if family::OTHERS.contains(&number) => Ok(Layer::Nothing),
        number => Err(Anomaly::UnknownPayload {
            layer: "family",
            number,
        }),
    }
}

/// BSD loopback: an address family, in the byte order of the machine (NULL) or in that of the network (LOOP); some systems put an
/// EtherType there, or PPP. Only the low half is ever in use, so the order shows.
pub(super) fn loopback(packet: &[u8], frame: &mut Frame) -> Step {
    const PPP: [u8; 2] = [0xff, 0x03];
    let head = frame.take::<4>(packet, "loopback")?;
    if head.starts_with(&PPP) {
        frame.start = frame.start.saturating_sub(2);
        return Ok(Layer::PointToPoint);
    }
    let number = in_machine_order(*head);
    let low = u16::from_be_bytes([head[2], head[3]]);
    match [low, number as u16]
        .into_iter()
        .find(|number| *number >= super::ether_type::FIRST)
    {
        Some(ether_type) => Ok(Layer::EtherType(ether_type)),
        None => of_family(number),
    }
}

fn in_machine_order(bytes: [u8; 4]) -> u32 {
    let number = u32::from_be_bytes(bytes);
    if number > 0xffff { number.swap_bytes() } else { number }
}

/// OpenBSD's encapsulating interface: address family, security association, flags.
pub(super) fn encapsulation(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<12>(packet, "ENC")?;
    of_family(in_machine_order([head[0], head[1], head[2], head[3]]))
}

/// OpenBSD's packet filter log: a header of its own length, filled up to four bytes.
pub(super) fn packet_filter_log(packet: &[u8], frame: &mut Frame) -> Step {
    let [length, family, ..] = *frame.peek::<4>(packet, "PFLOG")?;
    frame.skip(usize::from(length).next_multiple_of(4));
    of_family(u32::from(family))
}

/// Solaris's observability node: version, address family, lengths and interfaces.
pub(super) fn ipnet(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<24>(packet, "IPNET")?;
    of_family(u32::from(head[1]))
}

/// Hardware types of Linux interfaces whose packets say otherwise than by EtherType what they are (if_arp.h).
mod hardware {
    pub const FRAME_RELAY: u16 = 770;
    pub const RADIOTAP: u16 = 803;
    pub const NETLINK: u16 = 824;
}

/// Linux cooked capture.
pub(super) fn cooked(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<16>(packet, "Linux cooked capture")?;
    let [hardware, protocol] = [[head[2], head[3]], [head[14], head[15]]].map(u16::from_be_bytes);
    of_hardware(hardware, protocol)
}

/// Linux cooked capture, version 2.
pub(super) fn cooked2(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<20>(packet, "Linux cooked capture v2")?;
    let [hardware, protocol] = [[head[8], head[9]], [head[0], head[1]]].map(u16::from_be_bytes);
    of_hardware(hardware, protocol)
}

fn of_hardware(hardware: u16, protocol: u16) -> Step {
    /// Protocols of Linux's own, which are below any EtherType (if_ether.h).
    const LOGICAL_LINK: u16 = 4;
    const POINT_TO_POINT: [u16; 2] = [7, 8];
    match (hardware, protocol) {
        (hardware::NETLINK, _) => Ok(Layer::Nothing),
        (hardware::RADIOTAP, _) => Ok(Layer::Link(number::IEEE802_11_RADIOTAP)),
        (hardware::FRAME_RELAY, _) => Ok(Layer::FrameRelay),
        (_, LOGICAL_LINK) => Ok(Layer::LogicalLink),
        (_, protocol) if POINT_TO_POINT.contains(&protocol) => Ok(Layer::PointToPoint),
        // Novell's frames, CAN and what else is no EtherType.
        (_, protocol) if protocol < super::ether_type::FIRST => Ok(Layer::Nothing),
        (_, protocol) => Ok(Layer::EtherType(protocol)),
    }
}

/// Attributes of a packet that netfilter logged; one of them is the packet from its network layer on.
pub(super) fn netfilter_log(packet: &[u8], frame: &mut Frame) -> Step {
    const PAYLOAD: u16 = 9;
    let family = frame.take::<4>(packet, "NFLOG")?[0];
    // Attributes are in the byte order of the machine: the first shows it, as its length fits.
    let little_endian = frame
        .rest(packet)
        .first_chunk()
        .is_none_or(|[low, high, ..]: &[u8; 4]| {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            length >= 4 && length <= frame.wire_bytes()
        });
    let number = |bytes| {
        if little_endian {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        }
    };
    while let Some([length_0, length_1, kind_0, kind_1]) = frame.rest(packet).first_chunk::<4>() {
        let length = usize::from(number([*length_0, *length_1]));
        if number([*kind_0, *kind_1]) == PAYLOAD {
            frame.wire_end = frame.start.saturating_add(length).min(frame.wire_end);
            frame.skip(4);
            return match u32::from(family) {
                family::INET => Ok(IP),
                family if family::INET6.contains(&family) => Ok(IPV6),
                // The bridge's packets, and those of tables for both families.
                _ => Ok(IP),
            };
        }
        if length < 4 {
            return Err(Anomaly::Malformed {
                layer: "NFLOG",
                reason: "an attribute shorter than its header",
            });
        }
        frame.skip(length.next_multiple_of(4));
    }
    Ok(Layer::Nothing)
}

/// Darwin's packet tap: a header of its own length that gives the link type of what follows.
pub(super) fn pktap(packet: &[u8], frame: &mut Frame) -> Step {
    const PACKET: u32 = 1;
    let head = frame.peek::<12>(packet, "PKTAP")?;
    let [length, kind, link_type] = [0, 4, 8].map(|at| {
        head.get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |word| u32::from_le_bytes(*word))
    });
    if (length as usize) < head.len() {
        return Err(Anomaly::Malformed {
            layer: "PKTAP",
            reason: "the header length is below 12 bytes",
        });
    }
    frame.skip(length as usize);
    match u16::try_from(link_type) {
        _ if kind != PACKET => Ok(Layer::Nothing),
        Ok(link_type) => Ok(Layer::Link(link_type)),
        Err(_) => Err(Anomaly::UnknownLinkType(link_type)),
    }
}

/// Endace's extensible record: its header, headers chained by their first bit, and of Ethernet two bytes of offset.
pub(super) fn extensible_record(packet: &[u8], frame: &mut Frame) -> Step {
    const HDLC: [u8; 4] = [1, 10, 15, 17];
    const ETHERNET: [u8; 4] = [2, 11, 16, 20];
    let head = frame.take::<16>(packet, "ERF")?;
    let wire_bytes = usize::from(u16::from_be_bytes([head[14], head[15]]));
    let mut more = head[8] & 0x80 != 0;
    while more {
        more = frame.take::<8>(packet, "ERF extension")?[0] & 0x80 != 0;
    }
    match head[8] & 0x7f {
        kind if ETHERNET.contains(&kind) => {
            frame.skip(2);
            frame.wire_end = frame.start.saturating_add(wire_bytes);
            Ok(Layer::Ethernet)
        }
        kind if HDLC.contains(&kind) => match frame.rest(packet).first() {
            Some(0x0f | 0x8f) => Ok(Layer::Link(number::C_HDLC)),
            _ => Ok(Layer::PointToPoint),
        },
        _ => Ok(Layer::Nothing),
    }
}

/// TaZmen Sniffer Protocol: a header, tagged fields up to the one that ends them, the packet as it was received.
pub(super) fn sniffer(packet: &[u8], frame: &mut Frame) -> Step {
    const RECEIVED: u8 = 0;
    const TO_SEND: u8 = 1;
    const PAD: u8 = 0;
    const END: u8 = 1;
    let [version, kind, high, low] = *frame.take::<4>(packet, "TZSP")?;
    if version != 1 || !matches!(kind, RECEIVED | TO_SEND) {
        return Ok(Layer::Nothing);
    }
    loop {
        match *frame.rest(packet) {
            [END, ..] => break,
            [PAD, ..] => frame.skip(1),
            [_, length, ..] => frame.skip(usize::from(length).saturating_add(2)),
            _ => return Ok(Layer::Nothing),
        }
    }
    frame.skip(1);
    match u16::from_be_bytes([high, low]) {
        1 => Ok(Layer::Ethernet),
        18 => Ok(super::wireless::PLAIN),
        119 => Ok(Layer::Link(number::IEEE802_11_PRISM)),
        127 => Ok(Layer::Link(number::IEEE802_11_AVS)),
        other => Err(Anomaly::UnknownPayload {
            layer: "TZSP",
            number: u32::from(other),
        }),
    }
}
