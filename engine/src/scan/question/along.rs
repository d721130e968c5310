//! Filters on the keys of a table that go along with questions.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::columns::{CONN_ID, FLOW_ID, TIMESTAMP};

/// True if a filter asks for the rows of one connection or flow.
pub(crate) fn is_of_one_id(filter: &Expr) -> bool {
    let is_id = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == CONN_ID || column.name == FLOW_ID);
    let is_fixed = |expr: &Expr| matches!(expr, Expr::Literal(ScalarValue::Int64(Some(_)), _));
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::Eq,
        right,
    }) = filter
    else {
        return false;
    };
    is_id(left) && is_fixed(right) || is_fixed(left) && is_id(right)
}

/// True if a filter is a range of time.
pub(crate) fn is_time_range(filter: &Expr) -> bool {
    let is_time = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == TIMESTAMP);
    let is_fixed = |expr: &Expr| matches!(expr, Expr::Literal(..));
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let is_range = matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
            is_range && (is_time(left) && is_fixed(right) || is_fixed(left) && is_time(right))
        }
        Expr::Between(between) => {
            !between.negated && is_time(&between.expr) && is_fixed(&between.low) && is_fixed(&between.high)
        }
        _ => false,
    }
}
