//! permessage-deflate: payloads to what they said before compression.
//!
//! Specification: RFC 7692 §7. A message may refer to the 32 KiB before it, those of earlier messages included, so that all
//! must be inflated to read one. Limits: of a message no more than `inflated_bytes` are made, and of a connection no more than
//! `inflate_ratio` allows for what came, lest few bytes keep a processor busy; after that, and after damage or a gap, what refers to it cannot be read.

use crate::Limits;
use flate2::{Decompress, FlushDecompress, Status};

/// What a compressed message lacks at its end (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Memory that decompression takes: a window, and tables.
const HELD_BYTES: usize = 48 << 10;

/// Bytes that may be made before any were earned by what came.
const GRANT_BYTES: u64 = 256 << 10;

/// Bytes that are made at once.
const STEP_BYTES: usize = 1 << 10;

/// The state of one half.
#[derive(Debug)]
pub(super) struct Inflater {
    /// Made for the first compressed message.
    state: Option<Decompress>,
    /// Messages may refer to earlier ones.
    takes_over: bool,
    /// Nothing can be read any more: of this message, or at all.
    is_broken: bool,
    /// Bytes made of this message.
    made_bytes: usize,
    /// Bytes that the connection may still make, by what came.
    allowed_bytes: u64,
}

impl Inflater {
    /// A state at the beginning of a connection.
    pub fn new(takes_over: bool) -> Self {
        Self {
            state: None,
            takes_over,
            is_broken: false,
            made_bytes: 0,
            allowed_bytes: GRANT_BYTES,
        }
    }

    /// Begins a message. Where none refers to an earlier one, what was lost before it is no matter.
    pub fn begin(&mut self) {
        self.made_bytes = 0;
        if !self.takes_over {
            self.is_broken = false;
            if let Some(state) = &mut self.state {
                state.reset(false);
            }
        }
    }

    /// Takes the next bytes of a message; keeps what they make up to `body_bytes`.
    pub fn add(&mut self, bytes: &[u8], kept: &mut Vec<u8>, limits: &Limits) {
        let earned = (bytes.len() as u64).saturating_mul(limits.inflate_ratio);
        self.allowed_bytes = self.allowed_bytes.saturating_add(earned);
        self.inflate(bytes, kept, limits);
    }

    fn inflate(&mut self, bytes: &[u8], kept: &mut Vec<u8>, limits: &Limits) {
        let most_kept_bytes = limits.body_bytes;
        let mut rest = bytes;
        let mut made = [0; STEP_BYTES];
        while !self.is_broken {
            // Nobody refers to what is beyond the kept bytes.
            if !self.takes_over && kept.len() >= most_kept_bytes {
                return;
            }
            let state = self.state.get_or_insert_with(|| Decompress::new(false));
            let (in_before, out_before) = (state.total_in(), state.total_out());
            let status = state.decompress(rest, &mut made, FlushDecompress::Sync);
            let count = |before: u64, after: u64| usize::try_from(after.saturating_sub(before)).unwrap_or_default();
            let (used, length) = (count(in_before, state.total_in()), count(out_before, state.total_out()));
            rest = rest.get(used..).unwrap_or_default();
            let room = most_kept_bytes.saturating_sub(kept.len());
            kept.extend_from_slice(made.get(..length.min(room)).unwrap_or_default());
            self.made_bytes = self.made_bytes.saturating_add(length);
            let is_allowed = self.allowed_bytes >= length as u64;
            self.allowed_bytes = self.allowed_bytes.saturating_sub(length as u64);
            match status {
                // A block that calls itself the last one does not end the message (RFC 7692 §7.2.3.5).
                Ok(Status::StreamEnd) => state.reset(false),
                Ok(Status::Ok | Status::BufError) if length == made.len() => {}
                Ok(Status::Ok | Status::BufError) => return,
                Err(_) => self.lose(),
            }
            if self.made_bytes > limits.inflated_bytes || !is_allowed {
                self.lose();
            }
            if rest.is_empty() && length < made.len() {
                return;
            }
        }
    }

    /// Ends a message.
    pub fn end(&mut self, kept: &mut Vec<u8>, limits: &Limits) {
        self.inflate(&TAIL, kept, limits);
    }

    /// Learns that bytes are missing.
    pub fn lose(&mut self) {
        self.is_broken = true;
        if self.takes_over {
            self.state = None;
        }
    }

    /// Bytes of memory that the state holds, about.
    pub fn held_bytes(&self) -> usize {
        self.state.as_ref().map_or(0, |_| HELD_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    fn deflate(state: &mut Compress, text: &[u8]) -> Vec<u8> {
        let mut compressed = Vec::with_capacity(text.len() + 100);
        state
            .compress_vec(text, &mut compressed, FlushCompress::Sync)
            .expect("there is room");
        assert!(compressed.ends_with(&TAIL));
        compressed.truncate(compressed.len() - TAIL.len());
        compressed
    }

    fn inflate(inflater: &mut Inflater, message: &[u8], piece_bytes: usize) -> String {
        let limits = Limits {
            body_bytes: 100,
            inflated_bytes: 10_000,
            ..Limits::default()
        };
        let mut kept = Vec::new();
        inflater.begin();
        for piece in message.chunks(piece_bytes) {
            inflater.add(piece, &mut kept, &limits);
        }
        inflater.end(&mut kept, &limits);
        String::from_utf8(kept).expect("text")
    }

    #[test]
    fn messages_refer_to_earlier_ones() {
        let mut state = Compress::new(Compression::default(), false);
        let mut message = || deflate(&mut state, b"hello, hello, hello");
        let messages = [message(), vec![0], message()];
        for piece_bytes in [1, 3, 100] {
            let mut inflater = Inflater::new(true);
            let texts: Vec<String> = messages
                .iter()
                .map(|message| inflate(&mut inflater, message, piece_bytes))
                .collect();
            assert_eq!(texts, ["hello, hello, hello", "", "hello, hello, hello"]);
        }
        // Without the first the third is not known, and so is what follows damage.
        assert_eq!(inflate(&mut Inflater::new(true), &messages[2], 100), "");
        let mut inflater = Inflater::new(true);
        inflater.lose();
        assert_eq!(inflate(&mut inflater, &messages[0], 100), "");
        let mut inflater = Inflater::new(false);
        inflater.lose();
        assert_eq!(inflate(&mut inflater, &messages[0], 100), "hello, hello, hello");
    }

    #[test]
    fn many_short_messages_cannot_make_much() {
        let mut state = Compress::new(Compression::best(), false);
        let mut inflater = Inflater::new(true);
        let limits = Limits::default();
        let (mut came, mut made) = (0, 0);
        for _ in 0..20 {
            let bomb = deflate(&mut state, &[b'a'; 1 << 20]);
            let mut kept = Vec::new();
            inflater.begin();
            inflater.add(&bomb, &mut kept, &limits);
            inflater.end(&mut kept, &limits);
            (came, made) = (came + bomb.len() as u64, made + inflater.made_bytes as u64);
        }
        assert!(inflater.is_broken);
        assert!(made <= GRANT_BYTES + came * limits.inflate_ratio + STEP_BYTES as u64);
    }

    #[test]
    fn a_short_message_cannot_make_much() {
        let bomb = deflate(&mut Compress::new(Compression::best(), false), &[b'a'; 1 << 20]);
        let mut inflater = Inflater::new(true);
        assert_eq!(inflate(&mut inflater, &bomb, 10), "a".repeat(100));
        assert!(inflater.is_broken && inflater.held_bytes() == 0);
        let mut inflater = Inflater::new(false);
        assert_eq!(inflate(&mut inflater, &bomb, 10), "a".repeat(100));
        assert_eq!(inflate(&mut inflater, &bomb, 10), "a".repeat(100));
    }

    #[test]
    fn a_last_block_does_not_end_a_message() {
        // A block of fixed codes that is the last one, then an empty one as the tail needs it (RFC 7692 §7.2.3.5).
        assert_eq!(
            inflate(&mut Inflater::new(true), b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 100),
            "Hello"
        );
    }
}
