//! Small numbers as Parquet packs them: runs of one number, and numbers of a few bits side by side.
//!
//! Specification: Apache Parquet format, "RLE / Bit-Packing Hybrid". The reading side is `scan/hybrid.rs`.

use crate::leb128;

/// Numbers that are packed together; a run of fewer is not worth a header.
const GROUP: usize = 8;

/// Appends numbers, each of so many bits at most.
pub(super) fn pack(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while at < numbers.len() {
        let run = run_of_first(&numbers[at..]);
        if run < GROUP {
            at = numbers.len().min(at + GROUP);
            continue;
        }
        push_packed(&numbers[packed..at], width, out);
        push_run(numbers[at], width, run, out);
        at += run;
        packed = at;
    }
    push_packed(&numbers[packed..], width, out);
}

/// Appends a run of one number.
pub(super) fn push_run(number: u32, width: u32, count: usize, out: &mut Vec<u8>) {
    leb128::push(out, (count as u64) << 1);
    out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// How many numbers are as the first.
fn run_of_first(numbers: &[u32]) -> usize {
    let first = numbers.first();
    numbers.iter().take_while(|number| Some(*number) == first).count()
}

/// Appends numbers side by side, from the lowest bit on, in whole groups.
fn push_packed(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let groups = numbers.len().div_ceil(GROUP);
    leb128::push(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    let (mut word, mut bits) = (0_u64, 0);
    for number in numbers {
        word |= u64::from(*number) << bits;
        bits += width;
        if bits >= u32::BITS {
            out.extend_from_slice(&(word as u32).to_le_bytes());
            word >>= u32::BITS;
            bits -= u32::BITS;
        }
    }
    out.extend_from_slice(&word.to_le_bytes()[..bits.div_ceil(8) as usize]);
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_runs_or_groups_of_eight() {
        #[track_caller]
        fn check(numbers: &[u32], width: u32, expected: &[u8]) {
            let mut packed = Vec::new();
            pack(numbers, width, &mut packed);
            assert_eq!(packed, expected);
        }
        check(&[], 3, &[]);
        check(&[5; 300], 3, &[0xd8, 0x04, 5]);
        check(&[0; 8], 0, &[16]);
        // The example of the specification: 0 to 7 in three bits each.
        check(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &[3, 0x88, 0xc6, 0xfa]);
        // The last group is filled up.
        check(&[1, 2], 9, &[3, 1, 4, 0, 0, 0, 0, 0, 0, 0]);
        // A run begins where a group does.
        check(
            &[[1, 2].as_slice(), &[7; 14]].concat(),
            4,
            &[3, 0x21, 0x77, 0x77, 0x77, 16, 7],
        );
        check(
            &[u32::MAX, 1],
            32,
            &[&[3, 255, 255, 255, 255, 1][..], &[0; 27]].concat(),
        );
    }
}
