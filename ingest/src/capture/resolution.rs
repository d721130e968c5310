//! How long a tick of an interface's clock is.

use std::fmt;

/// Nanoseconds are 10 to the minus this.
const NANO: u8 = 9;
const NS_PER_SECOND: u128 = 1_000_000_000;

/// A tick, as a part of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// 10 to the minus so much.
    Decimal(u8),
    /// 2 to the minus so much.
    Binary(u8),
}

impl Resolution {
    /// The default of both formats.
    pub const MICROSECONDS: Self = Self::Decimal(6);
    /// What pcap says with another magic number.
    pub const NANOSECONDS: Self = Self::Decimal(NANO);

    /// Reads an if_tsresol value: the highest bit tells a power of 2 from one of 10.
    pub fn of(value: u8) -> Self {
        let exponent = value & 0x7f;
        if value == exponent {
            Self::Decimal(exponent)
        } else {
            Self::Binary(exponent)
        }
    }

    /// Nanoseconds of so many ticks, rounded down.
    pub fn ns(self, ticks: u64) -> u128 {
        let wide = u128::from(ticks);
        match self {
            // The largest product is below 2^94: neither overflows.
            Self::Decimal(exponent @ 0..=NANO) => {
                wide.saturating_mul(10_u128.saturating_pow(u32::from(NANO.saturating_sub(exponent))))
            }
            Self::Binary(exponent) => wide
                .saturating_mul(NS_PER_SECOND)
                .checked_shr(u32::from(exponent))
                .unwrap_or(0),
            // Ticks of which 64 bits do not make a nanosecond have a divisor that 64 bits do not hold.
            Self::Decimal(exponent) => 10_u64
                .checked_pow(u32::from(exponent.saturating_sub(NANO)))
                .map_or(0, |per_ns| u128::from(ticks.checked_div(per_ns).unwrap_or(0))),
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, exponent) = match self {
            Self::Decimal(exponent) => (10_u64, exponent),
            Self::Binary(exponent) => (2, exponent),
        };
        match base.checked_pow(u32::from(*exponent)) {
            Some(ticks) => write!(f, "{ticks} ticks/s"),
            None => write!(f, "{base}^{exponent} ticks/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: u8, ticks: u64, text: &str, ns: u128) {
        let resolution = Resolution::of(value);
        assert_eq!((resolution.to_string().as_str(), resolution.ns(ticks)), (text, ns));
    }

    #[test]
    fn ticks_of_every_length() {
        let all = u64::MAX;
        check(0, all, "1 ticks/s", u128::from(all) * 1_000_000_000);
        check(3, 1500, "1000 ticks/s", 1_500_000_000);
        check(6, 7, "1000000 ticks/s", 7000);
        check(9, all, "1000000000 ticks/s", u128::from(all));
        check(12, 1_999, "1000000000000 ticks/s", 1);
        check(19, all, "10000000000000000000 ticks/s", 1_844_674_407);
        check(28, all, "10^28 ticks/s", 1);
        check(29, all, "10^29 ticks/s", 0);
        check(127, all, "10^127 ticks/s", 0);
        check(0x80, 2, "1 ticks/s", 2_000_000_000);
        check(0x80 | 10, 1536, "1024 ticks/s", 1_500_000_000);
        check(0x80 | 63, all, "9223372036854775808 ticks/s", 1_999_999_999);
        check(0x80 | 64, all, "2^64 ticks/s", 999_999_999);
        check(0x80 | 93, all, "2^93 ticks/s", 1);
        check(0x80 | 94, all, "2^94 ticks/s", 0);
        check(0xff, all, "2^127 ticks/s", 0);
    }
}
