//! Functions of numbers.
//!
//! Specification: the math extension of cel-go. Halves are rounded away from zero; the least and the greatest of numbers
//! of several types keep the type of the number that wins, the first of equal ones; NaN has no order, so that it is an
//! error between others.

use std::cmp::Ordering;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, UInt64Type};

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::eval;
use crate::fault::Fault;
use crate::value::Value;

macro_rules! extreme {
    ($name:literal, $doc:literal, $wanted:expr, $examples:expr) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[
                Overload::new(concat!($name, "(int...) -> int"), |args| {
                    of_arguments::<Int64Type>(args, $wanted)
                }),
                Overload::new(concat!($name, "(uint...) -> uint"), |args| {
                    of_arguments::<UInt64Type>(args, $wanted)
                }),
                Overload::new(concat!($name, "(double...) -> double"), |args| {
                    of_arguments::<Float64Type>(args, $wanted)
                })
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(list(int)) -> int"), |args| {
                    of_list::<Int64Type>(args, $wanted)
                })
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(list(uint)) -> uint"), |args| {
                    of_list::<UInt64Type>(args, $wanted)
                })
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(list(double)) -> double"), |args| {
                    of_list::<Float64Type>(args, $wanted)
                })
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(list(dyn)) -> dyn"), |args| {
                    args.values(|row| match args.value(0, row)? {
                        Value::List(items) => extreme(items.iter().cloned().map(Some), $wanted),
                        _ => None,
                    })
                })
                .refuse(refuse)
                .fails(Fault::BadArgument),
                Overload::new(concat!($name, "(dyn...) -> dyn"), |args| {
                    let values = |row| (0..args.columns.len()).map(move |argument| args.value(argument, row));
                    args.values(|row| match args.columns.len() {
                        // What is known only now may be a list of numbers.
                        1 => match args.value(0, row)? {
                            Value::List(items) => extreme(items.iter().cloned().map(Some), $wanted),
                            value => extreme(std::iter::once(Some(value)), $wanted),
                        },
                        _ => extreme(values(row), $wanted),
                    })
                })
                .refuse(refuse)
                .fails(Fault::BadArgument),
            ],
        }
    };
}

macro_rules! of_double {
    ($name:literal, $doc:literal, $make:ident, $result:literal, $compute:expr, $examples:expr) => {
        Function {
            name: $name,
            doc: $doc,
            examples: $examples,
            overloads: &[Overload::new(concat!($name, "(double) -> ", $result), |args| {
                let (value, compute): (_, fn(f64) -> _) = (args.double(0), $compute);
                args.$make(|row| value.at(row).map(compute))
            })],
        }
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    extreme!(
        "math.greatest",
        "The greatest of numbers, or of a list of numbers.",
        Ordering::Greater,
        &[
            ("math.greatest(1, 3, 2)", "3"),
            ("math.greatest([1.5, 0.5])", "1.5"),
            ("math.greatest(2u)", "2u"),
            ("math.greatest(1.0, 0.0 / 0.0)", "error"),
        ]
    ),
    extreme!(
        "math.least",
        "The least of numbers, or of a list of numbers.",
        Ordering::Less,
        &[("math.least(3, 1, 2)", "1"), ("math.least([2u, 1u])", "1u")]
    ),
    of_double!(
        "math.ceil",
        "The least whole number that is not below a double.",
        doubles,
        "double",
        f64::ceil,
        &[("math.ceil(1.2)", "2.0"), ("math.ceil(-1.2)", "-1.0")]
    ),
    of_double!(
        "math.floor",
        "The greatest whole number that is not above a double.",
        doubles,
        "double",
        f64::floor,
        &[("math.floor(1.2)", "1.0"), ("math.floor(-1.2)", "-2.0")]
    ),
    of_double!(
        "math.round",
        "The whole number closest to a double; of two, the one farther from zero.",
        doubles,
        "double",
        f64::round,
        &[
            ("math.round(1.4)", "1.0"),
            ("math.round(-1.5)", "-2.0"),
            ("math.round(2.5)", "3.0"),
        ]
    ),
    of_double!(
        "math.trunc",
        "The double without its fraction.",
        doubles,
        "double",
        f64::trunc,
        &[("math.trunc(-1.7)", "-1.0")]
    ),
    of_double!(
        "math.isNaN",
        "True if a double is not a number.",
        bools,
        "bool",
        f64::is_nan,
        &[("math.isNaN(0.0 / 0.0)", "true"), ("math.isNaN(1.0)", "false")]
    ),
    of_double!(
        "math.isInf",
        "True if a double is infinite.",
        bools,
        "bool",
        f64::is_infinite,
        &[("math.isInf(-1.0 / 0.0)", "true"), ("math.isInf(0.0 / 0.0)", "false")]
    ),
    of_double!(
        "math.isFinite",
        "True if a double is a number and not infinite.",
        bools,
        "bool",
        f64::is_finite,
        &[("math.isFinite(1.0)", "true"), ("math.isFinite(0.0 / 0.0)", "false"),]
    ),
    Function {
        name: "math.abs",
        doc: "The number without its sign.",
        examples: &[
            ("math.abs(-1)", "1"),
            ("math.abs(1u)", "1u"),
            ("math.abs(-1.5)", "1.5"),
            ("math.abs(-9223372036854775808)", "error"),
        ],
        overloads: &[
            Overload::new("math.abs(int) -> int", |args| {
                let value = args.int(0);
                args.ints(|row| value.at(row)?.checked_abs())
            })
            .fails(Fault::Overflow),
            Overload::new("math.abs(uint) -> uint", |args| {
                let value = args.uint(0);
                args.uints(|row| value.at(row))
            }),
            Overload::new("math.abs(double) -> double", |args| {
                let value = args.double(0);
                args.doubles(|row| value.at(row).map(f64::abs))
            }),
        ],
    },
    Function {
        name: "math.sign",
        doc: "-1, 0 or 1: the sign of a number, in its type.",
        examples: &[
            ("math.sign(-7)", "-1"),
            ("math.sign(7u)", "1u"),
            ("math.sign(-0.5)", "-1.0"),
            ("math.sign(-0.0)", "0.0"),
            ("math.isNaN(math.sign(0.0 / 0.0))", "true"),
        ],
        overloads: &[
            Overload::new("math.sign(int) -> int", |args| {
                let value = args.int(0);
                args.ints(|row| value.at(row).map(i64::signum))
            }),
            Overload::new("math.sign(uint) -> uint", |args| {
                let value = args.uint(0);
                args.uints(|row| value.at(row).map(|value| value.min(1)))
            }),
            Overload::new("math.sign(double) -> double", |args| {
                let value = args.double(0);
                args.doubles(|row| value.at(row).map(sign))
            }),
        ],
    },
    Function {
        name: "math.sqrt",
        doc: "The square root of a number as a double; NaN of a negative one.",
        examples: &[
            ("math.sqrt(81)", "9.0"),
            ("math.sqrt(2u) > 1.41", "true"),
            ("math.isNaN(math.sqrt(-1.0))", "true"),
        ],
        overloads: &[
            Overload::new("math.sqrt(double) -> double", |args| {
                let value = args.double(0);
                args.doubles(|row| value.at(row).map(f64::sqrt))
            }),
            Overload::new("math.sqrt(int) -> double", |args| {
                let value = args.int(0);
                args.doubles(|row| value.at(row).map(|value| (value as f64).sqrt()))
            }),
            Overload::new("math.sqrt(uint) -> double", |args| {
                let value = args.uint(0);
                args.doubles(|row| value.at(row).map(|value| (value as f64).sqrt()))
            }),
        ],
    },
];

fn sign(value: f64) -> f64 {
    match value.partial_cmp(&0.0) {
        Some(Ordering::Less) => -1.0,
        Some(Ordering::Equal) => 0.0,
        Some(Ordering::Greater) => 1.0,
        None => value,
    }
}

/// The one of numbers of one type that is in the wanted order to the others.
fn best<N: PartialOrd + Copy>(numbers: impl Iterator<Item = Option<N>>, wanted: Ordering) -> Option<N> {
    let better = |best: Option<N>, next: Option<N>| {
        let (best, next) = (best?, next?);
        Some(if next.partial_cmp(&best)? == wanted { next } else { best })
    };
    numbers.reduce(better)?
}

fn of_arguments<T: ArrowPrimitiveType>(args: &Arguments, wanted: Ordering) -> ArrayRef
where
    T::Native: PartialOrd,
{
    let columns: Vec<_> = (0..args.columns.len())
        .map(|argument| args.primitive::<T>(argument))
        .collect();
    primitives::<T>(args, |row| best(columns.iter().map(|column| column.at(row)), wanted))
}

fn of_list<T: ArrowPrimitiveType>(args: &Arguments, wanted: Ordering) -> ArrayRef
where
    T::Native: PartialOrd,
{
    let list = args.list(0);
    primitives::<T>(args, |row| {
        let items = list.at(row)?;
        let items = items.as_primitive_opt::<T>()?;
        let numbers = (0..items.len()).map(|place| items.is_valid(place).then(|| items.value(place)));
        best(numbers, wanted)
    })
}

fn primitives<T: ArrowPrimitiveType>(args: &Arguments, of_row: impl FnMut(usize) -> Option<T::Native>) -> ArrayRef {
    std::sync::Arc::new((0..args.rows).map(of_row).collect::<PrimitiveArray<T>>())
}

/// The one of numbers of any types; none if one is no number, or there is no order between them, or there are none.
fn extreme(values: impl Iterator<Item = Option<Value>>, wanted: Ordering) -> Option<Value> {
    let better = |best: Option<Value>, next: Option<Value>| {
        let (best, next) = (best?, next?);
        Some(if eval::order(&next, &best)? == wanted {
            next
        } else {
            best
        })
    };
    let number = |value: Option<Value>| value.filter(is_number);
    values.map(number).reduce(better)?
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

fn refuse(arguments: &[Option<&Value>]) -> Option<String> {
    let unfit = |value: &Value| Some(format!("expected numbers, found {value}"));
    match arguments {
        [Some(Value::List(items))] if items.is_empty() => {
            Some("expected a number at least, found an empty list".into())
        }
        [Some(Value::List(items))] => unfit(items.iter().find(|item| !is_number(item))?),
        arguments => unfit(arguments.iter().flatten().find(|value| !is_number(value))?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_several_types_compare_as_numbers() {
        let (int, uint, double) = (Value::Int, Value::Uint, Value::Double);
        for (values, least, greatest) in [
            (vec![double(5.4), int(10), uint(3), double(-5.0)], "-5.0", "10"),
            (vec![int(1), double(1.0), uint(1)], "1", "1"),
            (vec![uint(1), int(1)], "1u", "1u"),
            (
                vec![double(1.797693e308), int(i64::MIN), uint(u64::MAX)],
                "-9223372036854775808",
                "1.797693e308",
            ),
            (
                vec![int(i64::MAX), double(9_223_372_036_854_775_808.0)],
                "9223372036854775807",
                "9.223372036854776e18",
            ),
            (vec![double(f64::NAN), int(1)], "none", "none"),
            (vec![int(1), Value::Bool(true)], "none", "none"),
            (vec![Value::Null], "none", "none"),
            (vec![], "none", "none"),
        ] {
            let text = |wanted| {
                extreme(values.iter().cloned().map(Some), wanted).map_or("none".to_owned(), |value| value.to_string())
            };
            assert_eq!(text(Ordering::Less), least, "{values:?}");
            assert_eq!(text(Ordering::Greater), greatest, "{values:?}");
        }
    }
}
