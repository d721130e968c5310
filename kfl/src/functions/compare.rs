//! Comparisons that DataFusion's own operators do not make as CEL does: doubles, numbers of different types, lists, maps.
//!
//! Arrow orders doubles totally (NaN equals NaN, -0.0 is below 0.0); CEL follows IEEE 754.

use datafusion::arrow::array::ArrayRef;

use super::kernel::Arguments;
use crate::ast::Operator;
use crate::eval;
use crate::types::Type;

/// The kernel of a comparison, with the name that plans show.
pub(crate) fn kernel(operator: Operator) -> (&'static str, fn(&Arguments) -> ArrayRef) {
    match operator {
        Operator::Eq => ("equal", |args| {
            compared(args, Operator::Eq, |left, right| left == right)
        }),
        Operator::Ne => ("not_equal", |args| {
            compared(args, Operator::Ne, |left, right| left != right)
        }),
        Operator::Lt => ("less", |args| compared(args, Operator::Lt, |left, right| left < right)),
        Operator::Le => ("less_or_equal", |args| {
            compared(args, Operator::Le, |left, right| left <= right)
        }),
        Operator::Gt => ("greater", |args| {
            compared(args, Operator::Gt, |left, right| left > right)
        }),
        _ => ("greater_or_equal", |args| {
            compared(args, Operator::Ge, |left, right| left >= right)
        }),
    }
}

fn compared(args: &Arguments, operator: Operator, doubles: fn(f64, f64) -> bool) -> ArrayRef {
    if args.types == [Type::Double, Type::Double] {
        let (left, right) = (args.double(0), args.double(1));
        return args.bools(|row| Some(doubles(left.at(row)?, right.at(row)?)));
    }
    args.bools(|row| eval::compare(operator, &args.value(0, row)?, &args.value(1, row)?).ok())
}
