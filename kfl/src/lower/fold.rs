//! Folding: parts that are the same on every row are computed once, and `&&`, `||`, `?:` over them disappear.

use crate::ast::Operator;
use crate::eval::{self, Scope};
use crate::fault::Fault;
use crate::functions::comprehension::Macro;
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::value::Value;

/// Steps that the folding of one part may take: macros inside macros over long lists are left to the query.
pub(super) const STEPS: usize = 100_000;

/// Folds a node whose parts are folded already.
pub(super) fn fold(expr: Expr) -> Expr {
    let Expr { kind, ty, span } = expr;
    match kind {
        Kind::Convert(inner) => match inner.kind {
            Kind::Value(value) if value.is_of(&ty) => Expr::value(value, ty, span),
            Kind::Value(_) => Expr::new(Kind::Fail(Fault::WrongType), ty, span),
            Kind::Fail(fault) => Expr::new(Kind::Fail(fault), ty, span),
            _ => Expr::new(Kind::Convert(inner), ty, span),
        },
        Kind::And(terms) => logic(terms, false, span),
        Kind::Or(terms) => logic(terms, true, span),
        Kind::Not(operand) => match operand.kind {
            Kind::Value(Value::Bool(value)) => Expr::bool(!value, span),
            Kind::Fail(reason) => Expr::new(Kind::Fail(reason), ty, span),
            Kind::Not(inner) => *inner,
            kind => Expr::new(Kind::Not(Box::new(Expr { kind, ..*operand })), ty, span),
        },
        Kind::Conditional {
            condition,
            then,
            otherwise,
        } => match condition.kind {
            Kind::Value(Value::Bool(true)) => *then,
            Kind::Value(Value::Bool(false)) => *otherwise,
            Kind::Fail(reason) => Expr::new(Kind::Fail(reason), ty, span),
            _ => Expr::new(
                Kind::Conditional {
                    condition,
                    then,
                    otherwise,
                },
                ty,
                span,
            ),
        },
        Kind::Comprehension(ref comprehension) => {
            if let Kind::Fail(reason) = comprehension.range.kind {
                return Expr::new(Kind::Fail(reason), ty, span);
            }
            let is_empty = match comprehension.range.constant() {
                Some(Value::List(items)) => items.is_empty(),
                Some(Value::Map(entries)) => entries.is_empty(),
                _ => false,
            };
            if is_empty {
                let value = match comprehension.form {
                    Macro::Exists | Macro::ExistsOne => Value::Bool(false),
                    Macro::All => Value::Bool(true),
                    Macro::Filter | Macro::Map => Value::List([].into()),
                    Macro::TransformMap | Macro::TransformMapEntry => Value::Map([].into()),
                };
                return Expr::value(value, ty, span);
            }
            let expr = Expr::new(kind, ty, span);
            if eval::is_closed(&expr) { evaluated(expr) } else { expr }
        }
        Kind::Compare { operator, left, right } if is_widened(&left) || is_widened(&right) => {
            let (left, right) = (Box::new(as_itself(*left)), Box::new(as_itself(*right)));
            let never = left.is_plain() && right.is_plain() && never_equal(&left.ty, &right.ty);
            match operator {
                Operator::Eq | Operator::Ne if never => Expr::bool(operator == Operator::Ne, span),
                _ if never => Expr::new(Kind::Fail(Fault::WrongType), ty, span),
                _ if is_widened(&left) || is_widened(&right) => {
                    Expr::new(Kind::Compare { operator, left, right }, ty, span)
                }
                _ => fold(Expr::new(Kind::Compare { operator, left, right }, ty, span)),
            }
        }
        Kind::Compare {
            operator: operator @ (Operator::Eq | Operator::Ne),
            ref left,
            ref right,
        } if left.is_plain() && right.is_plain() && never_equal(&left.ty, &right.ty) => {
            Expr::bool(operator == Operator::Ne, span)
        }
        kind @ (Kind::Call(_) | Kind::Dispatch(_) | Kind::Compare { .. } | Kind::List(_) | Kind::Map(_)) => {
            let expr = Expr::new(kind, ty, span);
            let (mut constant, mut failed) = (true, None);
            expr.each_part(&mut |part| match &part.kind {
                Kind::Value(_) => {}
                Kind::Fail(fault) => failed = failed.or(Some(*fault)),
                _ => constant = false,
            });
            // These are strict: one part that fails fails them all.
            if let Some(fault) = failed {
                return Expr::new(Kind::Fail(fault), expr.ty, expr.span);
            }
            if constant { evaluated(expr) } else { expr }
        }
        kind => Expr::new(kind, ty, span),
    }
}

/// True if a part is `dyn` of something whose type is known.
fn is_widened(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Convert(inner) => expr.ty == Type::Dyn && !inner.ty.is_open(),
        Kind::Value(value) => expr.ty == Type::Dyn && !value.ty().is_open(),
        _ => false,
    }
}

/// What `dyn` was said of: a comparison takes it as it is.
fn as_itself(expr: Expr) -> Expr {
    if !is_widened(&expr) {
        return expr;
    }
    match expr.kind {
        Kind::Convert(inner) => *inner,
        Kind::Value(value) => {
            let ty = value.ty();
            Expr::value(value, ty, expr.span)
        }
        kind => Expr { kind, ..expr },
    }
}

/// True if no value of one type equals one of the other.
fn never_equal(left: &Type, right: &Type) -> bool {
    let is_flat = |ty: &Type| {
        !matches!(
            ty,
            Type::Dyn | Type::Any(_) | Type::Broken | Type::List(_) | Type::Map(..) | Type::Optional(_)
        )
    };
    is_flat(left) && is_flat(right) && left != right && !(left.is_number() && right.is_number())
}

/// `&&` and `||`: a term that decides is all there is, the neutral ones go.
fn logic(terms: Vec<Expr>, decides: bool, span: std::ops::Range<usize>) -> Expr {
    if terms
        .iter()
        .any(|term| matches!(term.constant(), Some(Value::Bool(value)) if *value == decides))
    {
        return Expr::bool(decides, span);
    }
    let is_neutral = |term: &Expr| matches!(term.constant(), Some(Value::Bool(_)));
    let mut kept: Vec<Expr> = terms.into_iter().filter(|term| !is_neutral(term)).collect();
    match kept.len() {
        0 => Expr::bool(!decides, span),
        1 => kept.swap_remove(0),
        _ if kept.iter().all(|term| matches!(term.kind, Kind::Fail(_))) => kept.swap_remove(0),
        _ => Expr::new(if decides { Kind::Or(kept) } else { Kind::And(kept) }, Type::Bool, span),
    }
}

fn evaluated(expr: Expr) -> Expr {
    let mut scope = Scope::constant(STEPS);
    match eval::eval(&expr, &mut scope) {
        Ok(value) => Expr::value(value, expr.ty, expr.span),
        Err(Fault::TooLong) => expr,
        Err(fault) => Expr::new(Kind::Fail(fault), expr.ty, expr.span),
    }
}
