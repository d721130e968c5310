//! `p1` to `p99`: the value that a percentile of a group's values is (nearest rank: the smallest value that at least so many
//! hundredths of the values do not exceed), of the type of the values. Null if there is no value; NaN does not count.
//!
//! It is exact up to [`EXACT`] values; beyond that the values are counted in buckets that are exact for whole numbers below
//! 512 and 0.4 % wide above. So memory is bounded per group, and the result depends on the values alone: not on their order,
//! and not on how many threads counted them, as it does with sketches that merge what is near.

use std::collections::BTreeMap;
use std::mem::size_of_val;

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};
use datafusion::common::cast::as_binary_array;
use datafusion::common::{ScalarValue, exec_datafusion_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// Values of a group up to which the percentile is one of them.
const EXACT: usize = 4096;

/// Bits of a double that a bucket leaves out: what stays is the sign, the exponent and eight bits after the first.
const LEFT_OUT: u32 = 44;

/// The aggregate of a percentile.
pub(crate) fn function(number: u8) -> AggregateUDF {
    AggregateUDF::new_from_impl(Percentile {
        number,
        name: format!("p{number}"),
        signature: Signature::any(1, Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Percentile {
    number: u8,
    name: String,
    signature: Signature,
}

impl AggregateUDFImpl for Percentile {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [argument] if Numbers::of(argument).is_some() => Ok(argument.clone()),
            _ => plan_err!("{} takes a number or a duration, found {arguments:?}", self.name),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = arguments.return_type().clone();
        let Some(numbers) = Numbers::of(&data_type) else {
            return plan_err!("{} takes a number or a duration, found {data_type}", self.name);
        };
        Ok(Box::new(Values {
            number: self.number,
            numbers,
            data_type,
            held: Held::Each(Vec::new()),
        }))
    }

    fn state_fields(
        &self,
        arguments: datafusion::logical_expr::function::StateFieldsArgs,
    ) -> Result<Vec<datafusion::arrow::datatypes::FieldRef>> {
        let name = format!("{}[values]", arguments.name);
        Ok(vec![
            datafusion::arrow::datatypes::Field::new(name, DataType::Binary, true).into(),
        ])
    }
}

/// How values are held as 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Signed,
    Unsigned,
    Doubles,
}

impl Numbers {
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Int64 | DataType::Duration(TimeUnit::Nanosecond) => Some(Numbers::Signed),
            DataType::UInt64 => Some(Numbers::Unsigned),
            DataType::Float64 => Some(Numbers::Doubles),
            _ => None,
        }
    }

    /// The values of an array as bits that are ordered as the values are.
    fn keys(self, values: &ArrayRef) -> Result<Vec<u64>> {
        Ok(match self {
            Numbers::Signed => {
                let values = cast(values, &DataType::Int64)?;
                let values = values.as_primitive::<Int64Type>();
                values.iter().flatten().map(|value| value as u64 ^ SIGN).collect()
            }
            Numbers::Unsigned => values.as_primitive::<UInt64Type>().iter().flatten().collect(),
            Numbers::Doubles => {
                let values = values.as_primitive::<Float64Type>().iter().flatten();
                values.filter(|value| !value.is_nan()).map(of_double).collect()
            }
        })
    }

    /// The bucket of a key.
    fn bucket(self, key: u64) -> u32 {
        let ordered = match self {
            Numbers::Signed => of_double((key ^ SIGN) as i64 as f64),
            Numbers::Unsigned => of_double(key as f64),
            Numbers::Doubles => key,
        };
        (ordered >> LEFT_OUT) as u32
    }

    /// The key in the middle of a bucket.
    fn middle(self, bucket: u32) -> u64 {
        let ordered = u64::from(bucket) << LEFT_OUT | 1 << (LEFT_OUT - 1);
        match self {
            Numbers::Signed => to_double(ordered) as i64 as u64 ^ SIGN,
            Numbers::Unsigned => to_double(ordered) as u64,
            Numbers::Doubles => ordered,
        }
    }

    fn scalar(self, key: u64, data_type: &DataType) -> Result<ScalarValue> {
        let value = match self {
            Numbers::Signed => ScalarValue::Int64(Some((key ^ SIGN) as i64)),
            Numbers::Unsigned => ScalarValue::UInt64(Some(key)),
            Numbers::Doubles => ScalarValue::Float64(Some(to_double(key))),
        };
        value.cast_to(data_type)
    }
}

const SIGN: u64 = 1 << 63;

/// The bits of a double, turned so that they are ordered as doubles are (IEEE 754-2019 §5.10).
fn of_double(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn to_double(ordered: u64) -> f64 {
    f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN })
}

/// The values of a group.
#[derive(Debug)]
struct Values {
    number: u8,
    numbers: Numbers,
    data_type: DataType,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Each(Vec<u64>),
    /// How many fell into each bucket.
    Counted(BTreeMap<u32, u64>),
}

impl Values {
    fn add(&mut self, keys: impl IntoIterator<Item = u64>) {
        for key in keys {
            match &mut self.held {
                Held::Each(each) if each.len() < EXACT => each.push(key),
                Held::Each(_) => {
                    let bucket = self.numbers.bucket(key);
                    self.count(bucket, 1);
                }
                Held::Counted(counts) => *counts.entry(self.numbers.bucket(key)).or_default() += 1,
            }
        }
    }

    fn count(&mut self, bucket: u32, times: u64) {
        if let Held::Each(each) = &self.held {
            let mut counts = BTreeMap::new();
            for key in each {
                *counts.entry(self.numbers.bucket(*key)).or_default() += 1;
            }
            self.held = Held::Counted(counts);
        }
        if let Held::Counted(counts) = &mut self.held {
            *counts.entry(bucket).or_default() += times;
        }
    }

    /// The place of the percentile among so many values, from 1.
    fn rank(&self, values: u64) -> u64 {
        let hundredths = u128::from(values) * u128::from(self.number);
        hundredths.div_ceil(100).max(1) as u64
    }
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let keys = self.numbers.keys(&values[0])?;
        self.add(keys);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let key = match &self.held {
            Held::Each(each) if each.is_empty() => return ScalarValue::try_from(&self.data_type),
            Held::Each(each) => {
                // A group may be looked at again, so that its values stay as they are.
                let mut each = each.clone();
                let place = self.rank(each.len() as u64) as usize - 1;
                *each.select_nth_unstable(place).1
            }
            Held::Counted(counts) => {
                let mut left = self.rank(counts.values().sum());
                let found = counts.iter().find(|(_, count)| {
                    let is_here = left <= **count;
                    left = left.saturating_sub(**count);
                    is_here
                });
                match found {
                    Some((bucket, _)) => self.numbers.middle(*bucket),
                    None => return ScalarValue::try_from(&self.data_type),
                }
            }
        };
        self.numbers.scalar(key, &self.data_type)
    }

    fn size(&self) -> usize {
        // An entry of the tree and its share of the node.
        const ENTRY: usize = 24;
        size_of_val(self)
            + match &self.held {
                Held::Each(each) => each.capacity() * size_of::<u64>(),
                Held::Counted(counts) => counts.len() * ENTRY,
            }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::new();
        match &self.held {
            Held::Each(each) => {
                state.push(EACH);
                each.iter().for_each(|key| state.extend(key.to_le_bytes()));
            }
            Held::Counted(counts) => {
                state.push(COUNTED);
                for (bucket, count) in counts {
                    state.extend(bucket.to_le_bytes());
                    state.extend(count.to_le_bytes());
                }
            }
        }
        Ok(vec![ScalarValue::Binary(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states: &BinaryArray = as_binary_array(&states[0])?;
        for state in states.iter().flatten() {
            match state.split_first() {
                Some((&EACH, keys)) => {
                    let keys = keys
                        .chunks_exact(8)
                        .map(|key| u64::from_le_bytes(key.try_into().expect("chunks of 8")));
                    self.add(keys);
                }
                Some((&COUNTED, counts)) => {
                    for entry in counts.chunks_exact(12) {
                        let (bucket, count) = entry.split_at(4);
                        let bucket = u32::from_le_bytes(bucket.try_into().expect("the first 4 of 12"));
                        let count = u64::from_le_bytes(count.try_into().expect("the other 8 of 12"));
                        self.count(bucket, count);
                    }
                }
                _ => return Err(exec_datafusion_err!("a partial state of a percentile is cut")),
            }
        }
        Ok(())
    }
}

/// First byte of a state: values follow, or buckets with their counts.
const EACH: u8 = 0;
const COUNTED: u8 = 1;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Array, Float64Array, Int64Array};
    use expect_test::{Expect, expect};

    use super::*;

    fn values(number: u8, data_type: &DataType) -> Values {
        Values {
            number,
            numbers: Numbers::of(data_type).unwrap(),
            data_type: data_type.clone(),
            held: Held::Each(Vec::new()),
        }
    }

    /// The percentile of an array, counted in one go and in parts that are merged: both give the same.
    fn of(number: u8, array: &ArrayRef) -> String {
        let mut whole = values(number, array.data_type());
        whole.update_batch(std::slice::from_ref(array)).unwrap();
        let mut merged = values(number, array.data_type());
        for part in 0..3 {
            let (start, end) = (array.len() * part / 3, array.len() * (part + 1) / 3);
            let mut one = values(number, array.data_type());
            one.update_batch(&[array.slice(start, end - start)]).unwrap();
            let state = one.state().unwrap()[0].to_array().unwrap();
            merged.merge_batch(&[state]).unwrap();
        }
        let result = whole.evaluate().unwrap();
        assert_eq!(merged.evaluate().unwrap(), result);
        assert_eq!(whole.evaluate().unwrap(), result, "looked at twice");
        result.to_string()
    }

    #[track_caller]
    fn check(array: impl Array + 'static, expect: Expect) {
        let array: ArrayRef = Arc::new(array);
        let all = [1, 50, 90, 99].map(|number| of(number, &array));
        expect.assert_eq(&all.join(" "));
    }

    #[test]
    fn a_percentile_of_few_values_is_one_of_them() {
        check(
            Int64Array::from(vec![Some(4), None, Some(-7), Some(9)]),
            expect!["-7 4 9 9"],
        );
        check(Int64Array::from_iter_values(1..=100), expect!["1 50 90 99"]);
        check(
            Int64Array::from(vec![i64::MIN, i64::MAX]),
            expect!["-9223372036854775808 -9223372036854775808 9223372036854775807 9223372036854775807"],
        );
        check(
            Float64Array::from(vec![0.5, -1.5, f64::NAN, 2.5]),
            expect!["-1.5 0.5 2.5 2.5"],
        );
        check(Int64Array::from(vec![None]), expect!["NULL NULL NULL NULL"]);
    }

    #[test]
    fn a_percentile_of_many_values_is_near() {
        check(
            Int64Array::from_iter_values((0..50_000).map(|value| value % 400)),
            expect!["3 199 359 395"],
        );
        check(
            Int64Array::from_iter_values((-50_000..=50_000).rev()),
            expect!["-48959 0 40000 48960"],
        );
        check(
            Float64Array::from_iter_values((1..=10_000).map(|value| f64::from(value) / 1e6)),
            expect!["0.00010001659393310547 0.00499725341796875 0.0089874267578125 0.0099029541015625"],
        );
        check(
            Int64Array::from_iter_values(std::iter::repeat_n(i64::MAX, 9000)),
            expect!["9223372036854775807 9223372036854775807 9223372036854775807 9223372036854775807"],
        );
    }
}
