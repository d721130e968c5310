//! Where the content of an HTTP/1 message ends.
//!
//! Specification: RFC 9112 §6 and §7.1. Content is counted and handed on, never scanned: a chunk is jumped over by its size.
//! The lines of a trailer section are kept, up to [`TRAILER_BYTES`].

use super::head::{Head, StartLine};

/// How the content of a message is delimited, and how much of it is still to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Nothing,
    /// This many bytes.
    Length(u64),
    /// In chunks.
    Chunked(Chunked),
    /// Everything until the half ends.
    UntilEnd,
}

/// Where in the chunked coding a reader is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the line that gives a chunk's size.
    Size {
        /// The size so far; `None` before the first digit.
        value: Option<u64>,
        /// The digits are over, an extension follows.
        extension: bool,
    },
    /// In a chunk, with this many bytes to come.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd,
    /// In the trailer section.
    Trailer {
        /// The line has no character yet.
        empty_line: bool,
        /// The lines so far.
        lines: Vec<u8>,
    },
}

/// Bytes that are kept of a trailer section.
const TRAILER_BYTES: usize = 8 << 10;

/// What follows some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// More of the content.
    More,
    /// The message is over.
    Done,
    /// The framing is damaged.
    Broken,
}

const SIZE: Chunked = Chunked::Size {
    value: None,
    extension: false,
};

impl Framing {
    /// The framing of a request.
    pub fn of_request(head: &Head) -> Self {
        match (is_chunked(head), content_length(head)) {
            (Some(true), _) => Framing::Chunked(SIZE),
            (Some(false), _) | (None, None | Some(0)) => Framing::Nothing,
            (None, Some(length)) => Framing::Length(length),
        }
    }

    /// The framing of a response to a request with this method, if that was seen.
    pub fn of_response(head: &Head, code: u16, method: Option<&str>) -> Self {
        if matches!(code, 100..=199 | 204 | 304) || method == Some("HEAD") {
            return Framing::Nothing;
        }
        match (is_chunked(head), content_length(head)) {
            (Some(true), _) => Framing::Chunked(SIZE),
            (Some(false), _) | (None, None) => Framing::UntilEnd,
            (None, Some(0)) => Framing::Nothing,
            (None, Some(length)) => Framing::Length(length),
        }
    }

    /// Takes bytes from the front of `rest`; gives content among them (one piece at most) and what follows. Takes at least
    /// one byte of what it is given.
    pub fn take<'a>(&mut self, rest: &mut &'a [u8]) -> (&'a [u8], After) {
        match self {
            Framing::Nothing => (&[], After::Done),
            Framing::UntilEnd => (std::mem::take(rest), After::More),
            Framing::Length(left) => {
                let content = take_up_to(rest, left);
                (content, if *left == 0 { After::Done } else { After::More })
            }
            Framing::Chunked(chunked) => chunked.take(rest),
        }
    }

    /// The lines of the trailer section, once the message is over; empty if there are none.
    pub fn take_trailer(&mut self) -> Vec<u8> {
        match self {
            Framing::Chunked(Chunked::Trailer { lines, .. }) => std::mem::take(lines),
            _ => Vec::new(),
        }
    }

    /// Bytes of memory that it holds.
    pub fn held_bytes(&self) -> usize {
        match self {
            Framing::Chunked(Chunked::Trailer { lines, .. }) => lines.capacity(),
            _ => 0,
        }
    }

    /// Counts bytes that will never come.
    pub fn skip(&mut self, missing_bytes: u64) -> After {
        match self {
            Framing::UntilEnd => After::More,
            Framing::Length(left) | Framing::Chunked(Chunked::Data(left)) if missing_bytes > *left => After::Broken,
            Framing::Length(left) => {
                *left = left.saturating_sub(missing_bytes);
                if *left == 0 { After::Done } else { After::More }
            }
            Framing::Chunked(chunked) => {
                let Chunked::Data(left) = chunked else {
                    return After::Broken;
                };
                match left.saturating_sub(missing_bytes) {
                    0 => *chunked = Chunked::DataEnd,
                    still => *left = still,
                }
                After::More
            }
            Framing::Nothing => After::Broken,
        }
    }
}

impl Chunked {
    fn take<'a>(&mut self, rest: &mut &'a [u8]) -> (&'a [u8], After) {
        if let Chunked::Data(left) = self {
            let content = take_up_to(rest, left);
            if *left == 0 {
                *self = Chunked::DataEnd;
            }
            return (content, After::More);
        }
        while let Some((byte, after)) = rest.split_first() {
            *rest = after;
            match self.step(*byte) {
                After::More if matches!(self, Chunked::Data(_)) => break,
                After::More => {}
                ended => return (&[], ended),
            }
        }
        (&[], After::More)
    }

    /// Takes a byte that is no content.
    fn step(&mut self, byte: u8) -> After {
        match (&mut *self, byte) {
            (Chunked::Size { value: None, .. }, b'\n') => return After::Broken,
            (Chunked::Size { value: Some(0), .. }, b'\n') => {
                *self = Chunked::Trailer {
                    empty_line: true,
                    lines: Vec::new(),
                };
            }
            (Chunked::Size { value: Some(size), .. }, b'\n') => *self = Chunked::Data(*size),
            (
                Chunked::Size {
                    value,
                    extension: false,
                },
                digit,
            ) if digit.is_ascii_hexdigit() => {
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                let Some(bigger) = value.unwrap_or(0).checked_mul(16) else {
                    return After::Broken;
                };
                *value = Some(bigger | u64::from(digit));
            }
            (
                Chunked::Size {
                    extension,
                    value: Some(_),
                },
                b';' | b' ' | b'\t' | b'\r',
            ) => *extension = true,
            (Chunked::Size { extension: true, .. }, _) => {}
            (Chunked::Size { .. }, _) => return After::Broken,
            (Chunked::DataEnd, b'\r') => {}
            (Chunked::DataEnd, b'\n') => *self = SIZE,
            (Chunked::DataEnd, _) => return After::Broken,
            (Chunked::Trailer { empty_line: true, .. }, b'\n') => return After::Done,
            (Chunked::Trailer { .. }, b'\r') => {}
            (Chunked::Trailer { empty_line, lines }, byte) => {
                *empty_line = byte == b'\n';
                if lines.len() < TRAILER_BYTES {
                    lines.push(byte);
                }
            }
            (Chunked::Data(_), _) => {}
        }
        After::More
    }
}

fn take_up_to<'a>(rest: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
    let (content, after) = rest.split_at_checked(length).unwrap_or_default();
    *rest = after;
    *left = left.saturating_sub(length as u64);
    content
}

/// Whether the last transfer coding is chunked; `None` if there is no transfer coding.
fn is_chunked(head: &Head) -> Option<bool> {
    let codings = head.values("transfer-encoding").last()?;
    let last = codings.rsplit(',').next()?.trim();
    match last.to_ascii_lowercase().as_str() {
        "" | "identity" => None,
        last => Some(last == "chunked"),
    }
}

/// The content's length; a list of equal numbers counts as one (RFC 9112 §6.3 rule 5), of different ones as none.
fn content_length(head: &Head) -> Option<u64> {
    let mut lengths = head
        .values("content-length")
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().parse().ok());
    let first = lengths.next()??;
    lengths.all(|length| length == Some(first)).then_some(first)
}

/// The method of a request's head.
pub(super) fn method(head: &Head) -> Option<&str> {
    match &head.line {
        StartLine::Request(line) => Some(head.part(&line.method)),
        StartLine::Status(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Half;

    #[track_caller]
    fn check(chunked: &str, content: &str, after: After, rest: &str) {
        let mut framing = Framing::Chunked(SIZE);
        let mut bytes = chunked.as_bytes();
        let mut found = Vec::new();
        let mut last = After::More;
        while last == After::More && !bytes.is_empty() {
            let (piece, after) = framing.take(&mut bytes);
            found.extend_from_slice(piece);
            last = after;
        }
        assert_eq!(
            (found.as_slice(), last, bytes),
            (content.as_bytes(), after, rest.as_bytes())
        );
    }

    #[test]
    fn chunked_content() {
        check("3\r\nabc\r\n0\r\n\r\nrest", "abc", After::Done, "rest");
        check(
            "3;a=b\r\nabc\r\n00A \r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n",
            "abc0123456789",
            After::Done,
            "",
        );
        check("3\nabc\n0\n\n", "abc", After::Done, "");
        check("5\r\nabc", "abc", After::More, "");
        check("\r\nabc", "", After::Broken, "\nabc");
        check("x\r\n", "", After::Broken, "\r\n");
        check("3\r\nabcd\r\n", "abc", After::Broken, "\r\n");
        check("fffffffffffffffff\r\n", "", After::Broken, "\r\n");
    }

    #[test]
    fn gaps_inside_known_content_only_count() {
        assert_eq!(Framing::Length(10).skip(4), After::More);
        assert_eq!(Framing::Length(10).skip(10), After::Done);
        assert_eq!(Framing::Length(10).skip(11), After::Broken);
        assert_eq!(Framing::UntilEnd.skip(11), After::More);
        assert_eq!(Framing::Chunked(SIZE).skip(1), After::Broken);
        let mut framing = Framing::Chunked(Chunked::Data(4));
        assert_eq!(
            (framing.skip(4), framing),
            (After::More, Framing::Chunked(Chunked::DataEnd))
        );
    }

    #[test]
    fn lengths() {
        let framing = |fields: &str| {
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            Framing::of_response(&Head::parse(head.as_bytes(), Half::Server).unwrap(), 200, None)
        };
        assert_eq!(framing("Content-Length: 5\r\n"), Framing::Length(5));
        assert_eq!(
            framing("Content-Length: 5, 5\r\nContent-Length: 5\r\n"),
            Framing::Length(5)
        );
        assert_eq!(framing("Content-Length: 5\r\nContent-Length: 6\r\n"), Framing::UntilEnd);
        assert_eq!(framing("Content-Length: -1\r\n"), Framing::UntilEnd);
        assert_eq!(framing("Content-Length: 0\r\n"), Framing::Nothing);
        assert_eq!(
            framing("Content-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n"),
            Framing::Chunked(SIZE)
        );
        assert_eq!(framing(""), Framing::UntilEnd);
    }
}
