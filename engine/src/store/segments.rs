//! Written pages in memory, until their row group ends: pieces that are never moved, and read back in their order.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use bytes::Bytes;
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::reader::{ChunkReader, Length};

/// Bytes of one piece.
pub(super) const SEGMENT_BYTES: usize = 1 << 20;

/// Pages as they are written, in pieces of memory that are never moved.
#[derive(Debug, Default)]
pub(super) struct Segments {
    full: Vec<Bytes>,
    last: Vec<u8>,
}

impl Write for Segments {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() == self.last.capacity() {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(SEGMENT_BYTES));
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

impl From<Segments> for Pages {
    fn from(Segments { mut full, last }: Segments) -> Self {
        full.push(last.into());
        Self(full)
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
