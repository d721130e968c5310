//! A column of whole numbers or times of a row group, as one array: from their differences, or by a dictionary.
//!
//! What is written otherwise is `None` here: another reader reads it, or tells what is wrong.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, TimestampNanosecondArray};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use super::delta;
use super::dictionary::{self, Dictionary};
use super::pages::{self, Levels};

/// True if a chunk can be read here.
pub(super) fn are_readable(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_type() == PhysicalType::INT64 && (dictionary::is_whole(chunk) || are_differences(chunk))
}

fn are_differences(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_none()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.is_only(Encoding::DELTA_BINARY_PACKED))
}

/// The column, from the bytes of its chunk.
pub(super) fn read(chunk: &ColumnChunkMetaData, bytes: &Bytes, rows: usize, data_type: &DataType) -> Option<ArrayRef> {
    let column = if are_differences(chunk) {
        from_differences(chunk, bytes, rows)?
    } else {
        by_dictionary(chunk, bytes, rows)?
    };
    match data_type {
        DataType::Int64 => Some(Arc::new(column)),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let (_, times, nulls) = column.into_parts();
            Some(Arc::new(
                TimestampNanosecondArray::new(times, nulls).with_timezone_opt(zone.clone()),
            ))
        }
        _ => None,
    }
}

fn from_differences(chunk: &ColumnChunkMetaData, bytes: &Bytes, rows: usize) -> Option<Int64Array> {
    let levels = Levels::of(chunk).filter(|levels| !levels.is_repeated)?;
    let mut pages = pages::open(chunk, Bytes::new(), bytes.clone(), rows)?;
    let mut numbers = Vec::with_capacity(rows);
    // Of each row whether it has a value, once some row has none.
    let mut there: Option<Vec<bool>> = None;
    let (mut definition, mut values) = (Vec::new(), Vec::new());
    while let Some(page) = pages.get_next_page().ok()? {
        if matches!(page, Page::DictionaryPage { .. }) {
            return None;
        }
        let done = numbers.len();
        let (body, count) = pages::body(page, levels, |encoding| encoding == Encoding::DELTA_BINARY_PACKED)?;
        if count > rows - done {
            return None;
        }
        let whole = levels.defined(&body, count, &mut definition)?;
        if whole == count {
            delta::decode(&body.values, count, &mut numbers)?;
            if let Some(there) = &mut there {
                there.resize(numbers.len(), true);
            }
            continue;
        }
        values.clear();
        delta::decode(&body.values, whole, &mut values)?;
        let mut values = values.iter();
        let there = there.get_or_insert_with(|| vec![true; done]);
        for level in &definition {
            let value = if *level == levels.whole { values.next() } else { None };
            there.push(value.is_some());
            numbers.push(value.copied().unwrap_or(0));
        }
    }
    let nulls = there.map(|there| NullBuffer::new(BooleanBuffer::from(there)));
    (numbers.len() == rows).then(|| Int64Array::new(numbers.into(), nulls))
}

fn by_dictionary(chunk: &ColumnChunkMetaData, bytes: &Bytes, rows: usize) -> Option<Int64Array> {
    let (start, length) = chunk.byte_range();
    let (dictionary, numbers) = dictionary::places(chunk);
    let within = |range: std::ops::Range<u64>| {
        let (start, end) = (range.start - start, (range.end - start).min(length));
        Some(bytes.slice(usize::try_from(start).ok()?..usize::try_from(end).ok()?))
    };
    if bytes.len() as u64 != length {
        return None;
    }
    let dictionary = Dictionary::open(chunk, within(dictionary)?, &DataType::Int64)?;
    let values = dictionary.values.as_primitive::<Int64Type>().clone();
    let of_value: Vec<u32> = (0..u32::try_from(values.len()).ok()?).collect();
    // What lies behind the last value is null.
    let of_null = u32::try_from(values.len()).ok()?;
    let places = dictionary.numbers(&of_value, of_null, within(numbers)?, &BooleanBuffer::new_set(rows))?;
    let value = |place: &u32| values.values().get(*place as usize).copied();
    let numbers: Vec<_> = places.iter().map(|place| value(place).unwrap_or(0)).collect();
    let nulls = places
        .contains(&of_null)
        .then(|| NullBuffer::from_iter(places.iter().map(|place| *place != of_null)));
    Some(Int64Array::new(numbers.into(), nulls))
}
