//! Lowering of values: a part of a filter → an expression that is its value, NULL where it is an error.

use std::collections::BTreeMap;

use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr as df;
use datafusion::logical_expr::lit;
use datafusion::scalar::ScalarValue;

use super::{balanced, case};
use crate::ast::Operator;
use crate::eval;
use crate::functions::compare;
use crate::functions::comprehension;
use crate::functions::kernel::Arguments;
use crate::functions::udf::Kernel;
use crate::typed::{Call, Comprehension, Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is stored: NULL where a row has no value. What comes of it is NULL then, or does not depend on it.
    Stored,
    /// With its default where a row has no value.
    Default,
}

/// Lowers a part to its value.
pub(super) fn value(expr: &Expr, reading: Reading) -> df::Expr {
    match &expr.kind {
        Kind::Value(value) => lit(value.scalar(&expr.ty)),
        Kind::Variable(variable) => read(expr, variable.default(), reading),
        Kind::Column(_) => read(expr, Value::zero(&expr.ty), reading),
        Kind::Local(local) => df::Expr::Column(local_name(local)),
        Kind::Call(call) => self::call(call, expr, reading),
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
        ),
        Kind::List(items) => collection(items.iter().collect(), "list", &expr.ty, list),
        Kind::Map(entries) => collection(
            entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            "map",
            &expr.ty,
            map,
        ),
        Kind::Comprehension(comprehension) => walk(comprehension, &expr.ty, reading),
        Kind::Dyn(inner) => value(inner, reading),
        Kind::Flag(_) | Kind::Fail(_) => null(&expr.ty),
    }
}

/// The column that a variable or the name of a column stands for, as it is stored.
pub(super) fn stored(expr: &Expr) -> df::Expr {
    let name = match &expr.kind {
        Kind::Variable(variable) => variable.field.column,
        Kind::Column(name) => name,
        _ => unreachable!("only variables and columns are stored"),
    };
    let column = df::Expr::Column(datafusion::common::Column::new_unqualified(name));
    // Bytes are scanned as they are stored; the language's functions take views.
    match expr.ty {
        Type::Bytes => df::cast(column, datafusion::arrow::datatypes::DataType::BinaryView),
        _ => column,
    }
}

fn read(expr: &Expr, default: Value, reading: Reading) -> df::Expr {
    let stored = stored(expr);
    if reading == Reading::Stored {
        return stored;
    }
    match &expr.ty {
        // Stored lists and maps have Arrow types of their own, plain or view: a kernel brings them together.
        Type::List(_) => Kernel::call(
            "or_empty",
            or_empty_list,
            std::slice::from_ref(&expr.ty),
            &expr.ty,
            vec![stored],
        ),
        Type::Map(..) => Kernel::call(
            "or_empty",
            or_empty_map,
            std::slice::from_ref(&expr.ty),
            &expr.ty,
            vec![stored],
        ),
        // A flag-like column is false where it is absent, and that is what IS TRUE says.
        Type::Bool => stored.is_true(),
        ty => {
            let branch = (Box::new(stored.clone().is_not_null()), Box::new(stored));
            df::Expr::Case(df::expr::Case::new(
                None,
                vec![branch],
                Some(Box::new(lit(default.scalar(ty)))),
            ))
        }
    }
}

fn or_empty_list(args: &Arguments) -> datafusion::arrow::array::ArrayRef {
    args.values(|row| Some(args.value(0, row).unwrap_or_else(|| Value::List([].into()))))
}

fn or_empty_map(args: &Arguments) -> datafusion::arrow::array::ArrayRef {
    args.values(|row| Some(args.value(0, row).unwrap_or_else(|| Value::Map([].into()))))
}

fn null(ty: &Type) -> df::Expr {
    lit(ScalarValue::try_from(ty.arrow()).unwrap_or(ScalarValue::Null))
}

fn comparison(operator: Operator, left: &Expr, right: &Expr, reading: Reading) -> df::Expr {
    if left.ty.arrow().is_null() || right.ty.arrow().is_null() {
        return null(&Type::Bool);
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

/// True if DataFusion's operators compare values of the type as CEL does.
fn is_native(ty: &Type) -> bool {
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
    if let Some(test) = membership(call, reading) {
        return test;
    }
    let arguments: Vec<_> = call.arguments.iter().map(|argument| value(argument, reading)).collect();
    match call.overload.plan {
        Some(plan) => plan(arguments),
        None => Kernel::call(
            call.function.name,
            call.overload.kernel,
            &call.parameters,
            &expr.ty,
            arguments,
        ),
    }
}

/// `in` where DataFusion's own forms mean the same: a column in constants, a constant in a stored list.
fn membership(call: &Call, reading: Reading) -> Option<df::Expr> {
    let [item, list] = &call.arguments[..] else { return None };
    if call.function.name != "_in_" {
        return None;
    }
    let Type::List(element) = &list.ty else { return None };
    match (&list.kind, item.constant()) {
        (Kind::Value(Value::List(items)), None) if !items.is_empty() && is_native(element) && item.ty == **element => {
            let items = items.iter().map(|item| lit(item.scalar(element))).collect();
            Some(value(item, reading).in_list(items, false))
        }
        (Kind::Variable(_), Some(constant)) if reading == Reading::Stored && item.ty == **element => {
            // The elements of a stored list are plain strings, not views.
            let constant = match constant {
                Value::String(text) => ScalarValue::Utf8(Some(text.to_string())),
                constant => constant.scalar(element),
            };
            Some(array_has(value(list, reading), lit(constant)))
        }
        _ => None,
    }
}

/// A list or map made by row. Its parts are read with their defaults: inside it an absent value is a value.
fn collection(
    parts: Vec<&Expr>,
    name: &'static str,
    ty: &Type,
    kernel: fn(&Arguments) -> datafusion::arrow::array::ArrayRef,
) -> df::Expr {
    let types: Vec<_> = parts.iter().map(|part| part.ty.clone()).collect();
    let parts = parts.into_iter().map(|part| value(part, Reading::Default)).collect();
    Kernel::call(name, kernel, &types, ty, parts)
}

fn list(args: &Arguments) -> datafusion::arrow::array::ArrayRef {
    args.values(|row| {
        (0..args.columns.len())
            .map(|item| args.value(item, row))
            .collect::<Option<_>>()
            .map(Value::List)
    })
}

fn map(args: &Arguments) -> datafusion::arrow::array::ArrayRef {
    args.values(|row| {
        let mut entries: Vec<(Value, Value)> = Vec::new();
        for entry in (0..args.columns.len()).step_by(2) {
            let (key, value) = (args.value(entry, row)?, args.value(entry + 1, row)?);
            if entries.iter().any(|(other, _)| eval::equal(other, &key)) {
                return None;
            }
            entries.push((key, value));
        }
        Some(Value::Map(entries.into()))
    })
}

/// The name of the column that holds the element which a macro's name stands for.
fn local_name(local: &Local) -> datafusion::common::Column {
    // The depth keeps apart names that are the same at two depths; no column of a table has a `$`.
    datafusion::common::Column::new_unqualified(format!("{}${}", local.name, local.depth))
}

fn walk(comprehension: &Comprehension, ty: &Type, reading: Reading) -> df::Expr {
    let Comprehension {
        form,
        range,
        local,
        element,
        body,
    } = comprehension;
    let mut captured = BTreeMap::new();
    capture(body, local, &mut captured);
    let captured = captured.into_iter().map(|(name, ty)| {
        let column = df::Expr::Column(datafusion::common::Column::new_unqualified(&name));
        (name, ty, column)
    });
    // The body is evaluated over elements, where a condition cannot tell rows apart: it reads columns with their defaults.
    let lowered = value(body, Reading::Default);
    let range = (range.ty.clone(), value(range, reading));
    let element = (local_name(local).name, element.clone());
    comprehension::Comprehension::call(*form, range, element, lowered, captured.collect(), ty.clone())
}

/// The columns that a body reads beside its element: those of the table, and elements of macros around it.
fn capture(expr: &Expr, own: &Local, captured: &mut BTreeMap<String, Type>) {
    match &expr.kind {
        Kind::Variable(variable) => {
            captured.insert(variable.field.column.to_owned(), variable.ty.clone());
        }
        Kind::Column(name) => {
            captured.insert(name.as_ref().to_owned(), expr.ty.clone());
        }
        Kind::Local(local) if local.depth < own.depth => {
            captured.insert(local_name(local).name, expr.ty.clone());
        }
        // A macro that the schema declares counts its depth from itself: its name may look like one from around it.
        Kind::Comprehension(inner) => {
            capture(&inner.range, own, captured);
            let mut of_body = BTreeMap::new();
            capture(&inner.body, own, &mut of_body);
            of_body.remove(&local_name(&inner.local).name);
            captured.append(&mut of_body);
        }
        _ => expr.each_part(&mut |part| capture(part, own, captured)),
    }
}
