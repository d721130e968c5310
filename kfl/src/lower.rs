//! Lowering: a checked filter, specialised to a table → a DataFusion expression. It cannot fail: the checker refused what
//! it could not lower.
//!
//! **Errors** are NULL: SQL's three-valued logic is CEL's, with *error* in the place of NULL, and a row passes only where
//! the filter is true. **Absent values** are NULL too, as stored, and read as their default. Both meanings of NULL meet
//! here and nowhere else:
//!
//! - Negation is pushed down to the conditions under `&&` and `||`. In such a place false and NULL are the same: the row
//!   does not pass by it.
//! - A condition on one column takes the column as it is stored. All that is built on it is NULL where it is NULL, or has
//!   the value it has for every value of the column; so the condition may lose the rows that have no value, never add
//!   one. Whether they pass is computed here, once, from the default: if they do, `OR column IS NULL` is added. Parquet
//!   statistics see the bare column either way.
//! - A condition on several columns, and whatever is no condition, supplies the default row by row.

mod fault;
mod fold;
mod membership;
mod specialise;
mod value;
mod walk;

use std::collections::BTreeMap;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Datum, Scalar};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{is_null, nullif};
use datafusion::logical_expr as df;
use schema::Table;

use crate::Lowered;
use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::eval::{self, Scope};
use crate::fault::Fault;
use crate::functions::kernel::Arguments;
use crate::functions::udf::Kernel;
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::value::Value;

use value::Reading;

/// Lowers a filter for one table.
pub(crate) fn lower(filter: &Expr, table: &'static Table, now_ns: i64) -> Lowered {
    let tree = without_failures(specialise::specialise(filter, table, now_ns), false);
    match &tree.kind {
        Kind::Value(Value::Bool(true)) => Lowered::Always,
        Kind::Value(_) | Kind::Fail(_) => Lowered::Never,
        _ => Lowered::Where(condition(&tree, false)),
    }
}

/// Lowers an expression over columns that are given as they are: its value, and the code of its fault if it can have one.
pub(crate) fn given(expr: &Expr) -> (df::Expr, Option<df::Expr>) {
    (value::value(expr, Reading::Given), fault::code(expr, Reading::Given))
}

/// The rows of a table of which a filter is neither true nor false, with the code of the fault that is why; `None` if there
/// are none.
pub(crate) fn faults(filter: &Expr, table: &'static Table, now_ns: i64) -> Option<(df::Expr, df::Expr)> {
    let tree = specialise::specialise(filter, table, now_ns);
    let code = fault::code(&tree, Reading::Default)?;
    let terms = match &tree.kind {
        Kind::And(terms) => terms.as_slice(),
        _ => std::slice::from_ref(&tree),
    };
    // What cannot fail must be true: else the filter is false, whatever fails. Statistics prune by it.
    let (failing, sure): (Vec<_>, Vec<_>) = terms.iter().cloned().partition(fault::can_fail);
    let mut rows: Vec<_> = sure.iter().map(|term| condition(term, false)).collect();
    let failing = Expr::new(Kind::And(failing), Type::Bool, tree.span.clone());
    rows.push(value::value(&failing, Reading::Default).is_null());
    Some((balanced(rows, df::Expr::and), code))
}

/// The rows of a table on which a part has no value, with the code of the fault; `None` if there are none.
pub(crate) fn faults_of(part: &Expr, table: &'static Table, now_ns: i64) -> Option<(df::Expr, df::Expr)> {
    let tree = specialise::specialise(part, table, now_ns);
    let code = fault::code(&tree, Reading::Default)?;
    Some((value::value(&tree, Reading::Default).is_null(), code))
}

/// Lowers the value that a part has on a table's rows.
pub(crate) fn value_on(part: &Expr, table: &'static Table, now_ns: i64) -> df::Expr {
    value::output(&specialise::specialise(part, table, now_ns), Reading::Default)
}

/// Lowers a condition over columns.
pub(crate) fn over_columns(condition: &Expr) -> Lowered {
    let tree = without_failures(folded(condition.clone()), false);
    match &tree.kind {
        Kind::Value(Value::Bool(true)) => Lowered::Always,
        Kind::Value(_) | Kind::Fail(_) => Lowered::Never,
        _ => Lowered::Where(self::condition(&tree, false)),
    }
}

/// Lowers the value that a part has over columns.
pub(crate) fn value_over_columns(part: &Expr) -> df::Expr {
    value::output(&folded(part.clone()), Reading::Default)
}

/// Folds all of a tree.
fn folded(expr: Expr) -> Expr {
    fold::fold(expr.map_parts(&mut folded))
}

/// Lowers a condition, or its opposite, in a place where false and NULL are the same.
fn condition(expr: &Expr, negated: bool) -> df::Expr {
    match &expr.kind {
        Kind::Not(operand) => condition(operand, !negated),
        Kind::And(terms) | Kind::Or(terms) => {
            let terms = terms.iter().map(|term| condition(term, negated)).collect();
            balanced(
                terms,
                if matches!(expr.kind, Kind::And(_)) != negated {
                    df::Expr::and
                } else {
                    df::Expr::or
                },
            )
        }
        Kind::Conditional {
            condition: test,
            then,
            otherwise,
        } => {
            // Where the condition is NULL no branch is taken.
            let test = value::value(test, Reading::Default);
            let (then, otherwise) = (condition(then, negated), condition(otherwise, negated));
            case(test, then, otherwise, &Type::Bool)
        }
        _ => leaf(expr, negated),
    }
}

/// Takes out what fails on every row, in places where an error and false are the same.
fn without_failures(expr: Expr, negated: bool) -> Expr {
    let Expr { kind, ty, span } = expr;
    let (terms, is_and) = match kind {
        Kind::Not(operand) => {
            let operand = without_failures(*operand, !negated);
            let kind = match operand.kind {
                Kind::Fail(fault) => Kind::Fail(fault),
                _ => Kind::Not(Box::new(operand)),
            };
            return Expr::new(kind, ty, span);
        }
        Kind::And(terms) => (terms, true),
        Kind::Or(terms) => (terms, false),
        kind => return Expr::new(kind, ty, span),
    };
    let terms: Vec<_> = terms.into_iter().map(|term| without_failures(term, negated)).collect();
    let (mut failed, mut kept): (Vec<_>, Vec<_>) =
        terms.into_iter().partition(|term| matches!(term.kind, Kind::Fail(_)));
    // One term that is never true decides a conjunction; in a disjunction it does not count.
    match (is_and != negated, failed.pop()) {
        (true, Some(failure)) => failure,
        (false, Some(failure)) if kept.is_empty() => failure,
        _ if kept.len() == 1 => kept.swap_remove(0),
        _ => Expr::new(if is_and { Kind::And(kept) } else { Kind::Or(kept) }, ty, span),
    }
}

fn leaf(expr: &Expr, negated: bool) -> df::Expr {
    let expr = if negated { negate(expr.clone()) } else { expr.clone() };
    let mut columns = BTreeMap::new();
    collect_columns(&expr, &mut columns);
    let [(_, column)] = Vec::from_iter(&columns)[..] else {
        return value::value(&expr, Reading::Default);
    };
    let stored = match network_bounds(&expr, column) {
        Some(bounds) => bounds.and(value::value(&expr, Reading::Stored)),
        None => value::value(&expr, Reading::Stored),
    };
    let default = |variable: &Variable| variable.default();
    let mut scope = Scope::of_row(&default, fold::STEPS);
    let zero = |_: &str| Some(Value::zero(&column.ty));
    scope.column = &zero;
    match eval::eval(&expr, &mut scope) {
        Ok(Value::Bool(true)) => stored.or(value::stored(column).is_null()),
        Err(Fault::TooLong) => value::value(&expr, Reading::Default),
        _ => stored,
    }
}

/// What statistics can tell of an address in a network: the beginnings of its text. Where it is not met, the condition is
/// false, or an error, which is the same here.
fn network_bounds(condition: &Expr, column: &Expr) -> Option<df::Expr> {
    let Kind::Call(call) = &condition.kind else { return None };
    let ("containsIP", [network, item]) = (call.function.name, &call.arguments[..]) else {
        return None;
    };
    let Some(Value::Cidr(network)) = network.constant() else {
        return None;
    };
    // Only what is written in one way lies between the bounds.
    let is_address = matches!(&item.kind, Kind::Variable(variable) if variable.field.unit == Some(schema::ADDRESS));
    if !is_address {
        return None;
    }
    let (from, to) = network.text_bounds()?;
    let text = |text: String| df::lit(Value::string(text).scalar(&Type::String));
    let stored = value::stored(column);
    Some(stored.clone().gt_eq(text(from)).and(stored.lt(text(to))))
}

/// The opposite of a condition; of a comparison the opposite comparison, which statistics can prune by. Doubles have none:
/// every comparison with NaN is false.
fn negate(expr: Expr) -> Expr {
    let Expr { kind, ty, span } = expr;
    let opposite = |operator| match operator {
        Operator::Eq => Operator::Ne,
        Operator::Ne => Operator::Eq,
        Operator::Lt => Operator::Ge,
        Operator::Le => Operator::Gt,
        Operator::Gt => Operator::Le,
        _ => Operator::Lt,
    };
    match kind {
        Kind::Compare { operator, left, right }
            if matches!(operator, Operator::Eq | Operator::Ne)
                || left.ty != Type::Double && right.ty != Type::Double =>
        {
            Expr::new(
                Kind::Compare {
                    operator: opposite(operator),
                    left,
                    right,
                },
                ty,
                span,
            )
        }
        kind => {
            let inner = Expr::new(kind, ty.clone(), span.clone());
            Expr::new(Kind::Not(Box::new(inner)), ty, span)
        }
    }
}

/// The variables and columns that a part reads, by their names.
fn collect_columns<'e>(expr: &'e Expr, columns: &mut BTreeMap<&'e str, &'e Expr>) {
    match &expr.kind {
        Kind::Variable(variable) => {
            columns.insert(variable.field.name, expr);
        }
        Kind::Column(name) => {
            columns.insert(name, expr);
        }
        _ => {}
    }
    expr.each_part(&mut |part| collect_columns(part, columns));
}

/// Joins terms in a balanced tree: thousands of them must not make thousands of levels.
fn balanced(mut terms: Vec<df::Expr>, join: fn(df::Expr, df::Expr) -> df::Expr) -> df::Expr {
    while terms.len() > 1 {
        let mut pairs = terms.into_iter();
        let mut joined = Vec::with_capacity(pairs.len().div_ceil(2));
        while let Some(left) = pairs.next() {
            joined.push(match pairs.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        terms = joined;
    }
    terms.pop().unwrap_or_else(|| df::lit(true))
}

/// One of two values of a type, by a test; NULL where the test is. A function of our own: parts are total, so that both may be
/// computed, and planning a CASE inside a CASE takes twice as long at every level.
fn case(test: df::Expr, then: df::Expr, otherwise: df::Expr, ty: &Type) -> df::Expr {
    let types = [Type::Bool, ty.clone(), ty.clone()];
    Kernel::call("choose", choose, &types, ty, vec![test, then, otherwise])
}

fn choose(args: &Arguments) -> ArrayRef {
    let test = args.bool(0);
    let of = |row: usize| test.at(row);
    let tests: BooleanArray = (0..args.rows).map(of).collect();
    let side = |argument: usize| -> Box<dyn Datum> {
        match args.constant[argument] {
            true => Box::new(Scalar::new(args.columns[argument].clone())),
            false => Box::new(args.columns[argument].clone()),
        }
    };
    let chosen = zip(&tests, side(1).as_ref(), side(2).as_ref());
    let missing = is_null(&tests);
    let chosen = chosen.and_then(|chosen| nullif(&chosen, &missing?));
    chosen.expect("both sides have the type and the rows of the result")
}
