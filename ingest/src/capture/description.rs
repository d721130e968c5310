//! What stands in a capture file besides packets.

use super::Interface;
use crate::{Anomalies, Anomaly, Limits};

/// What stands in the file besides packets.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// "pcap", "pcapng"; empty for an empty input.
    pub format: &'static str,
    /// "gzip", "zstd", "lz4".
    pub compression: Option<&'static str>,
    /// Interfaces of all sections.
    pub interfaces: Vec<Interface>,
    /// Comments on sections and interfaces.
    pub comments: Vec<String>,
    /// Decryption secrets blocks one after the other, without their options and little-endian.
    pub secrets: Vec<u8>,
    /// What was wrong besides the end of the reading.
    pub anomalies: Anomalies,
    /// Bytes of all texts, names of addresses included.
    pub(super) text_bytes: usize,
    /// Capture time of the last packet of a pcapng file.
    pub(super) last_time_ns: i64,
}

impl Description {
    /// A text of the file, unless all texts together would pass `block_bytes`. It ends at its first NUL: the format has
    /// none, but some writers end texts so, and Wireshark reads them so.
    pub(super) fn text(&mut self, bytes: &[u8], limits: &Limits) -> Option<String> {
        let text = text(bytes);
        self.has_room(text.len(), limits).then_some(text)
    }

    /// Keeps a comment on a section or an interface.
    pub(super) fn comment(&mut self, bytes: &[u8], limits: &Limits) {
        if self.comments.len() >= limits.interfaces {
            self.give_up("a comment", "interfaces");
            return;
        }
        let comment = self.text(bytes, limits);
        self.comments.extend(comment.filter(|comment| !comment.is_empty()));
    }

    /// Takes bytes of `block_bytes`, if so many are left.
    pub(super) fn has_room(&mut self, bytes: usize, limits: &Limits) -> bool {
        let sum = self.text_bytes.saturating_add(bytes);
        if sum > limits.block_bytes {
            self.give_up("a name or comment", "block_bytes");
            return false;
        }
        self.text_bytes = sum;
        true
    }

    /// Tells that something the file holds was not kept.
    pub(super) fn give_up(&mut self, what: &'static str, limit: &'static str) {
        self.anomalies.add(0, Anomaly::CaptureLimit { what, limit });
    }
}

/// A text of a capture file, up to its first NUL.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned()
}
