//! Inline commands: a line of words, as a person types it into a terminal, and as redis-cli would split it.

use super::value::{Kind, Value};

/// Makes the words of a line an array of strings, as if they had come as one. A quote that is not closed ends with the line.
pub(super) fn split(line: &[u8], most_bytes: usize, value: &mut Value) {
    let words = words(line);
    value.add(Kind::Array, 0, words.len() as u64, most_bytes);
    for word in words {
        value.add(Kind::Bulk, 1, word.len() as u64, most_bytes);
        value.add_text(&word, most_bytes);
    }
}

/// The first word of a line.
pub(super) fn first_word(line: &[u8]) -> &[u8] {
    let mut words = line.split(u8::is_ascii_whitespace);
    words.find(|word| !word.is_empty()).unwrap_or_default()
}

fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let mut word = Vec::new();
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'"' => rest = double_quoted(rest, &mut word),
                b'\'' => rest = single_quoted(rest, &mut word),
                byte if byte.is_ascii_whitespace() => break,
                byte => word.push(*byte),
            }
        }
        words.push(word);
        rest = rest.trim_ascii_start();
    }
    words
}

fn double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> &'a [u8] {
    loop {
        rest = match rest {
            [] => return rest,
            [b'"', after @ ..] => return after,
            [b'\\', b'x', high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                let value = hex(*high).zip(hex(*low)).map_or(0, |(high, low)| (high << 4) | low);
                word.push(value);
                after
            }
            [b'\\', escaped, after @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                after
            }
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        }
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> &'a [u8] {
    loop {
        rest = match rest {
            [] => return rest,
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                after
            }
            [b'\'', after @ ..] => return after,
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
