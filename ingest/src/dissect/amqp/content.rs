//! Content that follows a method: a header frame and body frames.
//!
//! Specification: AMQP 0-9-1 §2.3.5.2, §4.2.6.

use super::frame::{Frame, kind};
use super::method::{long, short, short_text};
use crate::dissect::printable::printable;

/// Bytes shown of a content type.
const TYPE_BYTES: usize = 64;

/// In the flags of properties: there is a content type; more flags follow.
const HAS_TYPE: u16 = 1 << 15;
const HAS_MORE_FLAGS: u16 = 1;

/// Content, as far as it came.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Bytes of the whole body; `None` before the header.
    size_bytes: Option<u64>,
    come_bytes: u64,
    kind: Option<String>,
}

impl Content {
    /// Takes a frame of the content; true if it is whole.
    pub fn take(&mut self, frame: &Frame<'_>) -> bool {
        if frame.kind == kind::HEADER {
            // A header that is cut has no size; what ends the content then is the next method.
            let _ = self.header(frame.payload);
        } else {
            self.come_bytes = self.come_bytes.saturating_add(frame.payload_bytes);
        }
        self.size_bytes.is_some_and(|size| self.come_bytes >= size)
    }

    /// Its size and type, a space before each.
    pub fn text(&self) -> String {
        let Some(size) = self.size_bytes else {
            return String::new();
        };
        let unit = if size == 1 { "byte" } else { "bytes" };
        match &self.kind {
            Some(kind) => format!(" {size} {unit} {kind}"),
            None => format!(" {size} {unit}"),
        }
    }

    fn header(&mut self, payload: &[u8]) -> Option<()> {
        let mut rest = payload;
        let _class = short(&mut rest)?;
        let _weight = short(&mut rest)?;
        self.size_bytes = Some((u64::from(long(&mut rest)?) << 32) | u64::from(long(&mut rest)?));
        let flags = short(&mut rest)?;
        let mut more = flags;
        while more & HAS_MORE_FLAGS != 0 {
            more = short(&mut rest)?;
        }
        if flags & HAS_TYPE != 0 {
            self.kind = Some(printable(short_text(&mut rest)?, TYPE_BYTES));
        }
        Some(())
    }
}
