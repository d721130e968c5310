//! Packets as the records of a pcap file: Ethernet, IPv4, then TCP or UDP. Checksums are left zero, as captures of a sender's
//! own packets have them.

use std::net::Ipv4Addr;

/// Capture time of the first packet of traffic that begins at 0: 2026-01-01T00:00:00Z.
const START_NS: u64 = 1_767_225_600 * 1_000_000_000;
/// Bytes of the Ethernet and IPv4 headers.
const ETHERNET: usize = 14;
const IPV4: usize = 20;

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// An address and a port.
pub(crate) type Endpoint = (Ipv4Addr, u16);

/// The packets made so far.
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// Capture time of the traffic's beginning.
    start_ns: u64,
}

impl Frames {
    /// Begins a pcap file with nanoseconds and link type Ethernet, of traffic that begins so late.
    pub(crate) fn new(begin_ns: u64) -> Self {
        let mut bytes = Vec::new();
        for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        let start_ns = START_NS + begin_ns;
        Self { bytes, start_ns }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends a UDP datagram.
    pub(crate) fn udp(&mut self, now: u64, from: Endpoint, to: Endpoint, payload: &[u8]) {
        let length = (8 + payload.len()) as u16;
        self.headers(now, 17, from.0, to.0, usize::from(length));
        for field in [from.1, to.1, length, 0] {
            self.bytes.extend_from_slice(&field.to_be_bytes());
        }
        self.bytes.extend_from_slice(payload);
    }

    fn headers(&mut self, now: u64, protocol: u8, from: Ipv4Addr, to: Ipv4Addr, length: usize) {
        let (time, total) = (self.start_ns + now, ETHERNET + IPV4 + length);
        for word in [
            (time / 1_000_000_000) as u32,
            (time % 1_000_000_000) as u32,
            total as u32,
            total as u32,
        ] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.bytes.extend_from_slice(b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0");
        self.bytes.extend_from_slice(&[0x45, 0]);
        self.bytes.extend_from_slice(&((IPV4 + length) as u16).to_be_bytes());
        self.bytes.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
        self.bytes.extend_from_slice(&from.octets());
        self.bytes.extend_from_slice(&to.octets());
    }
}

/// One TCP connection, as far as its packets' headers say.
pub(crate) struct Tcp {
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    /// Next sequence numbers of client and server.
    next: (u32, u32),
}

impl Tcp {
    pub(crate) fn new(client: Endpoint, server: Endpoint, first: (u32, u32)) -> Self {
        Self {
            client,
            server,
            next: first,
        }
    }

    /// Appends a segment from the client.
    pub(crate) fn ask(&mut self, frames: &mut Frames, now: u64, flags: u8, payload: &[u8]) {
        segment(frames, now, (self.client, self.server), self.next, flags, payload);
        self.next.0 = self.next.0.wrapping_add(counted(flags, payload));
    }

    /// Appends a segment from the server.
    pub(crate) fn answer(&mut self, frames: &mut Frames, now: u64, flags: u8, payload: &[u8]) {
        let numbers = (self.next.1, self.next.0);
        segment(frames, now, (self.server, self.client), numbers, flags, payload);
        self.next.1 = self.next.1.wrapping_add(counted(flags, payload));
    }
}

/// What a segment takes of the sequence numbers.
fn counted(flags: u8, payload: &[u8]) -> u32 {
    payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0)
}

fn segment(
    frames: &mut Frames,
    now: u64,
    (from, to): (Endpoint, Endpoint),
    (sequence, acknowledged): (u32, u32),
    flags: u8,
    payload: &[u8],
) {
    frames.headers(now, 6, from.0, to.0, 20 + payload.len());
    frames.bytes.extend_from_slice(&from.1.to_be_bytes());
    frames.bytes.extend_from_slice(&to.1.to_be_bytes());
    frames.bytes.extend_from_slice(&sequence.to_be_bytes());
    let acknowledged = if flags & ACK == 0 { 0 } else { acknowledged };
    frames.bytes.extend_from_slice(&acknowledged.to_be_bytes());
    frames.bytes.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frames.bytes.extend_from_slice(payload);
}
