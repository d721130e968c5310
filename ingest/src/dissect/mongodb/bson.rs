//! Documents of BSON, read as far as they are there.
//!
//! Specification: bsonspec.org, version 1.1. What is cut ends its document; nothing nested is read unless it is asked for.

/// Bytes of a document's length.
const LENGTH_BYTES: usize = 4;

/// Kinds of elements.
mod kind {
    pub const DOUBLE: u8 = 0x01;
    pub const STRING: u8 = 0x02;
    pub const DOCUMENT: u8 = 0x03;
    pub const ARRAY: u8 = 0x04;
    pub const BINARY: u8 = 0x05;
    pub const UNDEFINED: u8 = 0x06;
    pub const OBJECT_ID: u8 = 0x07;
    pub const BOOLEAN: u8 = 0x08;
    pub const DATE: u8 = 0x09;
    pub const NULL: u8 = 0x0a;
    pub const REGEX: u8 = 0x0b;
    pub const POINTER: u8 = 0x0c;
    pub const CODE: u8 = 0x0d;
    pub const SYMBOL: u8 = 0x0e;
    pub const CODE_WITH_SCOPE: u8 = 0x0f;
    pub const INT32: u8 = 0x10;
    pub const TIMESTAMP: u8 = 0x11;
    pub const INT64: u8 = 0x12;
    pub const DECIMAL: u8 = 0x13;
    pub const MAX_KEY: u8 = 0x7f;
    pub const MIN_KEY: u8 = 0xff;
}

/// Takes a text that ends in a NUL from the front of bytes.
pub(super) fn cstring<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(0, bytes)?;
    let (text, rest) = bytes.split_at_checked(end)?;
    *bytes = rest.get(1..)?;
    Some(text)
}

/// Takes a number of four bytes from the front of bytes.
pub(super) fn int32(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

/// True if an element may begin with this byte.
pub(super) fn is_kind(byte: u8) -> bool {
    matches!(byte, kind::DOUBLE..=kind::DECIMAL | kind::MAX_KEY | kind::MIN_KEY)
}

/// The elements of a document that are left.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Document<'a> {
    rest: &'a [u8],
}

/// An element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    kind: u8,
    pub name: &'a [u8],
    /// What of its value is there.
    value: &'a [u8],
}

impl<'a> Document<'a> {
    /// Takes a document from the front of bytes, as much of it as is there.
    pub fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()?;
        // A length and the final NUL.
        if length <= LENGTH_BYTES {
            return None;
        }
        let (document, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        *bytes = rest;
        let rest = document.get(LENGTH_BYTES..)?;
        Some(Self { rest })
    }

    /// The element with a name.
    pub fn get(self, name: &[u8]) -> Option<Element<'a>> {
        self.into_iter().find(|element| element.name == name)
    }
}

impl<'a> Iterator for Document<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let mut rest = self.rest;
        self.rest = &[];
        let (&kind, after) = rest.split_first()?;
        rest = after;
        if kind == 0 {
            return None;
        }
        let name = cstring(&mut rest)?;
        let length = value_bytes(kind, rest)?;
        let (value, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        self.rest = after;
        Some(Element { kind, name, value })
    }
}

/// Bytes of the value that begins here; `None` if there is no such kind, or if it is too cut to tell.
fn value_bytes(kind: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut told = |more: usize| usize::try_from(int32(&mut rest)?).ok()?.checked_add(more);
    match kind {
        kind::UNDEFINED | kind::NULL | kind::MAX_KEY | kind::MIN_KEY => Some(0),
        kind::BOOLEAN => Some(1),
        kind::INT32 => Some(4),
        kind::DOUBLE | kind::DATE | kind::TIMESTAMP | kind::INT64 => Some(8),
        kind::OBJECT_ID => Some(12),
        kind::DECIMAL => Some(16),
        kind::STRING | kind::CODE | kind::SYMBOL => told(4),
        kind::POINTER => told(16),
        kind::BINARY => told(5),
        kind::DOCUMENT | kind::ARRAY | kind::CODE_WITH_SCOPE => told(0).filter(|length| *length >= LENGTH_BYTES),
        kind::REGEX => {
            cstring(&mut rest)?;
            cstring(&mut rest)?;
            bytes.len().checked_sub(rest.len())
        }
        _ => None,
    }
}

impl<'a> Element<'a> {
    /// Its value as text.
    pub fn text(self) -> Option<&'a [u8]> {
        if self.kind != kind::STRING {
            return None;
        }
        let text = self.value.get(LENGTH_BYTES..)?;
        Some(text.strip_suffix(&[0]).unwrap_or(text))
    }

    /// Its value as a whole number, whatever number it is.
    pub fn number(self) -> Option<i64> {
        match self.kind {
            kind::DOUBLE => Some(f64::from_le_bytes(*self.value.first_chunk()?) as i64),
            kind::INT32 => Some(i32::from_le_bytes(*self.value.first_chunk()?).into()),
            kind::INT64 => Some(i64::from_le_bytes(*self.value.first_chunk()?)),
            kind::BOOLEAN => self.value.first().map(|byte| i64::from(*byte != 0)),
            _ => None,
        }
    }

    /// The elements in it.
    pub fn document(self) -> Option<Document<'a>> {
        let mut value = self.value;
        match self.kind {
            kind::DOCUMENT | kind::ARRAY => Document::take(&mut value),
            _ => None,
        }
    }
}
