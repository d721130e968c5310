//! Groups as they are counted: tuples of the numbers of their keys, with what their aggregates are so far.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, Int64Type, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::GroupsAccumulatorAdapter;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;

use super::{End, Measure, Of};
use crate::scan::counts::Counts;

/// Groups, and values of a key, above which they are handed on.
const MOST: usize = 1 << 16;
/// Bytes of values and accumulators above which they are.
const MOST_BYTES: usize = 16 << 20;
/// Places of a table of all pairs, for each row that is looked up in it.
const PLACES_PER_ROW: usize = 4;

/// The groups so far.
pub(super) struct Groups {
    schema: SchemaRef,
    measures: Arc<[Measure]>,
    /// Of each key the values, by their numbers.
    values: Vec<Box<dyn GroupValues>>,
    /// Of each key the tuples that end with it, as pairs of the tuple before and the key's number.
    tuples: Vec<Pairs>,
    /// Of each measure what there is so far.
    sums: Vec<Sums>,
}

/// What an aggregate is so far, of each group.
enum Sums {
    Rows(Vec<i64>),
    /// Sums, and whether there was anything to sum up.
    Integers(Vec<(i128, bool)>),
    /// The least or greatest numbers, and whether there was any.
    Ends(Vec<(i64, bool)>, End),
    /// What DataFusion keeps.
    Other(Box<dyn GroupsAccumulator>),
}

impl Groups {
    /// Makes a place for groups with so many keys, which are handed on in columns of a schema.
    pub(super) fn new(schema: SchemaRef, keys: usize, measures: Arc<[Measure]>) -> Result<Self> {
        let values = |key: usize| {
            let schema = Schema::new(vec![schema.field(key).clone()]);
            new_group_values(Arc::new(schema), &GroupOrdering::None)
        };
        Ok(Self {
            values: (0..keys).map(values).collect::<Result<_>>()?,
            tuples: (0..keys).map(|_| Pairs::default()).collect(),
            sums: measures.iter().map(Sums::of).collect::<Result<_>>()?,
            measures,
            schema,
        })
    }

    /// The values of a key.
    pub(super) fn values(&mut self, key: usize) -> &mut dyn GroupValues {
        self.values[key].as_mut()
    }

    /// The groups of some rows, from the numbers of each key.
    pub(super) fn of_rows(&mut self, numbers: &[Vec<u32>]) -> Vec<u32> {
        let mut groups: Option<Vec<u32>> = None;
        let mut before = 1;
        for ((of_key, pairs), values) in numbers.iter().zip(&mut self.tuples).zip(&self.values) {
            groups = Some(pairs.of_rows(groups.as_deref(), before, of_key, values.len()));
            before = pairs.pairs.len();
        }
        groups.unwrap_or_default()
    }

    /// Counts rows.
    pub(super) fn count(&mut self, groups: &[u32]) {
        if !self.sums.iter().any(|sums| matches!(sums, Sums::Rows(_))) {
            return;
        }
        let mut counts = Counts::new(self.len());
        counts.add(groups);
        self.count_all(counts.of_each().into_iter().enumerate());
    }

    /// Counts so many rows of each number of a single key.
    pub(super) fn count_numbers(&mut self, numbers: &[u32], counts: &[i64]) {
        let counted = numbers.iter().zip(counts).filter(|(_, count)| **count > 0);
        let (numbers, counts): (Vec<u32>, Vec<i64>) = counted.map(|(number, count)| (*number, *count)).unzip();
        let groups = self.of_rows(&[numbers]);
        self.count_all(groups.into_iter().map(|group| group as usize).zip(counts));
    }

    fn count_all(&mut self, counted: impl Iterator<Item = (usize, i64)> + Clone) {
        let total = self.len();
        for sums in &mut self.sums {
            if let Sums::Rows(rows) = sums {
                rows.resize(total, 0);
                counted.clone().for_each(|(group, count)| rows[group] += count);
            }
        }
    }

    /// Adds the values of rows to the aggregates that are not counts of rows.
    pub(super) fn add(&mut self, groups: &[u32], rows: &RecordBatch) -> Result<()> {
        let total = self.len();
        let mut places = Vec::new();
        for (measure, sums) in self.measures.iter().zip(&mut self.sums) {
            let column = |value: &Arc<dyn PhysicalExpr>| value.evaluate(rows)?.into_array(rows.num_rows());
            match (&measure.of, sums) {
                (Of::Sum(value), Sums::Integers(sums)) => {
                    sums.resize(total, (0, false));
                    each_number(groups, &column(value)?, |group, number| {
                        let (sum, is_some) = &mut sums[group];
                        *sum += i128::from(number);
                        *is_some = true;
                    });
                }
                (Of::End(value, _), Sums::Ends(ends, end)) => {
                    ends.resize(total, (end.of_none(), false));
                    let column = column(value)?;
                    match end {
                        End::Least => each_number(groups, &column, |group, number| {
                            let (least, is_some) = &mut ends[group];
                            (*least, *is_some) = (number.min(*least), true);
                        }),
                        End::Greatest => each_number(groups, &column, |group, number| {
                            let (greatest, is_some) = &mut ends[group];
                            (*greatest, *is_some) = (number.max(*greatest), true);
                        }),
                    }
                }
                (Of::Values(values), Sums::Other(accumulator)) => {
                    if places.is_empty() {
                        places.extend(groups.iter().map(|group| *group as usize));
                    }
                    let values = values.iter().map(column).collect::<Result<Vec<_>>>()?;
                    accumulator.update_batch(&values, &places, None, total)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.tuples.last().map_or(0, |tuples| tuples.pairs.len())
    }

    /// Bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(|values| values.size()).sum();
        let sums: usize = self.sums.iter().map(Sums::bytes).sum();
        let tuples = self.tuples.iter().map(|tuples| tuples.pairs.len() * Pairs::BYTES);
        values + sums + tuples.sum::<usize>()
    }

    /// True if there are so many that they should be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.len() > MOST || self.values.iter().any(|values| values.len() > MOST) || self.bytes() > MOST_BYTES
    }

    /// Hands the groups on, and begins anew; `None` if there are none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        let count = self.len();
        let fresh = Self::new(self.schema.clone(), self.values.len(), self.measures.clone())?;
        let mut full = std::mem::replace(self, fresh);
        if count == 0 {
            return Ok(None);
        }
        let mut groups: Vec<u32> = (0..count as u32).collect();
        let mut columns = Vec::new();
        for (values, tuples) in full.values.iter_mut().zip(&full.tuples).rev() {
            let pairs = groups.iter().map(|group| tuples.pairs[*group as usize]);
            let (before, numbers): (Vec<_>, Vec<_>) = pairs.unzip();
            for column in values.emit(EmitTo::All)? {
                columns.push(take(&column, &UInt32Array::from(numbers.clone()), None)?);
            }
            groups = before;
        }
        columns.reverse();
        for sums in full.sums {
            for column in sums.columns(count)? {
                let data_type = self.schema.field(columns.len()).data_type();
                columns.push(match column.data_type() == data_type {
                    true => column,
                    false => cast(&column, data_type)?,
                });
            }
        }
        Ok(Some(RecordBatch::try_new(self.schema.clone(), columns)?))
    }
}

impl Sums {
    fn of(measure: &Measure) -> Result<Self> {
        let function = measure.function.clone();
        Ok(match measure.of {
            Of::Rows => Sums::Rows(Vec::new()),
            Of::Sum(_) => Sums::Integers(Vec::new()),
            Of::End(_, end) => Sums::Ends(Vec::new(), end),
            Of::Values(_) if function.groups_accumulator_supported() => {
                Sums::Other(function.create_groups_accumulator()?)
            }
            Of::Values(_) => Sums::Other(Box::new(GroupsAccumulatorAdapter::new(move || {
                function.create_accumulator()
            }))),
        })
    }

    fn bytes(&self) -> usize {
        match self {
            Sums::Rows(rows) => size_of_val(rows.as_slice()),
            Sums::Integers(sums) => size_of_val(sums.as_slice()),
            Sums::Ends(ends, _) => size_of_val(ends.as_slice()),
            Sums::Other(accumulator) => accumulator.size(),
        }
    }

    /// What is handed on of so many groups.
    fn columns(self, count: usize) -> Result<Vec<ArrayRef>> {
        Ok(match self {
            Sums::Rows(mut rows) => {
                rows.resize(count, 0);
                vec![Arc::new(Int64Array::from(rows))]
            }
            Sums::Integers(mut sums) => {
                sums.resize(count, (0, false));
                let sums = sums.into_iter().map(|(sum, is_some)| is_some.then_some(sum));
                let sums = Decimal128Array::from_iter(sums).with_precision_and_scale(DECIMAL128_MAX_PRECISION, 0)?;
                vec![Arc::new(sums)]
            }
            Sums::Ends(mut ends, end) => {
                ends.resize(count, (end.of_none(), false));
                let ends = ends.into_iter().map(|(number, is_some)| is_some.then_some(number));
                vec![Arc::new(Int64Array::from_iter(ends))]
            }
            Sums::Other(mut accumulator) => accumulator.state(EmitTo::All)?,
        })
    }
}

impl End {
    /// What any number goes beyond, or is.
    fn of_none(self) -> i64 {
        match self {
            End::Least => i64::MAX,
            End::Greatest => i64::MIN,
        }
    }
}

/// Gives the group and the number of each row that has one.
fn each_number(groups: &[u32], numbers: &ArrayRef, mut each: impl FnMut(usize, i64)) {
    let numbers = numbers.as_primitive::<Int64Type>();
    if numbers.null_count() == 0 {
        let numbers = groups.iter().zip(numbers.values());
        return numbers.for_each(|(group, number)| each(*group as usize, *number));
    }
    for (group, number) in groups.iter().zip(numbers) {
        if let Some(number) = number {
            each(*group as usize, number);
        }
    }
}

/// Pairs of numbers, each with a number of its own.
#[derive(Default)]
struct Pairs {
    pairs: Vec<(u32, u32)>,
    known: HashMap<(u32, u32), u32, RandomState>,
}

/// A place in a table of pairs whose pair was not met.
const EMPTY: u32 = u32::MAX;

impl Pairs {
    /// Bytes of a pair, in both of its places.
    const BYTES: usize = 2 * size_of::<(u32, u32, u32)>();

    /// The numbers of pairs of rows; without a first half all have the same.
    fn of_rows(
        &mut self,
        firsts: Option<&[u32]>,
        first_count: usize,
        seconds: &[u32],
        second_count: usize,
    ) -> Vec<u32> {
        let places = first_count.saturating_mul(second_count);
        let is_small = places <= PLACES_PER_ROW.saturating_mul(seconds.len());
        let mut table = vec![EMPTY; if is_small { places } else { 0 }];
        let mut of_pair = |first: u32, second: u32| match table.get_mut(first as usize * second_count + second as usize)
        {
            Some(place) => {
                if *place == EMPTY {
                    *place = self.of_pair((first, second));
                }
                *place
            }
            None => self.of_pair((first, second)),
        };
        match firsts {
            None => seconds.iter().map(|second| of_pair(0, *second)).collect(),
            Some(firsts) => firsts
                .iter()
                .zip(seconds)
                .map(|(first, second)| of_pair(*first, *second))
                .collect(),
        }
    }

    fn of_pair(&mut self, pair: (u32, u32)) -> u32 {
        *self.known.entry(pair).or_insert_with(|| {
            self.pairs.push(pair);
            self.pairs.len() as u32 - 1
        })
    }
}
