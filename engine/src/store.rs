//! The store: one directory with a manifest, immutable parts and a lock.
//!
//! ```text
//! MANIFEST.json                  the one source of truth
//! tables/http/000017.parquet     immutable parts
//! old/000017.json                manifests that were replaced while somebody read by them
//! LOCK                           held by the one writer
//! ```
//!
//! A commit writes parts under temporary names, renames and syncs them, syncs the directories that hold their names, and then writes
//! the manifest beside, syncs and renames it: a crash at any instant leaves the last commit. Parts that no manifest names, neither
//! the present one nor an old one that a reader holds (`pin.rs`), are removed by the next writer.

mod bytes_column;
mod chunk;
mod contents;
mod key_ranges;
mod lane;
mod lock;
mod manifest;
mod packing;
mod part;
mod pin;
mod properties;
mod sealed;
mod segments;
mod syncer;
mod table_writer;
mod text_column;
mod transaction;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use contents::Content;
pub(crate) use lane::Lane;
pub(crate) use lock::Lock;
pub(crate) use manifest::{Capture, Columns, Manifest, Part};
pub(crate) use part::{MAX_BYTES, MAX_ROWS};
pub(crate) use pin::Pin;
pub use properties::PacketCodec;
#[cfg(test)]
pub(crate) use properties::properties;
pub(crate) use properties::{PAGE_ROWS, ROW_GROUP_ROWS, exported};
pub(crate) use transaction::{Committed, Transaction};

use crate::Error;

/// File name of the manifest.
pub(crate) const MANIFEST: &str = "MANIFEST.json";
const LOCK: &str = "LOCK";
const TABLES: &str = "tables";
const TEMPORARY: &str = "tmp";

/// The directory of a database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    path: PathBuf,
}

impl Store {
    /// Opens the store in a directory, at its last commit.
    pub(crate) fn open(path: &Path) -> Result<(Self, Manifest, Pin), Error> {
        let store = Self { path: path.to_owned() };
        let (manifest, pin) = store.pinned()?;
        Ok((store, manifest, pin))
    }

    /// Makes a store in a new or empty directory.
    pub(crate) fn create(path: &Path) -> Result<(Self, Manifest, Pin), Error> {
        let store = Self { path: path.to_owned() };
        create_directories(path)?;
        store.check_empty()?;
        let _lock = Lock::take(&store)?;
        // Between the look at the directory and the lock another process may have made the store.
        store.check_empty()?;
        let manifest = Manifest::default();
        let pin = store.replace_manifest(&manifest)?;
        sync_directory(path)?;
        Ok((store, manifest, pin))
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the manifest.
    pub(crate) fn manifest(&self) -> Result<Manifest, Error> {
        let path = self.path.join(MANIFEST);
        match fs::read(&path) {
            Ok(bytes) => Manifest::parse(&path, &bytes),
            Err(error) => Err(self.no_manifest(&path, error)),
        }
    }

    /// What it means that the manifest cannot be read.
    fn no_manifest(&self, path: &Path, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::NoDatabase {
                path: self.path.clone(),
            },
            _ => Error::io("read", path)(error),
        }
    }

    /// Puts a new manifest in the place of the old one: from here on the commit is visible. It lasts once the store's
    /// directory is synced, which is left to the caller: an error of that does not undo the commit. The new commit is
    /// pinned before anybody can replace it.
    fn replace_manifest(&self, manifest: &Manifest) -> Result<Pin, Error> {
        let path = self.path.join(MANIFEST);
        let temporary = temporary(&path);
        let written = write_synced(&temporary, &manifest.print()).and_then(|file| {
            let pin = Pin::hold(file);
            fs::rename(&temporary, &path).map_err(Error::io("rename", &temporary))?;
            Ok(pin)
        });
        if written.is_err() {
            // What stays is swept by the next writer; the error that matters is the first one.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Path of a part, and its location under the store's directory with `/` between.
    pub(crate) fn part_path(&self, table: &str, part: &Part) -> PathBuf {
        self.path.join(part.location(table))
    }

    /// Paths of all parts that a manifest names.
    fn part_paths(&self, manifest: &Manifest) -> impl Iterator<Item = PathBuf> {
        let tables = manifest.tables.iter();
        tables.flat_map(move |(table, parts)| parts.iter().map(move |part| self.part_path(table, part)))
    }

    /// The directories that hold the names of these tables' parts and of one another, innermost first.
    fn directories<'t>(&self, tables: impl Iterator<Item = &'t str>) -> Vec<PathBuf> {
        let mut directories: Vec<_> = tables.map(|table| self.table_path(table)).collect();
        if !directories.is_empty() {
            directories.extend([self.path.join(TABLES), self.path.clone()]);
        }
        directories
    }

    fn table_path(&self, table: &str) -> PathBuf {
        self.path.join(TABLES).join(table)
    }

    /// Removes every file under `tables` that neither the manifest nor an old one that somebody holds names, and left-over
    /// temporary files.
    fn sweep(&self, manifest: &Manifest) -> Result<(), Error> {
        let leftover = temporary(&self.path.join(MANIFEST));
        if leftover.exists() {
            fs::remove_file(&leftover).map_err(Error::io("remove", &leftover))?;
        }
        let mut known = self.release()?;
        known.extend(self.part_paths(manifest));
        let mut is_synced = false;
        for table in entries(&self.path.join(TABLES))? {
            for file in entries(&table)? {
                if known.contains(&file) || !file.is_file() {
                    continue;
                }
                // The manifest before this one may name the file, and comes back after a crash unless this one lasts.
                if !is_synced {
                    sync_directory(&self.path)?;
                    is_synced = true;
                }
                fs::remove_file(&file).map_err(Error::io("remove", &file))?;
            }
        }
        Ok(())
    }

    fn check_empty(&self) -> Result<(), Error> {
        let ours = [LOCK.to_owned(), format!("{MANIFEST}.{TEMPORARY}")];
        for entry in entries(&self.path)? {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name == MANIFEST {
                return Err(Error::DatabaseExists {
                    path: self.path.clone(),
                });
            }
            if !ours.iter().any(|known| known == name) {
                return Err(Error::NotEmpty {
                    path: self.path.clone(),
                });
            }
        }
        Ok(())
    }
}

/// What a directory holds; nothing if it is not there or no directory.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    match fs::read_dir(path) {
        Ok(entries) => entries
            .map(|entry| Ok(entry.map_err(Error::io("read", path))?.path()))
            .collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// The name under which a file is written before it is renamed.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY);
    name.into()
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<File, Error> {
    use io::Write;
    // To be read too: a shared lock asks for that on network file systems.
    let mut file = (File::options().read(true).write(true).create(true).truncate(true))
        .open(path)
        .map_err(Error::io("create", path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(Error::io("write", path))?;
    Ok(file)
}

/// Makes a directory and those above it that are missing, so that their names last.
fn create_directories(path: &Path) -> Result<(), Error> {
    let missing: Vec<_> = path
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .collect();
    fs::create_dir_all(path).map_err(Error::io("create", path))?;
    missing.into_iter().map(holder).try_for_each(sync_directory)
}

/// The directory that holds the name of a path.
fn holder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the names in a directory last.
fn sync_directory(path: &Path) -> Result<(), Error> {
    // Windows cannot open a directory as a file and keeps renames without that.
    if cfg!(unix) {
        File::open(path)
            .and_then(|directory| directory.sync_all())
            .map_err(Error::io("sync", path))?;
    }
    Ok(())
}

/// A part of some rows, as it is written.
#[cfg(test)]
pub(crate) fn written(table: &'static schema::Table, rows: &datafusion::arrow::array::RecordBatch) -> Vec<u8> {
    let writer = table_writer::TableWriter::new(Vec::new(), table, PacketCodec::default());
    let mut writer = writer.expect("a table has properties that fit");
    writer.write(rows).expect("the rows are those of the table");
    writer.into_inner().expect("memory takes all bytes")
}

#[cfg(test)]
mod tests;
