//! Values as Parquet writes them plainly: numbers in eight bytes, texts behind their length in four.
//!
//! Specification: Apache Parquet format, "Plain: (PLAIN = 0)". Bytes that are no such values are `None`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, StringViewArray, TimestampNanosecondArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::parquet::basic::Type as PhysicalType;

/// So many values as an array.
pub(super) fn values(bytes: &[u8], count: usize, physical: PhysicalType, data_type: &DataType) -> Option<ArrayRef> {
    match (physical, data_type) {
        (PhysicalType::INT64, DataType::Int64) => Some(Arc::new(Int64Array::from(ints(bytes, count)?))),
        (PhysicalType::INT64, DataType::Timestamp(TimeUnit::Nanosecond, zone)) => {
            let values = TimestampNanosecondArray::from(ints(bytes, count)?);
            Some(Arc::new(values.with_timezone_opt(zone.clone())))
        }
        (PhysicalType::BYTE_ARRAY, DataType::Utf8View) => {
            Some(Arc::new(StringViewArray::from_iter_values(texts(bytes, count)?)))
        }
        (PhysicalType::BYTE_ARRAY, DataType::Utf8) => {
            Some(Arc::new(StringArray::from_iter_values(texts(bytes, count)?)))
        }
        _ => None,
    }
}

fn ints(bytes: &[u8], count: usize) -> Option<Vec<i64>> {
    let (ints, rest) = bytes.as_chunks::<8>();
    (ints.len() == count && rest.is_empty()).then(|| ints.iter().map(|int| i64::from_le_bytes(*int)).collect())
}

fn texts(mut bytes: &[u8], count: usize) -> Option<Vec<&str>> {
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.push(std::str::from_utf8(text(&mut bytes)?).ok()?);
    }
    Some(texts)
}

/// Takes the next text.
pub(super) fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(text)
}
