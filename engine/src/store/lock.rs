//! The lock of the one writer: advisory, on the file `LOCK`, released when the process ends however it ends.

use std::fs::{File, TryLockError};

use crate::Error;
use crate::store::{LOCK, Store};

/// Held while a writer writes.
#[derive(Debug)]
pub(crate) struct Lock {
    store: Store,
    /// Unlocked when it is closed.
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who is in the way; never waits.
    pub(crate) fn take(store: &Store) -> Result<Self, Error> {
        let path = store.path().join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                store: store.clone(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                path: store.path().to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
        }
    }

    /// The store that is locked.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}
