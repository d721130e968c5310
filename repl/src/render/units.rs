//! Numbers for people: spans of time, sizes, counts, instants.

/// A span in the unit that needs no more than four digits before the point.
pub(crate) fn span_us(us: i64) -> String {
    let magnitude = us.unsigned_abs();
    let text = match magnitude {
        0..1_000 => format!("{magnitude} µs"),
        1_000..1_000_000 => format!("{:.2} ms", magnitude as f64 / 1e3),
        1_000_000..120_000_000 => format!("{:.2} s", magnitude as f64 / 1e6),
        120_000_000..7_200_000_000 => format!("{:.1} min", magnitude as f64 / 60e6),
        _ => format!("{:.1} h", magnitude as f64 / 3_600e6),
    };
    if us < 0 { format!("-{text}") } else { text }
}

/// A size in decimal units.
pub(crate) fn size(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        1_000_000_000..1_000_000_000_000 => format!("{:.2} GB", value / 1e9),
        _ => format!("{:.2} TB", value / 1e12),
    }
}

/// A number with commas between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun: "1 row", "2 rows".
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Many of a noun whose plural is irregular: "1 entry", "2 entries".
pub(crate) fn counted_as(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// An instant, UTC, as date and time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// `2026-01-02`.
    pub(crate) date: String,
    /// `03:04:05.123456`; nine digits if the last three say something.
    pub(crate) time: String,
}

/// An instant of so many nanoseconds since 1970-01-01T00:00:00Z.
pub(crate) fn instant(ns: i64) -> Instant {
    const DAY_NS: i64 = 86_400_000_000_000;
    let (days, of_day) = (ns.div_euclid(DAY_NS), ns.rem_euclid(DAY_NS));
    let (year, month, day) = civil(days);
    let seconds = of_day / 1_000_000_000;
    let (hour, minute, second, fraction) = (seconds / 3600, seconds / 60 % 60, seconds % 60, of_day % 1_000_000_000);
    let time = match fraction % 1_000 {
        0 => format!("{hour:02}:{minute:02}:{second:02}.{:06}", fraction / 1_000),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{fraction:09}"),
    };
    Instant {
        date: format!("{year:04}-{month:02}-{day:02}"),
        time,
    }
}

/// Days since 1970-01-01 as year, month, day of the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", civil_from_days).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(
            [span_us(0), span_us(999), span_us(1_500), span_us(-2_000_000)],
            ["0 µs", "999 µs", "1.50 ms", "-2.00 s"]
        );
        assert_eq!(
            [size(999), size(1_500), size(2_000_000_000)],
            ["999 B", "1.5 kB", "2.00 GB"]
        );
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [counted(1, "row"), counted(2, "row"), counted_as(0, "entry", "entries")],
            ["1 row", "2 rows", "0 entries"]
        );
    }

    #[test]
    fn instants_cover_all_that_64_bits_hold() {
        let text = |ns| {
            let instant = instant(ns);
            format!("{}T{}", instant.date, instant.time)
        };
        assert_eq!(text(0), "1970-01-01T00:00:00.000000");
        assert_eq!(text(951_827_696_789_012_345), "2000-02-29T12:34:56.789012345");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999999");
        assert_eq!(text(i64::MAX), "2262-04-11T23:47:16.854775807");
        assert_eq!(text(i64::MIN), "1677-09-21T00:12:43.145224192");
    }
}
