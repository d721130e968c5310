//! Operators: comparisons, arithmetic, `in`.

use std::ops::Range;

use super::{Checker, a};
use crate::ast::{self, Operator};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::functions::{calendar, fits};
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: &Range<usize>,
    ) -> Expr {
        let (left, right) = (self.expr(left), self.expr(right));
        if left.ty == Type::Broken || right.ty == Type::Broken {
            // A comparison is true or false whatever it compares: what stands around it can still be checked.
            let ty = if operator.tier() == 3 { Type::Bool } else { Type::Broken };
            return Expr::new(Kind::Fail(Fault::WrongType), ty, span.clone());
        }
        match operator {
            Operator::In => self.membership(left, right, span),
            _ if operator.tier() == 3 => self.comparison(operator, left, right, span),
            _ => self.arithmetic(operator, left, right, span),
        }
    }

    fn comparison(&mut self, operator: Operator, left: Expr, right: Expr, span: &Range<usize>) -> Expr {
        let equality = matches!(operator, Operator::Eq | Operator::Ne);
        let ordered = |ty: &Type| ty.is_ordered() || matches!(ty, Type::Dyn | Type::Any(_));
        let fits = comparable(&left.ty, &right.ty);
        if self.is_deferred() || fits && (equality || ordered(&left.ty) && ordered(&right.ty)) {
            let (left, right) = (Box::new(left), Box::new(right));
            return Expr::new(Kind::Compare { operator, left, right }, Type::Bool, span.clone());
        }
        let problem = if fits {
            let message = format!("values of type {} have no order", left.ty);
            Diagnostic::new(codes::COMPARISON, span.clone(), message)
        } else {
            self.incomparable(&left, &right)
        };
        self.report(problem);
        Expr::new(Kind::Fail(Fault::WrongType), Type::Bool, span.clone())
    }

    fn incomparable(&self, left: &Expr, right: &Expr) -> Diagnostic {
        let message = format!("{} cannot be compared with {}", a(&left.ty), a(&right.ty));
        let problem = Diagnostic::new(codes::COMPARISON, left.span.clone(), message)
            .labelled(left.ty.to_string())
            .beside(right.span.clone(), right.ty.to_string());
        // The text is on one side and what it is compared with on the other, in either order.
        let (text, other) = if left.ty == Type::String {
            (left, right)
        } else {
            (right, left)
        };
        let (text_written, other_written) = (self.written(&text.span), self.written(&other.span));
        let hint = match (text.constant(), &other.ty) {
            (Some(Value::String(value)), ty) if ty.is_number() && value.parse::<f64>().is_ok() => {
                Some(format!("write the number without quotes: {value}"))
            }
            (Some(Value::String(value)), Type::Timestamp) => {
                Some(format!("write timestamp({})", quoted(&full_time(value))))
            }
            (Some(Value::String(value)), Type::Duration) => Some(format!("write duration({})", quoted(value))),
            (Some(Value::String(value)), Type::Ip) => Some(format!("write ip({})", quoted(value))),
            (_, Type::List(element)) if fits(element, &text.ty) => {
                Some(format!("write {text_written} in {other_written}"))
            }
            (_, Type::Cidr) if text.ty == Type::String => Some(format!("write {text_written} in {other_written}")),
            (_, Type::Bytes) if text.ty == Type::String => Some(format!("write b{text_written}")),
            (None, Type::Int | Type::Uint | Type::Double) if text.ty == Type::String && other.constant().is_some() => {
                Some(format!("write the text in quotes: \"{other_written}\""))
            }
            (None, Type::Bool) if text.ty == Type::String => Some("true and false are no texts".to_owned()),
            _ => None,
        };
        let lists = |one: &Expr, other: &Expr| match &one.ty {
            Type::List(element) if comparable(element, &other.ty) => Some(format!(
                "write {} in {}",
                self.written(&other.span),
                self.written(&one.span)
            )),
            _ => None,
        };
        let hint = hint
            .or_else(|| lists(left, right))
            .or_else(|| lists(right, left))
            .or_else(|| {
                let is = |ty: &Type| left.ty == *ty || right.ty == *ty;
                match is(&Type::Null) {
                    true => {
                        Some("a variable is never null: what a row does not have reads as \"\", 0 or false".to_owned())
                    }
                    false if is(&Type::Duration) && is(&Type::Int) => {
                        Some("a time in an int counts microseconds: 5 ms is 5000".to_owned())
                    }
                    false => None,
                }
            });
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    fn membership(&mut self, item: Expr, list: Expr, span: &Range<usize>) -> Expr {
        let fits_in = match &list.ty {
            Type::List(element) => comparable(element, &item.ty),
            Type::Map(key, _) => comparable(key, &item.ty),
            Type::Cidr => matches!(item.ty, Type::String | Type::Ip | Type::Dyn),
            Type::Dyn | Type::Any(_) => true,
            _ => false,
        };
        if fits_in || self.is_deferred() {
            return match (&list.ty, &item.ty) {
                (Type::Map(..), _) => self.resolved("_has_", vec![list, item], span.clone()),
                (Type::Cidr, Type::String | Type::Ip) => self.resolved("containsIP", vec![list, item], span.clone()),
                _ => self.resolved("_in_", vec![item, list], span.clone()),
            };
        }
        let (item_written, list_written) = (self.written(&item.span), self.written(&list.span));
        let message = match &list.ty {
            Type::List(element) => format!("the list holds {element} values, never {}", a(&item.ty)),
            Type::Map(key, _) => format!("the map has {key} keys, never {}", a(&item.ty)),
            ty => format!("expected a list, a map or a network after `in`, found {}", a(ty)),
        };
        let mut problem = Diagnostic::new(codes::OPERAND, list.span.clone(), message);
        if list.ty == Type::String && item.ty == Type::String {
            problem = match list.constant() {
                Some(Value::String(text)) if text.contains('/') => {
                    problem.hint(format!("a network is written cidr({list_written})"))
                }
                _ => problem.hint(format!("write {list_written}.contains({item_written})")),
            };
        } else if matches!(item.ty, Type::List(_)) {
            problem = problem.hint(format!("write {list_written} in {item_written}"));
        } else if let (Some(Value::String(text)), Type::List(element)) = (item.constant(), &list.ty)
            && element.is_number()
            && text.parse::<f64>().is_ok()
        {
            problem = problem.hint(format!("write the number without quotes: {text}"));
        } else if let (true, Type::List(element)) = (item.ty.is_number(), &list.ty)
            && **element == Type::String
            && list_written.starts_with('[')
        {
            problem = problem.hint("write the numbers in the list without quotes");
        }
        self.report(problem);
        Expr::new(Kind::Fail(Fault::WrongType), Type::Bool, span.clone())
    }

    fn arithmetic(&mut self, operator: Operator, left: Expr, right: Expr, span: &Range<usize>) -> Expr {
        let name = match operator {
            Operator::Add => "_+_",
            Operator::Subtract => "_-_",
            Operator::Multiply => "_*_",
            Operator::Divide => "_/_",
            _ => "_%_",
        };
        let types = [&left.ty, &right.ty];
        if self.is_deferred() || self.is_possible(name, &types) {
            return self.resolved(name, vec![left, right], span.clone());
        }
        let sign = operator.text();
        let message = format!("`{sign}` does not take {} and {}", a(&left.ty), a(&right.ty));
        let mut problem = Diagnostic::new(codes::OPERAND, left.span.clone(), message)
            .labelled(left.ty.to_string())
            .beside(right.span.clone(), right.ty.to_string());
        if left.ty.is_number() && right.ty.is_number() {
            // A double holds more than an int or uint loses, so that is the side to convert to.
            let (wanted, other) = if right.ty == Type::Double {
                (&right, &left)
            } else {
                (&left, &right)
            };
            let converted = format!("{}({})", wanted.ty, self.written(&other.span));
            problem = problem.hint(format!("arithmetic never mixes types; convert one side: {converted}"));
        } else if operator == Operator::Add && (left.ty == Type::String || right.ty == Type::String) {
            let other = if left.ty == Type::String { &right } else { &left };
            problem = problem.hint(format!("make it a text first: string({})", self.written(&other.span)));
        }
        self.refuse(problem, span)
    }

    pub(super) fn negate(&mut self, operand: &ast::Expr, span: &Range<usize>) -> Expr {
        if let ast::Kind::Literal(literal @ (ast::Literal::Int(_) | ast::Literal::Double(_))) = &operand.kind {
            return self.literal(literal, true, span);
        }
        let operand = self.expr(operand);
        if operand.ty == Type::Broken {
            return Expr::broken(span.clone());
        }
        if self.is_deferred() || self.is_possible("-_", &[&operand.ty]) {
            return self.resolved("-_", vec![operand], span.clone());
        }
        let message = format!("`-` takes an int, a double or a duration, found {}", a(&operand.ty));
        let problem = Diagnostic::new(codes::OPERAND, operand.span.clone(), message);
        let problem = if operand.ty == Type::Bool {
            problem.hint("the opposite of a condition is written `!`")
        } else {
            problem
        };
        self.refuse(problem, span)
    }
}

/// True if values of the two types can be equal: numbers compare across types.
fn comparable(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Dyn | Type::Any(_) | Type::Broken, _) | (_, Type::Dyn | Type::Any(_) | Type::Broken) => true,
        (Type::List(left), Type::List(right)) | (Type::Optional(left), Type::Optional(right)) => {
            comparable(left, right)
        }
        (Type::Map(left_key, left_value), Type::Map(right_key, right_value)) => {
            comparable(left_key, right_key) && comparable(left_value, right_value)
        }
        (left, right) => left == right || left.is_number() && right.is_number(),
    }
}

/// A time as it must be written, of a date or of a time without a zone.
fn full_time(text: &str) -> String {
    let spelt = [text.to_owned(), format!("{text}Z"), format!("{text}T00:00:00Z")];
    let spelt = spelt
        .iter()
        .chain([&text.replacen(' ', "T", 1), &(text.replacen(' ', "T", 1) + "Z")])
        .cloned()
        .collect::<Vec<_>>();
    let valid = spelt.into_iter().find(|text| calendar::parse_timestamp(text).is_some());
    valid.unwrap_or_else(|| "2026-01-31T12:00:00Z".to_owned())
}

fn quoted(text: &str) -> String {
    crate::value::quote(text)
}
