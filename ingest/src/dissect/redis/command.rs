//! A command as its row tells of it: verb, key, text, and how it is answered.

use super::reader::number;
use super::registry::{KeyPlace, key_place};
use super::value::{Value, escaped};
use crate::dissect::{Side, shorten};

/// Bytes of a key that its row shows.
const KEY_BYTES: usize = 64;
/// Bytes of a verb; servers have none so long.
const VERB_BYTES: usize = 64;

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// In capitals.
    pub verb: String,
    pub text: String,
    pub key: Option<String>,
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
        let verb = verb(value.word(0)?);
        let place = key_place(&verb).unwrap_or(KeyPlace::Nowhere);
        // Commands of modules name their key first, nearly all.
        let place = if verb.contains('.') { KeyPlace::At(1) } else { place };
        Some(Self {
            text: shorten(&value.typed(most_bytes), most_bytes).into_owned(),
            key: key(value, place).map(shown_key),
            answer: answer(&verb, value),
            verb,
            side,
        })
    }

    /// Bytes of memory that it holds besides itself.
    pub fn held_bytes(&self) -> usize {
        let key = self.key.as_ref().map_or(0, String::capacity);
        let text = self.text.capacity().saturating_add(self.verb.capacity());
        text.saturating_add(key)
    }
}

/// The verb of a first word.
pub(super) fn verb(word: &[u8]) -> String {
    let text = escaped(word.get(..VERB_BYTES).unwrap_or(word));
    text.to_ascii_uppercase()
}

/// A key cut at its bound, without a mark: a filter compares it.
fn shown_key(key: &[u8]) -> String {
    let mut text = escaped(key);
    text.truncate(text.floor_char_boundary(KEY_BYTES));
    text
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
