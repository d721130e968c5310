//! Escaping: text that came from packets, made harmless for a terminal.
//!
//! Comes in: any text or bytes. Goes out: text of one line in which every character that a terminal would obey, and every
//! one that would hide or reorder its neighbours, is spelled out (`\n`, `\x1b`, `\u{202e}`). A backslash stays as it is:
//! what is shown is for reading, the other formats are for parsing.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// True if a terminal would do something else with this character than draw it in its place.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Marks, embeddings, overrides and isolates that reorder text (Unicode TR 9).
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Invisible letters.
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text as one harmless line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Text as harmless lines: its own line ends stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter == '\n')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| is_unsafe(letter) && !keep(letter)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_unsafe(letter) && !keep(letter) {
            spell(&mut safe, letter);
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

fn spell(out: &mut String, letter: char) {
    let code = u32::from(letter);
    let _ = match letter {
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        _ if code < 0x80 => write!(out, "\\x{code:02x}"),
        _ => write!(out, "\\u{{{code:x}}}"),
    };
}

/// Bytes as one harmless line: text where they are UTF-8, `\x..` where not.
pub(crate) fn bytes(data: &[u8]) -> String {
    let mut safe = String::with_capacity(data.len());
    for chunk in data.utf8_chunks() {
        safe.push_str(&line(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// The text cut to so many columns of a terminal, with `…` where something is missing.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if unicode_width::UnicodeWidthStr::width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut width = 0;
    let end = text.char_indices().find_map(|(index, letter)| {
        width += letter.width().unwrap_or(0);
        (width > room).then_some(index)
    });
    Cow::Owned(format!("{}…", &text[..end.unwrap_or(text.len())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        assert_eq!(
            line("a\u{1b}]0;owned\u{7}b\r\n\u{9b}31m"),
            "a\\x1b]0;owned\\x07b\\r\\n\\u{9b}31m"
        );
        assert_eq!(line("evil\u{202e}gpj.exe"), "evil\\u{202e}gpj.exe");
        assert_eq!(bytes(b"GET /\xff\xfe\r\n\x00"), "GET /\\xff\\xfe\\r\\n\\x00");
    }

    #[test]
    fn letters_of_all_scripts_pass() {
        assert_eq!(line("größe 日本 \\d"), "größe 日本 \\d");
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 1), "…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn any_text_is_escaped_to_harmless_text() {
        for code in 0..0x11_0000u32 {
            if let Some(letter) = char::from_u32(code) {
                let text = letter.to_string();
                assert!(!line(&text).chars().any(is_unsafe), "U+{code:04X}");
            }
        }
    }
}
