//! What a connection knows of its TCP: which handshake and closing segments were seen, the two assemblers.
//!
//! Specification: RFC 9293 §3.5–3.6; completeness as Wireshark defines `tcp.completeness`.

use super::index;
use crate::decode::{Segment, TcpFlags};
use crate::dissect::Half;
use crate::reassemble::Assembler;

mod completeness {
    pub(super) const SYN: u8 = 1;
    pub(super) const SYN_ACK: u8 = 2;
    pub(super) const ACK: u8 = 4;
    pub(super) const DATA: u8 = 8;
    pub(super) const FIN: u8 = 16;
    pub(super) const RST: u8 = 32;
}

/// One half of a TCP connection.
#[derive(Debug, Default)]
pub(crate) struct TcpHalf {
    pub(crate) assembler: Assembler,
    /// Sequence number just after the FIN, once one was seen.
    pub(crate) fin: Option<u32>,
    /// The dissector was told that the half has ended.
    pub(crate) ended: bool,
    /// Initial sequence number, if the SYN was seen.
    initial: Option<u32>,
    /// Sequence number that counts as 1: the first after the SYN, or the first that a segment of either side told.
    first: Option<u32>,
}

/// A TCP connection.
#[derive(Debug, Default)]
pub(crate) struct Tcp {
    halves: [TcpHalf; 2],
    pub(crate) completeness: u8,
    pub(crate) fin_count: u64,
    pub(crate) rst_count: u64,
    syn_time_ns: Option<i64>,
    pub(crate) handshake_ns: Option<i64>,
}

impl Tcp {
    pub(crate) fn half(&self, half: Half) -> &TcpHalf {
        &self.halves[index(half)]
    }

    pub(crate) fn half_mut(&mut self, half: Half) -> &mut TcpHalf {
        &mut self.halves[index(half)]
    }

    /// True if the opening was seen.
    pub(crate) fn opening_seen(&self) -> bool {
        self.completeness & (completeness::SYN | completeness::SYN_ACK) != 0
    }

    /// True if both sides have ended, or one has reset.
    pub(crate) fn is_ended(&self) -> bool {
        self.rst_count > 0 || self.halves.iter().all(|half| half.fin.is_some())
    }

    /// True if this segment opens another connection on the same five-tuple: a SYN with another initial sequence number
    /// than the half began with.
    pub(crate) fn is_reopened_by(&self, half: Half, segment: &Segment) -> bool {
        if !segment.flags.syn() {
            return false;
        }
        let known = self.half(half);
        match (known.initial, known.assembler.base()) {
            (Some(initial), _) => initial != segment.sequence,
            (None, Some(base)) => base != segment.sequence.wrapping_add(1),
            (None, None) => !segment.flags.ack() && self.opening_seen() && self.is_ended(),
        }
    }

    /// Takes note of a segment's control bits.
    pub(crate) fn note(&mut self, half: Half, segment: &Segment, time_ns: i64) {
        let flags: TcpFlags = segment.flags;
        if flags.syn() {
            self.note_syn(half, segment, time_ns);
        }
        if flags.ack() && !flags.rst() {
            self.note_ack(half, segment, time_ns);
        }
        if segment.payload_original > 0 {
            self.completeness |= completeness::DATA;
        }
        if flags.fin() {
            self.completeness |= completeness::FIN;
            self.fin_count = self.fin_count.saturating_add(1);
            let end = segment.sequence.wrapping_add(segment.payload_original);
            self.half_mut(half).fin = Some(end);
        }
        if flags.rst() {
            self.completeness |= completeness::RST;
            self.rst_count = self.rst_count.saturating_add(1);
        }
    }

    fn note_syn(&mut self, half: Half, segment: &Segment, time_ns: i64) {
        if segment.flags.ack() {
            self.completeness |= completeness::SYN_ACK;
        } else {
            self.completeness |= completeness::SYN;
            self.syn_time_ns.get_or_insert(time_ns);
        }
        let known = self.half_mut(half);
        known.initial.get_or_insert(segment.sequence);
        known.first.get_or_insert(segment.sequence.wrapping_add(1));
        if !known.assembler.is_started() {
            known.assembler.start(segment.sequence.wrapping_add(1));
        }
    }

    /// The acknowledgment that ends the handshake: the first bytes of both halves come next.
    fn note_ack(&mut self, half: Half, segment: &Segment, time_ns: i64) {
        let other = match half {
            Half::Client => Half::Server,
            Half::Server => Half::Client,
        };
        let begins = *self.half_mut(half).first.get_or_insert(segment.sequence) == segment.sequence
            && *self.half_mut(other).first.get_or_insert(segment.acknowledgment) == segment.acknowledgment;
        let is_bare = segment.payload_original == 0 && !segment.flags.syn() && !segment.flags.fin();
        if !begins || !is_bare || self.completeness & completeness::ACK != 0 {
            return;
        }
        let both = completeness::SYN | completeness::SYN_ACK;
        if half == Half::Client && self.completeness & both == both {
            self.handshake_ns = self.syn_time_ns.map(|syn| time_ns.saturating_sub(syn));
        }
        self.completeness |= completeness::ACK;
    }
}
