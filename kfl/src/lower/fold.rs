//! Folding: parts that are the same on every row are computed once, and `&&`, `||`, `?:` over them disappear.

use crate::eval::{self, Fault, Scope};
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
        Kind::Dyn(inner) => *inner,
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
                };
                return Expr::value(value, ty, span);
            }
            let expr = Expr::new(kind, ty, span);
            if eval::is_closed(&expr) { evaluated(expr) } else { expr }
        }
        kind @ (Kind::Call(_) | Kind::Compare { .. } | Kind::List(_) | Kind::Map(_)) => {
            let expr = Expr::new(kind, ty, span);
            let (mut constant, mut failed) = (true, None);
            expr.each_part(&mut |part| match &part.kind {
                Kind::Value(_) => {}
                Kind::Fail(reason) => failed = failed.or(Some(*reason)),
                _ => constant = false,
            });
            // These are strict: one part that fails fails them all.
            if let Some(reason) = failed {
                return Expr::new(Kind::Fail(reason), expr.ty, expr.span);
            }
            if constant { evaluated(expr) } else { expr }
        }
        kind => Expr::new(kind, ty, span),
    }
}

/// `&&` and `||`: a term that decides is all there is, the neutral ones go.
fn logic(terms: Vec<Expr>, decides: bool, span: std::ops::Range<usize>) -> Expr {
    if terms
        .iter()
        .any(|term| matches!(term.constant(), Some(Value::Bool(value)) if *value == decides))
    {
        return Expr::bool(decides, span);
    }
    let mut kept: Vec<Expr> = terms.into_iter().filter(|term| term.constant().is_none()).collect();
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
        Err(eval::TOO_LONG) => expr,
        Err(Fault(reason)) => Expr::new(Kind::Fail(reason), expr.ty, expr.span),
    }
}
