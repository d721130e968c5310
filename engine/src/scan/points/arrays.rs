//! Columns of a few rows, of what their leaves hold: numbers, times, texts and bytes, lists of such and maps of texts.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, MapArray, StringArray, StringViewArray,
    StructArray, TimestampNanosecondArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::parquet::basic::{LogicalType, TimeUnit as StoredUnit, Type as PhysicalType};
use datafusion::parquet::schema::types::ColumnDescriptor;

use super::leaf::{Leaf, Values};

/// True if a leaf's values are those of a type, as they are stored.
pub(super) fn are_of(leaf: &ColumnDescriptor, data_type: &DataType) -> bool {
    match (leaf.physical_type(), leaf.logical_type_ref(), data_type) {
        (PhysicalType::INT64, None, DataType::Int64)
        | (PhysicalType::DOUBLE, None, DataType::Float64)
        | (PhysicalType::BOOLEAN, None, DataType::Boolean)
        | (PhysicalType::BYTE_ARRAY, None, DataType::Binary)
        | (PhysicalType::BYTE_ARRAY, Some(LogicalType::String), DataType::Utf8 | DataType::Utf8View) => true,
        (PhysicalType::INT64, Some(LogicalType::Timestamp(stored)), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            matches!(stored.unit, StoredUnit::NANOS)
        }
        _ => false,
    }
}

/// The types of the leaves of a column; `None` if it is another than those of tables.
pub(super) fn leaf_types(data_type: &DataType) -> Option<Vec<&DataType>> {
    match data_type {
        DataType::List(item) => Some(vec![item.data_type()]),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                Some(fields.iter().map(|field| field.data_type()).collect())
            }
            _ => None,
        },
        DataType::Struct(_) => None,
        scalar => Some(vec![scalar]),
    }
}

/// The column of some leaves. Whether its own value may be null is known of lists and maps by their level.
pub(super) fn column(leaves: Vec<Leaf>, data_type: &DataType, is_optional: bool) -> Option<ArrayRef> {
    let mut leaves = leaves.into_iter();
    let first = leaves.next()?;
    match data_type {
        DataType::List(item) => {
            let (shape, items) = Shape::of(first, is_optional)?;
            let items = scalars(&items, item.data_type())?;
            let list = ListArray::try_new(item.clone(), shape.offsets, items, shape.nulls);
            Some(Arc::new(list.ok()?))
        }
        DataType::Map(entries, is_sorted) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return None;
            };
            let (shape, keys) = Shape::of(first, is_optional)?;
            let (other, values) = Shape::of(leaves.next()?, is_optional)?;
            if shape != other {
                return None;
            }
            let columns = [&keys, &values].into_iter().zip(fields);
            let columns = columns.map(|(leaf, field)| scalars(leaf, field.data_type()));
            let rows = StructArray::try_new(fields.clone(), columns.collect::<Option<_>>()?, None).ok()?;
            let map = MapArray::try_new(entries.clone(), shape.offsets, rows, shape.nulls, *is_sorted);
            Some(Arc::new(map.ok()?))
        }
        scalar => scalars(&first, scalar),
    }
}

/// Where the elements of each row's list are, and which rows have no list.
#[derive(PartialEq)]
struct Shape {
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
}

impl Shape {
    /// Parts a leaf into its shape and its elements.
    fn of(leaf: Leaf, is_optional: bool) -> Option<(Self, Leaf)> {
        // The level of an element that is null, or of one if none may be.
        let element = 1 + u8::from(is_optional);
        if leaf.whole != element && leaf.whole != element + 1 {
            return None;
        }
        let (mut lengths, mut nulls, mut start) = (Vec::new(), Vec::new(), 0);
        for end in &leaf.ends {
            let slots = leaf.levels.get(start..*end)?;
            let is_list = slots.iter().all(|level| *level >= element);
            if !is_list && slots.len() > 1 {
                return None;
            }
            lengths.push(if is_list { slots.len() } else { 0 });
            nulls.push(!is_optional || slots.first() != Some(&0));
            start = *end;
        }
        let shape = Self {
            offsets: OffsetBuffer::from_lengths(lengths),
            nulls: Some(NullBuffer::from(nulls)).filter(|nulls| nulls.null_count() > 0),
        };
        let levels = leaf.levels.into_iter().filter(|level| *level >= element);
        let elements = Leaf {
            levels: levels.collect(),
            ends: Vec::new(),
            ..leaf
        };
        Some((shape, elements))
    }
}

/// A value for each slot of a leaf.
fn scalars(leaf: &Leaf, data_type: &DataType) -> Option<ArrayRef> {
    let are_there = leaf.levels.iter().map(|level| *level == leaf.whole);
    match &leaf.values {
        Values::Words(words) => {
            let mut words = words.iter().copied();
            // There are as many values as slots that have one.
            let words = are_there.map(|is_there| if is_there { words.next() } else { None });
            Some(match data_type {
                DataType::Int64 => Arc::new(words.map(|word| word.map(u64::cast_signed)).collect::<Int64Array>()),
                DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                    let times = words.map(|word| word.map(u64::cast_signed));
                    let times: TimestampNanosecondArray = times.collect();
                    Arc::new(times.with_timezone_opt(zone.clone()))
                }
                DataType::Float64 => Arc::new(words.map(|word| word.map(f64::from_bits)).collect::<Float64Array>()),
                DataType::Boolean => Arc::new(words.map(|word| word.map(|word| word == 1)).collect::<BooleanArray>()),
                _ => return None,
            })
        }
        Values::Texts(texts) => {
            let mut texts = texts.iter();
            let texts = are_there.map(|is_there| if is_there { texts.next() } else { None });
            if *data_type == DataType::Binary {
                return Some(Arc::new(texts.collect::<BinaryArray>()));
            }
            let texts = texts.map(|text| text.map(std::str::from_utf8).transpose());
            Some(match data_type {
                DataType::Utf8 => Arc::new(texts.collect::<Result<StringArray, _>>().ok()?),
                DataType::Utf8View => Arc::new(texts.collect::<Result<StringViewArray, _>>().ok()?),
                _ => return None,
            })
        }
    }
}
