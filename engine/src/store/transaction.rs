//! One commit in the making: parts are written, and become visible together or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, io};

use datafusion::arrow::array::RecordBatch;
use schema::Table;

use crate::Error;
use crate::store::{Capture, Lane, Lock, Manifest, PacketCodec, Part, Pin, Store, sync_directory};

/// Parts being written, under the lock of the one writer. Dropped without a commit it removes them.
#[derive(Debug)]
pub(crate) struct Transaction {
    store: Store,
    manifest: Manifest,
    /// Number of the next part as the manifest says that the commit replaces.
    replaces: u64,
    lane: Lane,
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
            lane: Lane::new(store.clone(), manifest.next_part),
            store,
            manifest,
            joined: Vec::new(),
            committed: false,
            lock: Some(lock),
        })
    }

    /// Bounds the memory that the rows of open parts take until they are written. Packets are apart: a part of them is one row
    /// group, and whoever seals it bounds it.
    pub(crate) fn bound_memory(&mut self, bytes: usize) {
        self.lane.bound_memory(bytes);
    }

    /// Chooses how packet bytes are compressed.
    pub(crate) fn compress_by(&mut self, codec: PacketCodec) {
        self.lane.compress_by(codec);
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
        self.lane.write(table, batch)
    }

    /// Closes the table's open part, if there is one.
    pub(crate) fn seal(&mut self, table: &'static Table) -> Result<(), Error> {
        self.lane.seal(table)
    }

    /// Lanes for two other threads, which write other tables than one another; the transaction itself writes nothing meanwhile. They
    /// must be gone, or [`Transaction::adopt`]ed, before the transaction is.
    pub(crate) fn lanes(&self) -> [Lane; 2] {
        self.lane.split()
    }

    /// Makes the parts of a lane parts of the commit.
    pub(crate) fn adopt(&mut self, lane: Lane) -> Result<(), Error> {
        self.lane.adopt(lane)
    }

    /// Closes the table's open part and lets what was written of the table take the place of some neighbouring parts.
    pub(crate) fn replace(&mut self, table: &'static Table, replaced: &[Part]) -> Result<(), Error> {
        self.seal(table)?;
        let columns = self.manifest.columns.entry(table.name.to_owned()).or_default();
        let written = self.lane.take(table);
        self.joined.push(Joined {
            table: table.name,
            replaced: replaced.iter().map(|part| part.number).collect(),
            parts: written.iter().map(|written| written.named(columns)).collect(),
        });
        Ok(())
    }

    /// Learns of a capture whose rows the commit holds, and of the number of its packets.
    pub(crate) fn add_capture(&mut self, capture: Capture, packets: u64) {
        self.manifest.next_packet += packets;
        self.manifest.captures.push(capture);
    }

    /// Makes everything written visible and lasting.
    pub(crate) fn commit(mut self) -> Result<Committed, Error> {
        let (added, pin) = self.publish()?;
        sync_directory(self.store.path())?;
        Ok(Committed {
            manifest: self.manifest.clone(),
            pin,
            added,
            lock: self.lock.take().expect("a commit is the last thing a transaction does"),
        })
    }

    /// Makes everything written visible. Whatever fails after that, the parts stay: the manifest names them.
    pub(super) fn publish(&mut self) -> Result<(Added, Pin), Error> {
        self.lane.finish()?;
        let mut manifest = self.manifest.clone();
        manifest.next_part = self.lane.next_part();
        let mut added = Added::default();
        for (table, written) in self.lane.written() {
            let columns = manifest.columns.entry((*table).to_owned()).or_default();
            let part = written.named(columns);
            *added.rows.entry(table).or_default() += part.rows;
            added.bytes += part.bytes;
            manifest.tables.entry((*table).to_owned()).or_default().push(part);
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
        let _unheld = match self.store.keep_if_held(self.replaces) {
            // Where the file system has no links nothing is ever joined, and no commit takes parts away from readers.
            Err(Error::Io { source, .. }) if self.joined.is_empty() && has_no_links(&source) => None,
            kept => kept?,
        };
        let pin = self.store.replace_manifest(&manifest)?;
        self.manifest = manifest;
        self.committed = true;
        self.lane.keep();
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
        for Joined { table, parts, .. } in &self.joined {
            for part in parts {
                // What cannot be removed now is swept by the next writer: no manifest names it.
                let _ = fs::remove_file(self.store.part_path(table, part));
            }
        }
    }
}
