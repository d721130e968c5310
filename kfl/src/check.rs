//! Checker: tree → typed tree. It looks up names, chooses operators and functions by type, and reports every mistake of a
//! filter at once; a part that is refused has a type that fits everywhere, so that one mistake is reported once.

mod calls;
mod collections;
mod macros;
mod names;
mod operators;

pub(crate) use calls::resolved;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::Environment;
use crate::ast::{self, Literal};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::functions::fits;
use crate::limits;
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
pub(crate) type Columns = BTreeMap<Arc<str>, Type>;

/// What the names of an expression mean, if not the catalogue's variables, and when its mistakes count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Over<'a> {
    pub columns: &'a Columns,
    /// The namespace that names are looked up in, innermost first: `a.b` tries `a.b.x`, `a.x`, `x`.
    pub container: &'a str,
    pub mistakes: Mistakes,
}

/// When values that do not fit are a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistakes {
    /// Before anything runs.
    Reported,
    /// When it runs, as CEL has it that was parsed and not checked: they are errors that `&&` and `||` absorb.
    Deferred,
}

/// Checks an expression over columns instead of the catalogue's variables.
pub(crate) fn check_over(
    tree: &ast::Expr,
    text: &str,
    over: Over<'_>,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) -> Expr {
    let mut checker = Checker::new(text, environment, problems);
    checker.columns = Some(over.columns);
    checker.container = over.container;
    checker.mistakes = over.mistakes;
    checker.expr(tree)
}

struct Checker<'a> {
    text: &'a str,
    now_ns: i64,
    /// Names that macros around the part bind, outermost first.
    locals: Vec<(Local, Type)>,
    /// How many macros over lists stand around the part.
    walks: usize,
    /// Names that macros made for themselves: each is another, as it may stand inside the next.
    made: usize,
    /// What names mean, if not variables of the catalogue.
    columns: Option<&'a Columns>,
    container: &'a str,
    mistakes: Mistakes,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn new(text: &'a str, environment: &Environment, problems: &'a mut Vec<Diagnostic>) -> Self {
        Self {
            text,
            now_ns: environment.now_ns,
            locals: Vec::new(),
            walks: 0,
            made: 0,
            columns: None,
            container: "",
            mistakes: Mistakes::Reported,
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

    /// Refuses values that do not fit, here or when they are computed.
    fn misfit(&mut self, problem: Diagnostic, span: &Range<usize>, fault: Fault) -> Expr {
        match self.mistakes {
            Mistakes::Reported => self.refuse(problem, span),
            Mistakes::Deferred => Expr::new(Kind::Fail(fault), Type::Dyn, span.clone()),
        }
    }

    /// A name that no text writes and no other macro has.
    fn made_name(&mut self) -> String {
        self.made += 1;
        format!("@{}", self.made)
    }

    fn is_deferred(&self) -> bool {
        self.mistakes == Mistakes::Deferred
    }

    fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn expr(&mut self, tree: &ast::Expr) -> Expr {
        limits::on_enough_stack(|| self.checked(tree))
    }

    fn checked(&mut self, tree: &ast::Expr) -> Expr {
        match &tree.kind {
            ast::Kind::Literal(literal) => self.literal(literal, false, &tree.span),
            ast::Kind::Name(_) | ast::Kind::Absolute(_) => self.name(tree),
            ast::Kind::Select { access, .. } => self.selected(tree, *access),
            ast::Kind::Index { operand, index, access } => self.index(operand, index, *access, &tree.span),
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
            // The grammar has it in lists and maps alone, which look into it themselves.
            ast::Kind::Optional(inner) => self.expr(inner),
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
        match expr.ty {
            Type::Bool | Type::Broken => return expr,
            Type::Dyn | Type::Any(_) => return coerce(expr, &Type::Bool),
            _ if self.is_deferred() => return Expr::new(Kind::Fail(Fault::WrongType), Type::Bool, expr.span),
            _ => {}
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
        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
        if !fits(&then.ty, &otherwise.ty) && !fits(&otherwise.ty, &then.ty) && !self.is_deferred() {
            let message = format!(
                "both results of `?:` must have one type, found {} and {}",
                a(&then.ty),
                a(&otherwise.ty)
            );
            let problem = Diagnostic::new(codes::MIXED, otherwise.span.clone(), message)
                .labelled(otherwise.ty.to_string())
                .beside(then.span.clone(), then.ty.to_string());
            return self.refuse(problem, span);
        }
        let ty = then.ty.clone().join(otherwise.ty.clone());
        let (then, otherwise) = (Box::new(coerce(then, &ty)), Box::new(coerce(otherwise, &ty)));
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
}

/// The value as one of a type; whether it is one is known when it is computed.
pub(crate) fn coerce(expr: Expr, ty: &Type) -> Expr {
    if expr.ty == *ty || expr.ty == Type::Broken || *ty == Type::Broken {
        return expr;
    }
    let span = expr.span.clone();
    match expr.kind {
        Kind::Value(value) if value.is_of(ty) => Expr::value(value, ty.clone(), span),
        // What a list holds may be converted where it is made.
        Kind::List(items) if matches!(ty, Type::List(_)) => {
            let Type::List(element) = ty else {
                unreachable!("just matched")
            };
            let items = items.into_iter().map(|item| coerce(item, element)).collect();
            Expr::new(Kind::List(items), ty.clone(), span)
        }
        _ => Expr::new(Kind::Convert(Box::new(expr)), ty.clone(), span),
    }
}

/// A type with its article.
pub(crate) fn a(ty: &Type) -> String {
    match ty {
        Type::Int | Type::Ip | Type::Optional(_) => format!("an {ty}"),
        Type::Null => "null".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::List(element) if matches!(**element, Type::Any(_) | Type::Broken) => "a list".to_owned(),
        Type::Map(key, _) if matches!(**key, Type::Any(_) | Type::Broken) => "a map".to_owned(),
        _ => format!("a {ty}"),
    }
}
