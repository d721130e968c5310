//! A packet of a talk to an Ethernet frame, and frames to a pcap file.
//!
//! Specification: RFC 791, RFC 8200, RFC 9293 §3.1, RFC 768, RFC 9260 §3.1, RFC 792, RFC 4443 §2.3; pcap per draft-ietf-opsawg-pcap, little-endian, nanoseconds.

use std::net::{IpAddr, SocketAddr};

use super::{Packet, Transport};
use crate::decode::protocol;
use crate::dissect::Half;

const LINK_ETHERNET: u32 = 1;
const SNAP_BYTES: u32 = 262_144;

/// The header of the file.
pub(super) fn file_header() -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_3c4d_u32.to_le_bytes());
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(SNAP_BYTES.to_le_bytes());
    file.extend(LINK_ETHERNET.to_le_bytes());
    file
}

/// Appends a frame's record to the file.
pub(super) fn record(file: &mut Vec<u8>, time_ns: i64, frame: &[u8], snap_bytes: Option<usize>) {
    let captured = &frame[..snap_bytes.unwrap_or(frame.len()).min(frame.len())];
    let words = [
        time_ns / 1_000_000_000,
        time_ns % 1_000_000_000,
        captured.len() as i64,
        frame.len() as i64,
    ];
    for word in words {
        file.extend((word as u32).to_le_bytes());
    }
    file.extend(captured);
}

/// The frame of a packet.
pub(super) fn ethernet(packet: &Packet) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(if packet.is_v6() { [0x86, 0xdd] } else { [0x08, 0x00] });
    frame.extend(ip(packet));
    frame
}

/// What an ICMP error says of a packet: its IP header and eight bytes.
pub(super) fn quote(packet: &Packet) -> Vec<u8> {
    let header = if packet.is_v6() { 40 } else { 20 };
    let mut bytes = ip(packet);
    bytes.truncate(header + 8);
    bytes
}

fn ip(packet: &Packet) -> Vec<u8> {
    let (from, to) = packet.endpoints();
    let (protocol, mut transport) = transport(packet, from, to);
    let length = transport.len() as u16;
    let mut pseudo = [address(from), address(to)].concat();
    pseudo.extend(u32::from(length).to_be_bytes());
    pseudo.extend([0, 0, 0, protocol]);
    pseudo.extend(&transport);
    let checksum_at = match protocol {
        protocol::TCP => Some(16),
        protocol::UDP => Some(6),
        protocol::ICMP | protocol::ICMP6 => Some(2),
        _ => None,
    };
    if let Some(at) = checksum_at.filter(|at| at + 2 <= transport.len()) {
        let sum = if protocol == protocol::ICMP {
            checksum(&transport)
        } else {
            checksum(&pseudo)
        };
        transport[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }

    let mut header = if packet.is_v6() {
        let mut header = vec![0x60, 0, 0, 0];
        header.extend(length.to_be_bytes());
        header.extend([protocol, 64]);
        header
    } else {
        let mut header = vec![0x45, 0];
        header.extend((length + 20).to_be_bytes());
        header.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
        header
    };
    header.extend(address(from));
    header.extend(address(to));
    if !packet.is_v6() {
        let sum = checksum(&header);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    header.extend(transport);
    header
}

/// The transport's header, its checksum still zero, and the payload.
fn transport(packet: &Packet, from: SocketAddr, to: SocketAddr) -> (u8, Vec<u8>) {
    let mut bytes = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    let protocol = match packet.transport {
        Transport::Tcp => {
            let tcp = packet.tcp.expect("a segment has a header");
            bytes.extend(tcp.seq.to_be_bytes());
            bytes.extend(tcp.ack.to_be_bytes());
            bytes.extend([5 << 4, tcp.flags, 0xff, 0xff, 0, 0, 0, 0]);
            protocol::TCP
        }
        Transport::Sctp => {
            // Each end's tag is made of its letter; nobody checks the checksum.
            let tag = match packet.half {
                Half::Client => *b"SSSS",
                Half::Server => *b"CCCC",
            };
            bytes.extend(tag);
            bytes.extend([0; 4]);
            protocol::SCTP
        }
        Transport::Icmp => {
            bytes.clear();
            if packet.is_v6() {
                protocol::ICMP6
            } else {
                protocol::ICMP
            }
        }
        Transport::Udp => {
            bytes.extend((packet.payload.len() as u16 + 8).to_be_bytes());
            bytes.extend([0, 0]);
            protocol::UDP
        }
    };
    bytes.extend(&packet.payload);
    (protocol, bytes)
}

fn address(endpoint: SocketAddr) -> Vec<u8> {
    match endpoint.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u64 = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    let mut folded = sum;
    while folded > 0xffff {
        folded = (folded & 0xffff) + (folded >> 16);
    }
    !(folded as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_header_that_carries_its_own_is_zero() {
        let header = [
            0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c,
        ];
        assert_eq!(checksum(&header), 0);
    }
}
