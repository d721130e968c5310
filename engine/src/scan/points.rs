//! A few rows of a row group, all columns of them, without a scan: of each column the one page is read that holds a row, and of that
//! page the row.
//!
//! A scan makes a reader of each column, which decodes its dictionary as a whole and each value up to the row: for a row of a hundred
//! columns that is nearly all it takes. Here bytes of columns that lie side by side are read at once, and columns without any value
//! not at all.
//!
//! What is written in another way than tables are is `None`: a scan reads it, or tells what is wrong.
//!
//! Absent on purpose: rows that are many, of which a scan decodes each page once, too.

mod arrays;
mod bloom;
mod leaf;
mod page;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::page_index::offset_index::PageLocation;
use datafusion::parquet::schema::types::SchemaDescriptor;

use self::leaf::{Leaf, Reading};
use self::page::Room;
pub(super) use self::wanted::{Found, rows_with};
use super::dictionary;
use super::group::{Group, Reader};

/// Rows above which a scan reads them.
pub(super) const MOST_ROWS: usize = 1 << 10;
/// Bytes that are read in vain so that two reads are one.
const GAP_BYTES: u64 = 8 << 10;
/// Most bytes that are read of a row group at once: those of a whole one.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes of a chunk without page index that is read as a whole.
const SMALL_BYTES: u64 = 256 << 10;

/// Bytes of lz4, as they are once they are no longer compressed, above which two threads take them apart: half a millisecond's.
const MANY_BYTES: u64 = 512 << 10;
/// How many times as long those of zstd take.
const TIMES_SLOWER: u128 = 3;

/// Reads columns, by their places in the table, of rows of a row group, which ascend. Where they are many bytes two tasks read and take
/// apart the half of them each, with readers of their own.
pub(super) async fn read(
    group: &Group,
    table: &SchemaRef,
    columns: &[usize],
    rows: &[usize],
    reader: &mut Reader,
    others: impl FnOnce() -> Result<Option<[Reader; 2]>>,
) -> Result<Option<Vec<ArrayRef>>> {
    let Some(points) = Points::of(group, table, columns, rows) else {
        return Ok(None);
    };
    if let Some(half) = points.half()
        && let Some(readers) = others()?
    {
        return points.in_two(half, readers).await;
    }
    points.some(0..points.columns.len(), reader).await
}

/// What is read of a row group.
struct Points {
    group: Group,
    table: SchemaRef,
    columns: Vec<Column>,
    rows: Vec<usize>,
}

/// A column that is read.
struct Column {
    place: usize,
    /// Whether its value may be null.
    is_optional: bool,
    /// None if it has no value in the row group.
    leaves: Vec<Chunk>,
}

/// A leaf's chunk, and what is read of it.
struct Chunk {
    leaf: usize,
    dictionary: Option<Range<u64>>,
    pages: Vec<Page>,
}

/// A page, or a whole chunk of which nobody knows where its pages are.
struct Page {
    bytes: Range<u64>,
    /// The rows that it has.
    rows: Range<usize>,
    /// Those of the wanted rows that are on it, by their places among them.
    wanted: Range<usize>,
    is_chunk: bool,
}

/// Where the columns are in a row group; `None` if it has others than the table, or its pages are not where they can be.
fn columns_of(group: &Group, table: &Schema, columns: &[usize], rows: &[usize]) -> Option<Vec<Column>> {
    let schema = group.metadata.file_metadata().schema_descr();
    let roots = schema.root_schema().get_fields();
    let names = roots.iter().map(|root| root.name());
    if !names.eq(table.fields().iter().map(|field| field.name())) || rows.last()? >= &group.rows() {
        return None;
    }
    let leaves = leaves(schema, roots.len())?;
    let column = |place: &usize| {
        let root = roots.get(*place)?;
        let types = arrays::leaf_types(table.field(*place).data_type())?;
        let leaves = leaves.get(*place)?.clone();
        if types.len() != leaves.len() {
            return None;
        }
        let are_of = leaves
            .clone()
            .zip(types)
            .all(|(leaf, data_type)| arrays::are_of(&schema.column(leaf), data_type));
        if !are_of {
            return None;
        }
        let is_empty = leaves.len() == 1 && group.has_no_value(leaves.start);
        let leaves = leaves.filter(|_| !is_empty).map(|leaf| Chunk::of(group, leaf, rows));
        Some(Column {
            place: *place,
            is_optional: root.is_optional(),
            leaves: leaves.collect::<Option<_>>()?,
        })
    };
    columns.iter().map(column).collect()
}

/// The leaves of each column.
fn leaves(schema: &SchemaDescriptor, columns: usize) -> Option<Vec<Range<usize>>> {
    let mut leaves = vec![0..0; columns];
    for leaf in 0..schema.num_columns() {
        let root = leaves.get_mut(schema.get_column_root_idx(leaf))?;
        // Those of a column lie beside one another.
        *root = match root.end {
            0 => leaf..leaf + 1,
            _ => root.start..leaf + 1,
        };
    }
    Some(leaves)
}

impl Points {
    /// What is read of some columns; `None` as [`columns_of`].
    fn of(group: &Group, table: &SchemaRef, columns: &[usize], rows: &[usize]) -> Option<Self> {
        Some(Self {
            group: group.clone(),
            table: table.clone(),
            columns: columns_of(group, table, columns, rows)?,
            rows: rows.to_vec(),
        })
    }

    /// How many columns take nearest to half the time of all; `None` if all take little, or there is but one.
    fn half(&self) -> Option<usize> {
        let cost =
            |column: &Column| (column.leaves.iter()).fold(0, |sum: u64, chunk| sum.saturating_add(self.cost_of(chunk)));
        let costs: Vec<_> = self.columns.iter().map(cost).collect();
        let all = costs.iter().copied().fold(0, u64::saturating_add);
        if all < MANY_BYTES {
            return None;
        }
        let mut before = 0_u64;
        let cuts = (1..costs.len()).map(|cut| {
            before = before.saturating_add(costs[cut - 1]);
            (before.abs_diff(all / 2), cut)
        });
        cuts.min().map(|(_, cut)| cut)
    }

    /// What it takes to take a chunk apart, in bytes of lz4: as many times those that are read as it is larger when it is not compressed.
    fn cost_of(&self, chunk: &Chunk) -> u64 {
        let read: u64 = chunk.ranges().map(|range| range.end - range.start).sum();
        let Some((described, _)) = self.group.pages(chunk.leaf) else {
            return read;
        };
        let [whole, compressed] = [described.uncompressed_size(), described.compressed_size()].map(i64::unsigned_abs);
        let slower = match described.compression() {
            Compression::ZSTD(_) => TIMES_SLOWER,
            _ => 1,
        };
        let bytes = u128::from(read) * u128::from(whole) / u128::from(compressed.max(1)) * slower;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// The columns, so many by one task and the others by another. Both are spawned: what a thread has spawned last no other takes from it.
    async fn in_two(self, first: usize, readers: [Reader; 2]) -> Result<Option<Vec<ArrayRef>>> {
        let points = Arc::new(self);
        let halves = [0..first, first..points.columns.len()];
        let halves = halves.into_iter().zip(readers).map(|(columns, mut reader)| {
            let points = points.clone();
            SpawnedTask::spawn(async move { points.some(columns, &mut reader).await })
        });
        let mut columns = Some(Vec::new());
        for half in halves.collect::<Vec<_>>() {
            let half = half.join_unwind().await;
            let half = half.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??;
            columns = columns.zip(half).map(|(columns, half)| [columns, half].concat());
        }
        Ok(columns)
    }

    /// Some of the columns.
    async fn some(&self, columns: Range<usize>, reader: &mut Reader) -> Result<Option<Vec<ArrayRef>>> {
        let Some(columns) = self.columns.get(columns) else {
            return Ok(None);
        };
        let ranges = columns.iter().flat_map(Column::ranges);
        let Some(pieces) = Pieces::read(ranges.collect(), reader).await? else {
            return Ok(None);
        };
        let mut nulls = HashMap::new();
        let arrays = Room::with(|room| {
            let arrays = columns.iter().map(|column| {
                if column.leaves.is_empty() {
                    let data_type = self.table.field(column.place).data_type();
                    let new = || new_null_array(data_type, self.rows.len());
                    return Some(ArrayRef::clone(nulls.entry(data_type).or_insert_with(new)));
                }
                self.array(column, &pieces, room)
            });
            arrays.collect()
        });
        Ok(arrays)
    }

    fn array(&self, column: &Column, pieces: &Pieces, room: &mut Room) -> Option<ArrayRef> {
        let data_type = self.table.field(column.place).data_type();
        let leaves = column.leaves.iter().map(|chunk| self.leaf(chunk, pieces, room));
        let column = arrays::column(leaves.collect::<Option<_>>()?, data_type, column.is_optional)?;
        (column.len() == self.rows.len()).then_some(column)
    }

    fn leaf(&self, chunk: &Chunk, pieces: &Pieces, room: &mut Room) -> Option<Leaf> {
        let (described, _) = self.group.pages(chunk.leaf)?;
        let mut reading = Reading::new(described, self.group.rows())?;
        let mut dictionary = chunk.dictionary.as_ref().and_then(|range| pieces.get(range));
        let mut of_page = Vec::new();
        for page in &chunk.pages {
            let bytes = pieces.get(&page.bytes)?;
            let wanted = self.rows.get(page.wanted.clone())?;
            if page.is_chunk {
                reading.chunk(bytes, wanted, room)?;
                dictionary = Some(bytes);
                continue;
            }
            of_page.clear();
            of_page.extend(wanted.iter().map(|row| row - page.rows.start));
            reading.page(bytes, page.rows.len(), &of_page, room)?;
        }
        reading.end(dictionary, room)
    }
}

impl Column {
    /// What is to be read.
    fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.leaves.iter().flat_map(Chunk::ranges)
    }
}

impl Chunk {
    /// What is to be read.
    fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let pages = self.pages.iter().map(|page| page.bytes.clone());
        pages.chain(self.dictionary.clone())
    }

    fn of(group: &Group, leaf: usize, wanted: &[usize]) -> Option<Self> {
        let (chunk, locations) = group.pages(leaf)?;
        let (start, length) = chunk.byte_range();
        let of_chunk = start..start.checked_add(length)?;
        let rows = group.rows();
        let Some(locations) = locations else {
            let page = Page {
                bytes: of_chunk,
                rows: 0..rows,
                wanted: 0..wanted.len(),
                is_chunk: true,
            };
            return (length <= SMALL_BYTES).then(|| Self {
                leaf,
                dictionary: None,
                pages: vec![page],
            });
        };
        let mut pages = Vec::new();
        let mut from = 0;
        while let Some(row) = wanted.get(from) {
            let (bytes, of_page) = page_of(locations, *row, rows)?;
            let to = from + wanted[from..].partition_point(|row| *row < of_page.end);
            if bytes.start < of_chunk.start || bytes.end > of_chunk.end {
                return None;
            }
            pages.push(Page {
                bytes,
                rows: of_page,
                wanted: from..to,
                is_chunk: false,
            });
            from = to;
        }
        let dictionary = chunk.dictionary_page_offset().map(|_| dictionary::places(chunk).0);
        Some(Self {
            leaf,
            dictionary,
            pages,
        })
    }
}

/// The place of the page that holds a row, and its rows.
fn page_of(locations: &[PageLocation], row: usize, rows: usize) -> Option<(Range<u64>, Range<usize>)> {
    let first = |location: &PageLocation| usize::try_from(location.first_row_index).ok();
    let place = locations
        .partition_point(|location| location.first_row_index <= row as i64)
        .checked_sub(1)?;
    let location = locations.get(place)?;
    let end = locations.get(place + 1).map_or(Some(rows), first)?;
    let of_page = first(location)?..end;
    let start = u64::try_from(location.offset).ok()?;
    let length = u64::try_from(location.compressed_page_size).ok()?;
    // Of damaged locations the first may not be the first.
    (of_page.contains(&row) && end <= rows).then_some((start..start.checked_add(length)?, of_page))
}

/// Bytes of a part.
struct Pieces {
    /// Where they are, ascending.
    pieces: Vec<Range<u64>>,
    bytes: Vec<Bytes>,
}

impl Pieces {
    /// Reads some ranges; `None` if they are too many bytes.
    async fn read(ranges: Vec<Range<u64>>, reader: &mut Reader) -> Result<Option<Self>> {
        let Some(pieces) = joined(ranges) else {
            return Ok(None);
        };
        let bytes = reader.get_byte_ranges(pieces.clone()).await?;
        Ok(Some(Self { pieces, bytes }))
    }

    fn get(&self, range: &Range<u64>) -> Option<&[u8]> {
        let (bytes, within) = self.place(range)?;
        bytes.get(within)
    }

    /// The same, that can be kept.
    fn bytes_of(&self, range: &Range<u64>) -> Option<Bytes> {
        let (bytes, within) = self.place(range)?;
        Some(bytes.slice(within))
    }

    fn place(&self, range: &Range<u64>) -> Option<(&Bytes, Range<usize>)> {
        let place = self
            .pieces
            .partition_point(|piece| piece.start <= range.start)
            .checked_sub(1)?;
        let (start, bytes) = (self.pieces[place].start, self.bytes.get(place)?);
        let within = |at: u64| {
            usize::try_from(at.checked_sub(start)?)
                .ok()
                .filter(|at| *at <= bytes.len())
        };
        Some((bytes, within(range.start)?..within(range.end)?)).filter(|(_, within)| within.start <= within.end)
    }
}

/// The ranges with those joined that lie near one another; `None` if they are too many bytes.
fn joined(mut ranges: Vec<Range<u64>>) -> Option<Vec<Range<u64>>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut pieces: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match pieces
            .last_mut()
            .filter(|last| range.start <= last.end.saturating_add(GAP_BYTES))
        {
            Some(last) => last.end = last.end.max(range.end),
            None => pieces.push(range),
        }
    }
    let bytes = pieces
        .iter()
        .try_fold(0_u64, |sum, piece| sum.checked_add(piece.end.checked_sub(piece.start)?))?;
    (bytes <= MOST_BYTES).then_some(pieces)
}
