//! Written pages in memory, until their row group ends: pieces that are never moved, and read back in their order.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use bytes::Bytes;
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::reader::{ChunkReader, Length};

/// Bytes of the first piece, and of the largest: each is as large as those before it together.
const SEGMENT_BYTES: std::ops::RangeInclusive<usize> = 4 << 10..=1 << 20;

/// Pages as they are written, in pieces of memory that are never moved.
#[derive(Debug, Default)]
pub(super) struct Segments {
    full: Vec<Bytes>,
    full_bytes: usize,
    last: Vec<u8>,
}

impl Segments {
    /// Memory that they take.
    pub(super) fn memory_size(&self) -> usize {
        self.full_bytes + self.last.capacity()
    }
}

impl Write for Segments {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() == self.last.capacity() {
            self.full_bytes += self.last.len();
            let room = self.full_bytes.clamp(*SEGMENT_BYTES.start(), *SEGMENT_BYTES.end());
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(room));
            self.full.push(full.into());
        }
        let fits = bytes.len().min(self.last.capacity() - self.last.len());
        self.last.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pages of a chunk.
#[derive(Debug)]
pub(super) struct Pages(Vec<Bytes>);

impl Pages {
    /// What was written in several goes.
    pub(super) fn of(written: impl IntoIterator<Item = Segments>) -> Self {
        let pieces = |Segments { full, last, .. }: Segments| full.into_iter().chain([last.into()]);
        Self(written.into_iter().flat_map(pieces).collect())
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.iter().map(|piece| piece.len() as u64).sum()
    }
}

impl ChunkReader for Pages {
    type T = Pieces;

    fn get_read(&self, start: u64) -> Result<Pieces> {
        let mut pieces = Pieces(self.0.iter().cloned().collect());
        io::copy(&mut pieces.by_ref().take(start), &mut io::sink())?;
        Ok(pieces)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads pieces of memory one after the other.
#[derive(Debug)]
pub(super) struct Pieces(VecDeque<Bytes>);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.0.front_mut() {
            if piece.is_empty() {
                self.0.pop_front();
                continue;
            }
            let read = piece.len().min(out.len());
            out[..read].copy_from_slice(&piece.split_to(read));
            return Ok(read);
        }
        Ok(0)
    }
}
