//! The ranges of a part's key columns, as the manifest has them: a few numbers under names that are known, without a text for each.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::columns::RANGED;

/// Smallest and largest value of key columns; a column of nulls alone has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyRanges(Vec<(&'static str, (i64, i64))>);

impl KeyRanges {
    /// The range of a column.
    pub(crate) fn get(&self, name: &str) -> Option<&(i64, i64)> {
        let range = self.0.iter().find(|(known, _)| *known == name);
        range.map(|(_, range)| range)
    }
}

impl FromIterator<(&'static str, (i64, i64))> for KeyRanges {
    fn from_iter<I: IntoIterator<Item = (&'static str, (i64, i64))>>(ranges: I) -> Self {
        Self(ranges.into_iter().collect())
    }
}

impl Serialize for KeyRanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // In the order of their names.
        let ranges: BTreeMap<_, _> = self.0.iter().copied().collect();
        serializer.collect_map(ranges)
    }
}

/// The name of a key column; `None` for another.
struct Name(Option<&'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(RANGED.into_iter().find(|known| *known == name)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for KeyRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = KeyRanges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("ranges by the names of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyRanges, A::Error> {
                let mut ranges = Vec::with_capacity(RANGED.len());
                while let Some((Name(name), range)) = map.next_entry()? {
                    ranges.extend(name.map(|name| (name, range)));
                }
                Ok(KeyRanges(ranges))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_back_from_their_text_without_those_of_other_columns() {
        let text = r#"{"id":[1,-2],"later":[5,6],"timestamp":[3,4]}"#;
        let ranges: KeyRanges = serde_json::from_str(text).unwrap();
        assert_eq!(ranges.get("timestamp"), Some(&(3, 4)));
        assert_eq!(ranges.get("later"), None);
        let ranges: KeyRanges = [("timestamp", (3, 4)), ("id", (1, -2))].into_iter().collect();
        assert_eq!(
            serde_json::to_string(&ranges).unwrap(),
            r#"{"id":[1,-2],"timestamp":[3,4]}"#
        );
        assert!(serde_json::from_str::<KeyRanges>(r#"{"id":[1]}"#).is_err());
    }
}
