//! Lists and maps as they are written, with optional parts.

use std::ops::Range;

use super::{Checker, a, coerce};
use crate::ast;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::typed::{Expr, Kind};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn list(&mut self, items: &[ast::Expr], span: &Range<usize>) -> Expr {
        let has_optional = items.iter().any(|item| matches!(item.kind, ast::Kind::Optional(_)));
        let items: Vec<_> = items
            .iter()
            .map(|item| {
                let is_optional = matches!(item.kind, ast::Kind::Optional(_));
                let item = self.expr(item);
                match (has_optional, is_optional) {
                    (false, _) => item,
                    (true, true) => self.optional(item),
                    (true, false) => self.optional_of(item),
                }
            })
            .collect();
        let list = listed(items, span);
        match has_optional {
            true => self.resolved("optional.unwrap", vec![list], span.clone()),
            false => list,
        }
    }

    pub(super) fn map(&mut self, entries: &[(ast::Expr, ast::Expr)], span: &Range<usize>) -> Expr {
        let has_optional = entries
            .iter()
            .any(|(key, _)| matches!(key.kind, ast::Kind::Optional(_)));
        let mut typed: Vec<(Expr, Expr)> = Vec::with_capacity(entries.len());
        let (mut keys, mut values) = (Type::Broken, Type::Broken);
        for (key, value) in entries {
            let is_optional = matches!(key.kind, ast::Kind::Optional(_));
            let (key, mut value) = (self.expr(key), self.expr(value));
            if has_optional {
                value = if is_optional {
                    self.optional(value)
                } else {
                    self.optional_of(value)
                };
            }
            if !matches!(
                key.ty,
                Type::Bool | Type::Int | Type::Uint | Type::String | Type::Dyn | Type::Any(_) | Type::Broken
            ) {
                let message = format!("a key of a map is a bool, int, uint or string, this is {}", a(&key.ty));
                let problem = Diagnostic::new(codes::MIXED, key.span.clone(), message);
                return self.misfit(problem, span, Fault::BadMap);
            }
            if key.ty == Type::Broken || value.ty == Type::Broken {
                return Expr::broken(span.clone());
            }
            (keys, values) = (keys.join(key.ty.clone()), values.join(value.ty.clone()));
            typed.push((key, value));
        }
        if typed.is_empty() {
            (keys, values) = (Type::Any('_'), Type::Any('_'));
        }
        let typed = typed
            .into_iter()
            .map(|(key, value)| (coerce(key, &keys), coerce(value, &values)))
            .collect();
        let map = Expr::new(Kind::Map(typed), Type::map(keys, values), span.clone());
        match has_optional {
            true => self.resolved("_unwrap_", vec![map], span.clone()),
            false => map,
        }
    }

    /// Requires an optional, as what follows `?` in a list or map.
    fn optional(&mut self, value: Expr) -> Expr {
        match value.ty {
            Type::Optional(_) | Type::Broken => value,
            Type::Dyn | Type::Any(_) => coerce(value, &Type::optional(Type::Dyn)),
            _ => {
                let message = format!("expected an optional after `?`, found {}", a(&value.ty));
                let problem = Diagnostic::new(codes::MIXED, value.span.clone(), message);
                let span = value.span.clone();
                self.misfit(problem, &span, Fault::WrongType)
            }
        }
    }

    fn optional_of(&mut self, value: Expr) -> Expr {
        let span = value.span.clone();
        self.resolved("optional.of", vec![value], span)
    }
}

/// A list of parts: of their type, `dyn` where they differ.
fn listed(items: Vec<Expr>, span: &Range<usize>) -> Expr {
    if items.iter().any(|item| item.ty == Type::Broken) {
        return Expr::broken(span.clone());
    }
    let element = items.iter().map(|item| item.ty.clone()).reduce(Type::join);
    let element = element.unwrap_or(Type::Any('_'));
    let items = items.into_iter().map(|item| coerce(item, &element)).collect();
    Expr::new(Kind::List(items), Type::list(element), span.clone())
}
