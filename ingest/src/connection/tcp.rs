//! What a connection knows of its TCP: which handshake and closing segments were seen, its health, the two assemblers.
//!
//! Specification: RFC 9293 §3.5–3.6; completeness, and what opens another connection on the same five-tuple, as Wireshark defines
//! `tcp.completeness` and `tcp.stream`.

use super::health::Health;
use super::history::{Event, History};
use super::index;
use crate::Limits;
use crate::decode::Segment;
use crate::dissect::Half;
use crate::dissect::raw::Failure;
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
    /// Sequence number of the FIN, which is where the payload ends, once one was seen.
    pub(crate) fin: Option<u32>,
    /// The dissector was told that the half has ended.
    pub(crate) ended: bool,
    /// Initial sequence number: the SYN's, or what the first segment of either side lets it seem.
    initial: Option<u32>,
    opening: Opening,
}

/// How far it is certain where a half begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Opening {
    /// No SYN was seen.
    #[default]
    Unseen,
    /// A SYN was.
    Told,
    /// SYNs with several initial sequence numbers were: servers may answer one SYN several times.
    Doubtful,
    /// The other side acknowledged one.
    Acknowledged,
}

/// A TCP connection.
#[derive(Debug, Default)]
pub(crate) struct Tcp {
    halves: [TcpHalf; 2],
    pub(crate) health: Health,
    completeness: u8,
    pub(crate) fin_count: u64,
    pub(crate) rst_count: u64,
    reset_by: Option<Half>,
    segments: u64,
    syn_time_ns: Option<i64>,
    syn_ack_seen: bool,
    /// From the first SYN to the acknowledgment of the SYN-ACK.
    pub(crate) handshake_ns: Option<i64>,
}

impl Tcp {
    pub(crate) fn half(&self, half: Half) -> &TcpHalf {
        &self.halves[index(half)]
    }

    pub(crate) fn half_mut(&mut self, half: Half) -> &mut TcpHalf {
        &mut self.halves[index(half)]
    }

    /// What was seen of the connection, as a set of bits. A segment that was captured alone, other than a SYN, shows none: Wireshark
    /// takes it for the rest of a connection that it knows nothing of.
    pub(crate) fn completeness(&self) -> u8 {
        let opens = self.completeness & completeness::SYN != 0;
        if self.segments > 1 || opens {
            self.completeness
        } else {
            0
        }
    }

    /// True if the opening was seen.
    pub(crate) fn opening_seen(&self) -> bool {
        self.syn_time_ns.is_some() || self.syn_ack_seen
    }

    /// True if both sides have ended, or one has reset.
    pub(crate) fn is_ended(&self) -> bool {
        self.rst_count > 0 || self.halves.iter().all(|half| half.fin.is_some())
    }

    /// What went wrong with it, if something did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let is_unanswered = self.completeness() == completeness::SYN;
        let reset = self.reset_by.map(Failure::Reset);
        reset.or(is_unanswered.then_some(Failure::Unanswered))
    }

    /// True if this segment opens another connection on the same five-tuple: a SYN with another initial sequence number than the
    /// half has, or with the same after both sides ended what a SYN had opened. A SYN-ACK never does: servers answer one SYN several
    /// times. Nor does a SYN with the same number after a reset, which is how some clients try again.
    pub(crate) fn is_reopened_by(&self, half: Half, segment: &Segment) -> bool {
        if !segment.flags.syn() || segment.flags.ack() {
            return false;
        }
        let known = self.half(half);
        let both_ended = self.halves.iter().all(|half| half.fin.is_some());
        let again = both_ended && known.opening != Opening::Unseen;
        known
            .initial
            .is_some_and(|initial| initial != segment.sequence || again)
    }

    /// Takes note of a segment's control bits and numbers; `held` counts the unacknowledged segments of the shard.
    pub(crate) fn note(
        &mut self,
        half: Half,
        segment: &Segment,
        time_ns: i64,
        history: &mut History,
        held: &mut usize,
        limits: &Limits,
    ) {
        let flags = segment.flags;
        self.complete(segment);
        self.health.segment(half, segment, time_ns, held, limits);
        tell(history, half, segment);
        self.learn_initial(half, segment);
        if flags.syn() {
            if flags.ack() {
                self.syn_ack_seen = true;
            } else {
                self.syn_time_ns.get_or_insert(time_ns);
            }
        } else if flags.ack() && half == Half::Client && self.syn_ack_seen && self.handshake_ns.is_none() {
            self.handshake_ns = self.syn_time_ns.map(|syn| time_ns.saturating_sub(syn).max(0));
        }
        if flags.fin() {
            self.fin_count = self.fin_count.saturating_add(1);
            let end = segment.sequence.wrapping_add(segment.payload_original);
            self.half_mut(half).fin = Some(end);
        }
        if flags.rst() {
            self.rst_count = self.rst_count.saturating_add(1);
            self.reset_by.get_or_insert(half);
        }
    }

    /// Bits of completeness. The SYN counts as the first segment alone, so that a connection that was picked up does not look whole.
    fn complete(&mut self, segment: &Segment) {
        let flags = segment.flags;
        let has_payload = segment.payload_original > 0;
        if flags.syn() && flags.ack() {
            self.completeness |= completeness::SYN_ACK;
        } else if flags.syn() && self.segments == 0 {
            self.completeness |= completeness::SYN;
            if has_payload {
                // TCP Fast Open (RFC 7413).
                self.completeness |= completeness::DATA;
            }
        } else if flags.ack() && !flags.syn() {
            self.completeness |= if has_payload {
                completeness::DATA
            } else {
                completeness::ACK
            };
        }
        if flags.fin() && flags.ack() {
            self.completeness |= completeness::FIN;
        }
        if flags.rst() {
            self.completeness |= completeness::RST;
        }
        self.segments = self.segments.saturating_add(1);
    }

    /// Learns where the halves begin: from SYNs, else from the first numbers that either side tells.
    fn learn_initial(&mut self, half: Half, segment: &Segment) {
        let other = half.other();
        let known = self.half_mut(half);
        if segment.flags.syn() {
            let other_number = known.initial.replace(segment.sequence) != Some(segment.sequence);
            known.opening = match known.opening {
                Opening::Told if other_number => Opening::Doubtful,
                Opening::Unseen => Opening::Told,
                opening => opening,
            };
            if known.opening != Opening::Acknowledged && known.assembler.is_untouched() {
                known.assembler.start(segment.sequence.wrapping_add(1));
            }
        } else {
            known.initial.get_or_insert(segment.sequence.wrapping_sub(1));
        }
        if segment.flags.ack() {
            let begins = segment.acknowledgment.wrapping_sub(1);
            let acknowledged = self.half_mut(other);
            acknowledged.initial.get_or_insert(begins);
            match acknowledged.opening {
                Opening::Told => acknowledged.opening = Opening::Acknowledged,
                Opening::Doubtful => {
                    acknowledged.opening = Opening::Acknowledged;
                    if acknowledged.assembler.is_untouched() {
                        acknowledged.assembler.start(segment.acknowledgment);
                    }
                }
                Opening::Unseen | Opening::Acknowledged => {}
            }
        }
    }
}

/// Notes what a segment tells a history by itself.
fn tell(history: &mut History, half: Half, segment: &Segment) {
    let flags = segment.flags;
    if flags.syn() && (flags.fin() || flags.rst()) {
        history.note(half, Event::SynWithEnd);
    }
    if flags.fin() && flags.rst() {
        history.note(half, Event::FinWithReset);
    }
    if flags.syn() {
        history.note(half, if flags.ack() { Event::SynAck } else { Event::Syn });
    }
    if segment.window == 0 && !flags.syn() && !flags.rst() {
        history.note(half, Event::ZeroWindow);
    }
    if segment.payload_original > 0 {
        history.note(half, Event::Payload);
    } else if flags.ack() && !flags.syn() && !flags.fin() && !flags.rst() {
        history.note(half, Event::Ack);
    }
    if flags.fin() {
        history.note(half, Event::Fin);
    }
    if flags.rst() {
        history.note(half, Event::Reset);
    }
}
