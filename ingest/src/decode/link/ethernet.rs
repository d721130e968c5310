//! Ethernet and its kin: what follows two addresses, by EtherType or by LLC.
//!
//! Specification: IEEE 802.3, 802.1Q, 802.1ad, 802.1ah, 802.1AE, 802.1CB, 802.2, 802.5; RFC 948, RFC 1042 (SNAP), RFC 1390 (FDDI), RFC 2516
//! (PPPoE), RFC 2684 §5 (bridged frames), RFC 6325 (TRILL); IEC 62439-3 (HSR); Cisco FabricPath, VN-Tag and metadata, Marvell and
//! Broadcom switch tags as Wireshark and Linux read them.

use super::{Frame, IP, IPV6, Layer, Step, ether_type, shim};
use crate::Anomaly;

/// Ethernet II or 802.3.
pub(super) fn ethernet(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<14>(packet, "Ethernet")?;
    Ok(match u16::from_be_bytes([head[12], head[13]]) {
        // What nearly every frame carries, at once.
        ether_type::IPV4 => IP,
        other => Layer::EtherType(other),
    })
}

/// What an EtherType says that follows: IP, or a tag with another EtherType behind it.
pub(super) fn network(ether_type: u16, packet: &[u8], frame: &mut Frame) -> Step {
    /// The EtherType at the end of a tag.
    fn tagged<const N: usize>(packet: &[u8], frame: &mut Frame, layer: &'static str) -> Step {
        let tag = frame.take::<N>(packet, layer)?;
        let inner = tag.last_chunk().map_or(0, |inner| u16::from_be_bytes(*inner));
        Ok(Layer::EtherType(inner))
    }
    match ether_type {
        ether_type::IPV4 => Ok(IP),
        ether_type::IPV6 => Ok(IPV6),
        ether_type::VLAN | ether_type::SERVICE_VLAN => vlan(packet, frame),
        old if ether_type::OLD_SERVICE_VLANS.contains(&old) => vlan(packet, frame),
        ether_type::MPLS | ether_type::MPLS_MULTICAST => Ok(Layer::Mpls),
        ether_type::PPPOE_SESSION => {
            let head = frame.take::<6>(packet, "PPPoE")?;
            let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
            frame.wire_end = frame.wire_end.min(frame.start.saturating_add(length));
            frame.tunnel = Some("pppoe");
            Ok(Layer::PointToPoint)
        }
        ether_type::PPP => Ok(Layer::PointToPoint),
        ether_type::TRANSPARENT_ETHERNET => Ok(Layer::Ethernet),
        ether_type::SERVICE_HEADER => Ok(Layer::ServiceHeader),
        ether_type::VN_TAG => tagged::<6>(packet, frame, "VN-Tag"),
        ether_type::SEAMLESS_REDUNDANCY => tagged::<6>(packet, frame, "HSR"),
        ether_type::REDUNDANCY_TAG => tagged::<6>(packet, frame, "R-TAG"),
        ether_type::CISCO_METADATA => tagged::<8>(packet, frame, "Cisco metadata"),
        ether_type::SWITCH_TAG => {
            frame.skip(2);
            switch_tag(packet, frame)?;
            tagged::<2>(packet, frame, "switch tag")
        }
        ether_type::BACKBONE_SERVICE => {
            frame.take::<4>(packet, "802.1ah")?;
            frame.tunnel = Some("pbb");
            Ok(Layer::Ethernet)
        }
        ether_type::FABRIC_PATH => {
            frame.take::<2>(packet, "FabricPath")?;
            frame.tunnel = Some("fabricpath");
            Ok(Layer::Ethernet)
        }
        ether_type::TRILL => shim::trill(packet, frame),
        ether_type::MAC_SECURITY => shim::mac_security(packet, frame),
        ether_type::JUMBO_LLC => Ok(Layer::LogicalLink),
        length if length < ether_type::FIRST => {
            frame.wire_end = frame.wire_end.min(frame.start.saturating_add(usize::from(length)));
            Ok(Layer::LogicalLink)
        }
        other if ether_type::is_without_ip(other) => Ok(Layer::Nothing),
        other => Err(Anomaly::UnknownEtherType(other)),
    }
}

fn vlan(packet: &[u8], frame: &mut Frame) -> Step {
    let tag = frame.take::<4>(packet, "VLAN")?;
    frame.vlans.push(u16::from_be_bytes([tag[0], tag[1]]) & 0x0fff);
    Ok(Layer::EtherType(u16::from_be_bytes([tag[2], tag[3]])))
}

/// LLC, with SNAP or without.
pub(super) fn logical_link(packet: &[u8], frame: &mut Frame) -> Step {
    const UNNUMBERED: u8 = 0x03;
    /// Nothing, LLC's own, SNA, PROFIBUS, spanning tree, NetWare, XNS, VINES, NetBIOS, the rest of IBM's, and Novell's raw frames.
    const WITHOUT_IP: [u8; 20] = [
        0x00, 0x02, 0x03, 0x04, 0x05, 0x08, 0x0c, 0x0e, 0x10, 0x42, 0x4e, 0x7e, 0x80, 0x8e, 0x98, 0xbc, 0xe0, 0xf0,
        0xf4, 0xff,
    ];
    let [destination, source, control] = *frame.take::<3>(packet, "LLC")?;
    match (destination, source, control) {
        (0xaa, 0xaa, UNNUMBERED) => subnetwork(packet, frame),
        (0x06, 0x06, UNNUMBERED) => Ok(IP),
        (0xfe, 0xfe, UNNUMBERED) => {
            let identifier = frame.take::<1>(packet, "LLC")?[0];
            Ok(Layer::Identified(identifier))
        }
        // Frames of a connection (numbered) carry no IP either.
        (0xaa | 0x06 | 0xfe | 0xf8 | 0xfc, ..) => Ok(Layer::Nothing),
        (other, ..) if WITHOUT_IP.contains(&other) => Ok(Layer::Nothing),
        (other, ..) => Err(Anomaly::UnknownPayload {
            layer: "LLC",
            number: u32::from(other),
        }),
    }
}

/// SNAP: an organization and its protocol identifier.
pub(super) fn subnetwork(packet: &[u8], frame: &mut Frame) -> Step {
    let [first, second, third, high, low] = *frame.take::<5>(packet, "SNAP")?;
    let identifier = u16::from_be_bytes([high, low]);
    match ([first, second, third], identifier) {
        ([0, 0, 0], identifier) if identifier < ether_type::FIRST => Ok(Layer::Nothing),
        // EtherTypes, plain and bridged (IEEE 802.1H).
        ([0, 0, 0] | [0, 0, 0xf8], _) => Ok(Layer::EtherType(identifier)),
        // Bridged Ethernet, with its check sequence and without; on ATM two bytes of padding precede it.
        ([0, 0x80, 0xc2], 0x0001 | 0x0007) => {
            let rest = frame.rest(packet);
            if rest.starts_with(&[0, 0]) && shim::looks_like_ethernet(rest.get(2..).unwrap_or_default()) {
                frame.skip(2);
            }
            Ok(Layer::Ethernet)
        }
        // Other bridged networks, Cisco's, AppleTalk's.
        ([0, 0x80, 0xc2] | [0, 0, 0x0c] | [0x08, 0, 0x07], _) => Ok(Layer::Nothing),
        _ => Err(Anomaly::UnknownPayload {
            layer: "LLC",
            number: 0xaa,
        }),
    }
}

/// Token ring: access and frame control, addresses, the route if the sender's address says so.
pub(super) fn token_ring(packet: &[u8], frame: &mut Frame) -> Step {
    const ROUTED: u8 = 0x80;
    let head = frame.take::<14>(packet, "token ring")?;
    if head[1] >> 6 != 1 {
        return Ok(Layer::Nothing);
    }
    if head[8] & ROUTED != 0 {
        let route = frame.peek::<2>(packet, "token ring")?;
        frame.skip(usize::from(route[0] & 0x1f).max(2));
    }
    Ok(Layer::LogicalLink)
}

/// FDDI: frame control and addresses.
pub(super) fn fddi(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.take::<13>(packet, "FDDI")?;
    // Of asynchronous and synchronous frames those with LLC.
    Ok(if matches!(head[0] & 0x70, 0x50) {
        Layer::LogicalLink
    } else {
        Layer::Nothing
    })
}

/// Marvell's switch tag, which may stand in place of a VLAN tag.
pub(super) fn switch_tag(packet: &[u8], frame: &mut Frame) -> Result<(), Anomaly> {
    const TAGGED: u8 = 0x20;
    let tag = frame.take::<4>(packet, "switch tag")?;
    if tag[0] & TAGGED != 0 {
        frame.vlans.push(u16::from_be_bytes([tag[2], tag[3]]) & 0x0fff);
    }
    Ok(())
}
