//! The content of a message: what is kept of it, and how much there was.

use super::messages::Messages;
use crate::Limits;

/// The bytes kept of a message's content, and how many there were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// Bytes that travelled, those in gaps included.
    pub size_bytes: u64,
    /// The first of them, up to `Limits::body_bytes` or the first gap.
    pub kept: Vec<u8>,
    has_gap: bool,
    /// The messages in it, if it is that of a gRPC call.
    pub messages: Option<Box<Messages>>,
}

impl Content {
    /// Begins with the content of a message that says it is of this type.
    pub fn of(content_type: Option<&str>) -> Self {
        Self {
            messages: content_type.and_then(Messages::of).map(Box::new),
            ..Self::default()
        }
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8], limits: &Limits) {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        let room = limits.body_bytes.saturating_sub(self.kept.len());
        if room > 0 && !self.has_gap {
            self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if let Some(messages) = &mut self.messages {
            messages.add(bytes);
        }
    }

    /// Bytes of memory that it holds, about.
    pub fn held_bytes(&self) -> usize {
        let trailer_bytes = self.messages.as_ref().map_or(0, |messages| messages.trailer.len());
        self.kept.len().saturating_add(trailer_bytes)
    }

    /// Counts bytes that are another's to read.
    pub fn count(&mut self, bytes: u64) {
        self.size_bytes = self.size_bytes.saturating_add(bytes);
    }

    /// Counts bytes that never came.
    pub fn add_gap(&mut self, missing_bytes: u64) {
        self.size_bytes = self.size_bytes.saturating_add(missing_bytes);
        self.has_gap = true;
        if let Some(messages) = &mut self.messages {
            messages.skip(missing_bytes);
        }
    }
}
