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
    src: String,
    dst: String,
    src_bytes: Vec<u8>,
    dst_bytes: Vec<u8>,
}

impl Ends {
    /// The ends that a row names.
    pub(crate) fn of(row: &Row<'_>) -> Option<Self> {
        let address = |column| row.text(column)?.parse::<IpAddr>().ok().map(octets);
        Some(Self {
            src: row.endpoint(names::SRC_IP, names::SRC_PORT)?,
            dst: row.endpoint(names::DST_IP, names::DST_PORT)?,
            src_bytes: address(names::SRC_IP)?,
            dst_bytes: address(names::DST_IP)?,
        })
    }

    /// From where to where a packet travels. The headers of IPv4 and IPv6 both have the destination's address right after
    /// the source's, so the direction shows without decoding (RFC 791 §3.1, RFC 8200 §3).
    fn direction(&self, packet: &Packet) -> String {
        let forth = [self.src_bytes.as_slice(), &self.dst_bytes].concat();
        let back = [self.dst_bytes.as_slice(), &self.src_bytes].concat();
        let place = |bytes: &[u8]| search::find(&packet.data, bytes, 0);
        match (place(&forth), place(&back)) {
            (Some(at), Some(other)) if other < at => format!("{} → {}", self.dst, self.src),
            (None, Some(_)) => format!("{} → {}", self.dst, self.src),
            (Some(_), _) => format!("{} → {}", self.src, self.dst),
            (None, None) => format!("{} ↔ {}", self.src, self.dst),
        }
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
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
