//! The packet viewer: packets one by one, in hex and ASCII.
//!
//! Comes in: the packets of a connection and where to begin. Goes out: on a terminal a screen that keys move through, else
//! every frame printed one after the other. Decoding is absent on purpose: the viewer shows bytes, entries show meaning.

mod frame;
mod screen;
mod search;
mod state;

use std::net::IpAddr;

use engine::Packet;

use crate::failure::Failure;
use crate::render::answer::Row;
use crate::terminal::Terminal;
use crate::{names, verbs};

/// Packets to look at.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// In capture order.
    pub(crate) packets: Vec<Packet>,
    /// The ends of their connection, if they have one.
    pub(crate) ends: Option<Ends>,
    /// Index of the packet to begin with.
    pub(crate) at: usize,
}

/// The two ends of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    src: End,
    dst: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    /// Address and port as text.
    text: String,
    address: Vec<u8>,
    port: [u8; 2],
}

impl Ends {
    /// The ends that a row names.
    pub(crate) fn of(row: &Row<'_>) -> Option<Self> {
        let end = |ip, port| {
            let address = match row.text(ip)?.parse().ok()? {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            let text = row.endpoint(ip, port)?;
            let port = u16::try_from(row.int(port).unwrap_or(0)).unwrap_or(0).to_be_bytes();
            Some(End { text, address, port })
        };
        Some(Self {
            src: end(names::SRC_IP, names::SRC_PORT)?,
            dst: end(names::DST_IP, names::DST_PORT)?,
        })
    }

    /// From where to where a packet travels. The headers of IPv4 and IPv6 both end with the source's address and the
    /// destination's, and those of TCP and UDP begin with their ports, so the direction shows without decoding; after IPv4
    /// options or IPv6 extension headers the addresses alone must do (RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1, RFC 768).
    fn direction(&self, packet: &Packet) -> String {
        let with_ports = |from: &End, to: &End| [&from.address[..], &to.address, &from.port, &to.port].concat();
        let without = |from: &End, to: &End| [&from.address[..], &to.address].concat();
        let holds = |bytes: Vec<u8>| search::find(&packet.data, &bytes, 0).is_some();
        let (src, dst) = (&self.src, &self.dst);
        let is_forth = match (holds(with_ports(src, dst)), holds(with_ports(dst, src))) {
            (false, false) => match (holds(without(src, dst)), holds(without(dst, src))) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                _ => None,
            },
            (true, _) => Some(true),
            (false, true) => Some(false),
        };
        match is_forth {
            Some(true) => format!("{} → {}", src.text, dst.text),
            Some(false) => format!("{} → {}", dst.text, src.text),
            None => format!("{} ↔ {}", src.text, dst.text),
        }
    }
}

/// Shows packets: on a screen if both a person types and a person reads, else all of them as text.
pub(crate) fn show(sequence: Sequence, terminal: &Terminal) -> Result<(), Failure> {
    if terminal.stdin_is_terminal && terminal.stdout.is_terminal {
        return screen::run(state::State::new(sequence), terminal);
    }
    for at in 0..sequence.packets.len() {
        if at > 0 {
            verbs::put("\n")?;
        }
        verbs::put(&frame::text(&sequence, at))?;
    }
    Ok(())
}
