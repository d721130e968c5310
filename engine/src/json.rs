//! Columns of any Arrow type as JSON values, cell by cell.
//!
//! Timestamps are RFC 3339 with nanoseconds, bytes base64, maps objects, lists arrays. What JSON has no number for (NaN,
//! infinities) is null. Control characters are escaped, those of the upper half and DEL too, so that text which came from
//! packets does nothing to a terminal.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Float64Array, Int64Array, StringViewArray,
    TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, DurationNanosecondType, Field, Float64Type, Int64Type, TimeUnit, TimestampNanosecondType, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// A column, ready to be printed.
#[derive(Debug)]
pub(crate) enum Column {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Uint(UInt64Array),
    Double(Float64Array),
    Text(StringViewArray),
    Bytes(BinaryViewArray),
    Time {
        values: TimestampNanosecondArray,
        is_utc: bool,
    },
    List {
        offsets: OffsetBuffer<i32>,
        nulls: Option<NullBuffer>,
        items: Box<Column>,
    },
    Map {
        offsets: OffsetBuffer<i32>,
        nulls: Option<NullBuffer>,
        keys: Box<Column>,
        values: Box<Column>,
    },
    Struct {
        nulls: Option<NullBuffer>,
        fields: Vec<(Vec<u8>, Column)>,
    },
    /// A type that no table has (dates, intervals, decimals of SQL): printed as Arrow prints it, as a string.
    Other(ArrayRef),
}

impl Column {
    /// Prepares a column. Rare types are cast to a common one once, so that cells are printed without a look at types.
    pub(crate) fn new(array: &ArrayRef) -> Self {
        match array.data_type() {
            DataType::Null => Column::Null,
            DataType::Boolean => Column::Bool(array.as_boolean().clone()),
            DataType::Int64 => Column::Int(array.as_primitive::<Int64Type>().clone()),
            DataType::UInt64 => Column::Uint(array.as_primitive::<UInt64Type>().clone()),
            DataType::Float64 => Column::Double(array.as_primitive::<Float64Type>().clone()),
            DataType::Utf8View => Column::Text(array.as_string_view().clone()),
            DataType::BinaryView => Column::Bytes(array.as_binary_view().clone()),
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => Column::Time {
                values: array.as_primitive::<TimestampNanosecondType>().clone(),
                is_utc: zone.is_some(),
            },
            DataType::Duration(TimeUnit::Nanosecond) => {
                let spans = array.as_primitive::<DurationNanosecondType>();
                Column::Text(spans.iter().map(|ns| ns.map(duration_text)).collect())
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let items = Box::new(Column::new(list.values()));
                Column::List {
                    offsets: list.offsets().clone(),
                    nulls: list.nulls().cloned(),
                    items,
                }
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let (keys, values) = (Box::new(Column::new(map.keys())), Box::new(Column::new(map.values())));
                Column::Map {
                    offsets: map.offsets().clone(),
                    nulls: map.nulls().cloned(),
                    keys,
                    values,
                }
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns().iter().map(Column::new);
                let fields = fields.iter().map(|field| key(field.name())).zip(columns).collect();
                Column::Struct {
                    nulls: array.nulls().cloned(),
                    fields,
                }
            }
            other => match common(other).and_then(|common| cast(array, &common).ok()) {
                Some(array) => Column::new(&array),
                None => Column::Other(array.clone()),
            },
        }
    }

    /// True if the cell has no value.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        let of = |nulls: Option<&NullBuffer>| nulls.is_some_and(|nulls| nulls.is_null(row));
        match self {
            Column::Null => true,
            Column::Bool(values) => values.is_null(row),
            Column::Int(values) => values.is_null(row),
            Column::Uint(values) => values.is_null(row),
            Column::Double(values) => values.is_null(row) || !values.value(row).is_finite(),
            Column::Text(values) => values.is_null(row),
            Column::Bytes(values) => values.is_null(row),
            Column::Time { values, .. } => values.is_null(row),
            Column::List { nulls, .. } | Column::Map { nulls, .. } | Column::Struct { nulls, .. } => of(nulls.as_ref()),
            Column::Other(values) => values.is_null(row),
        }
    }

    /// Appends the cell as a JSON value.
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"null");
        }
        match self {
            Column::Text(values) => string(values.value(row), out),
            Column::Bytes(_) | Column::Time { .. } => {
                out.push(b'"');
                self.write_text(row, out);
                out.push(b'"');
            }
            Column::Other(_) => {
                let mut text = Vec::new();
                self.write_text(row, &mut text);
                string(&String::from_utf8_lossy(&text), out);
            }
            Column::List { offsets, items, .. } => {
                out.push(b'[');
                for item in offsets[row]..offsets[row + 1] {
                    if item > offsets[row] {
                        out.push(b',');
                    }
                    items.write(item as usize, out);
                }
                out.push(b']');
            }
            Column::Map {
                offsets, keys, values, ..
            } => {
                out.push(b'{');
                for entry in offsets[row]..offsets[row + 1] {
                    if entry > offsets[row] {
                        out.push(b',');
                    }
                    keys.write_key(entry as usize, out);
                    out.push(b':');
                    values.write(entry as usize, out);
                }
                out.push(b'}');
            }
            Column::Struct { fields, .. } => {
                object(fields.iter().map(|(key, column)| (key.as_slice(), column)), row, out)
            }
            Column::Null | Column::Bool(_) | Column::Int(_) | Column::Uint(_) | Column::Double(_) => {
                self.write_text(row, out);
            }
        }
    }

    /// Appends the cell as plain text: strings as they are, bytes as base64, lists and maps as JSON. Nothing for null.
    pub(crate) fn write_text(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return;
        }
        let written = match self {
            Column::Null => Ok(()),
            Column::Bool(values) => write!(out, "{}", values.value(row)),
            Column::Int(values) => write!(out, "{}", values.value(row)),
            Column::Uint(values) => write!(out, "{}", values.value(row)),
            Column::Double(values) => write!(out, "{:?}", values.value(row)),
            Column::Text(values) => out.write_all(values.value(row).as_bytes()),
            Column::Bytes(values) => {
                base64(values.value(row), out);
                Ok(())
            }
            Column::Time { values, is_utc } => {
                time(values.value(row), *is_utc, out);
                Ok(())
            }
            Column::Other(values) => match ArrayFormatter::try_new(values.as_ref(), &FormatOptions::default()) {
                Ok(formatter) => write!(out, "{}", formatter.value(row)),
                Err(_) => Ok(()),
            },
            Column::List { .. } | Column::Map { .. } | Column::Struct { .. } => {
                self.write(row, out);
                Ok(())
            }
        };
        written.expect("a vector takes every write");
    }

    /// Appends the cell as the key of an object, which is a string whatever the type.
    fn write_key(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Column::Text(values) => string(values.value(row), out),
            _ => {
                let mut text = Vec::new();
                self.write_text(row, &mut text);
                string(&String::from_utf8_lossy(&text), out);
            }
        }
    }
}

/// A length of time in seconds, as KFL's own `string` writes it: `1.5s`.
pub fn duration_text(ns: i64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let sign = if ns < 0 { "-" } else { "" };
    let (seconds, rest) = (ns.unsigned_abs() / SECOND, ns.unsigned_abs() % SECOND);
    let text = format!("{sign}{seconds}.{rest:09}");
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The common type that a rare one is printed as.
fn common(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            Some(DataType::Int64)
        }
        DataType::Float16 | DataType::Float32 => Some(DataType::Float64),
        DataType::Utf8 | DataType::LargeUtf8 => Some(DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => Some(DataType::BinaryView),
        DataType::Timestamp(_, zone) => Some(DataType::Timestamp(TimeUnit::Nanosecond, zone.clone())),
        DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => Some(DataType::List(
            Field::new(item.name(), item.data_type().clone(), true).into(),
        )),
        DataType::Dictionary(_, value) => Some(value.as_ref().clone()),
        DataType::RunEndEncoded(_, value) => Some(value.data_type().clone()),
        _ => None,
    }
}

/// A key with its colon: `"status_code":`.
pub(crate) fn key(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    string(name, &mut out);
    out.push(b':');
    out
}

/// Appends one row as an object; absent values are left out.
pub(crate) fn object<'a>(columns: impl Iterator<Item = (&'a [u8], &'a Column)>, row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut is_first = true;
    for (key, column) in columns.filter(|(_, column)| !column.is_null(row)) {
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        out.extend_from_slice(key);
        column.write(row, out);
    }
    out.push(b'}');
}

/// Appends a string with its quotes.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        // U+0080 to U+009F, the upper control characters, are 0xC2 and a second byte below 0xA0.
        let is_upper_control = *byte == 0xc2 && bytes.get(at + 1).is_some_and(|next| *next < 0xa0);
        if *byte >= 0x20 && !matches!(byte, b'"' | b'\\' | 0x7f) && !is_upper_control {
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let code = if is_upper_control { bytes[at + 1] } else { *byte };
                plain_from += usize::from(is_upper_control);
                write!(out, "\\u{code:04x}").expect("a vector takes every write");
            }
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD
        .encode_slice(bytes, &mut out[start..])
        .expect("there is room for four bytes per three");
    out.truncate(start + written);
}

/// Appends a time as RFC 3339 with nanoseconds; `Z` only where the value is in UTC.
pub(crate) fn time(ns: i64, is_utc: bool, out: &mut Vec<u8>) {
    const NS_PER_SECOND: i64 = 1_000_000_000;
    const SECONDS_PER_DAY: i64 = 86_400;
    let (seconds, fraction) = (ns.div_euclid(NS_PER_SECOND), ns.rem_euclid(NS_PER_SECOND));
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let zone = if is_utc { "Z" } else { "" };
    write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}{zone}"
    )
    .expect("a vector takes every write");
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
/// Nanoseconds in 64 bits span the years 1677 to 2262, so that nothing here overflows.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check_time(ns: i64, expect: Expect) {
        let mut out = Vec::new();
        time(ns, true, &mut out);
        expect.assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn times_have_nine_digits() {
        check_time(0, expect!["1970-01-01T00:00:00.000000000Z"]);
        check_time(-1, expect!["1969-12-31T23:59:59.999999999Z"]);
        check_time(1_767_323_045_123_456_789, expect!["2026-01-02T03:04:05.123456789Z"]);
        check_time(951_782_400_000_000_000, expect!["2000-02-29T00:00:00.000000000Z"]);
        check_time(i64::MIN, expect!["1677-09-21T00:12:43.145224192Z"]);
        check_time(i64::MAX, expect!["2262-04-11T23:47:16.854775807Z"]);
    }

    #[test]
    fn strings_escape_what_a_terminal_obeys() {
        let mut out = Vec::new();
        string("a\"b\\c\n\u{1b}[31m\u{7f}\u{9b}é€\u{2028}", &mut out);
        expect![[r#""a\"b\\c\n\u001b[31m\u007f\u009bé€ ""#]].assert_eq(&String::from_utf8(out).unwrap());
    }
}
