//! Lists and maps: size, elements, membership.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};

use super::kernel::Arguments;
use super::{Function, Overload, network};
use crate::eval;
use crate::fault::Fault;
use crate::types::Type;
use crate::value::{self, Value};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "size",
        doc: "The number of code points of a string, of bytes, of elements of a list, of keys of a map.",
        examples: &[
            ("size('né')", "2"),
            ("b'né'.size()", "3"),
            ("[1, 2].size()", "2"),
            ("size({'a': 1})", "1"),
        ],
        overloads: &[
            Overload::new("size(string) -> int", characters),
            Overload::new("string.size() -> int", characters),
            Overload::new("size(bytes) -> int", length_of_bytes),
            Overload::new("bytes.size() -> int", length_of_bytes),
            Overload::new("size(list(T)) -> int", length_of_list),
            Overload::new("list(T).size() -> int", length_of_list),
            Overload::new("size(map(K, V)) -> int", length_of_map),
            Overload::new("map(K, V).size() -> int", length_of_map),
        ],
    },
    Function {
        name: "map_get",
        doc: "The value of a key in a map, or the third argument if the map does not have it.",
        examples: &[
            ("map_get({'a': '1'}, 'a', '')", "\"1\""),
            ("map_get({'a': '1'}, 'b', '-')", "\"-\""),
        ],
        overloads: &[Overload::new("map_get(map(K, V), dyn, V) -> V", |args| {
            args.values(|row| {
                let (key, otherwise) = (args.value(1, row)?, args.value(2, row)?);
                Some(entry(args, row, &key)?.unwrap_or(otherwise))
            })
        })],
    },
    Function {
        name: "_[_]",
        doc: "The element at a position of a list, from 0, or the value of a key of a map; an error if there is none.",
        examples: &[
            ("[1, 2][1]", "2"),
            ("[1][1]", "error"),
            ("{'a': 1}['a']", "1"),
            ("{'a': 1}.b", "error"),
            ("{1: 'a'}[1u]", "\"a\""),
            ("optional.of([1])[0]", "optional.of(1)"),
        ],
        overloads: &[
            Overload::new("_[_](list(T), dyn) -> T", |args| {
                let list = args.list(0);
                args.values(|row| {
                    let (items, position) = (list.at(row)?, position(&args.value(1, row)?)?);
                    (position < items.len()).then(|| value::read(&items, position, &args.result))?
                })
            })
            .fails(Fault::OutOfRange),
            Overload::new("_[_](map(K, V), dyn) -> V", |args| {
                args.values(|row| entry(args, row, &args.value(1, row)?)?)
            })
            .fails(Fault::MissingKey),
            Overload::new("_[_](optional(list(T)), dyn) -> optional(T)", looked_up),
            Overload::new("_[_](optional(map(K, V)), dyn) -> optional(V)", looked_up),
        ],
    },
    Function {
        name: "_[?_]",
        doc: "An optional of the element at a position of a list or of the value of a key of a map; none if there is none.",
        examples: &[
            ("[1][?0]", "optional.of(1)"),
            ("[1][?1]", "optional.none()"),
            ("{'a': 1}.?b", "optional.none()"),
            ("{'a': {'b': 1}}.?a.b", "optional.of(1)"),
        ],
        overloads: &[
            Overload::new("_[?_](list(T), dyn) -> optional(T)", looked_up),
            Overload::new("_[?_](map(K, V), dyn) -> optional(V)", looked_up),
            Overload::new("_[?_](optional(list(T)), dyn) -> optional(T)", looked_up),
            Overload::new("_[?_](optional(map(K, V)), dyn) -> optional(V)", looked_up),
        ],
    },
    Function {
        name: "_has_",
        doc: "True if a map has a key; what `has(map.key)` and `key in map` compute.",
        examples: &[
            ("has({'a': 1}.a)", "true"),
            ("has({'a': 1}.b)", "false"),
            ("'b' in {'a': 1}", "false"),
        ],
        overloads: &[
            Overload::new("_has_(map(K, V), dyn) -> bool", |args| {
                args.bools(|row| Some(entry(args, row, &args.value(1, row)?)?.is_some()))
            }),
            Overload::new("_has_(optional(map(K, V)), dyn) -> bool", |args| {
                args.bools(|row| Some(matches!(found(args, row)?, Value::Optional(Some(_)))))
            }),
        ],
    },
    Function {
        name: "_in_",
        doc: "True if a value is an element of a list, a key of a map or an address of a network.",
        examples: &[
            ("2 in [1, 2]", "true"),
            ("'c' in ['a', 'b']", "false"),
            ("1.0 in [1]", "true"),
            ("'10.1.2.3' in cidr('10.0.0.0/8')", "true"),
        ],
        overloads: &[
            Overload::new("_in_(dyn, list(B)) -> bool", |args| {
                args.bools(|row| match (args.value(0, row)?, args.value(1, row)?) {
                    (item, Value::List(items)) => Some(items.iter().any(|other| eval::equal(&item, other))),
                    _ => None,
                })
            }),
            Overload::new("_in_(dyn, map(K, V)) -> bool", |args| {
                args.bools(|row| match (args.value(0, row)?, args.value(1, row)?) {
                    (item, Value::Map(entries)) => Some(entries.iter().any(|(key, _)| eval::equal(&item, key))),
                    _ => None,
                })
            }),
            Overload::new("_in_(string, cidr) -> bool", |args| {
                args.bools(|row| network::contains(&args.value(1, row)?, &args.value(0, row)?))
            })
            .fails(Fault::BadConversion),
            Overload::new("_in_(ip, cidr) -> bool", |args| {
                args.bools(|row| network::contains(&args.value(1, row)?, &args.value(0, row)?))
            }),
        ],
    },
];

/// The position that a number says: of a list's elements only whole numbers say one.
fn position(value: &Value) -> Option<usize> {
    match value {
        Value::Int(position) => usize::try_from(*position).ok(),
        Value::Uint(position) => usize::try_from(*position).ok(),
        Value::Double(position) if position.fract() == 0.0 && (0.0..1e15).contains(position) => {
            Some(*position as usize)
        }
        _ => None,
    }
}

/// What a list, map or an optional of one holds at a place.
fn looked_up(args: &Arguments) -> ArrayRef {
    args.values(|row| found(args, row))
}

fn found(args: &Arguments, row: usize) -> Option<Value> {
    let key = args.value(1, row)?;
    let look = |inside: &Value| match inside {
        Value::List(items) => position(&key).and_then(|position| items.get(position).cloned()),
        Value::Map(entries) => entries
            .iter()
            .find(|(other, _)| eval::equal(&key, other))
            .map(|(_, value)| value.clone()),
        _ => None,
    };
    let value = match args.value(0, row)? {
        Value::Optional(inside) => inside.and_then(|inside| look(&inside)),
        inside => look(&inside),
    };
    Some(Value::Optional(value.map(Arc::new)))
}

fn characters(args: &Arguments) -> ArrayRef {
    let text = args.string(0);
    args.ints(|row| count(text.at(row)?.chars().count()))
}

fn length_of_bytes(args: &Arguments) -> ArrayRef {
    let bytes = args.bytes(0);
    args.ints(|row| count(bytes.at(row)?.len()))
}

fn length_of_list(args: &Arguments) -> ArrayRef {
    let list = args.list(0);
    args.ints(|row| count(list.at(row)?.len()))
}

fn length_of_map(args: &Arguments) -> ArrayRef {
    let map = args.map(0);
    args.ints(|row| count(map.at(row)?.len()))
}

fn count(length: usize) -> Option<i64> {
    i64::try_from(length).ok()
}

/// The value of a key in the map of a row: `None` if the row has no map, `Some(None)` if the map has no such key.
fn entry(args: &Arguments, row: usize, key: &Value) -> Option<Option<Value>> {
    let Type::Map(key_type, value_type) = &args.types[0] else {
        return None;
    };
    let entries = args.map(0).at(row)?;
    let (keys, values) = (entries.column(0), entries.column(1));
    let position = match key {
        Value::String(key) if **key_type == Type::String => {
            let keys = keys.as_string_view();
            (0..keys.len()).find(|entry| keys.value(*entry) == &**key)
        }
        key => (0..keys.len())
            .find(|entry| value::read(keys, *entry, key_type).is_some_and(|other| eval::equal(key, &other))),
    };
    // A stored map may hold a key without a value: it reads as the zero of its type, like any absent value.
    Some(position.map(|entry| value::read(values, entry, value_type).unwrap_or_else(|| Value::zero(value_type))))
}
