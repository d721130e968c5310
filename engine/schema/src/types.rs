//! The types of KFL and what they are in Arrow.

use std::sync::Arc;

use arrow_array::builder::MapFieldNames;
use arrow_schema::{DataType, Field as ArrowField, TimeUnit};

/// The KFL type of a field, which fixes the Arrow type of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`, Arrow Boolean.
    Bool,
    /// `int`, Arrow Int64.
    Int,
    /// `double`, Arrow Float64.
    Double,
    /// `string`, Arrow Utf8.
    String,
    /// `bytes`, Arrow Binary.
    Bytes,
    /// `timestamp`, Arrow Timestamp in nanoseconds, UTC.
    Timestamp,
    /// `list(string)`, Arrow List of Utf8.
    Strings,
    /// `list(int)`, Arrow List of Int64.
    Ints,
    /// `map(string, string)`, Arrow Map from Utf8 to Utf8.
    StringMap,
}

impl Type {
    /// The Arrow type of a column of this type.
    pub fn arrow(self) -> DataType {
        match self {
            Type::Bool => DataType::Boolean,
            Type::Int => DataType::Int64,
            Type::Double => DataType::Float64,
            Type::String => DataType::Utf8,
            Type::Bytes => DataType::Binary,
            Type::Timestamp => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Type::Strings => DataType::List(Arc::new(ArrowField::new_list_field(DataType::Utf8, true))),
            Type::Ints => DataType::List(Arc::new(ArrowField::new_list_field(DataType::Int64, true))),
            Type::StringMap => {
                let names = map_names();
                let entries = DataType::Struct(
                    vec![
                        ArrowField::new(names.key, DataType::Utf8, false),
                        ArrowField::new(names.value, DataType::Utf8, true),
                    ]
                    .into(),
                );
                DataType::Map(Arc::new(ArrowField::new(names.entry, entries, false)), false)
            }
        }
    }

    /// The Arrow type of such a column in batches on their way to the store: bytes are views, so that joining batches copies none.
    pub fn batch(self) -> DataType {
        match self {
            Type::Bytes => DataType::BinaryView,
            other => other.arrow(),
        }
    }

    /// The type as KFL writes it.
    pub fn kfl(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Timestamp => "timestamp",
            Type::Strings => "list(string)",
            Type::Ints => "list(int)",
            Type::StringMap => "map(string, string)",
        }
    }
}

/// Names of the fields of a map.
pub(crate) fn map_names() -> MapFieldNames {
    // The names that the Parquet specification gives to the parts of a map.
    MapFieldNames {
        entry: "key_value".into(),
        key: "key".into(),
        value: "value".into(),
    }
}
