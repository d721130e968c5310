//! What a kernel works with: its arguments as arrays of known types, and makers of result arrays.
//!
//! A kernel is written as a closure over row numbers. Constant arguments are arrays of one row that is read for every row.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Decimal128Array, DurationNanosecondArray,
    Float64Array, Int64Array, ListArray, MapArray, PrimitiveArray, StringViewArray, StringViewBuilder, UInt64Array,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, Decimal128Type, DurationNanosecondType, Float64Type, Int64Type, UInt64Type,
};

use super::{Entry, calendar};
use crate::fault::Fault;
use crate::types::Type;
use crate::value::{self, Value};

/// What a function makes of texts is at most this long: functions inside functions multiply.
pub(crate) const TEXT_BYTES: usize = 256 << 10;

/// What `+` makes of lists has at most so many elements, for the same reason.
pub(crate) const LIST_ITEMS: usize = 8 << 10;

/// The arguments of one call over a batch.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// One array an argument, of its type's own Arrow type.
    pub columns: Vec<ArrayRef>,
    /// Whether the argument is one row that stands for all.
    pub constant: Vec<bool>,
    /// The types of the arguments.
    pub types: Vec<Type>,
    /// The type of the result.
    pub result: Type,
    /// Rows of the result.
    pub rows: usize,
    /// What the kernel works with beside them.
    pub extra: Extra,
}

/// What some kernels work with beside their arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extra {
    None,
    /// A call whose signature the values decide: the function, and whether the first argument stands before a dot.
    Dispatch(&'static Entry, bool),
    /// What tells the fault of arguments that have no value.
    Told(fn(&[Value]) -> Fault),
}

impl Extra {
    /// What tells calls apart that are alike otherwise.
    pub(crate) fn key(self) -> (u8, usize) {
        match self {
            Extra::None => (0, 0),
            Extra::Dispatch(entry, method) => (1, std::ptr::from_ref(entry) as usize + usize::from(method)),
            Extra::Told(told) => (2, told as usize),
        }
    }
}

/// One argument, typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'a, A> {
    array: &'a A,
    constant: bool,
}

impl<'a, A> Column<'a, A>
where
    &'a A: ArrayAccessor,
{
    /// The value of a row, `None` where it is null.
    pub(crate) fn at(&self, row: usize) -> Option<<&'a A as ArrayAccessor>::Item> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }

    /// The array of the values.
    pub(crate) fn array(&self) -> &'a A {
        self.array
    }

    /// The place in the array that holds the value of a row, `None` where it is null.
    pub(crate) fn place(&self, row: usize) -> Option<usize> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then_some(row)
    }

    /// The value if it is the same for every row.
    pub(crate) fn constant(&self) -> Option<<&'a A as ArrayAccessor>::Item> {
        if self.constant { self.at(0) } else { None }
    }
}

macro_rules! column {
    ($($name:ident: $array:ty = $cast:expr;)*) => {
        $(pub(crate) fn $name(&self, argument: usize) -> Column<'_, $array> {
            let cast: fn(&ArrayRef) -> &$array = $cast;
            Column { array: cast(&self.columns[argument]), constant: self.constant[argument] }
        })*
    };
}

macro_rules! result {
    ($($name:ident: $item:ty, $array:ty;)*) => {
        $(pub(crate) fn $name(&self, of_row: impl FnMut(usize) -> Option<$item>) -> ArrayRef {
            Arc::new(<$array>::from_iter((0..self.rows).map(of_row)))
        })*
    };
}

impl Arguments {
    column! {
        bool: BooleanArray = |array| array.as_boolean();
        int: Int64Array = |array| array.as_primitive::<Int64Type>();
        uint: UInt64Array = |array| array.as_primitive::<UInt64Type>();
        double: Float64Array = |array| array.as_primitive::<Float64Type>();
        string: StringViewArray = |array| array.as_string_view();
        bytes: BinaryViewArray = |array| array.as_binary_view();
        timestamp: Decimal128Array = |array| array.as_primitive::<Decimal128Type>();
        duration: DurationNanosecondArray = |array| array.as_primitive::<DurationNanosecondType>();
        list: ListArray = |array| array.as_list::<i32>();
        map: MapArray = |array| array.as_map();
    }

    /// An argument of numbers of one Arrow type.
    pub(crate) fn primitive<T: ArrowPrimitiveType>(&self, argument: usize) -> Column<'_, PrimitiveArray<T>> {
        Column {
            array: self.columns[argument].as_primitive(),
            constant: self.constant[argument],
        }
    }

    result! {
        bools: bool, BooleanArray;
        ints: i64, Int64Array;
        uints: u64, UInt64Array;
        doubles: f64, Float64Array;
        strings: String, StringViewArray;
        binaries: Vec<u8>, BinaryViewArray;
        durations: i64, DurationNanosecondArray;
    }

    /// Strings that a row writes to a text that starts empty: one buffer serves all rows.
    pub(crate) fn written(&self, mut of_row: impl FnMut(usize, &mut String) -> Option<()>) -> ArrayRef {
        let mut strings = StringViewBuilder::with_capacity(self.rows);
        let mut text = String::new();
        for row in 0..self.rows {
            text.clear();
            strings.append_option(of_row(row, &mut text).map(|()| &text));
        }
        Arc::new(strings.finish())
    }

    /// Strings that are parts of the arguments' strings.
    pub(crate) fn parts<'t>(&self, of_row: impl FnMut(usize) -> Option<&'t str>) -> ArrayRef {
        Arc::new(StringViewArray::from_iter((0..self.rows).map(of_row)))
    }

    /// The result as times in nanoseconds; none is outside the years 1 to 9999.
    pub(crate) fn timestamps(&self, mut of_row: impl FnMut(usize) -> Option<i128>) -> ArrayRef {
        let times = (0..self.rows).map(|row| of_row(row).and_then(calendar::in_range));
        Arc::new(Decimal128Array::from_iter(times).with_data_type(Type::Timestamp.arrow()))
    }

    /// The result from values of any type: for kernels whose types vary.
    pub(crate) fn values(&self, of_row: impl FnMut(usize) -> Option<Value>) -> ArrayRef {
        let values: Vec<_> = (0..self.rows).map(of_row).collect();
        let values: Vec<_> = values.iter().map(Option::as_ref).collect();
        value::array(&values, &self.result)
    }

    /// The value of an argument if it is the same for every row, whatever its type: read once for a batch.
    pub(crate) fn constant_value(&self, argument: usize) -> Option<Value> {
        self.constant[argument].then(|| self.value(argument, 0)).flatten()
    }

    /// The value of an argument on a row, whatever its type.
    pub(crate) fn value(&self, argument: usize, row: usize) -> Option<Value> {
        let row = if self.constant[argument] { 0 } else { row };
        value::read(&self.columns[argument], row, &self.types[argument])
    }
}

/// Computes one value from values by a kernel; `None` where the kernel has none.
pub(crate) fn call(
    kernel: fn(&Arguments) -> ArrayRef,
    arguments: &[Value],
    types: &[Type],
    result: &Type,
) -> Option<Value> {
    let columns = arguments
        .iter()
        .zip(types)
        .map(|(argument, ty)| value::array(&[Some(argument)], ty))
        .collect();
    let constant = vec![true; arguments.len()];
    let arguments = Arguments {
        columns,
        constant,
        types: types.to_vec(),
        result: result.clone(),
        rows: 1,
        extra: Extra::None,
    };
    value::read(&kernel(&arguments), 0, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::registry;
    use crate::tests::ENVIRONMENT;
    use crate::typed::Kind;
    use crate::{check, eval, parse};

    /// Calls the kernel of an example on three rows: null, the values, the values. One argument may be constant.
    fn on_columns(text: &str, constant: Option<usize>) -> Option<Vec<String>> {
        let mut problems = Vec::new();
        let tree = parse::parse(text, &mut problems);
        let typed = check::check_expression(&tree, text, &ENVIRONMENT, &mut problems);
        let Kind::Call(call) = &typed.kind else { return None };
        if constant.is_some_and(|argument| argument >= call.arguments.len()) {
            return None;
        }
        let mut columns = Vec::new();
        for (place, (argument, ty)) in call.arguments.iter().zip(&call.parameters).enumerate() {
            let value = eval::eval(argument, &mut eval::Scope::constant(10_000)).ok()?;
            columns.push(match constant == Some(place) {
                true => value::array(&[Some(&value)], ty),
                false => value::array(&[None, Some(&value), Some(&value)], ty),
            });
        }
        let arguments = Arguments {
            constant: (0..columns.len()).map(|place| constant == Some(place)).collect(),
            columns,
            types: call.parameters.clone(),
            result: typed.ty.clone(),
            rows: 3,
            extra: Extra::None,
        };
        let result = (call.overload.kernel)(&arguments);
        let text = |row| value::read(&result, row, &typed.ty).map_or("error".to_owned(), |value| value.to_string());
        Some((0..3).map(text).collect())
    }

    #[test]
    fn examples_give_the_same_on_columns() {
        let mut calls = 0;
        for entry in registry().values() {
            for (text, expect) in entry.function.examples {
                for constant in [None, Some(0), Some(1), Some(2)] {
                    let Some(rows) = on_columns(text, constant) else {
                        continue;
                    };
                    assert_eq!(
                        rows[1..],
                        [*expect, *expect],
                        "{text} with argument {constant:?} constant"
                    );
                    if constant.is_none() {
                        assert_eq!(rows[0], "error", "{text} on nulls");
                    }
                    calls += 1;
                }
            }
        }
        assert!(calls > 500, "{calls}");
    }
}
