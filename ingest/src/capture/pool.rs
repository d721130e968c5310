//! Memory of blocks that was used and is used again: memory that a program has never touched is cleared by the system, page by page,
//! which would cost as much as reading the capture into it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::Record;

/// A block's bytes and records.
type Memory = (Vec<u8>, Vec<Record>);

/// Memory that waits for the next block. Clones share it. There is never more of it than blocks were in use at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    spare: Arc<Mutex<Vec<Memory>>>,
    /// Bytes of a usual block; 0 keeps nothing.
    block_bytes: usize,
}

impl Pool {
    pub(super) fn new(block_bytes: usize) -> Self {
        Self {
            spare: Arc::default(),
            block_bytes,
        }
    }

    /// Memory for a block: bytes with anything in them, no records.
    pub(super) fn take(&self) -> Memory {
        // A thread that panicked while it held the lock left a list that is whole.
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_default()
    }

    /// Keeps the memory of a block that is done with, unless it is an unusual one.
    pub(super) fn give_back(&self, bytes: Vec<u8>, mut records: Vec<Record>) {
        let is_usual =
            bytes.capacity() <= self.block_bytes && records.capacity() * mem::size_of::<Record>() <= self.block_bytes;
        if is_usual && bytes.capacity() > 0 {
            records.clear();
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            spare.push((bytes, records));
        }
    }
}
