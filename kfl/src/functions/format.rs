//! `format`: clauses of a pattern filled with the values of a list.
//!
//! A clause is `%[.precision]letter`; `%%` is a percent sign. Specification: google/cel-spec, doc/extensions/strings.md;
//! numbers are rounded half to even. More values than clauses are no error, fewer are. Absent on purpose: widths, flags.

use std::fmt::Write as _;

use super::kernel::TEXT_BYTES;
use super::time::{duration_text, timestamp_text};
use super::{Function, Overload, network};
use crate::fault::Fault;
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[Function {
    name: "format",
    doc: "The string with its clauses (%s %d %f %e %b %o %x %X, %% for a percent sign) filled with the values of a list.",
    examples: &[
        ("'%s is %d'.format(['a', 'b'])", "error"),
        ("'%s and %s'.format(['a', 'b'])", "\"a and b\""),
        ("'%d %x %o %b'.format([10, 10, 10, 10])", "\"10 a 12 1010\""),
        ("'%.2f %e'.format([1.0, 1234.5])", "\"1.00 1.234500e+03\""),
        ("'%s'.format([[1, 2]])", "\"[1, 2]\""),
        ("'%d%%'.format([])", "error"),
    ],
    overloads: &[Overload::new("string.format(list(dyn)) -> string", |args| {
        let pattern = args.string(0);
        args.written(|row, out| {
            let pattern = pattern.at(row)?;
            let Value::List(values) = args.value(1, row)? else {
                return None;
            };
            out.push_str(&format(pattern, &values).ok()?);
            Some(())
        })
    })
    .refuse(|arguments| match arguments {
        [Some(Value::String(pattern)), Some(Value::List(values))] => format(pattern, values).err(),
        _ => None,
    })
    .fails(Fault::BadArgument)],
}];

/// Digits after the point where a clause does not say how many.
const PRECISION: usize = 6;
/// More digits than any double has.
const MAX_PRECISION: usize = 1000;

/// Fills the clauses of a pattern.
///
/// # Errors
///
/// What is wrong with a clause, or with the value for it.
pub(crate) fn format(pattern: &str, values: &[Value]) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let (mut rest, mut used) = (pattern, 0);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (clause, after) = Clause::parse(rest)?;
        let value = values
            .get(used)
            .ok_or_else(|| format!("expected more than {used} values for the clauses, found no more"))?;
        clause.write(value, &mut out)?;
        if out.len() > TEXT_BYTES {
            return Err(format!(
                "expected a text of at most {TEXT_BYTES} bytes, found a longer one"
            ));
        }
        rest = after;
        used += 1;
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands after a percent sign.
struct Clause {
    precision: usize,
    letter: char,
}

impl Clause {
    /// Reads a clause, and gives what follows it.
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let (precision, rest) = match text.strip_prefix('.') {
            None => (PRECISION, text),
            Some(digits) => {
                let end = digits
                    .find(|digit: char| !digit.is_ascii_digit())
                    .unwrap_or(digits.len());
                let precision = digits[..end].parse().ok().filter(|digits| *digits <= MAX_PRECISION);
                let precision = precision.ok_or_else(|| {
                    format!(
                        "expected a precision up to {MAX_PRECISION}, found `.{}`",
                        &digits[..end]
                    )
                })?;
                (precision, &digits[end..])
            }
        };
        let mut rest = rest.chars();
        match rest.next() {
            Some(letter) if "sdfebxXo".contains(letter) => Ok((Self { precision, letter }, rest.as_str())),
            Some(letter) => Err(format!("expected one of %s %d %f %e %b %o %x %X %%, found `%{letter}`")),
            None => Err("expected a letter after %, found the end of the pattern".to_owned()),
        }
    }

    fn write(&self, value: &Value, out: &mut String) -> Result<(), String> {
        match (self.letter, value) {
            ('s', value) => write_value(value, out).ok_or_else(|| self.unfit("a value that has a text", value))?,
            ('d', Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
                write_value(value, out);
            }
            ('d', value) => return Err(self.unfit("a number", value)),
            ('f' | 'e', value) => {
                let number = double(value).ok_or_else(|| self.unfit("a number", value))?;
                if !number.is_finite() {
                    write_double(number, out);
                } else if self.letter == 'f' {
                    push(out, format_args!("{number:.*}", self.precision));
                } else {
                    write_scientific(number, self.precision, out);
                }
            }
            ('b', Value::Bool(value)) => out.push(if *value { '1' } else { '0' }),
            ('x', Value::String(text)) => text.bytes().for_each(|byte| push(out, format_args!("{byte:02x}"))),
            ('x', Value::Bytes(bytes)) => bytes.iter().for_each(|byte| push(out, format_args!("{byte:02x}"))),
            ('X', Value::String(text)) => text.bytes().for_each(|byte| push(out, format_args!("{byte:02X}"))),
            ('X', Value::Bytes(bytes)) => bytes.iter().for_each(|byte| push(out, format_args!("{byte:02X}"))),
            (letter, value) => {
                let (negative, magnitude) = match value {
                    Value::Int(value) => (*value < 0, value.unsigned_abs()),
                    Value::Uint(value) => (false, *value),
                    value => return Err(self.unfit(wanted(letter), value)),
                };
                if negative {
                    out.push('-');
                }
                match letter {
                    'b' => push(out, format_args!("{magnitude:b}")),
                    'o' => push(out, format_args!("{magnitude:o}")),
                    'x' => push(out, format_args!("{magnitude:x}")),
                    _ => push(out, format_args!("{magnitude:X}")),
                }
            }
        }
        Ok(())
    }

    fn unfit(&self, expected: &str, value: &Value) -> String {
        format!("expected {expected} for `%{}`, found {value}", self.letter)
    }
}

fn wanted(letter: char) -> &'static str {
    match letter {
        'b' => "an integer or a bool",
        'o' => "an integer",
        _ => "an integer, a string or bytes",
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        _ => None,
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string never fails");
}

/// Writes a value as `%s` has it: texts bare, lists and maps of texts too, the entries of maps by their keys' texts.
fn write_value(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => push(out, format_args!("{value}")),
        Value::Int(value) => push(out, format_args!("{value}")),
        Value::Uint(value) => push(out, format_args!("{value}")),
        Value::Double(value) => write_double(*value, out),
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => write_bytes(bytes, out),
        Value::Timestamp(value) => out.push_str(&timestamp_text(*value)),
        Value::Duration(value) => out.push_str(&duration_text(*value)),
        Value::Ip(value) => out.push_str(&network::address_text(*value)),
        Value::Cidr(value) => push(out, format_args!("{value}")),
        Value::Type(name) => out.push_str(name),
        Value::Optional(_) => return None,
        Value::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                write_value(item, out)?;
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let text = |value: &Value| {
                let mut text = String::new();
                write_value(value, &mut text).map(|()| text)
            };
            let mut texts = entries
                .iter()
                .map(|(key, value)| Some((text(key)?, text(value)?)))
                .collect::<Option<Vec<_>>>()?;
            texts.sort_by(|one, other| one.0.cmp(&other.0));
            out.push('{');
            for (place, (key, value)) in texts.iter().enumerate() {
                push(
                    out,
                    format_args!("{}{key}: {value}", if place == 0 { "" } else { ", " }),
                );
            }
            out.push('}');
        }
    }
    Some(())
}

/// Writes a double in decimal digits without an exponent, as few as tell it from its neighbours.
fn write_double(value: f64, out: &mut String) {
    match value {
        f64::INFINITY => out.push_str("Infinity"),
        f64::NEG_INFINITY => out.push_str("-Infinity"),
        value => push(out, format_args!("{value}")),
    }
}

/// Writes one digit, the point, the others, and an exponent of a sign and at least two digits.
fn write_scientific(value: f64, precision: usize, out: &mut String) {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').expect("the format has an exponent");
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    push(out, format_args!("{digits}e{sign}{exponent:0>2}"));
}

/// Writes bytes as UTF-8, each run of what is none as one replacement character.
fn write_bytes(bytes: &[u8], out: &mut String) {
    let mut in_run = false;
    for chunk in bytes.utf8_chunks() {
        in_run &= chunk.valid().is_empty();
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !in_run {
            out.push(char::REPLACEMENT_CHARACTER);
            in_run = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: impl IntoIterator<Item = Value>) -> Value {
        Value::List(values.into_iter().collect())
    }

    #[test]
    fn clauses_write_values() {
        let mixed = list([
            Value::string("abc"),
            Value::Double(3.25),
            Value::Null,
            list([Value::Int(9)]),
            Value::Bool(true),
        ]);
        let map = Value::Map(
            [
                (Value::string("b"), Value::Bytes(b"xyz".as_slice().into())),
                (Value::Int(1), Value::Double(f64::NAN)),
                (Value::Bool(true), Value::Duration(7_200_000_000_000)),
            ]
            .into(),
        );
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.into());
        for (pattern, value, expect) in [
            ("%%%s%%", Value::string("é"), "%é%"),
            ("%s", mixed, "[abc, 3.25, null, [9], true]"),
            ("%s", map, "{1: NaN, b: xyz, true: 7200s}"),
            ("%s", Value::Double(1e21), "1000000000000000000000"),
            ("%s", Value::Double(-0.0), "-0"),
            ("%s", Value::Double(f64::NEG_INFINITY), "-Infinity"),
            ("%s", bytes(b"a\xff\xfe\xf0b\xff"), "a\u{fffd}b\u{fffd}"),
            ("%s", Value::Duration(1_500_000_000), "1.5s"),
            ("%s", Value::Timestamp(1), "1970-01-01T00:00:00.000000001Z"),
            ("%s", Value::Ip("::1".parse().unwrap()), "::1"),
            ("%d", Value::Uint(u64::MAX), "18446744073709551615"),
            ("%d", Value::Int(i64::MIN), "-9223372036854775808"),
            ("%d", Value::Double(3.25), "3.25"),
            ("%.3f", Value::Double(1.2345), "1.234"),
            ("%.0f", Value::Double(2.5), "2"),
            ("%.1f", Value::Double(0.25), "0.2"),
            ("%.0f", Value::Double(1.5), "2"),
            ("%.3f", Value::Double(123.4999), "123.500"),
            ("%f", Value::Int(-2), "-2.000000"),
            ("%f", Value::Double(f64::NAN), "NaN"),
            ("%.15f", Value::Double(-1.2), "-1.200000000000000"),
            ("%e", Value::Uint(2), "2.000000e+00"),
            ("%.1e", Value::Double(-3.25), "-3.2e+00"),
            ("%.6e", Value::Double(1052.032911275), "1.052033e+03"),
            ("%.2e", Value::Double(1e-7), "1.00e-07"),
            ("%.0e", Value::Double(1e300), "1e+300"),
            ("%e", Value::Double(f64::INFINITY), "Infinity"),
            ("%b", Value::Int(-5), "-101"),
            ("%b", Value::Bool(false), "0"),
            ("%o", Value::Uint(65535), "177777"),
            ("%x", Value::Int(-30), "-1e"),
            ("%X", Value::Int(i64::MIN), "-8000000000000000"),
            ("%x", Value::string("héy"), "68c3a979"),
            ("%X", bytes(b"\xfbk"), "FB6B"),
        ] {
            assert_eq!(format(pattern, &[value]).as_deref(), Ok(expect), "{pattern}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (pattern, value, expect) in [
            (
                "%a",
                Value::Int(1),
                "expected one of %s %d %f %e %b %o %x %X %%, found `%a`",
            ),
            (
                "%",
                Value::Int(1),
                "expected a letter after %, found the end of the pattern",
            ),
            ("%.", Value::Int(1), "expected a precision up to 1000, found `.`"),
            (
                "%.1001f",
                Value::Int(1),
                "expected a precision up to 1000, found `.1001`",
            ),
            (
                "%.99999999999999999999f",
                Value::Int(1),
                "expected a precision up to 1000, found `.99999999999999999999`",
            ),
            (
                "%é",
                Value::Int(1),
                "expected one of %s %d %f %e %b %o %x %X %%, found `%é`",
            ),
            (
                "%s %s",
                Value::Int(1),
                "expected more than 1 values for the clauses, found no more",
            ),
            ("%d", Value::string("1"), "expected a number for `%d`, found \"1\""),
            ("%d", Value::Null, "expected a number for `%d`, found null"),
            ("%f", Value::Bool(true), "expected a number for `%f`, found true"),
            ("%f", Value::string("NaN"), "expected a number for `%f`, found \"NaN\""),
            (
                "%b",
                Value::string("a"),
                "expected an integer or a bool for `%b`, found \"a\"",
            ),
            ("%o", Value::Double(1.0), "expected an integer for `%o`, found 1.0"),
            (
                "%x",
                Value::Double(0.5),
                "expected an integer, a string or bytes for `%x`, found 0.5",
            ),
        ] {
            assert_eq!(format(pattern, &[value]), Err(expect.to_owned()), "{pattern}");
        }
        assert_eq!(format("%d%%", &[Value::Int(1), Value::Int(2)]).as_deref(), Ok("1%"));
    }
}
