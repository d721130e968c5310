//! A capture's packets in memory, read once and decoded as often as one likes: for benchmarks.
//!
//! In: a small capture. Out: its datagrams. Absent on purpose: IP fragments.

use std::hint::black_box;

use crate::Limits;
use crate::capture::{Block, Reader, Record};
use crate::decode::{Datagram, Transport, datagrams};
use crate::shard::Arrived;

/// The packets of a capture.
#[derive(Debug)]
pub struct Capture {
    blocks: Vec<Block>,
    datagrams: Vec<Located>,
}

/// A datagram: the block and the record that it lies in, and the record's number.
#[derive(Debug)]
struct Located {
    block: usize,
    record: Record,
    number: u64,
    datagram: Datagram,
}

impl Capture {
    /// Reads a capture.
    ///
    /// # Panics
    ///
    /// If the bytes are no capture.
    pub fn read(capture: &[u8]) -> Self {
        let mut reader = Reader::open(capture, 1, &Limits::default()).expect("the bytes are a capture");
        let mut blocks = Vec::new();
        let mut found = Vec::new();
        while let Some(block) = reader.next_block().expect("memory can be read").0 {
            for (number, record) in block.numbered() {
                let whole = datagrams(record.link_type, block.data(record), record.original)
                    .flatten()
                    .filter(|datagram| datagram.fragment.is_none());
                found.extend(whole.map(|datagram| Located {
                    block: blocks.len(),
                    record: *record,
                    number,
                    datagram,
                }));
            }
            blocks.push(block);
        }
        Self {
            blocks,
            datagrams: found,
        }
    }

    /// How many packets there are.
    pub fn packets(&self) -> usize {
        self.blocks.iter().map(|block| block.records.len()).sum()
    }

    /// How many bytes were captured.
    pub fn captured_bytes(&self) -> u64 {
        self.blocks.iter().map(|block| block.captured_bytes).sum()
    }

    /// How many datagrams there are that are no pieces of others.
    pub fn datagrams(&self) -> usize {
        self.datagrams.len()
    }

    /// Decodes every packet down to its innermost datagram, and that one's transport header; gives how many of these there were.
    pub fn decode(&self) -> usize {
        let mut transports = 0;
        for block in &self.blocks {
            for record in &block.records {
                let packet = block.data(record);
                for datagram in datagrams(record.link_type, packet, record.original).flatten() {
                    let (transport, _) = Transport::decode(&datagram, datagram.payload(packet));
                    transports += usize::from(black_box(&transport).is_some());
                    black_box(&datagram);
                }
            }
        }
        transports
    }

    /// The datagram at a place, as it arrives at its shard.
    pub(super) fn arrived(&self, place: usize) -> Arrived<'_> {
        let located = &self.datagrams[place];
        let (number, time_ns) = (located.number, located.record.timestamp_ns);
        Arrived {
            number,
            time_ns,
            began: (number, time_ns),
            datagram: &located.datagram,
            payload: located
                .datagram
                .payload(self.blocks[located.block].data(&located.record)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Talk;

    #[test]
    fn what_is_no_ip_is_a_packet_without_a_datagram() {
        let mut file = Talk::parse("10.0.0.1:5000 > 10.0.0.2:53 udp\n> abc\n> de\n").pcap();
        // The second frame becomes ARP.
        let second = 24 + 2 * 16 + 14 + 20 + 8 + 3;
        file[second + 12..second + 14].copy_from_slice(&[0x08, 0x06]);
        let capture = Capture::read(&file);
        assert_eq!((capture.packets(), capture.datagrams(), capture.decode()), (2, 1, 1));
        assert_eq!(capture.captured_bytes(), 2 * (14 + 20 + 8) + 5);
        assert_eq!(capture.arrived(0).payload[8..], *b"abc");
    }
}
