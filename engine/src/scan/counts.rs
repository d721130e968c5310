//! How often each of some small numbers comes.

/// Counts of few numbers are kept several times over: the next row often has the number of the last, and would wait for it.
const LANES: usize = 4;
/// How many are few.
const FEW: usize = 1024;

/// The counts so far.
pub(super) struct Counts {
    /// Of each number as many counts as there are lanes.
    counts: Vec<i64>,
    lanes: usize,
}

impl Counts {
    /// Begins to count numbers below a bound.
    pub(super) fn new(bound: usize) -> Self {
        let lanes = if bound <= FEW { LANES } else { 1 };
        Self {
            counts: vec![0; bound * lanes],
            lanes,
        }
    }

    /// Counts numbers, which lie below the bound.
    pub(super) fn add(&mut self, numbers: &[u32]) {
        if self.lanes == 1 {
            for number in numbers {
                self.counts[*number as usize] += 1;
            }
            return;
        }
        for (place, number) in numbers.iter().enumerate() {
            self.counts[*number as usize * LANES + place % LANES] += 1;
        }
    }

    /// The count of each number.
    pub(super) fn of_each(&self) -> Vec<i64> {
        let lanes = self.counts.chunks_exact(self.lanes);
        lanes.map(|lanes| lanes.iter().sum()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_numbers() {
        for bound in [1, 7, FEW, FEW + 1, 5000] {
            let numbers: Vec<u32> = (0..bound as u32)
                .flat_map(|number| vec![number; number as usize % 11])
                .collect();
            let mut counts = Counts::new(bound);
            for numbers in numbers.chunks(13) {
                counts.add(numbers);
            }
            let expected: Vec<_> = (0..bound as i64).map(|number| number % 11).collect();
            assert_eq!(counts.of_each(), expected, "{bound} numbers");
        }
        assert!(Counts::new(0).of_each().is_empty());
    }
}
