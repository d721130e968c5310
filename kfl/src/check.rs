//! Checker: tree → typed tree. It looks up names, chooses operators and functions by type, and reports every mistake of a
//! filter at once; a part that is refused has a type that fits everywhere, so that one mistake is reported once.

mod calls;
mod macros;
mod names;
mod operators;

use std::ops::Range;

use crate::Environment;
use crate::ast::{self, Literal};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::functions::fits;
use crate::typed::{Expr, Kind, Local};
use crate::types::Type;
use crate::value::Value;

/// Mistakes after which no more suggestions are searched: a text of nothing but mistakes stays cheap.
pub(crate) const SUGGESTIONS: usize = 50;

/// Checks a filter, which must be true or false.
pub(crate) fn check(tree: &ast::Expr, text: &str, environment: &Environment, problems: &mut Vec<Diagnostic>) -> Expr {
    let is_whole = problems.is_empty();
    let mut checker = Checker::new(text, environment, problems);
    let typed = checker.expr(tree);
    // What parts of a filter were refused for may be why the rest is no condition.
    if is_whole {
        checker.condition(typed, "a filter")
    } else {
        typed
    }
}

/// Checks any expression: what stands behind a virtual variable or a flag, and what tests evaluate.
pub(crate) fn check_expression(
    tree: &ast::Expr,
    text: &str,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) -> Expr {
    Checker::new(text, environment, problems).expr(tree)
}

/// Columns by their names: the rows that an expression ranges over if they are no longer those of the tables.
pub(crate) type Columns = std::collections::BTreeMap<std::sync::Arc<str>, Type>;

/// Checks an expression over columns instead of the catalogue's variables.
pub(crate) fn check_over(
    tree: &ast::Expr,
    text: &str,
    columns: &Columns,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) -> Expr {
    let mut checker = Checker::new(text, environment, problems);
    checker.columns = Some(columns);
    let typed = checker.expr(tree);
    settle(typed).0
}

struct Checker<'a> {
    text: &'a str,
    now_ns: i64,
    /// Names that macros around the part bind, outermost first.
    locals: Vec<(Local, Type)>,
    /// What names mean, if not variables of the catalogue.
    columns: Option<&'a Columns>,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn new(text: &'a str, environment: &Environment, problems: &'a mut Vec<Diagnostic>) -> Self {
        Self {
            text,
            now_ns: environment.now_ns,
            locals: Vec::new(),
            columns: None,
            problems,
        }
    }
}

impl Checker<'_> {
    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Reports a mistake; the part it is in has no meaning from there on.
    fn refuse(&mut self, problem: Diagnostic, span: &Range<usize>) -> Expr {
        self.report(problem);
        Expr::broken(span.clone())
    }

    fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn expr(&mut self, tree: &ast::Expr) -> Expr {
        match &tree.kind {
            ast::Kind::Literal(literal) => self.literal(literal, false, &tree.span),
            ast::Kind::Name(_) | ast::Kind::Select { .. } => self.name(tree),
            ast::Kind::Index { operand, index } => self.index(operand, index, &tree.span),
            ast::Kind::Call {
                target,
                function,
                arguments,
            } => self.call(target.as_deref(), function, arguments, &tree.span),
            ast::Kind::List(items) => self.list(items, &tree.span),
            ast::Kind::Map(entries) => self.map(entries, &tree.span),
            ast::Kind::Not(operand) => {
                let operand = self.expr(operand);
                let operand = self.condition(operand, "the operand of `!`");
                Expr::new(Kind::Not(Box::new(operand)), Type::Bool, tree.span.clone())
            }
            ast::Kind::Negate(operand) => self.negate(operand, &tree.span),
            ast::Kind::Binary { operator, left, right } => self.binary(*operator, left, right, &tree.span),
            ast::Kind::And(terms) => {
                let terms = self.terms(terms, "&&");
                Expr::new(Kind::And(terms), Type::Bool, tree.span.clone())
            }
            ast::Kind::Or(terms) => {
                let terms = self.terms(terms, "||");
                Expr::new(Kind::Or(terms), Type::Bool, tree.span.clone())
            }
            ast::Kind::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise, &tree.span),
            ast::Kind::Broken => Expr::broken(tree.span.clone()),
        }
    }

    fn literal(&mut self, literal: &Literal, negative: bool, span: &Range<usize>) -> Expr {
        let (value, ty) = match literal {
            Literal::Null => (Value::Null, Type::Null),
            Literal::Bool(value) => (Value::Bool(*value), Type::Bool),
            Literal::Int(value) => {
                let value = if negative {
                    0i64.checked_sub_unsigned(*value)
                } else {
                    i64::try_from(*value).ok()
                };
                let Some(value) = value else {
                    let problem = Diagnostic::new(codes::NUMBER, span.clone(), "this number is out of range")
                        .hint("an int goes from -9223372036854775808 to 9223372036854775807");
                    return self.refuse(problem, span);
                };
                (Value::Int(value), Type::Int)
            }
            Literal::Uint(value) => (Value::Uint(*value), Type::Uint),
            Literal::Double(value) => (Value::Double(if negative { -value } else { *value }), Type::Double),
            Literal::String(text) => (Value::string(&text.value), Type::String),
            Literal::Bytes(value) => (Value::Bytes(value.as_slice().into()), Type::Bytes),
        };
        Expr::value(value, ty, span.clone())
    }

    fn terms(&mut self, terms: &[ast::Expr], operator: &str) -> Vec<Expr> {
        let what = format!("each side of `{operator}`");
        let mut typed = Vec::with_capacity(terms.len());
        for term in terms {
            if let ast::Kind::Literal(Literal::String(text)) = &term.kind
                && text.raw
            {
                let problem = Diagnostic::new(
                    codes::NOT_BOOL,
                    term.span.clone(),
                    "a regular expression alone tests nothing",
                )
                .hint(format!(
                    "say which variable it tests: path.matches({})",
                    self.written(&term.span)
                ));
                typed.push(self.refuse(problem, &term.span));
                continue;
            }
            let term = self.expr(term);
            typed.push(self.condition(term, &what));
        }
        typed
    }

    /// Requires true or false.
    fn condition(&mut self, expr: Expr, what: &str) -> Expr {
        let expr = settle(expr).0;
        if matches!(expr.ty, Type::Bool | Type::Broken | Type::Dyn) {
            return expr;
        }
        let message = format!("{what} must be true or false, this is {}", a(&expr.ty));
        let problem = Diagnostic::new(codes::NOT_BOOL, expr.span.clone(), message);
        let written = self.written(&expr.span).to_owned();
        let problem = match expr.ty {
            _ if expr.constant().is_some() && written.starts_with(['r', 'R']) => problem.hint(format!(
                "say which variable the regular expression tests: path.matches({written})"
            )),
            Type::String if expr.constant().is_none() => problem.hint(format!("compare it: {written} != \"\"")),
            Type::Int => problem.hint(format!("compare it: {written} != 0")),
            Type::List(_) | Type::Map(..) => problem.hint(format!("ask whether it is empty: size({written}) > 0")),
            _ => problem,
        };
        self.refuse(problem, &expr.span)
    }

    fn conditional(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        otherwise: &ast::Expr,
        span: &Range<usize>,
    ) -> Expr {
        let condition = self.expr(condition);
        let condition = Box::new(self.condition(condition, "the condition before `?`"));
        let (then, otherwise) = (settle(self.expr(then)).0, settle(self.expr(otherwise)).0);
        let ty = if fits(&then.ty, &otherwise.ty) {
            then.ty.clone()
        } else if fits(&otherwise.ty, &then.ty) {
            otherwise.ty.clone()
        } else {
            let message = format!(
                "both results of `?:` must have one type, found {} and {}",
                a(&then.ty),
                a(&otherwise.ty)
            );
            let problem = Diagnostic::new(codes::MIXED, otherwise.span.clone(), message)
                .labelled(otherwise.ty.to_string())
                .beside(then.span.clone(), then.ty.to_string());
            return self.refuse(problem, span);
        };
        let (then, otherwise) = (Box::new(then), Box::new(otherwise));
        Expr::new(
            Kind::Conditional {
                condition,
                then,
                otherwise,
            },
            ty,
            span.clone(),
        )
    }

    fn list(&mut self, items: &[ast::Expr], span: &Range<usize>) -> Expr {
        let mut typed: Vec<Expr> = Vec::with_capacity(items.len());
        let mut element = Type::Dyn;
        for item in items {
            let item = settle(self.expr(item)).0;
            match self.join(&element, &item, typed.first(), "the elements of a list") {
                Some(joined) => element = joined,
                None => return Expr::broken(span.clone()),
            }
            typed.push(item);
        }
        Expr::new(Kind::List(typed), Type::list(element), span.clone())
    }

    fn map(&mut self, entries: &[(ast::Expr, ast::Expr)], span: &Range<usize>) -> Expr {
        let mut typed: Vec<(Expr, Expr)> = Vec::with_capacity(entries.len());
        let (mut keys, mut values) = (Type::Dyn, Type::Dyn);
        for (key, value) in entries {
            let (key, value) = (settle(self.expr(key)).0, settle(self.expr(value)).0);
            if !matches!(
                key.ty,
                Type::Bool | Type::Int | Type::Uint | Type::String | Type::Dyn | Type::Broken
            ) {
                let message = format!("a key of a map is a bool, int, uint or string, this is {}", a(&key.ty));
                return self.refuse(Diagnostic::new(codes::MIXED, key.span.clone(), message), span);
            }
            let first = typed.first();
            let key_type = self.join(&keys, &key, first.map(|(key, _)| key), "the keys of a map");
            let value_type = self.join(&values, &value, first.map(|(_, value)| value), "the values of a map");
            let (Some(key_type), Some(value_type)) = (key_type, value_type) else {
                return Expr::broken(span.clone());
            };
            (keys, values) = (key_type, value_type);
            typed.push((key, value));
        }
        Expr::new(Kind::Map(typed), Type::map(keys, values), span.clone())
    }

    /// The type of a collection's parts with one more part in it; reports a part that does not fit.
    fn join(&mut self, known: &Type, part: &Expr, first: Option<&Expr>, what: &str) -> Option<Type> {
        if fits(known, &part.ty) && *known != Type::Dyn {
            return Some(known.clone());
        }
        if fits(&part.ty, known) {
            return Some(part.ty.clone());
        }
        let message = format!("{what} must have one type, found {} and {}", a(known), a(&part.ty));
        let mut problem = Diagnostic::new(codes::MIXED, part.span.clone(), message).labelled(part.ty.to_string());
        if let Some(first) = first {
            problem = problem.beside(first.span.clone(), first.ty.to_string());
        }
        self.report(problem);
        None
    }
}

/// Takes the value out of `dyn`, and says whether it was there: its type is known, only its mistakes come later.
fn settle(expr: Expr) -> (Expr, bool) {
    match expr.kind {
        Kind::Dyn(inner) => (settle(*inner).0, true),
        _ => (expr, false),
    }
}

/// A type with its article.
pub(crate) fn a(ty: &Type) -> String {
    match ty {
        Type::Int | Type::Ip => format!("an {ty}"),
        Type::Null => "null".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::List(element) if matches!(**element, Type::Dyn | Type::Broken) => "a list".to_owned(),
        _ => format!("a {ty}"),
    }
}
