//! Elements of BER, as LDAP restricts it: definite lengths, tags of one byte.
//!
//! Specification: X.690 §8.1, RFC 4511 §5.1. What is cut keeps what is there of it.

/// Bits of a first byte that say that the tag goes on in the next.
const LONG_TAG: u8 = 0x1f;
/// Set in the first byte of a length that says how many bytes of length follow.
const LONG_LENGTH: u8 = 0x80;

/// Tags that all parts of LDAP use.
pub(super) mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const OCTETS: u8 = 0x04;
    pub const ENUMERATED: u8 = 0x0a;
    pub const SEQUENCE: u8 = 0x30;
}

/// The tag and length that begin an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// More bytes would tell.
    Incomplete,
    Told {
        tag: u8,
        /// Bytes of the header.
        start: usize,
        /// Bytes of what follows.
        content: u64,
    },
    /// No element of LDAP begins so.
    Nonsense,
}

/// Reads the header of the element that begins the bytes.
pub(super) fn header(bytes: &[u8]) -> Header {
    let Some((&tag, rest)) = bytes.split_first() else {
        return Header::Incomplete;
    };
    if tag & LONG_TAG == LONG_TAG {
        return Header::Nonsense;
    }
    let Some((&first, rest)) = rest.split_first() else {
        return Header::Incomplete;
    };
    if first < LONG_LENGTH {
        return Header::Told {
            tag,
            start: 2,
            content: u64::from(first),
        };
    }
    let count = usize::from(first & !LONG_LENGTH);
    if !(1..=4).contains(&count) {
        return Header::Nonsense;
    }
    match rest.get(..count) {
        Some(length) => Header::Told {
            tag,
            start: count.saturating_add(2),
            content: length.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        },
        None => Header::Incomplete,
    }
}

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub tag: u8,
    /// What of it is there.
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements in it.
    pub fn elements(self) -> Elements<'a> {
        Elements(self.content)
    }

    /// Its value as an integer; `None` if it has none, or one of more than 8 bytes.
    pub fn integer(self) -> Option<i64> {
        let (first, _) = self.content.split_first()?;
        if self.content.len() > 8 {
            return None;
        }
        let sign = if first & 0x80 == 0 { 0 } else { -1 };
        Some(
            self.content
                .iter()
                .fold(sign, |value, byte| (value << 8) | i64::from(*byte)),
        )
    }
}

/// Elements, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    /// The next, if it has this tag.
    pub fn tagged(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// The bytes of the next, if it is a text.
    pub fn octets(&mut self) -> Option<&'a [u8]> {
        self.tagged(tag::OCTETS).map(|element| element.content)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let Header::Told { tag, start, content } = header(self.0) else {
            self.0 = &[];
            return None;
        };
        let rest = self.0.get(start..).unwrap_or_default();
        let length = usize::try_from(content).unwrap_or(usize::MAX);
        let (content, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        self.0 = after;
        Some(Element { tag, content })
    }
}
