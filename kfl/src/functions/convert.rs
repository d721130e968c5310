//! Conversions between types. What the wanted type cannot hold is an error.

use super::{Function, Overload};
use crate::functions::time;

/// 2^63, the first double beyond the ints on either side.
const INT_BOUND: f64 = 9_223_372_036_854_775_808.0;
/// 2^64, the first double beyond the uints.
const UINT_BOUND: f64 = 18_446_744_073_709_551_616.0;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "int",
        doc: "The value as an int: doubles lose their fraction, a timestamp gives its seconds.",
        examples: &[
            ("int('-7')", "-7"),
            ("int('x')", "error"),
            ("int(2.9)", "2"),
            ("int(1e19)", "error"),
            ("int(18446744073709551615u)", "error"),
            ("int(timestamp('1970-01-01T00:01:00Z'))", "60"),
        ],
        overloads: &[
            Overload::new("int(int) -> int", |args| {
                let value = args.int(0);
                args.ints(|row| value.at(row))
            }),
            Overload::new("int(uint) -> int", |args| {
                let value = args.uint(0);
                args.ints(|row| i64::try_from(value.at(row)?).ok())
            }),
            Overload::new("int(double) -> int", |args| {
                let value = args.double(0);
                // CEL refuses -2^63 too, because the doubles around it round to it.
                args.ints(|row| {
                    value
                        .at(row)
                        .filter(|value| value.abs() < INT_BOUND)
                        .map(|value| value as i64)
                })
            }),
            Overload::new("int(string) -> int", |args| {
                let value = args.string(0);
                args.ints(|row| value.at(row)?.parse().ok())
            }),
            Overload::new("int(timestamp) -> int", |args| {
                let value = args.timestamp(0);
                args.ints(|row| i64::try_from(value.at(row)?.div_euclid(i128::from(time::NANOSECONDS))).ok())
            }),
            Overload::new("int(duration) -> int", |args| {
                let value = args.duration(0);
                args.ints(|row| Some(value.at(row)? / time::NANOSECONDS))
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
            ("uint(2.9)", "2u"),
        ],
        overloads: &[
            Overload::new("uint(uint) -> uint", |args| {
                let value = args.uint(0);
                args.uints(|row| value.at(row))
            }),
            Overload::new("uint(int) -> uint", |args| {
                let value = args.int(0);
                args.uints(|row| u64::try_from(value.at(row)?).ok())
            }),
            Overload::new("uint(double) -> uint", |args| {
                let value = args.double(0);
                args.uints(|row| {
                    value
                        .at(row)
                        .filter(|value| (0.0..UINT_BOUND).contains(value))
                        .map(|value| value as u64)
                })
            }),
            Overload::new("uint(string) -> uint", |args| {
                let value = args.string(0);
                args.uints(|row| value.at(row)?.parse().ok())
            }),
        ],
    },
    Function {
        name: "double",
        doc: "The value as a double, rounded to the nearest.",
        examples: &[
            ("double(7)", "7.0"),
            ("double('1e3')", "1000.0"),
            ("double('x')", "error"),
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
                args.doubles(|row| value.at(row)?.parse().ok())
            }),
        ],
    },
    Function {
        name: "string",
        doc: "The value as a string; bytes must be UTF-8.",
        examples: &[
            ("string(7)", "\"7\""),
            ("string(1.5)", "\"1.5\""),
            ("string(b'\\xff')", "error"),
            ("string(true)", "\"true\""),
            ("string(duration('90s'))", "\"90s\""),
            ("string(ip('0:0::1'))", "\"::1\""),
        ],
        overloads: &[
            Overload::new("string(string) -> string", |args| {
                let value = args.string(0);
                args.strings(|row| Some(value.at(row)?.to_owned()))
            }),
            Overload::new("string(bool) -> string", |args| {
                let value = args.bool(0);
                args.strings(|row| Some(value.at(row)?.to_string()))
            }),
            Overload::new("string(int) -> string", |args| {
                let value = args.int(0);
                args.strings(|row| Some(value.at(row)?.to_string()))
            }),
            Overload::new("string(uint) -> string", |args| {
                let value = args.uint(0);
                args.strings(|row| Some(value.at(row)?.to_string()))
            }),
            Overload::new("string(double) -> string", |args| {
                let value = args.double(0);
                args.strings(|row| Some(value.at(row)?.to_string()))
            }),
            Overload::new("string(bytes) -> string", |args| {
                let value = args.bytes(0);
                args.strings(|row| Some(std::str::from_utf8(value.at(row)?).ok()?.to_owned()))
            }),
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
                args.strings(|row| Some(crate::value::address(value.at(row)?)?.to_string()))
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
            }),
        ],
    },
];
