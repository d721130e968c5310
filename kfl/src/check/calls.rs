//! Calls of functions: which signature, and what to say if there is none.

use std::ops::Range;

use super::names::{either, path};
use super::{Checker, SUGGESTIONS, a, coerce};
use crate::ast::{self, Word};
use crate::catalogue;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::functions::comprehension::Macro;
use crate::functions::{self, Entry, Fit, MACROS, Overload};
use crate::typed::{Bind, Call, Dispatch, Expr, Kind, Local};
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
            (None, "now", []) => {
                return Expr::value(Value::Timestamp(i128::from(self.now_ns)), Type::Timestamp, span.clone());
            }
            (None, "dyn", [argument]) => {
                let inner = self.expr(argument);
                return coerce(inner, &Type::Dyn);
            }
            (None, "has" | "now" | "dyn", _) => return self.misused_macro(&function.text, span),
            (Some(target), "optMap" | "optFlatMap", _) => {
                return self.optional_macro(target, function, arguments, span);
            }
            (Some(target), name, _) if Macro::find(name).is_some() => {
                return self.comprehension(target, function, arguments, span);
            }
            (Some(target), name, _) if matches!(&target.kind, ast::Kind::Name(root) if root == "cel") => {
                if let Some(expr) = self.cel(name, arguments, span) {
                    return expr;
                }
            }
            _ => {}
        }
        // `math.greatest(…)`: a function whose own name has a dot.
        if let Some(path) = target.and_then(path)
            && let [namespace] = &path.words[..]
        {
            let name = format!("{}.{}", namespace.text, function.text);
            if functions::registry().contains_key(name.as_str()) {
                return self.function(&name, function, None, arguments, span);
            }
        }
        let target = target.map(|target| self.expr(target));
        self.function(&function.text, function, target, arguments, span)
    }

    fn function(
        &mut self,
        name: &str,
        word: &Word,
        target: Option<Expr>,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        let method = target.is_some();
        let mut all: Vec<Expr> = target.into_iter().collect();
        for argument in arguments {
            all.push(self.expr(argument));
        }
        let Some(entry) = functions::registry().get(name).filter(|entry| entry.is_callable()) else {
            let problem = self.unknown_function(word, method, &all);
            return self.misfit(problem, span, Fault::UnknownName);
        };
        if all.iter().any(|argument| argument.ty == Type::Broken) {
            return Expr::broken(span.clone());
        }
        let constants: Vec<_> = all.iter().map(Expr::constant).collect();
        let types: Vec<_> = all.iter().map(|argument| &argument.ty).collect();
        if let Some((overload, _)) = decided(entry, Some(method), &types)
            && !self.is_deferred()
            && let Some(reason) = (overload.refuse)(&constants)
        {
            // The last argument is the text that has a form; a pattern stands after what it is tested on.
            let at = all.last().map_or(span.clone(), |argument| argument.span.clone());
            return self.refuse(Diagnostic::new(codes::BAD_VALUE, at, reason), span);
        }
        match chosen(entry, Some(method), all, self.is_deferred(), span) {
            Ok(call) => self.otherwise(call),
            Err(all) => {
                let problem = self.unfit(entry, word, method, &all);
                self.refuse(problem, span)
            }
        }
    }

    /// `or` and `orValue` look at the other value only where the optional has none.
    fn otherwise(&mut self, expr: Expr) -> Expr {
        let Kind::Call(call) = &expr.kind else { return expr };
        let ([optional, other], "or" | "orValue") = (&call.arguments[..], call.function.name) else {
            return expr;
        };
        let local = Local {
            depth: self.locals.len(),
            name: self.made_name(),
        };
        let read = Expr::new(Kind::Local(local.clone()), optional.ty.clone(), optional.span.clone());
        let span = expr.span.clone();
        let has_value = self.resolved("hasValue", vec![read.clone()], span.clone());
        let held = match call.function.name {
            "or" => read,
            _ => self.resolved("value", vec![read], span.clone()),
        };
        let conditional = Kind::Conditional {
            condition: Box::new(has_value),
            then: Box::new(coerce(held, &expr.ty)),
            otherwise: Box::new(coerce(other.clone(), &expr.ty)),
        };
        let body = Expr::new(conditional, expr.ty.clone(), span.clone());
        let bind = Bind {
            local,
            value: optional.clone(),
            body,
        };
        Expr::new(Kind::Bind(Box::new(bind)), expr.ty, span)
    }

    /// Calls an entry of the registry; the caller has reported what cannot fit.
    pub(super) fn resolved(&mut self, name: &str, arguments: Vec<Expr>, span: Range<usize>) -> Expr {
        if arguments.iter().any(|argument| argument.ty == Type::Broken) {
            return Expr::broken(span);
        }
        resolved(name, arguments, self.is_deferred(), &span)
    }

    /// True if arguments of these types may fit an entry of the registry.
    pub(super) fn is_possible(&self, name: &str, types: &[&Type]) -> bool {
        functions::registry().get(name).is_some_and(|entry| {
            let mut signatures = entry.signatures.iter();
            signatures.any(|signature| signature.resolve(types, Fit::Possible).is_some())
        })
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
            .any(|one| one.method != method && one.resolve(&types, Fit::Possible).is_some());
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
        let problem = Diagnostic::new(codes::MACRO, range.span.clone(), message);
        self.misfit(problem, span, Fault::WrongType)
    }
}

/// Calls an entry of the registry whose arguments are known to fit.
pub(crate) fn resolved(name: &str, arguments: Vec<Expr>, is_deferred: bool, span: &Range<usize>) -> Expr {
    let entry = functions::registry().get(name);
    let call = entry.and_then(|entry| chosen(entry, None, arguments, is_deferred, span).ok());
    call.unwrap_or_else(|| Expr::new(Kind::Fail(Fault::WrongType), Type::Dyn, span.clone()))
}

/// A call of a function: its signature, or that the values decide it; the arguments again if none can fit.
fn chosen(
    entry: &'static Entry,
    method: Option<bool>,
    arguments: Vec<Expr>,
    is_deferred: bool,
    span: &Range<usize>,
) -> Result<Expr, Vec<Expr>> {
    let types: Vec<_> = arguments.iter().map(|argument| &argument.ty).collect();
    if let Some((overload, (parameters, ty))) = decided(entry, method, &types) {
        let arguments = arguments.into_iter().zip(&parameters);
        let call = Call {
            function: entry.function,
            overload,
            arguments: arguments.map(|(argument, ty)| coerce(argument, ty)).collect(),
            parameters,
        };
        return Ok(Expr::new(Kind::Call(call), ty, span.clone()));
    }
    let signatures = entry
        .signatures
        .iter()
        .filter(|one| method.is_none_or(|method| one.method == method));
    let possible: Vec<_> = signatures
        .filter_map(|signature| Some((signature.method, signature.resolve(&types, Fit::Possible)?.1)))
        .collect();
    let ty = possible.iter().map(|(_, ty)| ty.clone()).reduce(Type::join);
    let ty = match ty {
        Some(ty) => ty,
        None if is_deferred => Type::Dyn,
        None => return Err(arguments),
    };
    let method = possible.first().map_or(method.unwrap_or(false), |(method, _)| *method);
    let dispatch = Dispatch {
        entry,
        method,
        arguments,
    };
    Ok(Expr::new(Kind::Dispatch(dispatch), ty, span.clone()))
}

/// The first signature that arguments of these types are sure to fit, with the parameter types and the result.
fn decided(
    entry: &'static Entry,
    method: Option<bool>,
    types: &[&Type],
) -> Option<(&'static Overload, (Vec<Type>, Type))> {
    let mut signatures = entry.signatures.iter();
    signatures.find_map(|one| {
        let is_form = method.is_none_or(|method| one.method == method);
        Some((one.overload, one.resolve(types, Fit::Decided).filter(|_| is_form)?))
    })
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
