//! Chunks of user data to user messages: what one half of an association says.
//!
//! Specification: RFC 9260 §3.3.1 and §6.9. A message in one chunk is given in place; one in pieces is put together by their transmission
//! sequence numbers, which follow each other. A chunk that was sent again gives nothing. A sequence number far from the others is somebody's
//! error as long as it is alone; a few in a row go on from there. Messages are given as they become whole and not
//! in the order of their streams: what is dissected pairs by numbers of its own. The time of a message is that of its first piece.
//!
//! Limits: `sctp_pieces`, `reassembly_bytes_per_half`. Absent on purpose: messages in pieces of I-DATA chunks, whose numbers do
//! not follow each other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::decode::sctp::UserData;
use crate::reassemble::Origin;
use crate::{Anomalies, Anomaly, Limits};

/// How many sequence numbers behind the newest it is known which of them came, and how far ahead of it the next may be.
const WINDOW: u32 = 1 << 11;
/// That window in words of bits.
const WINDOW_WORDS: usize = (WINDOW / u64::BITS) as usize;

/// How many sequence numbers in a row must come outside the window until it moves to them.
const STRAYS: u32 = 3;

/// Memory that a piece takes besides its bytes, about.
const PIECE_BYTES: usize = 64;

/// The messages of one half.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// The sequence numbers that came, once there is one.
    window: Option<Window>,
    /// Those that came outside of it since one came inside, and how many they are.
    strays: Option<(Box<Window>, u32)>,
    /// Pieces of messages that are not whole, by their sequence numbers.
    pieces: BTreeMap<u32, Piece>,
    held_bytes: usize,
    /// How many pieces begin a message, and how many end one.
    begins: usize,
    ends: usize,
}

/// The newest sequence number and which came of those before it.
#[derive(Debug)]
struct Window {
    newest: u32,
    /// A bit for each, at its place modulo the size.
    seen: [u64; WINDOW_WORDS],
}

#[derive(Debug)]
struct Piece {
    begins: bool,
    ends: bool,
    bytes: Vec<u8>,
    origin: Origin,
}

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UserMessage<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Where its first byte came.
    pub origin: Origin,
}

impl Messages {
    /// Takes a chunk of user data; gives the message that it makes whole.
    pub fn take<'a>(
        &mut self,
        data: &UserData<'a>,
        origin: Origin,
        limits: &Limits,
        anomalies: &mut Anomalies,
    ) -> Option<UserMessage<'a>> {
        if !self.is_new(data.tsn, origin, anomalies) {
            return None;
        }
        if data.begins && data.ends {
            let bytes = data.bytes.into();
            return Some(UserMessage { bytes, origin });
        }
        if data.is_interleaved {
            return None;
        }
        let piece = Piece {
            begins: data.begins,
            ends: data.ends,
            bytes: data.bytes.to_vec(),
            origin,
        };
        self.insert(data.tsn, piece);
        let whole = self.whole(data.tsn);
        while self.pieces.len() > limits.sctp_pieces || self.held_bytes > limits.reassembly_bytes_per_half {
            if self.oldest().and_then(|tsn| self.remove(tsn)).is_none() {
                break;
            }
            anomalies.add(origin.packet, Anomaly::ReassemblyLimit);
        }
        whole
    }

    /// Bytes held of messages that are not whole.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Forgets the pieces of messages that are not whole.
    pub fn forget(&mut self) {
        self.pieces.clear();
        (self.held_bytes, self.begins, self.ends) = (0, 0, 0);
    }

    /// Takes note of a sequence number; false if it came before, or is too old to tell.
    fn is_new(&mut self, tsn: u32, origin: Origin, anomalies: &mut Anomalies) -> bool {
        let window = self.window.get_or_insert_with(|| Window::new(tsn));
        if let Some(is_new) = window.note(tsn) {
            self.strays = None;
            return is_new;
        }
        let is_ahead = tsn.wrapping_sub(window.newest) < 1 << 31;
        let noted = self.strays.as_mut().and_then(|(strays, _)| strays.note(tsn));
        if noted == Some(false) {
            return false;
        }
        if noted.is_none() {
            let mut strays = Box::new(Window::new(tsn));
            strays.note(tsn);
            self.strays = Some((strays, 0));
        }
        let count = self.strays.as_mut().map_or(0, |(_, count)| {
            *count = count.saturating_add(1);
            *count
        });
        if count >= STRAYS {
            self.window = self.strays.take().map(|(strays, _)| *strays);
            return true;
        }
        // Of what is ahead a part was never captured; what is behind may have come before.
        if !is_ahead {
            let reason = "expected a transmission sequence number near the others, found one far behind";
            anomalies.add(origin.packet, Anomaly::Malformed { layer: "SCTP", reason });
        }
        is_ahead
    }

    fn insert(&mut self, tsn: u32, piece: Piece) {
        self.remove(tsn);
        self.held_bytes = self.held_bytes.saturating_add(piece.held_bytes());
        self.begins = self.begins.saturating_add(usize::from(piece.begins));
        self.ends = self.ends.saturating_add(usize::from(piece.ends));
        self.pieces.insert(tsn, piece);
    }

    fn remove(&mut self, tsn: u32) -> Option<Piece> {
        let piece = self.pieces.remove(&tsn)?;
        self.held_bytes = self.held_bytes.saturating_sub(piece.held_bytes());
        self.begins = self.begins.saturating_sub(usize::from(piece.begins));
        self.ends = self.ends.saturating_sub(usize::from(piece.ends));
        Some(piece)
    }

    /// The sequence number of the oldest piece: they begin anew behind the largest, so those above the newest are older.
    fn oldest(&self) -> Option<u32> {
        let newest = self.window.as_ref().map_or(u32::MAX, |window| window.newest);
        let above = newest.checked_add(1).and_then(|next| self.pieces.range(next..).next());
        above.or_else(|| self.pieces.first_key_value()).map(|(tsn, _)| *tsn)
    }

    /// Takes out the message that a piece belongs to, if all its pieces are there.
    fn whole(&mut self, tsn: u32) -> Option<UserMessage<'static>> {
        if self.begins == 0 || self.ends == 0 {
            return None;
        }
        let mut first = tsn;
        while !self.pieces.get(&first)?.begins {
            first = first.wrapping_sub(1);
        }
        let mut last = tsn;
        while !self.pieces.get(&last)?.ends {
            last = last.wrapping_add(1);
        }
        let mut message = self.remove(first)?;
        while first != last {
            first = first.wrapping_add(1);
            message.bytes.extend_from_slice(&self.remove(first)?.bytes);
        }
        Some(UserMessage {
            bytes: message.bytes.into(),
            origin: message.origin,
        })
    }
}

impl Window {
    fn new(newest: u32) -> Self {
        Self {
            newest,
            seen: [0; WINDOW_WORDS],
        }
    }

    /// Takes note of a sequence number; says whether it is new, or nothing if it is outside the window.
    fn note(&mut self, tsn: u32) -> Option<bool> {
        let ahead = tsn.wrapping_sub(self.newest);
        if ahead < WINDOW {
            while self.newest != tsn {
                self.newest = self.newest.wrapping_add(1);
                let (word, bit) = self.place(self.newest)?;
                *word &= !bit;
            }
        } else if self.newest.wrapping_sub(tsn) >= WINDOW {
            return None;
        }
        let (word, bit) = self.place(tsn)?;
        let is_new = *word & bit == 0;
        *word |= bit;
        Some(is_new)
    }

    fn place(&mut self, tsn: u32) -> Option<(&mut u64, u64)> {
        let place = tsn % WINDOW;
        let word = self.seen.get_mut((place / u64::BITS) as usize)?;
        Some((word, 1 << (place % u64::BITS)))
    }
}

impl Piece {
    fn held_bytes(&self) -> usize {
        self.bytes.len().saturating_add(PIECE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What chunks give: each is its number, "B" if it begins a message, "E" if it ends one, and its bytes.
    fn messages(chunks: &str) -> Vec<String> {
        messages_and_drops(chunks).0
    }

    /// The same, and how often a chunk was dropped.
    fn messages_and_drops(chunks: &str) -> (Vec<String>, u64) {
        let (mut messages, mut anomalies) = (Messages::default(), Anomalies::default());
        let mut given = Vec::new();
        for (packet, chunk) in (1..).zip(chunks.split(' ')) {
            let [tsn, flags, bytes] = chunk.split(':').collect::<Vec<_>>()[..] else {
                panic!("expected number:flags:bytes, found {chunk}");
            };
            let data = UserData {
                tsn: tsn.parse().expect("a number"),
                begins: flags.contains('B'),
                ends: flags.contains('E'),
                is_interleaved: false,
                bytes: bytes.as_bytes(),
            };
            let origin = Origin {
                packet,
                timestamp_ns: 0,
            };
            let whole = messages.take(&data, origin, &Limits::default(), &mut anomalies);
            given.extend(
                whole.map(|whole| format!("{}@{}", String::from_utf8_lossy(&whole.bytes), whole.origin.packet)),
            );
        }
        assert_eq!(
            messages.held_bytes,
            messages.pieces.values().map(Piece::held_bytes).sum::<usize>()
        );
        let held = |is: fn(&Piece) -> bool| messages.pieces.values().filter(|piece| is(piece)).count();
        assert_eq!(
            (messages.begins, messages.ends),
            (held(|piece| piece.begins), held(|piece| piece.ends))
        );
        (given, anomalies.iter().map(|(_, finding)| finding.count).sum())
    }

    #[test]
    fn a_message_is_one_chunk_or_pieces_with_numbers_that_follow_each_other() {
        assert_eq!(messages("1:BE:a 2:B:b 3::c 4:E:d 5:BE:e"), ["a@1", "bcd@2", "e@5"]);
        assert_eq!(messages("4:E:d 2:B:b 5:BE:e 3::c"), ["e@3", "bcd@2"]);
        assert_eq!(messages("4294967295:B:a 0:E:b"), ["ab@1"]);
        assert_eq!(messages("1:B:a 3:E:c 4:B:d 5:E:e"), ["de@3"]);
    }

    #[test]
    fn a_chunk_that_was_sent_again_gives_nothing() {
        assert_eq!(messages("1:BE:a 1:BE:a 3:BE:c 2:BE:b 3:BE:c"), ["a@1", "c@3", "b@4"]);
        assert_eq!(messages("1:BE:a 1000:BE:b 1:BE:a 999:BE:c"), ["a@1", "b@2", "c@4"]);
        assert_eq!(messages("1:B:a 1:B:a 2:E:b 1:B:a"), ["ab@1"]);
    }

    #[test]
    fn one_odd_number_does_not_silence_a_half() {
        let (given, drops) = messages_and_drops("1:BE:a 1000000:BE:odd 2:BE:b 3:BE:c 2:BE:b");
        assert_eq!(given, ["a@1", "odd@2", "b@3", "c@4"]);
        assert_eq!(drops, 0);
        let (given, drops) = messages_and_drops("1000000:BE:odd 1:BE:a 2:BE:b 3:BE:c 1:BE:a 4:BE:d 3:BE:c");
        assert_eq!(given, ["odd@1", "c@4", "d@6"]);
        assert_eq!(drops, 2);
    }

    #[test]
    fn numbers_go_on_from_where_a_few_in_a_row_are() {
        assert_eq!(
            messages("1:BE:a 5000:BE:b 5001:BE:c 5001:BE:c 5002:BE:d 5000:BE:b 5003:BE:e"),
            ["a@1", "b@2", "c@3", "d@5", "e@7"]
        );
        assert_eq!(messages("1:BE:a 5000:B:b 5001::c 5002:E:d"), ["a@1", "bcd@2"]);
    }

    #[test]
    fn a_late_chunk_is_a_retransmission() {
        assert_eq!(messages("1:BE:a 1500:BE:b 2:BE:c 1:BE:a 2:BE:c"), ["a@1", "b@2", "c@3"]);
    }

    #[test]
    fn at_the_wrap_the_oldest_pieces_are_dropped() {
        let limits = Limits {
            sctp_pieces: 2,
            ..Limits::default()
        };
        let (mut messages, mut anomalies) = (Messages::default(), Anomalies::default());
        for tsn in [u32::MAX - 1, u32::MAX, 0, 1] {
            let data = UserData {
                tsn,
                begins: true,
                ends: false,
                is_interleaved: false,
                bytes: b"abc",
            };
            let origin = Origin {
                packet: 1,
                timestamp_ns: 0,
            };
            assert_eq!(messages.take(&data, origin, &limits, &mut anomalies), None);
        }
        assert_eq!(messages.pieces.keys().collect::<Vec<_>>(), [&0, &1]);
    }

    #[test]
    fn pieces_without_an_end_are_bounded() {
        let limits = Limits::default();
        let (mut messages, mut anomalies) = (Messages::default(), Anomalies::default());
        for tsn in 0..10_000 {
            let data = UserData {
                tsn,
                begins: true,
                ends: false,
                is_interleaved: false,
                bytes: b"abc",
            };
            let origin = Origin {
                packet: 1,
                timestamp_ns: 0,
            };
            assert_eq!(messages.take(&data, origin, &limits, &mut anomalies), None);
        }
        assert_eq!(messages.pieces.len(), limits.sctp_pieces);
        assert_eq!(messages.held_bytes, limits.sctp_pieces * (3 + PIECE_BYTES));
    }
}
