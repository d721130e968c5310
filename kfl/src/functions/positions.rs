//! Functions of positions in strings. They count code points, from 0; one outside the string is an error.
//!
//! Specification: the strings extension of cel-go. `indexOf` and `lastIndexOf` take positions of characters only, except
//! that an empty string is found at the end too.

use datafusion::arrow::array::ArrayRef;
use memchr::memmem;

use super::kernel::Arguments;
use super::{Function, Overload};
use crate::fault::Fault;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "charAt",
        doc: "The character at a position; empty at the end, an error beyond it.",
        examples: &[
            ("'héé'.charAt(1)", "\"é\""),
            ("'a'.charAt(1)", "\"\""),
            ("'a'.charAt(2)", "error"),
            ("'a'.charAt(-1)", "error"),
        ],
        overloads: &[Overload::new("string.charAt(int) -> string", |args| {
            let (text, at) = (args.string(0), args.int(1));
            args.parts(|row| {
                let text = text.at(row)?;
                let rest = &text[offset(text, at.at(row)?)?..];
                Some(&rest[..rest.chars().next().map_or(0, char::len_utf8)])
            })
        })
        .fails(Fault::OutOfRange)],
    },
    Function {
        name: "substring",
        doc: "The characters from a position, up to another or to the end.",
        examples: &[
            ("'tacocat'.substring(4)", "\"cat\""),
            ("'tacocat'.substring(0, 4)", "\"taco\""),
            ("'héé'.substring(1, 2)", "\"é\""),
            ("'a'.substring(1)", "\"\""),
            ("'a'.substring(2)", "error"),
            ("'abc'.substring(2, 1)", "error"),
            ("'abc'.substring(-1, 1)", "error"),
        ],
        overloads: &[
            Overload::new("string.substring(int) -> string", |args| {
                let (text, from) = (args.string(0), args.int(1));
                args.parts(|row| {
                    let text = text.at(row)?;
                    Some(&text[offset(text, from.at(row)?)?..])
                })
            })
            .fails(Fault::OutOfRange),
            Overload::new("string.substring(int, int) -> string", |args| {
                let (text, from, to) = (args.string(0), args.int(1), args.int(2));
                args.parts(|row| {
                    let (text, from, to) = (text.at(row)?, from.at(row)?, to.at(row)?);
                    let start = offset(text, from)?;
                    let rest = &text[start..];
                    Some(&rest[..offset(rest, to.checked_sub(from)?)?])
                })
            })
            .fails(Fault::OutOfRange),
        ],
    },
    Function {
        name: "indexOf",
        doc: "The position of the first occurrence of a string, from a position on if one is given; -1 if there is none.",
        examples: &[
            ("'héllo'.indexOf('l')", "2"),
            ("'a'.indexOf('b')", "-1"),
            ("'héllo'.indexOf('l', 3)", "3"),
            ("'héllo'.indexOf('', 2)", "2"),
            ("'a'.indexOf('a', 1)", "error"),
        ],
        overloads: &[
            Overload::new("string.indexOf(string) -> int", |args| {
                let (text, piece) = (args.string(0), args.string(1));
                if let Some(piece) = piece.constant() {
                    let finder = memmem::Finder::new(piece);
                    return args.ints(|row| {
                        let text = text.at(row)?;
                        Some(position(text, finder.find(text.as_bytes())))
                    });
                }
                args.ints(|row| Some(position(text.at(row)?, text.at(row)?.find(piece.at(row)?))))
            }),
            Overload::new("string.indexOf(string, int) -> int", |args| {
                found_from(args, |text, piece, from| {
                    Some(from + memmem::find(&text.as_bytes()[from..], piece.as_bytes())?)
                })
            })
            .fails(Fault::OutOfRange),
        ],
    },
    Function {
        name: "lastIndexOf",
        doc: "The position of the last occurrence of a string, starting at most at a position if one is given; -1 if there is none.",
        examples: &[
            ("'héllo'.lastIndexOf('l')", "3"),
            ("'héllo'.lastIndexOf('')", "5"),
            ("'héllo'.lastIndexOf('l', 2)", "2"),
            ("'héllo'.lastIndexOf('llo', 4)", "2"),
            ("'héllo'.lastIndexOf('o', 3)", "-1"),
            ("'a'.lastIndexOf('a', -1)", "error"),
        ],
        overloads: &[
            Overload::new("string.lastIndexOf(string) -> int", |args| {
                let (text, piece) = (args.string(0), args.string(1));
                args.ints(|row| Some(position(text.at(row)?, text.at(row)?.rfind(piece.at(row)?))))
            }),
            Overload::new("string.lastIndexOf(string, int) -> int", |args| {
                found_from(args, |text, piece, from| {
                    let end = from.saturating_add(piece.len()).min(text.len());
                    memmem::rfind(&text.as_bytes()[..end], piece.as_bytes())
                })
            })
            .fails(Fault::OutOfRange),
        ],
    },
];

/// Searches from a position; the search takes and gives bytes.
fn found_from(args: &Arguments, search: fn(&str, &str, usize) -> Option<usize>) -> ArrayRef {
    let (text, piece, from) = (args.string(0), args.string(1), args.int(2));
    args.ints(|row| {
        let (text, piece, from) = (text.at(row)?, piece.at(row)?, from.at(row)?);
        let start = offset(text, from)?;
        if piece.is_empty() {
            return Some(from);
        }
        (start < text.len()).then(|| position(text, search(text, piece, start)))
    })
}

/// The byte at which a position starts; the end of the string is the last one.
fn offset(text: &str, position: i64) -> Option<usize> {
    let position = usize::try_from(position).ok()?;
    if text.is_ascii() {
        return (position <= text.len()).then_some(position);
    }
    let ends = std::iter::once(text.len());
    text.char_indices().map(|(at, _)| at).chain(ends).nth(position)
}

/// The position of a byte; -1 for none.
fn position(text: &str, byte: Option<usize>) -> i64 {
    byte.map_or(-1, |byte| {
        i64::try_from(text[..byte].chars().count()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::evaluate;

    #[test]
    fn positions_count_code_points() {
        for (text, expect) in [
            ("'ta©o©αT'.indexOf('©αT', 3)", "4"),
            ("'ta©o©αT'.indexOf('©', 2)", "2"),
            ("'ta©o©αT'.lastIndexOf('©', 3)", "2"),
            ("'ta©o©αT'.substring(2, 6)", "\"©o©α\""),
            ("'ta©o©αT'.substring(7, 7)", "\"\""),
            ("'ta©o©αT'.substring(6, 9223372036854775807)", "error"),
            ("'ta©o©αT'.charAt(7)", "\"\""),
            ("'ta©o©αT'.charAt(8)", "error"),
            ("''.indexOf('a')", "-1"),
            ("''.lastIndexOf('a')", "-1"),
            ("''.indexOf('')", "0"),
            ("'bananananana'.lastIndexOf('nana', 7)", "6"),
            ("'hello'.indexOf('o', 5)", "error"),
            ("'hello'.lastIndexOf('o', 5)", "error"),
            ("'hello'.lastIndexOf('hello world')", "-1"),
            ("'hello'.lastIndexOf('hello world', 4)", "-1"),
        ] {
            assert_eq!(evaluate(text), expect, "{text}");
        }
    }
}
