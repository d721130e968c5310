//! Calls of functions: which signature, and what to say if there is none.

use std::ops::Range;

use super::names::{either, path};
use super::{Checker, SUGGESTIONS, a, settle};
use crate::ast::{self, Word};
use crate::catalogue;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::functions::comprehension::Macro;
use crate::functions::{self, Entry, MACROS};
use crate::typed::{Call, Expr, Kind};
use crate::types::Type;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        target: Option<&ast::Expr>,
        function: &Word,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        match (target, function.text.as_str(), arguments) {
            (None, "has", [argument]) => return self.has(argument, span),
            (None, "now", []) => return Expr::value(Value::Timestamp(self.now_ns), Type::Timestamp, span.clone()),
            (None, "dyn", [argument]) => {
                let inner = self.expr(argument);
                return match inner.ty {
                    Type::Broken => inner,
                    _ => Expr::new(Kind::Dyn(Box::new(inner)), Type::Dyn, span.clone()),
                };
            }
            (None, "has" | "now" | "dyn", _) => return self.misused_macro(&function.text, span),
            (Some(target), name, _) if Macro::find(name).is_some() => {
                return self.comprehension(target, function, arguments, span);
            }
            _ => {}
        }
        // `math.greatest(…)`: a function whose own name has a dot.
        if let Some(namespace) = target.and_then(path) {
            let words: Vec<_> = namespace
                .iter()
                .chain([function])
                .map(|word| word.text.as_str())
                .collect();
            if words.len() == 2 && functions::registry().contains_key(words.join(".").as_str()) {
                return self.function(&words.join("."), function, None, arguments, span);
            }
        }
        let target = target.map(|target| settle(self.expr(target)));
        self.function(&function.text, function, target, arguments, span)
    }

    fn function(
        &mut self,
        name: &str,
        word: &Word,
        target: Option<(Expr, bool)>,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        let method = target.is_some();
        let mut is_dyn = target.as_ref().is_some_and(|(_, is_dyn)| *is_dyn);
        let mut all: Vec<Expr> = target.into_iter().map(|(target, _)| target).collect();
        for argument in arguments {
            let (argument, argument_dyn) = settle(self.expr(argument));
            is_dyn |= argument_dyn;
            all.push(argument);
        }
        let Some(entry) = functions::registry().get(name).filter(|entry| entry.is_callable()) else {
            let problem = self.unknown_function(word, method, &all);
            return self.refuse(problem, span);
        };
        if all.iter().any(|argument| argument.ty == Type::Broken) {
            return Expr::broken(span.clone());
        }
        let types: Vec<_> = all.iter().map(|argument| &argument.ty).collect();
        let fitting = entry.signatures.iter().filter(|signature| signature.method == method);
        let found = fitting
            .into_iter()
            .find_map(|signature| Some((signature.overload, signature.resolve(&types)?)));
        let Some((overload, (parameters, ty))) = found else {
            if is_dyn {
                return Expr::new(
                    Kind::Fail("a function does not take these values"),
                    Type::Dyn,
                    span.clone(),
                );
            }
            let problem = self.unfit(entry, word, method, &all);
            return self.refuse(problem, span);
        };
        let constants: Vec<_> = all.iter().map(Expr::constant).collect();
        if let Some(reason) = (overload.refuse)(&constants) {
            // The last argument is the text that has a form; a pattern stands after what it is tested on.
            let at = all.last().map_or(span.clone(), |argument| argument.span.clone());
            return self.refuse(Diagnostic::new(codes::BAD_VALUE, at, reason), span);
        }
        let call = Call {
            function: entry.function,
            overload,
            parameters,
            arguments: all,
        };
        Expr::new(Kind::Call(call), ty, span.clone())
    }

    fn unknown_function(&self, word: &Word, method: bool, arguments: &[Expr]) -> Diagnostic {
        let name = word.text.as_str();
        let problem = Diagnostic::new(
            codes::UNKNOWN_FUNCTION,
            word.span.clone(),
            format!("there is no function `{name}`"),
        );
        if name == "not" {
            return problem.hint("write `!(…)`");
        }
        if let Some(known) = MACROS.iter().find(|known| known.name == name) {
            return problem.hint(format!("it is used as {}", known.form));
        }
        if let (false, [argument]) = (method, arguments)
            && (catalogue::variable(name).is_some() || catalogue::flag(name).is_some())
        {
            return problem.hint(format!(
                "`{name}` is a variable; compare it: {name} == {}",
                self.written(&argument.span)
            ));
        }
        if self.problems.len() >= SUGGESTIONS {
            return problem;
        }
        let known = functions::registry()
            .values()
            .filter(|entry| entry.is_callable())
            .map(|entry| entry.function.name);
        // Letters in another case, and words of other languages for the same thing.
        let close = catalogue::closest(name, known.chain(MACROS.iter().map(|known| known.name)));
        let alias = ALIASES
            .iter()
            .find(|(written, _)| written.eq_ignore_ascii_case(name))
            .map(|(_, meant)| *meant);
        match (alias, close.as_slice()) {
            (Some(meant), _) => problem.hint(format!("here it is `{meant}`")),
            (None, []) => problem,
            (None, close) => problem.hint(format!("did you mean {}?", either(close))),
        }
    }

    /// What to say if a function exists and its arguments do not fit.
    fn unfit(&self, entry: &Entry, word: &Word, method: bool, arguments: &[Expr]) -> Diagnostic {
        let name = entry.function.name;
        let types: Vec<_> = arguments.iter().map(|argument| argument.ty.to_string()).collect();
        let found = match (method, types.split_first()) {
            (true, Some((target, rest))) => format!("{target}.{name}({})", rest.join(", ")),
            _ => format!("{name}({})", types.join(", ")),
        };
        let same_form = entry.signatures.iter().any(|one| one.method == method);
        let forms: Vec<_> = entry
            .signatures
            .iter()
            .filter(|one| !same_form || one.method == method)
            .map(|one| one.overload.signature.split(" -> ").next().unwrap_or(name))
            .collect();
        let message = format!("expected {}, found `{found}`", either(&forms));
        let problem = Diagnostic::new(codes::ARGUMENTS, word.span.clone(), message);
        let written: Vec<_> = arguments.iter().map(|argument| self.written(&argument.span)).collect();
        if let (true, "contains", [list, item]) = (method, name, arguments) {
            match &list.ty {
                Type::List(_) | Type::Map(..) => {
                    return problem.hint(format!("write {} in {}", written[1], written[0]));
                }
                Type::String if item.ty != Type::String => {
                    return problem.hint(format!(
                        "a string holds strings: write the text in quotes, or string({})",
                        written[1]
                    ));
                }
                _ => {}
            }
        }
        let types: Vec<_> = arguments.iter().map(|argument| &argument.ty).collect();
        let other_form = entry
            .signatures
            .iter()
            .any(|one| one.method != method && one.resolve(&types).is_some());
        match (other_form, method, written.split_first()) {
            (true, false, Some((target, rest))) => problem.hint(format!("write {target}.{name}({})", rest.join(", "))),
            (true, true, _) => problem.hint(format!("write {name}({})", written.join(", "))),
            _ => problem,
        }
    }

    pub(super) fn misused_macro(&mut self, name: &str, span: &Range<usize>) -> Expr {
        let form = MACROS
            .iter()
            .find(|known| known.name == name)
            .map_or(name, |known| known.form);
        let problem = Diagnostic::new(codes::MACRO, span.clone(), format!("`{name}` does not take this form"));
        self.refuse(problem.hint(format!("it is used as {form}")), span)
    }

    pub(super) fn not_walkable(&mut self, range: &Expr, span: &Range<usize>) -> Expr {
        let message = format!("expected a list or a map, found {}", a(&range.ty));
        self.refuse(Diagnostic::new(codes::MACRO, range.span.clone(), message), span)
    }
}

/// Functions under the names that other languages give them.
const ALIASES: &[(&str, &str)] = &[
    ("includes", "contains"),
    ("has_prefix", "startsWith"),
    ("starts_with", "startsWith"),
    ("ends_with", "endsWith"),
    ("has_suffix", "endsWith"),
    ("toLower", "lowerAscii"),
    ("lower", "lowerAscii"),
    ("toUpper", "upperAscii"),
    ("upper", "upperAscii"),
    ("len", "size"),
    ("length", "size"),
    ("count", "size"),
    ("match", "matches"),
    ("regex", "matches"),
    ("any", "exists"),
];
