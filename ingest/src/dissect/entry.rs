//! What an entry says of itself: where it begins, its two sides, and the values that tables have of them.
//!
//! In: what a dissector knows of an exchange. Out: an [`Entry`], of which [`super::Context::common`] makes the fields that all rows share.

use super::Half;

/// Where a message begins: what identifies the entry it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Number of the packet that holds the first byte.
    pub packet: u64,
    /// Counts the messages that begin in that packet, from 0; in its second datagram from 65,536, and so on.
    pub index: u32,
    /// Capture time of that packet.
    pub timestamp_ns: i64,
}

impl Start {
    /// Of an entry that neither side of was seen: there is none.
    pub(crate) const NOWHERE: Self = Self {
        packet: 0,
        index: 0,
        timestamp_ns: 0,
    };
}

/// Counts the messages that begin in a packet, and the entries of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    /// The packets in which messages began last, with the next index of each. A segment that was held back in pieces is
    /// delivered with others between them.
    recent: [(u64, u32); 4],
    /// Entries appended so far.
    pub entries: u64,
}

impl Counter {
    /// Learns of a datagram that is not the first of its packet: the messages of others are counted from 0, its own from where no
    /// other's are.
    pub(crate) fn begin_at(&mut self, packet: u64, place: u16) {
        if place > 0 && self.recent.iter().all(|(recent, _)| *recent != packet) {
            self.recent.rotate_right(1);
            let [first, ..] = &mut self.recent;
            *first = (packet, u32::from(place) << u16::BITS);
        }
    }

    /// Counts a message that begins in a packet; gives its index there.
    pub(super) fn begin(&mut self, packet: u64) -> u32 {
        let place = self.recent.iter().position(|(recent, _)| *recent == packet);
        if place.is_none() {
            self.recent.rotate_right(1);
        }
        let [first, ..] = &mut self.recent;
        let slot = match place {
            Some(place) => self.recent.get_mut(place),
            None => {
                *first = (packet, 0);
                Some(first)
            }
        };
        slot.map_or(0, |(_, next)| std::mem::replace(next, next.saturating_add(1)))
    }
}

/// What an entry says of itself in the fields that all entries have.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The protocol's name, as `Protocol::name`.
    pub protocol: &'static str,
    /// Where the entry begins.
    pub start: Start,
    /// The half of the side that asked: it is `src`.
    pub client: Half,
    /// From the last byte of the request to the first of the response.
    pub elapsed_time_us: Option<i64>,
    /// What was asked for, in the protocol's own word; `None` if no request was seen.
    pub method: Option<&'a str>,
    /// Outcome as the protocol numbers it.
    pub status_code: Option<i64>,
    /// One line for a person.
    pub summary: &'a str,
    /// Number of the packet that holds the request's first byte.
    pub request_packet: Option<u64>,
    /// Number of the packet that holds the response's first byte.
    pub response_packet: Option<u64>,
}

impl<'a> Entry<'a> {
    /// The entry of an exchange that at least one side of was seen; it begins where its request does.
    pub(crate) fn of(protocol: &'static str, client: Half, request: Option<Side>, response: Option<Side>) -> Self {
        let start = request.or(response).map_or(Start::NOWHERE, |side| side.start);
        let elapsed_time_us = request
            .zip(response)
            .map(|(request, response)| elapsed_us(request.end_ns, response.start.timestamp_ns));
        Self {
            protocol,
            start,
            client,
            elapsed_time_us,
            method: None,
            status_code: None,
            summary: "",
            request_packet: request.map(|side| side.start.packet),
            response_packet: response.map(|side| side.start.packet),
        }
    }
}

/// One side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// Where it begins.
    pub start: Start,
    /// Capture time of its last byte.
    pub end_ns: i64,
    /// Its length.
    pub bytes: u64,
}

/// The sizes of an exchange as the tables have them: request, response, both; `None` where the side was not seen.
pub(super) fn sizes(request: Option<Side>, response: Option<Side>) -> [Option<i64>; 3] {
    let bytes = |side: Option<Side>| side.map(|side| number(side.bytes));
    let (request, response) = (bytes(request), bytes(response));
    let total = request.unwrap_or(0).saturating_add(response.unwrap_or(0));
    [request, response, Some(total)]
}

/// A count as the tables hold it: no capture has packets or bytes beyond 63 bits.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Microseconds between two capture times; 0 if the clock went back.
pub(super) fn elapsed_us(from_ns: i64, to_ns: i64) -> i64 {
    (to_ns.saturating_sub(from_ns) / 1000).max(0)
}

/// Cuts a text for a summary, so that one entry stays one line.
pub(super) fn shorten(text: &str, most_bytes: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= most_bytes {
        return text.into();
    }
    let end = text.floor_char_boundary(most_bytes);
    format!("{}…", text.get(..end).unwrap_or_default()).into()
}
