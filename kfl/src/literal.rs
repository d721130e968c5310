//! Literals: the text of a number or of a quoted string → its value.
//!
//! Specification: CEL language definition, "String and Bytes Values": escapes, raw strings, triple quotes.

use std::ops::Range;

use crate::codes;
use crate::diagnostic::Diagnostic;

/// Decodes the digits of an `int` or `uint` literal, its `u` removed; `None` if 64 bits do not hold it.
pub(crate) fn integer(digits: &str) -> Option<u64> {
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// What a quoted literal holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Quoted {
    String { value: String, raw: bool },
    Bytes(Vec<u8>),
}

/// Decodes a quoted literal; mistakes in its escapes are reported and passed over.
pub(crate) fn quoted(text: &str, start: usize, problems: &mut Vec<Diagnostic>) -> Quoted {
    let open = text.find(['"', '\'']).expect("the lexer saw the quote");
    let (prefix, rest) = text.split_at(open);
    let raw = prefix.contains(['r', 'R']);
    let bytes = prefix.contains(['b', 'B']);
    let triple = rest.len() >= 6 && (rest.starts_with("\"\"\"") || rest.starts_with("'''"));
    let quote = if triple { 3 } else { 1 };
    let body = &rest[quote..rest.len() - quote];
    let mut out = Decoded {
        bytes: Vec::with_capacity(body.len()),
    };
    if raw {
        out.bytes.extend_from_slice(body.as_bytes());
    } else {
        unescape(body, start + open + quote, bytes, &mut out, problems);
    }
    if bytes {
        Quoted::Bytes(out.bytes)
    } else {
        let value = String::from_utf8(out.bytes).expect("only whole characters were appended");
        Quoted::String { value, raw }
    }
}

struct Decoded {
    bytes: Vec<u8>,
}

impl Decoded {
    fn character(&mut self, character: char) {
        self.bytes
            .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn unescape(body: &str, start: usize, bytes: bool, out: &mut Decoded, problems: &mut Vec<Diagnostic>) {
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let from = start + (body.len() - rest.len()) + at;
        let escape = &rest[at + 1..];
        let length = match escape_value(escape, bytes) {
            Ok((value, length)) => {
                match value {
                    Escape::Byte(byte) => out.bytes.push(byte),
                    Escape::Character(character) => out.character(character),
                }
                length
            }
            Err((expected, length)) => {
                problems.push(misspelt(expected, from..from + 1 + length));
                length
            }
        };
        rest = &escape[length..];
    }
    out.bytes.extend_from_slice(rest.as_bytes());
}

fn misspelt(expected: &str, at: Range<usize>) -> Diagnostic {
    Diagnostic::new(
        codes::ESCAPE,
        at,
        format!("this escape is misspelt: expected {expected}"),
    )
    .hint("a backslash itself is written `\\\\`, or leave the string raw: r\"…\"")
}

enum Escape {
    Byte(u8),
    Character(char),
}

/// The value of an escape, its backslash removed, and its length; else what was expected and what to pass over.
fn escape_value(escape: &str, bytes: bool) -> Result<(Escape, usize), (&'static str, usize)> {
    let Some(first) = escape.chars().next() else {
        return Err(("a character after the backslash", 0));
    };
    let simple = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        '\\' | '?' | '"' | '\'' | '`' => first,
        'x' | 'X' => return numeric(escape, 1, 2, 16, bytes, "two hexadecimal digits after `\\x`"),
        'u' if !bytes => {
            return numeric(
                escape,
                1,
                4,
                16,
                false,
                "four hexadecimal digits of a character after `\\u`",
            );
        }
        'U' if !bytes => {
            return numeric(
                escape,
                1,
                8,
                16,
                false,
                "eight hexadecimal digits of a character after `\\U`",
            );
        }
        '0'..='3' => return numeric(escape, 0, 3, 8, bytes, "three octal digits after the backslash"),
        _ => {
            return Err((
                "one of `\\n \\r \\t \\\\ \\\" \\' \\xHH \\uHHHH \\UHHHHHHHH \\ooo`",
                first.len_utf8(),
            ));
        }
    };
    Ok((Escape::Character(simple), first.len_utf8()))
}

fn numeric(
    escape: &str,
    skip: usize,
    digits: usize,
    radix: u32,
    byte: bool,
    expected: &'static str,
) -> Result<(Escape, usize), (&'static str, usize)> {
    let number = escape
        .get(skip..skip + digits)
        .filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)))
        .and_then(|digits| u32::from_str_radix(digits, radix).ok())
        .ok_or((expected, skip.max(1)))?;
    let value = if byte {
        u8::try_from(number).ok().map(Escape::Byte)
    } else {
        char::from_u32(number).map(Escape::Character)
    };
    value
        .map(|value| (value, skip + digits))
        .ok_or((expected, skip + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut problems = Vec::new();
        match quoted(text, 0, &mut problems) {
            Quoted::String { value, .. } => assert_eq!(value, expect),
            Quoted::Bytes(value) => assert_eq!(value, expect.as_bytes()),
        }
        assert_eq!(problems, []);
    }

    #[test]
    fn escapes_and_quotes() {
        check(r#""a\tb\x41\u00e9\U0001F600\101\"""#, "a\tbAé😀A\"");
        check(r#"r"a\d""#, r"a\d");
        check("'''it's'''", "it's");
        check(r#"b"\x41\102é""#, "ABé");
        check("''", "");
    }

    #[test]
    fn bytes_escapes_are_bytes() {
        assert_eq!(
            quoted(r"b'\xff\377'", 0, &mut Vec::new()),
            Quoted::Bytes(vec![255, 255])
        );
    }

    #[test]
    fn misspelt_escapes_are_reported_where_they_stand() {
        let mut problems = Vec::new();
        quoted(r"'a\d \ud800 \x4'", 10, &mut problems);
        let spans: Vec<_> = problems.iter().map(Diagnostic::span).collect();
        assert_eq!(spans, [12..14, 15..21, 22..24]);
    }
}
