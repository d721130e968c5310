//! A header block on its way: the frame that begins it and those that continue it.
//!
//! Specification: RFC 9113 §6.2, §6.6 and §6.10. What is beyond the caller's limit is counted and not kept.

use super::frame::{Frame, flag, kind, stream_id};
use crate::dissect::Start;

/// A header block on its way.
#[derive(Debug)]
pub(super) struct Block {
    /// The header of its first frame.
    pub frame: Frame,
    pub start: Start,
    pub bytes: Vec<u8>,
    /// Bytes that had no room or never came.
    pub missing_bytes: usize,
    /// The stream that a server announces with it.
    pub promised: Option<u32>,
    /// What surrounds the block in its first frame was removed.
    is_bare: bool,
    /// The frame being read is the last one.
    pub is_last: bool,
}

impl Block {
    /// A block whose first frame begins.
    pub fn new(frame: Frame, start: Start, is_last: bool) -> Self {
        Self {
            frame,
            start,
            bytes: Vec::new(),
            missing_bytes: 0,
            promised: None,
            is_bare: false,
            is_last,
        }
    }

    /// Adds bytes, unless earlier ones are missing.
    pub fn add(&mut self, bytes: &[u8], most_bytes: usize) {
        let room = if self.missing_bytes > 0 {
            0
        } else {
            most_bytes.saturating_sub(self.bytes.len())
        };
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(kept);
        let missing = bytes.len().saturating_sub(kept.len());
        self.missing_bytes = self.missing_bytes.saturating_add(missing);
    }

    /// Removes from the first frame what is not the block: padding, priority, the number of the promised stream (RFC 9113
    /// §6.2 and §6.6), if that was not done. `None` if it does not fit.
    pub fn lay_bare(&mut self) -> Option<()> {
        if self.is_bare {
            return Some(());
        }
        let mut bytes = self.bytes.as_slice();
        let mut padding_bytes = 0;
        if self.frame.has(flag::PADDED) {
            let (padding, rest) = bytes.split_first()?;
            (padding_bytes, bytes) = (usize::from(*padding), rest);
        }
        if self.frame.kind == kind::PUSH_PROMISE {
            let (stream, rest) = bytes.split_first_chunk::<4>()?;
            self.promised = Some(stream_id(*stream));
            bytes = rest;
        } else if self.frame.has(flag::PRIORITY) {
            bytes = bytes.get(5..)?;
        }
        let end = if self.missing_bytes > 0 {
            bytes.len()
        } else {
            bytes.len().checked_sub(padding_bytes)?
        };
        let before = self.bytes.len().saturating_sub(bytes.len());
        self.bytes.truncate(before.saturating_add(end));
        self.bytes.drain(..before);
        self.is_bare = true;
        Some(())
    }
}
