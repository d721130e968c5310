//! The rows of a row group whose id is one of some that are wanted: of the pages that can hold one, each is compared as a whole.
//!
//! What is written in another way than ids are is `None`: a scan finds the rows.

use std::ops::Range;

use bytes::Bytes;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::parquet::basic::{Encoding, Type as PhysicalType};
use datafusion::parquet::column::page::PageReader;
use datafusion::parquet::file::metadata::ColumnChunkMetaData;

use super::{Pieces, bloom, page_of};
use crate::scan::delta;
use crate::scan::dictionary::{self, Dictionary};
use crate::scan::group::{Group, Reader};
use crate::scan::pages::{self, Levels};
use crate::scan::wanted::Wanted;

/// Finds the rows, ascending, that have one of the values of the list that leaves the fewest pages.
pub(in crate::scan) async fn rows_with<'a>(
    group: &Group,
    lists: &'a [Wanted],
    reader: &mut Reader,
) -> Result<Option<Found<'a>>> {
    let pages = lists
        .iter()
        .filter_map(|wanted| Some((group.pages_with(wanted)?, wanted)));
    let Some((pages, wanted)) = pages.min_by_key(|(pages, _)| pages.len()) else {
        return Ok(None);
    };
    let Some(search) = Search::new(group, wanted, &pages) else {
        return Ok(None);
    };
    let part_bytes = group.file.object_meta.size;
    if !bloom::may_have(search.chunk, wanted, part_bytes, reader).await? {
        return Ok(Some(Found {
            of: wanted,
            rows: Vec::new(),
            read: 0,
            passed_over: search.pages.len() + search.other_pages,
        }));
    }
    let ranges = search.dictionary.iter().cloned();
    let ranges = ranges.chain(search.pages.iter().map(|(bytes, _)| bytes.clone()));
    let Some(pieces) = Pieces::read(ranges.collect(), reader).await? else {
        return Ok(None);
    };
    let found = search.rows(&pieces).map(|rows| Found {
        of: wanted,
        rows,
        read: search.pages.len(),
        passed_over: search.other_pages,
    });
    Ok(found)
}

/// The rows that were found.
pub(in crate::scan) struct Found<'a> {
    /// The list whose values these rows have, and no others.
    pub(in crate::scan) of: &'a Wanted,
    pub(in crate::scan) rows: Vec<usize>,
    /// How many pages were read, and how many had no need to be.
    pub(in crate::scan) read: usize,
    pub(in crate::scan) passed_over: usize,
}

/// What is compared.
struct Search<'a> {
    chunk: &'a ColumnChunkMetaData,
    wanted: &'a Wanted,
    levels: Levels,
    /// Rows of the row group.
    rows: usize,
    dictionary: Option<Range<u64>>,
    /// Where pages are, and their rows.
    pages: Vec<(Range<u64>, Range<usize>)>,
    /// How many others there are.
    other_pages: usize,
}

impl<'a> Search<'a> {
    fn new(group: &'a Group, wanted: &'a Wanted, pages: &[Range<usize>]) -> Option<Self> {
        let leaf = group.leaf_of(&wanted.column)?;
        let (chunk, locations) = group.pages(leaf)?;
        let rows = group.rows();
        let levels = Levels::of(chunk).filter(|levels| !levels.is_repeated)?;
        let locations = locations?;
        let other_pages = locations.len().saturating_sub(pages.len());
        let pages = pages.iter().map(|of_page| page_of(locations, of_page.start, rows));
        let search = Self {
            chunk,
            wanted,
            levels,
            rows,
            dictionary: chunk.dictionary_page_offset().map(|_| dictionary::places(chunk).0),
            pages: pages.collect::<Option<_>>()?,
            other_pages,
        };
        (chunk.column_type() == PhysicalType::INT64).then_some(search)
    }

    fn rows(&self, pieces: &Pieces) -> Option<Vec<usize>> {
        let mut of_value = None;
        if let Some(dictionary) = &self.dictionary {
            let dictionary = Dictionary::open(self.chunk, pieces.bytes_of(dictionary)?, &DataType::Int64)?;
            let values = dictionary.values.as_primitive::<Int64Type>().values();
            let are_wanted: Vec<_> = values.iter().map(|value| u8::from(self.wanted.has(*value))).collect();
            if !are_wanted.contains(&1) && dictionary::is_whole(self.chunk) {
                return Some(Vec::new());
            }
            of_value = Some(are_wanted);
        }
        let mut found = Vec::new();
        let mut scratch = Scratch::default();
        for (bytes, of_page) in &self.pages {
            self.page(pieces.bytes_of(bytes)?, of_page, of_value.as_deref(), &mut scratch)?;
            let mut are_wanted = scratch.are_wanted.iter().map(|is_wanted| *is_wanted == 1);
            if scratch.definition.is_empty() {
                let rows = are_wanted.enumerate();
                found.extend(rows.filter_map(|(row, is_wanted)| is_wanted.then_some(of_page.start + row)));
                continue;
            }
            for (row, level) in scratch.definition.iter().enumerate() {
                if *level == self.levels.whole && are_wanted.next()? {
                    found.push(of_page.start + row);
                }
            }
        }
        Some(found)
    }

    /// Says of each value of a page whether it is wanted, and, if not all rows have one, the level of each.
    fn page(&self, bytes: Bytes, rows: &Range<usize>, of_value: Option<&[u8]>, scratch: &mut Scratch) -> Option<()> {
        let page = pages::open(self.chunk, Bytes::new(), bytes, self.rows)?
            .get_next_page()
            .ok()??;
        let encoding = page.encoding();
        let (body, count) = pages::body(page, self.levels, |_| true)?;
        (count == rows.len()).then_some(())?;
        let whole = self.levels.defined(&body, count, &mut scratch.definition)?;
        if whole == count {
            scratch.definition.clear();
        }
        match encoding {
            Encoding::DELTA_BINARY_PACKED => {
                scratch.values.clear();
                delta::decode(&body.values, whole, &mut scratch.values)?;
                let are_wanted = scratch.values.iter().map(|value| u8::from(self.wanted.has(*value)));
                scratch.are_wanted.clear();
                scratch.are_wanted.extend(are_wanted);
                Some(())
            }
            encoding if dictionary::is_dictionary(encoding) => {
                dictionary::truths(&body, whole, of_value?, &mut scratch.are_wanted)
            }
            Encoding::PLAIN => {
                let (values, rest) = body.values.as_chunks::<8>();
                (values.len() == whole && rest.is_empty()).then_some(())?;
                let has = |value: &[u8; 8]| u8::from(self.wanted.has(i64::from_le_bytes(*value)));
                scratch.are_wanted.clear();
                scratch.are_wanted.extend(values.iter().map(has));
                Some(())
            }
            _ => None,
        }
    }
}

/// Room that pages share.
#[derive(Default)]
struct Scratch {
    definition: Vec<u8>,
    values: Vec<i64>,
    /// Of each value: 1 if it is wanted.
    are_wanted: Vec<u8>,
}
