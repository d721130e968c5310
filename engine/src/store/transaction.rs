//! One commit in the making: parts are written, and become visible together or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, io};

use datafusion::arrow::array::RecordBatch;
use schema::Table;
use schema::tables::packets;

use crate::Error;
use crate::store::part::PartWriter;
use crate::store::syncer::Syncer;
use crate::store::{Capture, Lock, Manifest, PacketCodec, Part, Pin, Store, sync_directory};

/// Parts being written, under the lock of the one writer. Dropped without a commit it removes them.
#[derive(Debug)]
pub(crate) struct Transaction {
    store: Store,
    manifest: Manifest,
    /// Number of the next part as the manifest says that the commit replaces.
    replaces: u64,
    open: BTreeMap<&'static str, PartWriter>,
    /// Memory that the rows of open parts may take until they are written.
    memory_bytes: usize,
    codec: PacketCodec,
    syncer: Syncer,
    written: Vec<(&'static str, Part)>,
    /// Parts that take the place of others.
    joined: Vec<Joined>,
    committed: bool,
    lock: Option<Lock>,
}

/// Parts of a table with what takes their place.
#[derive(Debug)]
struct Joined {
    table: &'static str,
    /// Neighbours, in their order.
    replaced: Vec<u64>,
    parts: Vec<Part>,
}

impl Transaction {
    /// Takes the lock, reads the manifest as it is now and removes what a crashed writer left.
    pub(crate) fn begin(store: &Store) -> Result<Self, Error> {
        Self::under(Lock::take(store)?)
    }

    /// Goes on under the lock of a commit before: reads the manifest and removes what is no longer read.
    pub(crate) fn under(lock: Lock) -> Result<Self, Error> {
        let store = lock.store().clone();
        let manifest = store.manifest()?;
        store.sweep(&manifest)?;
        Ok(Self {
            replaces: manifest.next_part,
            store,
            manifest,
            open: BTreeMap::new(),
            memory_bytes: usize::MAX,
            codec: PacketCodec::default(),
            syncer: Syncer::default(),
            written: Vec::new(),
            joined: Vec::new(),
            committed: false,
            lock: Some(lock),
        })
    }

    /// Bounds the memory that the rows of open parts take until they are written. Packets are apart: a part of them is one row
    /// group, and whoever seals it bounds it.
    pub(crate) fn bound_memory(&mut self, bytes: usize) {
        self.memory_bytes = bytes;
    }

    /// Chooses how packet bytes are compressed.
    pub(crate) fn compress_by(&mut self, codec: PacketCodec) {
        self.codec = codec;
    }

    /// The store that is written to.
    pub(crate) fn store(&self) -> &Store {
        &self.store
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
                entry.insert(PartWriter::create(&self.store, table, number, self.codec)?)
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
            let columns = self.manifest.columns.entry(table.name.to_owned()).or_default();
            self.written.push((table.name, part.finish(&mut self.syncer, columns)?));
        }
        Ok(())
    }

    /// Closes the table's open part and lets what was written of the table take the place of some neighbouring parts.
    pub(crate) fn replace(&mut self, table: &'static Table, replaced: &[Part]) -> Result<(), Error> {
        self.seal(table)?;
        let (parts, others) = std::mem::take(&mut self.written)
            .into_iter()
            .partition::<Vec<_>, _>(|(of, _)| *of == table.name);
        self.written = others;
        self.joined.push(Joined {
            table: table.name,
            replaced: replaced.iter().map(|part| part.number).collect(),
            parts: parts.into_iter().map(|(_, part)| part).collect(),
        });
        Ok(())
    }

    /// Makes everything written visible and lasting, with the capture it came from and the number of its packets.
    pub(crate) fn commit(mut self, capture: Option<(Capture, u64)>) -> Result<Committed, Error> {
        let (added, pin) = self.publish(capture)?;
        sync_directory(self.store.path())?;
        Ok(Committed {
            manifest: self.manifest.clone(),
            pin,
            added,
            lock: self.lock.take().expect("a commit is the last thing a transaction does"),
        })
    }

    /// Makes everything written visible. Whatever fails after that, the parts stay: the manifest names them.
    pub(super) fn publish(&mut self, capture: Option<(Capture, u64)>) -> Result<(Added, Pin), Error> {
        for (table, part) in std::mem::take(&mut self.open) {
            let columns = self.manifest.columns.entry(table.to_owned()).or_default();
            self.written.push((table, part.finish(&mut self.syncer, columns)?));
        }
        self.syncer.finish()?;
        let mut manifest = self.manifest.clone();
        let mut added = Added::default();
        for (table, part) in &self.written {
            *added.rows.entry(table).or_default() += part.rows;
            added.bytes += part.bytes;
            manifest
                .tables
                .entry((*table).to_owned())
                .or_default()
                .push(part.clone());
        }
        for Joined { table, replaced, parts } in &self.joined {
            manifest.replace(table, replaced, parts);
        }
        // The names of the parts and of new directories must last before a manifest relies on them. Directories that a
        // crashed writer left may never have been synced, so that all are, new or not; an unchanged one costs nothing.
        let joined: BTreeSet<_> = self.joined.iter().map(|joined| joined.table).collect();
        for directory in self.store.directories(added.rows.keys().copied().chain(joined)) {
            sync_directory(&directory)?;
        }
        if let Some((capture, packets)) = capture {
            manifest.next_packet += packets;
            manifest.captures.push(capture);
        }
        let _unheld = match self.store.keep_if_held(self.replaces) {
            // Where the file system has no links nothing is ever joined, and no commit takes parts away from readers.
            Err(Error::Io { source, .. }) if self.joined.is_empty() && has_no_links(&source) => None,
            kept => kept?,
        };
        let pin = self.store.replace_manifest(&manifest)?;
        self.manifest = manifest;
        self.committed = true;
        Ok((added, pin))
    }
}

/// True if a file system refuses links, and not this one alone.
fn has_no_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
}

/// A commit that was made, still under the lock of the writer.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The new manifest.
    pub(crate) manifest: Manifest,
    /// Keeps its parts.
    pub(crate) pin: Pin,
    /// What was added.
    pub(crate) added: Added,
    /// For a commit that follows.
    pub(crate) lock: Lock,
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
        let joined = self.joined.iter();
        let joined = joined.flat_map(|joined| joined.parts.iter().map(|part| (&joined.table, part)));
        for (table, part) in self.written.iter().map(|(table, part)| (table, part)).chain(joined) {
            // What cannot be removed now is swept by the next writer: no manifest names it.
            let _ = fs::remove_file(self.store.part_path(table, part));
        }
    }
}
