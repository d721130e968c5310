//! What the manifest knows of the columns of a part: that one has no value, or the smallest and the largest.
//!
//! Parts that cannot match a filter are ruled out by it before they are opened. It comes from the statistics that a part's footer
//! has anyway. A store of thousands of parts reads all of it whenever it is opened, so that it is a text of few bytes that is not
//! taken apart before a filter asks for it.
//!
//! Layout (base64): for the columns of the table's list in the manifest, in its order, numbers (LEB128) whose lowest two bits are
//! the kind and whose others say how many columns after this one are alike. Behind the kind of a range stand the smallest value
//! (zigzag) and how far the largest lies above it.
//!
//! Absent on purpose: ranges of texts and fractions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::statistics::Statistics;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::leb128::{self, push, signed, zigzag};

/// Bits of a number that tell the kind.
const KIND_BITS: u32 = 2;

/// What is known of the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing.
    Unknown,
    /// There are none.
    Nulls,
    /// There are some.
    Some,
    /// The smallest and the largest of them.
    Range(i64, i64),
}

impl Content {
    /// What statistics say of a chunk.
    pub(super) fn of(chunk: &ColumnChunkMetaData) -> Self {
        let Some(statistics) = chunk.statistics() else {
            return Content::Unknown;
        };
        let nulls = statistics.null_count_opt().and_then(|nulls| i64::try_from(nulls).ok());
        match (nulls, statistics) {
            (None, _) => Content::Unknown,
            (Some(nulls), _) if nulls == chunk.num_values() => Content::Nulls,
            (Some(_), Statistics::Int64(values)) => match (values.min_opt(), values.max_opt()) {
                (Some(first), Some(last)) => Content::Range(*first, *last),
                _ => Content::Some,
            },
            _ => Content::Some,
        }
    }

    /// What is known of the values of both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Content::Unknown, _) | (_, Content::Unknown) => Content::Unknown,
            (Content::Nulls, other) | (other, Content::Nulls) => other,
            (Content::Range(first, last), Content::Range(other_first, other_last)) => {
                Content::Range(first.min(other_first), last.max(other_last))
            }
            _ => Content::Some,
        }
    }

    fn kind(self) -> u64 {
        match self {
            Content::Unknown => 0,
            Content::Nulls => 1,
            Content::Some => 2,
            Content::Range(..) => 3,
        }
    }
}

/// What is known of the columns of a part, by their places in the table's list.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents(Box<[u8]>);

impl Contents {
    /// Keeps what is known of columns, in the order of the list.
    pub(super) fn new(contents: &[Content]) -> Self {
        let mut bytes = Vec::new();
        for alike in contents.chunk_by(|one, other| one == other) {
            let content = alike[0];
            push(&mut bytes, ((alike.len() as u64 - 1) << KIND_BITS) | content.kind());
            if let Content::Range(first, last) = content {
                push(&mut bytes, zigzag(first));
                push(&mut bytes, last.wrapping_sub(first).cast_unsigned());
            }
        }
        Self(bytes.into())
    }

    /// True if nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of the column at a place of the list.
    pub(crate) fn at(&self, place: usize) -> Content {
        let mut bytes = &*self.0;
        let mut place = place as u64;
        while let Some((alike, content)) = next(&mut bytes) {
            match place.checked_sub(alike) {
                None => return content,
                Some(behind) => place = behind,
            }
        }
        Content::Unknown
    }
}

/// The next number of alike columns, and what is known of each.
fn next(bytes: &mut &[u8]) -> Option<(u64, Content)> {
    let number = leb128::take(bytes, u64::BITS)?;
    let content = match number & ((1 << KIND_BITS) - 1) {
        0 => Content::Unknown,
        1 => Content::Nulls,
        2 => Content::Some,
        _ => {
            let first = signed(leb128::take(bytes, u64::BITS)?);
            let length = leb128::take(bytes, u64::BITS)?.cast_signed();
            Content::Range(first, first.wrapping_add(length))
        }
    };
    Some(((number >> KIND_BITS) + 1, content))
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = &*self.0;
        f.debug_list().entries(std::iter::from_fn(|| next(&mut bytes))).finish()
    }
}

impl Serialize for Contents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Contents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Contents;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Contents, E> {
                let bytes = STANDARD_NO_PAD.decode(text).map_err(E::custom)?;
                Ok(Contents(bytes.into()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_come_back_from_their_text() {
        let range = |first, last| Content::Range(first, last);
        let contents = [
            vec![Content::Nulls; 70],
            vec![range(200, 503), range(0, 0), range(0, 0), range(-3, -3)],
            vec![Content::Unknown, Content::Some, Content::Some],
            vec![
                range(i64::MIN, i64::MAX),
                range(i64::MAX, i64::MAX),
                range(i64::MIN, i64::MIN),
            ],
        ];
        let contents = contents.concat();
        let text = serde_json::to_string(&Contents::new(&contents)).unwrap();
        assert_eq!(text.len(), 82);
        let read: Contents = serde_json::from_str(&text).unwrap();
        let read: Vec<_> = (0..contents.len()).map(|place| read.at(place)).collect();
        assert_eq!(read, contents);
    }

    #[test]
    fn nothing_is_known_behind_the_end() {
        let contents = Contents::new(&[Content::Nulls, Content::Range(1, 2)]);
        assert_eq!(contents.at(1), Content::Range(1, 2));
        assert_eq!([2, usize::MAX].map(|place| contents.at(place)), [Content::Unknown; 2]);
        assert_eq!(Contents::default().at(0), Content::Unknown);
    }

    #[test]
    fn any_bytes_are_read_without_panic() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let length = random.usize(..24);
            let contents = Contents(std::iter::repeat_with(|| random.u8(..)).take(length).collect());
            for place in [0, 1, 7, 100] {
                let _ = format!("{:?} {contents:?}", contents.at(place));
            }
        }
        assert!(serde_json::from_str::<Contents>(r#""%""#).is_err());
    }

    #[test]
    fn what_is_known_of_two_row_groups() {
        let (low, high) = (Content::Range(1, 2), Content::Range(5, 9));
        for (one, other, both) in [
            (low, high, Content::Range(1, 9)),
            (low, Content::Nulls, low),
            (low, Content::Some, Content::Some),
            (low, Content::Unknown, Content::Unknown),
            (Content::Nulls, Content::Nulls, Content::Nulls),
            (Content::Nulls, Content::Unknown, Content::Unknown),
        ] {
            assert_eq!((one.and(other), other.and(one)), (both, both));
        }
    }
}
