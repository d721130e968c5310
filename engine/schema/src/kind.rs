//! The kinds of column: for each, its KFL type, its Arrow type, what a row gives for it and how it is built.
//!
//! A row gives borrowed values, so that bytes of a packet are copied once, into the Arrow buffer. An empty list or map is
//! stored as null, as every absent value is.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder,
    TimestampNanosecondBuilder,
};
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

fn map_names() -> MapFieldNames {
    // The names that the Parquet specification gives to the parts of a map.
    MapFieldNames {
        entry: "key_value".into(),
        key: "key".into(),
        value: "value".into(),
    }
}

/// A kind of column, as `table!` declarations name it.
pub trait Kind {
    /// What a row gives for a column of this kind.
    type Row<'a>;
    /// The builder that takes such values.
    type Builder;
    /// The KFL type.
    const TYPE: Type;
    /// Makes an empty builder.
    fn builder() -> Self::Builder;
    /// Appends the value of one row.
    fn append(builder: &mut Self::Builder, value: Self::Row<'_>);
    /// Bytes that the value adds to the buffers of its column, about.
    fn weight(value: &Self::Row<'_>) -> usize;
    /// Takes what was appended as an array and leaves the builder empty.
    fn finish(builder: &mut Self::Builder) -> ArrayRef;
}

macro_rules! scalar_kind {
    ($(#[$doc:meta])* $name:ident, $row:ty, $builder:ty, $ty:ident, $new:expr, $weight:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Kind for $name {
            type Row<'a> = Option<$row>;
            type Builder = $builder;
            const TYPE: Type = Type::$ty;
            fn builder() -> Self::Builder {
                $new
            }
            fn append(builder: &mut Self::Builder, value: Self::Row<'_>) {
                builder.append_option(value);
            }
            fn weight(value: &Self::Row<'_>) -> usize {
                value.as_ref().map_or(0, $weight)
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                Arc::new(builder.finish())
            }
        }
    };
}

scalar_kind!(
    /// A column of type `bool`.
    Bool, bool, BooleanBuilder, Bool, BooleanBuilder::new(), |_| 1
);
scalar_kind!(
    /// A column of type `int`.
    Int, i64, Int64Builder, Int, Int64Builder::new(), |_| 8
);
scalar_kind!(
    /// A column of type `double`.
    Double, f64, Float64Builder, Double, Float64Builder::new(), |_| 8
);
scalar_kind!(
    /// A column of type `string`.
    Str, &'a str, StringBuilder, String, StringBuilder::new(), |text| text.len()
);
scalar_kind!(
    /// A column of type `bytes`.
    Bytes, &'a [u8], BinaryBuilder, Bytes, BinaryBuilder::new(), |bytes| bytes.len()
);
scalar_kind!(
    /// A column of type `timestamp`: nanoseconds since 1970-01-01T00:00:00Z.
    Time, i64, TimestampNanosecondBuilder, Timestamp, TimestampNanosecondBuilder::new().with_timezone("UTC"), |_| 8
);

/// Bytes that a string in a list takes besides its text.
const OFFSET_BYTES: usize = 4;

/// A column of type `list(string)`; an empty list is stored as null.
#[derive(Debug)]
pub struct Strs;

impl Kind for Strs {
    type Row<'a> = &'a [&'a str];
    type Builder = ListBuilder<StringBuilder>;
    const TYPE: Type = Type::Strings;
    fn builder() -> Self::Builder {
        ListBuilder::new(StringBuilder::new())
    }
    fn append(builder: &mut Self::Builder, value: Self::Row<'_>) {
        for item in value {
            builder.values().append_value(item);
        }
        builder.append(!value.is_empty());
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value.iter().map(|item| item.len() + OFFSET_BYTES).sum()
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

/// A column of type `list(int)`; an empty list is stored as null.
#[derive(Debug)]
pub struct Ints;

impl Kind for Ints {
    type Row<'a> = &'a [i64];
    type Builder = ListBuilder<Int64Builder>;
    const TYPE: Type = Type::Ints;
    fn builder() -> Self::Builder {
        ListBuilder::new(Int64Builder::new())
    }
    fn append(builder: &mut Self::Builder, value: Self::Row<'_>) {
        builder.values().append_slice(value);
        builder.append(!value.is_empty());
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        std::mem::size_of_val(*value)
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

/// A column of type `map(string, string)`; an empty map is stored as null. Keys are unique: the row says how.
#[derive(Debug)]
pub struct Map;

impl Kind for Map {
    type Row<'a> = &'a [(&'a str, &'a str)];
    type Builder = MapBuilder<StringBuilder, StringBuilder>;
    const TYPE: Type = Type::StringMap;
    fn builder() -> Self::Builder {
        MapBuilder::new(Some(map_names()), StringBuilder::new(), StringBuilder::new())
    }
    fn append(builder: &mut Self::Builder, value: Self::Row<'_>) {
        for (key, item) in value {
            builder.keys().append_value(key);
            builder.values().append_value(item);
        }
        builder
            .append(!value.is_empty())
            .expect("a key and a value were appended together");
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value
            .iter()
            .map(|(key, item)| key.len() + item.len() + 2 * OFFSET_BYTES)
            .sum()
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;

    use super::*;

    #[test]
    fn builders_make_the_declared_arrow_type() {
        fn check<K: Kind>() {
            assert_eq!(K::finish(&mut K::builder()).data_type(), &K::TYPE.arrow());
        }
        check::<Bool>();
        check::<Int>();
        check::<Double>();
        check::<Str>();
        check::<Bytes>();
        check::<Time>();
        check::<Strs>();
        check::<Ints>();
        check::<Map>();
    }

    #[test]
    fn empty_lists_and_maps_are_null() {
        let mut list = Strs::builder();
        Strs::append(&mut list, &[]);
        Strs::append(&mut list, &["a"]);
        let list = Strs::finish(&mut list);
        assert_eq!((list.is_null(0), list.is_null(1)), (true, false));
    }
}
