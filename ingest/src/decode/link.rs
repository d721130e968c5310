//! Link layers: from the frame's first byte to the IP header.
//!
//! Specification: IEEE 802.3, 802.1Q, 802.11 §9.2; RFC 1042 (SNAP), RFC 1661 (PPP), RFC 2516 (PPPoE), RFC 3032 (MPLS), RFC 4385
//! (control word); link types by tcpdump.org's LINKTYPE_ registry, radiotap.org.
//!
//! Absent on purpose: encrypted 802.11, and links that carry no IP.

use super::{Vlans, header};
use crate::Anomaly;

/// LINKTYPE_ numbers.
mod link_type {
    pub const NULL: u16 = 0;
    pub const ETHERNET: u16 = 1;
    pub const PPP: u16 = 9;
    pub const RAW_BSD: u16 = 12;
    pub const RAW_OPENBSD: u16 = 14;
    pub const PPP_HDLC: u16 = 50;
    pub const PPP_ETHER: u16 = 51;
    pub const RAW: u16 = 101;
    pub const C_HDLC: u16 = 104;
    pub const IEEE802_11: u16 = 105;
    pub const LOOP: u16 = 108;
    pub const LINUX_SLL: u16 = 113;
    pub const IEEE802_11_PRISM: u16 = 119;
    pub const IEEE802_11_RADIOTAP: u16 = 127;
    pub const IEEE802_11_AVS: u16 = 163;
    pub const IPNET: u16 = 226;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const NFLOG: u16 = 239;
    pub const LINUX_SLL2: u16 = 276;
}

pub(super) mod ether_type {
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    pub const PPP: u16 = 0x880b;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_DISCOVERY: u16 = 0x8863;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const SERVICE_VLAN: u16 = 0x88a8;
    pub const LLDP: u16 = 0x88cc;
    pub const VN_TAG: u16 = 0x8926;
    pub const OLD_SERVICE_VLAN: u16 = 0x9100;
    /// Below it the field is a length (IEEE 802.3 §3.2.6).
    pub const FIRST: u16 = 0x0600;
}

mod ppp {
    pub const IPV4: u16 = 0x0021;
    pub const IPV6: u16 = 0x0057;
}

/// More tags and labels in a row are no real traffic.
const TAGS: usize = 16;

/// Where the IP header begins, and what was before it.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) ip_start: usize,
    /// Where the frame ended on the wire: no inner length reaches beyond it.
    pub(super) wire_end: usize,
    pub(super) vlans: Vlans,
    pub(super) tunnel: Option<&'static str>,
}

/// What a link layer leads to: an IP header, or `None` for a protocol that has no connections.
pub(super) type Found = Result<Option<Frame>, Anomaly>;

/// Finds the IP header of a captured frame.
pub(super) fn decode(link_type: u16, packet: &[u8], wire_end: usize) -> Found {
    let start = |ip_start| Frame {
        ip_start,
        wire_end,
        vlans: Vlans::default(),
        tunnel: None,
    };
    match link_type {
        link_type::ETHERNET => ethernet(packet, start(0)),
        link_type::RAW | link_type::RAW_BSD | link_type::RAW_OPENBSD | link_type::IPV4 | link_type::IPV6 => {
            Ok(Some(start(0)))
        }
        link_type::NULL | link_type::LOOP => {
            header::<4>(packet, "loopback")?;
            Ok(Some(start(4)))
        }
        link_type::LINUX_SLL => {
            let cooked = header::<16>(packet, "Linux cooked capture")?;
            network(u16::from_be_bytes([cooked[14], cooked[15]]), packet, start(16))
        }
        link_type::LINUX_SLL2 => {
            let cooked = header::<20>(packet, "Linux cooked capture v2")?;
            network(u16::from_be_bytes([cooked[0], cooked[1]]), packet, start(20))
        }
        link_type::PPP | link_type::PPP_HDLC => point_to_point(packet, start(0)),
        link_type::PPP_ETHER => point_to_point(packet, start(6)),
        link_type::C_HDLC => {
            let hdlc = header::<4>(packet, "Cisco HDLC")?;
            network(u16::from_be_bytes([hdlc[2], hdlc[3]]), packet, start(4))
        }
        link_type::IEEE802_11 => wireless(packet, start(0)),
        link_type::IEEE802_11_RADIOTAP => {
            let radiotap = header::<4>(packet, "radiotap")?;
            wireless(
                packet,
                start(usize::from(u16::from_le_bytes([radiotap[2], radiotap[3]]))),
            )
        }
        link_type::IEEE802_11_PRISM => {
            let prism = header::<8>(packet, "Prism")?;
            wireless(
                packet,
                start(u32::from_le_bytes([prism[4], prism[5], prism[6], prism[7]]) as usize),
            )
        }
        link_type::IEEE802_11_AVS => {
            let avs = header::<8>(packet, "AVS")?;
            wireless(
                packet,
                start(u32::from_be_bytes([avs[4], avs[5], avs[6], avs[7]]) as usize),
            )
        }
        link_type::IPNET => {
            header::<24>(packet, "IPNET")?;
            Ok(Some(start(24)))
        }
        link_type::NFLOG => netfilter_log(packet, start(4)),
        other => Err(Anomaly::UnknownLinkType(u32::from(other))),
    }
}

/// Ethernet II or 802.3, at the frame's `ip_start`.
pub(super) fn ethernet(packet: &[u8], frame: Frame) -> Found {
    let ethernet = header::<14>(rest(packet, frame), "Ethernet")?;
    network(
        u16::from_be_bytes([ethernet[12], ethernet[13]]),
        packet,
        frame.behind(14),
    )
}

/// Follows tags and labels from an EtherType to the network layer.
pub(super) fn network(mut ether_type: u16, packet: &[u8], mut frame: Frame) -> Found {
    for _ in 0..TAGS {
        match ether_type {
            ether_type::IPV4 | ether_type::IPV6 => return Ok(Some(frame)),
            ether_type::VLAN | ether_type::SERVICE_VLAN | ether_type::OLD_SERVICE_VLAN => {
                let tag = header::<4>(rest(packet, frame), "VLAN")?;
                frame.vlans.push(u16::from_be_bytes([tag[0], tag[1]]) & 0x0fff);
                ether_type = u16::from_be_bytes([tag[2], tag[3]]);
                frame = frame.behind(4);
            }
            ether_type::VN_TAG => {
                let tag = header::<6>(rest(packet, frame), "VN-Tag")?;
                ether_type = u16::from_be_bytes([tag[4], tag[5]]);
                frame = frame.behind(6);
            }
            ether_type::MPLS | ether_type::MPLS_MULTICAST => return labels(packet, frame),
            ether_type::PPPOE_SESSION => {
                header::<6>(rest(packet, frame), "PPPoE")?;
                return point_to_point(packet, frame.behind(6));
            }
            ether_type::PPP => return point_to_point(packet, frame),
            ether_type::TRANSPARENT_ETHERNET => return ethernet(packet, frame),
            ether_type::ARP | ether_type::LLDP | ether_type::PPPOE_DISCOVERY => return Ok(None),
            length if length < ether_type::FIRST => match logical_link(packet, frame) {
                Some((inner, behind)) if inner >= ether_type::FIRST => (ether_type, frame) = (inner, behind),
                _ => return Ok(None),
            },
            other => return Err(Anomaly::UnknownEtherType(other)),
        }
    }
    Err(Anomaly::Malformed {
        layer: "Ethernet",
        reason: "more tags than any network uses",
    })
}

/// The EtherType of an LLC frame with a SNAP header; every other LLC frame carries no IP.
fn logical_link(packet: &[u8], frame: Frame) -> Option<(u16, Frame)> {
    match rest(packet, frame).first_chunk::<8>()? {
        [0xaa, 0xaa, 0x03, _, _, _, high, low] => Some((u16::from_be_bytes([*high, *low]), frame.behind(8))),
        // IP straight in LLC (RFC 948).
        [0x06, 0x06, 0x03, ..] => Some((ether_type::IPV4, frame.behind(3))),
        _ => None,
    }
}

/// A stack of MPLS labels; what follows is told by its first bits.
fn labels(packet: &[u8], mut frame: Frame) -> Found {
    for _ in 0..TAGS {
        let label = header::<4>(rest(packet, frame), "MPLS")?;
        frame = frame.behind(4);
        if label[2] & 1 == 0 {
            continue;
        }
        frame.tunnel = Some("mpls");
        return match rest(packet, frame).first().map(|first| first >> 4) {
            Some(4 | 6) => Ok(Some(frame)),
            // A pseudowire with a control word carries Ethernet.
            Some(0) => ethernet(packet, frame.behind(4)),
            _ => Ok(None),
        };
    }
    Err(Anomaly::Malformed {
        layer: "MPLS",
        reason: "more labels than any network uses",
    })
}

/// PPP, with or without address and control bytes and protocol compression.
fn point_to_point(packet: &[u8], mut frame: Frame) -> Found {
    if rest(packet, frame).starts_with(&[0xff, 0x03]) {
        frame = frame.behind(2);
    }
    let [first, second] = *header::<2>(rest(packet, frame), "PPP")?;
    let (protocol, bytes) = if first & 1 == 1 {
        (u16::from(first), 1)
    } else {
        (u16::from_be_bytes([first, second]), 2)
    };
    Ok(matches!(protocol, ppp::IPV4 | ppp::IPV6).then(|| frame.behind(bytes)))
}

/// An 802.11 data frame: header of 24 to 36 bytes, then LLC.
fn wireless(packet: &[u8], frame: Frame) -> Found {
    const DATA: u8 = 2;
    let mac = header::<24>(rest(packet, frame), "802.11")?;
    let (kind, subtype) = (mac[0] >> 2 & 3, mac[0] >> 4);
    let (no_data, quality, protected) = (subtype & 4 != 0, subtype & 8 != 0, mac[1] & 0x40 != 0);
    if kind != DATA || no_data || protected {
        return Ok(None);
    }
    let (to_and_from, ordered) = (mac[1] & 3 == 3, mac[1] & 0x80 != 0);
    let address = if to_and_from { 6 } else { 0 };
    let control = match (quality, ordered) {
        (true, true) => 6,
        (true, false) => 2,
        (false, _) => 0,
    };
    match logical_link(packet, frame.behind(24).behind(address).behind(control)) {
        Some((ether_type, behind)) => network(ether_type, packet, behind),
        None => Ok(None),
    }
}

/// Attributes of a packet that netfilter logged; one of them is the IP packet.
fn netfilter_log(packet: &[u8], mut frame: Frame) -> Found {
    const PAYLOAD: u16 = 9;
    while let Some([length_low, length_high, kind_low, kind_high]) = rest(packet, frame).first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([*length_low, *length_high]));
        if u16::from_le_bytes([*kind_low, *kind_high]) == PAYLOAD {
            return Ok(Some(frame.behind(4)));
        }
        if length < 4 {
            return Err(Anomaly::Malformed {
                layer: "NFLOG",
                reason: "an attribute shorter than its header",
            });
        }
        frame = frame.behind(length.next_multiple_of(4));
    }
    Ok(None)
}

fn rest(packet: &[u8], frame: Frame) -> &[u8] {
    packet.get(frame.ip_start..).unwrap_or_default()
}

impl Frame {
    /// Bytes on the wire from the IP header on.
    pub(super) fn wire_bytes(&self) -> usize {
        self.wire_end.saturating_sub(self.ip_start)
    }

    pub(super) fn behind(mut self, bytes: usize) -> Self {
        self.ip_start = self.ip_start.saturating_add(bytes);
        self
    }
}
