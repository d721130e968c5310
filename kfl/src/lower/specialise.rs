//! Specialisation: a checked filter and a table → the filter with the table's constants put in, folded.
//!
//! Flags become what the table says they are, variables that the table does not have become their defaults, virtual ones
//! the expression they stand for. Many a table folds to false here and is never opened.

use std::ops::Range;

use schema::{Field, Source, Table};

use super::fold::fold;
use crate::Environment;
use crate::ast::Operator;
use crate::catalogue::Variable;
use crate::check::{check_expression, resolved};
use crate::functions::comprehension::Macro;
use crate::limits;
use crate::parse::parse;
use crate::typed::{Comprehension, Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// Specialises a filter to a table.
pub(super) fn specialise(expr: &Expr, table: &'static Table, now_ns: i64) -> Expr {
    Specialiser { table, now_ns }.expr(expr.clone())
}

/// Constants that are compared one by one at most.
const ALTERNATIVES: usize = 64;

struct Specialiser {
    table: &'static Table,
    now_ns: i64,
}

impl Specialiser {
    fn expr(&self, expr: Expr) -> Expr {
        limits::on_enough_stack(|| self.specialised(expr))
    }

    fn specialised(&self, expr: Expr) -> Expr {
        match expr.kind {
            Kind::Bind(mut bind) => {
                bind.value = self.expr(bind.value);
                match bind.value.kind {
                    // What is known or stored needs no name.
                    Kind::Value(_) | Kind::Variable(_) | Kind::Column(_) => {
                        self.expr(replaced(bind.body, &bind.local, &bind.value))
                    }
                    _ => {
                        bind.body = self.expr(bind.body);
                        Expr {
                            kind: Kind::Bind(bind),
                            ..expr
                        }
                    }
                }
            }
            Kind::Flag(flag) => match self.table.flag(flag.name) {
                Some(text) => self.declared(text),
                None => Expr::bool(false, expr.span),
            },
            Kind::Variable(variable) => self.variable(variable, expr),
            _ => gathered(fold(expand_membership(expr.map_parts(&mut |part| self.expr(part))))),
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

/// `x == 1 || x == 2 || …` is `x in [1, 2, …]`, and `x != 1 && x != 2 && …` the opposite: thousands of alternatives are one
/// test of a set.
fn gathered(expr: Expr) -> Expr {
    let (terms, wanted) = match &expr.kind {
        Kind::Or(terms) if terms.len() >= ALTERNATIVES => (terms, Operator::Eq),
        Kind::And(terms) if terms.len() >= ALTERNATIVES => (terms, Operator::Ne),
        _ => return expr,
    };
    let mut sets: Vec<(&Expr, Vec<Value>)> = Vec::new();
    let mut others = Vec::new();
    for term in terms {
        match alternative(term, wanted) {
            None => others.push(term.clone()),
            Some((column, value)) => match sets.iter_mut().find(|(known, _)| is_same_column(known, column)) {
                Some((_, values)) => values.push(value.clone()),
                None => sets.push((column, vec![value.clone()])),
            },
        }
    }
    for (column, values) in sets {
        let list = Expr::value(
            Value::List(values.into()),
            Type::list(column.ty.clone()),
            expr.span.clone(),
        );
        let test = resolved("_in_", vec![column.clone(), list], false, &expr.span);
        others.push(match wanted {
            Operator::Ne => Expr::new(Kind::Not(Box::new(test)), Type::Bool, expr.span.clone()),
            _ => test,
        });
    }
    let kind = if wanted == Operator::Eq {
        Kind::Or(others)
    } else {
        Kind::And(others)
    };
    match kind {
        Kind::Or(mut terms) | Kind::And(mut terms) if terms.len() == 1 => terms.swap_remove(0),
        kind => Expr::new(kind, expr.ty, expr.span),
    }
}

/// The variable and the constant that a term compares, if they are of one type.
fn alternative(term: &Expr, wanted: Operator) -> Option<(&Expr, &Value)> {
    let Kind::Compare { operator, left, right } = &term.kind else {
        return None;
    };
    let is_column = matches!(left.kind, Kind::Variable(_) | Kind::Column(_));
    let fits = *operator == wanted && is_column && left.ty == right.ty && matches!(left.ty, Type::Int | Type::String);
    fits.then(|| Some((&**left, right.constant()?)))?
}

fn is_same_column(one: &Expr, other: &Expr) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Variable(one), Kind::Variable(other)) => one.field.name == other.field.name,
        (Kind::Column(one), Kind::Column(other)) => one == other,
        _ => false,
    }
}

/// Puts a part in the place of a name.
fn replaced(expr: Expr, local: &Local, value: &Expr) -> Expr {
    match &expr.kind {
        Kind::Local(name) if name == local => Expr {
            span: expr.span,
            ..value.clone()
        },
        _ => limits::on_enough_stack(|| expr.map_parts(&mut |part| replaced(part, local, value))),
    }
}

/// `x in [a, b]` over parts that are no constants is `x == a || x == b`: comparisons prune, a list made by row does not.
/// `x in [a, b].filter(n, n != 'c')` is the same and `x != 'c'`.
fn expand_membership(expr: Expr) -> Expr {
    let Kind::Call(call) = &expr.kind else { return expr };
    let [item, list] = &call.arguments[..] else { return expr };
    if call.function.name != "_in_" || !item.is_plain() {
        return expr;
    }
    let expanded = match &list.kind {
        Kind::List(items) => among(item, items, &expr.span),
        // A list of constants that differ in type is no list that statistics prune by.
        Kind::Value(Value::List(values)) if list.ty == Type::list(Type::Dyn) && values.len() <= ALTERNATIVES => {
            let constant = |value: &Value| Expr::value(value.clone(), value.ty(), expr.span.clone());
            let items: Vec<_> = values.iter().map(constant).collect();
            among(item, &items, &expr.span)
        }
        Kind::Comprehension(comprehension) => among_filtered(item, comprehension, &expr.span),
        _ => None,
    };
    expanded.unwrap_or(expr)
}

fn among(item: &Expr, items: &[Expr], span: &Range<usize>) -> Option<Expr> {
    // An element that fails is an error of the list, whatever the others are; only plain ones cannot fail.
    if items.is_empty() || !items.iter().all(Expr::is_plain) {
        return None;
    }
    let equals = items.iter().map(|other| compare(Operator::Eq, other, item, span));
    Some(Expr::new(Kind::Or(equals.collect()), Type::Bool, span.clone()))
}

/// What is equal to the item compares as the item does, so that the filter's condition is asked of the item alone.
fn among_filtered(item: &Expr, comprehension: &Comprehension, span: &Range<usize>) -> Option<Expr> {
    let Comprehension {
        form: Macro::Filter,
        range,
        local,
        element,
        body,
        ..
    } = comprehension
    else {
        return None;
    };
    let (Kind::List(items), Kind::Compare { operator, left, right }) = (&range.kind, &body.kind) else {
        return None;
    };
    let is_of_element = matches!(&left.kind, Kind::Local(left) if left == local) && right.constant().is_some();
    if !is_of_element || item.ty != *element {
        return None;
    }
    let passes = compare(*operator, item, right, span);
    let among = fold(among(item, items, span)?);
    Some(Expr::new(Kind::And(vec![passes, among]), Type::Bool, span.clone()))
}

fn compare(operator: Operator, left: &Expr, right: &Expr, span: &Range<usize>) -> Expr {
    let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
    fold(Expr::new(
        Kind::Compare { operator, left, right },
        Type::Bool,
        span.clone(),
    ))
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
