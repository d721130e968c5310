//! How well TCP works on a connection: what Wireshark's sequence analysis says of each segment, counted.
//!
//! In: segments as they were captured. Out: [`Counts`], round trips, times. It looks at numbers, windows and times alone, and
//! knows nothing of reassembly.
//!
//! Specification: Wireshark User's Guide, "TCP Analysis", whose definitions these are, with the values that its
//! dissector has where the guide is silent: a fast retransmission comes within 20 ms of the second repeated acknowledgment, an out-of-order
//! segment within the initial round trip (3 ms if it is unknown) of the one it should have preceded.
//!
//! Limits: `unacknowledged_segments_per_half`, `unacknowledged_segments_per_shard`: beyond them the oldest
//! segment of a half is forgotten, and no round trip taken of it.
//!
//! Absent on purpose: SACK and MPTCP, which change none of these counts but in corner cases; bytes in flight.

mod round_trip;
#[cfg(test)]
mod tests;

use super::index;
use crate::Limits;
use crate::decode::Segment;
use crate::dissect::Half;

pub(crate) use round_trip::RoundTrips;
use round_trip::Unacknowledged;

/// A retransmission this soon after repeated acknowledgments is a fast one.
const FAST_NS: i64 = 20_000_000;
/// How late an out-of-order segment may be if no round trip is known.
const OUT_OF_ORDER_NS: i64 = 3_000_000;
/// Repeated acknowledgments that make a sender retransmit at once; one of three may have been missed by the capture.
const REPEATS_FOR_FAST: i32 = 2;

/// Segments of a connection by what they show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// That can be sent again: with payload, SYN or FIN.
    pub(crate) data: u64,
    /// Sent again, fast and needless ones included.
    pub(crate) retransmissions: u64,
    /// Sent again at once, because acknowledgments were repeated.
    pub(crate) fast_retransmissions: u64,
    /// Captured after a later one.
    pub(crate) out_of_order: u64,
    /// Acknowledging once more what the one before acknowledged.
    pub(crate) dup_acks: u64,
    /// Before which others are missing.
    pub(crate) after_missing: u64,
    /// Announcing that the sender can receive nothing.
    pub(crate) zero_window: u64,
    /// Filling the receiver's window to the edge.
    pub(crate) window_full: u64,
    /// Repeating the last octet, or none, to see if the other side lives.
    pub(crate) keep_alive: u64,
    /// All of them, by which `window_bytes` is divided.
    pub(crate) segments: u64,
    /// Sum of the windows that they announce, scaled.
    pub(crate) window_bytes: u64,
}

impl Counts {
    /// Adds those of another connection.
    pub(crate) fn add(&mut self, other: &Counts) {
        let pairs = [
            (&mut self.data, other.data),
            (&mut self.retransmissions, other.retransmissions),
            (&mut self.fast_retransmissions, other.fast_retransmissions),
            (&mut self.out_of_order, other.out_of_order),
            (&mut self.dup_acks, other.dup_acks),
            (&mut self.after_missing, other.after_missing),
            (&mut self.zero_window, other.zero_window),
            (&mut self.window_full, other.window_full),
            (&mut self.keep_alive, other.keep_alive),
            (&mut self.segments, other.segments),
            (&mut self.window_bytes, other.window_bytes),
        ];
        for (sum, addend) in pairs {
            *sum = sum.saturating_add(addend);
        }
    }
}

/// What a segment shows besides its bytes, as far as the other side's next segment is read by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Nothing,
    KeepAlive,
    ZeroWindowProbe,
}

/// How a half's windows are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scale {
    /// No SYN told.
    #[default]
    Unknown,
    /// A SYN told that they are not.
    Unscaled,
    /// By this shift.
    Shift(u8),
}

/// One half as its sender: 0 stands for what is not known yet, as in the analysis that defines the counts.
#[derive(Debug, Default)]
struct Sender {
    /// Sequence number after the furthest segment.
    next: u32,
    next_time_ns: i64,
    /// Sequence number up to which nothing is missing, or was counted as missing.
    contiguous: u32,
    /// Window in the last segment, not scaled.
    window: Option<u16>,
    scale: Scale,
    /// Its SYN was the last segment without acknowledgment before: the window in it is not scaled.
    before_first_ack: bool,
    last_ack: u32,
    last_ack_time_ns: i64,
    /// Times that `last_ack` was repeated; −1 after an acknowledgment of bytes that nobody saw.
    repeats: i32,
    shown: Shown,
    unacknowledged: Unacknowledged,
}

/// The health of one connection.
#[derive(Debug, Default)]
pub(crate) struct Health {
    senders: [Sender; 2],
    pub(crate) counts: Counts,
    pub(crate) round_trips: RoundTrips,
    syn_time_ns: Option<i64>,
    /// From the last SYN before it to the first segment that acknowledges and is no SYN.
    pub(crate) initial_rtt_ns: Option<i64>,
    /// When the first payload of each half was captured.
    first_payload_ns: [Option<i64>; 2],
}

/// True if the first sequence number lies before the second.
fn before(first: u32, second: u32) -> bool {
    (first.wrapping_sub(second) as i32) < 0
}

impl Health {
    /// Takes a segment; `held` counts the unacknowledged segments of all connections of the shard.
    pub(crate) fn segment(&mut self, half: Half, segment: &Segment, time_ns: i64, held: &mut usize, limits: &Limits) {
        let [client, server] = &mut self.senders;
        let (sender, receiver) = match half {
            Half::Client => (client, server),
            Half::Server => (server, client),
        };
        let flags = segment.flags;
        let counts = &mut self.counts;
        let length = segment.payload_original;
        let opens = flags.syn() && !flags.ack();
        if opens && sender.next != 0 {
            // A SYN sent again: what a reset may have claimed in between does not count.
            sender.next = sender.contiguous;
        }
        let shown = sender.look(receiver, segment, counts);
        if segment.acknowledgment != sender.last_ack {
            sender.repeats = 0;
        }
        receiver.is_acknowledged(segment);
        let threshold_ns = self
            .initial_rtt_ns
            .filter(|rtt_ns| *rtt_ns != 0)
            .unwrap_or(OUT_OF_ORDER_NS);
        if length > 0 || flags.syn() || flags.fin() {
            if shown != Shown::KeepAlive {
                sender.judge(receiver, segment, time_ns, threshold_ns, counts);
            }
            counts.data = counts.data.saturating_add(1);
            let end = segment.end();
            sender.unacknowledged.sent(end, time_ns, held, limits);
        }
        sender.advance(segment, time_ns, shown);
        if let Some(round_trip_ns) = receiver
            .unacknowledged
            .acknowledged(segment.acknowledgment, time_ns, held)
        {
            self.round_trips.add(round_trip_ns);
        }
        counts.segments = counts.segments.saturating_add(1);
        counts.window_bytes = counts.window_bytes.saturating_add(sender.scaled_window(segment));
        if flags.syn() {
            sender.scale_by(receiver, segment);
            sender.before_first_ack = true;
        } else if flags.ack() {
            sender.before_first_ack = false;
        }
        if opens {
            self.syn_time_ns = Some(time_ns);
        } else if flags.ack() && !flags.syn() && self.initial_rtt_ns.is_none() {
            // A clock that goes backwards tells nothing.
            let rtt_ns = self.syn_time_ns.map(|syn_ns| time_ns.saturating_sub(syn_ns));
            self.initial_rtt_ns = rtt_ns.filter(|rtt_ns| *rtt_ns >= 0);
        }
        if length > 0 {
            self.first_payload_ns[index(half)].get_or_insert(time_ns);
        }
    }

    /// From the client's first payload to the server's.
    pub(crate) fn time_to_first_byte_ns(&self) -> Option<i64> {
        let [client, server] = self.first_payload_ns;
        Some(server?.saturating_sub(client?).max(0))
    }

    /// Shift of the client's windows.
    pub(crate) fn window_scale(&self) -> Option<u8> {
        match self.senders[index(Half::Client)].scale {
            Scale::Shift(shift) => Some(shift),
            Scale::Unknown | Scale::Unscaled => None,
        }
    }

    /// Forgets the segments that wait for acknowledgment, at the end of the connection.
    pub(crate) fn forget(&mut self, held: &mut usize) {
        for sender in &mut self.senders {
            sender.unacknowledged.forget(held);
        }
    }
}

impl Sender {
    /// Counts what windows and acknowledgments show; says how the other side's next segment is to be read.
    fn look(&mut self, receiver: &Sender, segment: &Segment, counts: &mut Counts) -> Shown {
        let (flags, length, window) = (segment.flags, segment.payload_original, segment.window);
        let is_next = segment.sequence == self.next;
        if length == 1 && is_next && receiver.window == Some(0) {
            return Shown::ZeroWindowProbe;
        }
        let plain = !flags.syn() && !flags.fin() && !flags.rst();
        let count = |counter: &mut u64| *counter = counter.saturating_add(1);
        if window == 0 && plain {
            count(&mut counts.zero_window);
        }
        if self.next != 0 && before(self.next, segment.sequence) && !flags.rst() {
            count(&mut counts.after_missing);
        }
        let mut shown = Shown::Nothing;
        if length <= 1 && segment.sequence == self.next.wrapping_sub(1) && plain {
            count(&mut counts.keep_alive);
            shown = Shown::KeepAlive;
        }
        if length > 0 && plain && receiver.edge() == Some(segment.sequence.wrapping_add(length)) {
            count(&mut counts.window_full);
        }
        let repeats =
            length == 0 && plain && Some(window) == self.window && is_next && segment.acknowledgment == self.last_ack;
        if repeats && window != 0 && receiver.shown != Shown::KeepAlive {
            self.repeats = if self.repeats < 0 {
                1
            } else {
                self.repeats.saturating_add(1)
            };
            count(&mut counts.dup_acks);
        }
        shown
    }

    /// Takes note of an acknowledgment by the other side, of bytes that may have been missed.
    fn is_acknowledged(&mut self, by: &Segment) {
        if self.contiguous == 0 || !by.flags.ack() || !before(self.contiguous, by.acknowledgment) {
            return;
        }
        if before(self.contiguous, self.next) {
            self.contiguous = self.next;
        } else {
            self.repeats = -1;
        }
    }

    /// Says of a segment with payload, SYN or FIN whether it was sent before, or is late.
    fn judge(&mut self, receiver: &Sender, segment: &Segment, time_ns: i64, threshold_ns: i64, counts: &mut Counts) {
        let (sequence, length) = (segment.sequence, segment.payload_original);
        // One octet back with more behind it: the octet before was a probe of a closed window.
        let behind_probe = length > 1 && sequence == self.next.wrapping_sub(1);
        let is_old = self.next != 0 && before(sequence, self.next) && !behind_probe;
        let count = |counter: &mut u64| *counter = counter.saturating_add(1);
        let is_acknowledged = receiver.last_ack != 0 && !before(receiver.last_ack, sequence.wrapping_add(length));
        if length > 0 && is_acknowledged {
            count(&mut counts.retransmissions);
            return;
        }
        if !is_old {
            return;
        }
        let since = |from_ns: i64| time_ns.checked_sub(from_ns).filter(|ns| *ns >= 0).unwrap_or(i64::MAX);
        if receiver.repeats >= REPEATS_FOR_FAST
            && receiver.last_ack == sequence
            && since(receiver.last_ack_time_ns) < FAST_NS
        {
            count(&mut counts.fast_retransmissions);
            count(&mut counts.retransmissions);
        } else if since(self.next_time_ns) < threshold_ns && segment.end() != self.next {
            count(&mut counts.out_of_order);
        } else {
            count(&mut counts.retransmissions);
        }
    }

    /// Remembers what the next segments are compared with.
    fn advance(&mut self, segment: &Segment, time_ns: i64, shown: Shown) {
        let end = segment.end();
        if shown != Shown::ZeroWindowProbe {
            if self.next == 0 || before(self.next, end) {
                self.next = end;
                self.next_time_ns = time_ns;
            }
            if self.contiguous == 0 || segment.sequence == self.contiguous {
                self.contiguous = self.next;
            }
        }
        self.window = Some(segment.window);
        self.last_ack = segment.acknowledgment;
        self.last_ack_time_ns = time_ns;
        self.shown = shown;
    }

    /// Sequence number after the last that this end has room for; `None` if its windows may be scaled and nobody knows how.
    fn edge(&self) -> Option<u32> {
        let shift = match self.scale {
            Scale::Unknown => return None,
            Scale::Shift(shift) if !self.before_first_ack => shift,
            Scale::Shift(_) | Scale::Unscaled => 0,
        };
        Some(self.last_ack.wrapping_add(u32::from(self.window?) << shift))
    }

    /// The window that a segment announces, in bytes.
    fn scaled_window(&self, segment: &Segment) -> u64 {
        match self.scale {
            Scale::Shift(shift) if !segment.flags.syn() => u64::from(segment.window) << shift,
            _ => u64::from(segment.window),
        }
    }

    /// Learns from a SYN whether windows are scaled: they are if both sides offer it.
    fn scale_by(&mut self, receiver: &mut Sender, segment: &Segment) {
        match segment.window_scale {
            Some(_) if segment.flags.ack() && receiver.scale == Scale::Unscaled => self.scale = Scale::Unscaled,
            Some(shift) => self.scale = Scale::Shift(shift),
            None if self.scale == Scale::Unknown => {
                self.scale = Scale::Unscaled;
                receiver.scale = Scale::Unscaled;
            }
            None => {}
        }
    }
}
