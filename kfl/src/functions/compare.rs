//! Comparisons that DataFusion's own operators do not make as CEL does: doubles, numbers of different types, lists, maps.
//!
//! Arrow orders doubles totally (NaN equals NaN, -0.0 is below 0.0); CEL follows IEEE 754.

use std::cmp::Ordering;

use datafusion::arrow::array::ArrayRef;

use super::kernel::Arguments;
use crate::ast::Operator;
use crate::eval;

/// The kernel of a comparison, with the name that plans show.
pub(crate) fn kernel(operator: Operator) -> (&'static str, fn(&Arguments) -> ArrayRef) {
    match operator {
        Operator::Eq => ("equal", |args| {
            args.bools(|row| Some(eval::equal(&args.value(0, row)?, &args.value(1, row)?)))
        }),
        Operator::Ne => ("not_equal", |args| {
            args.bools(|row| Some(!eval::equal(&args.value(0, row)?, &args.value(1, row)?)))
        }),
        Operator::Lt => ("less", |args| ordered(args, |order| order == Some(Ordering::Less))),
        Operator::Le => ("less_or_equal", |args| {
            ordered(args, |order| matches!(order, Some(Ordering::Less | Ordering::Equal)))
        }),
        Operator::Gt => ("greater", |args| {
            ordered(args, |order| order == Some(Ordering::Greater))
        }),
        _ => ("greater_or_equal", |args| {
            ordered(args, |order| matches!(order, Some(Ordering::Greater | Ordering::Equal)))
        }),
    }
}

fn ordered(args: &Arguments, test: fn(Option<Ordering>) -> bool) -> ArrayRef {
    args.bools(|row| Some(test(eval::order(&args.value(0, row)?, &args.value(1, row)?))))
}
