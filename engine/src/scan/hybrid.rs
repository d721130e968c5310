//! Small numbers as Parquet packs them: runs of one number, and numbers of a few bits side by side.
//!
//! Specification: Apache Parquet format, "RLE / Bit-Packing Hybrid". Bytes that are no such runs are `None`.

mod walk;

pub(super) use self::walk::Walk;
use crate::leb128;

/// Most bits of a number: what four bytes hold.
const MOST_BITS: u32 = 32;
/// Bits of the header of a run: five bytes' worth.
const HEADER_BITS: u32 = 35;

/// Decodes so many numbers of so many bits and replaces a vector's content by what each stands for.
pub(super) fn decode<T: Copy + Default>(
    mut bytes: &[u8],
    width: u32,
    count: usize,
    out: &mut Vec<T>,
    meaning: impl Fn(u32) -> T + Copy,
) -> Option<()> {
    if width > MOST_BITS {
        return None;
    }
    out.resize(count, T::default());
    let mut left = out.as_mut_slice();
    while !left.is_empty() {
        let header = leb128::take(&mut bytes, HEADER_BITS)?;
        let length = usize::try_from(header >> 1).ok().filter(|length| *length > 0)?;
        let numbers;
        if header & 1 == 0 {
            let (number, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let number = number
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u32::from(*byte));
            (numbers, left) = left.split_at_mut(length.min(left.len()));
            numbers.fill(meaning(number));
        } else {
            // Groups of eight; writers may leave out the bytes behind the last number.
            let packed = length.checked_mul(width as usize)?.min(bytes.len());
            (numbers, left) = left.split_at_mut(length.checked_mul(8)?.min(left.len()));
            if packed < (numbers.len() * width as usize).div_ceil(8) {
                return None;
            }
            unpack(bytes, width as usize, numbers, meaning);
            bytes = &bytes[packed..];
        }
    }
    Some(())
}

/// Decodes those of so many numbers that have one of some places, which ascend, and appends them.
pub(super) fn pick(
    bytes: &[u8],
    width: u32,
    count: usize,
    places: impl Iterator<Item = usize>,
    out: &mut Vec<u32>,
) -> Option<()> {
    let mut runs = Runs::new(bytes, width, count)?;
    let mut run = Run::default();
    for place in places {
        while place >= run.end {
            run = runs.next()?;
        }
        out.push(run.number(place)?);
    }
    Some(())
}

/// The runs of so many numbers.
struct Runs<'b> {
    bytes: &'b [u8],
    width: usize,
    /// How many numbers there are, and how many of them were in runs so far.
    count: usize,
    done: usize,
}

/// One number several times, or numbers side by side.
#[derive(Clone, Copy, Default)]
struct Run<'b> {
    /// The places of its numbers among all.
    start: usize,
    end: usize,
    is_packed: bool,
    width: usize,
    bytes: &'b [u8],
}

impl<'b> Runs<'b> {
    fn new(bytes: &'b [u8], width: u32, count: usize) -> Option<Self> {
        (width <= MOST_BITS).then_some(Self {
            bytes,
            width: width as usize,
            count,
            done: 0,
        })
    }

    /// The next run; `None` if all numbers are in those before, too.
    fn next(&mut self) -> Option<Run<'b>> {
        if self.done >= self.count {
            return None;
        }
        let header = leb128::take(&mut self.bytes, HEADER_BITS)?;
        let length = usize::try_from(header >> 1).ok().filter(|length| *length > 0)?;
        let is_packed = header & 1 == 1;
        // Writers may leave out the bytes behind the last number.
        let (numbers, size) = match is_packed {
            true => (
                length.checked_mul(8)?,
                length.checked_mul(self.width)?.min(self.bytes.len()),
            ),
            false => (length, self.width.div_ceil(8)),
        };
        let start = self.done;
        self.done = start.checked_add(numbers)?.min(self.count);
        let bytes;
        (bytes, self.bytes) = self.bytes.split_at_checked(size)?;
        Some(Run {
            start,
            end: self.done,
            is_packed,
            width: self.width,
            bytes,
        })
    }
}

impl Run<'_> {
    /// The number at a place that is in the run.
    fn number(&self, place: usize) -> Option<u32> {
        let mask = u32::MAX.checked_shr(u32::BITS - self.width as u32).unwrap_or(0);
        let bit = match self.is_packed {
            true => (place - self.start).checked_mul(self.width)?,
            false => 0,
        };
        if self.bytes.len() < (bit + self.width).div_ceil(8) {
            return None;
        }
        let word = u64::from_le_bytes(padded(&self.bytes[(bit / 8).min(self.bytes.len())..]));
        Some((word >> (bit % 8)) as u32 & mask)
    }
}

/// True if bytes are a single run of a number of few bits, that goes on at least so long.
pub(super) fn is_run_of(mut bytes: &[u8], number: u8, count: usize) -> bool {
    let header = leb128::take(&mut bytes, HEADER_BITS);
    let is_long = header.is_some_and(|header| header & 1 == 0 && header >> 1 >= count as u64);
    is_long && bytes.first() == Some(&number)
}

/// Takes numbers apart, eight at a time: they begin at a byte, at the lowest bit. Where each of the eight lies is known for each
/// width when this is compiled. Bytes behind those of the numbers do not matter.
#[inline(always)]
fn unpack<T>(packed: &[u8], width: usize, out: &mut [T], meaning: impl Fn(u32) -> T + Copy) {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                $($width => unpack_eights::<$width, T>(packed, out, meaning),)*
                _ => unreachable!("numbers have at most so many bits"),
            }
        };
    }
    by_width!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
}

/// Bytes of eight of the widest numbers, and some more so that each can be taken from eight bytes.
const EIGHT: usize = MOST_BITS as usize + 8;

fn unpack_eights<const WIDTH: usize, T>(packed: &[u8], out: &mut [T], meaning: impl Fn(u32) -> T + Copy) {
    let mask = u32::MAX.checked_shr(u32::BITS - WIDTH as u32).unwrap_or(0);
    let of = |bytes: &[u8; EIGHT], place: usize| {
        let (byte, bit) = (place * WIDTH / 8, place * WIDTH % 8);
        let word = bytes[byte..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        meaning((word >> bit) as u32 & mask)
    };
    let (eights, rest) = out.as_chunks_mut::<8>();
    let whole = eights.len() * WIDTH;
    for (nth, numbers) in eights.iter_mut().enumerate() {
        let bytes = &packed[(nth * WIDTH).min(packed.len())..];
        let copied;
        let bytes = match bytes.first_chunk() {
            Some(bytes) => bytes,
            None => {
                copied = padded(bytes);
                &copied
            }
        };
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = of(bytes, place);
        }
    }
    if !rest.is_empty() {
        let bytes = padded(&packed[whole.min(packed.len())..]);
        for (place, number) in rest.iter_mut().enumerate() {
            *number = of(&bytes, place);
        }
    }
}

/// The first bytes, or all there are and zeros.
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    match bytes.first_chunk() {
        Some(whole) => *whole,
        None => {
            let mut whole = [0; N];
            whole[..bytes.len()].copy_from_slice(bytes);
            whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], width: u32, count: usize, expect: Option<&[u32]>) {
        let mut out = Vec::new();
        let decoded = decode(bytes, width, count, &mut out, |number| number);
        assert_eq!(decoded.map(|()| out.as_slice()), expect);
    }

    #[test]
    fn runs_and_packed_numbers() {
        // The specification's own example: 0 to 7 in three bits.
        let packed = [0b1000_1000, 0b1100_0110, 0b1111_1010];
        let one_group = [&[3], &packed[..]].concat();
        check(&one_group, 3, 8, Some(&[0, 1, 2, 3, 4, 5, 6, 7]));
        check(&one_group, 3, 3, Some(&[0, 1, 2]));
        check(&[8, 5], 3, 4, Some(&[5, 5, 5, 5]));
        check(&[4, 0x34, 0x12], 13, 2, Some(&[0x1234, 0x1234]));
        check(&[8, 0, 3, 0xff], 1, 12, Some(&[0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]));
        check(&[3], 0, 8, Some(&[0; 8]));
        check(&[], 7, 0, Some(&[]));
    }

    #[test]
    fn many_packed_numbers_come_back() {
        for width in 1..=32_u32 {
            let numbers: Vec<u32> = (0..64_u64)
                .map(|number| (number * 0x9e37_79b9 % (1 << width)) as u32)
                .collect();
            let mut packed = vec![8 << 1 | 1];
            let mut bits = vec![0_u8; 8 * width as usize];
            for (position, number) in numbers.iter().enumerate() {
                for bit in 0..width as usize {
                    let place = position * width as usize + bit;
                    bits[place / 8] |= ((number >> bit & 1) as u8) << (place % 8);
                }
            }
            packed.extend(bits);
            check(&packed, width, 64, Some(&numbers));
            let places = [0, 1, 7, 8, 31, 62, 63];
            let mut picked = Vec::new();
            pick(&packed, width, 64, places.into_iter(), &mut picked).unwrap();
            assert_eq!(picked, places.map(|place| numbers[place]));
        }
    }

    #[test]
    fn some_of_many() {
        let picked = |bytes: &[u8], width, count, places: &[usize]| {
            let mut out = Vec::new();
            pick(bytes, width, count, places.iter().copied(), &mut out).map(|()| out)
        };
        // Four fives, then the numbers 0 to 7 in three bits.
        let runs = [8, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(picked(&runs, 3, 12, &[0, 3, 4, 9, 11]), Some(vec![5, 5, 0, 5, 7]));
        assert_eq!(picked(&runs, 3, 12, &[10]), Some(vec![6]));
        assert_eq!(picked(&runs, 3, 12, &[]), Some(Vec::new()));
        assert_eq!(picked(&runs, 3, 12, &[12]), None);
        assert_eq!(picked(&runs, 3, 20, &[15]), None);
        assert_eq!(picked(&[3, 0], 3, 8, &[7]), None);
        assert_eq!(picked(&[3], 0, 8, &[7]), Some(vec![0]));
        assert_eq!(picked(&[8, 0], 33, 4, &[0]), None);
    }

    #[test]
    fn single_runs() {
        assert!(is_run_of(&[8, 1], 1, 4));
        assert!(is_run_of(&[0x80, 1, 1], 1, 64));
        assert!(!is_run_of(&[8, 1], 1, 5));
        assert!(!is_run_of(&[8, 0], 1, 4));
        assert!(!is_run_of(&[3, 0xff], 1, 4));
        assert!(!is_run_of(&[8], 1, 4));
        assert!(!is_run_of(&[], 1, 0));
    }

    #[test]
    fn what_is_no_run_is_refused() {
        check(&[], 3, 1, None);
        check(&[8], 3, 4, None);
        check(&[0x80; 9], 3, 4, None);
        check(&[3, 0], 3, 8, None);
        check(&[8, 0], 33, 4, None);
        check(&[1], 3, 8, None);
    }
}
