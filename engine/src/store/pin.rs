//! Pins: how the parts of a commit stay while somebody reads it, though a later commit has joined them into others.
//!
//! A reader holds a shared lock on the file of the manifest that it read. A writer that replaces a manifest on which there
//! is a pin keeps it under another name:
//!
//! ```text
//! old/000017.json                a replaced manifest: the same file, so that the locks on it are seen
//! ```
//!
//! What an old manifest names stays until nobody holds it; then the next writer removes it and what it alone named. Locks
//! end with their processes, however these end. Readers write nothing, so that a store may be read-only to them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::store::{MANIFEST, Manifest, Store, entries};

/// Directory of the manifests that were replaced while somebody held them.
const OLD: &str = "old";

/// Keeps the parts of one commit until it is dropped.
#[derive(Debug)]
pub(crate) struct Pin {
    /// The manifest's file, with a shared lock on it; unlocked when it is closed.
    file: File,
}

impl Pin {
    /// Pins the commit whose manifest is this file. Where nothing can be locked there are no writers either, and nothing is
    /// removed: a reader goes on.
    pub(super) fn hold(file: File) -> Self {
        while (file.lock_shared()).is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
        Self { file }
    }
}

/// True if a path names a file that is open: while it is, no other gets its number. Where files have none, nobody knows.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let number = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let numbers = (file.metadata().map(number), fs::metadata(path).map(number));
    matches!(numbers, (Ok(one), Ok(other)) if one == other)
}

#[cfg(not(unix))]
fn is_named(_: &File, _: &Path) -> bool {
    false
}

/// Opens a manifest's file so that an exclusive lock on it can be had: network file systems give none on what is opened to be read.
fn writable(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

impl Store {
    /// Reads the manifest and pins its commit.
    pub(crate) fn pinned(&self) -> Result<(Manifest, Pin), Error> {
        let path = self.path.join(MANIFEST);
        loop {
            let mut file = File::open(&path).map_err(|error| self.no_manifest(&path, error))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
            let pin = Pin::hold(file);
            // Another commit may have come before the lock, and a writer after it that saw no pin.
            if is_named(&pin.file, &path) || fs::read(&path).is_ok_and(|now| now == bytes) {
                return Ok((Manifest::parse(&path, &bytes)?, pin));
            }
        }
    }

    /// Keeps the manifest under another name if somebody holds it. What is given back must live until the manifest is
    /// replaced: meanwhile nobody can begin to hold it. Every commit adds parts, so that the number of the next part, as the
    /// manifest says it, names the manifest.
    pub(super) fn keep_if_held(&self, next_part: u64) -> Result<Option<File>, Error> {
        let path = self.path.join(MANIFEST);
        let file = match writable(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::io("open", &path))?,
        };
        // Where locks cannot be asked for, somebody may hold it.
        if file.try_lock().is_ok() {
            return Ok(Some(file));
        }
        let old = self.path.join(OLD);
        fs::create_dir_all(&old).map_err(Error::io("create", &old))?;
        let old = old.join(format!("{next_part:06}.json"));
        match fs::hard_link(&path, &old) {
            // A commit came so far and no further.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            linked => linked.map(|()| None).map_err(Error::io("link", &old)),
        }
    }

    /// Removes the old manifests that nobody holds; gives the parts that the others name.
    pub(super) fn release(&self) -> Result<HashSet<PathBuf>, Error> {
        let mut held = HashSet::new();
        for path in entries(&self.path.join(OLD))? {
            let mut file = writable(&path).map_err(Error::io("open", &path))?;
            if file.try_lock().is_ok() {
                fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            } else {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
                held.extend(self.part_paths(&Manifest::parse(&path, &bytes)?));
            }
        }
        Ok(held)
    }
}
