//! A column of booleans of a row group: the rows of which a question is true, from what it says of false, of true and of null.
//!
//! Specification: Apache Parquet format, "Plain: (PLAIN = 0)": a bit a value, the lowest first. What is written otherwise is `None`
//! here: another reader reads it, or tells what is wrong.

use bytes::Bytes;
use datafusion::arrow::array::BooleanBufferBuilder;
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::column::page::PageReader;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use super::dictionary::Truth;
use super::pages::{self, Levels};

/// True if a chunk can be read here.
pub(super) fn are_readable(chunk: &ColumnChunkMetaData) -> bool {
    let encodings = chunk.page_encoding_stats_mask();
    chunk.column_type() == PhysicalType::BOOLEAN && encodings.is_some_and(|mask| mask.is_only(Encoding::PLAIN))
}

/// The rows of which the question is true, from the bytes of the chunk, where the values are false and true in this order.
pub(super) fn rows(chunk: &ColumnChunkMetaData, bytes: Bytes, truth: &Truth, rows: usize) -> Option<BooleanBuffer> {
    let [of_false, of_true] = <[u8; 2]>::try_from(truth.of_value.as_slice())
        .ok()?
        .map(|truth| truth == 1);
    let levels = Levels::of(chunk).filter(|levels| !levels.is_repeated)?;
    let mut pages = pages::open(chunk, Bytes::new(), bytes, rows)?;
    let (mut definition, mut left, mut found) = (Vec::new(), rows, BooleanBufferBuilder::new(rows));
    while let Some(page) = pages.get_next_page().ok()? {
        let (body, count) = pages::body(page, levels, |encoding| encoding == Encoding::PLAIN)?;
        left = left.checked_sub(count)?;
        let whole = levels.defined(&body, count, &mut definition)?;
        if body.values.len() < whole.div_ceil(8) {
            return None;
        }
        let values = BooleanBuffer::new(body.values.into(), 0, whole);
        if whole == count {
            match (of_false, of_true) {
                (false, true) => found.append_buffer(&values),
                (true, false) => found.append_buffer(&!&values),
                (same, _) => found.append_n(count, same),
            }
            continue;
        }
        let mut values = values.iter();
        for level in &definition {
            found.append(match *level == levels.whole {
                true if values.next()? => of_true,
                true => of_false,
                false => truth.of_null,
            });
        }
    }
    (left == 0).then(|| found.finish())
}
