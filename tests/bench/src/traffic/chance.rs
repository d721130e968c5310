//! Chance: the distributions that traffic is drawn from, with a fixed seed.

/// A source of random numbers.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound.max(1))
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A position in a list of which the first are drawn far more often than the last.
    pub(crate) fn skewed(&mut self, length: usize) -> usize {
        ((self.0.f64().powi(3)) * length as f64) as usize
    }

    /// A time of this mean with the distribution of pauses between independent events.
    pub(crate) fn pause(&mut self, mean_ns: u64) -> u64 {
        (-(1.0 - self.0.f64()).ln() * mean_ns as f64) as u64
    }

    /// A time of this median; one in a hundred is more than thirty times as long.
    pub(crate) fn latency(&mut self, median_ns: u64) -> u64 {
        // Twelve uniform numbers make a normal one.
        let normal = (0..12).map(|_| self.0.f64()).sum::<f64>() - 6.0;
        ((normal * 1.5).exp() * median_ns as f64) as u64 + 1000
    }

    /// Sixteen hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}", self.0.u64(..))
    }

    /// Random bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.0.u8(..)).collect()
    }

    /// One of a list, each as likely.
    pub(crate) fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}
