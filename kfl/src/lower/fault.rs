//! Why a filter has no value on a row: an expression that gives the code of the fault, NULL where there is none.
//!
//! It is made beside the filter's own expression and evaluated over the rows where that is NULL, so that a query can say
//! how many rows it left out, and why.

use datafusion::arrow::array::ArrayRef;
use datafusion::logical_expr as df;
use datafusion::logical_expr::lit;

use super::value::{self, Reading};
use super::{case, walk};
use crate::ast::Operator;
use crate::fault::Fault;
use crate::functions::Failing;
use crate::functions::comprehension::{Folding, Macro};
use crate::functions::kernel::Arguments;
use crate::functions::udf::Kernel;
use crate::limits;
use crate::typed::{Comprehension, Expr, Kind};
use crate::types::Type;

/// Parts inside each other, each of which may fail, beyond which the fault is not told: each level asks again whether what is
/// below it has a value, and planning takes longer than anybody waits.
const LEVELS: usize = 24;

/// How many parts inside each other may fail by themselves.
fn levels(expr: &Expr) -> usize {
    limits::on_enough_stack(|| {
        let mut below = 0;
        expr.each_part(&mut |part| below = below.max(levels(part)));
        below + usize::from(fails_itself(expr))
    })
}

/// True if a part may have no value on a row.
pub(super) fn can_fail(expr: &Expr) -> bool {
    limits::on_enough_stack(|| {
        let mut any = fails_itself(expr);
        expr.each_part(&mut |part| any = any || can_fail(part));
        any
    })
}

/// True if a part may have no value though all it is made of has one.
fn fails_itself(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Fail(_) | Kind::Dispatch(_) => true,
        Kind::Convert(_) => !matches!(expr.ty, Type::Dyn | Type::Any(_)),
        Kind::Call(call) => !matches!(call.overload.failing, Failing::Never),
        Kind::Compare { operator, left, right } => {
            !matches!(operator, Operator::Eq | Operator::Ne)
                && (left.ty.is_open()
                    || right.ty.is_open()
                    || !left.ty.is_ordered()
                    || left.ty != right.ty && !(left.ty.is_number() && right.ty.is_number()))
        }
        Kind::List(items) => items.iter().any(|item| item.ty.is_open() || item.ty.has_parts()),
        Kind::Map(entries) => entries.len() > 1,
        Kind::Comprehension(comprehension) => {
            comprehension.form == Macro::TransformMapEntry || comprehension.range.ty.is_open()
        }
        _ => false,
    }
}

/// The code of a part's fault on a row; `None` if it has none on any.
pub(super) fn code(expr: &Expr, reading: Reading) -> Option<df::Expr> {
    limits::on_enough_stack(|| {
        if !can_fail(expr) {
            return None;
        }
        let is_logic = matches!(expr.kind, Kind::And(_) | Kind::Or(_) | Kind::Not(_));
        if !is_logic && levels(expr) > LEVELS {
            return Some(where_missing(expr, lit(Fault::Untold as u64), reading));
        }
        Some(found(expr, reading))
    })
}

fn found(expr: &Expr, reading: Reading) -> df::Expr {
    let own = |fault: Fault| where_missing(expr, lit(fault as u64), reading);
    let parts = |parts: &mut dyn Iterator<Item = &Expr>| -> Vec<df::Expr> {
        parts.filter_map(|part| code(part, reading)).collect()
    };
    match &expr.kind {
        Kind::Fail(fault) => lit(*fault as u64),
        Kind::Call(call) => {
            let mut codes = parts(&mut call.arguments.iter());
            match call.overload.failing {
                Failing::Never => {}
                Failing::With(fault) => codes.push(own(fault)),
                Failing::By(told) => {
                    let arguments = call.arguments.iter().map(|argument| value::value(argument, reading));
                    let told = Kernel::told(told, &call.parameters, arguments.collect());
                    codes.push(where_missing(expr, told, reading));
                }
            }
            first(codes)
        }
        Kind::Dispatch(dispatch) => {
            let mut codes = parts(&mut dispatch.arguments.iter());
            let types: Vec<_> = dispatch.arguments.iter().map(|argument| argument.ty.clone()).collect();
            let arguments = dispatch
                .arguments
                .iter()
                .map(|argument| value::value(argument, reading));
            let told = Kernel::dispatch_fault((dispatch.entry, dispatch.method), &types, arguments.collect());
            codes.push(where_missing(expr, told, reading));
            first(codes)
        }
        Kind::Convert(inner) => {
            let mut codes = parts(&mut [&**inner].into_iter());
            codes.push(own(Fault::WrongType));
            first(codes)
        }
        Kind::Compare { left, right, .. } => {
            let mut codes = parts(&mut [&**left, &**right].into_iter());
            codes.push(own(Fault::WrongType));
            first(codes)
        }
        Kind::And(terms) | Kind::Or(terms) => where_missing(expr, first(parts(&mut terms.iter())), reading),
        Kind::Not(operand) => first(parts(&mut [&**operand].into_iter())),
        Kind::Conditional {
            condition,
            then,
            otherwise,
        } => {
            let of = |part: &Expr| code(part, reading).unwrap_or_else(nothing);
            let chosen = case(value::value(condition, reading), of(then), of(otherwise), &Type::Uint);
            first(code(condition, reading).into_iter().chain([chosen]).collect())
        }
        Kind::List(items) => {
            let mut codes = parts(&mut items.iter());
            if fails_itself(expr) {
                codes.push(own(Fault::Overflow));
            }
            first(codes)
        }
        Kind::Map(entries) => {
            let mut codes = parts(&mut entries.iter().flat_map(|(key, value)| [key, value]));
            codes.push(own(Fault::BadMap));
            first(codes)
        }
        Kind::Comprehension(comprehension) => {
            let mut codes: Vec<_> = code(&comprehension.range, reading).into_iter().collect();
            if let Some(elements) = of_elements(comprehension, reading) {
                codes.push(elements);
            }
            codes.push(lit(match comprehension.form {
                Macro::TransformMapEntry => Fault::BadMap,
                _ => Fault::WrongType,
            } as u64));
            where_missing(expr, first(codes), reading)
        }
        Kind::Bind(bind) => {
            let mut codes = Vec::new();
            if let Some(body) = code(&bind.body, Reading::Given) {
                codes.push(walk::bind(bind, body, Type::Uint.arrow(), reading));
            }
            codes.extend(code(&bind.value, reading));
            where_missing(expr, first(codes), reading)
        }
        Kind::Value(_) | Kind::Variable(_) | Kind::Flag(_) | Kind::Local(_) | Kind::Column(_) => nothing(),
    }
}

/// The fault of the first element that has one.
fn of_elements(comprehension: &Comprehension, reading: Reading) -> Option<df::Expr> {
    let body = code(&comprehension.body, Reading::Given);
    let body = match &comprehension.condition {
        None => body?,
        Some(condition) => {
            let body = body.unwrap_or_else(nothing);
            let counted = case(value::value(condition, Reading::Given), body, nothing(), &Type::Uint);
            first(code(condition, Reading::Given).into_iter().chain([counted]).collect())
        }
    };
    Some(walk::folded(
        comprehension,
        Folding::First,
        (None, body),
        Type::Uint,
        reading,
    ))
}

/// The code on the rows where the part has no value.
fn where_missing(expr: &Expr, code: df::Expr, reading: Reading) -> df::Expr {
    let missing = value::value(expr, reading).is_null();
    let branch = (Box::new(missing), Box::new(code));
    df::Expr::Case(df::expr::Case::new(None, vec![branch], None))
}

fn first(mut codes: Vec<df::Expr>) -> df::Expr {
    match codes.len() {
        0 => nothing(),
        1 => codes.swap_remove(0),
        _ => {
            let types = vec![Type::Uint; codes.len()];
            Kernel::call("first_fault", first_of, &types, &Type::Uint, codes)
        }
    }
}

fn first_of(args: &Arguments) -> ArrayRef {
    let columns: Vec<_> = (0..args.columns.len()).map(|argument| args.uint(argument)).collect();
    args.uints(|row| columns.iter().find_map(|column| column.at(row)))
}

fn nothing() -> df::Expr {
    lit(datafusion::scalar::ScalarValue::UInt64(None))
}
