//! Names: variables, flags, names that macros bind, fields and keys; and what to say about those that are none.

use std::ops::Range;

use super::{Checker, Columns, SUGGESTIONS, a};
use crate::ast::{self, Access, Word};
use crate::catalogue::{self, Variable};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::functions::{self, fits};
use crate::hints;
use crate::typed::{Expr, Kind};
use crate::types::{self, Type};
use crate::value::Value;

/// A dotted name: its words, first to last.
pub(super) struct Path {
    pub words: Vec<Word>,
    /// True if it began with a dot: no macro around it binds its name.
    pub absolute: bool,
}

/// The words of a dotted name; `None` if something else than a name stands at its root, or a word is asked for with `.?`.
pub(super) fn path(tree: &ast::Expr) -> Option<Path> {
    let mut words = Vec::new();
    let mut at = tree;
    loop {
        match &at.kind {
            ast::Kind::Name(text) | ast::Kind::Absolute(text) => {
                words.push(Word {
                    text: text.clone(),
                    span: at.span.clone(),
                });
                words.reverse();
                let absolute = matches!(at.kind, ast::Kind::Absolute(_));
                return Some(Path { words, absolute });
            }
            ast::Kind::Select {
                operand,
                field,
                access: Access::Required,
            } => {
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
    (1..=words.len().min(LONGEST)).rev().find_map(known)
}

/// No name has more words than this; a longer path must not be joined over and over.
const LONGEST: usize = 8;

impl Checker<'_> {
    pub(super) fn name(&mut self, tree: &ast::Expr) -> Expr {
        match path(tree) {
            Some(path) => self.rooted(&path, &tree.span),
            None => Expr::broken(tree.span.clone()),
        }
    }

    /// A part with a field: of a name the longest variable, then its fields.
    pub(super) fn selected(&mut self, tree: &ast::Expr, access: Access) -> Expr {
        if let Some(path) = path(tree) {
            return self.rooted(&path, &tree.span);
        }
        let ast::Kind::Select { operand, field, .. } = &tree.kind else {
            return Expr::broken(tree.span.clone());
        };
        let operand = self.expr(operand);
        self.select(operand, field, access)
    }

    fn rooted(&mut self, path: &Path, span: &Range<usize>) -> Expr {
        let (root, used) = match self.root(path) {
            Ok(found) => found,
            Err(problem) => return self.misfit(problem, span, Fault::UnknownName),
        };
        path.words[used..]
            .iter()
            .fold(root, |operand, field| self.select(operand, field, Access::Required))
    }

    /// The variable, flag, column or bound name that a path begins with, and how many words it takes.
    fn root(&self, path: &Path) -> Result<(Expr, usize), Diagnostic> {
        let words = &path.words[..];
        let first = &words[0];
        let mut locals = self.locals.iter().rev();
        if let Some((local, ty)) = locals.find(|(local, _)| !path.absolute && local.name == first.text) {
            return Ok((Expr::new(Kind::Local(local.clone()), ty.clone(), first.span.clone()), 1));
        }
        match self.columns {
            Some(columns) => self.column(columns, path),
            None => self.catalogued(words),
        }
        .or_else(|problem| type_name(words).ok_or(problem))
    }

    /// The column of the longest name, in the innermost namespace that has it.
    fn column(&self, columns: &Columns, path: &Path) -> Result<(Expr, usize), Diagnostic> {
        let words = &path.words[..];
        for count in (1..=words.len().min(LONGEST)).rev() {
            let name = dotted(&words[..count]);
            let mut container = if path.absolute { "" } else { self.container };
            loop {
                let full = if container.is_empty() {
                    name.clone()
                } else {
                    format!("{container}.{name}")
                };
                if let Some((name, ty)) = columns.get_key_value(full.as_str()) {
                    let column = Expr::new(Kind::Column(name.clone()), ty.clone(), span(&words[..count]));
                    return Ok((column, count));
                }
                if container.is_empty() {
                    break;
                }
                container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
            }
        }
        Err(self.unknown(words))
    }

    /// The variable or flag of the catalogue.
    fn catalogued(&self, words: &[Word]) -> Result<(Expr, usize), Diagnostic> {
        let first = &words[0];
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
        let (meant, used) = (1..=words.len().min(LONGEST)).rev().find_map(|count| {
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
    pub(super) fn select(&mut self, operand: Expr, field: &Word, access: Access) -> Expr {
        let span = operand.span.start..field.span.end;
        if operand.ty == Type::Broken {
            return Expr::broken(span);
        }
        let key = Expr::value(Value::string(&field.text), Type::String, field.span.clone());
        match operand.ty.inside() {
            Type::Map(key_type, _) if fits(key_type, &Type::String) || fits(&Type::String, key_type) => {
                self.resolved(element(access), vec![operand, key], span)
            }
            Type::Dyn | Type::Any(_) => self.resolved(element(access), vec![operand, key], span),
            ty => {
                let written = self.written(&operand.span);
                let message = format!("`{written}` is {} and has no field `{}`", a(ty), field.text);
                let problem = Diagnostic::new(codes::NO_FIELD, field.span.clone(), message);
                self.misfit(problem, &span, Fault::WrongType)
            }
        }
    }

    pub(super) fn index(
        &mut self,
        operand: &ast::Expr,
        index: &ast::Expr,
        access: Access,
        span: &Range<usize>,
    ) -> Expr {
        let (operand, index) = (self.expr(operand), self.expr(index));
        if operand.ty == Type::Broken || index.ty == Type::Broken {
            return Expr::broken(span.clone());
        }
        let expected = match operand.ty.inside() {
            Type::List(_) => Type::Int,
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn | Type::Any(_) => Type::Dyn,
            ty => {
                let message = format!("`{}` is {}, which has no elements", self.written(&operand.span), a(ty));
                let problem = Diagnostic::new(codes::OPERAND, operand.span.clone(), message);
                return self.misfit(problem, span, Fault::WrongType);
            }
        };
        let is_key = matches!(operand.ty.inside(), Type::Map(..)) && expected.is_number() && index.ty.is_number();
        if !self.is_deferred() && !is_key && !fits(&expected, &index.ty) && !fits(&index.ty, &expected) {
            let message = format!("expected {} in the brackets, found {}", a(&expected), a(&index.ty));
            return self.refuse(Diagnostic::new(codes::OPERAND, index.span.clone(), message), span);
        }
        self.resolved(element(access), vec![operand, index], span.clone())
    }
}

/// The function that looks at a part of a value.
pub(super) fn element(access: Access) -> &'static str {
    match access {
        Access::Required => "_[_]",
        Access::Optional => "_[?_]",
    }
}

/// The type of a name, as a value: `int`, `net.IP`.
fn type_name(words: &[Word]) -> Option<(Expr, usize)> {
    (1..=words.len().min(LONGEST)).rev().find_map(|count| {
        let name = dotted(&words[..count]);
        let known = types::NAMES.iter().find(|known| **known == name)?;
        let ty = Value::Type((*known).into());
        Some((Expr::value(ty, Type::Type, span(&words[..count])), count))
    })
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
