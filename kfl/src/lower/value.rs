//! Lowering of values: a part of a filter → an expression that is its value, NULL where it is an error.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr as df;
use datafusion::logical_expr::lit;
use datafusion::scalar::ScalarValue;

use super::{balanced, case, membership, walk};
use crate::ast::Operator;
use crate::eval;
use crate::functions::compare;
use crate::functions::kernel::Arguments;
use crate::functions::udf::Kernel;
use crate::limits;
use crate::typed::{Call, Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is stored: NULL where a row has no value. What comes of it is NULL then, or does not depend on it.
    Stored,
    /// With its default where a row has no value.
    Default,
    /// As what stands around has read it: inside a macro's body, or where a program gives the values.
    Given,
}

impl Reading {
    /// How the parts of what is made anew are read: inside it an absent value is a value.
    pub(super) fn inside(self) -> Self {
        match self {
            Reading::Given => Reading::Given,
            Reading::Stored | Reading::Default => Reading::Default,
        }
    }
}

/// Lowers a part to its value, in the Arrow type of its type.
pub(super) fn value(expr: &Expr, reading: Reading) -> df::Expr {
    limits::on_enough_stack(|| lowered(expr, reading))
}

/// Lowers a part to its value as tables hold it: times in 64 bits, NULL beyond them.
pub(super) fn output(expr: &Expr, reading: Reading) -> df::Expr {
    if expr.ty != Type::Timestamp {
        return value(expr, reading);
    }
    stored_time(expr, reading).unwrap_or_else(|| {
        let nanoseconds = df::try_cast(value(expr, reading), DataType::Int64);
        df::cast(
            nanoseconds,
            DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        )
    })
}

fn lowered(expr: &Expr, reading: Reading) -> df::Expr {
    match &expr.kind {
        Kind::Value(value) => lit(value.scalar(&expr.ty)),
        Kind::Variable(variable) => read(expr, variable.default(), reading),
        Kind::Column(_) => read(expr, Value::zero(&expr.ty), reading),
        Kind::Local(local) => df::Expr::Column(local_name(local)),
        Kind::Call(call) => self::call(call, expr, reading),
        Kind::Dispatch(dispatch) => {
            let (types, arguments) = arguments(&dispatch.arguments, reading);
            Kernel::dispatch((dispatch.entry, dispatch.method), &types, &expr.ty, arguments)
        }
        Kind::Convert(inner) => {
            let (types, arguments) = arguments(std::slice::from_ref(inner), reading);
            Kernel::call("convert", converted, &types, &expr.ty, arguments)
        }
        Kind::Compare { operator, left, right } => comparison(*operator, left, right, reading),
        Kind::And(terms) => balanced(terms.iter().map(|term| value(term, reading)).collect(), df::Expr::and),
        Kind::Or(terms) => balanced(terms.iter().map(|term| value(term, reading)).collect(), df::Expr::or),
        Kind::Not(operand) => df::not(value(operand, reading)),
        Kind::Conditional {
            condition,
            then,
            otherwise,
        } => case(
            value(condition, reading),
            value(then, reading),
            value(otherwise, reading),
            &expr.ty,
        ),
        Kind::List(items) => collection(items.iter().collect(), "list", &expr.ty, list, reading),
        Kind::Map(entries) => collection(
            entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            "map",
            &expr.ty,
            map,
            reading,
        ),
        Kind::Comprehension(comprehension) => walk::walk(comprehension, &expr.ty, reading),
        Kind::Bind(bind) => walk::bind(bind, value(&bind.body, Reading::Given), expr.ty.arrow(), reading),
        Kind::Flag(_) | Kind::Fail(_) => null(&expr.ty),
    }
}

fn arguments(arguments: &[Expr], reading: Reading) -> (Vec<Type>, Vec<df::Expr>) {
    arguments
        .iter()
        .map(|argument| (argument.ty.clone(), self::argument(argument, reading)))
        .unzip()
}

/// An argument of a kernel, which takes columns as they are stored.
fn argument(expr: &Expr, reading: Reading) -> df::Expr {
    match (&expr.kind, reading) {
        (Kind::Variable(_) | Kind::Column(_), Reading::Stored) => stored(expr),
        _ => value(expr, reading),
    }
}

fn converted(args: &Arguments) -> ArrayRef {
    args.values(|row| args.value(0, row).filter(|value| value.is_of(&args.result)))
}

/// The column that a variable or the name of a column stands for, as it is stored.
pub(super) fn stored(expr: &Expr) -> df::Expr {
    let name = match &expr.kind {
        Kind::Variable(variable) => variable.field.column,
        Kind::Column(name) => name,
        _ => unreachable!("only variables and columns are stored"),
    };
    df::Expr::Column(datafusion::common::Column::new_unqualified(name))
}

fn read(expr: &Expr, default: Value, reading: Reading) -> df::Expr {
    let stored = stored(expr);
    match (&expr.ty, reading) {
        (_, Reading::Given) => stored,
        // Bytes are scanned as they are stored; the language's functions take views.
        (Type::Bytes, Reading::Stored) => df::cast(stored, expr.ty.arrow()),
        // Stored times, lists and maps have Arrow types of their own: a kernel brings them to the language's.
        (ty @ (Type::Timestamp | Type::List(_) | Type::Map(..)), Reading::Stored) => {
            Kernel::call("as_given", as_given, std::slice::from_ref(ty), ty, vec![stored])
        }
        (_, Reading::Stored) => stored,
        (ty @ (Type::List(_) | Type::Map(..)), Reading::Default) => {
            Kernel::call("or_empty", or_empty, std::slice::from_ref(ty), ty, vec![stored])
        }
        // A flag-like column is false where it is absent, and that is what IS TRUE says.
        (Type::Bool, Reading::Default) => stored.is_true(),
        (ty, Reading::Default) => {
            let given = read(expr, default.clone(), Reading::Stored);
            let branch = (Box::new(stored.is_not_null()), Box::new(given));
            let default = Box::new(lit(default.scalar(ty)));
            df::Expr::Case(df::expr::Case::new(None, vec![branch], Some(default)))
        }
    }
}

fn as_given(args: &Arguments) -> ArrayRef {
    args.columns[0].clone()
}

fn or_empty(args: &Arguments) -> ArrayRef {
    let column = &args.columns[0];
    if column.null_count() == 0 {
        return column.clone();
    }
    // A null covers no elements in any column that is read from a file; where one does, its row is made anew.
    let offsets = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().offsets(),
        _ => column.as_map().offsets(),
    };
    if (0..column.len()).any(|row| column.is_null(row) && offsets[row] != offsets[row + 1]) {
        let empty = Value::zero(&args.result);
        return args.values(|row| Some(args.value(0, row).unwrap_or_else(|| empty.clone())));
    }
    match column.data_type() {
        DataType::List(field) => {
            let list = column.as_list::<i32>();
            let (offsets, values) = (list.offsets().clone(), list.values().clone());
            Arc::new(ListArray::new(field.clone(), offsets, values, None))
        }
        DataType::Map(field, sorted) => {
            let map = column.as_map();
            let (offsets, entries) = (map.offsets().clone(), map.entries().clone());
            Arc::new(MapArray::new(field.clone(), offsets, entries, None, *sorted))
        }
        _ => unreachable!("only lists and maps are empty"),
    }
}

fn null(ty: &Type) -> df::Expr {
    lit(ScalarValue::try_from(ty.arrow()).unwrap_or(ScalarValue::Null))
}

fn comparison(operator: Operator, left: &Expr, right: &Expr, reading: Reading) -> df::Expr {
    if left.ty == Type::Timestamp
        && let (Some(left), Some(right)) = (stored_time(left, reading), stored_time(right, reading))
    {
        return native(operator, left, right);
    }
    if left.ty == right.ty && is_native(&left.ty) {
        return native(operator, value(left, reading), value(right, reading));
    }
    // A constant of another type: the column is compared with the int that stands for it, so that statistics see it.
    for (one, other, operator) in [(left, right, operator), (right, left, mirrored(operator))] {
        if let (Type::Int, Some((operator, number))) =
            (&one.ty, other.constant().and_then(|other| as_int(operator, other)))
        {
            return native(operator, value(one, reading), lit(number));
        }
    }
    let (name, kernel) = compare::kernel(operator);
    let (types, arguments) = (
        [left.ty.clone(), right.ty.clone()],
        vec![value(left, reading), value(right, reading)],
    );
    Kernel::call(name, kernel, &types, &Type::Bool, arguments)
}

/// A time in the 64 bits of nanoseconds that columns are stored in, which statistics prune by; `None` if it is computed
/// or beyond them.
fn stored_time(expr: &Expr, reading: Reading) -> Option<df::Expr> {
    let time = |value: &Value| match value {
        Value::Timestamp(time) => Some(ScalarValue::TimestampNanosecond(
            Some(i64::try_from(*time).ok()?),
            Some("UTC".into()),
        )),
        _ => None,
    };
    match (&expr.kind, reading) {
        (Kind::Value(value), _) => time(value).map(lit),
        (Kind::Variable(_) | Kind::Column(_), Reading::Stored) => Some(stored(expr)),
        (Kind::Variable(_) | Kind::Column(_), Reading::Default) => {
            let stored = stored(expr);
            let branch = (Box::new(stored.clone().is_not_null()), Box::new(stored));
            let default = Box::new(lit(time(&Value::Timestamp(0))?));
            Some(df::Expr::Case(df::expr::Case::new(None, vec![branch], Some(default))))
        }
        _ => None,
    }
}

/// True if DataFusion's operators compare values of the type as CEL does.
pub(super) fn is_native(ty: &Type) -> bool {
    ty.is_ordered() && *ty != Type::Double
}

fn native(operator: Operator, left: df::Expr, right: df::Expr) -> df::Expr {
    match operator {
        Operator::Eq => left.eq(right),
        Operator::Ne => left.not_eq(right),
        Operator::Lt => left.lt(right),
        Operator::Le => left.lt_eq(right),
        Operator::Gt => left.gt(right),
        _ => left.gt_eq(right),
    }
}

/// The operator with its sides exchanged.
fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Lt => Operator::Gt,
        Operator::Le => Operator::Ge,
        Operator::Gt => Operator::Lt,
        Operator::Ge => Operator::Le,
        operator => operator,
    }
}

/// The comparison with an int that says the same of ints as a comparison with another number.
fn as_int(operator: Operator, number: &Value) -> Option<(Operator, i64)> {
    match number {
        Value::Uint(number) => Some((operator, i64::try_from(*number).ok()?)),
        // Beyond 2^53 a double stands for several ints.
        Value::Double(number) if number.is_nan() || number.abs() > 9_007_199_254_740_992.0 => None,
        Value::Double(number) if number.fract() == 0.0 => Some((operator, *number as i64)),
        Value::Double(number) => match operator {
            Operator::Lt | Operator::Le => Some((Operator::Le, number.floor() as i64)),
            Operator::Gt | Operator::Ge => Some((Operator::Ge, number.ceil() as i64)),
            _ => None,
        },
        _ => None,
    }
}

fn call(call: &Call, expr: &Expr, reading: Reading) -> df::Expr {
    if let Some(test) = membership::membership(call, reading).or_else(|| membership::key(call, reading)) {
        return test;
    }
    if let Some(plan) = call.overload.plan {
        return plan(call.arguments.iter().map(|argument| value(argument, reading)).collect());
    }
    let (_, arguments) = arguments(&call.arguments, reading);
    let (name, kernel) = (call.function.name, call.overload.kernel);
    Kernel::call(name, kernel, &call.parameters, &expr.ty, arguments)
}

/// A list or map made by row.
fn collection(
    parts: Vec<&Expr>,
    name: &'static str,
    ty: &Type,
    kernel: fn(&Arguments) -> ArrayRef,
    reading: Reading,
) -> df::Expr {
    let types: Vec<_> = parts.iter().map(|part| part.ty.clone()).collect();
    let parts = parts.into_iter().map(|part| value(part, reading.inside())).collect();
    Kernel::call(name, kernel, &types, ty, parts)
}

fn list(args: &Arguments) -> ArrayRef {
    args.values(|row| {
        (0..args.columns.len())
            .map(|item| args.value(item, row))
            .collect::<Option<_>>()
            .map(Value::List)
            .filter(|list| list.parts_up_to(limits::LIST_PARTS).is_some())
    })
}

fn map(args: &Arguments) -> ArrayRef {
    args.values(|row| {
        let mut entries: Vec<(Value, Value)> = Vec::new();
        for entry in (0..args.columns.len()).step_by(2) {
            eval::insert(&mut entries, args.value(entry, row)?, args.value(entry + 1, row)?).ok()?;
        }
        Some(Value::Map(entries.into()))
    })
}

/// The name of the column that holds the element which a macro's name stands for.
pub(super) fn local_name(local: &Local) -> datafusion::common::Column {
    // The depth keeps apart names that are the same at two depths; no column of a table has a `$`.
    match local.depth {
        usize::MAX => datafusion::common::Column::new_unqualified(format!("{}$", local.name)),
        depth => datafusion::common::Column::new_unqualified(format!("{}${depth}", local.name)),
    }
}
