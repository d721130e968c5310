//! A capture's digest, by which one that comes again is known.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// Digest of a whole file, read to its end.
pub(super) fn digest(file: &mut File, name: &str) -> Result<String, Error> {
    let (digest, _) = Digesting::new(file, Arc::default()).finish(name)?;
    Ok(digest)
}

/// Counts and digests what is read.
pub(super) struct Digesting<R> {
    reader: R,
    hasher: blake3::Hasher,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Digesting<R> {
    /// Begins to read; the bytes read so far are counted where others see it.
    pub(super) fn new(reader: R, bytes: Arc<AtomicU64>) -> Self {
        Self {
            reader,
            hasher: blake3::Hasher::new(),
            bytes,
        }
    }

    /// Reads what is left: an ingest stops at a broken record, and the digest is the whole file's. Gives it, and how many bytes
    /// there were.
    pub(super) fn finish(mut self, name: &str) -> Result<(String, u64), Error> {
        let drained = io::copy(&mut self, &mut io::sink());
        let bytes = self.bytes.load(Ordering::Relaxed);
        drained.map_err(|source| Error::CannotRead {
            name: name.to_owned(),
            bytes,
            source,
        })?;
        Ok((self.hasher.finalize().to_hex().to_string(), bytes))
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
