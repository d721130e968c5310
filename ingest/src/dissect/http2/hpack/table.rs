//! The tables that header blocks refer to.
//!
//! Specification: RFC 7541 §2.3, §4 and appendix A. The dynamic table is bounded by [`TABLE_BYTES`] whatever the peers agreed
//! on: newest entries are numbered first, so that only the oldest become unknown.

use std::collections::VecDeque;

/// Most bytes that a dynamic table holds, as the specification counts them.
pub(super) const TABLE_BYTES: usize = 64 << 10;

/// Bytes of a table before a peer changes that (RFC 9113 §6.5.2).
const INITIAL_BYTES: usize = 4096;

/// What an entry counts beyond its name and value (RFC 7541 §4.1).
const ENTRY_BYTES: usize = 32;

/// The entries of one half, the static ones included.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Entry>,
    size_bytes: usize,
    most_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// Name and value, one behind the other.
    text: Box<[u8]>,
    name_bytes: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            size_bytes: 0,
            most_bytes: INITIAL_BYTES,
        }
    }
}

impl Table {
    /// The name and the value of an entry; `None` if it is unknown.
    pub fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let place = index.checked_sub(1)?;
        match place.checked_sub(STATIC.len()) {
            None => STATIC
                .get(place)
                .map(|(name, value)| (name.as_bytes(), value.as_bytes())),
            Some(place) => {
                let entry = self.entries.get(place)?;
                entry.text.split_at_checked(entry.name_bytes)
            }
        }
    }

    /// Bytes of the dynamic entries, as the specification counts them.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Adds an entry. One larger than the table empties it (RFC 7541 §4.4).
    pub fn insert(&mut self, name: &[u8], value: &[u8]) {
        let entry = Entry {
            text: [name, value].concat().into(),
            name_bytes: name.len(),
        };
        let size_bytes = entry.size_bytes();
        self.evict(self.most_bytes.saturating_sub(size_bytes));
        if size_bytes <= self.most_bytes {
            self.size_bytes = self.size_bytes.saturating_add(size_bytes);
            self.entries.push_front(entry);
        }
    }

    /// Changes how much the table holds.
    pub fn resize(&mut self, most_bytes: usize) {
        self.most_bytes = most_bytes.min(TABLE_BYTES);
        self.evict(self.most_bytes);
    }

    /// Forgets all entries, because some were missed. How much the peer's table holds is then unknown as well; a table that
    /// holds more knows the same entries under the same numbers.
    pub fn forget(&mut self) {
        self.entries.clear();
        self.size_bytes = 0;
        self.most_bytes = TABLE_BYTES;
    }

    /// Removes the oldest entries until the others take no more than this.
    fn evict(&mut self, most_bytes: usize) {
        while self.size_bytes > most_bytes
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size_bytes = self.size_bytes.saturating_sub(oldest.size_bytes());
        }
    }
}

impl Entry {
    fn size_bytes(&self) -> usize {
        self.text.len().saturating_add(ENTRY_BYTES)
    }
}

/// RFC 7541 appendix A, from index 1.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
