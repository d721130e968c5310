//! The kinds of column: for each, its KFL type, its Arrow type, what a row gives for it and how it is built.
//!
//! A row gives borrowed values, so that bytes of a packet are copied once, into the Arrow buffer. An empty list or map is
//! stored as null, as every absent value is.

mod bytes;

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBufferBuilder, Int64Builder, ListBuilder, MapBuilder, NullBufferBuilder, StringBuilder,
};
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};

pub use bytes::Bytes;

use crate::Type;
use crate::cells::{Cells, Place, Span, TooLong};
use crate::types::map_names;

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
    /// True if the row has no value.
    fn is_null(cell: &Self::Cell) -> bool;
    /// Makes the column of the rows at these places, each with its cells; beside them what the columns of all builders keep.
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        columns: Vec<&mut Self::Column>,
        places: &[Place],
    ) -> Result<ArrayRef, TooLong>
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
            fn is_null(cell: &Self::Cell) -> bool {
                cell.is_none()
            }
            fn join<'a>(
                rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
                _: Vec<&mut ()>,
                _: &[Place],
            ) -> Result<ArrayRef, TooLong> {
                let array = numbers::<$arrow>(rows.map(|(cell, _)| *cell));
                Ok(Arc::new(array.with_data_type(Self::TYPE.arrow())))
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

fn numbers<T: ArrowPrimitiveType>(rows: impl ExactSizeIterator<Item = Option<T::Native>> + Clone) -> PrimitiveArray<T> {
    let values: Vec<T::Native> = rows.clone().map(Option::unwrap_or_default).collect();
    PrimitiveArray::new(values.into(), nulls(rows.map(|cell| cell.is_some())).finish())
}

/// Which rows have a value.
fn nulls(are_present: impl ExactSizeIterator<Item = bool> + Clone) -> NullBufferBuilder {
    let rows = are_present.len();
    let first = are_present.clone().position(|is_present| !is_present);
    let mut nulls = NullBufferBuilder::new(rows);
    nulls.append_n_non_nulls(first.unwrap_or(rows));
    are_present
        .skip(first.unwrap_or(rows))
        .for_each(|is_present| nulls.append(is_present));
    nulls
}

/// The length of a column's text.
fn text_bytes<'a>(texts: impl Iterator<Item = &'a str>) -> Result<usize, TooLong> {
    let bytes = texts.map(str::len).sum();
    i32::try_from(bytes).map(|_| bytes).map_err(|_| TooLong)
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
    fn is_null(cell: &Self::Cell) -> bool {
        cell.is_none()
    }
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        _: Vec<&mut ()>,
        _: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let mut values = BooleanBufferBuilder::new(rows.len());
        rows.clone()
            .for_each(|(cell, _)| values.append(cell.unwrap_or_default()));
        let nulls = nulls(rows.map(|(cell, _)| cell.is_some())).finish();
        Ok(Arc::new(BooleanArray::new(values.finish(), nulls)))
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
    fn is_null(cell: &Self::Cell) -> bool {
        cell.is_none()
    }
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        _: Vec<&mut ()>,
        _: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let texts = rows.map(|(cell, cells)| cell.map(|span| cells.text(span)));
        let bytes = text_bytes(texts.clone().flatten())?;
        let mut builder = StringBuilder::with_capacity(texts.len(), bytes);
        texts.for_each(|text| builder.append_option(text));
        Ok(Arc::new(builder.finish()))
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
    fn is_null(cell: &Self::Cell) -> bool {
        cell.is_empty()
    }
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        _: Vec<&mut ()>,
        _: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let items = rows.clone().map(|(list, _)| list.len()).sum();
        let bytes = text_bytes(rows.clone().flat_map(|(list, cells)| cells.texts(*list)))?;
        let mut builder = ListBuilder::with_capacity(StringBuilder::with_capacity(items, bytes), rows.len());
        for (list, cells) in rows {
            cells.texts(*list).for_each(|item| builder.values().append_value(item));
            builder.append(!list.is_empty());
        }
        Ok(Arc::new(builder.finish()))
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
    fn is_null(cell: &Self::Cell) -> bool {
        cell.is_empty()
    }
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        _: Vec<&mut ()>,
        _: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let items = rows.clone().map(|(list, _)| list.len()).sum();
        let mut builder = ListBuilder::with_capacity(Int64Builder::with_capacity(items), rows.len());
        for (list, cells) in rows {
            builder.values().append_slice(cells.numbers(*list));
            builder.append(!list.is_empty());
        }
        Ok(Arc::new(builder.finish()))
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
    fn is_null(cell: &Self::Cell) -> bool {
        cell.is_empty()
    }
    fn join<'a>(
        rows: impl ExactSizeIterator<Item = (&'a Self::Cell, &'a Cells)> + Clone,
        _: Vec<&mut ()>,
        _: &[Place],
    ) -> Result<ArrayRef, TooLong> {
        let items = rows.clone().map(|(map, _)| map.len() / 2).sum();
        let texts = |first| {
            rows.clone()
                .flat_map(move |(map, cells)| cells.texts(*map).skip(first).step_by(2))
        };
        let keys = StringBuilder::with_capacity(items, text_bytes(texts(0))?);
        let values = StringBuilder::with_capacity(items, text_bytes(texts(1))?);
        let mut builder = MapBuilder::with_capacity(Some(map_names()), keys, values, rows.len());
        for (map, cells) in rows {
            let mut texts = cells.texts(*map);
            while let (Some(key), Some(item)) = (texts.next(), texts.next()) {
                builder.keys().append_value(key);
                builder.values().append_value(item);
            }
            builder
                .append(!map.is_empty())
                .expect("a key and a value were appended together");
        }
        Ok(Arc::new(builder.finish()))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::{Array, BinaryViewArray, Int64Array, StringArray, new_null_array};

    use super::*;

    /// The column of rows, some of which have no value, made of two builders in turn: the first has the odd ones.
    #[track_caller]
    fn column<K: Kind>(rows: Vec<K::Row<'_>>) -> ArrayRef {
        let mut builders: [(Vec<K::Cell>, Cells, K::Column); 2] = Default::default();
        let mut places = Vec::new();
        for (number, row) in rows.into_iter().enumerate() {
            let builder = 1 - number % 2;
            let (cells, text, column) = &mut builders[builder];
            let row = K::take(row, text, column);
            let place = Place {
                builder: builder as u32,
                row: cells.len() as u32,
            };
            places.push(place);
            cells.push(row);
        }
        let (kept, columns): (Vec<_>, Vec<_>) = builders
            .iter_mut()
            .map(|(cells, text, column)| ((&*cells, &*text), column))
            .unzip();
        let rows = places.iter().map(|place| {
            let (cells, text) = kept[place.builder as usize];
            (&cells[place.row as usize], text)
        });
        K::join(rows, columns, &places).unwrap()
    }

    #[test]
    fn columns_are_of_the_declared_arrow_type() {
        #[track_caller]
        fn check<'a, K: Kind>(none: K::Row<'a>, some: K::Row<'a>, last: K::Row<'a>) {
            let array = column::<K>(vec![none, some, last]);
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
    fn rows_of_several_builders_keep_their_values() {
        #[track_caller]
        fn check(array: ArrayRef, expected: ArrayRef) {
            assert_eq!(&array, &expected);
        }
        check(
            column::<Int>(vec![Some(1), Some(2), None]),
            Arc::new(Int64Array::from(vec![Some(1), Some(2), None])),
        );
        check(
            column::<Str>(vec![Some("a"), None, Some("bc")]),
            Arc::new(StringArray::from(vec![Some("a"), None, Some("bc")])),
        );
        let long = [b'x'; 20];
        check(
            column::<Bytes>(vec![Some(&long), None, Some(b"y"), Some(&long)]),
            Arc::new(BinaryViewArray::from(vec![
                Some(&long[..]),
                None,
                Some(b"y"),
                Some(&long),
            ])),
        );
        let lists = column::<Strs>(vec![&["a", "b"], &[], &["c"]]);
        assert_eq!(lists.as_list::<i32>().value(0).as_string::<i32>().value(1), "b");
        assert_eq!(lists.as_list::<i32>().value(2).as_string::<i32>().value(0), "c");
        let maps = column::<Map>(vec![&[("a", "1")], &[("b", "2"), ("c", "3")]]);
        let entries = maps.as_map().value(1);
        assert_eq!(entries.column(0).as_string::<i32>().value(0), "b");
        assert_eq!(entries.column(1).as_string::<i32>().value(1), "3");
    }

    #[test]
    fn more_text_than_a_column_holds_is_refused() {
        let text = "x".repeat(1 << 20);
        assert!(text_bytes(std::iter::repeat_n(&*text, 2047)).is_ok());
        assert_eq!(text_bytes(std::iter::repeat_n(&*text, 2048)), Err(TooLong));
    }
}
