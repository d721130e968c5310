//! What an IP datagram carries: the headers of TCP, UDP, SCTP and ICMP.
//!
//! Specification: RFC 9293 §3.1, RFC 7323 §2.2 (window scale), RFC 768, RFC 2675 §4 (jumbograms); in [`icmp`] and [`sctp`].
//!
//! A TCP header that was cut behind its control bits, or whose data offset cannot be, still tells connection and numbers.

use super::icmp::{Message, Version};
use super::{Datagram, Family, header, protocol, sctp};
use crate::Anomaly;

/// The transport header of a datagram and where its payload lies.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    /// TCP.
    Tcp(Segment),
    /// UDP: ports alone.
    Udp {
        /// Port of the sender.
        source_port: u16,
        /// Port of the receiver.
        destination_port: u16,
        /// Bytes of header.
        header_bytes: u32,
        /// Payload bytes on the wire.
        payload_original: u32,
        /// Checksum as sent; 0 if there is none.
        checksum: u16,
    },
    /// SCTP.
    Sctp(sctp::Packet),
    /// ICMP or ICMPv6.
    Icmp(Message),
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Sequence number of the first byte.
    pub sequence: u32,
    /// Next byte expected from the other side.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window of the sender, as the header has it: not scaled.
    pub window: u16,
    /// Shift that scales the sender's later windows, if this is a SYN that offers one (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// Bytes of header.
    pub header_bytes: u32,
    /// Payload bytes on the wire.
    pub payload_original: u32,
}

/// Control bits of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(u8);

impl TcpFlags {
    /// The bits of these letters, for tests.
    #[cfg(test)]
    pub(crate) fn named(letters: &str) -> Self {
        let bits = letters
            .chars()
            .map(|letter| 1 << "FSRPAUEC".find(letter).expect("a control bit's letter"));
        Self(bits.sum())
    }

    /// No more data from the sender.
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Opens a connection.
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Ends a connection at once.
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgment number counts.
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

impl Segment {
    /// Sequence number after the segment: SYN and FIN count as a byte.
    pub fn end(&self) -> u32 {
        let control = u32::from(self.flags.syn() || self.flags.fin());
        self.sequence.wrapping_add(self.payload_original).wrapping_add(control)
    }
}

/// Bytes of an ICMP message in front of what it carries.
const ICMP_HEADER: u32 = 8;

/// Protocols without ports whose packets belong to no connection and are no finding (IANA "Protocol Numbers").
const WITHOUT_CONNECTIONS: &[u8] = &[
    2,   // IGMP
    3,   // GGP
    8,   // EGP
    9,   // IGP
    46,  // RSVP
    47,  // GRE, with a payload that is not decoded
    50,  // ESP
    51,  // AH
    54,  // NARP
    55,  // Mobile IP
    59,  // IPv6: no next header
    88,  // EIGRP
    89,  // OSPF
    94,  // IP in IP, Morgan Stanley's
    97,  // EtherIP
    98,  // ENCAP
    103, // PIM
    108, // IPComp
    112, // VRRP, CARP
    115, // L2TP version 3
    124, // IS-IS
    137, // MPLS in IP
    139, // HIP
];

/// A transport header, and what was wrong with it. Some that are wrong tell enough all the same.
pub type Decoded = (Option<Transport>, Option<Anomaly>);

impl Transport {
    /// Reads the transport header at the front of a datagram's payload. Protocols without connections give nothing, and are
    /// no finding.
    pub fn decode(datagram: &Datagram, payload: &[u8]) -> Decoded {
        let decoded = match datagram.protocol {
            protocol::TCP => return tcp(datagram, payload),
            protocol::UDP => udp(datagram, payload),
            protocol::SCTP => sctp::Packet::decode(payload).map(|packet| {
                // Chunks cannot carry more than the datagram does.
                let user_bytes = packet.user_bytes.min(datagram.payload_original);
                Self::Sctp(sctp::Packet { user_bytes, ..packet })
            }),
            other => match Version::of(other) {
                Some(version) => Message::decode(version, payload).map(Self::Icmp),
                None if WITHOUT_CONNECTIONS.contains(&other) => return (None, None),
                None => Err(Anomaly::UnknownTransport(other)),
            },
        };
        match decoded {
            Ok(transport) => (Some(transport), None),
            Err(anomaly) => (None, Some(anomaly)),
        }
    }

    /// Ports of the sender and the receiver; zeros where there are none.
    pub fn ports(&self) -> (u16, u16) {
        match self {
            Self::Tcp(segment) => (segment.source_port, segment.destination_port),
            Self::Udp {
                source_port,
                destination_port,
                ..
            } => (*source_port, *destination_port),
            Self::Sctp(packet) => (packet.source_port, packet.destination_port),
            Self::Icmp(_) => (0, 0),
        }
    }

    /// The transport payload as far as it was captured, and its length on the wire: of SCTP, the chunks, and the length of
    /// their user data; of ICMP, the message, and the length of what follows its header.
    pub fn body<'a>(&self, datagram: &Datagram, payload: &'a [u8]) -> (&'a [u8], u32) {
        let (header_bytes, original) = match self {
            Self::Tcp(segment) => (segment.header_bytes, segment.payload_original),
            Self::Udp {
                header_bytes,
                payload_original,
                ..
            } => (*header_bytes, *payload_original),
            Self::Sctp(packet) => return (payload, packet.user_bytes),
            Self::Icmp(_) => return (payload, datagram.payload_original.saturating_sub(ICMP_HEADER)),
        };
        let body = payload.get(header_bytes as usize..).unwrap_or_default();
        (body.get(..original as usize).unwrap_or(body), original)
    }
}

fn tcp(datagram: &Datagram, payload: &[u8]) -> Decoded {
    const HEADER: usize = 20;
    /// Behind the control bits comes the window; Wireshark needs it too.
    const NEEDED: usize = 16;
    let captured = payload.get(..HEADER.min(payload.len())).unwrap_or_default();
    let mut fixed = [0; HEADER];
    if let Some(known) = fixed.get_mut(..captured.len()) {
        known.copy_from_slice(captured);
    }
    let mut anomaly = header::<HEADER>(payload, "TCP").err();
    if captured.len() < NEEDED {
        return (None, anomaly);
    }
    let payload_original = datagram.payload_original;
    let mut header_bytes = u32::from(fixed[12] >> 4).saturating_mul(4);
    if header_bytes < HEADER as u32 || header_bytes > payload_original {
        anomaly = anomaly.or(Some(Anomaly::Malformed {
            layer: "TCP",
            reason: "the data offset lies outside the segment",
        }));
        // Where the payload begins is not known, so there is none.
        header_bytes = payload_original;
    }
    let flags = TcpFlags(fixed[13]);
    let options = payload.get(HEADER..header_bytes as usize).filter(|_| flags.syn());
    let window_scale = options.and_then(window_scale);
    let segment = Segment {
        source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
        destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
        sequence: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        acknowledgment: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        flags,
        window: u16::from_be_bytes([fixed[14], fixed[15]]),
        window_scale,
        header_bytes,
        payload_original: payload_original.saturating_sub(header_bytes),
    };
    (Some(Transport::Tcp(segment)), anomaly)
}

fn udp(datagram: &Datagram, payload: &[u8]) -> Result<Transport, Anomaly> {
    const HEADER: u32 = 8;
    let fixed = header::<8>(payload, "UDP")?;
    let payload_original = datagram.payload_original;
    let length = match u32::from(u16::from_be_bytes([fixed[4], fixed[5]])) {
        0 if datagram.family == Family::V6 => payload_original,
        length if length < HEADER => {
            return Err(Anomaly::Malformed {
                layer: "UDP",
                reason: "the length is below 8 bytes",
            });
        }
        // A length beyond the datagram is wrong: IP's counts.
        length => length.min(payload_original),
    };
    Ok(Transport::Udp {
        source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
        destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
        header_bytes: HEADER,
        payload_original: length.saturating_sub(HEADER),
        checksum: u16::from_be_bytes([fixed[6], fixed[7]]),
    })
}

/// The shift of a window scale option among the options of a SYN; more than the longest there is counts as that.
fn window_scale(mut options: &[u8]) -> Option<u8> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const WINDOW_SCALE: u8 = 3;
    const LONGEST_SHIFT: u8 = 14;
    loop {
        match *options {
            [] | [END, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => options = rest,
            [WINDOW_SCALE, 3, shift, ..] => return Some(shift.min(LONGEST_SHIFT)),
            [_, length, ..] if length >= 2 => options = options.get(usize::from(length)..)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Address, Datagram, Vlans};
    use super::*;

    /// Says in words how a payload decodes that was cut to `captured` bytes.
    #[track_caller]
    fn check(protocol: u8, family: Family, payload: &[u8], captured: usize, expect: &str) {
        let datagram = Datagram {
            family,
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            protocol,
            ip_bytes: 20 + payload.len() as u32,
            payload_start: 0,
            payload_captured: captured as u32,
            payload_original: payload.len() as u32,
            fragment: None,
            pieces: 1,
            vlans: Vlans::default(),
            tunnel: None,
            place: 0,
        };
        let (transport, anomaly) = Transport::decode(&datagram, &payload[..captured]);
        let told = transport.map(|transport| {
            let (body, original) = transport.body(&datagram, &payload[..captured]);
            format!("{:?} {} of {original} bytes", transport.ports(), body.len())
        });
        let words: Vec<String> = told
            .into_iter()
            .chain(anomaly.map(|anomaly| anomaly.to_string()))
            .collect();
        assert_eq!(words.join("; "), expect);
    }

    const SYN: [u8; 24] = [
        7, 208, 0, 80, 0, 0, 3, 232, 0, 0, 0, 0, 0x50, 2, 1, 244, 0, 0, 0, 0, b'a', b'b', b'c', b'd',
    ];

    #[test]
    fn a_tcp_header_that_was_cut_behind_its_control_bits_counts() {
        check(6, Family::V4, &SYN, 24, "(2000, 80) 4 of 4 bytes");
        check(
            6,
            Family::V4,
            &SYN,
            19,
            "(2000, 80) 0 of 4 bytes; TCP needs 20 bytes, the packet holds 19",
        );
        check(
            6,
            Family::V4,
            &SYN,
            16,
            "(2000, 80) 0 of 4 bytes; TCP needs 20 bytes, the packet holds 16",
        );
        check(6, Family::V4, &SYN, 15, "TCP needs 20 bytes, the packet holds 15");
    }

    #[test]
    fn a_wrong_data_offset_leaves_no_payload() {
        for offset in [0x00, 0x40, 0xf0] {
            let mut segment = SYN;
            segment[12] = offset;
            let expect = "(2000, 80) 0 of 0 bytes; TCP: the data offset lies outside the segment";
            check(6, Family::V4, &segment, 24, expect);
        }
    }

    #[test]
    fn udp_lengths() {
        let datagram = |length| [0, 53, 0, 54, 0, length, 0, 0, b'a', b'b', b'c', b'd'];
        check(17, Family::V4, &datagram(12), 12, "(53, 54) 4 of 4 bytes");
        check(17, Family::V4, &datagram(10), 12, "(53, 54) 2 of 2 bytes");
        check(17, Family::V4, &datagram(100), 12, "(53, 54) 4 of 4 bytes");
        check(17, Family::V4, &datagram(12), 9, "(53, 54) 1 of 4 bytes");
        check(17, Family::V4, &datagram(7), 12, "UDP: the length is below 8 bytes");
        check(17, Family::V4, &datagram(0), 12, "UDP: the length is below 8 bytes");
        // A jumbogram.
        check(17, Family::V6, &datagram(0), 12, "(53, 54) 4 of 4 bytes");
        check(
            17,
            Family::V4,
            &datagram(12),
            7,
            "UDP needs 8 bytes, the packet holds 7",
        );
    }

    #[test]
    fn protocols_without_connections_are_no_finding() {
        check(2, Family::V4, &[0x16, 0, 0, 0], 4, "");
        check(50, Family::V4, &[0; 8], 8, "");
        check(253, Family::V4, &[0; 8], 8, "IP protocol 253 is not decoded");
    }

    #[test]
    fn sctp_user_data_is_bounded_by_the_datagram() {
        let mut packet = [0; 32];
        packet[..4].copy_from_slice(&[0, 53, 0, 54]);
        packet[12..16].copy_from_slice(&[0, 3, 0xff, 0xff]);
        check(132, Family::V4, &packet, 32, "(53, 54) 32 of 32 bytes");
        check(132, Family::V4, &packet, 11, "SCTP needs 12 bytes, the packet holds 11");
    }
}
