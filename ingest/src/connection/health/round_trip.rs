//! Round trips: from a segment to the acknowledgment of its last byte.

use std::collections::VecDeque;

use crate::Limits;

/// Round trips of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundTrips {
    pub(crate) samples: u64,
    pub(crate) sum_ns: i64,
    pub(crate) shortest_ns: i64,
    pub(crate) longest_ns: i64,
    last_ns: i64,
    /// Sum of the differences of successive round trips.
    pub(crate) differences_ns: i64,
    /// How many differences there are.
    pub(crate) differences: u64,
}

impl RoundTrips {
    pub(super) fn add(&mut self, round_trip_ns: i64) {
        if self.samples == 0 {
            (self.shortest_ns, self.longest_ns) = (round_trip_ns, round_trip_ns);
        } else {
            let difference_ns = round_trip_ns.saturating_sub(self.last_ns).saturating_abs();
            self.differences_ns = self.differences_ns.saturating_add(difference_ns);
            self.differences = self.differences.saturating_add(1);
        }
        self.samples = self.samples.saturating_add(1);
        self.sum_ns = self.sum_ns.saturating_add(round_trip_ns);
        self.shortest_ns = self.shortest_ns.min(round_trip_ns);
        self.longest_ns = self.longest_ns.max(round_trip_ns);
        self.last_ns = round_trip_ns;
    }

    /// Adds those of another connection.
    pub(crate) fn merge(&mut self, other: &RoundTrips) {
        if other.samples == 0 {
            return;
        }
        if self.samples == 0 {
            *self = *other;
            return;
        }
        self.samples = self.samples.saturating_add(other.samples);
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.shortest_ns = self.shortest_ns.min(other.shortest_ns);
        self.longest_ns = self.longest_ns.max(other.longest_ns);
        self.differences_ns = self.differences_ns.saturating_add(other.differences_ns);
        self.differences = self.differences.saturating_add(other.differences);
    }
}

/// A segment that waits for its acknowledgment.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// Sequence number after its last byte.
    end: u32,
    time_ns: i64,
}

/// The segments of a half that wait for their acknowledgment, in the order in which they were captured.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    sent: VecDeque<Sent>,
    /// Some segment ends before the one that was captured before it.
    is_disordered: bool,
}

impl Unacknowledged {
    pub(super) fn sent(&mut self, end: u32, time_ns: i64, held: &mut usize, limits: &Limits) {
        let is_full = self.sent.len() >= limits.unacknowledged_segments_per_half
            || *held >= limits.unacknowledged_segments_per_shard;
        if is_full {
            // The oldest makes room: of a half that nobody acknowledges, or whose acknowledgments the capture misses.
            if self.sent.pop_front().is_none() {
                return;
            }
            *held = held.saturating_sub(1);
        }
        if self.sent.back().is_some_and(|last| super::before(end, last.end)) {
            self.is_disordered = true;
        }
        self.sent.push_back(Sent { end, time_ns });
        *held = held.saturating_add(1);
    }

    /// Drops the segments that an acknowledgment covers; gives the round trip if it acknowledges exactly up to the end of one. Of
    /// several with this end the one sent first counts.
    pub(super) fn acknowledged(&mut self, acknowledgment: u32, time_ns: i64, held: &mut usize) -> Option<i64> {
        let before = self.sent.len();
        let mut round_trip_ns = None;
        let mut is_covered = |sent: &Sent| {
            if sent.end == acknowledgment {
                round_trip_ns.get_or_insert(time_ns.saturating_sub(sent.time_ns));
            }
            !super::before(acknowledgment, sent.end)
        };
        if self.is_disordered {
            self.sent.retain(|sent| !is_covered(sent));
        } else {
            while self.sent.front().is_some_and(&mut is_covered) {
                self.sent.pop_front();
            }
        }
        if self.sent.is_empty() {
            self.is_disordered = false;
        }
        *held = held.saturating_sub(before.saturating_sub(self.sent.len()));
        // A clock too coarse for the round trip, or one that goes backwards, measures none.
        round_trip_ns.filter(|ns| *ns > 0)
    }

    pub(super) fn forget(&mut self, held: &mut usize) {
        *held = held.saturating_sub(self.sent.len());
        self.sent = VecDeque::new();
    }
}
