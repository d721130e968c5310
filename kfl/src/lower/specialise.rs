//! Specialisation: a checked filter and a table → the filter with the table's constants put in, folded.
//!
//! Flags become what the table says they are, variables that the table does not have become their defaults, virtual ones
//! the expression they stand for. Many a table folds to false here and is never opened.

use schema::{Field, Source, Table};

use super::fold::fold;
use crate::Environment;
use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::check::check_expression;
use crate::parse::parse;
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::value::Value;

/// Specialises a filter to a table.
pub(super) fn specialise(expr: &Expr, table: &'static Table, now_ns: i64) -> Expr {
    Specialiser { table, now_ns }.expr(expr.clone())
}

struct Specialiser {
    table: &'static Table,
    now_ns: i64,
}

impl Specialiser {
    fn expr(&self, expr: Expr) -> Expr {
        match expr.kind {
            Kind::Flag(flag) => match self.table.flag(flag.name) {
                Some(text) => self.declared(text),
                None => Expr::bool(false, expr.span),
            },
            Kind::Variable(variable) => self.variable(variable, expr),
            _ => fold(expand_membership(expr.map_parts(&mut |part| self.expr(part)))),
        }
    }

    fn variable(&self, variable: &'static Variable, expr: Expr) -> Expr {
        match self.table.field(variable.field.name) {
            Some(Field {
                source: Source::Row, ..
            }) => expr,
            Some(Field {
                source: Source::Virtual(text),
                ..
            }) => self.declared(text),
            Some(Field {
                source: Source::Constant(value),
                ..
            }) => Expr::value(Value::string(value), expr.ty, expr.span),
            Some(Field {
                source: Source::Absent, ..
            })
            | None => Expr::value(variable.default(), expr.ty, expr.span),
        }
    }

    /// The expression that the schema declares for a flag or a virtual variable.
    fn declared(&self, text: &'static str) -> Expr {
        let mut problems = Vec::new();
        let tree = parse(text, &mut problems);
        let typed = check_expression(&tree, text, &Environment { now_ns: self.now_ns }, &mut problems);
        debug_assert_eq!(problems, [], "the schema declares {text}");
        self.expr(typed)
    }
}

/// `x in [a, b]` over parts that are no constants is `x == a || x == b`: comparisons prune, a list made by row does not.
fn expand_membership(expr: Expr) -> Expr {
    let Kind::Call(call) = &expr.kind else { return expr };
    let [item, list] = &call.arguments[..] else { return expr };
    let Kind::List(items) = &list.kind else { return expr };
    let is_plain = matches!(item.kind, Kind::Value(_) | Kind::Variable(_) | Kind::Local(_));
    if call.function.name != "_in_" || !is_plain || items.is_empty() {
        return expr;
    }
    // An element that fails is an error of the list, whatever the others are; only plain ones cannot fail.
    if !items
        .iter()
        .all(|item| matches!(item.kind, Kind::Value(_) | Kind::Variable(_) | Kind::Local(_)))
    {
        return expr;
    }
    let compare = |other: &Expr| {
        let (left, right) = (Box::new(other.clone()), Box::new(item.clone()));
        fold(Expr::new(
            Kind::Compare {
                operator: Operator::Eq,
                left,
                right,
            },
            Type::Bool,
            expr.span.clone(),
        ))
    };
    Expr::new(
        Kind::Or(items.iter().map(compare).collect()),
        Type::Bool,
        expr.span.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_schema_declares_checks() {
        let environment = Environment { now_ns: 0 };
        for table in schema::tables::in_kfl() {
            let flags = table.flags.iter().map(|(_, text)| (*text, Type::Bool));
            let fields = table.fields().filter_map(|field| match field.source {
                Source::Virtual(text) => Some((text, field.ty.into())),
                _ => None,
            });
            for (text, ty) in flags.chain(fields) {
                let mut problems = Vec::new();
                let tree = parse(text, &mut problems);
                let typed = check_expression(&tree, text, &environment, &mut problems);
                assert_eq!((problems, typed.ty), (Vec::new(), ty), "{} declares {text}", table.name);
            }
        }
    }
}
