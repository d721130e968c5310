//! The parts that one thread writes for a commit.

use std::collections::BTreeMap;
use std::fs;

use datafusion::arrow::array::RecordBatch;
use schema::Table;
use schema::tables::packets;

use crate::Error;
use crate::store::part::{PartWriter, Written};
use crate::store::syncer::Syncer;
use crate::store::{PacketCodec, Store};

/// Parts in the making, at most one of a table. Dropped it removes them, unless they were taken or are kept.
#[derive(Debug)]
pub(crate) struct Lane {
    store: Store,
    /// Number of the next part, and how far the one after it lies behind: lanes beside one another take turns, so that numbers do not
    /// depend on which is faster.
    next_part: u64,
    step: u64,
    open: BTreeMap<&'static str, PartWriter>,
    /// Memory that the rows of open parts may take until they are written.
    memory_bytes: usize,
    codec: PacketCodec,
    syncer: Syncer,
    written: Vec<(&'static str, Written)>,
}

impl Lane {
    pub(super) fn new(store: Store, next_part: u64) -> Self {
        Self {
            store,
            next_part,
            step: 1,
            open: BTreeMap::new(),
            memory_bytes: usize::MAX,
            codec: PacketCodec::default(),
            syncer: Syncer::default(),
            written: Vec::new(),
        }
    }

    /// Lanes of the same commit for two threads. Their bounds of memory are their own.
    pub(super) fn split(&self) -> [Self; 2] {
        [0, 1].map(|place| {
            let mut lane = Self::new(self.store.clone(), self.next_part + place);
            lane.step = 2;
            lane.bound_memory(self.memory_bytes);
            lane.compress_by(self.codec);
            lane
        })
    }

    pub(super) fn bound_memory(&mut self, bytes: usize) {
        self.memory_bytes = bytes;
    }

    pub(super) fn compress_by(&mut self, codec: PacketCodec) {
        self.codec = codec;
    }

    /// Number that the next part would have.
    pub(super) fn next_part(&self) -> u64 {
        self.next_part
    }

    /// Appends rows to the table's open part.
    pub(crate) fn write(&mut self, table: &'static Table, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let part = match self.open.entry(table.name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let part = PartWriter::create(&self.store, table, self.next_part, self.codec)?;
                self.next_part += self.step;
                entry.insert(part)
            }
        };
        part.write(batch)?;
        if part.is_full() {
            self.seal(table)?;
        }
        self.keep_memory_small()
    }

    /// Ends the largest row groups early while all together are beyond their bound.
    fn keep_memory_small(&mut self) -> Result<(), Error> {
        loop {
            let rows = || (self.open.iter()).filter(|(name, _)| **name != packets::TABLE.name);
            let sizes = rows().map(|(name, part)| (part.memory_bytes(), *name));
            let Some((largest_bytes, largest)) = sizes.clone().max() else {
                return Ok(());
            };
            let sum: usize = sizes.map(|(bytes, _)| bytes).sum();
            if sum <= self.memory_bytes || largest_bytes == 0 {
                return Ok(());
            }
            let Some(part) = self.open.get_mut(largest) else {
                return Ok(());
            };
            part.flush()?;
            if part.memory_bytes() >= largest_bytes {
                return Ok(());
            }
        }
    }

    /// Closes the table's open part, if there is one.
    pub(crate) fn seal(&mut self, table: &'static Table) -> Result<(), Error> {
        if let Some(part) = self.open.remove(table.name) {
            self.written.push((table.name, part.finish(&mut self.syncer)?));
        }
        Ok(())
    }

    /// Gives away what was written of a table: whoever takes it removes it.
    pub(super) fn take(&mut self, table: &Table) -> Vec<Written> {
        let (taken, others) = std::mem::take(&mut self.written)
            .into_iter()
            .partition::<Vec<_>, _>(|(of, _)| *of == table.name);
        self.written = others;
        taken.into_iter().map(|(_, part)| part).collect()
    }

    /// Closes all parts, and returns once their bytes last.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        while let Some((table, part)) = self.open.pop_first() {
            self.written.push((table, part.finish(&mut self.syncer)?));
        }
        self.syncer.finish()
    }

    /// Takes the parts of a lane that was beside.
    pub(super) fn adopt(&mut self, mut other: Self) -> Result<(), Error> {
        other.finish()?;
        self.written.append(&mut other.written);
        self.next_part = self.next_part.max(other.next_part);
        Ok(())
    }

    /// What was written.
    pub(super) fn written(&self) -> &[(&'static str, Written)] {
        &self.written
    }

    /// Lets what was written stay: a manifest names it.
    pub(super) fn keep(&mut self) {
        self.written.clear();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        for (table, part) in &self.written {
            // What cannot be removed now is swept by the next writer: no manifest names it.
            let _ = fs::remove_file(self.store.part_path(table, part.part()));
        }
    }
}
