//! The names that one address had, in the order in which they were told.

use std::sync::Arc;

use super::{Lookup, Naming};

/// Names kept of one address; beyond it the earliest is forgotten.
const HISTORY: usize = 8;

/// Memory that an address takes besides its names: its place in the book, with the spare places of a hash table.
const ADDRESS_BYTES: usize = 80;
/// Memory that a name takes besides its text.
const NAME_BYTES: usize = size_of::<Name>() + 32;

/// The names of one address, by the packet that told them. Most addresses never have a second one.
#[derive(Debug)]
pub(super) struct History {
    first: Name,
    later: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    packet: u64,
    time_ns: i64,
    name: Arc<str>,
    lookup: Lookup,
}

impl History {
    /// The history of an address that has its first name.
    pub(super) fn new(naming: Naming) -> Self {
        Self {
            first: naming.into(),
            later: Vec::new(),
        }
    }

    /// Adds a name. It may have been told before the last one: what a hole in a stream held up comes late.
    pub(super) fn add(&mut self, naming: Naming) {
        let name = Name::from(naming);
        let earlier = || self.names().take_while(|known| known.packet <= name.packet);
        let is_outdone = name.lookup == Lookup::Reverse && earlier().any(|known| known.lookup == Lookup::Forward);
        if is_outdone || earlier().last().is_some_and(|known| known.says_the_same(&name)) {
            return;
        }
        match earlier().count().checked_sub(1) {
            Some(place) => self.later.insert(place, name),
            None => self.later.insert(0, std::mem::replace(&mut self.first, name)),
        }
        if self.later.len() >= HISTORY {
            self.first = self.later.remove(0);
        }
    }

    /// The last name that was told before a packet.
    pub(super) fn last_before(&self, packet: u64) -> Option<&str> {
        preferred(self.names().rev().filter(|name| name.packet < packet))
    }

    /// The last name that was told until a time.
    pub(super) fn last_until(&self, time_ns: i64) -> Option<&str> {
        preferred(self.names().rev().filter(|name| name.time_ns <= time_ns))
    }

    /// The first name that was told until a time.
    pub(super) fn first_until(&self, time_ns: i64) -> Option<&str> {
        preferred(self.names().filter(|name| name.time_ns <= time_ns))
    }

    fn names(&self) -> impl DoubleEndedIterator<Item = &Name> + Clone {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// Memory that the address takes in the book, about.
    pub(super) fn held_bytes(&self) -> usize {
        let names = self.names().map(|name| NAME_BYTES.saturating_add(name.name.len()));
        names.fold(ADDRESS_BYTES, usize::saturating_add)
    }
}

impl Name {
    fn says_the_same(&self, other: &Name) -> bool {
        self.lookup == other.lookup && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl From<Naming> for Name {
    fn from(naming: Naming) -> Self {
        Self {
            packet: naming.packet,
            time_ns: naming.time_ns,
            name: naming.name,
            lookup: naming.lookup,
        }
    }
}

/// Of these names the one that counts: the first that no reverse lookup told, else the first.
fn preferred<'h>(mut names: impl Iterator<Item = &'h Name> + Clone) -> Option<&'h str> {
    let forward = names.clone().find(|name| name.lookup == Lookup::Forward);
    forward.or_else(|| names.next()).map(|name| &*name.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The history that these lines tell: packet, "forward" or "reverse", name. Packet n comes at time 10 n.
    fn history(told: &[(u64, &str, &str)]) -> History {
        let mut namings = told.iter().map(|(packet, lookup, name)| Naming {
            packet: *packet,
            time_ns: *packet as i64 * 10,
            address: [192, 0, 2, 1].into(),
            name: (*name).into(),
            lookup: match *lookup {
                "forward" => Lookup::Forward,
                _ => Lookup::Reverse,
            },
        });
        let mut history = History::new(namings.next().expect("an address without a name has no history"));
        namings.for_each(|naming| history.add(naming));
        history
    }

    #[track_caller]
    fn check(told: &[(u64, &str, &str)], last_before: &[(u64, &str)]) {
        let history = history(told);
        for (packet, name) in last_before {
            assert_eq!(
                history.last_before(*packet).unwrap_or(""),
                *name,
                "before packet {packet}"
            );
            let time_ns = (*packet as i64 - 1) * 10;
            assert_eq!(history.last_until(time_ns).unwrap_or(""), *name, "until time {time_ns}");
        }
    }

    #[test]
    fn later_names_replace_earlier_ones() {
        check(
            &[(1, "forward", "a"), (5, "forward", "b")],
            &[(1, ""), (2, "a"), (5, "a"), (6, "b")],
        );
        check(&[(1, "forward", "a"), (1, "forward", "b")], &[(1, ""), (2, "b")]);
        check(
            &[(5, "forward", "b"), (1, "forward", "a"), (3, "forward", "c")],
            &[(2, "a"), (4, "c"), (6, "b")],
        );
    }

    #[test]
    fn a_reverse_lookup_never_replaces_a_forward_one() {
        check(&[(1, "reverse", "p"), (3, "reverse", "q")], &[(2, "p"), (4, "q")]);
        check(&[(1, "forward", "a"), (3, "reverse", "p")], &[(2, "a"), (4, "a")]);
        check(
            &[(3, "forward", "a"), (1, "reverse", "p")],
            &[(1, ""), (2, "p"), (4, "a")],
        );
        check(
            &[(1, "reverse", "a"), (3, "forward", "a"), (5, "reverse", "p")],
            &[(2, "a"), (4, "a"), (6, "a")],
        );
    }

    #[test]
    fn the_first_name_is_one_that_was_told_until_the_time() {
        let told = history(&[(1, "reverse", "p"), (3, "forward", "a"), (5, "forward", "b")]);
        let firsts = [0, 10, 20, 30, 60].map(|time_ns| told.first_until(time_ns).unwrap_or(""));
        assert_eq!(firsts, ["", "p", "p", "a", "a"]);
    }

    #[test]
    fn names_that_differ_in_case_are_one() {
        let told = history(&[(1, "forward", "a.example"), (2, "forward", "A.exAMPle")]);
        assert_eq!((told.names().count(), told.last_before(9)), (1, Some("a.example")));
    }

    #[test]
    fn the_earliest_of_many_names_are_forgotten() {
        let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
        let told: Vec<_> = (0..)
            .zip(&names)
            .map(|(packet, name)| (packet, "forward", name.as_str()))
            .collect();
        let told = history(&told);
        assert_eq!(told.names().count(), HISTORY);
        assert_eq!((told.last_before(50), told.last_before(200)), (None, Some("n99")));
        assert_eq!(told.first_until(i64::MAX), Some("n92"));
    }
}
