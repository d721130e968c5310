//! A key of groups: an expression over one column, and of each row of a row group the number of its value.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, BooleanBufferBuilder, RecordBatch, TimestampNanosecondArray, new_null_array};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, TimeUnit};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::aggregates::group_values::GroupValues;

use crate::columns::{RANGED, TIMESTAMP};
use crate::scan::dictionary::{self, Dictionary};
use crate::scan::group::{Group, Reader, Scan};
use crate::scan::question::{Condition, Question};
use crate::scan::run::Run;

/// Bytes of a dictionary above which a row that was found is not worth them: to make its key by itself costs less.
const DICTIONARY_BYTES_PER_ROW: usize = 16;

/// A key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The column, as a schema of its own.
    column: FieldRef,
    value: Arc<dyn PhysicalExpr>,
    /// True of what grows with time, so that between two times of one bucket all are of it.
    is_bucket: bool,
}

/// A row group's column as numbers of a dictionary.
struct Coded<'g> {
    dictionary: Dictionary<'g>,
    /// The bytes of the pages of numbers.
    numbers: Bytes,
    /// By what number a value is known, and null.
    of_value: Vec<u32>,
    of_null: u32,
}

/// A row group's column in buckets of time.
struct Buckets {
    /// The pages whose times are all of one bucket.
    of_pages: Vec<(Range<usize>, u32)>,
    /// The bucket of each row that was found in another page.
    of_mixed: Vec<u32>,
}

impl Key {
    /// Makes a key of an expression over a table's columns, if it is one that numbers can stand for.
    pub(super) fn of(expr: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Option<Self>> {
        let columns = collect_columns(&expr);
        let mut columns = columns.iter();
        let (Some(column), None) = (columns.next(), columns.next()) else {
            return Ok(None);
        };
        let Ok(field) = schema.field_with_name(column.name()) else {
            return Ok(None);
        };
        let is_bucket = is_bucket(&expr);
        let has_dictionary = !RANGED.contains(&field.name().as_str())
            && matches!(field.data_type(), DataType::Int64 | DataType::Utf8View);
        if is_volatile(&expr) || !is_bucket && !has_dictionary {
            return Ok(None);
        }
        let value = expr.transform_up(|part| {
            Ok(match part.downcast_ref::<Column>() {
                Some(column) => Transformed::yes(Arc::new(Column::new(column.name(), 0)) as _),
                None => Transformed::no(part),
            })
        })?;
        Ok(Some(Self {
            column: Arc::new(field.clone()),
            value: value.data,
            is_bucket,
        }))
    }

    /// False if the rows of a row group have no numbers, whichever are found.
    pub(super) fn has_numbers(&self, group: &Group) -> bool {
        self.is_bucket || group.leaf(self.column.name()).is_some_and(dictionary::is_whole)
    }

    /// The numbers of the rows of a row group that were found; `None` if there is no cheap way to them. Values become known
    /// under their numbers.
    pub(super) async fn numbers(
        &self,
        group: &Group,
        found: &BooleanBuffer,
        values: &mut dyn GroupValues,
        reader: &mut Reader,
        run: &Run,
    ) -> Result<Option<Vec<u32>>> {
        if self.is_bucket {
            let buckets = self.buckets(group, found, values, reader, run).await?;
            let mut of_mixed = buckets.of_mixed.into_iter();
            let mut numbers = Vec::with_capacity(found.count_set_bits());
            let mut done = 0;
            let count = |start: usize, end: usize| found.slice(start, end - start).count_set_bits();
            for (rows, number) in buckets.of_pages {
                numbers.extend(of_mixed.by_ref().take(count(done, rows.start)));
                numbers.resize(numbers.len() + count(rows.start, rows.end), number);
                done = rows.end;
            }
            numbers.extend(of_mixed);
            return Ok(Some(numbers));
        }
        let Some(coded) = self.coded(group, found, values, reader, run).await? else {
            return Ok(None);
        };
        let numbers = coded
            .dictionary
            .numbers(&coded.of_value, coded.of_null, coded.numbers, found);
        Ok(numbers)
    }

    /// What a condition asks of the key's column, or nothing; `None` if it is about other columns too.
    pub(super) fn asked<'c>(&self, condition: &'c Condition) -> Option<Option<&'c Question>> {
        match condition {
            condition if condition.is_always() => Some(None),
            Condition::One(question) => {
                let is_own = !self.is_bucket && question.column() == self.column.name();
                is_own.then_some(Some(question))
            }
            Condition::All(_) | Condition::Any(_) => None,
        }
    }

    /// Which numbers the rows of a row group have of which a question is true, and how many have each; `None` if there is no
    /// cheap way to that.
    pub(super) async fn counts(
        &self,
        group: &Group,
        question: Option<&Question>,
        values: &mut dyn GroupValues,
        reader: &mut Reader,
        run: &Run,
    ) -> Result<Option<(Vec<u32>, Vec<i64>)>> {
        let all = BooleanBuffer::new_set(group.rows());
        if self.is_bucket {
            let buckets = self.buckets(group, &all, values, reader, run).await?;
            let mut counts = vec![0; values.len()];
            for (rows, number) in buckets.of_pages {
                counts[number as usize] += rows.len() as i64;
            }
            for number in buckets.of_mixed {
                counts[number as usize] += 1;
            }
            return Ok(Some(((0..counts.len() as u32).collect(), counts)));
        }
        let Some(coded) = self.coded(group, &all, values, reader, run).await? else {
            return Ok(None);
        };
        let truth = match question {
            Some(question) => match question.truth(&coded.dictionary.values)? {
                Some(truth) => Some(truth),
                None => return Ok(None),
            },
            None => None,
        };
        let Some((mut counts, mut nulls)) = coded.dictionary.counts(coded.numbers, group.rows()) else {
            return Ok(None);
        };
        if let Some(truth) = truth {
            nulls *= i64::from(truth.of_null);
            for (count, truth) in counts.iter_mut().zip(truth.of_value) {
                *count *= i64::from(truth);
            }
        }
        let mut numbers = coded.of_value;
        numbers.push(coded.of_null);
        counts.push(nulls);
        Ok(Some((numbers, counts)))
    }

    async fn coded<'g>(
        &self,
        group: &'g Group,
        found: &BooleanBuffer,
        values: &mut dyn GroupValues,
        reader: &mut Reader,
        run: &Run,
    ) -> Result<Option<Coded<'g>>> {
        let chunk = group.leaf(self.column.name());
        let Some(chunk) = chunk.filter(|chunk| dictionary::is_whole(chunk)) else {
            return Ok(None);
        };
        let (dictionary, numbers) = dictionary::places(chunk);
        let bound = DICTIONARY_BYTES_PER_ROW.saturating_mul(found.count_set_bits());
        if dictionary.end - dictionary.start > bound as u64 {
            return Ok(None);
        }
        let bytes = reader.get_byte_ranges(vec![dictionary, numbers]).await?;
        let [dictionary, numbers] = bytes.as_slice() else {
            return Ok(None);
        };
        run.read(dictionary.len() + numbers.len());
        let Some(dictionary) = Dictionary::open(chunk, dictionary.clone(), self.column.data_type()) else {
            return Ok(None);
        };
        let null = new_null_array(dictionary.values.data_type(), 1);
        let column = concat(&[dictionary.values.as_ref(), null.as_ref()])?;
        // What fails of a value that no row has must not fail here.
        let Ok(mut of_value) = self.known(&column, values) else {
            return Ok(None);
        };
        Ok(of_value.pop().map(|of_null| Coded {
            dictionary,
            numbers: numbers.clone(),
            of_value,
            of_null,
        }))
    }

    async fn buckets(
        &self,
        group: &Group,
        found: &BooleanBuffer,
        values: &mut dyn GroupValues,
        reader: &mut Reader,
        run: &Run,
    ) -> Result<Buckets> {
        let mut of_pages = Vec::new();
        let mut mixed = BooleanBufferBuilder::new(group.rows());
        // What fails of a time that no row has must not fail here.
        if let Some(pages) = pages(group, self.column.name(), self.column.data_type())
            && let Ok(of_ends) = self.known(&pages.ends, values)
        {
            let (ends, _) = of_ends.as_chunks::<2>();
            for ([first, last], rows) in ends.iter().zip(pages.rows) {
                if first == last {
                    let before = found.slice(mixed.len(), rows.start - mixed.len());
                    mixed.append_buffer(&before);
                    mixed.append_n(rows.len(), false);
                    of_pages.push((rows, *first));
                }
            }
        }
        mixed.append_buffer(&found.slice(mixed.len(), group.rows() - mixed.len()));
        let mixed = mixed.finish();
        let mut of_mixed = Vec::new();
        if mixed.count_set_bits() > 0 {
            for times in run.chosen_column(group, self.column.name(), &mixed, reader).await? {
                of_mixed.extend(self.known(&times, values)?);
            }
        }
        Ok(Buckets { of_pages, of_mixed })
    }

    /// The numbers of what the key is of a column's values.
    fn known(&self, column: &ArrayRef, values: &mut dyn GroupValues) -> Result<Vec<u32>> {
        let schema = Arc::new(Schema::new(vec![self.column.clone()]));
        let batch = RecordBatch::try_new(schema, vec![column.clone()])?;
        let computed = self.value.evaluate(&batch)?.into_array(batch.num_rows())?;
        let mut numbers = Vec::new();
        values.intern(&[computed], &mut numbers)?;
        // Values are bounded far below: see `Groups`.
        Ok(numbers.into_iter().map(|number| number as u32).collect())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)
    }
}

/// True of the beginnings of buckets of time.
fn is_bucket(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>() else {
        return false;
    };
    let is_fixed = |value: &Arc<dyn PhysicalExpr>| value.downcast_ref::<Literal>().is_some();
    let is_time = |value: &Arc<dyn PhysicalExpr>| {
        let column = value.downcast_ref::<Column>();
        column.is_some_and(|column| column.name() == TIMESTAMP)
    };
    call.name() == "date_bin"
        && match call.args() {
            [length, time] => is_fixed(length) && is_time(time),
            [length, time, origin] => is_fixed(length) && is_time(time) && is_fixed(origin),
            _ => false,
        }
}

/// The pages of a column of times without nulls.
struct Pages {
    /// The rows of each page whose ends are known.
    rows: Vec<Range<usize>>,
    /// The first and the last time of each, one behind the other.
    ends: ArrayRef,
}

fn pages(group: &Group, column: &str, data_type: &DataType) -> Option<Pages> {
    let DataType::Timestamp(TimeUnit::Nanosecond, zone) = data_type else {
        return None;
    };
    let (index, offsets) = group.page_index(column)?;
    let ColumnIndexMetaData::INT64(index) = index else {
        return None;
    };
    let places = offsets.page_locations();
    let first_row = |page: usize| match places.get(page) {
        Some(place) => usize::try_from(place.first_row_index).ok(),
        None => Some(group.rows()),
    };
    let (mut rows, mut ends, mut done) = (Vec::new(), Vec::new(), 0);
    for page in 0..places.len().min(index.num_pages() as usize) {
        let range = first_row(page)?..first_row(page + 1)?;
        if range.start < done || range.start > range.end || range.end > group.rows() {
            return None;
        }
        done = range.end;
        if let (Some(first), Some(last), Some(0)) =
            (index.min_value(page), index.max_value(page), index.null_count(page))
        {
            rows.push(range);
            ends.extend([*first, *last]);
        }
    }
    let ends = TimestampNanosecondArray::from(ends).with_timezone_opt(zone.clone());
    Some(Pages {
        rows,
        ends: Arc::new(ends),
    })
}
