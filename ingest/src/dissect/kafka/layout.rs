//! Layouts of messages as data, and the walk over bytes that follows one.
//!
//! A layout is a list of fields, each with the versions that have it. In flexible versions strings and arrays say their lengths
//! in other ways, and every structure ends with tagged fields; the walk knows, the layouts do not. It goes as far as the
//! bytes do, never back, and what it collects is not longer than they are. Specification: Kafka protocol guide, protocol primitive types.

use std::ops::RangeInclusive;

/// A field of a structure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    first: i16,
    last: i16,
    kind: Kind,
}

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// So many bytes that are not looked at.
    Skip(usize),
    /// A string, or none.
    Text,
    /// Bytes behind their length, or none.
    Bytes,
    /// The name of a topic.
    Topic,
    /// The identifier of a topic.
    TopicId,
    /// A name that a summary shows: of a group, a transaction, a mechanism.
    Name,
    /// A type in one byte, and a name: of a topic, or else.
    Resource,
    /// An error code.
    Error,
    /// The number of acknowledgments that a producer wants.
    Acks,
    /// An array of items of so many bytes.
    Items(usize),
    /// An array of topic names.
    Topics,
    /// An array of names.
    Names,
    /// An array of structures.
    Many(&'static [Field]),
    /// Whatever is left of the message: it is not looked at.
    Rest,
}

/// A field of all versions.
pub(super) const fn all(kind: Kind) -> Field {
    within(0, i16::MAX, kind)
}

/// A field of a version and those after it.
pub(super) const fn from(first: i16, kind: Kind) -> Field {
    within(first, i16::MAX, kind)
}

/// A field of the versions up to one.
pub(super) const fn until(last: i16, kind: Kind) -> Field {
    within(0, last, kind)
}

/// A field of some versions.
pub(super) const fn within(first: i16, last: i16, kind: Kind) -> Field {
    Field { first, last, kind }
}

/// The type of resource that is a topic.
const TOPIC_RESOURCE: u8 = 2;

/// What a walk found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Names and identifiers of topics.
    pub topics: Vec<String>,
    /// Other names.
    pub names: Vec<String>,
    /// The first error code that is not 0; 0 if there are only such, `None` if none was reached.
    pub error: Option<i16>,
    /// The number of acknowledgments.
    pub acks: Option<i16>,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The layout ended, and so many bytes before the bytes did.
    Whole(usize),
    /// The layout leaves the rest open.
    Open,
    /// The bytes ended first.
    Cut,
    /// The bytes cannot be of this layout.
    Wrong,
}

/// Walks over the bytes of a structure.
pub(super) fn walk(bytes: &[u8], version: i16, is_flexible: bool, fields: &[Field], found: &mut Found) -> End {
    let mut walk = Walk {
        rest: bytes,
        version,
        is_flexible,
        found,
    };
    match walk.structure(fields) {
        Ok(()) => End::Whole(walk.rest.len()),
        Err(end) => end,
    }
}

/// Passes tagged fields; gives what follows them.
pub(super) fn after_tags(bytes: &[u8]) -> Result<&[u8], End> {
    let mut found = Found::default();
    let mut walk = Walk {
        rest: bytes,
        version: 0,
        is_flexible: true,
        found: &mut found,
    };
    walk.tags()?;
    Ok(walk.rest)
}

struct Walk<'a, 'f> {
    rest: &'a [u8],
    version: i16,
    is_flexible: bool,
    found: &'f mut Found,
}

impl<'a> Walk<'a, '_> {
    fn structure(&mut self, fields: &[Field]) -> Result<(), End> {
        for field in fields {
            let versions: RangeInclusive<i16> = field.first..=field.last;
            if versions.contains(&self.version) {
                self.field(field.kind)?;
            }
        }
        if self.is_flexible { self.tags() } else { Ok(()) }
    }

    fn field(&mut self, kind: Kind) -> Result<(), End> {
        match kind {
            Kind::Skip(bytes) => self.take(bytes).map(|_| ()),
            Kind::Text => self.text().map(|_| ()),
            Kind::Bytes => {
                let length = self.length(4)?;
                self.take(length.unwrap_or(0)).map(|_| ())
            }
            Kind::Topic => {
                let text = self.text()?;
                self.topic(text);
                Ok(())
            }
            Kind::TopicId => {
                let id = self.take(16)?;
                if id.iter().any(|byte| *byte != 0) {
                    self.found.topics.push(uuid(id));
                }
                Ok(())
            }
            Kind::Name => {
                let text = self.text()?;
                self.name(text);
                Ok(())
            }
            Kind::Resource => {
                let kind = self.take(1)?;
                let text = self.text()?;
                if kind == [TOPIC_RESOURCE] {
                    self.topic(text);
                } else {
                    self.name(text);
                }
                Ok(())
            }
            Kind::Error => {
                let code = self.int16()?;
                if self.found.error.is_none_or(|earlier| earlier == 0) {
                    self.found.error = Some(code);
                }
                Ok(())
            }
            Kind::Acks => {
                let acks = self.int16()?;
                self.found.acks = Some(acks);
                // All replicas, none, or the leader.
                if (-1..=1).contains(&acks) {
                    Ok(())
                } else {
                    Err(End::Wrong)
                }
            }
            Kind::Items(bytes) => {
                let count = self.count()?;
                self.take(count.saturating_mul(bytes)).map(|_| ())
            }
            Kind::Topics | Kind::Names => {
                for _ in 0..self.count()? {
                    let text = self.text()?;
                    match kind {
                        Kind::Topics => self.topic(text),
                        _ => self.name(text),
                    }
                }
                Ok(())
            }
            // Every structure takes a byte at least, so this ends with the bytes.
            Kind::Many(fields) => {
                for _ in 0..self.count()? {
                    self.structure(fields)?;
                }
                Ok(())
            }
            Kind::Rest => Err(End::Open),
        }
    }

    fn topic(&mut self, text: Option<&[u8]>) {
        let Some(text) = text.map(String::from_utf8_lossy) else {
            return;
        };
        if self.found.topics.last().is_none_or(|last| *last != text) {
            self.found.topics.push(text.into_owned());
        }
    }

    fn name(&mut self, text: Option<&[u8]>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.found.names.push(String::from_utf8_lossy(text).into_owned());
        }
    }

    fn text(&mut self) -> Result<Option<&'a [u8]>, End> {
        let Some(length) = self.length(2)? else { return Ok(None) };
        let text = self.take(length)?;
        // No name has control characters.
        if text.iter().any(u8::is_ascii_control) {
            return Err(End::Wrong);
        }
        Ok(Some(text))
    }

    fn count(&mut self) -> Result<usize, End> {
        self.length(4).map(|count| count.unwrap_or(0))
    }

    /// A length of so many bytes, or of as many as it needs; `None` of what is not there.
    fn length(&mut self, bytes: usize) -> Result<Option<usize>, End> {
        if self.is_flexible {
            let length = self.varint()?;
            return Ok(usize::try_from(length).unwrap_or(usize::MAX).checked_sub(1));
        }
        let length = match self.take(bytes)? {
            [high, low] => i32::from(i16::from_be_bytes([*high, *low])),
            four => four.first_chunk().map_or(0, |four| i32::from_be_bytes(*four)),
        };
        match length {
            -1 => Ok(None),
            length => usize::try_from(length).map(Some).map_err(|_| End::Wrong),
        }
    }

    /// An unsigned integer of seven bits per byte, the lowest first.
    fn varint(&mut self) -> Result<u64, End> {
        let mut value: u64 = 0;
        for place in 0..5_u32 {
            let [byte] = self.take(1)? else { return Err(End::Wrong) };
            let bits = u64::from(byte & 0x7f).checked_shl(place.saturating_mul(7));
            value |= bits.unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(End::Wrong)
    }

    fn int16(&mut self) -> Result<i16, End> {
        let bytes = self.take(2)?;
        Ok(bytes.first_chunk().map_or(0, |two| i16::from_be_bytes(*two)))
    }

    /// Passes tagged fields: a count, and of each a number, a length and as many bytes.
    fn tags(&mut self) -> Result<(), End> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], End> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(End::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The text of an identifier (RFC 9562 §4).
fn uuid(id: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in id.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::registry::api;
    use super::*;

    #[test]
    fn any_bytes_of_any_version_are_walked() {
        let mut random = fastrand::Rng::with_seed(7);
        for api in (0..).map_while(api) {
            for version in 0..=api.latest {
                for _ in 0..20 {
                    let mut bytes = vec![0; random.usize(..200)];
                    bytes.fill_with(|| if random.bool() { random.u8(..) } else { random.u8(..3) });
                    for fields in [api.request, api.response] {
                        let mut found = Found::default();
                        let _ = walk(&bytes, version, api.is_flexible(version), fields, &mut found);
                        assert!(found.topics.len() + found.names.len() <= bytes.len());
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_are_as_long_as_they_need() {
        let fields = &[all(Kind::Topic), all(Kind::Skip(1))];
        let mut found = Found::default();
        let long = [&[0x82, 0x01][..], &[b'a'; 129], &[7, 0]].concat();
        assert_eq!(walk(&long, 0, true, fields, &mut found), End::Whole(0));
        assert_eq!(found.topics, ["a".repeat(129)]);
        assert_eq!(walk(&long[..60], 0, true, fields, &mut found), End::Cut);
        assert_eq!(walk(&[0xff; 9], 0, true, fields, &mut found), End::Wrong);
        assert_eq!(walk(&[0xff, 0xfe], 0, false, fields, &mut found), End::Wrong);
    }
}
