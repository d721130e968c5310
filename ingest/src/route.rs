//! Which shard a datagram goes to: everything of an address pair to one, with the ICMP errors that quote it.
//!
//! In: datagrams in file order. Out: numbers below [`SHARDS`]. An error goes where the connection is that it is about: to the
//! shard of the addresses it quotes, if a datagram between them was seen before; else to that of its own addresses, so that
//! errors about unknown traffic make one flow. Bits of its hash tell whether a pair was seen. Where the pair was and the connection is
//! not known (any more), the error has its row all the same, as a connection of its own in that shard: a router's errors may then be
//! several flows with one key.

use crate::decode::icmp::{Inside, Message, Quoted, Version};
use crate::decode::{Address, Datagram};

/// Shards. Which packets meet in one depends on addresses alone; more of them than cores, so that any number of threads has
/// about equal shares.
pub(crate) const SHARDS: usize = 16;

/// Bits of a pair's hash by which it is remembered: the table takes 128 KiB and stays in a core's cache.
const SEEN_BITS: u32 = 20;

/// Decides shards. One sees the whole capture.
#[derive(Debug)]
pub(crate) struct Router {
    seen: Vec<u64>,
}

impl Default for Router {
    fn default() -> Self {
        Self {
            seen: vec![0; 1 << (SEEN_BITS - u64::BITS.ilog2())],
        }
    }
}

impl Router {
    /// The shard of a datagram whose payload this is.
    pub(crate) fn shard(&mut self, datagram: &Datagram, payload: &[u8]) -> usize {
        let own = hash(datagram.source, datagram.destination);
        if let Some(quoted) = about(datagram, payload) {
            let other = hash(quoted.source, quoted.destination);
            let (word, bit) = place(other);
            let is_seen = self.seen.get(word).is_some_and(|word| word & bit != 0);
            return shard_of(if is_seen { other } else { own });
        }
        let (word, bit) = place(own);
        if let Some(word) = self.seen.get_mut(word) {
            *word |= bit;
        }
        shard_of(own)
    }
}

/// The datagram that an error quotes, if a connection could be told from it.
pub(crate) fn about(datagram: &Datagram, payload: &[u8]) -> Option<Quoted> {
    let message = Message::decode(Version::of(datagram.protocol)?, payload).ok()?;
    message
        .quoted(payload)
        .filter(|quoted| quoted.inside != Inside::Nothing)
}

/// The hash of an address pair, the same for both directions.
fn hash(one: Address, other: Address) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = one.bits() ^ other.bits();
    (mixed as u64 ^ (mixed >> 64) as u64).wrapping_mul(MULTIPLIER)
}

fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

/// Where a pair is remembered: a word and a bit of it.
fn place(hash: u64) -> (usize, u64) {
    let slot = hash >> (u64::BITS - SEEN_BITS);
    (
        (slot / u64::from(u64::BITS)) as usize,
        1 << (slot % u64::from(u64::BITS)),
    )
}
