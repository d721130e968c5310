//! Lists and maps: size, elements, membership.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::eval;
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
        overloads: &[Overload::new("map_get(map(K, V), K, V) -> V", |args| {
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
        ],
        overloads: &[
            Overload::new("_[_](list(T), int) -> T", |args| {
                let (list, position) = (args.list(0), args.int(1));
                args.values(|row| {
                    let (items, position) = (list.at(row)?, usize::try_from(position.at(row)?).ok()?);
                    (position < items.len()).then(|| value::read(&items, position, &args.result))?
                })
            }),
            Overload::new("_[_](map(K, V), K) -> V", |args| {
                args.values(|row| entry(args, row, &args.value(1, row)?)?)
            }),
        ],
    },
    Function {
        name: "has_key",
        doc: "True if a map has a key; what `has(map.key)` and `key in map` compute.",
        examples: &[
            ("has({'a': 1}.a)", "true"),
            ("has({'a': 1}.b)", "false"),
            ("'b' in {'a': 1}", "false"),
        ],
        overloads: &[Overload::new("has_key(map(K, V), K) -> bool", |args| {
            args.bools(|row| Some(entry(args, row, &args.value(1, row)?)?.is_some()))
        })],
    },
    Function {
        name: "_in_",
        doc: "True if a value is an element of a list.",
        examples: &[
            ("2 in [1, 2]", "true"),
            ("'c' in ['a', 'b']", "false"),
            ("1.0 in [1]", "true"),
        ],
        overloads: &[Overload::new("_in_(A, list(B)) -> bool", |args| {
            args.bools(|row| match (args.value(0, row)?, args.value(1, row)?) {
                (item, Value::List(items)) => Some(items.iter().any(|other| eval::equal(&item, other))),
                _ => None,
            })
        })],
    },
];

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
