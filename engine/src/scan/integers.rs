//! A column of whole numbers or times of a row group, page by page: from their differences, or by a dictionary.
//!
//! What is written otherwise is `None` here: another reader reads it, or tells what is wrong.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, TimestampNanosecondArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::common::Result;
use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::column::page::{Page, PageReader};
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::page_index::offset_index::PageLocation;

use super::delta;
use super::dictionary::{self, Dictionary};
use super::pages::{self, Levels};

/// True if a chunk can be read here.
pub(super) fn are_readable(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_type() == PhysicalType::INT64 && (dictionary::is_whole(chunk) || are_differences(chunk))
}

/// True if a chunk is of differences alone.
pub(super) fn are_differences(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_none()
        && chunk
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.is_only(Encoding::DELTA_BINARY_PACKED))
}

/// Gives the column page by page, from the bytes of its chunk; `None` if it ends before so many rows.
pub(super) fn each_page(
    chunk: &ColumnChunkMetaData,
    bytes: &Bytes,
    rows: usize,
    data_type: &DataType,
    mut each: impl FnMut(ArrayRef) -> Result<()>,
) -> Result<Option<()>> {
    let mut failed = None;
    let mut give = |numbers: Vec<i64>, nulls: Option<NullBuffer>| {
        let given = typed(numbers, nulls, data_type).map(&mut each)?;
        given.map_err(|error| failed = Some(error)).ok()
    };
    let whole = if are_differences(chunk) {
        pages::open(chunk, Bytes::new(), bytes.clone(), rows)
            .and_then(|pages| from_differences(chunk, pages, rows, &mut give))
    } else {
        by_dictionary(chunk, bytes, rows, &mut give)
    };
    match failed {
        Some(error) => Err(error),
        None => Ok(whole),
    }
}

fn typed(numbers: Vec<i64>, nulls: Option<NullBuffer>, data_type: &DataType) -> Option<ArrayRef> {
    match data_type {
        DataType::Int64 => Some(Arc::new(Int64Array::new(numbers.into(), nulls))),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => Some(Arc::new(
            TimestampNanosecondArray::new(numbers.into(), nulls).with_timezone_opt(zone.clone()),
        )),
        _ => None,
    }
}

type Give<'a> = dyn FnMut(Vec<i64>, Option<NullBuffer>) -> Option<()> + 'a;

/// The numbers of pages that lie one behind the other, from their bytes; `None` if they are not of so many rows.
pub(super) fn of_pages(
    chunk: &ColumnChunkMetaData,
    locations: &[PageLocation],
    bytes: Bytes,
    rows: usize,
    data_type: &DataType,
) -> Option<Vec<ArrayRef>> {
    let mut pieces = Vec::new();
    from_differences(
        chunk,
        pages::some(chunk, locations, bytes, rows)?,
        rows,
        &mut |numbers, nulls| {
            pieces.push(typed(numbers, nulls, data_type)?);
            Some(())
        },
    )?;
    Some(pieces)
}

fn from_differences(
    chunk: &ColumnChunkMetaData,
    mut pages: impl PageReader,
    rows: usize,
    give: &mut Give<'_>,
) -> Option<()> {
    let levels = Levels::of(chunk).filter(|levels| !levels.is_repeated)?;
    let (mut definition, mut left) = (Vec::new(), rows);
    while let Some(page) = pages.get_next_page().ok()? {
        if matches!(page, Page::DictionaryPage { .. }) {
            return None;
        }
        let (body, count) = pages::body(page, levels, |encoding| encoding == Encoding::DELTA_BINARY_PACKED)?;
        left = left.checked_sub(count)?;
        let whole = levels.defined(&body, count, &mut definition)?;
        let mut values = Vec::new();
        delta::decode(&body.values, whole, &mut values)?;
        if whole == count {
            give(values, None)?;
        } else {
            let (numbers, nulls) = spread(&values, &definition, levels.whole);
            give(numbers, Some(nulls))?;
        }
    }
    (left == 0).then_some(())
}

fn by_dictionary(chunk: &ColumnChunkMetaData, bytes: &Bytes, rows: usize, give: &mut Give<'_>) -> Option<()> {
    let (start, length) = chunk.byte_range();
    let (dictionary, numbers) = dictionary::places(chunk);
    let within = |range: Range<u64>| {
        let (start, end) = (range.start - start, range.end - start);
        Some(bytes.slice(usize::try_from(start).ok()?..usize::try_from(end).ok()?))
    };
    if bytes.len() as u64 != length {
        return None;
    }
    let dictionary = Dictionary::open(chunk, within(dictionary)?, &DataType::Int64)?;
    let known = dictionary.values.as_primitive::<Int64Type>().values().clone();
    let whole = dictionary.whole();
    let mut places = Vec::new();
    dictionary.each_page(within(numbers)?, rows, |page| {
        let places = page.decode(known.len(), &mut places)?;
        let values: Vec<_> = places.iter().map(|place| known[*place as usize]).collect();
        match page.levels {
            None => give(values, None),
            Some(levels) => {
                let (numbers, nulls) = spread(&values, levels, whole);
                give(numbers, Some(nulls))
            }
        }
    })
}

/// The numbers of all rows, from those of the rows whose level says that they have one.
fn spread(values: &[i64], levels: &[u8], whole: u8) -> (Vec<i64>, NullBuffer) {
    let mut values = values.iter();
    let value = |level: &u8| match *level == whole {
        true => values.next().copied().unwrap_or(0),
        false => 0,
    };
    let numbers = levels.iter().map(value).collect();
    (numbers, levels.iter().map(|level| *level == whole).collect())
}
