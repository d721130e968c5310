//! Between which values of its first key a sort above still wants rows: the others are left out before their other columns are read.
//!
//! Where a table's order is not that of its rows, all its row groups may hold some of the first: flows are written when they end.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_plan::PhysicalExpr;

use super::group::{Group, Reader};
use super::run::Run;

/// Whole numbers or times in nanoseconds from one to another, both among them; none if the last is less than the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: i64,
    last: i64,
}

impl Span {
    pub(super) const ALL: Self = Self {
        first: i64::MIN,
        last: i64::MAX,
    };

    /// The values of a column of which a filter can be true. What is no comparison of it with a value can be true of all.
    pub(super) fn of(filter: &Arc<dyn PhysicalExpr>, column: &str) -> Self {
        let Some(binary) = filter.downcast_ref::<BinaryExpr>() else {
            return Self::ALL;
        };
        let (left, right) = (binary.left(), binary.right());
        match binary.op() {
            Operator::And => Self::of(left, column).both(Self::of(right, column)),
            Operator::Or => Self::of(left, column).either(Self::of(right, column)),
            operator => Self::compared(left, *operator, right, column).unwrap_or(Self::ALL),
        }
    }

    fn compared(
        left: &Arc<dyn PhysicalExpr>,
        operator: Operator,
        right: &Arc<dyn PhysicalExpr>,
        column: &str,
    ) -> Option<Self> {
        let known = left.downcast_ref::<Column>().filter(|known| known.name() == column);
        known?;
        let value = match right.downcast_ref::<Literal>()?.value() {
            ScalarValue::Int64(value) | ScalarValue::TimestampNanosecond(value, _) => (*value)?,
            _ => return None,
        };
        let (first, last) = match operator {
            Operator::Eq => (value, value),
            Operator::Lt => (i64::MIN, value.checked_sub(1)?),
            Operator::LtEq => (i64::MIN, value),
            Operator::Gt => (value.checked_add(1)?, i64::MAX),
            Operator::GtEq => (value, i64::MAX),
            _ => return None,
        };
        Some(Self { first, last })
    }

    fn both(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
        }
    }

    fn either(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                first: self.first.min(other.first),
                last: self.last.max(other.last),
            },
        }
    }

    fn is_empty(self) -> bool {
        self.last < self.first
    }

    fn meets(self, first: i64, last: i64) -> bool {
        self.first <= last && first <= self.last
    }

    fn covers(self, first: i64, last: i64) -> bool {
        self.first <= first && last <= self.last
    }

    fn has(self, value: i64) -> bool {
        self.meets(value, value)
    }
}

impl Run {
    /// Leaves of the rows that were found in a row group those that a sort above still wants, by the column that it orders by.
    pub(super) async fn still_wanted(&self, group: &Group, found: BooleanBuffer) -> Result<BooleanBuffer> {
        let (Some(order), span) = (self.order(), self.known()?.span()) else {
            return Ok(found);
        };
        if span == Span::ALL || !group.has_integers(&order.column) {
            return Ok(found);
        }
        // Where all pages lie within nothing is left out.
        let pages = group.pages_where(&order.column, |first, last| !span.covers(first, last));
        if pages.is_none_or(|pages| pages.is_empty()) {
            return Ok(found);
        }
        let Some(pages) = group.pages_where(&order.column, |first, last| span.meets(first, last)) else {
            return Ok(found);
        };
        let found = &found & &of_ranges(pages, group.rows());
        if found.count_set_bits() == 0 {
            return Ok(found);
        }
        let mut reader: Reader = self.reader(&group.file)?;
        let values = self.numbers(group, &order.column, &found, &mut reader).await?;
        let Some(values) = values_of(&values).filter(|values| values.len() == found.count_set_bits()) else {
            return Ok(found);
        };
        let mut wanted = BooleanBufferBuilder::new(found.len());
        for (row, value) in found.set_indices().zip(values) {
            if value.is_some_and(|value| span.has(value)) {
                wanted.append_n(row - wanted.len(), false);
                wanted.append(true);
            }
        }
        wanted.append_n(found.len() - wanted.len(), false);
        Ok(wanted.finish())
    }
}

/// Which of so many rows lie in ranges, which ascend.
fn of_ranges(ranges: Vec<Range<usize>>, rows: usize) -> BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(rows);
    for range in ranges {
        bits.append_n(range.start - bits.len(), false);
        bits.append_n(range.len(), true);
    }
    bits.append_n(rows - bits.len(), false);
    bits.finish()
}

/// Whole numbers or times, as numbers.
fn values_of(column: &ArrayRef) -> Option<Box<dyn ExactSizeIterator<Item = Option<i64>> + '_>> {
    match column.data_type() {
        DataType::Int64 => Some(Box::new(column.as_primitive::<Int64Type>().iter())),
        DataType::Timestamp(..) => {
            let times = column.as_primitive_opt::<TimestampNanosecondType>()?;
            Some(Box::new(times.iter()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{Field, Schema, TimeUnit};
    use datafusion::physical_expr::expressions::{col, is_null, lit};

    use super::*;

    fn column(name: &str) -> Arc<dyn PhysicalExpr> {
        let time = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let schema = Schema::new(vec![
            Field::new("time", time, true),
            Field::new("id", DataType::Int64, true),
        ]);
        col(name, &schema).unwrap()
    }

    fn both(one: Arc<dyn PhysicalExpr>, operator: Operator, other: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
        Arc::new(BinaryExpr::new(one, operator, other))
    }

    fn time(operator: Operator, ns: i64) -> Arc<dyn PhysicalExpr> {
        both(
            column("time"),
            operator,
            lit(ScalarValue::TimestampNanosecond(Some(ns), None)),
        )
    }

    #[test]
    fn spans_of_what_a_sort_learns() {
        #[track_caller]
        fn check(filter: &Arc<dyn PhysicalExpr>, expected: (i64, i64)) {
            let Span { first, last } = Span::of(filter, "time");
            assert_eq!((first, last), expected, "{filter}");
        }
        let id = || both(column("id"), Operator::Lt, lit(3_i64));
        let (all, none) = ((i64::MIN, i64::MAX), (8, 5));
        check(&time(Operator::Lt, 7), (i64::MIN, 6));
        check(&time(Operator::GtEq, 7), (7, i64::MAX));
        check(&time(Operator::Lt, i64::MIN), all);
        check(&time(Operator::NotEq, 7), all);
        check(&id(), all);
        // Of two keys, ascending.
        let tied = both(time(Operator::Eq, 7), Operator::And, id());
        check(&both(time(Operator::Lt, 7), Operator::Or, tied.clone()), (i64::MIN, 7));
        // Descending, beside a filter.
        let first = both(time(Operator::Gt, 7), Operator::Or, tied);
        check(&both(time(Operator::Lt, 10), Operator::And, first), (7, 9));
        // Nulls come first.
        let nulls = both(is_null(column("time")).unwrap(), Operator::Or, time(Operator::Lt, 7));
        check(&nulls, all);
        let nothing = both(time(Operator::Gt, 7), Operator::And, time(Operator::Lt, 6));
        check(&nothing, none);
        check(&both(nothing, Operator::Or, time(Operator::Eq, 3)), (3, 3));
    }

    #[test]
    fn rows_of_ranges() {
        #[track_caller]
        fn check(ranges: &[(usize, usize)], expected: &[usize]) {
            let ranges = ranges.iter().map(|(start, end)| *start..*end).collect();
            assert_eq!(of_ranges(ranges, 6).set_indices().collect::<Vec<_>>(), expected);
        }
        check(&[], &[]);
        check(&[(0, 0), (1, 3), (3, 4), (5, 6)], &[1, 2, 3, 5]);
        check(&[(0, 6)], &[0, 1, 2, 3, 4, 5]);
    }
}
