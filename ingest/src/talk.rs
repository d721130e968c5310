//! Conversations as text, for tests: a few lines that a person can read become the bytes of a capture.
//!
//! ```text
//! 10.0.0.1:51000 > 10.0.0.2:80
//! > GET /health HTTP/1.1\r\nHost: a\r\n\r\n
//! < HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n
//!   reorder 2 3 · drop 5 · snap 96
//! ```
//!
//! A line of two endpoints opens a TCP connection: SYN, SYN-ACK and ACK are its packets 1 to 3. With `udp` after it the
//! lines that follow are datagrams, with `sctp` the chunks of packets, with `icmp` messages (ports are then 0, checksums are
//! filled in). `>` is a packet from the first endpoint, `<` one from the second; escapes are `\r`, `\n`, `\t`, `\\`, `\xNN`
//! and, as ICMP errors need it, `\qN`: the IP header of packet N and the eight bytes behind it. A TCP connection closes with
//! two FINs. Endpoints may be `[v6]:port`.
//!
//! An indented line disturbs the capture; packets go by their number in the undisturbed one: `drop N` leaves a packet out,
//! `dup N` repeats it, `reorder N M` exchanges two, `split N` cuts payloads into segments of N bytes (before packets are
//! numbered), `snap N` captures only the first N bytes of each, `open` leaves out the FINs. Packets are a millisecond apart.
//!
//! Everything here panics on a text that is none of this: it is written by hand, for tests.

mod capture;
mod connections;
mod drive;
mod frame;
mod rows;
mod streams;

pub use crate::reassemble::{Assembler, Origin, Piece, Placed};
pub use capture::Capture;
pub use connections::Connections;
pub use drive::Drive;
pub use rows::rows;
pub use streams::{Step, Stream, streams};

use std::net::{IpAddr, SocketAddr};

use crate::dissect::Half;

/// Capture time of the first packet: 2024-01-01T00:00:00Z.
pub const START_NS: i64 = 1_704_067_200_000_000_000;

/// Nanoseconds between packets.
pub const STEP_NS: i64 = 1_000_000;

/// A conversation: its packets, and how their capture was disturbed.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    packets: Vec<Packet>,
    drops: Vec<usize>,
    duplicates: Vec<usize>,
    swaps: Vec<(usize, usize)>,
    snap_bytes: Option<usize>,
    split_bytes: Option<usize>,
    leave_open: bool,
}

/// One packet of a conversation.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The endpoint that opened the conversation.
    pub client: SocketAddr,
    /// The other endpoint.
    pub server: SocketAddr,
    /// The direction.
    pub half: Half,
    /// What it travels over.
    pub transport: Transport,
    /// TCP header fields; `None` over others.
    pub tcp: Option<Tcp>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What a conversation travels over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP, or ICMPv6 between IPv6 addresses.
    Icmp,
}

/// What varies in the header of a TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Tcp {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags.
    pub flags: u8,
}

/// The FIN flag.
pub const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

impl Talk {
    /// Reads the text of one or more conversations.
    pub fn parse(text: &str) -> Self {
        let mut talk = Self::default();
        // How a capture is disturbed comes last, but splitting and closing decide which packets there are.
        for line in text.lines().filter(|line| is_disturbance(line)) {
            line.split('·').for_each(|step| talk.disturb(step.trim()));
        }
        let mut conversation: Option<Conversation> = None;
        for line in text
            .lines()
            .filter(|line| !line.trim().is_empty() && !is_disturbance(line))
        {
            match (line.split_at_checked(2), &mut conversation) {
                (Some(("> ", payload)), Some(open)) => open.say(Half::Client, payload, &mut talk),
                (Some(("< ", payload)), Some(open)) => open.say(Half::Server, payload, &mut talk),
                _ => {
                    if let Some(open) = conversation.take() {
                        open.close(&mut talk);
                    }
                    conversation = Some(Conversation::open(line, &mut talk));
                }
            }
        }
        if let Some(open) = conversation {
            open.close(&mut talk);
        }
        talk
    }

    /// The packets as they were sent, each with its number; dropped ones are marked by `None`.
    pub fn packets(&self) -> impl Iterator<Item = (u64, &Packet, bool)> {
        let drops = &self.drops;
        (1..)
            .zip(&self.packets)
            .map(move |(number, packet)| (number, packet, drops.contains(&(number as usize))))
    }

    /// The capture: a pcap file of Ethernet frames.
    pub fn pcap(&self) -> Vec<u8> {
        let mut numbers: Vec<usize> = (1..=self.packets.len()).collect();
        for (one, other) in &self.swaps {
            numbers.swap(one - 1, other - 1);
        }
        let numbers = numbers
            .into_iter()
            .filter(|number| !self.drops.contains(number))
            .flat_map(|number| {
                let copies = 1 + self.duplicates.iter().filter(|duplicate| **duplicate == number).count();
                std::iter::repeat_n(number, copies)
            });
        let mut file = frame::file_header();
        for (place, number) in (0..).zip(numbers) {
            let frame = frame::ethernet(&self.packets[number - 1]);
            frame::record(&mut file, START_NS + place * STEP_NS, &frame, self.snap_bytes);
        }
        file
    }

    fn disturb(&mut self, step: &str) {
        let mut words = step.split_whitespace();
        let word = words.next().expect("a disturbance has a name");
        let numbers: Vec<usize> = words
            .map(|number| number.parse().expect("a disturbance has numbers"))
            .collect();
        match (word, numbers.as_slice()) {
            ("drop", dropped) => self.drops.extend(dropped),
            ("dup", duplicates) => self.duplicates.extend(duplicates),
            ("reorder", [one, other]) => self.swaps.push((*one, *other)),
            ("snap", [bytes]) => self.snap_bytes = Some(*bytes),
            ("split", [bytes]) => self.split_bytes = Some(*bytes),
            ("open", []) => self.leave_open = true,
            _ => panic!("expected drop, dup, reorder, snap, split or open with their numbers, found {step:?}"),
        }
    }
}

fn is_disturbance(line: &str) -> bool {
    line.starts_with("  ") && !line.trim().is_empty()
}

/// The conversation whose lines are being read.
struct Conversation {
    client: SocketAddr,
    server: SocketAddr,
    transport: Transport,
    client_seq: u32,
    server_seq: u32,
}

impl Conversation {
    fn open(line: &str, talk: &mut Talk) -> Self {
        let mut words = line.split_whitespace();
        let mut endpoint = || words.next().and_then(|word| word.parse().ok());
        let client = endpoint().unwrap_or_else(|| panic!("expected an endpoint, found {line:?}"));
        assert_eq!(
            words.next(),
            Some(">"),
            "expected two endpoints with > between them, found {line:?}"
        );
        let mut endpoint = || words.next().and_then(|word| word.parse().ok());
        let server = endpoint().unwrap_or_else(|| panic!("expected an endpoint, found {line:?}"));
        let transport = match words.next() {
            None => Transport::Tcp,
            Some("udp") => Transport::Udp,
            Some("sctp") => Transport::Sctp,
            Some("icmp") => Transport::Icmp,
            Some(other) => panic!("expected udp, sctp, icmp or nothing for TCP, found {other:?}"),
        };
        let mut conversation = Self {
            client,
            server,
            transport,
            client_seq: 1000,
            server_seq: 5000,
        };
        if conversation.is_tcp() {
            conversation.send(Half::Client, SYN, &[], talk);
            conversation.send(Half::Server, SYN | ACK, &[], talk);
            conversation.send(Half::Client, ACK, &[], talk);
        }
        conversation
    }

    fn is_tcp(&self) -> bool {
        self.transport == Transport::Tcp
    }

    fn say(&mut self, half: Half, line: &str, talk: &mut Talk) {
        let payload = unescape(line, &talk.packets);
        match talk.split_bytes.filter(|_| self.is_tcp()) {
            Some(bytes) => payload
                .chunks(bytes)
                .for_each(|piece| self.send(half, PSH | ACK, piece, talk)),
            None => self.send(half, PSH | ACK, &payload, talk),
        }
    }

    fn close(mut self, talk: &mut Talk) {
        if self.is_tcp() && !talk.leave_open {
            self.send(Half::Client, FIN | ACK, &[], talk);
            self.send(Half::Server, FIN | ACK, &[], talk);
            self.send(Half::Client, ACK, &[], talk);
        }
    }

    fn send(&mut self, half: Half, flags: u8, payload: &[u8], talk: &mut Talk) {
        let is_tcp = self.is_tcp();
        let (seq, other) = match half {
            Half::Client => (&mut self.client_seq, self.server_seq),
            Half::Server => (&mut self.server_seq, self.client_seq),
        };
        let ack = if flags & ACK == 0 { 0 } else { other };
        let tcp = is_tcp.then_some(Tcp { seq: *seq, ack, flags });
        let advance = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        *seq = seq.wrapping_add(advance);
        talk.packets.push(Packet {
            client: self.client,
            server: self.server,
            half,
            transport: self.transport,
            tcp,
            payload: payload.to_vec(),
        });
    }
}

impl Packet {
    /// The sender and the receiver.
    pub fn endpoints(&self) -> (SocketAddr, SocketAddr) {
        match self.half {
            Half::Client => (self.client, self.server),
            Half::Server => (self.server, self.client),
        }
    }

    fn is_v6(&self) -> bool {
        matches!(self.client.ip(), IpAddr::V6(_))
    }
}

/// The bytes that a line's text stands for, after these packets.
fn unescape(line: &str, packets: &[Packet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (escaped, length) = match after {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("the digits of \\xNN are ASCII");
                (
                    u8::from_str_radix(digits, 16).expect("\\x has two hexadecimal digits"),
                    3,
                )
            }
            [b'q', digits @ ..] => {
                let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
                let number = std::str::from_utf8(&digits[..length])
                    .ok()
                    .and_then(|digits| digits.parse().ok());
                let packet = number.and_then(|number: usize| packets.get(number.checked_sub(1)?));
                bytes.extend(frame::quote(packet.expect("\\q has the number of an earlier packet")));
                rest = &after[1 + length..];
                continue;
            }
            _ => panic!("expected one of \\r \\n \\t \\\\ \\xNN \\qN in {line:?}"),
        };
        bytes.push(escaped);
        rest = &after[length..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(Half, u32, u32, u8, &str)]) {
        let talk = Talk::parse(text);
        let packets = talk.packets().map(|(_, packet, _)| {
            let tcp = packet.tcp.unwrap_or(Tcp {
                seq: 0,
                ack: 0,
                flags: 0,
            });
            (
                packet.half,
                tcp.seq,
                tcp.ack,
                tcp.flags,
                std::str::from_utf8(&packet.payload).unwrap(),
            )
        });
        assert_eq!(packets.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_talk_is_a_tcp_connection_with_right_numbers() {
        check(
            "10.0.0.1:51000 > 10.0.0.2:80\n> abc\\r\\n\n< \\x64\n",
            &[
                (Half::Client, 1000, 0, SYN, ""),
                (Half::Server, 5000, 1001, SYN | ACK, ""),
                (Half::Client, 1001, 5001, ACK, ""),
                (Half::Client, 1001, 5001, PSH | ACK, "abc\r\n"),
                (Half::Server, 5001, 1006, PSH | ACK, "d"),
                (Half::Client, 1006, 5002, FIN | ACK, ""),
                (Half::Server, 5002, 1007, FIN | ACK, ""),
                (Half::Client, 1007, 5003, ACK, ""),
            ],
        );
    }

    #[test]
    fn split_cuts_payloads_before_packets_are_numbered() {
        let talk = Talk::parse("10.0.0.1:51000 > 10.0.0.2:80\n> abc\n  split 2 · drop 5 · open\n");
        let payloads = talk
            .packets()
            .map(|(number, packet, dropped)| (number, packet.payload.len(), dropped));
        let expect = [(1, 0, false), (2, 0, false), (3, 0, false), (4, 2, false), (5, 1, true)];
        assert_eq!(payloads.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_datagram_is_one_record_of_the_file() {
        let file = Talk::parse("[::1]:5353 > [ff02::fb]:5353 udp\n> abc\n  dup 1 · snap 60").pcap();
        assert_eq!(file.len(), 24 + 2 * (16 + 60));
    }
}
