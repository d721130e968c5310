//! Rows with their places: the first of two steps tells where each row lies, so that the second need not look for it.
//!
//! A place is the number of a part and that of a row in it. The first step reads names and what orders them, mostly whole numbers and
//! times: these are read page by page, and of a row group the pages alone in which rows were found, for to begin a scan costs
//! more than that. The second opens the row groups in which places lie, and chooses their rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, BooleanBufferBuilder, Int64Array, RecordBatch};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::{concat, filter};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;
use datafusion::parquet::file::page_index::offset_index::PageLocation;
use datafusion::parquet::file::statistics::Statistics;
use datafusion::physical_plan::filter::batch_filter;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::group::{Group, Reader, Scan as _};
use super::reading::{access, run};
use super::run::{Batches, Run};
use super::{ChooseExec, integers, queue};
use crate::provider::key;
use crate::store::Part;

/// The column of the places; no column of a table has a blank.
pub(crate) const PLACE: &str = "kept place";
/// Bits of a place that tell the row; the others tell the part.
const ROW_BITS: u32 = 32;

/// The place of a part's first row; `None` if its number or its rows are beyond what places can tell.
pub(super) fn of_part(part: &Part) -> Option<i64> {
    let number = i64::from(i32::try_from(part.number).ok()?);
    u32::try_from(part.rows).ok().map(|_| number << ROW_BITS)
}

/// The number of the part of a place, and that of the row.
fn apart(place: i64) -> (u64, usize) {
    let row = place & ((1 << ROW_BITS) - 1);
    ((place >> ROW_BITS).cast_unsigned(), row as usize)
}

/// Rows of one row group.
pub(crate) struct PlacedRows {
    run: Arc<Run>,
    group: Group,
    found: BooleanBuffer,
    /// How many they are.
    pub(crate) rows: usize,
}

/// The numbers of the parts in which places lie, which ascend.
pub(crate) fn parts_of(places: &[i64]) -> Vec<u64> {
    by_part(places).into_iter().map(|(number, _)| number).collect()
}

/// The parts in which places lie, and the rows that lie there.
fn by_part(places: &[i64]) -> Vec<(u64, Vec<usize>)> {
    let rows = |places: &[i64]| places.iter().map(|place| apart(*place).1).collect();
    let parts = places.chunk_by(|one, other| apart(*one).0 == apart(*other).0);
    parts.map(|places| (apart(places[0]).0, rows(places))).collect()
}

/// The row groups of a part in which rows lie, which ascend.
fn by_group(run: &Arc<Run>, groups: Vec<Group>, rows: &[usize]) -> Vec<PlacedRows> {
    let (mut rows, mut first) = (rows.iter().peekable(), 0);
    let mut pieces = Vec::new();
    for group in groups {
        let end = first + group.rows();
        let (mut found, mut count) = (BooleanBufferBuilder::new(group.rows()), 0);
        while let Some(row) = rows.next_if(|row| **row < end) {
            found.append_n(row - first - found.len(), false);
            found.append(true);
            count += 1;
        }
        found.append_n(group.rows() - found.len(), false);
        first = end;
        if count > 0 {
            pieces.push(PlacedRows {
                run: run.clone(),
                group,
                found: found.finish(),
                rows: count,
            });
        }
    }
    pieces
}

impl ChooseExec {
    /// The row groups in which places lie, which ascend; the rows of each come in the order of their places.
    pub(crate) async fn at(&self, places: &[i64], context: &Arc<TaskContext>) -> Result<Vec<PlacedRows>> {
        let run = Run::new(self, 0, context.clone())?;
        let mut pieces = Vec::new();
        for (number, rows) in by_part(places) {
            let part = run.parts().iter().find(|part| part.part.number == number);
            let part = part.ok_or_else(|| internal_datafusion_err!("places lie in parts that are scanned"))?;
            let groups = queue::groups(&run, part).await?;
            pieces.extend(by_group(&run, groups, &rows));
        }
        Ok(pieces)
    }
}

impl PlacedRows {
    /// Reads the rows.
    pub(crate) async fn read(self) -> Result<Batches> {
        let Self { run, group, found, .. } = self;
        if let Some(rows) = run.few_rows(&group, &found).await? {
            return Ok(rows);
        }
        run.rows(&group.with_nulls_told(run.table()), found)
    }
}

impl Run {
    /// The rows that were found in a row group, with their places behind the other columns.
    pub(super) fn placed(self: &Arc<Self>, group: &Group, found: BooleanBuffer) -> Batches {
        let (run, group) = (self.clone(), group.clone());
        stream::once(async move { run.read_placed(group, found).await })
            .try_flatten()
            .boxed()
    }

    async fn read_placed(self: Arc<Self>, group: Group, found: BooleanBuffer) -> Result<Batches> {
        let schema = self.schema();
        let (Some(filter), Some(plain)) = (self.filter()?, self.plain()) else {
            // Which of the rows the scan leaves out does not show in what it gives.
            let rows = run(self.chosen_rows(), &group, access(found), self.context())?;
            let rows = rows.and_then(move |rows| {
                let places = Int64Array::new_null(rows.num_rows());
                std::future::ready(with_places(&schema, &rows, places))
            });
            return Ok(rows.boxed());
        };
        let places = group.places(found.set_indices());
        let names = schema.fields().iter().map(|field| field.name());
        let names: Vec<_> = names.filter(|name| *name != PLACE).collect();
        let batch_rows = self.context().session_config().batch_size();
        let rows = if names.iter().all(|name| group.has_integers(name)) {
            self.pruned().add_matched(1);
            let mut reader = self.reader(&group.file)?;
            let mut columns = Vec::new();
            for name in names {
                columns.push(self.numbers(&group, name, &found, &mut reader).await?);
            }
            if columns.iter().any(|column| column.len() != places.len()) {
                return Err(group.with_other_rows());
            }
            columns.push(Arc::new(places));
            let rows = RecordBatch::try_new(schema, columns)?;
            // By the first of them a sort may learn that it wants few of the others.
            let pieces = (0..rows.num_rows()).step_by(batch_rows);
            let piece = move |start| Ok(rows.slice(start, batch_rows.min(rows.num_rows() - start)));
            stream::iter(pieces.map(piece)).boxed()
        } else {
            let group = group.with_nulls_told(self.table());
            // Without a filter, by which pages would be left out and the others not be where they are looked for.
            let rows = run(plain, &group, access(found), self.context())?;
            let mut done = 0;
            let rows = rows.map(move |rows| {
                let (rows, first) = (rows?, done);
                done += rows.num_rows();
                if done > places.len() {
                    return Err(group.with_other_rows());
                }
                with_places(&schema, &rows, places.slice(first, rows.num_rows()))
            });
            rows.boxed()
        };
        Ok(match filter {
            Some(filter) => rows
                .and_then(move |rows| std::future::ready(batch_filter(&rows, &filter)))
                .boxed(),
            None => rows,
        })
    }

    /// A column of whole numbers or times of the rows that were found.
    pub(super) async fn numbers(
        &self,
        group: &Group,
        name: &str,
        found: &BooleanBuffer,
        reader: &mut Reader,
    ) -> Result<ArrayRef> {
        let data_type = self.table().field_with_name(name)?.data_type();
        let chunk = group.leaf(name);
        let chunk = chunk.ok_or_else(|| internal_datafusion_err!("numbers are of a column"))?;
        if let Some(value) = only_value(chunk) {
            return key(data_type, Some(value)).to_array_of_size(found.count_set_bits());
        }
        if let Some(pages) = group.found_pages(chunk, name, found) {
            let bytes = reader.get_bytes(pages.bytes.clone()).await?;
            self.read(bytes.len());
            let rows = pages.rows.len();
            if let Some(pieces) = integers::of_pages(chunk, pages.locations, bytes, rows, data_type) {
                let found = BooleanArray::new(found.slice(pages.rows.start, rows), None);
                return Ok(filter(&joined(&pieces)?, &found)?);
            }
        }
        joined(&self.chosen_column(group, name, found, reader).await?)
    }
}

/// Rows with their places behind the other columns.
pub(super) fn with_places(schema: &SchemaRef, rows: &RecordBatch, places: Int64Array) -> Result<RecordBatch> {
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(places));
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// The value that all rows of a chunk have, if statistics know it.
fn only_value(chunk: &ColumnChunkMetaData) -> Option<i64> {
    match chunk.statistics()? {
        Statistics::Int64(known) if known.null_count_opt() == Some(0) => {
            let first = known.min_opt().filter(|_| known.min_is_exact())?;
            (known.max_opt() == Some(first) && known.max_is_exact()).then_some(*first)
        }
        _ => None,
    }
}

fn joined(pieces: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(concat(&pieces.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?)
}

/// Pages of a column that lie one behind the other.
struct Pages<'g> {
    locations: &'g [PageLocation],
    /// Where they lie in the file.
    bytes: Range<u64>,
    /// The rows that they have.
    rows: Range<usize>,
}

impl Group {
    /// The places of some rows; null where places cannot tell them.
    pub(super) fn places(&self, rows: impl Iterator<Item = usize>) -> Int64Array {
        match self.first_place {
            Some(first) => Int64Array::from_iter_values(rows.map(|row| first + row as i64)),
            None => Int64Array::new_null(rows.count()),
        }
    }

    /// The pages from the first to the last in which rows were found, of a column of differences; `None` where nothing is known of
    /// pages.
    fn found_pages(&self, chunk: &ColumnChunkMetaData, column: &str, found: &BooleanBuffer) -> Option<Pages<'_>> {
        if !integers::are_differences(chunk) {
            return None;
        }
        let (first, last) = (found.set_slices().next()?.0, found.set_slices().last()?.1);
        let all = self.page_index(column)?.1.page_locations();
        let begin = |page: &PageLocation| usize::try_from(page.first_row_index).unwrap_or(usize::MAX);
        let from = all.partition_point(|page| begin(page) <= first).checked_sub(1)?;
        let to = all.partition_point(|page| begin(page) < last);
        let locations = all.get(from..to)?;
        let rows = begin(locations.first()?)..all.get(to).map_or(self.rows(), begin);
        let start = u64::try_from(locations.first()?.offset).ok()?;
        let (offset, size) = (locations.last()?.offset, locations.last()?.compressed_page_size);
        let end = u64::try_from(offset).ok()?.checked_add(u64::try_from(size).ok()?)?;
        let (of_chunk, length) = chunk.byte_range();
        // What a damaged index tells of pages is not what the chunk has.
        let is_sound = rows.start <= first && last <= rows.end && rows.end <= self.rows();
        let is_within = of_chunk <= start && start <= end && end - of_chunk <= length;
        (is_sound && is_within).then_some(Pages {
            locations,
            bytes: start..end,
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u64, rows: u64) -> Part {
        let text = format!(r#"{{"number":{number},"rows":{rows},"bytes":1,"digest":"","ranges":{{}}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn places_tell_parts_and_rows() {
        let last = u64::from(u32::MAX);
        let place = |number: u64, row: u64| of_part(&part(number, last)).unwrap() + row as i64;
        let most = i32::MAX as u64;
        let places = [place(0, 0), place(0, 7), place(3, 1), place(most, last - 1)];
        assert!(places.is_sorted());
        assert_eq!(
            by_part(&places),
            [(0, vec![0, 7]), (3, vec![1]), (most, vec![last as usize - 1])]
        );
        assert_eq!(parts_of(&places), [0, 3, most]);
    }

    #[test]
    fn parts_beyond_what_places_can_tell_have_none() {
        assert_eq!(of_part(&part(1 << 31, 1)), None);
        assert_eq!(of_part(&part(u64::MAX, 1)), None);
        assert_eq!(of_part(&part(1, 1 << 32)), None);
    }
}
