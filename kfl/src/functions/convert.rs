//! Conversions between types. What the wanted type cannot hold is an error.
//!
//! Specification: google/cel-spec, doc/langdef.md; texts of numbers are those that Go's `strconv` reads in decimal and
//! that its `%g` writes. Absent on purpose: hexadecimal doubles, and underscores between digits.

use std::fmt::Write as _;

use super::network::address_text;
use super::{Function, Overload, time};
use crate::fault::Fault;
use crate::value::address;

/// 2^63, the first double beyond the ints on either side.
const INT_BOUND: f64 = 9_223_372_036_854_775_808.0;
/// 2^64, the first double beyond the uints.
const UINT_BOUND: f64 = 18_446_744_073_709_551_616.0;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "int",
        doc: "The value as an int: doubles lose their fraction, a timestamp gives its seconds, a duration its nanoseconds.",
        examples: &[
            ("int('-7')", "-7"),
            ("int('x')", "error"),
            ("int(2.9)", "2"),
            ("int(1e19)", "error"),
            ("int(18446744073709551615u)", "error"),
            ("int('0x1F')", "error"),
            ("int(-9223372036854775808.0)", "error"),
            ("int(timestamp('1970-01-01T00:01:00Z'))", "60"),
            ("int(timestamp('1969-12-31T23:59:59.5Z'))", "-1"),
            ("int(duration('1.5us'))", "1500"),
        ],
        overloads: &[
            Overload::new("int(int) -> int", |args| {
                let value = args.int(0);
                args.ints(|row| value.at(row))
            }),
            Overload::new("int(uint) -> int", |args| {
                let value = args.uint(0);
                args.ints(|row| i64::try_from(value.at(row)?).ok())
            })
            .fails(Fault::Overflow),
            Overload::new("int(double) -> int", |args| {
                let value = args.double(0);
                // CEL refuses -2^63 too, because the doubles around it round to it.
                args.ints(|row| {
                    value
                        .at(row)
                        .filter(|value| value.abs() < INT_BOUND)
                        .map(|value| value as i64)
                })
            })
            .fails(Fault::Overflow),
            Overload::new("int(string) -> int", |args| {
                let value = args.string(0);
                args.ints(|row| value.at(row)?.parse().ok())
            })
            .fails(Fault::BadConversion),
            Overload::new("int(timestamp) -> int", |args| {
                let value = args.timestamp(0);
                let second = i128::from(time::NANOSECONDS);
                args.ints(|row| i64::try_from(value.at(row)?.div_euclid(second)).ok())
            }),
            Overload::new("int(duration) -> int", |args| {
                let value = args.duration(0);
                args.ints(|row| value.at(row))
            }),
        ],
    },
    Function {
        name: "uint",
        doc: "The value as a uint: doubles lose their fraction.",
        examples: &[
            ("uint(7)", "7u"),
            ("uint(-1)", "error"),
            ("uint('7')", "7u"),
            ("uint('+7')", "error"),
            ("uint(2.9)", "2u"),
            ("uint(-0.5)", "error"),
        ],
        overloads: &[
            Overload::new("uint(uint) -> uint", |args| {
                let value = args.uint(0);
                args.uints(|row| value.at(row))
            }),
            Overload::new("uint(int) -> uint", |args| {
                let value = args.int(0);
                args.uints(|row| u64::try_from(value.at(row)?).ok())
            })
            .fails(Fault::Overflow),
            Overload::new("uint(double) -> uint", |args| {
                let value = args.double(0);
                args.uints(|row| {
                    value
                        .at(row)
                        .filter(|value| (0.0..UINT_BOUND).contains(value))
                        .map(|value| value as u64)
                })
            })
            .fails(Fault::Overflow),
            Overload::new("uint(string) -> uint", |args| {
                let value = args.string(0);
                args.uints(|row| {
                    let text = value.at(row)?;
                    text.parse().ok().filter(|_| !text.starts_with('+'))
                })
            })
            .fails(Fault::BadConversion),
        ],
    },
    Function {
        name: "double",
        doc: "The value as a double, rounded to the nearest.",
        examples: &[
            ("double(7)", "7.0"),
            ("double('1e3')", "1000.0"),
            ("double('x')", "error"),
            ("double('-inf') < 0.0", "true"),
            ("double('1e400')", "error"),
        ],
        overloads: &[
            Overload::new("double(double) -> double", |args| {
                let value = args.double(0);
                args.doubles(|row| value.at(row))
            }),
            Overload::new("double(int) -> double", |args| {
                let value = args.int(0);
                args.doubles(|row| value.at(row).map(|value| value as f64))
            }),
            Overload::new("double(uint) -> double", |args| {
                let value = args.uint(0);
                args.doubles(|row| value.at(row).map(|value| value as f64))
            }),
            Overload::new("double(string) -> double", |args| {
                let value = args.string(0);
                args.doubles(|row| parse_double(value.at(row)?))
            })
            .fails(Fault::BadConversion),
        ],
    },
    Function {
        name: "string",
        doc: "The value as a string; bytes must be UTF-8.",
        examples: &[
            ("string(7)", "\"7\""),
            ("string(1.5)", "\"1.5\""),
            ("string(1e6)", "\"1e+06\""),
            ("string(-0.0)", "\"-0\""),
            ("string(b'\\xff')", "error"),
            ("string(true)", "\"true\""),
            ("string(duration('90s'))", "\"90s\""),
            ("string(ip('0:0::1'))", "\"::1\""),
        ],
        overloads: &[
            Overload::new("string(string) -> string", |args| {
                let value = args.string(0);
                args.parts(|row| value.at(row))
            }),
            Overload::new("string(bool) -> string", |args| {
                let value = args.bool(0);
                args.written(|row, out| write!(out, "{}", value.at(row)?).ok())
            }),
            Overload::new("string(int) -> string", |args| {
                let value = args.int(0);
                args.written(|row, out| write!(out, "{}", value.at(row)?).ok())
            }),
            Overload::new("string(uint) -> string", |args| {
                let value = args.uint(0);
                args.written(|row, out| write!(out, "{}", value.at(row)?).ok())
            }),
            Overload::new("string(double) -> string", |args| {
                let value = args.double(0);
                args.written(|row, out| {
                    write_double(value.at(row)?, out);
                    Some(())
                })
            }),
            Overload::new("string(bytes) -> string", |args| {
                let value = args.bytes(0);
                args.parts(|row| std::str::from_utf8(value.at(row)?).ok())
            })
            .fails(Fault::BadConversion),
            Overload::new("string(timestamp) -> string", |args| {
                let value = args.timestamp(0);
                args.strings(|row| Some(time::timestamp_text(value.at(row)?)))
            }),
            Overload::new("string(duration) -> string", |args| {
                let value = args.duration(0);
                args.strings(|row| Some(time::duration_text(value.at(row)?)))
            }),
            Overload::new("string(ip) -> string", |args| {
                let value = args.bytes(0);
                args.strings(|row| Some(address_text(address(value.at(row)?)?)))
            }),
            Overload::new("string(cidr) -> string", |args| {
                let value = args.bytes(0);
                args.strings(|row| Some(super::network::Cidr::from_bytes(value.at(row)?)?.to_string()))
            }),
        ],
    },
    Function {
        name: "bytes",
        doc: "The value as bytes: of a string, its UTF-8.",
        examples: &[("bytes('é')", "b\"\\xc3\\xa9\"")],
        overloads: &[
            Overload::new("bytes(bytes) -> bytes", |args| {
                let value = args.bytes(0);
                args.binaries(|row| Some(value.at(row)?.to_vec()))
            }),
            Overload::new("bytes(string) -> bytes", |args| {
                let value = args.string(0);
                args.binaries(|row| Some(value.at(row)?.as_bytes().to_vec()))
            }),
        ],
    },
    Function {
        name: "bool",
        doc: "The value as a bool: of a string, \"true\", \"t\", \"1\" and their opposites, in the cases Go takes.",
        examples: &[
            ("bool('true')", "true"),
            ("bool('0')", "false"),
            ("bool('yes')", "error"),
        ],
        overloads: &[
            Overload::new("bool(bool) -> bool", |args| {
                let value = args.bool(0);
                args.bools(|row| value.at(row))
            }),
            Overload::new("bool(string) -> bool", |args| {
                let value = args.string(0);
                args.bools(|row| match value.at(row)? {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
                    _ => None,
                })
            })
            .fails(Fault::BadConversion),
        ],
    },
];

/// Reads a double as Go does: infinities are spelt out, a number beyond the doubles is none, NaN has no sign.
fn parse_double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let is_name = text.contains(['n', 'N']);
    let is_signed = text.starts_with(['+', '-']);
    (is_name && !(value.is_nan() && is_signed) || value.is_finite()).then_some(value)
}

/// Writes a double as `%g` of Go: as few digits as tell it from its neighbours, with an exponent below 1e-4 and from 1e6 on.
fn write_double(value: f64, out: &mut String) {
    let text = format!("{value:e}");
    let parts = text.split_once('e');
    let shown = match parts.map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
        Some((digits, Ok(exponent))) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        Some(_) => write!(out, "{value}"),
        None if value.is_infinite() => write!(out, "{}Inf", if value > 0.0 { '+' } else { '-' }),
        None => write!(out, "NaN"),
    };
    shown.expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use crate::tests::evaluate;

    #[test]
    fn doubles_are_written_as_go_writes_them() {
        for (text, expect) in [
            ("0.0", "0"),
            ("-0.0", "-0"),
            ("123.456", "123.456"),
            ("-4.5e-3", "-0.0045"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("123456.0", "123456"),
            ("1000000.0", "1e+06"),
            ("1234567.5", "1.2345675e+06"),
            ("6.02214e23", "6.02214e+23"),
            ("1e100", "1e+100"),
            ("5e-324", "5e-324"),
            ("1.0 / 0.0", "+Inf"),
            ("-1.0 / 0.0", "-Inf"),
            ("0.0 / 0.0", "NaN"),
        ] {
            assert_eq!(evaluate(&format!("string({text})")), format!("\"{expect}\""), "{text}");
        }
    }

    #[test]
    fn texts_of_numbers_are_read_as_go_reads_them() {
        for (text, expect) in [
            ("double('Infinity')", "double(\"inf\")"),
            ("double('-INF')", "double(\"-inf\")"),
            ("double('nan')", "double(\"NaN\")"),
            ("double('-nan')", "error"),
            ("double('.5')", "0.5"),
            ("double('1.')", "1.0"),
            ("double('-0.0')", "-0.0"),
            ("double(' 1')", "error"),
            ("double('')", "error"),
            ("double('1e-400')", "0.0"),
            ("int('+5')", "5"),
            ("int('-9223372036854775808')", "-9223372036854775808"),
            ("int('9223372036854775808')", "error"),
            ("int('1_000')", "error"),
            ("int('-0x1F')", "error"),
            ("int(' 1')", "error"),
            ("uint('18446744073709551615')", "18446744073709551615u"),
            ("uint('-1')", "error"),
            ("int(-9223372036854774784.0)", "-9223372036854774784"),
            ("int(9223372036854775807.0)", "error"),
            ("int(0.0 / 0.0)", "error"),
            ("uint(18446744073709551615.0)", "error"),
            ("uint(-0.0)", "0u"),
            ("uint(1.0 / 0.0)", "error"),
            ("bool('T')", "true"),
            ("bool('tRuE')", "error"),
            ("bool('')", "error"),
            ("bytes('\\u00ff') == b'\\303\\277'", "true"),
            ("string(b'\\303\\277')", "\"ÿ\""),
            ("string(b'\\000\\xff')", "error"),
            (
                "string(timestamp('2009-02-13T23:31:30.010Z'))",
                "\"2009-02-13T23:31:30.01Z\"",
            ),
            ("string(duration('-1.5s'))", "\"-1.5s\""),
            ("string(ip('::ffff:c0a8:1'))", "\"::ffff:c0a8:1\""),
        ] {
            assert_eq!(evaluate(text), expect, "{text}");
        }
    }
}
