//! Stage 2: one packet's bytes → the innermost IP datagram it carries.
//!
//! In: link type and bytes as captured. Out: [`Datagram`]: addresses, IP protocol, where the payload lies, what was around
//! it. No allocation, no panic, no clock. A packet that was cut keeps the layers that are there. Nearly every packet carries one
//! datagram or none; an 802.11 frame may be a bundle of several, so that [`datagrams`] is an iterator.
//!
//! Specification: in the modules: [`link`], [`ip`], [`tunnel`], [`transport`], [`icmp`], [`sctp`]. Packets of link types and protocols that are not
//! decoded are stored and counted.

pub mod icmp;
mod ip;
mod link;
pub mod sctp;
mod transport;
mod tunnel;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Anomaly;
use crate::defragment::Whole;
use link::Frame;

#[cfg(test)]
pub(crate) use transport::TcpFlags;
pub use transport::{Segment, Transport};

/// IP protocol numbers.
pub mod protocol {
    /// Internet Control Message Protocol.
    pub const ICMP: u8 = 1;
    /// Transmission Control Protocol.
    pub const TCP: u8 = 6;
    /// User Datagram Protocol.
    pub const UDP: u8 = 17;
    /// Internet Control Message Protocol of IPv6.
    pub const ICMP6: u8 = 58;
    /// Stream Control Transmission Protocol.
    pub const SCTP: u8 = 132;
}

/// An IP address as a key: IPv4 addresses in the low 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(u128);

/// The two address families; an address means something only with its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Address {
    fn v4(octets: [u8; 4]) -> Self {
        Self(u128::from(u32::from_be_bytes(octets)))
    }

    fn v6(octets: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(octets))
    }

    /// The address as the standard library prints it (RFC 5952).
    pub fn ip(self, family: Family) -> IpAddr {
        match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(self.0 as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(self.0)),
        }
    }

    /// The number, for hashing.
    pub fn bits(self) -> u128 {
        self.0
    }
}

/// VLAN identifiers around a datagram, outermost first; more than the bound are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlans {
    tags: [u16; 4],
    count: u8,
}

impl Vlans {
    fn push(&mut self, identifier: u16) {
        if let Some(slot) = self.tags.get_mut(usize::from(self.count)) {
            *slot = identifier;
            self.count = self.count.saturating_add(1);
        }
    }

    /// The identifiers.
    pub fn identifiers(&self) -> &[u16] {
        self.tags.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// A piece of a fragmented datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Identification field.
    pub identification: u32,
    /// Where the piece begins in the datagram's payload.
    pub offset: u32,
    /// True unless it is the last piece.
    pub more: bool,
}

/// An IP datagram, or a piece of one.
#[derive(Clone, Copy, Debug)]
pub struct Datagram {
    /// Family of both addresses.
    pub family: Family,
    /// Sender.
    pub source: Address,
    /// Receiver.
    pub destination: Address,
    /// Protocol of the payload.
    pub protocol: u8,
    /// Length of header and payload as the IP header says; of a datagram made whole, the sum of its pieces.
    pub ip_bytes: u32,
    /// IP packets it came in: more than one if it is made of fragments.
    pub pieces: u32,
    /// Where the payload begins in the packet.
    pub payload_start: u32,
    /// Payload bytes captured.
    pub payload_captured: u32,
    /// Payload bytes on the wire.
    pub payload_original: u32,
    /// Set if this is a piece.
    pub fragment: Option<Fragment>,
    /// VLAN tags around it.
    pub vlans: Vlans,
    /// The innermost tunnel around it.
    pub tunnel: Option<&'static str>,
    /// Which of its packet's datagrams it is: an 802.11 frame may be a bundle of several.
    pub place: u16,
}

/// More tunnels in tunnels are no real traffic.
const TUNNELS: usize = 8;

impl Datagram {
    /// The payload in the packet's bytes, as far as it was captured.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        let start = self.payload_start as usize;
        packet
            .get(start..start.saturating_add(self.payload_captured as usize))
            .unwrap_or_default()
    }
}

/// The datagrams of a packet, each decoded down to its innermost.
#[derive(Debug)]
pub struct Datagrams<'a> {
    packet: &'a [u8],
    next: Next,
    /// Of the next datagram.
    place: u16,
}

#[derive(Debug)]
enum Next {
    /// The frame, by its link type and its length on the wire.
    Frame(u16, usize),
    /// What is left of a bundle.
    Bundle(Frame),
    Nothing,
}

/// Decodes a packet of `original` bytes on the wire. A packet that carries no IP (ARP, LLDP, spanning tree) has no
/// datagrams; what keeps it from being decoded further is an anomaly, and the packet is stored all the same.
pub fn datagrams(link_type: u16, packet: &[u8], original: u32) -> Datagrams<'_> {
    let wire_bytes = packet.len().max(original as usize);
    Datagrams {
        packet,
        next: Next::Frame(link_type, wire_bytes),
        place: 0,
    }
}

impl Iterator for Datagrams<'_> {
    type Item = Result<Datagram, Anomaly>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut bundle = None;
            let found = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::Frame(link_type, wire_bytes) => {
                    link::decode(link_type, self.packet, Frame::whole(wire_bytes), &mut bundle)
                }
                Next::Bundle(rest) => link::next_of_bundle(self.packet, rest, &mut bundle),
                Next::Nothing => return None,
            };
            if let Some(rest) = bundle {
                self.next = Next::Bundle(rest);
            }
            match found {
                Ok(Some(frame)) => {
                    let place = self.place;
                    self.place = place.saturating_add(1);
                    let found = ip::decode(self.packet, &frame).and_then(|datagram| innermost(self.packet, datagram));
                    return Some(found.map(|datagram| Datagram { place, ..datagram }));
                }
                Ok(None) => {}
                Err(anomaly) => return Some(Err(anomaly)),
            }
        }
    }
}

/// Makes a datagram of a payload that was put together from fragments, and looks inside. Its payload lies in `whole`.
///
/// # Errors
///
/// What keeps its extension headers from being read.
pub fn decode_whole(piece: &Datagram, whole: &Whole) -> Result<Datagram, Anomaly> {
    let datagram = innermost(&whole.payload, ip::decode_whole(piece, whole)?)?;
    Ok(Datagram {
        place: piece.place,
        ..datagram
    })
}

/// Follows tunnels inwards.
fn innermost(bytes: &[u8], mut datagram: Datagram) -> Result<Datagram, Anomaly> {
    for _ in 0..TUNNELS {
        match tunnel::inner(bytes, &datagram)? {
            Some(inner) => datagram = inner,
            None => break,
        }
    }
    Ok(datagram)
}

/// The bytes of a fixed header, or how many are missing.
fn header<'a, const N: usize>(bytes: &'a [u8], layer: &'static str) -> Result<&'a [u8; N], Anomaly> {
    bytes.first_chunk::<N>().ok_or(Anomaly::Truncated {
        layer,
        needed_bytes: N,
        found_bytes: bytes.len(),
    })
}
