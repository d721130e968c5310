//! Functions of whole strings: what they hold, their letters, their pieces. Positions in strings are in `positions`.
//!
//! Specification: CEL's standard functions and the strings extension of cel-go. ASCII letters alone have cases here.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringViewBuilder};
use datafusion::functions::expr_fn;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use memchr::memmem;

use super::kernel::{Arguments, TEXT_BYTES};
use super::{Function, Overload};
use crate::fault::Fault;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        doc: "True if a string holds another.",
        examples: &[
            ("'/api/users'.contains('api')", "true"),
            ("'a'.contains('b')", "false"),
            ("''.contains('')", "true"),
        ],
        overloads: &[
            Overload::new("string.contains(string) -> bool", contains).plan(|args| pair(args, expr_fn::contains))
        ],
    },
    Function {
        name: "startsWith",
        doc: "True if a string begins with another.",
        examples: &[("'/api/users'.startsWith('/api')", "true")],
        overloads: &[Overload::new("string.startsWith(string) -> bool", |args| {
            let (text, piece) = (args.string(0), args.string(1));
            args.bools(|row| Some(text.at(row)?.starts_with(piece.at(row)?)))
        })
        .plan(|args| pair(args, begins_with))],
    },
    Function {
        name: "endsWith",
        doc: "True if a string ends with another.",
        examples: &[("'logo.png'.endsWith('.png')", "true")],
        overloads: &[Overload::new("string.endsWith(string) -> bool", |args| {
            let (text, piece) = (args.string(0), args.string(1));
            args.bools(|row| Some(text.at(row)?.ends_with(piece.at(row)?)))
        })
        .plan(|args| pair(args, expr_fn::ends_with))],
    },
    Function {
        name: "lowerAscii",
        doc: "The string with ASCII letters in lower case.",
        examples: &[("'GET É'.lowerAscii()", "\"get É\"")],
        overloads: &[Overload::new("string.lowerAscii() -> string", |args| {
            let text = args.string(0);
            args.written(|row, out| {
                out.push_str(text.at(row)?);
                out.make_ascii_lowercase();
                Some(())
            })
        })],
    },
    Function {
        name: "upperAscii",
        doc: "The string with ASCII letters in upper case.",
        examples: &[("'get é'.upperAscii()", "\"GET é\"")],
        overloads: &[Overload::new("string.upperAscii() -> string", |args| {
            let text = args.string(0);
            args.written(|row, out| {
                out.push_str(text.at(row)?);
                out.make_ascii_uppercase();
                Some(())
            })
        })],
    },
    Function {
        name: "trim",
        doc: "The string without white space, as Unicode has it, at its ends.",
        examples: &[
            ("' a b\\n'.trim()", "\"a b\""),
            ("'\\u0085\\u3000a\\u2028'.trim()", "\"a\""),
            ("'\\u200ba'.trim() == 'a'", "false"),
        ],
        overloads: &[Overload::new("string.trim() -> string", |args| {
            let text = args.string(0);
            args.parts(|row| Some(text.at(row)?.trim()))
        })],
    },
    Function {
        name: "reverse",
        doc: "The string with its code points backwards.",
        examples: &[("'abc'.reverse()", "\"cba\""), ("'é😀'.reverse()", "\"😀é\"")],
        overloads: &[Overload::new("string.reverse() -> string", |args| {
            let text = args.string(0);
            args.written(|row, out| {
                out.extend(text.at(row)?.chars().rev());
                Some(())
            })
        })],
    },
    Function {
        name: "strings.quote",
        doc: "The string in double quotes, with what a literal must escape escaped.",
        examples: &[
            ("strings.quote('a\"b\\n')", "\"\\\"a\\\\\\\"b\\\\n\\\"\""),
            ("strings.quote('é') == '\"é\"'", "true"),
        ],
        overloads: &[Overload::new("strings.quote(string) -> string", |args| {
            let text = args.string(0);
            args.written(|row, out| {
                quote(text.at(row)?, out);
                (out.len() <= TEXT_BYTES).then_some(())
            })
        })
        .fails(Fault::Overflow)],
    },
    Function {
        name: "replace",
        doc: "The string with every occurrence of a string replaced, or only the first so many.",
        examples: &[
            ("'a.b.c'.replace('.', '/')", "\"a/b/c\""),
            ("'a.b.c'.replace('.', '/', 1)", "\"a/b.c\""),
            ("'a.b.c'.replace('.', '/', 0)", "\"a.b.c\""),
            ("'a.b.c'.replace('.', '/', -1)", "\"a/b/c\""),
            ("'é2'.replace('', '-')", "\"-é-2-\""),
        ],
        overloads: &[
            Overload::new("string.replace(string, string) -> string", |args| {
                let (text, from, to) = (args.string(0), args.string(1), args.string(2));
                args.written(|row, out| replace(text.at(row)?, from.at(row)?, to.at(row)?, -1, out))
            })
            .fails(Fault::Overflow),
            Overload::new("string.replace(string, string, int) -> string", |args| {
                let (text, from, to, count) = (args.string(0), args.string(1), args.string(2), args.int(3));
                args.written(|row, out| replace(text.at(row)?, from.at(row)?, to.at(row)?, count.at(row)?, out))
            })
            .fails(Fault::Overflow),
        ],
    },
    Function {
        name: "split",
        doc: "The pieces of a string between separators; at most so many, of which the last is the rest.",
        examples: &[
            ("'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]"),
            ("'a'.split(',')", "[\"a\"]"),
            ("''.split(',')", "[\"\"]"),
            ("'é2'.split('')", "[\"é\", \"2\"]"),
            ("''.split('')", "[]"),
            ("'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"),
            ("'abc'.split('', 2)", "[\"a\", \"bc\"]"),
            ("'a,b,c'.split(',', 0)", "[]"),
            ("'a,b,c'.split(',', -1)", "[\"a\", \"b\", \"c\"]"),
        ],
        overloads: &[
            Overload::new("string.split(string) -> list(string)", |args| split(args, |_| Some(-1))),
            Overload::new("string.split(string, int) -> list(string)", |args| {
                let limit = args.int(2);
                split(args, |row| limit.at(row))
            }),
        ],
    },
    Function {
        name: "join",
        doc: "The strings of a list as one, with a separator between them.",
        examples: &[
            ("['a', 'b'].join()", "\"ab\""),
            ("['a', 'b'].join('-')", "\"a-b\""),
            ("[].join('-')", "\"\""),
        ],
        overloads: &[
            Overload::new("list(string).join() -> string", |args| join(args, |_| Some(""))).fails(Fault::Overflow),
            Overload::new("list(string).join(string) -> string", |args| {
                let separator = args.string(1);
                join(args, |row| separator.at(row))
            })
            .fails(Fault::Overflow),
        ],
    },
];

fn contains(args: &Arguments) -> ArrayRef {
    let (text, piece) = (args.string(0), args.string(1));
    if let Some(piece) = piece.constant() {
        let finder = memmem::Finder::new(piece);
        return args.bools(|row| Some(finder.find(text.at(row)?.as_bytes()).is_some()));
    }
    args.bools(|row| Some(text.at(row)?.contains(piece.at(row)?)))
}

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

/// Quotes as cel-go does: what has a letter for its escape is escaped, everything else stands for itself.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0B' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            character => out.push(character),
        }
    }
    out.push('"');
}

/// Replaces the first occurrences, all of them if the count is negative; an empty string occurs around each code point.
fn replace(text: &str, from: &str, to: &str, count: i64, out: &mut String) -> Option<()> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if let Some(growth) = to.len().checked_sub(from.len()).filter(|growth| *growth > 0) {
        let found = text.matches(from).take(count).count();
        let length = found.checked_mul(growth)?.checked_add(text.len())?;
        (length <= TEXT_BYTES).then_some(())?;
    }
    let mut done = 0;
    for (at, _) in text.match_indices(from).take(count) {
        out.push_str(&text[done..at]);
        out.push_str(to);
        done = at + from.len();
    }
    out.push_str(&text[done..]);
    Some(())
}

fn split(args: &Arguments, limit: impl Fn(usize) -> Option<i64>) -> ArrayRef {
    let (text, separator) = (args.string(0), args.string(1));
    let mut lists = ListBuilder::new(StringViewBuilder::new());
    for row in 0..args.rows {
        let pieces = (|| Some((text.at(row)?, separator.at(row)?, limit(row)?)))();
        if let Some((text, separator, limit)) = pieces {
            append_pieces(
                text,
                separator,
                usize::try_from(limit).unwrap_or(usize::MAX),
                lists.values(),
            );
        }
        lists.append(pieces.is_some());
    }
    std::sync::Arc::new(lists.finish())
}

fn append_pieces(text: &str, separator: &str, limit: usize, pieces: &mut StringViewBuilder) {
    if !separator.is_empty() {
        text.splitn(limit, separator)
            .for_each(|piece| pieces.append_value(piece));
        return;
    }
    let mut rest = text;
    for _ in 1..limit {
        let Some(first) = rest.chars().next() else { return };
        let (piece, after) = rest.split_at(first.len_utf8());
        pieces.append_value(piece);
        rest = after;
    }
    if limit > 0 && !rest.is_empty() {
        pieces.append_value(rest);
    }
}

fn join<'t>(args: &Arguments, separator: impl Fn(usize) -> Option<&'t str>) -> ArrayRef {
    let list = args.list(0);
    args.written(|row, out| {
        let items = list.at(row)?;
        let (items, separator) = (items.as_string_view_opt()?, separator(row)?);
        for place in 0..items.len() {
            let item = items.is_valid(place).then(|| items.value(place))?;
            (out.len() + separator.len() + item.len() <= TEXT_BYTES).then_some(())?;
            if place > 0 {
                out.push_str(separator);
            }
            out.push_str(item);
        }
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::evaluate;

    #[test]
    fn quotes_escape_what_has_a_letter() {
        for (text, expect) in [
            (r#"strings.quote('\a\b\f\n\r\t\v') == r'"\a\b\f\n\r\t\v"'"#, "true"),
            (r#"strings.quote(r'a\n') == r'"a\\n"'"#, "true"),
            (r#"strings.quote('\x01ÿ\u2028') == '"\x01ÿ\u2028"'"#, "true"),
            (r#"strings.quote('') == '""'"#, "true"),
        ] {
            assert_eq!(evaluate(text), expect, "{text}");
        }
    }

    #[test]
    fn texts_that_grow_without_bound_are_errors() {
        let big = "('0123456789'".to_owned() + &".replace('', '0123456789')".repeat(4) + ")";
        assert_eq!(evaluate(&format!("{big}.size() > 10000")), "true");
        assert_eq!(evaluate(&format!("{big}.replace('', {big})")), "error");
        assert_eq!(evaluate(&format!("{big}.split('').join({big})")), "error");
    }
}
