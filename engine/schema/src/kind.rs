//! The kinds of column: for each, its KFL type, its Arrow type, what a row gives for it and how it is built.
//!
//! A row gives borrowed values, so that bytes of a packet are copied once, into the Arrow buffer. An empty list or map is
//! stored as null, as every absent value is.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, BooleanBufferBuilder, Int64Builder, ListBuilder, MapBuilder, MapFieldNames, NullBufferBuilder,
    StringBuilder,
};
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_schema::{DataType, Field as ArrowField, TimeUnit};

use crate::cells::{Cells, Span};

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
    /// What is kept of it until a batch is made; its text is in [`Cells`].
    type Cell;
    /// What a column keeps beside the cells.
    type Column: Default;
    /// The KFL type.
    const TYPE: Type;
    /// Takes the value of one row.
    fn take(value: Self::Row<'_>, cells: &mut Cells, column: &mut Self::Column) -> Self::Cell;
    /// Bytes that the value adds to the buffers of its column, about.
    fn weight(value: &Self::Row<'_>) -> usize;
    /// Makes the column of cells, the beginning of the next batch's being empty; `None` if none has a value.
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        cells: &Cells,
        column: &mut Self::Column,
    ) -> Option<ArrayRef>
    where
        Self::Cell: 'a;
}

macro_rules! number_kind {
    ($(#[$doc:meta])* $name:ident, $row:ty, $arrow:ty, $ty:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Kind for $name {
            type Row<'a> = Option<$row>;
            type Cell = Option<$row>;
            type Column = ();
            const TYPE: Type = Type::$ty;
            fn take(value: Self::Row<'_>, _: &mut Cells, (): &mut ()) -> Self::Cell {
                value
            }
            fn weight(value: &Self::Row<'_>) -> usize {
                value.map_or(0, |value| size_of_val(&value))
            }
            fn finish<'a>(
                rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
                _: &Cells,
                (): &mut (),
            ) -> Option<ArrayRef> {
                let array = numbers::<$arrow>(rows)?;
                Some(Arc::new(array.with_data_type(Self::TYPE.arrow())))
            }
        }
    };
}

number_kind!(
    /// A column of type `int`.
    Int, i64, Int64Type, Int
);
number_kind!(
    /// A column of type `double`.
    Double, f64, Float64Type, Double
);
number_kind!(
    /// A column of type `timestamp`: nanoseconds since 1970-01-01T00:00:00Z.
    Time, i64, TimestampNanosecondType, Timestamp
);

fn numbers<'a, T: ArrowPrimitiveType>(
    rows: impl ExactSizeIterator<Item = &'a Option<T::Native>> + Clone,
) -> Option<PrimitiveArray<T>> {
    let present = rows.clone().filter(|cell| cell.is_some()).count();
    if present == 0 {
        return None;
    }
    let mut nulls = NullBufferBuilder::new(rows.len());
    if present < rows.len() {
        rows.clone().for_each(|cell| nulls.append(cell.is_some()));
    }
    let values: Vec<T::Native> = rows.map(|cell| cell.unwrap_or_default()).collect();
    Some(PrimitiveArray::new(values.into(), nulls.finish()))
}

/// A column of type `bool`.
#[derive(Debug)]
pub struct Bool;

impl Kind for Bool {
    type Row<'a> = Option<bool>;
    type Cell = Option<bool>;
    type Column = ();
    const TYPE: Type = Type::Bool;
    fn take(value: Self::Row<'_>, _: &mut Cells, (): &mut ()) -> Self::Cell {
        value
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        usize::from(value.is_some())
    }
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        _: &Cells,
        (): &mut (),
    ) -> Option<ArrayRef> {
        if rows.clone().all(Option::is_none) {
            return None;
        }
        let mut values = BooleanBufferBuilder::new(rows.len());
        let mut nulls = NullBufferBuilder::new(rows.len());
        for cell in rows {
            values.append(cell.unwrap_or_default());
            nulls.append(cell.is_some());
        }
        Some(Arc::new(BooleanArray::new(values.finish(), nulls.finish())))
    }
}

/// A column of type `string`.
#[derive(Debug)]
pub struct Str;

impl Kind for Str {
    type Row<'a> = Option<&'a str>;
    type Cell = Option<Span>;
    type Column = ();
    const TYPE: Type = Type::String;
    fn take(value: Self::Row<'_>, cells: &mut Cells, (): &mut ()) -> Self::Cell {
        value.map(|text| cells.add_text(text))
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value.map_or(0, str::len)
    }
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        cells: &Cells,
        (): &mut (),
    ) -> Option<ArrayRef> {
        if rows.clone().all(Option::is_none) {
            return None;
        }
        let bytes = rows.clone().flatten().map(|span| span.len()).sum();
        let mut builder = StringBuilder::with_capacity(rows.len(), bytes);
        rows.for_each(|cell| builder.append_option(cell.map(|span| cells.text(span))));
        Some(Arc::new(builder.finish()))
    }
}

/// A column of type `bytes`. Bytes go to their column at once: bodies and packets are too long to be copied twice.
#[derive(Debug)]
pub struct Bytes;

/// The bytes of a column so far.
#[derive(Debug, Default)]
pub struct BytesColumn {
    /// Made with the first that has some.
    values: Option<BinaryViewBuilder>,
    /// Rows behind them that have none.
    nulls: usize,
}

impl BytesColumn {
    /// What is there, with the rows behind it that have none; `None` if no row has any.
    fn filled(&mut self) -> Option<&mut BinaryViewBuilder> {
        let values = self.values.as_mut()?;
        (0..std::mem::take(&mut self.nulls)).for_each(|_| values.append_null());
        Some(values)
    }
}

impl Kind for Bytes {
    type Row<'a> = Option<&'a [u8]>;
    type Cell = ();
    type Column = BytesColumn;
    const TYPE: Type = Type::Bytes;
    fn take(value: Self::Row<'_>, _: &mut Cells, column: &mut Self::Column) -> Self::Cell {
        let Some(bytes) = value else {
            column.nulls += 1;
            return;
        };
        column.values.get_or_insert_default();
        if let Some(values) = column.filled() {
            values.append_value(bytes);
        }
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value.map_or(0, <[u8]>::len)
    }
    fn finish<'a>(
        _: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        _: &Cells,
        column: &mut Self::Column,
    ) -> Option<ArrayRef> {
        let array = column.filled().map(|values| Arc::new(values.finish()) as ArrayRef);
        *column = BytesColumn::default();
        array
    }
}

/// Bytes that a string in a list takes besides its text.
const OFFSET_BYTES: usize = size_of::<Span>();

/// A column of type `list(string)`; an empty list is stored as null.
#[derive(Debug)]
pub struct Strs;

impl Kind for Strs {
    type Row<'a> = &'a [&'a str];
    type Cell = Span;
    type Column = ();
    const TYPE: Type = Type::Strings;
    fn take(value: Self::Row<'_>, cells: &mut Cells, (): &mut ()) -> Self::Cell {
        cells.add_texts(value.iter().copied())
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value.iter().map(|item| item.len() + OFFSET_BYTES).sum()
    }
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        cells: &Cells,
        (): &mut (),
    ) -> Option<ArrayRef> {
        let items = rows.clone().map(|list| list.len()).sum();
        if items == 0 {
            return None;
        }
        let bytes = rows.clone().flat_map(|list| cells.texts(*list)).map(str::len).sum();
        let mut builder = ListBuilder::with_capacity(StringBuilder::with_capacity(items, bytes), rows.len());
        for list in rows {
            cells.texts(*list).for_each(|item| builder.values().append_value(item));
            builder.append(!list.is_empty());
        }
        Some(Arc::new(builder.finish()))
    }
}

/// A column of type `list(int)`; an empty list is stored as null.
#[derive(Debug)]
pub struct Ints;

impl Kind for Ints {
    type Row<'a> = &'a [i64];
    type Cell = Span;
    type Column = ();
    const TYPE: Type = Type::Ints;
    fn take(value: Self::Row<'_>, cells: &mut Cells, (): &mut ()) -> Self::Cell {
        cells.add_numbers(value)
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        size_of_val(*value)
    }
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        cells: &Cells,
        (): &mut (),
    ) -> Option<ArrayRef> {
        let items = rows.clone().map(|list| list.len()).sum();
        if items == 0 {
            return None;
        }
        let mut builder = ListBuilder::with_capacity(Int64Builder::with_capacity(items), rows.len());
        for list in rows {
            builder.values().append_slice(cells.numbers(*list));
            builder.append(!list.is_empty());
        }
        Some(Arc::new(builder.finish()))
    }
}

/// A column of type `map(string, string)`; an empty map is stored as null. Keys are unique: the row says how.
#[derive(Debug)]
pub struct Map;

impl Kind for Map {
    type Row<'a> = &'a [(&'a str, &'a str)];
    type Cell = Span;
    type Column = ();
    const TYPE: Type = Type::StringMap;
    fn take(value: Self::Row<'_>, cells: &mut Cells, (): &mut ()) -> Self::Cell {
        cells.add_texts(value.iter().flat_map(|(key, item)| [*key, *item]))
    }
    fn weight(value: &Self::Row<'_>) -> usize {
        value
            .iter()
            .map(|(key, item)| key.len() + item.len() + 2 * OFFSET_BYTES)
            .sum()
    }
    fn finish<'a>(
        rows: impl ExactSizeIterator<Item = &'a Self::Cell> + Clone,
        cells: &Cells,
        (): &mut (),
    ) -> Option<ArrayRef> {
        let items = rows.clone().map(|map| map.len() / 2).sum();
        if items == 0 {
            return None;
        }
        let [mut key_bytes, mut item_bytes] = [0; 2];
        for (place, text) in rows.clone().flat_map(|map| cells.texts(*map)).enumerate() {
            *[&mut key_bytes, &mut item_bytes][place % 2] += text.len();
        }
        let keys = StringBuilder::with_capacity(items, key_bytes);
        let values = StringBuilder::with_capacity(items, item_bytes);
        let mut builder = MapBuilder::with_capacity(Some(map_names()), keys, values, rows.len());
        for map in rows {
            let mut texts = cells.texts(*map);
            while let (Some(key), Some(item)) = (texts.next(), texts.next()) {
                builder.keys().append_value(key);
                builder.values().append_value(item);
            }
            builder
                .append(!map.is_empty())
                .expect("a key and a value were appended together");
        }
        Some(Arc::new(builder.finish()))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Array, new_null_array};

    use super::*;

    /// The column of rows, some of which have no value.
    #[track_caller]
    fn column<K: Kind>(rows: Vec<K::Row<'_>>) -> Option<ArrayRef> {
        let (mut cells, mut column) = (Cells::default(), K::Column::default());
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| K::take(row, &mut cells, &mut column))
            .collect();
        let array = K::finish(rows.iter(), &cells, &mut column);
        assert_eq!(array.as_ref().map_or(rows.len(), |array| array.len()), rows.len());
        array
    }

    #[test]
    fn columns_are_of_the_declared_arrow_type() {
        #[track_caller]
        fn check<'a, K: Kind>(none: K::Row<'a>, some: K::Row<'a>, last: K::Row<'a>) {
            let array = column::<K>(vec![none, some, last]).expect("a row has a value");
            assert_eq!(array.data_type(), &K::TYPE.batch());
            assert_eq!(array.data_type(), new_null_array(&K::TYPE.batch(), 1).data_type());
            assert_eq!([0, 1, 2].map(|row| array.is_null(row)), [true, false, true]);
        }
        check::<Bool>(None, Some(true), None);
        check::<Int>(None, Some(1), None);
        check::<Double>(None, Some(0.5), None);
        check::<Str>(None, Some(""), None);
        check::<Bytes>(None, Some(b""), None);
        check::<Time>(None, Some(1), None);
        check::<Strs>(&[], &["a"], &[]);
        check::<Ints>(&[], &[1], &[]);
        check::<Map>(&[], &[("a", "b")], &[]);
    }

    #[test]
    fn a_column_without_values_is_not_made() {
        assert!(column::<Int>(vec![None; 3]).is_none());
        assert!(column::<Bool>(vec![None; 3]).is_none());
        assert!(column::<Str>(vec![None; 3]).is_none());
        assert!(column::<Bytes>(vec![None; 3]).is_none());
        assert!(column::<Strs>(vec![&[]; 3]).is_none());
        assert!(column::<Ints>(vec![&[]; 3]).is_none());
        assert!(column::<Map>(vec![&[]; 3]).is_none());
    }
}
