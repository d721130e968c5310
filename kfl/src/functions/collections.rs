//! Lists and maps: size, elements, membership.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, MapArray, StringViewArray};

use super::kernel::{Arguments, Column};
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
        overloads: &[Overload::new("map_get(map(K, V), dyn, V) -> V", value_or)],
    },
    Function {
        name: "_[_]",
        doc: "The element at a position of a list, from 0, or the value of a key of a map; an error if there is none.",
        examples: &[
            ("[1, 2][1]", "2"),
            ("[1][1]", "error"),
            ("[1][-1]", "error"),
            ("{'a': 1}['a']", "1"),
            ("{'a': 1}.b", "error"),
        ],
        overloads: &[
            Overload::new("_[_](list(T), dyn) -> T", element).fails(Fault::OutOfRange),
            Overload::new("_[_](map(K, V), dyn) -> V", value_of_key).fails(Fault::MissingKey),
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
                let (entries, key) = (Entries::of(args), Key::of(args, 1));
                args.bools(|row| Some(entries.as_ref()?.place(row, key.at(row)?.as_ref())?.is_some()))
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
        ],
        overloads: &[
            Overload::new("_in_(dyn, list(B)) -> bool", is_in),
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

/// The element of a list at a position; a position that is no int is taken if it is a whole number.
fn element(args: &Arguments) -> ArrayRef {
    let (list, position) = (args.list(0), Key::of(args, 1));
    let place = |row| {
        let (from, to) = range(list.array().value_offsets(), list.place(row)?)?;
        let place = from.checked_add(whole(position.at(row)?.as_ref())?)?;
        (place < to).then_some(place)
    };
    let items = list.array().values();
    if args.result == Type::String {
        return args.parts(|row| text_at(items, place(row)?));
    }
    args.values(|row| value::read(items, place(row)?, &args.result))
}

fn whole(value: &Value) -> Option<usize> {
    match value {
        Value::Int(value) => usize::try_from(*value).ok(),
        Value::Uint(value) => usize::try_from(*value).ok(),
        // A position beyond 2^53 is in no list.
        Value::Double(value) if value.fract() == 0.0 && (0.0..9e15).contains(value) => Some(*value as usize),
        _ => None,
    }
}

fn value_of_key(args: &Arguments) -> ArrayRef {
    let (entries, key) = (Entries::of(args), Key::of(args, 1));
    let found = |row: usize| {
        let entries = entries.as_ref()?;
        Some((entries, entries.place(row, key.at(row)?.as_ref())??))
    };
    if args.result == Type::String {
        return args.parts(|row| found(row).map(|(entries, place)| entries.text(place)));
    }
    args.values(|row| found(row).and_then(|(entries, place)| entries.value(place)))
}

fn value_or(args: &Arguments) -> ArrayRef {
    let (entries, key) = (Entries::of(args), Key::of(args, 1));
    let found = |row: usize| {
        let entries = entries.as_ref()?;
        Some((entries, entries.place(row, key.at(row)?.as_ref())?))
    };
    if args.result == Type::String && args.types[2] == Type::String {
        let otherwise = args.string(2);
        return args.parts(|row| {
            let ((entries, place), otherwise) = (found(row)?, otherwise.at(row)?);
            Some(place.map_or(otherwise, |place| entries.text(place)))
        });
    }
    args.values(|row| {
        let ((entries, place), otherwise) = (found(row)?, args.value(2, row)?);
        place.map_or(Some(otherwise), |place| entries.value(place))
    })
}

fn is_in(args: &Arguments) -> ArrayRef {
    let list = args.list(1);
    if let (Type::String, Type::List(element)) = (&args.types[0], &args.types[1])
        && **element == Type::String
    {
        let item = args.string(0);
        return args.bools(|row| {
            let (item, row) = (item.at(row)?, list.place(row)?);
            let (from, to) = range(list.array().value_offsets(), row)?;
            Some((from..to).any(|place| text_at(list.array().values(), place) == Some(item)))
        });
    }
    let (item, items) = (Key::of(args, 0), Key::of(args, 1));
    args.bools(|row| match (item.at(row)?, items.at(row)?.as_ref()) {
        (item, Value::List(items)) => Some(items.iter().any(|other| eval::equal(&item, other))),
        _ => None,
    })
}

/// An argument whose values are looked for: one that is constant is read once.
struct Key<'a> {
    args: &'a Arguments,
    argument: usize,
    constant: Option<Value>,
}

impl<'a> Key<'a> {
    fn of(args: &'a Arguments, argument: usize) -> Self {
        let constant = args.constant_value(argument);
        Self {
            args,
            argument,
            constant,
        }
    }

    fn at(&self, row: usize) -> Option<Cow<'_, Value>> {
        match &self.constant {
            Some(value) => Some(Cow::Borrowed(value)),
            None => self.args.value(self.argument, row).map(Cow::Owned),
        }
    }
}

fn text_at(array: &ArrayRef, place: usize) -> Option<&str> {
    let texts = array.as_string_view_opt()?;
    texts.is_valid(place).then(|| texts.value(place))
}

/// What a list, map or an optional of one holds at a place.
fn looked_up(args: &Arguments) -> ArrayRef {
    args.values(|row| found(args, row))
}

fn found(args: &Arguments, row: usize) -> Option<Value> {
    let key = args.value(1, row)?;
    let look = |inside: &Value| match inside {
        Value::List(items) => whole(&key).and_then(|place| items.get(place).cloned()),
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

/// Where the elements of a row begin and end.
fn range(offsets: &[i32], row: usize) -> Option<(usize, usize)> {
    let (from, to) = (offsets.get(row)?, offsets.get(row + 1)?);
    Some((usize::try_from(*from).ok()?, usize::try_from(*to).ok()?))
}

/// The entries of the maps that a first argument holds, one behind the other.
struct Entries<'a> {
    maps: Column<'a, MapArray>,
    key_type: &'a Type,
    value_type: &'a Type,
    keys: &'a ArrayRef,
    values: &'a ArrayRef,
    /// The keys, if they are strings.
    names: Option<&'a StringViewArray>,
}

impl<'a> Entries<'a> {
    fn of(args: &'a Arguments) -> Option<Self> {
        let Type::Map(key_type, value_type) = &args.types[0] else {
            return None;
        };
        let maps = args.map(0);
        let (keys, values) = (maps.array().keys(), maps.array().values());
        Some(Self {
            maps,
            key_type,
            value_type,
            keys,
            values,
            names: keys.as_string_view_opt().filter(|_| **key_type == Type::String),
        })
    }

    /// The place of a key: `None` if the row has no map, `Some(None)` if it has no such key.
    fn place(&self, row: usize, key: &Value) -> Option<Option<usize>> {
        let (from, to) = range(self.maps.array().value_offsets(), self.maps.place(row)?)?;
        Some(match (key, self.names) {
            (Value::String(key), Some(names)) => {
                (from..to).find(|place| names.is_valid(*place) && names.value(*place) == &**key)
            }
            (key, _) => (from..to).find(|place| {
                value::read(self.keys, *place, self.key_type).is_some_and(|other| eval::equal(key, &other))
            }),
        })
    }

    /// The value at a place. A stored map may hold a key without one: it reads as the zero of its type, like any absent value.
    fn value(&self, place: usize) -> Option<Value> {
        Some(value::read(self.values, place, self.value_type).unwrap_or_else(|| Value::zero(self.value_type)))
    }

    /// The same of a string.
    fn text(&self, place: usize) -> &'a str {
        text_at(self.values, place).unwrap_or_default()
    }
}
