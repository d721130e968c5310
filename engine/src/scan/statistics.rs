//! What the footer of a part says of row groups, as DataFusion's pruning asks for it.

use std::collections::HashSet;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use datafusion::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

/// What the footer says of the columns of some row groups.
pub(super) struct Statistics<'a> {
    metadata: &'a ParquetMetaData,
    groups: Range<usize>,
    schema: &'a Schema,
}

impl<'a> Statistics<'a> {
    /// Of row groups of a part that exist.
    pub(super) fn new(metadata: &'a ParquetMetaData, groups: Range<usize>, schema: &'a Schema) -> Self {
        Self {
            metadata,
            groups,
            schema,
        }
    }

    fn of<T>(
        &self,
        column: &Column,
        take: impl FnOnce(&StatisticsConverter<'_>, slice::Iter<'_, RowGroupMetaData>) -> Option<T>,
    ) -> Option<T> {
        let schema = self.metadata.file_metadata().schema_descr();
        let field = self.schema.field_with_name(&column.name).ok()?;
        let is_column = |leaf: &usize| schema.column(*leaf).path().parts() == [column.name.as_str()];
        let leaf = (0..schema.num_columns()).find(is_column)?;
        let converter = StatisticsConverter::from_column_index(leaf, field, schema).ok()?;
        take(&converter, self.groups().iter())
    }

    fn groups(&self) -> &[RowGroupMetaData] {
        &self.metadata.row_groups()[self.groups.clone()]
    }
}

impl PruningStatistics for Statistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter, groups| converter.row_group_mins(groups).ok())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter, groups| converter.row_group_maxes(groups).ok())
    }

    fn num_containers(&self) -> usize {
        self.groups.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter, groups| {
            Some(Arc::new(converter.row_group_null_counts(groups).ok()?) as ArrayRef)
        })
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.groups().iter();
        let rows = rows.map(|group| u64::try_from(group.num_rows()).unwrap_or(0));
        Some(Arc::new(UInt64Array::from_iter_values(rows)))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
