//! What the manifest knows of parts, as DataFusion asks for it: statistics, and ranges to prune by.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampNanosecondArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue, Statistics};

use crate::columns::RANGED;
use crate::store::{Columns, Content, Part};

/// Statistics of some parts: exact numbers of rows, and the ranges of keys.
pub(super) fn statistics(schema: &Schema, parts: &[&Part]) -> Statistics {
    let column = |field: &Arc<Field>| {
        if !RANGED.contains(&field.name().as_str()) {
            return ColumnStatistics::new_unknown();
        }
        let ranges: Option<Vec<_>> = parts
            .iter()
            .map(|part| part.ranges.get(field.name()).copied())
            .collect();
        let ranges = ranges.unwrap_or_default();
        let bound = |value: Option<i64>| match value {
            Some(value) => Precision::Exact(key(field.data_type(), Some(value))),
            None => Precision::Absent,
        };
        ColumnStatistics {
            min_value: bound(ranges.iter().map(|range| range.0).min()),
            max_value: bound(ranges.iter().map(|range| range.1).max()),
            ..ColumnStatistics::new_unknown()
        }
    };
    Statistics {
        num_rows: Precision::Exact(parts.iter().map(|part| part.rows as usize).sum()),
        total_byte_size: Precision::Inexact(parts.iter().map(|part| part.bytes as usize).sum()),
        column_statistics: schema.fields().iter().map(column).collect(),
    }
}

/// A key of the manifest as a value of its column's type.
pub(crate) fn key(data_type: &DataType, value: Option<i64>) -> ScalarValue {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => ScalarValue::TimestampNanosecond(value, zone.clone()),
        _ => ScalarValue::Int64(value),
    }
}

/// What the manifest knows of some parts, as DataFusion's pruning asks for it.
pub(crate) struct Ranges<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) columns: &'a Columns,
    pub(crate) parts: &'a [&'a Part],
}

impl Ranges<'_> {
    fn values(&self, column: &Column, pick: fn((i64, i64)) -> i64) -> Option<ArrayRef> {
        let data_type = self.schema.field_with_name(&column.name).ok()?.data_type();
        let contents = self.columns.contents(&column.name, self.parts).into_iter();
        let values = contents.map(|content| match content {
            Content::Range(first, last) => Some(pick((first, last))),
            Content::Nulls | Content::Some | Content::Unknown => None,
        });
        Some(match data_type {
            DataType::Int64 => Arc::new(Int64Array::from_iter(values)),
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                Arc::new(TimestampNanosecondArray::from_iter(values).with_timezone_opt(zone.clone()))
            }
            _ => return None,
        })
    }
}

impl PruningStatistics for Ranges<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |range| range.0)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |range| range.1)
    }

    fn num_containers(&self) -> usize {
        self.parts.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let contents = self.columns.contents(&column.name, self.parts);
        let nulls = contents.iter().zip(self.parts).map(|(content, part)| match content {
            Content::Nulls => Some(part.rows),
            Content::Range(..) | Content::Some | Content::Unknown => None,
        });
        Some(Arc::new(UInt64Array::from_iter(nulls)))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(
            self.parts.iter().map(|part| part.rows),
        )))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
