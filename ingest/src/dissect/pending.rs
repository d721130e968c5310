//! Requests that wait for their responses, bounded in number and in the bytes told when they were added.

use std::collections::VecDeque;

use super::Context;
use crate::Anomaly;

/// What waits for its other side, oldest first, each under a key: a correlation id, or nothing where order pairs.
#[derive(Debug)]
pub(super) struct Pending<K, T> {
    waiting: VecDeque<(K, usize, T)>,
    held_bytes: usize,
}

impl<K, T> Default for Pending<K, T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            held_bytes: 0,
        }
    }
}

impl<K: PartialEq, T> Pending<K, T> {
    /// Adds one that holds so many bytes of memory besides itself. What it grows by later is not counted: who lets it grow bounds
    /// that.
    pub fn add(&mut self, key: K, held_bytes: usize, waiting: T) {
        self.held_bytes = self.held_bytes.saturating_add(held_bytes);
        self.waiting.push_back((key, held_bytes, waiting));
    }

    /// Takes the oldest if more wait than may; to be called after adding, until it gives nothing. What it gives becomes an entry.
    pub fn overflow(&mut self, protocol: &'static str, packet: u64, context: &mut Context<'_>) -> Option<T> {
        self.overflow_with_key(protocol, packet, context)
            .map(|(_, waiting)| waiting)
    }

    /// As [`Pending::overflow`], with the key.
    pub fn overflow_with_key(
        &mut self,
        protocol: &'static str,
        packet: u64,
        context: &mut Context<'_>,
    ) -> Option<(K, T)> {
        let limit = if self.waiting.len() > context.limits.pending_requests {
            "pending_requests"
        } else if self.held_bytes > context.limits.pending_bytes && self.waiting.len() > 1 {
            "pending_bytes"
        } else {
            return None;
        };
        context.anomalies.add(packet, Anomaly::MessageLimit { protocol, limit });
        let (key, held_bytes, waiting) = self.waiting.pop_front()?;
        self.held_bytes = self.held_bytes.saturating_sub(held_bytes);
        Some((key, waiting))
    }

    /// Takes the oldest under a key.
    pub fn take(&mut self, key: &K) -> Option<T> {
        self.take_any(|known| known == key)
    }

    /// Takes the oldest under any key that fits.
    pub fn take_any(&mut self, fits: impl Fn(&K) -> bool) -> Option<T> {
        let place = self.waiting.iter().position(|(known, ..)| fits(known))?;
        let (_, held_bytes, waiting) = self.waiting.remove(place)?;
        self.held_bytes = self.held_bytes.saturating_sub(held_bytes);
        Some(waiting)
    }

    /// The oldest under a key.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut T> {
        let mut waiting = self.waiting.iter_mut();
        waiting.find(|(known, ..)| known == key).map(|(_, _, waiting)| waiting)
    }

    /// Takes the oldest.
    pub fn take_first(&mut self) -> Option<T> {
        let (_, held_bytes, waiting) = self.waiting.pop_front()?;
        self.held_bytes = self.held_bytes.saturating_sub(held_bytes);
        Some(waiting)
    }

    /// The oldest.
    pub fn first(&self) -> Option<&T> {
        self.waiting.front().map(|(_, _, waiting)| waiting)
    }

    /// The oldest.
    pub fn first_mut(&mut self) -> Option<&mut T> {
        self.waiting.front_mut().map(|(_, _, waiting)| waiting)
    }

    /// The newest.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.waiting.back_mut().map(|(_, _, waiting)| waiting)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.waiting.iter().map(|(_, _, waiting)| waiting)
    }

    /// All of them with their keys, the oldest first.
    pub fn iter_with_keys(&self) -> impl Iterator<Item = (&K, &T)> {
        self.waiting.iter().map(|(key, _, waiting)| (key, waiting))
    }

    /// All of them, the oldest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.waiting.iter_mut().map(|(_, _, waiting)| waiting)
    }

    /// All under a key, the oldest first.
    pub fn iter_mut_of<'a>(&'a mut self, key: &'a K) -> impl Iterator<Item = &'a mut T> {
        let own = self.waiting.iter_mut().filter(move |(known, ..)| known == key);
        own.map(|(_, _, waiting)| waiting)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes of memory that all of them hold, about: as told when they were added.
    pub fn held_bytes(&self) -> usize {
        let each = size_of::<(K, usize, T)>();
        self.held_bytes
            .saturating_add(self.waiting.capacity().saturating_mul(each))
    }
}
