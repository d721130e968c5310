//! A command as its row tells of it: verb, key, text, and how it is answered.

use std::borrow::Cow;

use super::reader::number;
use super::registry::{KeyPlace, known};
use super::value::{LONGEST_LETTER, Value, escape};
use crate::dissect::Side;

/// Bytes of a key that its row shows.
const KEY_BYTES: usize = 64;
/// Bytes of a verb; servers have none so long.
const VERB_BYTES: usize = 64;

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// In capitals.
    pub verb: Cow<'static, str>,
    /// The command as typed, and behind it the key.
    words: String,
    /// Where the key begins, if it names one.
    key: Option<usize>,
    pub answer: Answer,
    pub side: Side,
}

/// How a command is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// By a value.
    One,
    /// By as many as it names channels.
    Each(u64),
    /// By one of each channel that there is.
    All,
    /// Not at all.
    Never,
    /// By a status and the data set behind it, or only the latter; commands follow.
    DataSet,
    /// Not at all, and so are those after it.
    Off,
    /// Not at all, and neither is the next.
    Skip,
    /// By a value, and those after it are answered again.
    On,
}

impl Command {
    /// Reads a command; `None` of an array that holds no word.
    pub fn read(value: &Value, side: Side, most_bytes: usize) -> Option<Self> {
        let (verb, place) = match known(value.word(0)?) {
            Some((verb, place)) => (Cow::Borrowed(verb), place),
            None => (Cow::Owned(unknown(value.word(0)?)), KeyPlace::Nowhere),
        };
        // Commands of modules name their key first, nearly all.
        let place = if verb.contains('.') { KeyPlace::At(1) } else { place };
        let mut words = value.typed(most_bytes);
        let key = key(value, place).map(|key| {
            let start = words.len();
            push_key(key, &mut words);
            start
        });
        Some(Self {
            words,
            key,
            answer: answer(&verb, value),
            verb,
            side,
        })
    }

    /// As a person types it.
    pub fn text(&self) -> &str {
        self.words
            .get(..self.key.unwrap_or(self.words.len()))
            .unwrap_or_default()
    }

    /// The key that it names.
    pub fn key(&self) -> Option<&str> {
        self.words.get(self.key?..)
    }

    /// Bytes of memory that it holds besides itself.
    pub fn held_bytes(&self) -> usize {
        let verb = match &self.verb {
            Cow::Borrowed(_) => 0,
            Cow::Owned(verb) => verb.capacity(),
        };
        self.words.capacity().saturating_add(verb)
    }
}

/// A verb that no server knows.
fn unknown(word: &[u8]) -> String {
    let mut verb = String::new();
    escape(word.get(..VERB_BYTES).unwrap_or(word), false, &mut verb);
    verb.make_ascii_uppercase();
    verb
}

/// Writes a key cut at its bound, without a mark: a filter compares it.
fn push_key(key: &[u8], text: &mut String) {
    let end = text.len().saturating_add(KEY_BYTES);
    // A letter that this cuts lies beyond the bound.
    let begin = key.get(..KEY_BYTES.saturating_add(LONGEST_LETTER)).unwrap_or(key);
    escape(begin, false, text);
    text.truncate(text.floor_char_boundary(end));
}

fn key(value: &Value, place: KeyPlace) -> Option<&[u8]> {
    match place {
        KeyPlace::Nowhere => None,
        KeyPlace::At(place) => value.word(place),
        KeyPlace::Counted(place) => {
            let count = value.word(place).and_then(number)?;
            (count > 0).then(|| value.word(place.saturating_add(1))).flatten()
        }
        KeyPlace::Behind(word) => {
            let mut words = value.elements().map(|token| value.bytes(token));
            words.find(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))?;
            words.next()
        }
    }
}

fn answer(verb: &str, value: &Value) -> Answer {
    let is = |place: usize, word: &str| {
        value
            .word(place)
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))
    };
    let arguments = value.top().map_or(0, |top| top.length).saturating_sub(1);
    match verb {
        "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" => Answer::Each(arguments),
        "UNSUBSCRIBE" | "PUNSUBSCRIBE" | "SUNSUBSCRIBE" if arguments > 0 => Answer::Each(arguments),
        "UNSUBSCRIBE" | "PUNSUBSCRIBE" | "SUNSUBSCRIBE" => Answer::All,
        "CLIENT" if is(1, "REPLY") && is(2, "OFF") => Answer::Off,
        "CLIENT" if is(1, "REPLY") && is(2, "SKIP") => Answer::Skip,
        "CLIENT" if is(1, "REPLY") && is(2, "ON") => Answer::On,
        "REPLCONF" if is(1, "ACK") || is(1, "GETACK") => Answer::Never,
        "PSYNC" | "SYNC" => Answer::DataSet,
        _ => Answer::One,
    }
}
