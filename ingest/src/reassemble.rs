//! Stage 5: TCP segments of one half → its bytes in order, or gaps.
//!
//! In: where a segment's bytes begin (sequence number), how many it had on the wire, and those that were captured. Out:
//! [`Piece`]s in stream order. It knows offsets only, nothing of what the bytes mean.
//!
//! Specification: RFC 9293 §3.4, §3.10. Overlap policy: the first copy of a byte counts. Limits: `reassembly_bytes_per_half`; a
//! segment beyond any window is left out unless others
//! follow it there; a hole is given up when the bytes behind it exceed the limit, or when the
//! other side acknowledged them and [`PATIENCE`] more segments came, for then the capture has missed them.

use std::collections::BTreeMap;

/// Segments to wait for bytes that the receiver has acknowledged: captures of several queues are a little out of order.
const PATIENCE: u32 = 16;
/// A segment further ahead than any window reaches is not of this stream (RFC 7323 §2.3).
const FURTHEST_BYTES: i64 = 1 << 30;

/// Segments that follow each other beyond any window until they count as the stream: the capture missed more than a window.
const ASTRAY: u32 = 4;

/// Memory that a held piece takes besides its bytes.
const PIECE_BYTES: usize = 128;
/// Held pieces that one segment is compared with: more than a segment of 64 KiB covers in real traffic.
const OVERLAPS: usize = 256;

/// The packet that bytes came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its number.
    pub packet: u64,
    /// Its capture time.
    pub timestamp_ns: i64,
}

/// The next piece of a half.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes held back until now; the last `missing_bytes` of the segment were not captured (snap length).
    Bytes {
        /// What was captured.
        bytes: Box<[u8]>,
        /// What follows and was cut.
        missing_bytes: u64,
        /// Where it came from.
        origin: Origin,
    },
    /// Bytes that never came.
    Gap {
        /// How many.
        missing_bytes: u64,
    },
}

/// What a segment's bytes are to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// They come next, but for the first `skip` that were delivered before: take them from the segment itself.
    Next {
        /// Bytes that are old.
        skip: usize,
    },
    /// They are held until the hole before them is filled.
    Held,
    /// Nothing in them is new.
    Old,
    /// They lie before the first byte of a stream that was picked up.
    Early,
    /// They cannot belong to this stream.
    Astray,
}

#[derive(Debug)]
struct Held {
    bytes: Box<[u8]>,
    original: u64,
    origin: Origin,
}

/// The assembler of one half.
#[derive(Debug, Default)]
pub struct Assembler {
    /// Sequence number of stream offset 0, once known.
    base: Option<u32>,
    /// Bytes delivered so far, gaps included.
    next: u64,
    /// How far before the first byte segments reached: a stream picked up in the middle of disorder. They are not delivered.
    early: u64,
    held: BTreeMap<u64, Held>,
    held_bytes: usize,
    /// Bytes seen, each counted once.
    pub unique_bytes: u64,
    /// Bytes that came again.
    pub repeated_bytes: u64,
    /// How far the other side has acknowledged.
    acknowledged: u64,
    /// Segments since it acknowledged bytes that are missing.
    waited: u32,
    /// Where the last segment beyond any window ended, and how many followed each other there.
    astray: Option<(u32, u32)>,
}

impl Assembler {
    /// Sets the sequence number of the first byte (the initial sequence number plus one).
    pub fn start(&mut self, sequence: u32) {
        self.base = Some(sequence);
    }

    /// True if the sequence number of the first byte is known.
    pub fn is_started(&self) -> bool {
        self.base.is_some()
    }

    /// True if no byte was delivered or is held.
    pub fn is_untouched(&self) -> bool {
        self.next == 0 && self.held.is_empty()
    }

    /// Places a segment of `original` bytes on the wire, `bytes` of which were captured.
    pub fn segment(
        &mut self,
        sequence: u32,
        original: u32,
        bytes: &[u8],
        origin: Origin,
        limit_bytes: usize,
    ) -> Placed {
        if self.base.is_none() {
            self.base = Some(sequence);
        }
        let Some(mut offset) = self.offset(sequence) else {
            return Placed::Old;
        };
        if offset.saturating_sub(self.next as i64) < -FURTHEST_BYTES {
            // Nothing so old is sent again: it lies ahead, more than half of all sequence numbers.
            offset = offset.saturating_add(1 << 32);
        }
        if offset.saturating_sub(self.next as i64) > FURTHEST_BYTES && !self.goes_on_astray(sequence, original) {
            return Placed::Astray;
        }
        let end = offset.saturating_add(i64::from(original));
        let early = self.count_early(offset, end);
        if end <= self.next as i64 {
            let repeated = u64::from(original).saturating_sub(early);
            self.repeated_bytes = self.repeated_bytes.saturating_add(repeated);
            return if repeated > 0 { Placed::Old } else { Placed::Early };
        }
        if offset > self.next as i64 {
            return self.hold(offset as u64, u64::from(original), bytes, origin, limit_bytes);
        }
        let skip = (self.next as i64).saturating_sub(offset);
        self.repeated_bytes = self.repeated_bytes.saturating_add((skip as u64).saturating_sub(early));
        let added = end.saturating_sub(self.next as i64) as u64;
        self.unique_bytes = self.unique_bytes.saturating_add(added);
        self.next = end as u64;
        // The hole before what is held is filled, or begins anew: each is waited for by itself.
        self.waited = 0;
        self.drop_covered();
        Placed::Next { skip: skip as usize }
    }

    /// Notes a segment beyond any window; true once so many follow each other that the capture must have missed what was before.
    fn goes_on_astray(&mut self, sequence: u32, original: u32) -> bool {
        let follows = self.astray.is_some_and(|(end, _)| end == sequence);
        let count = self
            .astray
            .filter(|_| follows)
            .map_or(1, |(_, count)| count.saturating_add(1));
        self.astray = Some((sequence.wrapping_add(original), count));
        count >= ASTRAY
    }

    /// Counts the bytes of a segment before the first of the stream that no segment had before; says how many.
    fn count_early(&mut self, offset: i64, end: i64) -> u64 {
        let known = -(self.early as i64);
        let new = end.min(known).saturating_sub(offset);
        if new <= 0 {
            return 0;
        }
        self.early = offset.unsigned_abs();
        self.unique_bytes = self.unique_bytes.saturating_add(new as u64);
        new as u64
    }

    /// The piece that comes next, if it is there: call until `None` after every segment.
    pub fn next_piece(&mut self) -> Option<Piece> {
        let (&offset, _) = self.held.first_key_value()?;
        if offset > self.next {
            return None;
        }
        self.take_first()
    }

    /// Learns what the other side acknowledges; gives a gap if those bytes will not come any more.
    pub fn acknowledge(&mut self, acknowledgment: u32) -> Option<Piece> {
        let offset = u64::try_from(self.offset(acknowledgment)?).ok()?;
        self.acknowledged = self.acknowledged.max(offset);
        let (&first, _) = self.held.first_key_value()?;
        if self.acknowledged < first || first <= self.next {
            self.waited = 0;
            return None;
        }
        self.waited = self.waited.saturating_add(1);
        (self.waited > PATIENCE).then(|| self.give_up_hole(first))
    }

    /// Gives up the first hole if more than `limit_bytes` wait behind it.
    pub fn over_limit(&mut self, limit_bytes: usize) -> Option<Piece> {
        let (&first, _) = self.held.first_key_value()?;
        (self.held_bytes > limit_bytes && first > self.next).then(|| self.give_up_hole(first))
    }

    /// At the end of the connection: everything held, with the gaps between. Call until `None`.
    pub fn drain(&mut self) -> Option<Piece> {
        let (&first, _) = self.held.first_key_value()?;
        if first > self.next {
            Some(self.give_up_hole(first))
        } else {
            self.take_first()
        }
    }

    /// Bytes held back.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// True if the stream was delivered up to this sequence number.
    pub fn has_reached(&self, sequence: u32) -> bool {
        self.offset(sequence).is_some_and(|offset| offset <= self.next as i64)
    }

    /// Stream offset of a sequence number, counted from the nearest place to what is expected next.
    fn offset(&self, sequence: u32) -> Option<i64> {
        let expected = self.base?.wrapping_add(self.next as u32);
        let distance = sequence.wrapping_sub(expected) as i32;
        Some((self.next as i64).saturating_add(i64::from(distance)))
    }

    fn hold(&mut self, offset: u64, original: u64, bytes: &[u8], origin: Origin, limit_bytes: usize) -> Placed {
        let mut at = offset;
        let end = offset.saturating_add(original);
        let mut held_any = false;
        for _ in 0..OVERLAPS {
            if at >= end {
                break;
            }
            let before = self.held.range(..=at).next_back();
            let covered = before
                .map(|(start, held)| start.saturating_add(held.original))
                .filter(|covered| *covered > at);
            if let Some(covered) = covered {
                self.repeated_bytes = self.repeated_bytes.saturating_add(covered.min(end).saturating_sub(at));
                at = covered;
                continue;
            }
            let next = self.held.range(at..end).next().map_or(end, |(start, _)| *start);
            let (from, to) = (at.saturating_sub(offset) as usize, next.saturating_sub(offset) as usize);
            let captured = bytes
                .get(from.min(bytes.len())..to.min(bytes.len()))
                .unwrap_or_default();
            if captured.len() > limit_bytes {
                return Placed::Astray;
            }
            let length = next.saturating_sub(at);
            self.unique_bytes = self.unique_bytes.saturating_add(length);
            self.held_bytes = self
                .held_bytes
                .saturating_add(captured.len().saturating_add(PIECE_BYTES));
            self.held.insert(
                at,
                Held {
                    bytes: captured.into(),
                    original: length,
                    origin,
                },
            );
            held_any = true;
            at = next;
        }
        if held_any { Placed::Held } else { Placed::Old }
    }

    /// Trims what is held and was delivered by a segment that reached over it.
    fn drop_covered(&mut self) {
        while let Some((&offset, held)) = self.held.first_key_value() {
            let end = offset.saturating_add(held.original);
            if offset >= self.next {
                break;
            }
            let Some(held) = self.held.remove(&offset) else { break };
            self.held_bytes = self
                .held_bytes
                .saturating_sub(held.bytes.len().saturating_add(PIECE_BYTES));
            let covered = end.min(self.next).saturating_sub(offset);
            // The bytes were counted when they were held and again when they were delivered.
            self.unique_bytes = self.unique_bytes.saturating_sub(covered);
            self.repeated_bytes = self.repeated_bytes.saturating_add(covered);
            if end > self.next {
                let bytes: Box<[u8]> = held.bytes.get(covered as usize..).unwrap_or_default().into();
                self.held_bytes = self.held_bytes.saturating_add(bytes.len().saturating_add(PIECE_BYTES));
                self.held.insert(
                    self.next,
                    Held {
                        bytes,
                        original: end.saturating_sub(self.next),
                        origin: held.origin,
                    },
                );
                break;
            }
        }
    }

    fn take_first(&mut self) -> Option<Piece> {
        let (_, held) = self.held.pop_first()?;
        self.held_bytes = self
            .held_bytes
            .saturating_sub(held.bytes.len().saturating_add(PIECE_BYTES));
        self.next = self.next.saturating_add(held.original);
        let missing_bytes = held.original.saturating_sub(held.bytes.len() as u64);
        Some(Piece::Bytes {
            bytes: held.bytes,
            missing_bytes,
            origin: held.origin,
        })
    }

    fn give_up_hole(&mut self, first: u64) -> Piece {
        let missing_bytes = first.saturating_sub(self.next);
        self.next = first;
        self.waited = 0;
        Piece::Gap { missing_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin {
        packet: 1,
        timestamp_ns: 0,
    };

    /// Feeds segments given as (sequence, bytes) and returns the delivered stream, gaps as `[n]`.
    #[track_caller]
    fn check(segments: &[(u32, &str)], expect: &str) {
        let mut assembler = Assembler::default();
        assembler.start(
            segments
                .iter()
                .map(|(sequence, _)| *sequence)
                .min()
                .expect("a test has segments"),
        );
        let mut stream = String::new();
        for (sequence, text) in segments {
            let bytes = text.as_bytes();
            if let Placed::Next { skip } = assembler.segment(*sequence, bytes.len() as u32, bytes, ORIGIN, 1000) {
                stream.push_str(&text[skip..]);
            }
            while let Some(piece) = assembler.next_piece() {
                push(&mut stream, piece);
            }
        }
        while let Some(piece) = assembler.drain() {
            push(&mut stream, piece);
        }
        assert_eq!(stream, expect);
    }

    fn push(stream: &mut String, piece: Piece) {
        match piece {
            Piece::Bytes { bytes, .. } => stream.push_str(&String::from_utf8_lossy(&bytes)),
            Piece::Gap { missing_bytes } => stream.push_str(&format!("[{missing_bytes}]")),
        }
    }

    #[test]
    fn streams() {
        check(&[(0, "abc"), (3, "def")], "abcdef");
        check(&[(0, "abc"), (6, "ghi"), (3, "def")], "abcdefghi");
        check(&[(0, "abc"), (0, "abc"), (3, "d")], "abcd");
        check(&[(0, "abc"), (1, "bcde")], "abcde");
        check(&[(0, "ab"), (5, "f"), (2, "cdefg")], "abcdefg");
        check(&[(0, "ab"), (4, "ef"), (2, "cde")], "abcdef");
        check(&[(0, "ab"), (4, "ef"), (8, "ij")], "ab[2]ef[2]ij");
    }

    #[test]
    fn a_stream_goes_on_behind_an_outage_of_any_length() {
        for outage in [100, 1 << 20, (1 << 30) + 1, 1 << 31, 5 << 29] {
            let mut assembler = Assembler::default();
            assembler.start(7);
            assert_eq!(
                assembler.segment(7, 3, b"abc", ORIGIN, 100_000),
                Placed::Next { skip: 0 }
            );
            let mut sequence = 10_u32.wrapping_add(outage);
            for _ in 0..8 {
                assembler.segment(sequence, 4, b"defg", ORIGIN, 100_000);
                sequence = sequence.wrapping_add(4);
            }
            let gap = assembler.over_limit(0);
            let missing =
                gap.map(|gap| matches!(gap, Piece::Gap { missing_bytes } if missing_bytes >= u64::from(outage)));
            assert_eq!(missing, Some(true), "{outage}");
            assert!(matches!(assembler.next_piece(), Some(Piece::Bytes { .. })), "{outage}");
        }
    }

    #[test]
    fn each_hole_is_waited_for_by_itself() {
        let mut assembler = Assembler::default();
        assembler.start(0);
        // Of each two segments the second comes first, and then the acknowledgment of both: a capture of several queues.
        for pair in 0..100 {
            let first = pair * 6;
            assert_eq!(assembler.segment(first + 3, 3, b"def", ORIGIN, 100), Placed::Held);
            assert_eq!(assembler.acknowledge(first + 6), None, "{pair}");
            assert_eq!(
                assembler.segment(first, 3, b"abc", ORIGIN, 100),
                Placed::Next { skip: 0 }
            );
            assert!(matches!(assembler.next_piece(), Some(Piece::Bytes { .. })));
        }
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut assembler = Assembler::default();
        assembler.start(u32::MAX - 1);
        assert_eq!(
            assembler.segment(u32::MAX - 1, 4, b"abcd", ORIGIN, 100),
            Placed::Next { skip: 0 }
        );
        assert_eq!(assembler.segment(2, 2, b"ef", ORIGIN, 100), Placed::Next { skip: 0 });
        assert_eq!((assembler.unique_bytes, assembler.repeated_bytes), (6, 0));
    }

    /// The assembler equals a bitmap: any order, any overlap, of one true stream gives that stream.
    #[test]
    fn equals_a_bitmap() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2000 {
            let truth: Vec<u8> = (0..64).map(|_| random.alphanumeric() as u8).collect();
            let mut seen = [false; 64];
            let mut assembler = Assembler::default();
            let base = random.u32(..);
            assembler.start(base);
            let mut stream = Vec::new();
            for _ in 0..random.usize(1..24) {
                let from = random.usize(0..63);
                let to = random.usize(from + 1..=64);
                seen[from..to].fill(true);
                let bytes = &truth[from..to];
                let sequence = base.wrapping_add(from as u32);
                if let Placed::Next { skip } = assembler.segment(sequence, bytes.len() as u32, bytes, ORIGIN, 1000) {
                    stream.extend_from_slice(&bytes[skip..]);
                }
                while let Some(Piece::Bytes { bytes, .. }) = assembler.next_piece() {
                    stream.extend_from_slice(&bytes);
                }
            }
            let mut at = stream.len();
            assert_eq!(stream, truth[..at]);
            assert_eq!(at, seen.iter().position(|seen| !seen).unwrap_or(64));
            while let Some(piece) = assembler.drain() {
                match piece {
                    Piece::Gap { missing_bytes } => {
                        assert!(seen[at..at + missing_bytes as usize].iter().all(|seen| !seen));
                        at += missing_bytes as usize;
                    }
                    Piece::Bytes {
                        bytes, missing_bytes, ..
                    } => {
                        assert_eq!((&*bytes, missing_bytes), (&truth[at..at + bytes.len()], 0));
                        at += bytes.len();
                    }
                }
            }
            assert_eq!(assembler.unique_bytes, seen.iter().filter(|seen| **seen).count() as u64);
        }
    }
}
