//! Functions of strings. Positions and lengths count code points.

use datafusion::functions::expr_fn;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;

use super::{Function, Overload};
use crate::value::Value;

macro_rules! string_to_string {
    ($signature:literal, $compute:expr) => {
        Overload::new($signature, |args| {
            let text = args.string(0);
            let compute: fn(&str) -> String = $compute;
            args.strings(|row| Some(compute(text.at(row)?)))
        })
    };
}

macro_rules! string_test {
    ($signature:literal, $test:ident) => {
        Overload::new($signature, |args| {
            let (text, piece) = (args.string(0), args.string(1));
            args.bools(|row| Some(text.at(row)?.$test(piece.at(row)?)))
        })
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        doc: "True if a string holds another.",
        examples: &[("'/api/users'.contains('api')", "true"), ("'a'.contains('b')", "false")],
        overloads: &[
            string_test!("string.contains(string) -> bool", contains).plan(|args| pair(args, expr_fn::contains))
        ],
    },
    Function {
        name: "startsWith",
        doc: "True if a string begins with another.",
        examples: &[("'/api/users'.startsWith('/api')", "true")],
        overloads: &[
            string_test!("string.startsWith(string) -> bool", starts_with).plan(|args| pair(args, begins_with))
        ],
    },
    Function {
        name: "endsWith",
        doc: "True if a string ends with another.",
        examples: &[("'logo.png'.endsWith('.png')", "true")],
        overloads: &[
            string_test!("string.endsWith(string) -> bool", ends_with).plan(|args| pair(args, expr_fn::ends_with))
        ],
    },
    Function {
        name: "lowerAscii",
        doc: "The string with ASCII letters in lower case.",
        examples: &[("'GET É'.lowerAscii()", "\"get É\"")],
        overloads: &[string_to_string!("string.lowerAscii() -> string", |text| text.to_ascii_lowercase())],
    },
    Function {
        name: "upperAscii",
        doc: "The string with ASCII letters in upper case.",
        examples: &[("'get é'.upperAscii()", "\"GET é\"")],
        overloads: &[string_to_string!("string.upperAscii() -> string", |text| text.to_ascii_uppercase())],
    },
    Function {
        name: "trim",
        doc: "The string without white space at its ends.",
        examples: &[("' a b\\n'.trim()", "\"a b\"")],
        overloads: &[string_to_string!("string.trim() -> string", |text| text
            .trim()
            .to_owned())],
    },
    Function {
        name: "reverse",
        doc: "The string backwards.",
        examples: &[("'abc'.reverse()", "\"cba\"")],
        overloads: &[string_to_string!("string.reverse() -> string", |text| text
            .chars()
            .rev()
            .collect())],
    },
    Function {
        name: "charAt",
        doc: "The character at a position; empty at the end, an error beyond it.",
        examples: &[
            ("'héé'.charAt(1)", "\"é\""),
            ("'a'.charAt(1)", "\"\""),
            ("'a'.charAt(2)", "error"),
        ],
        overloads: &[Overload::new("string.charAt(int) -> string", |args| {
            let (text, at) = (args.string(0), args.int(1));
            args.strings(|row| slice(text.at(row)?, at.at(row)?, Some(at.at(row)?.checked_add(1)?), true))
        })],
    },
    Function {
        name: "substring",
        doc: "The characters from a position, up to another or to the end.",
        examples: &[
            ("'tacocat'.substring(4)", "\"cat\""),
            ("'tacocat'.substring(0, 4)", "\"taco\""),
            ("'a'.substring(2)", "error"),
            ("'abc'.substring(2, 1)", "error"),
        ],
        overloads: &[
            Overload::new("string.substring(int) -> string", |args| {
                let (text, from) = (args.string(0), args.int(1));
                args.strings(|row| slice(text.at(row)?, from.at(row)?, None, false))
            }),
            Overload::new("string.substring(int, int) -> string", |args| {
                let (text, from, to) = (args.string(0), args.int(1), args.int(2));
                args.strings(|row| slice(text.at(row)?, from.at(row)?, Some(to.at(row)?), false))
            }),
        ],
    },
    Function {
        name: "indexOf",
        doc: "The position of the first occurrence of a string; -1 if there is none.",
        examples: &[("'héllo'.indexOf('l')", "2"), ("'a'.indexOf('b')", "-1")],
        overloads: &[Overload::new("string.indexOf(string) -> int", |args| {
            let (text, piece) = (args.string(0), args.string(1));
            args.ints(|row| Some(position(text.at(row)?, text.at(row)?.find(piece.at(row)?))))
        })],
    },
    Function {
        name: "lastIndexOf",
        doc: "The position of the last occurrence of a string; -1 if there is none.",
        examples: &[("'héllo'.lastIndexOf('l')", "3")],
        overloads: &[Overload::new("string.lastIndexOf(string) -> int", |args| {
            let (text, piece) = (args.string(0), args.string(1));
            args.ints(|row| Some(position(text.at(row)?, text.at(row)?.rfind(piece.at(row)?))))
        })],
    },
    Function {
        name: "replace",
        doc: "The string with every occurrence of a string replaced, or only the first so many.",
        examples: &[
            ("'a.b.c'.replace('.', '/')", "\"a/b/c\""),
            ("'a.b.c'.replace('.', '/', 1)", "\"a/b.c\""),
        ],
        overloads: &[
            Overload::new("string.replace(string, string) -> string", |args| {
                let (text, from, to) = (args.string(0), args.string(1), args.string(2));
                args.strings(|row| Some(text.at(row)?.replace(from.at(row)?, to.at(row)?)))
            }),
            Overload::new("string.replace(string, string, int) -> string", |args| {
                let (text, from, to, count) = (args.string(0), args.string(1), args.string(2), args.int(3));
                args.strings(|row| {
                    // A negative count replaces all of them.
                    let count = usize::try_from(count.at(row)?).unwrap_or(usize::MAX);
                    Some(text.at(row)?.replacen(from.at(row)?, to.at(row)?, count))
                })
            }),
        ],
    },
    Function {
        name: "split",
        doc: "The pieces of a string between separators.",
        examples: &[
            ("'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]"),
            ("'a'.split(',')", "[\"a\"]"),
        ],
        overloads: &[Overload::new("string.split(string) -> list(string)", |args| {
            let (text, separator) = (args.string(0), args.string(1));
            args.values(|row| Some(pieces(text.at(row)?, separator.at(row)?)))
        })],
    },
    Function {
        name: "join",
        doc: "The strings of a list as one, with a separator between them.",
        examples: &[("['a', 'b'].join()", "\"ab\""), ("['a', 'b'].join('-')", "\"a-b\"")],
        overloads: &[
            Overload::new("list(string).join() -> string", |args| {
                args.strings(|row| joined(args.value(0, row)?, ""))
            }),
            Overload::new("list(string).join(string) -> string", |args| {
                let separator = args.string(1);
                args.strings(|row| joined(args.value(0, row)?, separator.at(row)?))
            }),
        ],
    },
];

/// Calls DataFusion's function of two arguments.
fn pair(arguments: Vec<Expr>, function: fn(Expr, Expr) -> Expr) -> Expr {
    let [left, right] = <[_; 2]>::try_from(arguments).expect("the signature has two parameters");
    function(left, right)
}

/// `startsWith`; of a constant as LIKE, whose constant beginning statistics can prune by.
fn begins_with(text: Expr, prefix: Expr) -> Expr {
    let Expr::Literal(ScalarValue::Utf8View(Some(constant)), _) = &prefix else {
        return expr_fn::starts_with(text, prefix);
    };
    let mut pattern = String::with_capacity(constant.len() + 1);
    for character in constant.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    text.like(Expr::Literal(ScalarValue::Utf8View(Some(pattern)), None))
}

/// The characters from one position to another; past the end it is an error, unless it may end early.
fn slice(text: &str, from: i64, to: Option<i64>, may_end: bool) -> Option<String> {
    let from = usize::try_from(from).ok()?;
    let length = text.chars().count();
    let to = match to {
        None => length,
        Some(to) if may_end && from <= length => usize::try_from(to).ok()?.min(length),
        Some(to) => usize::try_from(to).ok()?,
    };
    (from <= to && to <= length).then(|| text.chars().skip(from).take(to - from).collect())
}

fn position(text: &str, byte: Option<usize>) -> i64 {
    byte.map_or(-1, |byte| {
        i64::try_from(text[..byte].chars().count()).unwrap_or(i64::MAX)
    })
}

fn pieces(text: &str, separator: &str) -> Value {
    if separator.is_empty() {
        return Value::List(
            text.chars()
                .map(|character| Value::string(character.to_string()))
                .collect(),
        );
    }
    Value::List(text.split(separator).map(Value::string).collect())
}

fn joined(list: Value, separator: &str) -> Option<String> {
    let Value::List(items) = list else { return None };
    let texts: Vec<&str> = items
        .iter()
        .map(|item| match item {
            Value::String(text) => Some(&**text),
            _ => None,
        })
        .collect::<Option<_>>()?;
    Some(texts.join(separator))
}
