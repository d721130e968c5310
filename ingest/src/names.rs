//! The names of addresses: what DNS responses and name resolution blocks told → `src_dns` and `dst_dns` of rows.
//!
//! In: namings, each with the packet that told it: those that shards found by the end of each epoch, and those of blocks. Out:
//! batches whose rows have names. Shards do not know each other's names, and a response names addresses of any of them; so
//! the writer keeps the book, and the columns are made here, when the rows of all shards have come together.
//!
//! An entry has the name that its address had before the entry's first packet. So has a connection; if its address had none,
//! the first that the address got while the connection lasted. A flow has the last name that the address got until its end.
//! What was told later replaces what was told earlier, but a reverse lookup (PTR) counts only where no other told a name. A name
//! resolution block names addresses from the first packet of its block on, and connections and flows that are not yet written.
//!
//! Limits: `name_bytes_per_shard`, `name_bytes`: the addresses that were named the longest time ago are forgotten. Of an
//! address the last `HISTORY` names are kept. Absent on purpose: times to live, which say how long to ask no more, and not how
//! long a connection lasts; names that are no host's (the root, and what is longer than a name can be).

mod history;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ahash::RandomState;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch, StringArray};
use schema::{Level, Table};

use crate::capture::{Block, Named};
use crate::{Anomalies, Anomaly, Limits};

use history::History;

/// Longest name, in bytes of text (RFC 1035 §2.3.4).
const NAME_BYTES: usize = 255;

/// The columns that hold the address and the name of an end.
const ENDS: [(&str, &str); 2] = [("src_ip", "src_dns"), ("dst_ip", "dst_dns")];

/// How a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The name was asked for, and the answer was the address.
    Forward,
    /// The address was asked for, and the answer was the name.
    Reverse,
}

/// One telling of an address's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Naming {
    /// The packet after which it is known.
    pub(crate) packet: u64,
    /// Capture time of that packet.
    pub(crate) time_ns: i64,
    pub(crate) address: IpAddr,
    pub(crate) name: Arc<str>,
    pub(crate) lookup: Lookup,
}

impl Naming {
    /// Memory that it takes, its name as if no other shared it.
    fn held_bytes(&self) -> usize {
        size_of::<Self>().saturating_add(self.name.len())
    }

    /// True if it says something: an address that is one, and the name of a host.
    fn is_sound(&self) -> bool {
        let is_name = !matches!(&*self.name, "" | ".") && self.name.len() <= NAME_BYTES;
        is_name && !self.address.is_unspecified()
    }
}

/// The names that a shard found and the writer does not yet know.
#[derive(Debug, Default)]
pub(crate) struct Found {
    namings: Vec<Naming>,
    held_bytes: usize,
}

impl Found {
    /// Adds a naming, if there is room for it.
    pub(crate) fn add(&mut self, naming: Naming, limits: &Limits, anomalies: &mut Anomalies) {
        if !naming.is_sound() {
            return;
        }
        let held_bytes = self.held_bytes.saturating_add(naming.held_bytes());
        if held_bytes > limits.name_bytes_per_shard {
            anomalies.add(naming.packet, Anomaly::NameLimit);
            return;
        }
        self.held_bytes = held_bytes;
        self.namings.push(naming);
    }

    /// Takes what was found so far.
    pub(crate) fn take(&mut self) -> Vec<Naming> {
        std::mem::take(self).namings
    }
}

/// The book of names.
///
/// What was named lately stands in one map, what was named before that in another. When the first holds half of what both
/// may, it becomes the second, whose addresses are forgotten: so each naming costs the same, however many there are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    recent: Addresses,
    older: Addresses,
}

#[derive(Debug, Default)]
struct Addresses {
    histories: HashMap<IpAddr, History, RandomState>,
    held_bytes: usize,
}

impl Names {
    /// Learns the names that shards found in one epoch.
    pub(crate) fn learn(&mut self, mut namings: Vec<Naming>, limits: &Limits, anomalies: &mut Anomalies) {
        // Stable: what one packet tells stays in the order of shards, and in each shard's own.
        namings.sort_by_key(|naming| naming.packet);
        for naming in namings {
            self.add(naming, limits, anomalies);
        }
    }

    /// Learns the names that stand in a block of the capture. They are not of its packets' time, but of all time.
    pub(crate) fn learn_block(&mut self, block: &Block, limits: &Limits, anomalies: &mut Anomalies) {
        for Named { address, name } in &block.names {
            let naming = Naming {
                packet: block.first_number.saturating_sub(1),
                time_ns: i64::MIN,
                address: *address,
                name: name.strip_suffix('.').unwrap_or(name).into(),
                lookup: Lookup::Forward,
            };
            if naming.is_sound() {
                self.add(naming, limits, anomalies);
            }
        }
    }

    fn add(&mut self, naming: Naming, limits: &Limits, anomalies: &mut Anomalies) {
        let (address, packet) = (naming.address, naming.packet);
        let held_bytes = match self.recent.histories.get_mut(&address) {
            Some(history) => {
                let before = history.held_bytes();
                history.add(naming);
                self.recent
                    .held_bytes
                    .saturating_sub(before)
                    .saturating_add(history.held_bytes())
            }
            None => {
                let history = match self.older.remove(address) {
                    Some(mut history) => {
                        history.add(naming);
                        history
                    }
                    None => History::new(naming),
                };
                let held_bytes = self.recent.held_bytes.saturating_add(history.held_bytes());
                self.recent.histories.insert(address, history);
                held_bytes
            }
        };
        self.recent.held_bytes = held_bytes;
        if held_bytes > limits.name_bytes / 2 {
            let forgotten = std::mem::replace(&mut self.older, std::mem::take(&mut self.recent));
            for _ in forgotten.histories {
                anomalies.add(packet, Anomaly::NameLimit);
            }
        }
    }

    fn history(&self, address: IpAddr) -> Option<&History> {
        let recent = self.recent.histories.get(&address);
        recent.or_else(|| self.older.histories.get(&address))
    }

    /// Gives the rows of a batch the names of their ends.
    pub(crate) fn fill(&self, table: &Table, batch: RecordBatch) -> RecordBatch {
        if self.recent.histories.is_empty() && self.older.histories.is_empty() {
            return batch;
        }
        let spans = Spans::of(table, &batch);
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        let mut recall = Recall::new(self);
        for (address, name) in ENDS {
            let addresses = batch
                .column_by_name(address)
                .expect("every row has this column")
                .as_string::<i32>();
            let names: StringArray = addresses
                .iter()
                .enumerate()
                .map(|(row, text)| {
                    let history = recall.history(text?)?;
                    spans.name(row, history)
                })
                .collect();
            if names.null_count() < names.len() {
                let place = schema.index_of(name).expect("every row has this column");
                columns[place] = Arc::new(names);
            }
        }
        RecordBatch::try_new(schema, columns).expect("a column was exchanged for one of its type and length")
    }
}

impl Addresses {
    fn remove(&mut self, address: IpAddr) -> Option<History> {
        let history = self.histories.remove(&address)?;
        self.held_bytes = self.held_bytes.saturating_sub(history.held_bytes());
        Some(history)
    }
}

/// What was looked up lately: a few addresses are many rows'.
struct Recall<'a> {
    names: &'a Names,
    hasher: RandomState,
    /// An address as text and what is known of it, in a slot that depends on the text.
    slots: Vec<(&'a str, Option<&'a History>)>,
}

impl<'a> Recall<'a> {
    const SLOTS: usize = 1024;

    fn new(names: &'a Names) -> Self {
        Self {
            names,
            hasher: RandomState::default(),
            // No address is an empty text.
            slots: vec![("", None); Self::SLOTS],
        }
    }

    fn history(&mut self, address: &'a str) -> Option<&'a History> {
        let slot = self.hasher.hash_one(address) as usize % Self::SLOTS;
        let (known, history) = self.slots.get_mut(slot)?;
        if *known != address {
            *known = address;
            *history = address.parse().ok().and_then(|address| self.names.history(address));
        }
        *history
    }
}

/// Where the rows of a batch begin and end.
struct Spans<'a> {
    level: Level,
    first_packets: &'a [i64],
    /// Capture times of the last packets; none for entries.
    ends_ns: &'a [i64],
}

impl<'a> Spans<'a> {
    fn of(table: &Table, batch: &'a RecordBatch) -> Self {
        let ids = batch.column_by_name("id").expect("every row has this column");
        let ends = batch.column_by_name("end_time");
        Self {
            level: table.level,
            first_packets: ids.as_primitive::<Int64Type>().values(),
            ends_ns: ends.map_or(&[], |ends| ends.as_primitive::<TimestampNanosecondType>().values()),
        }
    }

    /// The name of a row's end, of those that its address had.
    fn name<'h>(&self, row: usize, history: &'h History) -> Option<&'h str> {
        let first_packet = u64::try_from(*self.first_packets.get(row)?).ok()?;
        let end_ns = self.ends_ns.get(row);
        match (self.level, end_ns) {
            (Level::Flow, Some(end_ns)) => history.last_until(*end_ns),
            (Level::Connection, Some(end_ns)) => history
                .last_before(first_packet)
                .or_else(|| history.first_until(*end_ns)),
            _ => history.last_before(first_packet),
        }
    }
}
