//! Link types: how a packet's bytes begin.
//!
//! Specification: tcpdump.org's LINKTYPE_ registry; RFC 2516 (PPPoE), RFC 2625 (Fibre Channel), RFC 2734 (IEEE 1394), RFC 4391 §6
//! (InfiniBand), RFC 2684 (ATM); DOCSIS by CM-SP-MULPI §6.2; IEEE 802.3br (preambles of preemptible frames).

use super::{Frame, IP, IPV6, Layer, Step, cooked, ethernet, serial, wireless};
use crate::Anomaly;

/// LINKTYPE_ numbers.
pub(super) mod number {
    pub const NULL: u16 = 0;
    pub const ETHERNET: u16 = 1;
    pub const TOKEN_RING: u16 = 6;
    pub const SLIP: u16 = 8;
    pub const PPP: u16 = 9;
    pub const FDDI: u16 = 10;
    /// As BSD numbers it; `ATM_RFC1483` is the registry's.
    pub const ATM_BSD: u16 = 11;
    pub const RAW_BSD: u16 = 12;
    pub const RAW_OPENBSD: u16 = 14;
    pub const PPP_HDLC: u16 = 50;
    pub const PPP_ETHER: u16 = 51;
    pub const ATM_RFC1483: u16 = 100;
    pub const RAW: u16 = 101;
    pub const C_HDLC: u16 = 104;
    pub const IEEE802_11: u16 = 105;
    pub const ATM_CLIP: u16 = 106;
    pub const FRELAY: u16 = 107;
    pub const LOOP: u16 = 108;
    pub const ENC: u16 = 109;
    pub const LINUX_SLL: u16 = 113;
    pub const PFLOG: u16 = 117;
    pub const IEEE802_11_PRISM: u16 = 119;
    pub const IP_OVER_FC: u16 = 122;
    pub const SUNATM: u16 = 123;
    pub const IEEE802_11_RADIOTAP: u16 = 127;
    pub const TZSP: u16 = 128;
    pub const APPLE_IP_OVER_IEEE1394: u16 = 138;
    pub const DOCSIS: u16 = 143;
    pub const IEEE802_11_AVS: u16 = 163;
    pub const PPP_PPPD: u16 = 166;
    pub const PPI: u16 = 192;
    pub const ERF: u16 = 197;
    pub const PPP_WITH_DIR: u16 = 204;
    pub const C_HDLC_WITH_DIR: u16 = 205;
    pub const FRELAY_WITH_DIR: u16 = 206;
    pub const IPNET: u16 = 226;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const NFLOG: u16 = 239;
    pub const NETANALYZER: u16 = 240;
    pub const NETANALYZER_TRANSPARENT: u16 = 241;
    pub const IPOIB: u16 = 242;
    pub const NETLINK: u16 = 253;
    pub const PKTAP: u16 = 258;
    pub const EPON: u16 = 259;
    pub const ETHERNET_MPACKET: u16 = 274;
    pub const LINUX_SLL2: u16 = 276;
    pub const DSA_TAG_BRCM: u16 = 281;
    pub const DSA_TAG_BRCM_PREPEND: u16 = 282;
    pub const DSA_TAG_DSA: u16 = 284;
    pub const DSA_TAG_EDSA: u16 = 285;
}

/// Bytes of Ethernet's preamble and start delimiter.
const PREAMBLE: usize = 8;

/// Reads what stands at the front of a captured packet.
pub(super) fn begin(link_type: u16, packet: &[u8], frame: &mut Frame) -> Step {
    let behind = |bytes: usize, layer: Layer| {
        move |frame: &mut Frame| {
            frame.skip(bytes);
            Ok(layer)
        }
    };
    match link_type {
        number::ETHERNET => ethernet::ethernet(packet, frame),
        number::RAW | number::RAW_BSD | number::RAW_OPENBSD | number::IPV4 => Ok(IP),
        number::IPV6 => Ok(IPV6),
        number::NULL | number::LOOP => cooked::loopback(packet, frame),
        number::LINUX_SLL => cooked::cooked(packet, frame),
        number::LINUX_SLL2 => cooked::cooked2(packet, frame),
        number::ENC => cooked::encapsulation(packet, frame),
        number::PFLOG => cooked::packet_filter_log(packet, frame),
        number::IPNET => cooked::ipnet(packet, frame),
        number::NFLOG => cooked::netfilter_log(packet, frame),
        number::PKTAP => cooked::pktap(packet, frame),
        number::ERF => cooked::extensible_record(packet, frame),
        number::TZSP => cooked::sniffer(packet, frame),
        number::NETLINK => Ok(Layer::Nothing),
        number::PPP | number::PPP_HDLC => Ok(Layer::PointToPoint),
        // One byte says who sent the frame; of pppd's it stands in place of the address.
        number::PPP_WITH_DIR => behind(1, Layer::PointToPoint)(frame),
        number::PPP_PPPD => {
            let control = matches!(frame.rest(packet), [_, 0x03, ..]);
            behind(if control { 2 } else { 1 }, Layer::PointToPoint)(frame)
        }
        number::PPP_ETHER => {
            frame.take::<6>(packet, "PPPoE")?;
            Ok(Layer::PointToPoint)
        }
        number::C_HDLC => serial::cisco_hdlc(packet, frame),
        number::C_HDLC_WITH_DIR => {
            frame.skip(1);
            serial::cisco_hdlc(packet, frame)
        }
        number::FRELAY => Ok(Layer::FrameRelay),
        number::FRELAY_WITH_DIR => behind(1, Layer::FrameRelay)(frame),
        // Direction and the compressed header as it came; the packet is the one that was restored.
        number::SLIP => behind(16, IP)(frame),
        number::ATM_BSD | number::ATM_RFC1483 | number::ATM_CLIP => Ok(Layer::LogicalLink),
        number::SUNATM => sun_atm(packet, frame),
        number::TOKEN_RING => ethernet::token_ring(packet, frame),
        number::FDDI => ethernet::fddi(packet, frame),
        number::IP_OVER_FC => behind(16, Layer::LogicalLink)(frame),
        number::APPLE_IP_OVER_IEEE1394 => {
            let head = frame.take::<18>(packet, "IEEE 1394")?;
            Ok(Layer::EtherType(u16::from_be_bytes([head[16], head[17]])))
        }
        number::IPOIB => {
            // A global route header, then the encapsulation's own.
            let head = frame.take::<44>(packet, "IPoIB")?;
            Ok(Layer::EtherType(u16::from_be_bytes([head[40], head[41]])))
        }
        number::DOCSIS => docsis(packet, frame),
        number::NETANALYZER => behind(4, Layer::Ethernet)(frame),
        number::NETANALYZER_TRANSPARENT => behind(4_usize.saturating_add(PREAMBLE), Layer::Ethernet)(frame),
        number::EPON => behind(PREAMBLE, Layer::Ethernet)(frame),
        number::ETHERNET_MPACKET => preemptible(packet, frame),
        number::DSA_TAG_BRCM_PREPEND => behind(4, Layer::Ethernet)(frame),
        number::DSA_TAG_BRCM | number::DSA_TAG_DSA | number::DSA_TAG_EDSA => {
            frame.take::<12>(packet, "Ethernet")?;
            match link_type {
                number::DSA_TAG_BRCM => frame.skip(4),
                number::DSA_TAG_DSA => ethernet::switch_tag(packet, frame)?,
                // An EtherType and two empty bytes before the tag.
                _ => {
                    frame.skip(4);
                    ethernet::switch_tag(packet, frame)?;
                }
            }
            let inner = frame.take::<2>(packet, "Ethernet")?;
            Ok(Layer::EtherType(u16::from_be_bytes(*inner)))
        }
        number::IEEE802_11 => Ok(wireless::PLAIN),
        number::IEEE802_11_RADIOTAP => wireless::radiotap(packet, frame),
        number::IEEE802_11_PRISM => wireless::prism(packet, frame),
        number::IEEE802_11_AVS => wireless::avs(packet, frame),
        number::PPI => wireless::per_packet_information(packet, frame),
        other => Err(Anomaly::UnknownLinkType(u32::from(other))),
    }
}

/// SunATM: a byte of flags, the virtual path and channel.
fn sun_atm(packet: &[u8], frame: &mut Frame) -> Step {
    const LOGICAL_LINK: u8 = 2;
    const LAN_EMULATION: u8 = 1;
    let head = frame.take::<4>(packet, "SunATM")?;
    match head[0] & 0x0f {
        LOGICAL_LINK => Ok(Layer::LogicalLink),
        LAN_EMULATION => {
            // The number of the emulated client.
            frame.skip(2);
            Ok(Layer::Ethernet)
        }
        _ => Ok(Layer::Nothing),
    }
}

/// A DOCSIS frame that carries Ethernet, unless an extended header says that it is encrypted.
fn docsis(packet: &[u8], frame: &mut Frame) -> Step {
    const PRIVACY: std::ops::RangeInclusive<u8> = 3..=4;
    let head = frame.take::<4>(packet, "DOCSIS")?;
    let (kind, extended) = (head[0] >> 6, head[0] & 1 != 0);
    let extended_bytes = if extended { usize::from(head[1]) } else { 0 };
    let is_encrypted = match frame.rest(packet) {
        // Kind and length, then of privacy: key sequence and version, and the bit that says encryption is on.
        [element, _, on, ..] if extended_bytes >= 3 => PRIVACY.contains(&(element >> 4)) && on & 0x80 != 0,
        _ => false,
    };
    // The header's own check sequence.
    frame.skip(extended_bytes.saturating_add(2));
    Ok(if kind == 0 && !is_encrypted {
        Layer::Ethernet
    } else {
        Layer::Nothing
    })
}

/// Ethernet with its preamble: an express frame, or the beginning of a preemptible one.
fn preemptible(packet: &[u8], frame: &mut Frame) -> Step {
    const FRONTS: [u8; 5] = [0xd5, 0xe6, 0x4c, 0x7f, 0xb3];
    let preamble = frame.take::<PREAMBLE>(packet, "Ethernet preamble")?;
    Ok(if FRONTS.contains(&preamble[7]) {
        Layer::Ethernet
    } else {
        Layer::Nothing
    })
}
