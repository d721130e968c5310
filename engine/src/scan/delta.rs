//! Whole numbers as Parquet writes their differences.
//!
//! Specification: Apache Parquet format, "Delta encoding (DELTA_BINARY_PACKED = 5)". Bytes that are no such numbers are `None`.

use crate::leb128::{self, signed};

/// What the number of values in a block is a multiple of, and that in a miniblock.
const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;
/// Values of a block that a writer may reasonably choose.
const MOST_PER_BLOCK: usize = 1 << 16;

/// Decodes so many numbers and appends them.
pub(super) fn decode(mut bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let per_block = usize::try_from(leb128::take(&mut bytes, u64::BITS)?).ok()?;
    let miniblocks = usize::try_from(leb128::take(&mut bytes, u64::BITS)?).ok()?;
    let total = leb128::take(&mut bytes, u64::BITS)?;
    let mut last = signed(leb128::take(&mut bytes, u64::BITS)?);
    let per_miniblock = per_block.checked_div(miniblocks)?;
    let is_even = per_block.is_multiple_of(BLOCK) && per_miniblock.is_multiple_of(MINIBLOCK) && per_miniblock > 0;
    if !is_even || per_block != per_miniblock * miniblocks || per_block > MOST_PER_BLOCK || total != count as u64 {
        return None;
    }
    out.reserve(count);
    out.push(last);
    let mut left = count - 1;
    let (mut copied, mut numbers) = ([0; PACKED], [0; MINIBLOCK]);
    while left > 0 {
        let least = signed(leb128::take(&mut bytes, u64::BITS)?);
        let (widths, rest) = bytes.split_at_checked(miniblocks)?;
        bytes = rest;
        for width in widths {
            // Nobody knows what stands for miniblocks that are not there.
            if left == 0 {
                break;
            }
            let width = usize::from(*width);
            let unpack = UNPACK.get(width)?;
            for _ in 0..per_miniblock / MINIBLOCK {
                if left == 0 {
                    break;
                }
                let wanted = left.min(MINIBLOCK);
                // Writers may leave out the bytes behind the last number.
                let length = (MINIBLOCK * width / 8).min(bytes.len());
                if length < (wanted * width).div_ceil(8) {
                    return None;
                }
                let (these, rest) = bytes.split_at(length);
                let packed = match bytes.first_chunk() {
                    Some(packed) => packed,
                    None => {
                        copied[..length].copy_from_slice(these);
                        &copied
                    }
                };
                last = unpack(packed, least, last, &mut numbers);
                out.extend_from_slice(&numbers[..wanted]);
                bytes = rest;
                left -= wanted;
            }
        }
    }
    Some(())
}

/// Bytes of the widest numbers, and some more so that each can be taken from sixteen bytes; the same of eight of them.
const PACKED: usize = MINIBLOCK * 8 + 16;
const PACKED_EIGHT: usize = 8 * 8 + 16;

type Unpack = fn(&[u8; PACKED], i64, i64, &mut [i64; MINIBLOCK]) -> i64;

macro_rules! unpack_by_width {
    ($($width:literal)*) => { [$(unpack::<$width>),*] };
}

/// How differences of so many bits are taken apart.
const UNPACK: [Unpack; u64::BITS as usize + 1] = unpack_by_width!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
    33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
);

/// Takes differences apart that lie side by side from the lowest bit on, above the least, and adds each to the number before it.
/// Gives the last number.
fn unpack<const WIDTH: usize>(packed: &[u8; PACKED], least: i64, mut last: i64, out: &mut [i64; MINIBLOCK]) -> i64 {
    let mask = u64::MAX.checked_shr(u64::BITS - WIDTH as u32).unwrap_or(0);
    let (eights, _) = out.as_chunks_mut::<8>();
    for (nth, numbers) in eights.iter_mut().enumerate() {
        // Eight numbers begin at a byte, so that the places of the others are known when this is compiled.
        let bytes: &[u8; PACKED_EIGHT] = packed[nth * WIDTH..]
            .first_chunk()
            .expect("there are bytes for the widest");
        for (place, number) in numbers.iter_mut().enumerate() {
            let (byte, bit) = (place * WIDTH / 8, place * WIDTH % 8);
            let difference = if WIDTH <= 56 {
                // With the bits before it in its first byte, it lies in eight bytes.
                u64::from_le_bytes(bytes_at(bytes, byte)) >> bit & mask
            } else {
                (u128::from_le_bytes(bytes_at(bytes, byte)) >> bit) as u64 & mask
            };
            last = last.wrapping_add(least.wrapping_add(difference as i64));
            *number = last;
        }
    }
    last
}

#[inline(always)]
fn bytes_at<const N: usize>(packed: &[u8; PACKED_EIGHT], byte: usize) -> [u8; N] {
    packed[byte..].first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], count: usize, expect: Option<&[i64]>) {
        let mut out = Vec::new();
        let decoded = decode(bytes, count, &mut out);
        assert_eq!(decoded.map(|()| out.as_slice()), expect);
    }

    #[test]
    fn the_specification_s_examples() {
        // Blocks of 128 in 4 miniblocks: 1, 2, 3, 4, 5 have the least difference 1 and no bits beside it.
        check(&[128, 1, 4, 5, 2, 2, 0, 0, 0, 0], 5, Some(&[1, 2, 3, 4, 5]));
        // 7, 5, 3, 1, 2, 3, 4, 5: the least difference is -2, the others are 0 or 3 above it, in two bits.
        check(
            &[128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111],
            8,
            Some(&[7, 5, 3, 1, 2, 3, 4, 5]),
        );
        check(&[128, 1, 4, 1, 3], 1, Some(&[-2]));
        check(&[], 0, Some(&[]));
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        check(&[], 1, None);
        check(&[128, 1, 4, 5, 2], 5, None);
        check(&[128, 1, 4, 5, 2, 2, 0, 0, 0, 0], 4, None);
        check(&[128, 1, 0, 5, 2, 2, 0, 0, 0, 0], 5, None);
        check(&[128, 1, 3, 5, 2, 2, 0, 0, 0, 0], 5, None);
        check(&[127, 4, 5, 2, 2, 0, 0, 0, 0], 5, None);
        check(&[128, 1, 4, 5, 2, 2, 65, 0, 0, 0], 5, None);
        check(&[128, 1, 4, 5, 2, 2, 9, 0, 0, 0, 0, 0], 5, None);
        check(&[0xff; 40], 5, None);
    }
}
