//! Dates: what a time reads on the clocks and calendars of a time zone, and its text.
//!
//! Times come in as nanoseconds since 1970-01-01T00:00:00Z, in the years 1 to 9999. Specification: google/cel-spec,
//! doc/langdef.md, "Timezones" (names of the IANA database, `UTC`, and offsets such as `+05:30`), and RFC 3339 §5.6 for
//! texts. Absent on purpose: leap seconds, which neither has.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Timelike};
use chrono_tz::Tz;
use datafusion::arrow::array::ArrayRef;

use super::kernel::Arguments;
use super::time::NANOSECONDS;
use super::{Function, Overload};
use crate::fault::Fault;
use crate::value::Value;

/// 0001-01-01T00:00:00Z in seconds.
const FIRST_SECOND: i128 = -62_135_596_800;
/// 9999-12-31T23:59:59Z in seconds.
const LAST_SECOND: i128 = 253_402_300_799;

macro_rules! accessor {
    ($name:literal, $doc:literal, $read:expr, $examples:expr $(, $duration:expr)?) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[
                Overload::new(concat!("timestamp.", $name, "() -> int"), |args| in_utc(args, $read)),
                Overload::new(concat!("timestamp.", $name, "(string) -> int"), |args| in_zone(args, $read))
                    .refuse(refuse_zone)
.fails(Fault::BadArgument),
                $(Overload::new(concat!("duration.", $name, "() -> int"), |args| {
                    let (duration, read): (_, fn(i64) -> i64) = (args.duration(0), $duration);
                    args.ints(|row| duration.at(row).map(read))
                }),)?
            ],
        }
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    accessor!(
        "getFullYear",
        "The year of a time, in UTC or a time zone.",
        |time| time.year().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getFullYear()", "2009"),
            ("timestamp('2009-12-31T23:31:30Z').getFullYear('+01:00')", "2010"),
        ]
    ),
    accessor!(
        "getMonth",
        "The month of a time, in UTC or a time zone: 0 is January.",
        |time| time.month0().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getMonth()", "1"),
            ("timestamp('2009-02-28T23:31:30Z').getMonth('Asia/Tokyo')", "2"),
        ]
    ),
    accessor!(
        "getDayOfYear",
        "The day in the year of a time, in UTC or a time zone, from 0.",
        |time| time.ordinal0().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "43"),
            (
                "timestamp('2009-02-13T23:31:30Z').getDayOfYear('Australia/Sydney')",
                "44"
            ),
        ]
    ),
    accessor!(
        "getDayOfMonth",
        "The day in the month of a time, in UTC or a time zone, from 0.",
        |time| time.day0().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "12"),
            ("timestamp('2009-02-13T02:00:00Z').getDayOfMonth('-02:30')", "11"),
        ]
    ),
    accessor!(
        "getDate",
        "The day in the month of a time, in UTC or a time zone, from 1.",
        |time| time.day().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getDate()", "13"),
            ("timestamp('2009-02-13T23:31:30Z').getDate('Australia/Sydney')", "14"),
        ]
    ),
    accessor!(
        "getDayOfWeek",
        "The day in the week of a time, in UTC or a time zone: 0 is Sunday.",
        |time| time.weekday().num_days_from_sunday().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "5"),
            ("timestamp('2009-02-15T02:00:00Z').getDayOfWeek('US/Central')", "6"),
        ]
    ),
    accessor!(
        "getHours",
        "The hour of a time, in UTC or a time zone, 0 to 23; the whole hours of a duration.",
        |time| time.hour().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getHours()", "23"),
            ("timestamp('2009-02-13T23:31:30Z').getHours('Asia/Kathmandu')", "5"),
            ("timestamp('2009-02-13T23:31:30Z').getHours('02:00')", "1"),
            ("timestamp('2009-02-13T23:31:30Z').getHours('Mars/Olympus')", "error"),
            ("duration('10000s').getHours()", "2"),
        ],
        |duration| duration / (3600 * NANOSECONDS)
    ),
    accessor!(
        "getMinutes",
        "The minute of a time, in UTC or a time zone, 0 to 59; the whole minutes of a duration.",
        |time| time.minute().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getMinutes()", "31"),
            ("timestamp('2009-02-13T23:31:30Z').getMinutes('Asia/Kathmandu')", "16"),
            ("duration('3730s').getMinutes()", "62"),
        ],
        |duration| duration / (60 * NANOSECONDS)
    ),
    accessor!(
        "getSeconds",
        "The second of a time, in UTC or a time zone, 0 to 59; the whole seconds of a duration.",
        |time| time.second().into(),
        &[
            ("timestamp('2009-02-13T23:31:30Z').getSeconds()", "30"),
            ("timestamp('2009-02-13T23:31:30Z').getSeconds('-00:00')", "30"),
            ("duration('1m2.9s').getSeconds()", "62"),
        ],
        |duration| duration / NANOSECONDS
    ),
    accessor!(
        "getMilliseconds",
        "The milliseconds in the second of a time or a duration, 0 to 999.",
        |time| (time.nanosecond() / 1_000_000).into(),
        &[
            ("timestamp('2009-02-13T23:31:20.123456789Z').getMilliseconds()", "123"),
            (
                "timestamp('2009-02-13T23:31:20.123456789Z').getMilliseconds('Europe/Paris')",
                "123"
            ),
            ("duration('123.321456789s').getMilliseconds()", "321"),
        ],
        |duration| duration % NANOSECONDS / 1_000_000
    ),
];

fn in_utc(args: &Arguments, read: fn(&NaiveDateTime) -> i64) -> ArrayRef {
    let time = args.timestamp(0);
    args.ints(|row| Some(read(&civil(time.at(row)?, Zone::Fixed(0))?)))
}

fn in_zone(args: &Arguments, read: fn(&NaiveDateTime) -> i64) -> ArrayRef {
    let (time, zone) = (args.timestamp(0), args.string(1));
    let constant = zone.constant().map(Zone::parse);
    args.ints(|row| {
        let (time, zone) = (time.at(row)?, zone.at(row)?);
        let zone = constant.unwrap_or_else(|| Zone::parse(zone))?;
        Some(read(&civil(time, zone)?))
    })
}

fn refuse_zone(arguments: &[Option<&Value>]) -> Option<String> {
    match arguments {
        [_, Some(Value::String(zone))] if Zone::parse(zone).is_none() => Some(format!(
            "expected a time zone such as Europe/Paris, UTC or +05:30, found `{zone}`"
        )),
        _ => None,
    }
}

/// A time zone.
#[derive(Clone, Copy, Debug)]
enum Zone {
    /// Seconds east of UTC.
    Fixed(i32),
    Named(Tz),
}

impl Zone {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "UTC" => Some(Zone::Fixed(0)),
            text if text.contains(':') => offset_seconds(text).map(Zone::Fixed),
            name => name.parse().ok().map(Zone::Named),
        }
    }
}

/// The seconds of `+05:30`, `-02:30` or `05:30`.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str, end: i32| -> Option<i32> {
        let is_number = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number < end)
    };
    Some(sign * (number(hours, 24)? * 3600 + number(minutes, 60)? * 60))
}

/// The date and the time of day that a time reads in a zone.
fn civil(nanoseconds: i128, zone: Zone) -> Option<NaiveDateTime> {
    // Most times fit 64 bits, in which the machine divides.
    let (seconds, rest) = match i64::try_from(nanoseconds) {
        Ok(short) => (short.div_euclid(NANOSECONDS), short.rem_euclid(NANOSECONDS)),
        Err(_) => {
            let second = i128::from(NANOSECONDS);
            let rest = i64::try_from(nanoseconds.rem_euclid(second)).ok()?;
            (i64::try_from(nanoseconds.div_euclid(second)).ok()?, rest)
        }
    };
    let utc = DateTime::from_timestamp(seconds, u32::try_from(rest).ok()?)?.naive_utc();
    let offset = match zone {
        Zone::Fixed(0) => return Some(utc),
        Zone::Fixed(seconds) => seconds,
        Zone::Named(zone) => zone.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
    };
    utc.checked_add_signed(TimeDelta::seconds(offset.into()))
}

/// The time if it is in the years that times have.
pub(crate) fn in_range(nanoseconds: i128) -> Option<i128> {
    let seconds = nanoseconds.div_euclid(i128::from(NANOSECONDS));
    (FIRST_SECOND..=LAST_SECOND).contains(&seconds).then_some(nanoseconds)
}

/// The time that a text spells as RFC 3339 has it, in capitals; what is below a nanosecond is cut off.
pub(crate) fn parse_timestamp(text: &str) -> Option<i128> {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    if !marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark)) {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    let mut zone = text.get(19..)?;
    let mut nanoseconds = 0;
    if let Some(fraction) = zone.strip_prefix('.') {
        let end = fraction
            .find(|digit: char| !digit.is_ascii_digit())
            .filter(|end| *end > 0)?;
        // A tenth of a nanosecond and below do not count.
        for place in 0..9 {
            let digit = fraction.as_bytes().get(place).filter(|_| place < end);
            nanoseconds = nanoseconds * 10 + digit.map_or(0, |digit| i128::from(digit - b'0'));
        }
        zone = &fraction[end..];
    }
    let offset = match zone {
        "Z" => 0,
        zone if zone.starts_with(['+', '-']) => offset_seconds(zone)?,
        _ => return None,
    };
    let seconds = i128::from(time.and_utc().timestamp()) - i128::from(offset);
    in_range(seconds * i128::from(NANOSECONDS) + nanoseconds)
}

/// Writes a time as RFC 3339 does, in UTC, with as many digits of the second as it needs.
pub(crate) fn timestamp_text(nanoseconds: i128) -> String {
    let time = civil(nanoseconds, Zone::Fixed(0)).expect("times are in years that have dates");
    let mut text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    if time.nanosecond() > 0 {
        text += format!(".{:09}", time.nanosecond()).trim_end_matches('0');
    }
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, expect) in [
            ("2009-02-13T23:31:30Z", Some("2009-02-13T23:31:30Z")),
            ("2009-02-13T23:31:30.5000Z", Some("2009-02-13T23:31:30.5Z")),
            (
                "2009-02-13T23:31:30.123456789987+05:30",
                Some("2009-02-13T18:01:30.123456789Z"),
            ),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            ("9999-12-31T23:59:59.999999999Z", Some("9999-12-31T23:59:59.999999999Z")),
            ("2024-02-29T00:00:00-00:00", Some("2024-02-29T00:00:00Z")),
            ("1969-12-31T23:59:59.9Z", Some("1969-12-31T23:59:59.9Z")),
            ("0001-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("0000-01-01T00:00:00Z", None),
            ("10000-01-01T00:00:00Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2009-02-13T24:00:00Z", None),
            ("2009-02-13T23:59:60Z", None),
            ("2009-02-13 23:31:30Z", None),
            ("2009-02-13T23:31:30", None),
            ("2009-02-13T23:31:30.Z", None),
            ("2009-02-13T23:31:30.5", None),
            ("2009-02-13T23:31:30+24:00", None),
            ("2009-02-13T23:31:30 01:00", None),
            ("2009-02-13T23:31Z", None),
            ("+009-02-13T23:31:30Z", None),
            ("2009-02-13T23:31:30é", None),
            ("", None),
        ] {
            assert_eq!(parse_timestamp(text).map(timestamp_text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn zones_have_names_and_offsets() {
        let time = parse_timestamp("2009-02-13T23:31:30Z").unwrap();
        for (zone, expect) in [
            ("UTC", Some("2009-02-13 23:31:30")),
            ("", Some("2009-02-13 23:31:30")),
            ("US/Central", Some("2009-02-13 17:31:30")),
            ("Asia/Kathmandu", Some("2009-02-14 05:16:30")),
            ("CET", Some("2009-02-14 00:31:30")),
            ("-09:30", Some("2009-02-13 14:01:30")),
            ("05:30", Some("2009-02-14 05:01:30")),
            ("-00:15", Some("2009-02-13 23:16:30")),
            ("Local", None),
            ("+5:30", None),
            ("+05:60", None),
            ("24:00", None),
            ("--1:00", None),
            (":", None),
            ("é:00", None),
        ] {
            let found = Zone::parse(zone).and_then(|zone| civil(time, zone));
            assert_eq!(found.map(|time| time.to_string()).as_deref(), expect, "{zone}");
        }
    }

    #[test]
    fn zones_reach_over_the_first_and_last_year() {
        let first = parse_timestamp("0001-01-01T00:00:00Z").unwrap();
        let last = parse_timestamp("9999-12-31T23:59:59Z").unwrap();
        let year = |time, zone| civil(time, Zone::parse(zone).unwrap()).unwrap().year();
        assert_eq!((year(first, "-01:00"), year(last, "+01:00")), (0, 10000));
        assert_eq!(year(last, "Asia/Tokyo"), 10000);
    }
}
