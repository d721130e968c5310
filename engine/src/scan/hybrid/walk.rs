//! A walk through small numbers that counts one of them, to find where a row begins and which of the values is its own.

use super::{Run, Runs, padded};

/// Bits of the numbers among which places are looked for.
const FEW_BITS: usize = 2;

/// Walks forward through numbers of at most two bits, as levels are, and counts those that are one number: runs as a whole, packed
/// ones a word at a time.
pub(in crate::scan) struct Walk<'b> {
    runs: Runs<'b>,
    run: Run<'b>,
    counted: u32,
    place: usize,
    /// How many of the numbers before the place are the one that is counted.
    before: usize,
}

/// Which of the next few numbers are the one that is counted.
enum Next {
    All,
    Never,
    /// A bit for each that is, at the place of its lowest.
    Some(u64),
}

impl<'b> Walk<'b> {
    pub(in crate::scan) fn new(bytes: &'b [u8], width: u32, count: usize, counted: u32) -> Option<Self> {
        let is_known = width > 0 && width as usize <= FEW_BITS;
        Some(Self {
            runs: Runs::new(bytes, width, count).filter(|_| is_known)?,
            run: Run::default(),
            counted,
            place: 0,
            before: 0,
        })
    }

    /// Goes to a place, which does not lie before the last, and at most behind all numbers; tells how many before it are counted.
    pub(in crate::scan) fn go_to(&mut self, place: usize) -> Option<usize> {
        if place < self.place || place > self.runs.count {
            return None;
        }
        while self.place < place {
            let (length, next) = self.next()?;
            let length = length.min(place - self.place);
            self.before += self.counted_of(&next, length);
            self.place += length;
        }
        Some(self.before)
    }

    /// Goes to the number that is counted before which there are so many, no fewer than before the last, or behind all
    /// numbers; tells its place.
    pub(in crate::scan) fn find(&mut self, before: usize) -> Option<usize> {
        let mut left = before.checked_sub(self.before)?;
        while self.place < self.runs.count {
            let (length, next) = self.next()?;
            let counted = self.counted_of(&next, length);
            if counted > left {
                self.place += match next {
                    Next::Some(mut bits) => {
                        (0..left).for_each(|_| bits &= bits - 1);
                        bits.trailing_zeros() as usize / self.run.width
                    }
                    _ => left,
                };
                self.before = before;
                break;
            }
            left -= counted;
            self.before += counted;
            self.place += length;
        }
        Some(self.place)
    }

    /// The number here.
    pub(in crate::scan) fn number(&mut self) -> Option<u32> {
        if self.place == self.run.end {
            self.run = self.runs.next()?;
        }
        self.run.number(self.place)
    }

    /// Some numbers from here on, and which of them are counted.
    fn next(&mut self) -> Option<(usize, Next)> {
        if self.place == self.run.end {
            self.run = self.runs.next()?;
        }
        let Run { end, width, bytes, .. } = self.run;
        if !self.run.is_packed {
            let is_counted = self.run.number(self.place)? == self.counted;
            return Some((end - self.place, if is_counted { Next::All } else { Next::Never }));
        }
        let bit = (self.place - self.run.start) * width;
        let word = u64::from_le_bytes(padded(bytes.get(bit / 8..)?)) >> (bit % 8);
        let length = ((u64::BITS as usize - bit % 8) / width).min(end - self.place);
        if bytes.len() < (bit + length * width).div_ceil(8) {
            return None;
        }
        Some((length, Next::Some(equal(word, width, self.counted))))
    }

    fn counted_of(&self, next: &Next, length: usize) -> usize {
        let bits = (length * self.run.width).min(u64::BITS as usize) as u32;
        match next {
            Next::All => length,
            Next::Never => 0,
            Next::Some(are) => (are & u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0)).count_ones() as usize,
        }
    }
}

/// The lowest bit of each of the numbers of one or two bits in a word that are this one.
fn equal(word: u64, width: usize, number: u32) -> u64 {
    const EVERY_SECOND: u64 = u64::MAX / 3;
    match width {
        1 if number == 1 => word,
        1 => !word,
        _ => {
            let other = word ^ (EVERY_SECOND * u64::from(number & 3));
            !(other | other >> 1) & EVERY_SECOND
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_count_as_they_go() {
        let mut random = fastrand::Rng::with_seed(3);
        for width in [1, 2] {
            for _ in 0..50 {
                // Runs and packed numbers in turn.
                let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
                for _ in 0..random.usize(1..8) {
                    let number = random.u32(0..1 << width);
                    let length = random.usize(1..100);
                    bytes.extend([(length << 1) as u8 & 0x7f | 0x80, (length >> 6) as u8, number as u8]);
                    numbers.extend(std::iter::repeat_n(number, length));
                    let eights = random.usize(1..30);
                    bytes.push((eights << 1 | 1) as u8);
                    for _ in 0..eights * width as usize {
                        let byte = random.u8(..);
                        bytes.push(byte);
                        numbers.extend(
                            (0..8 / width).map(|place| u32::from(byte) >> (place * width) & ((1 << width) - 1)),
                        );
                    }
                }
                let counted = random.u32(0..1 << width);
                let count = numbers.len() - random.usize(0..8);
                let are: Vec<_> = (0..count).filter(|place| numbers[*place] == counted).collect();
                let mut place = 0;
                let mut walk = Walk::new(&bytes, width, count, counted).unwrap();
                while place <= count {
                    let before = are.partition_point(|counted| *counted < place);
                    assert_eq!(walk.go_to(place), Some(before));
                    if place < count {
                        assert_eq!(walk.number(), Some(numbers[place]));
                    }
                    place += random.usize(0..90);
                }
                let mut walk = Walk::new(&bytes, width, count, counted).unwrap();
                let mut before = 0;
                while before < are.len() + 3 {
                    assert_eq!(walk.find(before), Some(are.get(before).copied().unwrap_or(count)));
                    before = (before + random.usize(0..90)).max(before);
                }
                assert_eq!(Walk::new(&bytes, width, count, counted).unwrap().go_to(count + 1), None);
                let cut = random.usize(0..bytes.len());
                let cut = Walk::new(&bytes[..cut], width, count, counted).unwrap().go_to(count);
                assert!(cut.is_none_or(|before| before <= count));
            }
        }
    }
}
