//! Recognises Redis by its first bytes: a command as an array of strings says so itself; of replies, only what no other protocol
//! says; words as a person types them, only on a usual port.

use super::inline;
use super::reader::{is_integer, number};
use super::registry::known;
use crate::dissect::{Probe, Verdict};

/// Replicas, clients and servers meet here; sentinels at the second.
pub(super) const PORTS: [u16; 2] = [6379, 26379];

/// Elements of an array that a first message may have: the server takes no more of a command.
const ELEMENTS: u64 = 1 << 20;

/// Says whether these first bytes of a half are Redis.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match Look::at(probe.bytes) {
        Look::Command | Look::Aggregate | Look::Distinct => Verdict::Certain,
        Look::Reply if probe.is_hinted => Verdict::Certain,
        Look::Reply => Verdict::No,
        Look::Begun => Verdict::Unsure,
        Look::Nothing if probe.is_hinted => inline_verdict(probe.bytes),
        // Others say such words too: what the server answers will tell.
        Look::Nothing if inline_verdict(probe.bytes) == Verdict::Certain => Verdict::Unsure,
        Look::Nothing => Verdict::No,
    }
}

/// True if these first bytes are replies that no other protocol says.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    matches!(Look::at(bytes), Look::Aggregate | Look::Distinct)
}

/// True if a value begins here, for a half that is out of step. It may be the side that asks, or the other.
pub(super) fn begins(bytes: &[u8], asks: bool) -> bool {
    match Look::at(bytes) {
        Look::Command | Look::Aggregate => true,
        Look::Distinct | Look::Reply => !asks,
        Look::Begun => false,
        Look::Nothing => asks && inline_verdict(bytes) == Verdict::Certain,
    }
}

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The array of strings that a command is; a reply may be one, too.
    Command,
    /// An array of something else, a map, a push.
    Aggregate,
    /// A reply that only Redis gives.
    Distinct,
    /// A reply that others give, too.
    Reply,
    /// It may become one of these.
    Begun,
    Nothing,
}

impl Look {
    fn at(bytes: &[u8]) -> Self {
        let Some((first, rest)) = bytes.split_first() else {
            return Look::Begun;
        };
        match first {
            b'*' | b'%' | b'>' | b'~' => Self::aggregate(*first, rest),
            b'$' | b'=' | b'!' => Self::bulk(rest),
            b'+' => Self::status(rest),
            b'-' => Self::error(rest),
            b':' => match line(rest) {
                Line::Whole(text, []) if is_integer(text) => Look::Reply,
                Line::Whole(text, next) if is_integer(text) => Self::behind(next),
                _ => Look::Nothing,
            },
            b'_' if bytes == b"_\r\n" => Look::Reply,
            _ => Look::Nothing,
        }
    }

    fn aggregate(first: u8, rest: &[u8]) -> Self {
        let (count, next) = match line(rest) {
            Line::Whole(text, next) => (text, next),
            Line::Begun(text) if text.iter().all(u8::is_ascii_digit) && text.len() < 8 => return Look::Begun,
            _ => return Look::Nothing,
        };
        if first == b'*' && matches!(count, b"0" | b"-1") {
            return if next.is_empty() {
                Look::Reply
            } else {
                Self::behind(next)
            };
        }
        if !number(count).is_some_and(|count| (1..=ELEMENTS).contains(&count)) {
            return Look::Nothing;
        }
        let Some((kind, rest)) = next.split_first() else {
            return Look::Begun;
        };
        match (kind, line(rest)) {
            (b'$', Line::Whole(b"-1", _)) => Look::Aggregate,
            (b'$', Line::Whole(length, text)) => number(length).map_or(Look::Nothing, |length| {
                let is_single = count == b"1" && first == b'*';
                let look = Self::first_word(text, length, is_single);
                // What is told to whoever listens to a channel has the form of a command.
                let is_told = [&b"message"[..], b"pmessage", b"smessage"]
                    .iter()
                    .any(|word| text_of(text, word.len() as u64).is_some() && text.starts_with(word));
                if look == Look::Command && (first != b'*' || is_told) {
                    Look::Aggregate
                } else {
                    look
                }
            }),
            (b'+' | b'-' | b':' | b'*' | b'%' | b'_' | b'#' | b',', Line::Whole(_, _)) => Look::Aggregate,
            (b'$' | b':' | b'*' | b'%', Line::Begun(text)) if text.len() < 8 => Look::Begun,
            (b'+' | b'-', Line::Begun(_)) => Look::Begun,
            _ => Look::Nothing,
        }
    }

    /// Of an array whose first element is a string: these are its bytes and what follows.
    fn first_word(text: &[u8], length: u64, is_single: bool) -> Self {
        match text_of(text, length) {
            Some([]) => Look::Command,
            Some(_) if is_single => Look::Command,
            Some([b'$', ..]) => Look::Command,
            Some(
                [
                    b'*' | b'%' | b'~' | b':' | b'+' | b'-' | b',' | b'_' | b'#' | b'(' | b'|',
                    ..,
                ],
            ) => Look::Aggregate,
            Some(_) => Look::Nothing,
            // The end of the word is not there yet, or something else is in its place.
            None if text.len() as u64 > length.saturating_add(1) => Look::Nothing,
            None => Look::Command,
        }
    }

    fn bulk(rest: &[u8]) -> Self {
        match line(rest) {
            Line::Whole(b"-1", []) => Look::Distinct,
            Line::Whole(b"-1", next) => Self::behind(next),
            Line::Whole(length, text) => match number(length) {
                Some(length) => match text_of(text, length) {
                    Some([]) => Look::Distinct,
                    Some(next) => Self::behind(next),
                    None if text.len() as u64 > length.saturating_add(1) => Look::Nothing,
                    None if text.is_empty() => Look::Begun,
                    // A long string: the line that says so is all there is.
                    None => Look::Reply,
                },
                None => Look::Nothing,
            },
            Line::Begun(text) if text.iter().all(u8::is_ascii_digit) && text.len() < 10 => Look::Begun,
            _ => Look::Nothing,
        }
    }

    fn status(rest: &[u8]) -> Self {
        match line(rest) {
            Line::Whole(b"PONG" | b"QUEUED", _) => Look::Distinct,
            Line::Whole(text, _) if text.starts_with(b"FULLRESYNC ") => Look::Distinct,
            Line::Whole(text, []) if is_text(text) => Look::Reply,
            // A second status could be of POP3 or NATS.
            Line::Whole(text, next) if is_text(text) && !matches!(next, [b'+' | b'-', ..]) => Self::behind(next),
            _ => Look::Nothing,
        }
    }

    fn error(rest: &[u8]) -> Self {
        let Line::Whole(text, _) = line(rest) else {
            return Look::Nothing;
        };
        let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        if !is_text(text) || word.is_empty() || !word.iter().all(u8::is_ascii_uppercase) {
            return Look::Nothing;
        }
        // "-ERR" is POP3's, too.
        let distinct: [&[u8]; 9] = [
            b"WRONGTYPE",
            b"NOAUTH",
            b"MOVED",
            b"ASK",
            b"CLUSTERDOWN",
            b"LOADING",
            b"NOSCRIPT",
            b"READONLY",
            b"EXECABORT",
        ];
        if distinct.contains(&word) {
            Look::Distinct
        } else {
            Look::Reply
        }
    }

    /// What stands behind a whole reply: another one makes sure of both.
    fn behind(next: &[u8]) -> Self {
        let is_value = match next.split_first() {
            Some((&first @ (b'+' | b'-' | b':' | b'$' | b'*'), rest)) => {
                matches!(line(rest), Line::Whole(text, _) if is_text(text) && (first == b'+' || first == b'-' || is_integer(text)))
            }
            _ => false,
        };
        if is_value { Look::Distinct } else { Look::Nothing }
    }
}

/// A line of a value.
enum Line<'a> {
    /// Without its end, and what is behind it.
    Whole(&'a [u8], &'a [u8]),
    /// As far as there.
    Begun(&'a [u8]),
}

fn line(bytes: &[u8]) -> Line<'_> {
    match memchr::memchr(b'\r', bytes).and_then(|end| bytes.split_at_checked(end)) {
        Some((text, [b'\r', b'\n', next @ ..])) => Line::Whole(text, next),
        Some((text, b"\r")) => Line::Begun(text),
        Some(_) => Line::Begun(&[]),
        None => Line::Begun(bytes),
    }
}

/// What stands behind a string of this length and its line break; `None` if that is not there.
fn text_of(bytes: &[u8], length: u64) -> Option<&[u8]> {
    let length = usize::try_from(length).ok()?;
    bytes.get(length..)?.strip_prefix(b"\r\n")
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// True of a line that begins with a verb and is not a start line of HTTP.
fn inline_verdict(bytes: &[u8]) -> Verdict {
    let bytes = bytes.trim_ascii_start();
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return Verdict::Unsure;
    };
    let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
    let word = inline::first_word(line);
    let is_http = line.windows(5).any(|window| window == b"HTTP/");
    if !word.is_empty() && word.len() < 24 && !is_http && known(word).is_some() {
        Verdict::Certain
    } else {
        Verdict::No
    }
}
