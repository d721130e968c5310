//! Operators that compute numbers, and `+` on texts and lists. Overflow and division by zero are errors, never wrap-around.

use super::kernel::{LIST_ITEMS, TEXT_BYTES};
use super::{Function, Overload};
use crate::fault::Fault;
use crate::value::Value;

macro_rules! ints {
    ($signature:literal, $operation:ident) => {
        Overload::new($signature, |args| {
            let (left, right) = (args.int(0), args.int(1));
            args.ints(|row| left.at(row)?.$operation(right.at(row)?))
        })
        .fails_by(fault)
    };
}

macro_rules! uints {
    ($signature:literal, $operation:ident) => {
        Overload::new($signature, |args| {
            let (left, right) = (args.uint(0), args.uint(1));
            args.uints(|row| left.at(row)?.$operation(right.at(row)?))
        })
        .fails_by(fault)
    };
}

macro_rules! doubles {
    ($signature:literal, $operator:tt) => {
        Overload::new($signature, |args| {
            let (left, right) = (args.double(0), args.double(1));
            args.doubles(|row| Some(left.at(row)? $operator right.at(row)?))
        })
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "_+_",
        doc: "The sum of numbers, times and durations; texts, bytes and lists one after the other.",
        examples: &[
            ("1 + 2", "3"),
            ("9223372036854775807 + 1", "error"),
            ("1u + 2u", "3u"),
            ("0.5 + 1.0", "1.5"),
            ("'a' + 'b'", "\"ab\""),
            ("b'a' + b'b'", "b\"ab\""),
            ("[1] + [2]", "[1, 2]"),
            ("[] + ['a']", "[\"a\"]"),
            ("duration('1m') + duration('1s')", "duration(\"61s\")"),
            (
                "timestamp('2026-01-01T00:00:00Z') + duration('1h')",
                "timestamp(\"2026-01-01T01:00:00Z\")",
            ),
        ],
        overloads: &[
            ints!("_+_(int, int) -> int", checked_add),
            uints!("_+_(uint, uint) -> uint", checked_add),
            doubles!("_+_(double, double) -> double", +),
            Overload::new("_+_(string, string) -> string", |args| {
                let (left, right) = (args.string(0), args.string(1));
                args.written(|row, out| {
                    let (left, right) = (left.at(row)?, right.at(row)?);
                    (left.len() + right.len() <= TEXT_BYTES).then_some(())?;
                    out.push_str(left);
                    out.push_str(right);
                    Some(())
                })
            })
            .fails(Fault::Overflow),
            Overload::new("_+_(bytes, bytes) -> bytes", |args| {
                let (left, right) = (args.bytes(0), args.bytes(1));
                args.binaries(|row| {
                    let (left, right) = (left.at(row)?, right.at(row)?);
                    (left.len() + right.len() <= TEXT_BYTES).then(|| [left, right].concat())
                })
            })
            .fails(Fault::Overflow),
            Overload::new("_+_(list(T), list(T)) -> list(T)", |args| {
                args.values(|row| match (args.value(0, row)?, args.value(1, row)?) {
                    (Value::List(left), Value::List(right)) if left.len() + right.len() <= LIST_ITEMS => {
                        Some(Value::List([&left[..], &right[..]].concat().into()))
                    }
                    _ => None,
                })
            })
            .fails(Fault::Overflow),
            Overload::new("_+_(duration, duration) -> duration", |args| {
                let (left, right) = (args.duration(0), args.duration(1));
                args.durations(|row| left.at(row)?.checked_add(right.at(row)?))
            })
            .fails(Fault::Overflow),
            Overload::new("_+_(timestamp, duration) -> timestamp", |args| {
                let (left, right) = (args.timestamp(0), args.duration(1));
                args.timestamps(|row| Some(left.at(row)? + i128::from(right.at(row)?)))
            })
            .fails(Fault::Overflow),
            Overload::new("_+_(duration, timestamp) -> timestamp", |args| {
                let (left, right) = (args.duration(0), args.timestamp(1));
                args.timestamps(|row| Some(i128::from(left.at(row)?) + right.at(row)?))
            })
            .fails(Fault::Overflow),
        ],
    },
    Function {
        name: "_-_",
        doc: "The difference of numbers, times and durations.",
        examples: &[
            ("3 - 5", "-2"),
            ("1u - 2u", "error"),
            (
                "timestamp('2026-01-01T00:00:01Z') - timestamp('2026-01-01T00:00:00Z')",
                "duration(\"1s\")",
            ),
            (
                "timestamp('2026-01-01T00:00:00Z') - duration('1s')",
                "timestamp(\"2025-12-31T23:59:59Z\")",
            ),
        ],
        overloads: &[
            ints!("_-_(int, int) -> int", checked_sub),
            uints!("_-_(uint, uint) -> uint", checked_sub),
            doubles!("_-_(double, double) -> double", -),
            Overload::new("_-_(duration, duration) -> duration", |args| {
                let (left, right) = (args.duration(0), args.duration(1));
                args.durations(|row| left.at(row)?.checked_sub(right.at(row)?))
            })
            .fails(Fault::Overflow),
            Overload::new("_-_(timestamp, timestamp) -> duration", |args| {
                let (left, right) = (args.timestamp(0), args.timestamp(1));
                args.durations(|row| i64::try_from(left.at(row)? - right.at(row)?).ok())
            })
            .fails(Fault::Overflow),
            Overload::new("_-_(timestamp, duration) -> timestamp", |args| {
                let (left, right) = (args.timestamp(0), args.duration(1));
                args.timestamps(|row| Some(left.at(row)? - i128::from(right.at(row)?)))
            })
            .fails(Fault::Overflow),
        ],
    },
    Function {
        name: "_*_",
        doc: "The product of numbers.",
        examples: &[
            ("3 * 5", "15"),
            ("4611686018427387904 * 2", "error"),
            ("0.5 * 4.0", "2.0"),
        ],
        overloads: &[
            ints!("_*_(int, int) -> int", checked_mul),
            uints!("_*_(uint, uint) -> uint", checked_mul),
            doubles!("_*_(double, double) -> double", *),
        ],
    },
    Function {
        name: "_/_",
        doc: "The quotient of numbers; of integers, cut towards zero.",
        examples: &[("-7 / 2", "-3"), ("1 / 0", "error"), ("1.0 / 0.0", "double(\"inf\")")],
        overloads: &[
            ints!("_/_(int, int) -> int", checked_div),
            uints!("_/_(uint, uint) -> uint", checked_div),
            doubles!("_/_(double, double) -> double", /),
        ],
    },
    Function {
        name: "_%_",
        doc: "The remainder of a division of integers, with the sign of the dividend.",
        examples: &[("-7 % 2", "-1"), ("7u % 0u", "error")],
        overloads: &[
            ints!("_%_(int, int) -> int", checked_rem),
            uints!("_%_(uint, uint) -> uint", checked_rem),
        ],
    },
    Function {
        name: "-_",
        doc: "The number with the other sign.",
        examples: &[
            ("-(1 + 2)", "-3"),
            ("-(-9223372036854775808)", "error"),
            ("-duration('1s')", "duration(\"-1s\")"),
        ],
        overloads: &[
            Overload::new("-_(int) -> int", |args| {
                let operand = args.int(0);
                args.ints(|row| operand.at(row)?.checked_neg())
            })
            .fails(Fault::Overflow),
            Overload::new("-_(double) -> double", |args| {
                let operand = args.double(0);
                args.doubles(|row| Some(-operand.at(row)?))
            }),
            Overload::new("-_(duration) -> duration", |args| {
                let operand = args.duration(0);
                args.durations(|row| operand.at(row)?.checked_neg())
            })
            .fails(Fault::Overflow),
        ],
    },
];

/// What is beyond the integers: a division by zero if the divisor is, else too large.
fn fault(arguments: &[Value]) -> Fault {
    match arguments {
        [_, Value::Int(0) | Value::Uint(0)] => Fault::DivisionByZero,
        _ => Fault::Overflow,
    }
}
