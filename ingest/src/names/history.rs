//! The names that one address had, in the order in which they were told.

use std::sync::Arc;

use super::{Lookup, Naming};

/// Names kept of one address; beyond it the earliest is forgotten.
const HISTORY: usize = 8;

/// Memory that an address takes besides its names: its place in the book, with the spare places of a hash table.
const ADDRESS_BYTES: usize = 96;

/// The names of one address, by the packet that told them.
#[derive(Debug, Default)]
pub(super) struct History {
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    packet: u64,
    time_ns: i64,
    name: Arc<str>,
    lookup: Lookup,
}

impl Name {
    fn is(&self, naming: &Naming) -> bool {
        self.lookup == naming.lookup && self.name.eq_ignore_ascii_case(&naming.name)
    }
}

impl History {
    /// Adds a name. It may have been told before the last one: what a hole in a stream held up comes late.
    pub(super) fn add(&mut self, naming: Naming) {
        let place = self.names.partition_point(|name| name.packet <= naming.packet);
        let (earlier, _) = self.names.split_at(place);
        let is_outdone = naming.lookup == Lookup::Reverse && earlier.iter().any(|name| name.lookup == Lookup::Forward);
        if is_outdone || earlier.last().is_some_and(|name| name.is(&naming)) {
            return;
        }
        let name = Name {
            packet: naming.packet,
            time_ns: naming.time_ns,
            name: naming.name,
            lookup: naming.lookup,
        };
        // Most addresses never have a second one.
        self.names.reserve_exact(usize::from(self.names.is_empty()));
        self.names.insert(place, name);
        if self.names.len() > HISTORY {
            self.names.remove(0);
        }
    }

    /// True if the last name is this one already.
    pub(super) fn says(&self, naming: &Naming) -> bool {
        let last = self.names.last();
        last.is_some_and(|name| name.packet <= naming.packet && name.is(naming))
    }

    /// The last name that was told before a packet.
    pub(super) fn last_before(&self, packet: u64) -> Option<&str> {
        self.last(|name| name.packet < packet)
    }

    /// The last name that was told until a time.
    pub(super) fn last_until(&self, time_ns: i64) -> Option<&str> {
        self.last(|name| name.time_ns <= time_ns)
    }

    /// The first name that was told until a time.
    pub(super) fn first_until(&self, time_ns: i64) -> Option<&str> {
        let mut told = self.names.iter().filter(|name| name.time_ns <= time_ns);
        let first = told.clone().find(|name| name.lookup == Lookup::Forward);
        first.or_else(|| told.next()).map(|name| &*name.name)
    }

    fn last(&self, is_told: impl Fn(&Name) -> bool) -> Option<&str> {
        let mut told = self.names.iter().rev().filter(|name| is_told(name));
        let last = told.clone().find(|name| name.lookup == Lookup::Forward);
        last.or_else(|| told.next()).map(|name| &*name.name)
    }

    /// Memory that the address takes in the book.
    pub(super) fn held_bytes(&self) -> usize {
        let names = self
            .names
            .iter()
            .map(|name| size_of::<Name>().saturating_add(name.name.len()));
        names.fold(ADDRESS_BYTES, usize::saturating_add)
    }
}
