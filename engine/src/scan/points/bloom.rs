//! Whether a row group may have an id, by its bloom filter: of the filter one block is read for each id, and not all of it.
//!
//! Specification: Apache Parquet format, "Bloom Filter": split blocks, XXH64, the one way there is. Of a
//! header only the length is looked at; of a filter that cannot be as long, nothing is known.

use datafusion::common::Result;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use crate::scan::group::Reader;
use crate::scan::wanted::Wanted;
use crate::thrift;

/// Ids above which more of the filter would be read than it saves.
const MOST_IDS: usize = 4;
/// Bytes of a block, and of a header, at most.
const BLOCK: u64 = 32;
const HEADER: u64 = 64;
/// By what a block's eight words know which bits are an id's.
const SALTS: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// False if a chunk of a part of so many bytes has none of some ids.
pub(super) async fn may_have(
    chunk: &ColumnChunkMetaData,
    wanted: &Wanted,
    part_bytes: u64,
    reader: &mut Reader,
) -> Result<bool> {
    let Some((start, end)) = place(chunk).filter(|(_, end)| *end <= part_bytes) else {
        return Ok(true);
    };
    if wanted.values().len() > MOST_IDS {
        return Ok(true);
    }
    let header = reader.get_bytes(start..end.min(start + HEADER)).await?;
    // The header tells first how many bytes are behind it.
    let bytes = thrift::first_number(&header).and_then(|bytes| u64::try_from(bytes).ok());
    let bytes = bytes.filter(|bytes| *bytes > 0 && bytes.is_multiple_of(BLOCK) && *bytes < end - start);
    let Some(bytes) = bytes else { return Ok(true) };
    for id in wanted.values() {
        let hash = hash(*id);
        let number = ((hash >> 32) * (bytes / BLOCK)) >> 32;
        let block = end - bytes + number * BLOCK;
        let block = reader.get_bytes(block..block + BLOCK).await?;
        if may_hold(&block, hash) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn place(chunk: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
    let length = u64::try_from(chunk.bloom_filter_length()?).ok()?;
    Some((start, start.checked_add(length)?))
}

/// True if all bits of a hash are set in a block.
fn may_hold(block: &[u8], hash: u64) -> bool {
    let (words, _) = block.as_chunks::<4>();
    let is_set = |(word, salt): (&[u8; 4], u32)| {
        let bit = (hash as u32).wrapping_mul(salt) >> 27;
        u32::from_le_bytes(*word) >> bit & 1 == 1
    };
    words.iter().zip(SALTS).all(is_set)
}

/// XXH64 of a number's eight bytes, without a seed.
fn hash(id: i64) -> u64 {
    const PRIMES: [u64; 5] = [
        0x9e37_79b1_85eb_ca87,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5,
    ];
    let lane = id.cast_unsigned().wrapping_mul(PRIMES[1]).rotate_left(31);
    let mut hash = PRIMES[4].wrapping_add(size_of::<u64>() as u64) ^ lane.wrapping_mul(PRIMES[0]);
    hash = hash.rotate_left(27).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
    hash = (hash ^ hash >> 33).wrapping_mul(PRIMES[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIMES[2]);
    hash ^ hash >> 32
}
