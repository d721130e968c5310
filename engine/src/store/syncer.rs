//! Makes the bytes of finished parts last, on a thread of its own: a disk takes as long to sync a part as it takes to encode the next.
//!
//! A commit waits for all of them before its manifest names any.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::Error;

/// Files that wait to be synced: a disk that is slower than the writer holds it up.
const WAITING: usize = 4;

/// The thread, once there is a file.
#[derive(Debug, Default)]
pub(super) struct Syncer {
    thread: Option<(SyncSender<Written>, Synced)>,
}

/// A file that is written, and its name.
type Written = (File, PathBuf);
/// The thread's end: whether all files last.
type Synced = JoinHandle<Result<(), Error>>;

impl Syncer {
    /// Takes a file that is written; fails as one before did.
    pub(super) fn add(&mut self, file: File, path: PathBuf) -> Result<(), Error> {
        let (sender, _) = self.thread.get_or_insert_with(|| {
            let (sender, receiver) = sync_channel(WAITING);
            (sender, thread::spawn(move || sync(&receiver)))
        });
        match sender.send((file, path)) {
            Ok(()) => Ok(()),
            Err(_) => self.finish(),
        }
    }

    /// Returns once all files last.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let Some((sender, thread)) = self.thread.take() else {
            return Ok(());
        };
        drop(sender);
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn sync(files: &Receiver<Written>) -> Result<(), Error> {
    files
        .iter()
        .try_for_each(|(file, path)| file.sync_all().map_err(Error::io("sync", &path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_synced_and_a_failure_is_told_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let file = || File::create(directory.path().join("part")).unwrap();
        let mut syncer = Syncer::default();
        (0..10).for_each(|_| syncer.add(file(), "part".into()).unwrap());
        syncer.finish().unwrap();
        // Nothing syncs a pipe.
        let (_reader, writer) = std::io::pipe().unwrap();
        let pipe: std::os::fd::OwnedFd = writer.into();
        syncer.add(pipe.into(), "pipe".into()).unwrap();
        let error = syncer.finish().unwrap_err();
        assert!(error.to_string().starts_with("cannot sync pipe: "), "{error}");
        syncer.finish().unwrap();
    }
}
