//! One commit in the making: parts are written, and become visible together or not at all.

use std::collections::BTreeMap;
use std::fs;

use datafusion::arrow::array::RecordBatch;
use schema::Table;
use schema::tables::packets;

use crate::Error;
use crate::store::part::PartWriter;
use crate::store::{Capture, Lock, Manifest, Part, Store, sync_directory};

/// Parts being written, under the lock of the one writer. Dropped without a commit it removes them.
#[derive(Debug)]
pub(crate) struct Transaction {
    store: Store,
    manifest: Manifest,
    open: BTreeMap<&'static str, PartWriter>,
    /// Memory that the rows of open parts may take until they are written.
    memory_bytes: usize,
    written: Vec<(&'static str, Part)>,
    committed: bool,
    _lock: Lock,
}

impl Transaction {
    /// Takes the lock, reads the manifest as it is now and removes what a crashed writer left.
    pub(crate) fn begin(store: &Store) -> Result<Self, Error> {
        let lock = Lock::take(store)?;
        let manifest = store.manifest()?;
        store.sweep(&manifest)?;
        Ok(Self {
            store: store.clone(),
            manifest,
            open: BTreeMap::new(),
            memory_bytes: usize::MAX,
            written: Vec::new(),
            committed: false,
            _lock: lock,
        })
    }

    /// Bounds the memory that the rows of open parts take until they are written. Packets are apart: a part of them is one row
    /// group, and whoever seals it bounds it.
    pub(crate) fn bound_memory(&mut self, bytes: usize) {
        self.memory_bytes = bytes;
    }

    /// The manifest on which the commit builds.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Appends rows to the table's open part.
    pub(crate) fn write(&mut self, table: &'static Table, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let part = match self.open.entry(table.name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let number = self.manifest.next_part;
                self.manifest.next_part += 1;
                entry.insert(PartWriter::create(&self.store, table, number)?)
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
            self.written.push((table.name, part.finish()?));
        }
        Ok(())
    }

    /// Makes everything written visible and lasting, with the capture it came from; returns the new manifest and what was
    /// added.
    pub(crate) fn commit(mut self, capture: Capture, packets: u64) -> Result<(Manifest, Added), Error> {
        let added = self.publish(capture, packets)?;
        sync_directory(self.store.path())?;
        Ok((self.manifest.clone(), added))
    }

    /// Makes everything written visible. Whatever fails after that, the parts stay: the manifest names them.
    pub(super) fn publish(&mut self, capture: Capture, packets: u64) -> Result<Added, Error> {
        for (table, part) in std::mem::take(&mut self.open) {
            self.written.push((table, part.finish()?));
        }
        let mut added = Added::default();
        for (table, part) in &self.written {
            *added.rows.entry(table).or_default() += part.rows;
            added.bytes += part.bytes;
            self.manifest
                .tables
                .entry((*table).to_owned())
                .or_default()
                .push(part.clone());
        }
        // The names of the parts and of new directories must last before a manifest relies on them. Directories that a
        // crashed writer left may never have been synced, so that all are, new or not; an unchanged one costs nothing.
        for directory in self.store.directories(added.rows.keys().copied()) {
            sync_directory(&directory)?;
        }
        self.manifest.next_packet += packets;
        self.manifest.captures.push(capture);
        self.store.replace_manifest(&self.manifest)?;
        self.committed = true;
        Ok(added)
    }
}

/// What a commit added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Added {
    /// Rows per table.
    pub(crate) rows: BTreeMap<&'static str, u64>,
    /// Bytes of all new parts.
    pub(crate) bytes: u64,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        for (table, part) in &self.written {
            // What cannot be removed now is swept by the next writer: no manifest names it.
            let _ = fs::remove_file(self.store.part_path(table, part));
        }
    }
}
