//! The bytes that the connections of a capture carried, in order: what benchmarks and seeds of fuzzing feed dissectors with.
//!
//! In: a small capture, read at once. Out: [`Stream`]s in the order in which they begin. A connection begins with its first packet, or
//! with a SYN in place of one that was. Absent on purpose: IP fragments, and all that ages.

use std::collections::HashMap;

use crate::Limits;
use crate::capture::Reader;
use crate::connection::{Endpoint, Key};
use crate::decode::{self, Datagram, datagrams};
use crate::dissect::{Half, Transport};
use crate::reassemble::{Assembler, Origin, Piece, Placed};

/// A connection.
#[derive(Clone, Debug)]
pub struct Stream {
    /// TCP, or else datagrams.
    pub transport: Transport,
    /// Ports of the client and of the server.
    pub ports: [u16; 2],
    /// What happened on it, in order.
    pub steps: Vec<Step>,
}

/// What a half says.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes of one packet.
    Data(Half, Vec<u8>),
    /// Bytes that the capture misses.
    Gap(Half, u64),
    /// No more.
    End(Half),
}

/// A stream under way.
struct Open {
    client: Endpoint,
    halves: [Assembler; 2],
    /// Its place in the list.
    place: usize,
}

/// The connections of a capture.
///
/// # Panics
///
/// If the bytes are no capture.
pub fn streams(capture: &[u8]) -> Vec<Stream> {
    let limits = Limits::default();
    let mut reader = Reader::open(capture, 1, &limits).expect("the bytes are a capture");
    let mut streams = Vec::new();
    let mut open = HashMap::new();
    while let Some(block) = reader.next_block().expect("memory can be read").0 {
        for record in &block.records {
            let packet = block.data(record);
            for datagram in datagrams(record.link_type, packet, record.original).flatten() {
                take(&datagram, datagram.payload(packet), &mut open, &mut streams);
            }
        }
    }
    streams
}

fn take(datagram: &Datagram, payload: &[u8], open: &mut HashMap<Key, Open>, streams: &mut Vec<Stream>) {
    let Some(decoded) = decode::Transport::decode(datagram, payload).0 else {
        return;
    };
    let transport = match &decoded {
        decode::Transport::Tcp(_) => Transport::Tcp,
        decode::Transport::Udp { .. } => Transport::Udp,
        _ => return,
    };
    let (source_port, destination_port) = decoded.ports();
    let end = |address, port| Endpoint { address, port };
    let (source, destination) = (
        end(datagram.source, source_port),
        end(datagram.destination, destination_port),
    );
    let key = Key::new(source, destination, datagram.protocol, datagram.family);
    let begins = matches!(&decoded, decode::Transport::Tcp(segment) if segment.flags.syn() && !segment.flags.ack());
    if begins || !open.contains_key(&key) {
        let place = streams.len();
        let client = source;
        let halves = Default::default();
        streams.push(Stream {
            transport,
            ports: [source_port, destination_port],
            steps: vec![],
        });
        open.insert(key, Open { client, halves, place });
    }
    let Some(known) = open.get_mut(&key) else { return };
    let (half, slot) = if source == known.client {
        (Half::Client, 0)
    } else {
        (Half::Server, 1)
    };
    let steps = &mut streams[known.place].steps;
    let (body, _) = decoded.body(datagram, payload);
    let decode::Transport::Tcp(segment) = decoded else {
        if !body.is_empty() {
            steps.push(Step::Data(half, body.to_vec()));
        }
        return;
    };
    let assembler = &mut known.halves[slot];
    if segment.flags.syn() {
        assembler.start(segment.sequence.wrapping_add(1));
        return;
    }
    let origin = Origin {
        packet: 0,
        timestamp_ns: 0,
    };
    let placed = assembler.segment(segment.sequence, segment.payload_original, body, origin, usize::MAX);
    if let Placed::Next { skip } = placed
        && skip < body.len()
    {
        steps.push(Step::Data(half, body[skip..].to_vec()));
    }
    while let Some(piece) = assembler.next_piece() {
        steps.push(match piece {
            Piece::Bytes { bytes, .. } => Step::Data(half, bytes.into_vec()),
            Piece::Gap { missing_bytes } => Step::Gap(half, missing_bytes),
        });
    }
    if segment.flags.fin() {
        steps.push(Step::End(half));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Talk;

    #[test]
    fn a_stream_is_what_was_said() {
        let talk = "10.0.0.1:51000 > 10.0.0.2:80\n> one\n> two\n< three\n  reorder 4 5 · dup 6\n";
        let streams = streams(&Talk::parse(talk).pcap());
        let [stream] = &streams[..] else {
            panic!("one connection: {streams:?}")
        };
        assert_eq!((stream.transport, stream.ports), (Transport::Tcp, [51000, 80]));
        let said: Vec<(Half, &[u8])> = stream
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Data(half, bytes) => Some((*half, &bytes[..])),
                Step::Gap(..) | Step::End(_) => None,
            })
            .collect();
        assert_eq!(
            said,
            [
                (Half::Client, &b"one"[..]),
                (Half::Client, b"two"),
                (Half::Server, b"three")
            ]
        );
    }
}
