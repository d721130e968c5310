//! Stage 3: IP fragments → datagrams.
//!
//! In: pieces of datagrams. Out: the whole payload, at the piece that completes it.
//!
//! Specification: RFC 791 §3.2, RFC 8200 §4.5.
//!
//! Overlap policy, of both families: the first copy of a byte counts, and so does the first end that a last piece gives; what
//! lies beyond it is dropped. Receivers drop an IPv6 datagram whose pieces overlap (RFC 5722); here it is kept, as a capture
//! shows what was sent, and the overlap is counted. Limits: `fragment_bytes` in all, `fragment_idle_ns` of capture time per
//! datagram.

use std::collections::{BTreeMap, HashMap};

use ahash::RandomState;

use crate::decode::{Address, Datagram, Family, Fragment};
use crate::{Anomalies, Anomaly, Limits};

/// Memory that a held piece takes besides its bytes, and a datagram with one piece besides them.
const PIECE_BYTES: usize = 512;
/// Longest payload a datagram can have.
const DATAGRAM_BYTES: u32 = 65_535;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    family: Family,
    source: Address,
    destination: Address,
    identification: u32,
    /// 0 in IPv6, whose identification is that of the address pair alone.
    protocol: u8,
}

#[derive(Debug)]
struct Pieces {
    /// Payload bytes by offset; they do not overlap.
    bytes: BTreeMap<u32, Vec<u8>>,
    /// Length of the whole, once the last piece came.
    total: Option<u32>,
    /// How many bytes from the front on are there without a hole.
    front_bytes: u32,
    /// Protocol that the piece at the front gives, or else the first to come.
    protocol: u8,
    /// Length of all pieces with their IP headers.
    ip_bytes: u32,
    /// Memory they take.
    held_bytes: usize,
    /// The packets that brought pieces.
    packets: Vec<u64>,
    first_time_ns: i64,
}

/// A datagram made whole.
#[derive(Debug)]
pub struct Whole {
    /// The payload.
    pub payload: Box<[u8]>,
    /// Protocol of its first header.
    pub protocol: u8,
    /// Length of all pieces with their IP headers.
    pub ip_bytes: u32,
    /// The packets that carried its earlier pieces.
    pub packets: Vec<u64>,
    /// Capture time of the first of all pieces.
    pub first_time_ns: i64,
}

/// The packet that brings a piece.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Its number.
    pub packet: u64,
    /// Its capture time.
    pub time_ns: i64,
    /// The piece, as far as it was captured.
    pub payload: &'a [u8],
}

/// Holds the pieces of datagrams that are not yet whole.
#[derive(Debug, Default)]
pub struct Defragmenter {
    waiting: HashMap<Key, Pieces, RandomState>,
    held_bytes: usize,
    last_sweep_ns: i64,
    /// Pieces that came since then.
    since_sweep: usize,
}

impl Defragmenter {
    /// Takes a piece; gives the whole if this piece completes it.
    pub fn piece(
        &mut self,
        arrival: Arrival<'_>,
        datagram: &Datagram,
        fragment: Fragment,
        limits: &Limits,
        anomalies: &mut Anomalies,
    ) -> Option<Whole> {
        let Arrival {
            packet,
            time_ns,
            payload,
        } = arrival;
        self.sweep(packet, time_ns, limits, anomalies);
        let key = Key {
            family: datagram.family,
            source: datagram.source,
            destination: datagram.destination,
            identification: fragment.identification,
            protocol: match datagram.family {
                Family::V4 => datagram.protocol,
                Family::V6 => 0,
            },
        };
        let end = fragment
            .offset
            .saturating_add(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        if end > DATAGRAM_BYTES || payload.is_empty() || payload.len() < datagram.payload_original as usize {
            anomalies.add(
                packet,
                Anomaly::Malformed {
                    layer: "IP",
                    reason: "a fragment that is empty, cut, or beyond the longest datagram",
                },
            );
            return None;
        }
        if self
            .held_bytes
            .saturating_add(payload.len())
            .saturating_add(PIECE_BYTES)
            > limits.fragment_bytes
        {
            anomalies.add(packet, Anomaly::FragmentsDropped);
            self.waiting.clear();
            self.held_bytes = 0;
        }
        let pieces = self.waiting.entry(key).or_insert_with(|| Pieces {
            bytes: BTreeMap::new(),
            total: None,
            front_bytes: 0,
            protocol: datagram.protocol,
            ip_bytes: 0,
            held_bytes: 0,
            packets: Vec::new(),
            first_time_ns: time_ns,
        });
        if !fragment.more {
            pieces.total.get_or_insert(end);
        }
        if fragment.offset == 0 {
            pieces.protocol = datagram.protocol;
        }
        let Inserted { held_bytes, overlaps } = pieces.insert(fragment.offset, payload);
        if overlaps {
            anomalies.add(packet, Anomaly::OverlappingFragments);
        }
        if held_bytes > 0 {
            pieces.packets.push(packet);
            pieces.ip_bytes = pieces.ip_bytes.saturating_add(datagram.ip_bytes);
        }
        self.held_bytes = self.held_bytes.saturating_add(held_bytes);
        let whole_bytes = pieces.whole_bytes()?;
        let mut pieces = self.waiting.remove(&key)?;
        self.held_bytes = self.held_bytes.saturating_sub(pieces.held_bytes);
        pieces.packets.retain(|earlier| *earlier != packet);
        let mut payload: Vec<u8> = pieces.bytes.into_values().flatten().collect();
        payload.truncate(whole_bytes as usize);
        Some(Whole {
            payload: payload.into_boxed_slice(),
            protocol: pieces.protocol,
            ip_bytes: pieces.ip_bytes,
            packets: pieces.packets,
            first_time_ns: pieces.first_time_ns,
        })
    }

    /// Gives up what waits at the end of the capture.
    pub fn finish(&mut self, packet: u64, anomalies: &mut Anomalies) {
        for _ in self.waiting.drain() {
            anomalies.add(packet, Anomaly::IncompleteDatagram);
        }
        self.held_bytes = 0;
    }

    /// Drops datagrams that waited too long; runs at most once per idle time of the capture, and per as many pieces as wait.
    fn sweep(&mut self, packet: u64, time_ns: i64, limits: &Limits, anomalies: &mut Anomalies) {
        self.since_sweep = self.since_sweep.saturating_add(1);
        let since_ns = time_ns.saturating_sub(self.last_sweep_ns);
        // A clock that jumps to and fro must not make every piece look at all others.
        if (0..limits.fragment_idle_ns).contains(&since_ns) || self.since_sweep <= self.waiting.len() {
            return;
        }
        (self.last_sweep_ns, self.since_sweep) = (time_ns, 0);
        let mut freed = 0_usize;
        self.waiting.retain(|_, pieces| {
            let keep = time_ns.saturating_sub(pieces.first_time_ns) < limits.fragment_idle_ns;
            if !keep {
                freed = freed.saturating_add(pieces.held_bytes);
                anomalies.add(packet, Anomaly::IncompleteDatagram);
            }
            keep
        });
        self.held_bytes = self.held_bytes.saturating_sub(freed);
    }
}

/// What a piece added.
struct Inserted {
    /// Memory for bytes that were not there.
    held_bytes: usize,
    /// True if some of its bytes were there, and it is no repetition of a piece.
    overlaps: bool,
}

impl Pieces {
    /// Adds the bytes that are not there yet.
    fn insert(&mut self, offset: u32, payload: &[u8]) -> Inserted {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut at = offset;
        let end = offset.saturating_add(length(payload));
        let repeats = self.bytes.get(&offset).is_some_and(|bytes| **bytes == *payload);
        let (mut held_bytes, mut overlaps) = (0_usize, false);
        while at < end {
            let covered = self.bytes.range(..=at).next_back().and_then(|(start, bytes)| {
                let covered = start.saturating_add(length(bytes));
                (covered > at).then_some(covered)
            });
            if let Some(covered) = covered {
                at = covered;
                overlaps = !repeats;
                continue;
            }
            let next = self.bytes.range(at..end).next().map_or(end, |(start, _)| *start);
            let slice = payload.get(at.saturating_sub(offset) as usize..next.saturating_sub(offset) as usize);
            let slice = slice.unwrap_or_default();
            held_bytes = held_bytes.saturating_add(slice.len()).saturating_add(PIECE_BYTES);
            self.bytes.insert(at, slice.to_vec());
            at = next;
        }
        self.held_bytes = self.held_bytes.saturating_add(held_bytes);
        Inserted { held_bytes, overlaps }
    }

    /// How many bytes make the whole, if they are all there.
    fn whole_bytes(&mut self) -> Option<u32> {
        // Pieces do not overlap, so what goes on at the end of one begins there.
        while let Some(next) = self.bytes.get(&self.front_bytes).filter(|next| !next.is_empty()) {
            let length = u32::try_from(next.len()).unwrap_or(u32::MAX);
            self.front_bytes = self.front_bytes.saturating_add(length);
        }
        self.total.filter(|total| self.front_bytes >= *total)
    }
}
