//! Signatures: their text read, and the types of arguments fitted to them, before a filter runs or by the values.

use std::collections::BTreeMap;

use super::{Entry, Overload, kernel};
use crate::fault::Fault;
use crate::types::Type;
use crate::value::Value;

/// A signature, read.
#[derive(Debug)]
pub(crate) struct Signature {
    /// True if the first parameter stands before a dot.
    pub method: bool,
    /// True if the last parameter stands for one and more arguments.
    pub variadic: bool,
    pub parameters: Vec<Type>,
    pub result: Type,
    pub overload: &'static Overload,
}

/// Splits at the commas outside parentheses.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut pieces) = (0, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Types that variables of a signature stand for.
type Bindings = BTreeMap<char, Type>;

/// How much an argument of an open type fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Only where the signature takes any type: the call is then decided.
    Decided,
    /// Everywhere: its value may turn out to fit.
    Possible,
    /// The types are those of values: what one letter of the signature stands for may still differ.
    Values,
}

impl Signature {
    /// Reads the signature of an overload; `None` if it is misspelt.
    pub(super) fn read(name: &str, overload: &'static Overload) -> Option<Signature> {
        let (call, result) = overload.signature.split_once(" -> ")?;
        let (receiver, arguments) = match call.strip_prefix(name).and_then(|rest| rest.strip_prefix('(')) {
            Some(arguments) => (None, arguments),
            None => {
                let (receiver, rest) = call.split_once(&format!(".{name}("))?;
                (Some(Type::parse(receiver)?), rest)
            }
        };
        let mut parameters: Vec<_> = receiver.iter().cloned().collect();
        let arguments = arguments.strip_suffix(')')?;
        let variadic = arguments.ends_with("...");
        for argument in split_arguments(arguments.trim_end_matches("...")) {
            parameters.push(Type::parse(argument)?);
        }
        Some(Signature {
            method: receiver.is_some(),
            variadic,
            parameters,
            result: Type::parse(result)?,
            overload,
        })
    }

    /// The parameter types and the result for arguments of these types; `None` if they do not fit.
    pub(crate) fn resolve(&self, arguments: &[&Type], fit: Fit) -> Option<(Vec<Type>, Type)> {
        let fits = match self.variadic {
            true => arguments.len() >= self.parameters.len(),
            false => arguments.len() == self.parameters.len(),
        };
        if !fits {
            return None;
        }
        let last = self.parameters.last();
        let parameters = || self.parameters.iter().chain(last.into_iter().cycle());
        let mut bindings = Bindings::new();
        for (parameter, argument) in parameters().zip(arguments) {
            if !unify(parameter, argument, fit, &mut bindings) {
                return None;
            }
        }
        let called = parameters()
            .zip(arguments)
            .map(|(parameter, argument)| called(parameter, argument, &bindings))
            .collect();
        Some((called, substitute(&self.result, &bindings)))
    }
}

/// Calls a function with the signature that fits the values.
pub(crate) fn dispatch(entry: &Entry, method: bool, arguments: &[Value]) -> Result<Value, Fault> {
    let types: Vec<_> = arguments.iter().map(Value::ty).collect();
    let types: Vec<_> = types.iter().collect();
    for signature in entry.signatures.iter().filter(|one| one.method == method) {
        let fitting = signature.resolve(&types, Fit::Values);
        let is_of = |parameters: &[Type]| arguments.iter().zip(parameters).all(|(value, ty)| value.is_of(ty));
        if let Some((parameters, result)) = fitting.filter(|(parameters, _)| is_of(parameters)) {
            let overload = signature.overload;
            let value = kernel::call(overload.kernel, arguments, &parameters, &result);
            return value.ok_or_else(|| overload.fault(arguments));
        }
    }
    Err(Fault::WrongType)
}

fn unify(parameter: &Type, argument: &Type, fit: Fit, bindings: &mut Bindings) -> bool {
    match (parameter, argument) {
        (_, Type::Broken) | (Type::Dyn, _) => true,
        (Type::Any(letter), _) => {
            let bound = bindings.get(letter).cloned().unwrap_or(argument.clone());
            let is_one = fits(&bound, argument) || fits(argument, &bound);
            bindings.insert(*letter, bound.join(argument.clone()));
            is_one || fit == Fit::Values
        }
        // What an empty list holds is anything.
        (_, Type::Any(_)) => true,
        (_, Type::Dyn) => fit != Fit::Decided,
        (Type::List(parameter), Type::List(argument)) | (Type::Optional(parameter), Type::Optional(argument)) => {
            unify(parameter, argument, fit, bindings)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            unify(key, other_key, fit, bindings) && unify(value, other_value, fit, bindings)
        }
        _ => parameter == argument,
    }
}

/// True if a value of the second type can stand where the first is known.
pub(crate) fn fits(known: &Type, other: &Type) -> bool {
    match (known, other) {
        (_, Type::Dyn | Type::Any(_) | Type::Broken) => true,
        (Type::List(known), Type::List(other)) | (Type::Optional(known), Type::Optional(other)) => fits(known, other),
        (Type::Map(key, value), Type::Map(other_key, other_value)) => fits(key, other_key) && fits(value, other_value),
        _ => known == other,
    }
}

/// The type of a parameter in a call: where the signature takes any type, that of the argument.
fn called(parameter: &Type, argument: &Type, bindings: &Bindings) -> Type {
    match (parameter, argument) {
        (Type::Dyn, _) => argument.clone(),
        (Type::List(parameter), Type::List(argument)) => Type::list(called(parameter, argument, bindings)),
        (Type::Optional(parameter), Type::Optional(argument)) => Type::optional(called(parameter, argument, bindings)),
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            Type::map(called(key, other_key, bindings), called(value, other_value, bindings))
        }
        _ => substitute(parameter, bindings),
    }
}

fn substitute(ty: &Type, bindings: &Bindings) -> Type {
    match ty {
        Type::Any(letter) => bindings.get(letter).cloned().unwrap_or(Type::Dyn),
        Type::List(element) => Type::list(substitute(element, bindings)),
        Type::Optional(value) => Type::optional(substitute(value, bindings)),
        Type::Map(key, value) => Type::map(substitute(key, bindings), substitute(value, bindings)),
        _ => ty.clone(),
    }
}
