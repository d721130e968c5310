//! Optionals, and the types of values.
//!
//! Specification: cel-go's optional types; CEL language definition, "Abstract Types". Absent on purpose: messages.

use std::sync::Arc;

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::fault::Fault;
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "optional.of",
        doc: "An optional that holds a value.",
        examples: &[("optional.of(1)", "optional.of(1)")],
        overloads: &[Overload::new("optional.of(T) -> optional(T)", |args| {
            args.values(|row| Some(some(args.value(0, row)?)))
        })],
    },
    Function {
        name: "optional.none",
        doc: "An optional that holds no value.",
        examples: &[("optional.none().hasValue()", "false")],
        overloads: &[Overload::new("optional.none() -> optional(T)", |args| {
            args.values(|_| Some(Value::Optional(None)))
        })],
    },
    Function {
        name: "optional.ofNonZeroValue",
        doc: "An optional that holds a value, unless it is what an absent one reads as: 0, \"\", false, null or empty.",
        examples: &[
            ("optional.ofNonZeroValue('a')", "optional.of(\"a\")"),
            ("optional.ofNonZeroValue('')", "optional.none()"),
        ],
        overloads: &[Overload::new("optional.ofNonZeroValue(T) -> optional(T)", |args| {
            args.values(|row| {
                let value = args.value(0, row)?;
                Some(if value.is_zero() {
                    Value::Optional(None)
                } else {
                    some(value)
                })
            })
        })],
    },
    Function {
        name: "hasValue",
        doc: "True if an optional holds a value.",
        examples: &[("optional.of('').hasValue()", "true"), ("{}.?a.hasValue()", "false")],
        overloads: &[Overload::new("optional(T).hasValue() -> bool", |args| {
            args.bools(|row| Some(held(args, row)?.is_some()))
        })],
    },
    Function {
        name: "value",
        doc: "The value that an optional holds; an error if it holds none.",
        examples: &[("optional.of(1).value()", "1"), ("optional.none().value()", "error")],
        overloads: &[
            Overload::new("optional(T).value() -> T", |args| args.values(|row| held(args, row)?)).fails(Fault::NoValue),
        ],
    },
    Function {
        name: "or",
        doc: "The optional, or another if it holds no value.",
        examples: &[("optional.none().or(optional.of(1))", "optional.of(1)")],
        overloads: &[Overload::new("optional(T).or(optional(T)) -> optional(T)", |args| {
            args.values(|row| match held(args, row)? {
                Some(value) => Some(some(value)),
                None => args.value(1, row),
            })
        })],
    },
    Function {
        name: "orValue",
        doc: "The value that an optional holds, or another if it holds none.",
        examples: &[("{'a': 1}.?b.orValue(0)", "0"), ("{'a': 1}.?a.orValue(0)", "1")],
        overloads: &[Overload::new("optional(T).orValue(T) -> T", |args| {
            args.values(|row| match held(args, row)? {
                Some(value) => Some(value),
                None => args.value(1, row),
            })
        })],
    },
    Function {
        name: "optional.unwrap",
        doc: "The values that the optionals of a list hold.",
        examples: &[("optional.unwrap([optional.of(1), optional.none()])", "[1]")],
        overloads: &[Overload::new(
            "optional.unwrap(list(optional(T))) -> list(T)",
            unwrapped,
        )],
    },
    Function {
        name: "unwrapOpt",
        doc: "The values that the optionals of a list hold.",
        examples: &[("[optional.of(1), optional.none()].unwrapOpt()", "[1]")],
        overloads: &[Overload::new("list(optional(T)).unwrapOpt() -> list(T)", unwrapped)],
    },
    Function {
        name: "_unwrap_",
        doc: "The entries of a map whose optionals hold a value; what `{?key: optional}` computes.",
        examples: &[("{?'a': optional.of(1), ?'b': optional.none()}", "{\"a\": 1}")],
        overloads: &[Overload::new("_unwrap_(map(K, optional(V))) -> map(K, V)", |args| {
            args.values(|row| match args.value(0, row)? {
                Value::Map(entries) => Some(Value::Map(
                    entries
                        .iter()
                        .filter_map(|(key, value)| Some((key.clone(), inside(value)?)))
                        .collect(),
                )),
                _ => None,
            })
        })],
    },
    Function {
        name: "first",
        doc: "An optional of the first element of a list; none of an empty one.",
        examples: &[("[1, 2].first()", "optional.of(1)"), ("[].first()", "optional.none()")],
        overloads: &[Overload::new("list(T).first() -> optional(T)", |args| {
            args.values(|row| at_end(args.value(0, row)?, |items| items.first()))
        })],
    },
    Function {
        name: "last",
        doc: "An optional of the last element of a list; none of an empty one.",
        examples: &[("[1, 2].last()", "optional.of(2)")],
        overloads: &[Overload::new("list(T).last() -> optional(T)", |args| {
            args.values(|row| at_end(args.value(0, row)?, |items| items.last()))
        })],
    },
    Function {
        name: "type",
        doc: "The type of a value.",
        examples: &[
            ("type(1)", "int"),
            ("type(1u) == uint", "true"),
            ("type(type(1))", "type"),
            ("type(timestamp(0))", "google.protobuf.Timestamp"),
        ],
        overloads: &[Overload::new("type(dyn) -> type", |args| {
            args.values(|row| Some(Value::Type(args.value(0, row)?.ty().name().into())))
        })],
    },
];

fn some(value: Value) -> Value {
    Value::Optional(Some(Arc::new(value)))
}

/// What the optional of a row holds; `None` if the row has none.
#[allow(clippy::option_option, reason = "no optional and an optional of nothing differ")]
fn held(args: &Arguments, row: usize) -> Option<Option<Value>> {
    match args.value(0, row)? {
        Value::Optional(value) => Some(value.map(|value| (*value).clone())),
        _ => None,
    }
}

fn inside(optional: &Value) -> Option<Value> {
    match optional {
        Value::Optional(Some(value)) => Some((**value).clone()),
        _ => None,
    }
}

fn unwrapped(args: &Arguments) -> datafusion::arrow::array::ArrayRef {
    args.values(|row| match args.value(0, row)? {
        Value::List(items) => Some(Value::List(items.iter().filter_map(inside).collect())),
        _ => None,
    })
}

fn at_end(list: Value, end: impl Fn(&[Value]) -> Option<&Value>) -> Option<Value> {
    match list {
        Value::List(items) => Some(Value::Optional(end(&items).cloned().map(Arc::new))),
        _ => None,
    }
}
