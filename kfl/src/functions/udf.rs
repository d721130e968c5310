//! A call of a kernel as a DataFusion function.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use datafusion::common::{Result, resources_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::Entry;
use super::kernel::{Arguments, Extra};
use crate::fault::Fault;
use crate::functions;
use crate::limits;
use crate::types::Type;
use crate::value::Value;

/// A kernel with the types it is called with. It takes columns as they are stored, plain or view, and gives null where
/// CEL has an error: it never fails, because DataFusion evaluates conjuncts in any order.
#[derive(Debug)]
pub(crate) struct Kernel {
    name: &'static str,
    types: Vec<Type>,
    result: Type,
    kernel: fn(&Arguments) -> ArrayRef,
    extra: Extra,
    signature: Signature,
}

impl Kernel {
    /// Calls a kernel on expressions.
    pub(crate) fn call(
        name: &'static str,
        kernel: fn(&Arguments) -> ArrayRef,
        types: &[Type],
        result: &Type,
        arguments: Vec<Expr>,
    ) -> Expr {
        let signature = any(arguments.len());
        let kernel = Self {
            name: shown(name),
            types: types.to_vec(),
            result: result.clone(),
            kernel,
            extra: Extra::None,
            signature,
        };
        ScalarUDF::new_from_impl(kernel).call(arguments)
    }

    /// Calls a function with the signature that fits each row's values.
    pub(crate) fn dispatch(
        (entry, method): (&'static Entry, bool),
        types: &[Type],
        result: &Type,
        arguments: Vec<Expr>,
    ) -> Expr {
        let kernel = Self {
            name: shown(entry.function.name),
            types: types.to_vec(),
            result: result.clone(),
            kernel: dispatched,
            extra: Extra::Dispatch(entry, method),
            signature: any(arguments.len()),
        };
        ScalarUDF::new_from_impl(kernel).call(arguments)
    }

    /// Calls what tells the fault of arguments.
    pub(crate) fn told(told: fn(&[Value]) -> Fault, types: &[Type], arguments: Vec<Expr>) -> Expr {
        let kernel = Self {
            name: "fault",
            types: types.to_vec(),
            result: Type::Uint,
            kernel: fault,
            extra: Extra::Told(told),
            signature: any(arguments.len()),
        };
        ScalarUDF::new_from_impl(kernel).call(arguments)
    }

    /// Tells the fault of a call whose signature each row's values decide.
    pub(crate) fn dispatch_fault(dispatch: (&'static Entry, bool), types: &[Type], arguments: Vec<Expr>) -> Expr {
        let kernel = Self {
            name: "dispatch_fault",
            types: types.to_vec(),
            result: Type::Uint,
            kernel: fault,
            extra: Extra::Dispatch(dispatch.0, dispatch.1),
            signature: any(arguments.len()),
        };
        ScalarUDF::new_from_impl(kernel).call(arguments)
    }
}

fn row_values(args: &Arguments, row: usize) -> Option<Vec<Value>> {
    (0..args.columns.len())
        .map(|argument| args.value(argument, row))
        .collect()
}

fn fault(args: &Arguments) -> ArrayRef {
    args.uints(|row| {
        let values = row_values(args, row)?;
        let fault = match args.extra {
            Extra::Told(told) => told(&values),
            Extra::Dispatch(entry, method) => functions::dispatch(entry, method, &values).err()?,
            Extra::None => return None,
        };
        Some(fault as u64)
    })
}

fn dispatched(args: &Arguments) -> ArrayRef {
    args.values(|row| {
        let Extra::Dispatch(entry, method) = args.extra else {
            return None;
        };
        functions::dispatch(entry, method, &row_values(args, row)?).ok()
    })
}

/// The signature of a function whose arguments are cast by itself.
pub(crate) fn any(arguments: usize) -> Signature {
    let types = if arguments == 0 {
        TypeSignature::Nullary
    } else {
        TypeSignature::Any(arguments)
    };
    Signature::new(types, Volatility::Immutable)
}

/// The name that a plan shows.
fn shown(name: &'static str) -> &'static str {
    match name {
        "_+_" => "checked_add",
        "_-_" => "checked_subtract",
        "_*_" => "checked_multiply",
        "_/_" => "checked_divide",
        "_%_" => "checked_remainder",
        "-_" => "checked_negate",
        "_[_]" => "element_at",
        "_[?_]" => "optional_at",
        "_has_" => "has_key",
        "_unwrap_" => "unwrap",
        "_in_" => "is_in",
        name => name,
    }
}

// The name and the types say which kernel it is.
impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.types, &self.result, self.extra.key())
            == (other.name, &other.types, &other.result, other.extra.key())
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.types, &self.result).hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant: Vec<_> = args
            .args
            .iter()
            .map(|argument| matches!(argument, ColumnarValue::Scalar(_)))
            .collect();
        let all_constant = constant.iter().all(|constant| *constant);
        let columns = args
            .args
            .iter()
            .zip(&self.types)
            .map(|(argument, ty)| column(argument, ty))
            .collect::<Result<_>>()?;
        let rows = if all_constant {
            args.number_rows.min(1)
        } else {
            args.number_rows
        };
        let arguments = Arguments {
            columns,
            constant,
            types: self.types.clone(),
            result: self.result.clone(),
            rows,
            extra: self.extra,
        };
        let result = bounded((self.kernel)(&arguments), self.name)?;
        match all_constant && rows == 1 {
            true => datafusion::common::ScalarValue::try_from_array(&result, 0).map(ColumnarValue::Scalar),
            false => Ok(ColumnarValue::Array(result)),
        }
    }
}

/// Refuses a result that takes more memory than a batch may.
pub(crate) fn bounded(result: ArrayRef, name: &str) -> Result<ArrayRef> {
    match result.get_array_memory_size() {
        bytes if bytes > limits::BATCH_BYTES => resources_err!(
            "what `{name}` makes of {} rows takes {bytes} bytes, more than {}",
            result.len(),
            limits::BATCH_BYTES
        ),
        _ => Ok(result),
    }
}

/// An argument as an array of its type's own Arrow type; a constant as one row.
pub(crate) fn column(argument: &ColumnarValue, ty: &Type) -> Result<ArrayRef> {
    let array = match argument {
        ColumnarValue::Array(array) => array.clone(),
        ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1)?,
    };
    canonical(array, ty)
}

/// Casts an array as it is stored to the Arrow type of its KFL type.
pub(crate) fn canonical(array: ArrayRef, ty: &Type) -> Result<ArrayRef> {
    let wanted = ty.arrow();
    match array.data_type() {
        same if *same == wanted => Ok(array),
        DataType::Timestamp(..) if *ty == Type::Timestamp => {
            let nanoseconds = cast(&array, &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
            let times = nanoseconds.as_primitive::<TimestampNanosecondType>().iter();
            let times = Decimal128Array::from_iter(times.map(|time| time.map(i128::from)));
            Ok(Arc::new(times.with_data_type(wanted)))
        }
        _ => Ok(cast(&array, &wanted)?),
    }
}
