//! Names: variables, flags, names that macros bind, fields and keys; and what to say about those that are none.

use std::ops::Range;

use super::{Checker, SUGGESTIONS, a, settle};
use crate::ast::{self, Word};
use crate::catalogue::{self, Variable};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::functions;
use crate::hints;
use crate::typed::{Call, Expr, Kind};
use crate::types::Type;
use crate::value::Value;

/// A dotted name: its words, first to last.
pub(super) type Path = Vec<Word>;

/// The words of a dotted name; `None` if something else than a name stands at its root.
pub(super) fn path(tree: &ast::Expr) -> Option<Path> {
    let mut words = Vec::new();
    let mut at = tree;
    loop {
        match &at.kind {
            ast::Kind::Name(text) => {
                words.push(Word {
                    text: text.clone(),
                    span: at.span.clone(),
                });
                words.reverse();
                return Some(words);
            }
            ast::Kind::Select { operand, field } => {
                words.push(field.clone());
                at = operand;
            }
            _ => return None,
        }
    }
}

/// The words of a path with dots between them.
fn dotted(words: &[Word]) -> String {
    words
        .iter()
        .map(|word| word.text.as_str())
        .collect::<Vec<_>>()
        .join(".")
}

fn span(words: &[Word]) -> Range<usize> {
    match words {
        [first, .., last] => first.span.start..last.span.end,
        [only] => only.span.clone(),
        [] => 0..0,
    }
}

/// The longest variable that a path begins with, and how many words it takes.
pub(super) fn longest_variable(words: &[Word]) -> Option<(&'static Variable, usize)> {
    let known = |count: usize| catalogue::variable(&dotted(&words[..count])).map(|variable| (variable, count));
    // No variable has more words than this; a longer path must not be joined over and over.
    (1..=words.len().min(4)).rev().find_map(known)
}

impl Checker<'_> {
    pub(super) fn name(&mut self, tree: &ast::Expr) -> Expr {
        let Some(words) = path(tree) else {
            let ast::Kind::Select { operand, field } = &tree.kind else {
                return Expr::broken(tree.span.clone());
            };
            let operand = settle(self.expr(operand)).0;
            return self.select(operand, field);
        };
        let (root, used) = match self.root(&words) {
            Ok(found) => found,
            Err(problem) => return self.refuse(problem, &tree.span),
        };
        words[used..]
            .iter()
            .fold(root, |operand, field| self.select(operand, field))
    }

    /// The variable, flag or bound name that a path begins with, and how many words it takes.
    fn root(&self, words: &[Word]) -> Result<(Expr, usize), Diagnostic> {
        let first = &words[0];
        if let Some((local, ty)) = self.locals.iter().rev().find(|(local, _)| local.name == first.text) {
            return Ok((Expr::new(Kind::Local(local.clone()), ty.clone(), first.span.clone()), 1));
        }
        if let Some(columns) = self.columns {
            let known = |count: usize| {
                columns
                    .get_key_value(dotted(&words[..count]).as_str())
                    .map(|found| (found, count))
            };
            if let Some(((name, ty), used)) = (1..=words.len().min(4)).rev().find_map(known) {
                let column = Expr::new(Kind::Column(name.clone()), ty.clone(), span(&words[..used]));
                return Ok((column, used));
            }
            return Err(self.unknown(words));
        }
        let variable = |variable: &'static Variable, words: &[Word]| {
            Expr::new(Kind::Variable(variable), variable.ty.clone(), span(words))
        };
        if let Some((found, used)) = longest_variable(words)
            // `timestamp.x` is no key of a map: what was meant may be another tool's name.
            && (used == words.len() || matches!(found.ty, Type::Map(..) | Type::List(_)) || self.foreign(words).is_none())
        {
            return Ok((variable(found, &words[..used]), used));
        }
        if words.len() > 1
            && catalogue::PREFIXES.contains(&first.text.as_str())
            && let Some((found, used)) = longest_variable(&words[1..])
        {
            return Ok((variable(found, &words[..=used]), used + 1));
        }
        match catalogue::flag(&first.text) {
            Some(flag) if words.len() == 1 => Ok((Expr::new(Kind::Flag(flag), Type::Bool, first.span.clone()), 1)),
            _ => Err(self.foreign(words).unwrap_or_else(|| self.unknown(words))),
        }
    }

    /// What to say about a name of another tool.
    fn foreign(&self, words: &[Word]) -> Option<Diagnostic> {
        let (meant, used) = (1..=words.len().min(4)).rev().find_map(|count| {
            let name = dotted(&words[..count]);
            hints::NAMES
                .iter()
                .find(|(written, _)| *written == name)
                .map(|(_, meant)| (*meant, count))
        })?;
        let message = format!("there is no variable `{}`", dotted(&words[..used]));
        Some(Diagnostic::new(codes::FOREIGN_NAME, span(&words[..used]), message).hint(format!("here it is `{meant}`")))
    }

    fn unknown(&self, words: &[Word]) -> Diagnostic {
        let first = &words[0];
        if words.len() > 1 && catalogue::flag(&first.text).is_some() {
            let message = format!("`{}` is a flag, true or false, and has no fields", first.text);
            let problem = Diagnostic::new(codes::FOREIGN_NAME, span(words), message);
            let rest = dotted(&words[1..]);
            let long = format!("{}_{}", first.text, rest.replace('.', "_"));
            return match [rest, long].iter().find(|name| catalogue::variable(name).is_some()) {
                Some(name) => problem.hint(format!("write `{} && {name} …`", first.text)),
                None => problem.hint(format!("write `{} && …`", first.text)),
            };
        }
        let name = dotted(words);
        let mut problem = Diagnostic::new(
            codes::UNKNOWN_NAME,
            span(words),
            format!("there is no variable `{name}`"),
        );
        if self.problems.len() >= SUGGESTIONS {
            return problem;
        }
        let columns = self.columns;
        let names = || {
            let of_rows = columns.is_none();
            let variables = catalogue::variables().keys().copied();
            let flags = schema::FLAGS.iter().map(|flag| flag.name);
            let of_catalogue = variables.chain(flags).filter(move |_| of_rows);
            of_catalogue.chain(
                columns
                    .into_iter()
                    .flat_map(|columns| columns.keys().map(AsRef::as_ref)),
            )
        };
        let close = catalogue::closest(&name, names());
        let below: Vec<_> = names()
            .filter(|known| known.starts_with(&format!("{name}.")))
            .take(4)
            .collect();
        let beside: Vec<_> = match words {
            [_] => Vec::new(),
            _ => names()
                .filter(|known| known.starts_with(&format!("{}.", first.text)))
                .take(4)
                .collect(),
        };
        if functions::registry().contains_key(name.as_str()) {
            problem = problem.hint(format!("`{name}` is a function; it is called with parentheses"));
        } else if !below.is_empty() {
            problem = problem.hint(format!("there is {}", either(&below)));
        } else if !close.is_empty() {
            problem = problem.hint(format!("did you mean {}?", either(&close)));
        } else if !beside.is_empty() {
            problem = problem.hint(format!("there is {}", either(&beside)));
        }
        problem
    }

    /// `operand.field`: the value of a key.
    pub(super) fn select(&mut self, operand: Expr, field: &Word) -> Expr {
        let span = operand.span.start..field.span.end;
        match &operand.ty {
            Type::Broken => Expr::broken(span),
            Type::Dyn => Expr::new(Kind::Fail("no such field"), Type::Dyn, span),
            Type::Map(key, _) if matches!(**key, Type::String | Type::Dyn) => {
                let key = Expr::value(Value::string(&field.text), Type::String, field.span.clone());
                self.resolved("_[_]", vec![operand, key], span)
            }
            ty => {
                let written = self.written(&operand.span);
                let message = format!("`{written}` is {} and has no field `{}`", a(ty), field.text);
                self.refuse(Diagnostic::new(codes::NO_FIELD, field.span.clone(), message), &span)
            }
        }
    }

    pub(super) fn index(&mut self, operand: &ast::Expr, index: &ast::Expr, span: &Range<usize>) -> Expr {
        let (operand, index) = (settle(self.expr(operand)).0, settle(self.expr(index)).0);
        let expected = match &operand.ty {
            Type::Broken => return Expr::broken(span.clone()),
            Type::Dyn => return Expr::new(Kind::Fail("no such element"), Type::Dyn, span.clone()),
            Type::List(_) => Type::Int,
            Type::Map(key, _) => (**key).clone(),
            ty => {
                let message = format!("`{}` is {}, which has no elements", self.written(&operand.span), a(ty));
                return self.refuse(Diagnostic::new(codes::OPERAND, operand.span.clone(), message), span);
            }
        };
        if !functions::fits(&expected, &index.ty) {
            let message = format!("expected {} in the brackets, found {}", a(&expected), a(&index.ty));
            return self.refuse(Diagnostic::new(codes::OPERAND, index.span.clone(), message), span);
        }
        self.resolved("_[_]", vec![operand, index], span.clone())
    }

    /// Calls an entry of the registry whose arguments are known to fit.
    pub(super) fn resolved(&mut self, name: &str, arguments: Vec<Expr>, span: Range<usize>) -> Expr {
        let types: Vec<_> = arguments.iter().map(|argument| &argument.ty).collect();
        let found = functions::registry().get(name).and_then(|entry| {
            let mut signatures = entry.signatures.iter();
            signatures.find_map(|signature| Some((entry.function, signature.overload, signature.resolve(&types)?)))
        });
        match found {
            Some((function, overload, (parameters, ty))) => Expr::new(
                Kind::Call(Call {
                    function,
                    overload,
                    parameters,
                    arguments,
                }),
                ty,
                span,
            ),
            None => Expr::broken(span),
        }
    }
}

/// `a`, `b` or `c`.
pub(super) fn either(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}
