//! The connections of one shard, without the stages before it: for benchmarks.
//!
//! In: datagrams of a [`Capture`], in any order and as often as one likes. Out: rows, which are made and forgotten.

use super::Capture;
use crate::recognise::Recognition;
use crate::shard::Shard;
use crate::{Limits, Tables};

/// One shard: connections, flows, and what their packets carry.
#[derive(Debug)]
pub struct Connections {
    shard: Shard,
    /// Capture time of the last packet.
    now_ns: i64,
}

impl Connections {
    /// Knows none yet. A shard's bounds are a share of an ingest's.
    pub fn new(limits: &Limits) -> Self {
        Self {
            shard: Shard::new(limits, &Recognition::default(), true),
            now_ns: 0,
        }
    }

    /// Takes the datagram at a place of a capture; gives the `conn_id` of its connection, if it belongs to one.
    pub fn packet(&mut self, capture: &Capture, place: usize) -> Option<u64> {
        let arrived = capture.arrived(place);
        self.now_ns = arrived.time_ns;
        Some(self.shard.packet(&arrived)?.conn_id)
    }

    /// Ends an epoch, as an ingest does; gives how many rows were handed over.
    pub fn end_epoch(&mut self) -> usize {
        self.shard.sweep_sometimes(self.now_ns);
        self.hand_over(false)
    }

    /// Ends the capture; gives how many rows were left.
    pub fn finish(mut self) -> usize {
        let mut rows = 0;
        loop {
            let more = self.shard.finish_some(self.now_ns);
            rows += self.hand_over(true);
            if !more {
                return rows;
            }
        }
    }

    fn hand_over(&mut self, at_end: bool) -> usize {
        self.shard.take_names();
        self.shard.take_anomalies();
        let rows = self.shard.take_rows(at_end);
        rows.iter().map(Tables::rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Talk;

    #[test]
    fn connections_and_their_flow_are_rows() {
        let talk = "10.0.0.1:51000 > 10.0.0.2:9\n10.0.0.1:51001 > 10.0.0.2:9\n";
        let capture = Capture::read(&Talk::parse(talk).pcap());
        let mut connections = Connections::new(&Limits::default());
        let ids = (0..capture.datagrams()).map(|place| connections.packet(&capture, place));
        assert_eq!(ids.collect::<Vec<_>>(), [[Some(1); 6], [Some(7); 6]].concat());
        assert_eq!(connections.end_epoch(), 0);
        assert_eq!(connections.finish(), 3);
    }
}
