//! Times and durations: how texts and numbers become them.
//!
//! Specification: RFC 3339 for timestamps; Go's `time.ParseDuration`, which CEL follows, for durations. What a time reads
//! on a calendar is in `calendar`.

use super::calendar::{self, parse_timestamp};
use super::{Function, Overload};
use crate::fault::Fault;
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "timestamp",
        doc: "The time that an RFC 3339 string spells, or that many seconds after 1970-01-01T00:00:00Z.",
        examples: &[
            (
                "timestamp('2026-01-31T12:00:00+01:00')",
                "timestamp(\"2026-01-31T11:00:00Z\")",
            ),
            ("timestamp(1)", "timestamp(\"1970-01-01T00:00:01Z\")"),
            (
                "timestamp('2026-01-31T12:00:00.5Z')",
                "timestamp(\"2026-01-31T12:00:00.5Z\")",
            ),
        ],
        overloads: &[
            Overload::new("timestamp(string) -> timestamp", |args| {
                let text = args.string(0);
                args.timestamps(|row| parse_timestamp(text.at(row)?))
            })
            .refuse(|arguments| {
                refuse(
                    arguments,
                    |text| parse_timestamp(text).is_some(),
                    "a time such as 2026-01-31T12:00:00Z",
                )
            })
            .fails(Fault::BadConversion),
            Overload::new("timestamp(int) -> timestamp", |args| {
                let seconds = args.int(0);
                args.timestamps(|row| Some(i128::from(seconds.at(row)?) * i128::from(NANOSECONDS)))
            })
            .fails(Fault::Overflow),
            Overload::new("timestamp(timestamp) -> timestamp", |args| {
                let time = args.timestamp(0);
                args.timestamps(|row| time.at(row))
            }),
        ],
    },
    Function {
        name: "duration",
        doc: "The length of time that a string spells, in h, m, s, ms, us and ns, or that many nanoseconds.",
        examples: &[
            ("duration('1h30m')", "duration(\"5400s\")"),
            ("duration('1.5ms')", "duration(\"0.0015s\")"),
            ("duration('-5s')", "duration(\"-5s\")"),
            ("duration(1500000000)", "duration(\"1.5s\")"),
            ("duration('320000000000s')", "error"),
        ],
        overloads: &[
            Overload::new("duration(string) -> duration", |args| {
                let text = args.string(0);
                args.durations(|row| parse_duration(text.at(row)?))
            })
            .refuse(|arguments| {
                refuse(
                    arguments,
                    |text| parse_duration(text).is_some(),
                    "a length of time such as 5m, 1h30m or 250ms",
                )
            })
            .fails(Fault::BadConversion),
            Overload::new("duration(int) -> duration", |args| {
                let nanoseconds = args.int(0);
                args.durations(|row| nanoseconds.at(row))
            }),
            Overload::new("duration(duration) -> duration", |args| {
                let duration = args.duration(0);
                args.durations(|row| duration.at(row))
            }),
        ],
    },
];

pub(crate) const NANOSECONDS: i64 = 1_000_000_000;

fn refuse(arguments: &[Option<&Value>], is_valid: fn(&str) -> bool, expected: &str) -> Option<String> {
    match arguments {
        [Some(Value::String(text))] if !is_valid(text) => Some(format!("expected {expected}, found `{text}`")),
        _ => None,
    }
}

/// Writes a time as RFC 3339 does, with as many digits of the second as it needs.
pub(crate) fn timestamp_text(nanoseconds: i128) -> String {
    calendar::timestamp_text(nanoseconds)
}

pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|character: char| character != '.' && !character.is_ascii_digit())?;
        let (digits, after) = rest.split_at(number);
        let letters = after
            .find(|character: char| character == '.' || character.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        total = total.checked_add(scaled(digits, unit_ns(unit)?)?)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn unit_ns(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        // Two characters look like the letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => i128::from(NANOSECONDS),
        "m" => 60 * i128::from(NANOSECONDS),
        "h" => 3_600 * i128::from(NANOSECONDS),
        _ => return None,
    })
}

/// A decimal number of units in nanoseconds, what is below one cut off.
fn scaled(digits: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Beyond eighteen digits even an hour's fraction is below a nanosecond.
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    whole.checked_mul(unit)?.checked_add(part.checked_mul(unit)? / scale)
}

/// Writes a duration in seconds, as CEL does.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let (seconds, rest) = (
        magnitude / NANOSECONDS.unsigned_abs(),
        magnitude % NANOSECONDS.unsigned_abs(),
    );
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    format!("{sign}{seconds}.{}s", format!("{rest:09}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expect) in [
            ("5m", Some(300 * NANOSECONDS)),
            ("1h0.5s", Some(3600 * NANOSECONDS + NANOSECONDS / 2)),
            (".5us", Some(500)),
            ("1.us", Some(1_000)),
            ("1\u{b5}s1\u{3bc}s", Some(2_000)),
            ("+1.5h-", None),
            ("1.5.5s", None),
            ("00000000000000000000000001s", Some(NANOSECONDS)),
            ("0.1234567899s", Some(123_456_789)),
            ("-9223372036854775808ns", Some(i64::MIN)),
            ("9223372036854775808ns", None),
            ("-0", Some(0)),
            ("-1ns", Some(-1)),
            ("0", Some(0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 m", None),
            ("9999999999999999999999h", None),
            (".s", None),
        ] {
            assert_eq!(parse_duration(text), expect, "{text}");
        }
    }
}
