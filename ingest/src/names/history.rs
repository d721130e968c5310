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

#[cfg(test)]
mod tests {
    use super::*;

    /// The history that these lines tell: packet, "forward" or "reverse", name. Packet n comes at time 10 n.
    fn history(told: &[(u64, &str, &str)]) -> History {
        let mut history = History::default();
        for (packet, lookup, name) in told {
            history.add(Naming {
                packet: *packet,
                time_ns: *packet as i64 * 10,
                address: [192, 0, 2, 1].into(),
                name: (*name).into(),
                lookup: match *lookup {
                    "forward" => Lookup::Forward,
                    _ => Lookup::Reverse,
                },
            });
        }
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
        assert_eq!((told.names.len(), told.last_before(9)), (1, Some("a.example")));
    }

    #[test]
    fn the_earliest_of_many_names_are_forgotten() {
        let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
        let told: Vec<_> = (0..)
            .zip(&names)
            .map(|(packet, name)| (packet, "forward", name.as_str()))
            .collect();
        let told = history(&told);
        assert_eq!(told.names.len(), HISTORY);
        assert_eq!((told.last_before(50), told.last_before(200)), (None, Some("n99")));
        assert_eq!(told.first_until(i64::MAX), Some("n92"));
    }
}
