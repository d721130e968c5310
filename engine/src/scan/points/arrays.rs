//! Columns of a few rows, of what their leaves hold: numbers, times, texts and bytes, lists of such and maps of texts.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, MapArray, StringArray, StringViewArray,
    StructArray, TimestampNanosecondArray, make_view,
};
use datafusion::arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::parquet::basic::{LogicalType, TimeUnit as StoredUnit, Type as PhysicalType};
use datafusion::parquet::schema::types::ColumnDescriptor;

use super::leaf::{Leaf, Values};

/// Bytes of a text that its view holds itself.
const INLINE_BYTES: u32 = 12;

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
            let items = scalars(items, item.data_type())?;
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
            let columns = [keys, values].into_iter().zip(fields);
            let columns = columns.map(|(leaf, field)| scalars(leaf, field.data_type()));
            let rows = StructArray::try_new(fields.clone(), columns.collect::<Option<_>>()?, None).ok()?;
            let map = MapArray::try_new(entries.clone(), shape.offsets, rows, shape.nulls, *is_sorted);
            Some(Arc::new(map.ok()?))
        }
        scalar => scalars(first, scalar),
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

/// A value for each slot of a leaf. Memory is of exactly the size: a hundred columns of one row are mostly what builders leave empty.
fn scalars(leaf: Leaf, data_type: &DataType) -> Option<ArrayRef> {
    let Leaf {
        whole, levels, values, ..
    } = leaf;
    let are_there = levels.iter().map(|level| *level == whole);
    let nulls = are_there
        .clone()
        .any(|is_there| !is_there)
        .then(|| nulls(&levels, whole));
    match values {
        Values::Words(words) => {
            let words = filled(are_there, words.iter().copied());
            Some(match data_type {
                DataType::Int64 => Arc::new(Int64Array::new(signed(words), nulls)),
                DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                    let times = TimestampNanosecondArray::new(signed(words), nulls);
                    Arc::new(times.with_timezone_opt(zone.clone()))
                }
                DataType::Float64 => {
                    let fractions: Vec<_> = words.map(f64::from_bits).collect();
                    Arc::new(Float64Array::new(fractions.into(), nulls))
                }
                DataType::Boolean => {
                    let flags: Vec<_> = words.map(|word| word == 1).collect();
                    Arc::new(BooleanArray::new(bits(&flags), nulls))
                }
                _ => return None,
            })
        }
        Values::Texts(texts) => Some(match data_type {
            DataType::Utf8View => {
                let (mut bytes, places) = texts.into_parts();
                bytes.shrink_to_fit();
                let view = |place: Range<usize>| make_view(&bytes[place.clone()], 0, place.start as u32);
                let views: Vec<_> = filled(are_there, places.into_iter().map(view)).collect();
                let buffers = if views.iter().all(|view| *view as u32 <= INLINE_BYTES) {
                    Vec::new()
                } else {
                    vec![Buffer::from_vec(bytes)]
                };
                Arc::new(StringViewArray::try_new(views.into(), buffers, nulls).ok()?)
            }
            DataType::Utf8 => {
                let (offsets, bytes) = strung(are_there, texts.iter())?;
                Arc::new(StringArray::try_new(offsets, bytes, nulls).ok()?)
            }
            DataType::Binary => {
                let (offsets, bytes) = strung(are_there, texts.iter())?;
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls).ok()?)
            }
            _ => return None,
        }),
    }
}

/// A value for each slot; there are as many as slots that have one. The others' are never looked at.
fn filled<T: Default>(
    are_there: impl Iterator<Item = bool>,
    mut values: impl Iterator<Item = T>,
) -> impl Iterator<Item = T> {
    are_there.map(move |is_there| match is_there {
        true => values.next().unwrap_or_default(),
        false => T::default(),
    })
}

fn signed(words: impl Iterator<Item = u64>) -> ScalarBuffer<i64> {
    words.map(u64::cast_signed).collect::<Vec<_>>().into()
}

/// Texts one behind the other, and where each begins.
fn strung<'t>(
    are_there: impl Iterator<Item = bool> + Clone,
    texts: impl Iterator<Item = &'t [u8]> + Clone,
) -> Option<(OffsetBuffer<i32>, Buffer)> {
    let mut end = 0_i32;
    let mut offsets = Vec::with_capacity(are_there.clone().count() + 1);
    offsets.push(end);
    for length in filled(are_there, texts.clone().map(<[u8]>::len)) {
        end = end.checked_add(i32::try_from(length).ok()?)?;
        offsets.push(end);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(end).ok()?);
    texts.for_each(|text| bytes.extend_from_slice(text));
    Some((OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes)))
}

fn nulls(levels: &[u8], whole: u8) -> NullBuffer {
    let are_there: Vec<_> = levels.iter().map(|level| *level == whole).collect();
    NullBuffer::new(bits(&are_there))
}

/// Flags as bits.
fn bits(flags: &[bool]) -> BooleanBuffer {
    let byte = |flags: &[bool]| {
        let bits = flags.iter().enumerate().map(|(place, flag)| u8::from(*flag) << place);
        bits.fold(0, |byte, bit| byte | bit)
    };
    let bytes: Vec<u8> = flags.chunks(8).map(byte).collect();
    BooleanBuffer::new(Buffer::from_vec(bytes), 0, flags.len())
}
