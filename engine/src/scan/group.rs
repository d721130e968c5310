//! A row group of a part: whether its statistics rule out a filter, and which of its rows a condition is true of.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{Schema, SchemaRef, UInt64Type};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::parquet::file::page_index::offset_index::{OffsetIndexMetaData, PageLocation};

use super::dictionary::{self, Dictionary};
use super::flags;
use super::integers;
use super::keyed::{Otherwise, Places};
use super::pages;
use super::question::{Condition, Question};
use super::statistics::Statistics;
use super::wanted::Wanted;
use crate::Error;

/// A row group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) file: PartitionedFile,
    pub(super) metadata: Arc<ParquetMetaData>,
    pub(super) number: usize,
    /// The place of its first row, if places can tell it.
    pub(super) first_place: Option<i64>,
}

/// How chunks of a part are read.
pub(super) type Reader = Box<dyn AsyncFileReader + Send>;

impl Group {
    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.described().num_rows()).unwrap_or(0)
    }

    fn described(&self) -> &RowGroupMetaData {
        self.metadata.row_group(self.number)
    }

    /// The first leaf of a column of the table: of a map its keys.
    pub(super) fn leaf(&self, column: &str) -> Option<&ColumnChunkMetaData> {
        let mut leaves = self.described().columns().iter();
        leaves.find(|leaf| leaf.column_path().parts().first().is_some_and(|root| root == column))
    }

    /// The place of a column that is a leaf.
    pub(super) fn leaf_of(&self, column: &str) -> Option<usize> {
        let mut leaves = self.described().columns().iter();
        leaves.position(|leaf| leaf.column_path().parts() == [column])
    }

    /// What is known of the pages of a column, and where they are.
    pub(super) fn page_index(&self, column: &str) -> Option<(&ColumnIndexMetaData, &OffsetIndexMetaData)> {
        let leaf = self.leaf_of(column)?;
        let index = self.metadata.column_index()?.get(self.number)?.get(leaf)?;
        let offsets = self.metadata.offset_index()?.get(self.number)?.get(leaf)?;
        Some((index, offsets))
    }

    /// What is wrong where a column has other rows than the row group.
    pub(super) fn with_other_rows(&self) -> DataFusionError {
        Error::part(self.file.path(), "its columns have other rows than its footer says")
    }

    /// False if a column has pages that tell what they hold, and none can hold one of the values.
    pub(super) fn has_page(&self, wanted: &Wanted) -> bool {
        self.pages_with(wanted).is_none_or(|pages| !pages.is_empty())
    }

    /// The rows of the pages of a column that can hold one of the values, if the pages tell what they hold.
    pub(super) fn pages_with(&self, wanted: &Wanted) -> Option<Vec<Range<usize>>> {
        self.pages_where(&wanted.column, |first, last| wanted.may_lie_in(first, last))
    }

    /// The rows of the pages of a column whose smallest and largest value may be those of wanted rows, if the pages tell what they
    /// hold.
    pub(super) fn pages_where(
        &self,
        column: &str,
        may_be_wanted: impl Fn(i64, i64) -> bool,
    ) -> Option<Vec<Range<usize>>> {
        let (ColumnIndexMetaData::INT64(index), offsets) = self.page_index(column)? else {
            return None;
        };
        let locations = offsets.page_locations();
        let may_hold = |page: usize| match (index.min_value(page), index.max_value(page)) {
            (Some(first), Some(last)) => may_be_wanted(*first, *last),
            _ => !index.is_null_page(page),
        };
        // What a damaged index tells of pages is told of others.
        let ascend = locations.is_sorted_by(|one, other| one.first_row_index < other.first_row_index);
        let is_first = locations.first()?.first_row_index == 0;
        let is_within = usize::try_from(locations.last()?.first_row_index).is_ok_and(|last| last < self.rows());
        if index.num_pages() as usize != locations.len() || !ascend || !is_first || !is_within {
            return None;
        }
        let row = |page: usize| match locations.get(page) {
            Some(location) => usize::try_from(location.first_row_index).ok(),
            None => Some(self.rows()),
        };
        let pages = (0..locations.len()).filter(|page| may_hold(*page));
        pages.map(|page| Some(row(page)?..row(page + 1)?)).collect()
    }

    /// The chunk of a leaf, and where its pages are, if that is known.
    pub(super) fn pages(&self, leaf: usize) -> Option<(&ColumnChunkMetaData, Option<&[PageLocation]>)> {
        let chunk = self.described().columns().get(leaf)?;
        let Some(index) = self.metadata.offset_index() else {
            return Some((chunk, None));
        };
        let locations = index.get(self.number)?.get(leaf)?.page_locations();
        Some((chunk, Some(locations)))
    }

    /// True if a leaf is known to have no value in the row group.
    pub(super) fn has_no_value(&self, leaf: usize) -> bool {
        let chunk = self.described().columns().get(leaf);
        let nulls = chunk.and_then(|chunk| chunk.statistics()?.null_count_opt());
        nulls == Some(self.rows() as u64)
    }

    /// The values of a map.
    fn items(&self, column: &str) -> Option<&ColumnChunkMetaData> {
        let mut leaves = self.described().columns().iter();
        leaves.rfind(|leaf| leaf.column_path().parts().first().is_some_and(|root| root == column))
    }

    /// True if a dictionary answers a question.
    fn has_dictionary(&self, question: &Question) -> bool {
        self.leaf(question.column()).is_some_and(dictionary::is_whole)
    }

    /// Bytes of the chunks by which a question is answered; none if a scan is to answer it.
    fn cost(&self, question: &Question) -> Option<usize> {
        let is_readable = |chunk: &&ColumnChunkMetaData| {
            dictionary::is_whole(chunk) || integers::are_readable(chunk) || flags::are_readable(chunk)
        };
        let chunk = self.leaf(question.column()).filter(is_readable)?;
        let items = question.key().and_then(|_| self.items(question.column()));
        let size = |chunk: &ColumnChunkMetaData| usize::try_from(chunk.compressed_size()).ok();
        Some(size(chunk)? + items.map_or(Some(0), size)?)
    }

    fn statistics<'a>(&'a self, schema: &'a Schema) -> Statistics<'a> {
        Statistics::new(&self.metadata, self.number..self.number + 1, schema)
    }

    /// The row group with statistics for a scan of it: columns without any value are not read.
    pub(super) fn with_nulls_told(mut self, schema: &Schema) -> Self {
        let rows = self.rows();
        let is_null = |chunk: &&ColumnChunkMetaData| {
            let nulls = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
            nulls == Some(rows as u64) && chunk.column_path().parts().len() == 1
        };
        let columns = self.described().columns().iter();
        // Such columns are one leaf each.
        let nulls: HashSet<_> = columns
            .filter(is_null)
            .filter_map(|chunk| chunk.column_path().parts().first())
            .collect();
        let mut statistics = datafusion::common::Statistics::new_unknown(schema);
        statistics.num_rows = Precision::Exact(rows);
        for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
            if nulls.contains(field.name()) {
                column.null_count = Precision::Exact(rows);
            }
        }
        self.file = self.file.with_statistics(Arc::new(statistics));
        self
    }

    /// Smallest and largest value of a column, where statistics know them.
    pub(super) fn range(&self, column: &str, schema: &Schema) -> Option<(ScalarValue, ScalarValue)> {
        let statistics = self.statistics(schema);
        let column = Column::from_name(column);
        let value = |array: ArrayRef| {
            ScalarValue::try_from_array(&array, 0)
                .ok()
                .filter(|value| !value.is_null())
        };
        Some((
            statistics.min_values(&column).and_then(value)?,
            statistics.max_values(&column).and_then(value)?,
        ))
    }

    /// The rows of which a condition is true. Questions that no dictionary answers are asked of `scan`, which reads the
    /// column.
    pub(super) async fn find(
        &self,
        condition: &Condition,
        reader: &mut Reader,
        scan: &dyn Scan,
    ) -> Result<BooleanBuffer> {
        let (parts, is_all) = match condition {
            Condition::One(question) => return self.answer(question, reader, scan).await,
            Condition::All(parts) => (parts, true),
            Condition::Any(parts) => (parts, false),
        };
        let mut parts: Vec<_> = parts.iter().collect();
        parts.sort_by_key(|part| self.dearest(part));
        let mut found: Option<BooleanBuffer> = None;
        for part in parts {
            // Nothing more can be found among no rows, or beside all of them.
            let decided = |found: &BooleanBuffer| found.count_set_bits() == if is_all { 0 } else { found.len() };
            if found.as_ref().is_some_and(decided) {
                break;
            }
            let of_part = Box::pin(self.find(part, reader, scan)).await?;
            found = Some(match found {
                None => of_part,
                Some(found) if is_all => &found & &of_part,
                Some(found) => &found | &of_part,
            });
        }
        Ok(found.unwrap_or_else(|| BooleanBuffer::new_set(self.rows())))
    }

    /// What the dearest question of a condition costs.
    fn dearest(&self, condition: &Condition) -> usize {
        match condition {
            Condition::One(question) => self.cost(question).unwrap_or(usize::MAX),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().map(|part| self.dearest(part)).max().unwrap_or(0)
            }
        }
    }

    async fn answer(&self, question: &Question, reader: &mut Reader, scan: &dyn Scan) -> Result<BooleanBuffer> {
        if self.has_dictionary(question)
            && let Some(chunk) = self.leaf(question.column())
            && let Some(found) = self.look_up(question, chunk, reader, scan).await?
        {
            return Ok(found);
        }
        if let Some(found) = self.ask_flags(question, reader, scan).await? {
            return Ok(found);
        }
        if self.is_within(question, scan.table())? {
            return Ok(BooleanBuffer::new_set(self.rows()));
        }
        let mut found = BooleanBufferBuilder::new(self.rows());
        let hold = |column: ArrayRef| {
            found.append_buffer(&question.holds(&column)?);
            Ok(())
        };
        if self
            .each_integers(question.column(), reader, scan, hold)
            .await?
            .is_some()
        {
            return Ok(found.finish());
        }
        let mut found = BooleanBufferBuilder::new(self.rows());
        for column in scan.column(self, question.column()).await? {
            found.append_buffer(&question.holds(&column)?);
        }
        Ok(found.finish())
    }

    /// The rows of which a question is true, of a column of booleans.
    async fn ask_flags(
        &self,
        question: &Question,
        reader: &mut Reader,
        scan: &dyn Scan,
    ) -> Result<Option<BooleanBuffer>> {
        let Some(chunk) = self.leaf(question.column()).filter(|chunk| flags::are_readable(chunk)) else {
            return Ok(None);
        };
        let values: ArrayRef = Arc::new(BooleanArray::from(vec![false, true]));
        let Some(truth) = question.truth(&values)? else {
            return Ok(None);
        };
        let (start, length) = chunk.byte_range();
        let bytes = reader.get_bytes(start..start + length).await?;
        scan.read(bytes.len());
        Ok(flags::rows(chunk, bytes, &truth, self.rows()))
    }

    /// True if a column is of whole numbers or times that can be read page by page.
    pub(super) fn has_integers(&self, name: &str) -> bool {
        self.leaf(name).is_some_and(integers::are_readable)
    }

    /// Gives a column of whole numbers or times page by page; `None` if it is another column, or not written as it should be.
    pub(super) async fn each_integers(
        &self,
        name: &str,
        reader: &mut Reader,
        scan: &dyn Scan,
        each: impl FnMut(ArrayRef) -> Result<()>,
    ) -> Result<Option<()>> {
        let Some(chunk) = self.leaf(name).filter(|chunk| integers::are_readable(chunk)) else {
            return Ok(None);
        };
        let (start, length) = chunk.byte_range();
        let bytes = reader.get_bytes(start..start + length).await?;
        scan.read(bytes.len());
        let data_type = scan.table().field_with_name(name)?.data_type();
        integers::each_page(chunk, &bytes, self.rows(), data_type, each)
    }

    /// True if a range of time holds of all rows: of the first and of the last.
    fn is_within(&self, question: &Question, schema: &Schema) -> Result<bool> {
        if !question.is_range() {
            return Ok(false);
        }
        let statistics = self.statistics(schema);
        let column = Column::from_name(question.column());
        let is_set = |nulls: ArrayRef| {
            nulls
                .as_primitive::<UInt64Type>()
                .values()
                .iter()
                .all(|nulls| *nulls == 0)
        };
        let ends = match self.range(question.column(), schema) {
            Some((first, last)) if statistics.null_counts(&column).is_some_and(is_set) => {
                ScalarValue::iter_to_array([first, last])?
            }
            _ => return Ok(false),
        };
        Ok(question.holds(&ends)?.count_set_bits() == ends.len())
    }

    /// Asks the dictionary of a chunk, and reads the numbers only if some of its values are looked for and some are not.
    async fn look_up(
        &self,
        question: &Question,
        chunk: &ColumnChunkMetaData,
        reader: &mut Reader,
        scan: &dyn Scan,
    ) -> Result<Option<BooleanBuffer>> {
        let (dictionary, numbers) = dictionary::places(chunk);
        let bytes = reader.get_bytes(dictionary).await?;
        scan.read(bytes.len());
        let Some(dictionary) = Dictionary::open(chunk, bytes, question.value_type()) else {
            return Ok(None);
        };
        if let Some(key) = question.key() {
            return self.look_up_key(question, key, dictionary, numbers, reader, scan).await;
        }
        let Some(truth) = question.truth(&dictionary.values)? else {
            return Ok(None);
        };
        let no_nulls = || {
            let statistics = chunk.statistics();
            !dictionary.is_repeated() && statistics.and_then(|known| known.null_count_opt()) == Some(0)
        };
        if !truth.of_value.contains(&0) && (truth.of_null && !dictionary.is_repeated() || no_nulls()) {
            return Ok(Some(BooleanBuffer::new_set(self.rows())));
        }
        if !truth.of_null && !truth.of_value.contains(&1) {
            return Ok(Some(BooleanBuffer::new_unset(self.rows())));
        }
        let bytes = reader.get_bytes(numbers).await?;
        scan.read(bytes.len());
        Ok(dictionary.rows(&truth, bytes, self.rows()))
    }

    /// Asks about the value of a key, from the dictionary of the keys on.
    async fn look_up_key(
        &self,
        question: &Question,
        key: &str,
        keys: Dictionary<'_>,
        numbers: Range<u64>,
        reader: &mut Reader,
        scan: &dyn Scan,
    ) -> Result<Option<BooleanBuffer>> {
        let truth = question.truth_of_key(key, &[])?;
        let [of_null, of_missing, of_no_map] = [0, 1, 2].map(|place| u8::from(truth.value(place)));
        let otherwise = Otherwise {
            of_null,
            of_missing,
            of_no_map,
        };
        let bytes = reader.get_bytes(numbers).await?;
        scan.read(bytes.len());
        let (Some(places), Some(items)) = (
            Places::of(&keys, key, bytes, self.rows()),
            self.items(question.column()),
        ) else {
            return Ok(None);
        };
        if !places.are_any() {
            return Ok(Some(pages::bits(&places.without(otherwise))));
        }
        let (start, length) = items.byte_range();
        let bytes = reader.get_bytes(start..start + length).await?;
        scan.read(bytes.len());
        let found = places.ask(items, bytes, otherwise, |texts| question.truth_of_key(key, texts))?;
        Ok(found.map(|found| pages::bits(&found)))
    }
}

/// How a row group's column is read where there is no dictionary.
#[async_trait::async_trait]
pub(super) trait Scan: Sync {
    /// The column of a row group, in pieces.
    async fn column(&self, group: &Group, name: &str) -> Result<Vec<ArrayRef>>;

    /// The table's schema, as it is scanned.
    fn table(&self) -> &SchemaRef;

    /// Learns that so many bytes were read.
    fn read(&self, bytes: usize);
}
