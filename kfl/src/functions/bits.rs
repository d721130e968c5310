//! Functions of the bits of integers.
//!
//! Specification: the math extension of cel-go. Shifts to the right bring in zeros, also into ints; a shift by 64 bits
//! or more gives 0, one by less than none is an error.

use super::{Function, Overload};
use crate::fault::Fault;

macro_rules! bitwise {
    ($name:literal, $doc:literal, $operator:tt, $examples:expr) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[
                Overload::new(concat!($name, "(int, int) -> int"), |args| {
                    let (left, right) = (args.int(0), args.int(1));
                    args.ints(|row| Some(left.at(row)? $operator right.at(row)?))
                }),
                Overload::new(concat!($name, "(uint, uint) -> uint"), |args| {
                    let (left, right) = (args.uint(0), args.uint(1));
                    args.uints(|row| Some(left.at(row)? $operator right.at(row)?))
                }),
            ],
        }
    };
}

macro_rules! shift {
    ($name:literal, $doc:literal, $shift:ident, $examples:expr) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[
                Overload::new(concat!($name, "(int, int) -> int"), |args| {
                    let (value, by) = (args.int(0), args.int(1));
                    args.ints(|row| {
                        let bits = value.at(row)?.cast_unsigned();
                        Some(shifted(bits, by.at(row)?, u64::$shift)?.cast_signed())
                    })
                })
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(uint, int) -> uint"), |args| {
                    let (value, by) = (args.uint(0), args.int(1));
                    args.uints(|row| shifted(value.at(row)?, by.at(row)?, u64::$shift))
                })
                .fails(Fault::BadArgument),
            ],
        }
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    bitwise!(
        "math.bitAnd",
        "The bits that are set in both of two integers.",
        &,
        &[("math.bitAnd(5, 3)", "1"), ("math.bitAnd(1u, 2u)", "0u"), ("math.bitAnd(1, -1)", "1")]
    ),
    bitwise!(
        "math.bitOr",
        "The bits that are set in one of two integers.",
        |,
        &[("math.bitOr(1u, 2u)", "3u"), ("math.bitOr(4, -2)", "-2")]
    ),
    bitwise!(
        "math.bitXor",
        "The bits that are set in exactly one of two integers.",
        ^,
        &[("math.bitXor(3u, 5u)", "6u"), ("math.bitXor(4, -2)", "-6")]
    ),
    Function {
        name: "math.bitNot",
        doc: "The bits that are not set in an integer.",
        examples: &[("math.bitNot(1)", "-2"), ("math.bitNot(0u)", "18446744073709551615u")],
        overloads: &[
            Overload::new("math.bitNot(int) -> int", |args| {
                let value = args.int(0);
                args.ints(|row| value.at(row).map(|value| !value))
            }),
            Overload::new("math.bitNot(uint) -> uint", |args| {
                let value = args.uint(0);
                args.uints(|row| value.at(row).map(|value| !value))
            }),
        ],
    },
    shift!(
        "math.bitShiftLeft",
        "The bits of an integer, moved to the left by so many places.",
        checked_shl,
        &[
            ("math.bitShiftLeft(1, 2)", "4"),
            ("math.bitShiftLeft(1, 63)", "-9223372036854775808"),
            ("math.bitShiftLeft(1u, 200)", "0u"),
            ("math.bitShiftLeft(1, -1)", "error"),
        ]
    ),
    shift!(
        "math.bitShiftRight",
        "The bits of an integer, moved to the right by so many places, with zeros before them.",
        checked_shr,
        &[
            ("math.bitShiftRight(1024, 2)", "256"),
            ("math.bitShiftRight(-1024, 3)", "2305843009213693824"),
            ("math.bitShiftRight(-1024, 64)", "0"),
            ("math.bitShiftRight(1u, 0)", "1u"),
            ("math.bitShiftRight(1u, -1)", "error"),
        ]
    ),
];

fn shifted(bits: u64, by: i64, shift: fn(u64, u32) -> Option<u64>) -> Option<u64> {
    let by = u64::try_from(by).ok()?;
    Some(u32::try_from(by).ok().and_then(|by| shift(bits, by)).unwrap_or(0))
}
