//! Chunks of user data to user messages: what one half of an association says.
//!
//! Specification: RFC 9260 §3.3.1 and §6.9. A message in one chunk is given in place; one in pieces is put together by their transmission
//! sequence numbers, which follow each other. A chunk that was sent again gives nothing. Messages are given as they become whole and not
//! in the order of their streams: what is dissected pairs by numbers of its own. The time of a message is that of its first piece.
//!
//! Limits: `sctp_pieces`, `reassembly_bytes_per_half`. Absent on purpose: messages in pieces of I-DATA chunks, whose numbers do
//! not follow each other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::decode::sctp::UserData;
use crate::reassemble::Origin;
use crate::{Anomalies, Anomaly, Limits};

/// How many sequence numbers behind the newest it is known which of them came.
const WINDOW: u32 = u128::BITS;

/// Memory that a piece takes besides its bytes, about.
const PIECE_BYTES: usize = 64;

/// The messages of one half.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// The newest sequence number, once there is one.
    newest: Option<u32>,
    /// Which came of those up to it; the lowest bit is the newest.
    seen: u128,
    /// Pieces of messages that are not whole, by their sequence numbers.
    pieces: BTreeMap<u32, Piece>,
    held_bytes: usize,
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
        if !self.is_new(data.tsn) {
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
        self.held_bytes = self.held_bytes.saturating_add(piece.held_bytes());
        self.pieces.insert(data.tsn, piece);
        let whole = self.whole(data.tsn);
        while self.pieces.len() > limits.sctp_pieces || self.held_bytes > limits.reassembly_bytes_per_half {
            let Some((_, oldest)) = self.pieces.pop_first() else {
                break;
            };
            self.held_bytes = self.held_bytes.saturating_sub(oldest.held_bytes());
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
        self.held_bytes = 0;
    }

    /// Takes note of a sequence number; false if it came before, or is too old to tell.
    fn is_new(&mut self, tsn: u32) -> bool {
        let newest = *self.newest.get_or_insert(tsn);
        let ahead = tsn.wrapping_sub(newest);
        if ahead < 1 << 31 {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
            self.newest = Some(tsn);
        }
        let behind = self.newest.map_or(0, |newest| newest.wrapping_sub(tsn));
        if behind >= WINDOW {
            return false;
        }
        let bit = 1_u128 << behind;
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }

    /// Takes out the message that a piece belongs to, if all its pieces are there.
    fn whole(&mut self, tsn: u32) -> Option<UserMessage<'static>> {
        let mut first = tsn;
        while !self.pieces.get(&first)?.begins {
            first = first.wrapping_sub(1);
        }
        let mut last = tsn;
        while !self.pieces.get(&last)?.ends {
            last = last.wrapping_add(1);
        }
        let mut message = self.pieces.remove(&first)?;
        self.held_bytes = self.held_bytes.saturating_sub(message.held_bytes());
        while first != last {
            first = first.wrapping_add(1);
            let next = self.pieces.remove(&first)?;
            self.held_bytes = self.held_bytes.saturating_sub(next.held_bytes());
            message.bytes.extend_from_slice(&next.bytes);
        }
        Some(UserMessage {
            bytes: message.bytes.into(),
            origin: message.origin,
        })
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
        given
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
