//! What a kernel works with: its arguments as arrays of known types, and makers of result arrays.
//!
//! A kernel is written as a closure over row numbers. Constant arguments are arrays of one row that is read for every row.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Decimal128Array, DurationNanosecondArray,
    Float64Array, Int64Array, ListArray, MapArray, StringViewArray, UInt64Array,
};
use datafusion::arrow::datatypes::{Decimal128Type, DurationNanosecondType, Float64Type, Int64Type, UInt64Type};

use super::Entry;
use super::time;
use crate::fault::Fault;
use crate::types::Type;
use crate::value::{self, Value};

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

    result! {
        bools: bool, BooleanArray;
        ints: i64, Int64Array;
        uints: u64, UInt64Array;
        doubles: f64, Float64Array;
        strings: String, StringViewArray;
        binaries: Vec<u8>, BinaryViewArray;
        durations: i64, DurationNanosecondArray;
    }

    /// The result as times in nanoseconds; none is outside the years 1 to 9999.
    pub(crate) fn timestamps(&self, mut of_row: impl FnMut(usize) -> Option<i128>) -> ArrayRef {
        let times = (0..self.rows).map(|row| of_row(row).filter(|time| time::YEARS_NS.contains(time)));
        Arc::new(Decimal128Array::from_iter(times).with_data_type(Type::Timestamp.arrow()))
    }

    /// The result from values of any type: for kernels whose types vary.
    pub(crate) fn values(&self, of_row: impl FnMut(usize) -> Option<Value>) -> ArrayRef {
        let values: Vec<_> = (0..self.rows).map(of_row).collect();
        let values: Vec<_> = values.iter().map(Option::as_ref).collect();
        value::array(&values, &self.result)
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
