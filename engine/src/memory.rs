//! The memory that queries share.
//!
//! What can write to temporary files (sorts, groups) shares three quarters fairly. The rest is for what cannot: a sort that merges what it
//! has written, rows on their way out. Where sorts may take everything they fail when they merge. Nobody has to give back: what took
//! much before others came keeps it until it writes it to files.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// A memory of a size.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// How many there are that can write to files.
    spilling: usize,
    /// The bytes that those have who can write to files,
    spillable: usize,
    /// and the others.
    fixed: usize,
}

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            taken: Mutex::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn of(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        match consumer.can_spill() {
            true => &mut self.spillable,
            false => &mut self.fixed,
        }
    }

    /// How many bytes more a consumer may take that has so many.
    fn left(&self, consumer: &MemoryConsumer, has: usize, bytes: usize) -> usize {
        let left = bytes.saturating_sub(self.fixed);
        match consumer.can_spill() {
            true => (left.min(bytes - bytes / 4) / self.spilling.max(1)).saturating_sub(has),
            false => left.saturating_sub(self.spillable),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&human_readable_size(self.bytes))
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &str {
        "memory"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken().spilling += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.taken().spilling -= usize::from(consumer.can_spill());
    }

    fn grow(&self, reservation: &MemoryReservation, bytes: usize) {
        *self.taken().of(reservation.consumer()) += bytes;
    }

    fn shrink(&self, reservation: &MemoryReservation, bytes: usize) {
        *self.taken().of(reservation.consumer()) -= bytes;
    }

    fn try_grow(&self, reservation: &MemoryReservation, bytes: usize) -> Result<()> {
        let (consumer, mut taken) = (reservation.consumer(), self.taken());
        let left = taken.left(consumer, reservation.size(), self.bytes);
        if bytes > left {
            return Err(resources_datafusion_err!(
                "{} would take {} beside {}, and of the {self} that queries share {} are left to it",
                consumer.name(),
                human_readable_size(bytes),
                human_readable_size(reservation.size()),
                human_readable_size(left)
            ));
        }
        *taken.of(consumer) += bytes;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let taken = self.taken();
        taken.spillable + taken.fixed
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_can_write_to_files_leaves_a_quarter() {
        let memory: Arc<dyn MemoryPool> = Arc::new(Memory::new(1000));
        let sort = MemoryConsumer::new("sort").with_can_spill(true).register(&memory);
        assert!(sort.try_grow(751).is_err());
        sort.try_grow(750).unwrap();
        let merge = MemoryConsumer::new("merge").register(&memory);
        assert!(merge.try_grow(251).is_err());
        merge.try_grow(250).unwrap();
        assert_eq!(memory.reserved(), 1000);
        drop(sort);
        merge.try_grow(750).unwrap();
        drop(merge);
        assert_eq!(memory.reserved(), 0);
    }

    #[test]
    fn what_can_write_to_files_shares_fairly() {
        let memory: Arc<dyn MemoryPool> = Arc::new(Memory::new(1000));
        let sort = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&memory);
        let (one, other) = (sort("one"), sort("other"));
        assert!(one.try_grow(376).is_err());
        one.try_grow(375).unwrap();
        other.try_grow(375).unwrap();
        let fixed = MemoryConsumer::new("fixed").register(&memory);
        fixed.try_grow(250).unwrap();
        other.shrink(100);
        fixed.try_grow(50).unwrap();
        assert!(other.try_grow(76).is_err());
        assert_eq!(memory.reserved(), 950);
    }
}
