//! Percentiles of many times in little memory: exact while there are few, then of every second, every fourth …

/// Values that are kept; each thinning halves them.
const MOST: usize = 64;

/// Some times, of which percentiles are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Percentiles {
    kept_ns: Vec<i64>,
    /// Of so many values one is kept.
    every: u32,
    /// Values to pass over before the next is kept.
    passed: u32,
}

impl Percentiles {
    pub(crate) fn add(&mut self, time_ns: i64) {
        if self.passed > 0 {
            self.passed = self.passed.saturating_sub(1);
            return;
        }
        if self.kept_ns.len() >= MOST {
            // Of sorted values every second is as good a sample as all.
            self.kept_ns.sort_unstable();
            let mut keep = false;
            self.kept_ns.retain(|_| {
                keep = !keep;
                keep
            });
            self.every = self.every.max(1).saturating_mul(2);
        }
        self.kept_ns.push(time_ns);
        self.passed = self.every.saturating_sub(1);
    }

    /// The values that 50, 90 and 99 of 100 do not exceed (nearest rank); `None` of nothing.
    pub(crate) fn p50_p90_p99(&self) -> Option<[i64; 3]> {
        let mut sorted = self.kept_ns.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        let at = |percent: usize| {
            let rank = sorted.len().saturating_mul(percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1).min(last)).copied()
        };
        Some([at(50)?, at(90)?, at(99)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = i64>) -> Option<[i64; 3]> {
        let mut percentiles = Percentiles::default();
        values.for_each(|value| percentiles.add(value));
        percentiles.p50_p90_p99()
    }

    #[test]
    fn few_are_exact() {
        assert_eq!(of([].into_iter()), None);
        assert_eq!(of([7].into_iter()), Some([7, 7, 7]));
        assert_eq!(of(1..=50), Some([25, 45, 50]));
        assert_eq!(of((1..=10).rev()), Some([5, 9, 10]));
    }

    #[test]
    fn many_are_near() {
        let [half, nine, most] = of((0..100_000).map(|value| value * 7919 % 100_000)).expect("there are values");
        assert!((40_000..60_000).contains(&half), "{half}");
        assert!((80_000..97_000).contains(&nine), "{nine}");
        assert!((93_000..100_000).contains(&most), "{most}");
    }
}
