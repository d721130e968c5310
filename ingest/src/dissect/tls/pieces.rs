//! Pieces of a handshake that come in any order, to its bytes from the front: what QUIC and DTLS need where TCP gives a stream.
//!
//! The first copy of a byte counts. Limits: `handshake_bytes`, [`PIECES`].

use std::collections::BTreeMap;

use super::NAME;
use crate::Anomaly;
use crate::dissect::Context;

/// Pieces that wait for those in front of them: clients cut a hello into a few dozen at most, to keep boxes in the middle tolerant.
const PIECES: usize = 256;

/// Memory that a waiting piece takes besides its bytes, about.
const PIECE_BYTES: usize = 64;

/// Bytes that were given, and pieces beyond.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Pieces {
    /// Bytes from the front that were given.
    given: usize,
    waiting: BTreeMap<usize, Vec<u8>>,
    waiting_bytes: usize,
}

impl Pieces {
    /// Takes a piece at an offset; gives what follows the bytes that were given before, which may be nothing.
    pub fn take(&mut self, offset: u64, bytes: &[u8], packet: u64, context: &mut Context<'_>) -> Vec<u8> {
        let Some((start, end)) = usize::try_from(offset)
            .ok()
            .and_then(|start| Some((start, start.checked_add(bytes.len())?)))
        else {
            return Vec::new();
        };
        if end <= self.given {
            return Vec::new();
        }
        let is_known = self.waiting.get(&start).is_some_and(|known| known.len() >= bytes.len());
        if start > self.given {
            if is_known {
                return Vec::new();
            }
            let held_bytes = self.waiting_bytes.saturating_add(bytes.len());
            if held_bytes > context.limits.handshake_bytes || self.waiting.len() >= PIECES {
                let limit = "handshake_bytes";
                context
                    .anomalies
                    .add(packet, Anomaly::MessageLimit { protocol: NAME, limit });
                return Vec::new();
            }
            self.waiting_bytes = held_bytes;
            if let Some(replaced) = self.waiting.insert(start, bytes.to_vec()) {
                self.waiting_bytes = self.waiting_bytes.saturating_sub(replaced.len());
            }
            return Vec::new();
        }
        let mut next = bytes
            .get(self.given.saturating_sub(start)..)
            .unwrap_or_default()
            .to_vec();
        self.given = end;
        while let Some(waiting) = self
            .waiting
            .first_entry()
            .filter(|waiting| *waiting.key() <= self.given)
        {
            let (start, bytes) = waiting.remove_entry();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes.len());
            let new = bytes.get(self.given.saturating_sub(start)..).unwrap_or_default();
            next.extend_from_slice(new);
            self.given = self.given.saturating_add(new.len());
        }
        next
    }

    /// Bytes of memory that waiting pieces hold, about.
    pub fn held_bytes(&self) -> usize {
        self.waiting_bytes
            .saturating_add(self.waiting.len().saturating_mul(PIECE_BYTES))
    }
}
