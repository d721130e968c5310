//! Statements of SQL: the texts of prepared ones, by the number or name that later messages call them by, bounded in bytes;
//! a text as rows show it; and whether bytes begin one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Context;
use crate::Anomaly;

/// Bytes that one entry takes besides its text, about; keys are short.
const ENTRY_BYTES: usize = 256;

/// Statements that a connection has prepared; the oldest are forgotten for new ones.
#[derive(Debug)]
pub(super) struct Statements<K> {
    texts: BTreeMap<K, (u64, Arc<str>)>,
    /// Keys by age.
    ages: BTreeMap<u64, K>,
    next_age: u64,
    held_bytes: usize,
}

impl<K> Default for Statements<K> {
    fn default() -> Self {
        Self {
            texts: BTreeMap::new(),
            ages: BTreeMap::new(),
            next_age: 0,
            held_bytes: 0,
        }
    }
}

impl<K: Ord + Clone> Statements<K> {
    /// Remembers a text, in place of what its key meant before.
    pub fn add(&mut self, key: K, text: Arc<str>, protocol: &'static str, packet: u64, context: &mut Context<'_>) {
        self.forget(&key);
        let age = self.next_age;
        self.next_age = age.saturating_add(1);
        self.held_bytes = self.held_bytes.saturating_add(entry_bytes(&text));
        self.ages.insert(age, key.clone());
        self.texts.insert(key, (age, text));
        while self.held_bytes > context.limits.statement_bytes
            && let Some((_, oldest)) = self.ages.pop_first()
        {
            let limit = "statement_bytes";
            context.anomalies.add(packet, Anomaly::MessageLimit { protocol, limit });
            self.forget(&oldest);
        }
    }

    /// The text of a key.
    pub fn get(&self, key: &K) -> Option<&Arc<str>> {
        self.texts.get(key).map(|(_, text)| text)
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: &K) {
        if let Some((age, text)) = self.texts.remove(key) {
            self.ages.remove(&age);
            self.held_bytes = self.held_bytes.saturating_sub(entry_bytes(&text));
        }
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes of memory that they hold, about.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}

fn entry_bytes(text: &str) -> usize {
    text.len().saturating_add(ENTRY_BYTES)
}

/// First words of statements: of SQL, of MySQL, of PostgreSQL.
const WORDS: &[&str] = &[
    "abort",
    "alter",
    "analyze",
    "begin",
    "call",
    "checkpoint",
    "close",
    "cluster",
    "comment",
    "commit",
    "copy",
    "create",
    "deallocate",
    "declare",
    "delete",
    "desc",
    "describe",
    "discard",
    "do",
    "drop",
    "end",
    "execute",
    "explain",
    "fetch",
    "flush",
    "grant",
    "handler",
    "help",
    "insert",
    "kill",
    "listen",
    "load",
    "lock",
    "merge",
    "move",
    "notify",
    "optimize",
    "prepare",
    "reindex",
    "release",
    "rename",
    "replace",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "select",
    "set",
    "show",
    "start",
    "table",
    "truncate",
    "unlisten",
    "unlock",
    "update",
    "use",
    "vacuum",
    "values",
    "with",
    "xa",
];

/// Longest of them.
const WORD_BYTES: usize = 10;

/// Says that bytes, perhaps cut, begin a statement: a word that one begins with, and text behind it.
pub(super) fn begins_statement(bytes: &[u8]) -> bool {
    let text = after_comments(bytes.trim_ascii_start());
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = text
        .get(..letters.min(WORD_BYTES.saturating_add(1)))
        .unwrap_or_default();
    let ends = text
        .get(letters)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let is_known = || WORDS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    ends && is_known() && is_text(bytes)
}

/// True if bytes, perhaps cut, can be a text: there are no control characters but those of blanks and lines.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// What follows comments and parentheses in front of a statement; as much as is there.
fn after_comments(text: &[u8]) -> &[u8] {
    let mut text = text;
    loop {
        let after = match text {
            [b'(', rest @ ..] => rest,
            [b'/', b'*', rest @ ..] => match memchr::memmem::find(rest, b"*/") {
                Some(end) => rest.get(end.saturating_add(2)..).unwrap_or_default(),
                None => return text,
            },
            [b'-', b'-', rest @ ..] => match memchr::memchr(b'\n', rest) {
                Some(end) => rest.get(end..).unwrap_or_default(),
                None => return text,
            },
            _ => return text,
        };
        text = after.trim_ascii_start();
    }
}

/// A text as rows show it: on one line, each line end and tab a blank; cut at so many bytes.
pub(super) fn kept(text: &str, most_bytes: usize) -> String {
    let end = text.floor_char_boundary(most_bytes);
    let text = text.get(..end).unwrap_or_default();
    text.replace(['\t', '\n', '\x0b', '\x0c', '\r'], " ")
}

/// Bytes of a statement that a summary shows.
const SUMMARY_BYTES: usize = 160;

/// A text with its blanks and line ends made one, cut for a summary.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(SUMMARY_BYTES);
    push_one_line(text, &mut line);
    line
}

/// Writes a text as [`one_line`] makes it.
pub(super) fn push_one_line(text: &str, line: &mut String) {
    let text = text.trim_start();
    let most_bytes = text.floor_char_boundary(SUMMARY_BYTES.saturating_mul(2));
    let beginning = text.get(..most_bytes).unwrap_or(text);
    let start = line.len();
    let mut push = |word: &str| {
        if line.len() > start {
            line.push(' ');
        }
        line.push_str(word);
    };
    if beginning.is_ascii() {
        let is_blank = |letter: char| matches!(letter, '\t'..='\r' | ' ');
        let words = beginning.split(is_blank).filter(|word| !word.is_empty());
        words.for_each(&mut push);
    } else {
        beginning.split_whitespace().for_each(&mut push);
    }
    let is_cut = beginning.len() < text.len();
    let end = start.saturating_add(SUMMARY_BYTES);
    if line.len() > end {
        line.truncate(line.floor_char_boundary(end));
        line.push('…');
    } else if is_cut {
        line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_begin_with_a_word_behind_comments() {
        for (text, expected) in [
            ("SELECT 1", true),
            ("select", true),
            (" /* who */ -- why\n (select 1)", true),
            ("/* cut", false),
            ("selected 1", false),
            ("GET / HTTP/1.1", false),
            ("select \0", false),
            ("", false),
        ] {
            assert_eq!(begins_statement(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_summary_is_one_line() {
        assert_eq!(one_line("\n select  1\n from t "), "select 1 from t");
        assert_eq!(one_line(&"é".repeat(200)), format!("{}…", "é".repeat(80)));
        assert_eq!(one_line(&format!("a{}b", " ".repeat(1000))), "a…");
    }
}
