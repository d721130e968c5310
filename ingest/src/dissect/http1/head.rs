//! Heads of HTTP/1 messages: start line and header fields.
//!
//! In: the bytes up to and with the empty line. Out: a [`Head`] that owns its text. Specification: RFC 9112 §2–5.
//! Lenient where servers are: lines may end with LF alone, a line without colon is skipped, folded lines are joined, a
//! target may hold blanks. That, and the wish to own the text after one copy, is why no general parser is used here.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::start_line::{self, RequestLine, StatusLine};
use crate::dissect::Half;

/// The head of a message.
#[derive(Debug)]
pub(super) struct Head {
    /// As it travelled, but for field names in lower case and bytes that are not UTF-8 replaced.
    text: String,
    /// Bytes it travelled in.
    pub size_bytes: usize,
    /// The start line.
    pub line: StartLine,
    fields: Vec<Field>,
}

/// The start line of a message.
#[derive(Debug)]
pub(super) enum StartLine {
    /// Of a request.
    Request(RequestLine),
    /// Of a response.
    Status(StatusLine),
}

#[derive(Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Head {
    /// Reads a head; `None` if the start line is none.
    pub fn parse(bytes: &[u8], half: Half) -> Option<Self> {
        let size_bytes = bytes.len();
        let mut text = String::from_utf8_lossy(bytes).into_owned().into_bytes();
        let (line, after) = line_at(&text, 0)?;
        let start = text.get(line)?;
        let line = match half {
            Half::Client => StartLine::Request(start_line::request(start)?),
            Half::Server => StartLine::Status(start_line::status(start)?),
        };
        let fields = parse_fields(&mut text, after);
        // Only ASCII bytes were changed, into ASCII bytes, so this is never the default.
        let text = String::from_utf8(text).unwrap_or_default();
        Some(Self {
            text,
            size_bytes,
            line,
            fields,
        })
    }

    /// Adds the lines of a trailer section, unless that makes more than so many bytes.
    pub fn append(&mut self, lines: &[u8], most_bytes: usize) {
        let lines = String::from_utf8_lossy(lines);
        if self.text.len().saturating_add(lines.len()) > most_bytes {
            return;
        }
        let at = self.text.len();
        self.text.push_str(&lines);
        let mut text = std::mem::take(&mut self.text).into_bytes();
        self.fields.extend(parse_fields(&mut text, at));
        self.text = String::from_utf8(text).unwrap_or_default();
    }

    /// The header fields in order, then those of the trailer, names in lower case.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|field| (self.part(&field.name), self.part(&field.value)))
    }

    /// The values of a header field, named in lower case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields().filter(move |field| field.0 == name).map(|field| field.1)
    }

    /// A part of the head, by its place.
    pub fn part(&self, place: &Range<usize>) -> &str {
        self.text.get(place.clone()).unwrap_or_default()
    }

    /// Bytes of memory that the head holds.
    pub fn held_bytes(&self) -> usize {
        self.text
            .len()
            .saturating_add(self.fields.len().saturating_mul(size_of::<Field>()))
    }
}

/// Looks for the end of a head from `scanned` on, which it moves so that no byte is looked at twice. Gives the length of
/// the head with its empty line.
pub(super) fn find_end(bytes: &[u8], scanned: &mut usize) -> Option<usize> {
    let from = *scanned;
    for newline in memchr_iter(b'\n', bytes.get(from..)?) {
        let newline = from.checked_add(newline)?;
        let next = newline.checked_add(1)?;
        match bytes.get(next..)? {
            [b'\n', ..] => return next.checked_add(1),
            [b'\r', b'\n', ..] => return next.checked_add(2),
            [] | [b'\r'] => {
                *scanned = newline;
                return None;
            }
            _ => {}
        }
    }
    *scanned = bytes.len();
    None
}

/// The line that begins at a place, without its line end, and where the next one begins.
fn line_at(text: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    let length = memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..length)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Some((at..at.checked_add(line.len())?, at.checked_add(length)?.checked_add(1)?))
}

fn parse_fields(text: &mut [u8], mut at: usize) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    while let Some((place, next)) = line_at(text, at) {
        at = next;
        let line = text.get(place.clone()).unwrap_or_default();
        match (line.first(), fields.last_mut()) {
            (None, _) => break,
            // A folded line continues the value; the line end between them becomes blanks (RFC 9112 §5.2).
            (Some(b' ' | b'\t'), Some(folded)) => {
                if let Some(between) = text.get_mut(folded.value.end..place.start) {
                    between.fill(b' ');
                }
                folded.value.end = place.end;
            }
            _ => fields.extend(parse_field(text, place)),
        }
    }
    fields
}

fn parse_field(text: &mut [u8], place: Range<usize>) -> Option<Field> {
    let line = text.get(place.clone())?;
    let colon = memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = place.start..place.start.checked_add(name.trim_ascii_end().len())?;
    let value = value.get(1..)?;
    let value_start = place.end.checked_sub(value.trim_ascii_start().len())?;
    let value = value_start..value_start.checked_add(value.trim_ascii().len())?;
    text.get_mut(name.clone())?.make_ascii_lowercase();
    (!name.is_empty()).then_some(Field { name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, expect: &[(&str, &str)]) {
        let head = Head::parse(head.as_bytes(), Half::Client).unwrap();
        assert_eq!(head.fields().collect::<Vec<_>>(), expect);
    }

    #[test]
    fn fields_are_read_as_servers_read_them() {
        check(
            "GET / HTTP/1.1\r\nHost: a\r\nACCEPT:b\r\n\r\n",
            &[("host", "a"), ("accept", "b")],
        );
        check("GET / HTTP/1.1\nHost : a \n\n", &[("host", "a")]);
        check(
            "GET / HTTP/1.1\r\nno colon\r\n: no name\r\nempty:\r\n\r\n",
            &[("empty", "")],
        );
        check(
            "GET / HTTP/1.1\r\nfolded: a\r\n\t b\r\nc: d\r\n\r\n",
            &[("folded", "a  \t b"), ("c", "d")],
        );
        check("GET / HTTP/1.1", &[]);
    }

    #[test]
    fn the_end_is_found_wherever_the_bytes_are_cut() {
        for (head, expect) in [("a\r\n\r\nb", 5), ("a\n\nb", 3), ("a\r\nb: c\n\r\nd", 10)] {
            for cut in 0..expect {
                let mut scanned = 0;
                assert_eq!(find_end(&head.as_bytes()[..cut], &mut scanned), None);
                assert_eq!(
                    find_end(head.as_bytes(), &mut scanned),
                    Some(expect),
                    "{head:?} cut at {cut}"
                );
            }
        }
    }
}
