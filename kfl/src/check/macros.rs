//! Macros: `has`, those that walk a list or a map, and those that name a value.

use std::ops::Range;

use super::names::{element, longest_variable, path};
use super::{Checker, coerce};
use crate::ast::{self, Access, Literal, Operator, Word};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fault::Fault;
use crate::functions::comprehension::{Macro, Names};
use crate::limits;
use crate::typed::{Bind, Call, Comprehension, Dispatch, Expr, Kind, Local};
use crate::types::Type;

impl Checker<'_> {
    /// `has(map.key)` asks for the key; `has(src.ip)`, of a variable with a dot, whether the row has it.
    pub(super) fn has(&mut self, argument: &ast::Expr, span: &Range<usize>) -> Expr {
        let ast::Kind::Select { .. } = &argument.kind else {
            let problem = Diagnostic::new(codes::MACRO, argument.span.clone(), "`has` takes a field: has(map.key)");
            let variable =
                path(argument).filter(|path| path.words.len() == 1 && longest_variable(&path.words).is_some());
            return match variable {
                Some(_) => {
                    let written = self.written(&argument.span).to_owned();
                    self.refuse(problem.hint(format!("compare the variable: {written} != …")), span)
                }
                None => self.refuse(problem, span),
            };
        };
        let field = self.expr(argument);
        let is_element = |name: &str| [Access::Required, Access::Optional].map(element).contains(&name);
        match field.kind {
            Kind::Call(Call {
                function, arguments, ..
            }) if is_element(function.name) => self.resolved("_has_", arguments, span.clone()),
            Kind::Dispatch(Dispatch { entry, arguments, .. }) if is_element(entry.function.name) => {
                self.resolved("_has_", arguments, span.clone())
            }
            Kind::Variable(_) | Kind::Column(_) => {
                let default = match &field.kind {
                    Kind::Variable(variable) => variable.default(),
                    _ => crate::value::Value::zero(&field.ty),
                };
                let default = Box::new(Expr::value(default, field.ty.clone(), span.clone()));
                let compare = Kind::Compare {
                    operator: Operator::Ne,
                    left: Box::new(field),
                    right: default,
                };
                Expr::new(compare, Type::Bool, span.clone())
            }
            Kind::Fail(fault) => Expr::new(Kind::Fail(fault), Type::Bool, span.clone()),
            _ => Expr::broken(span.clone()),
        }
    }

    /// `list.exists(x, condition)` and its like, with one name or two.
    pub(super) fn comprehension(
        &mut self,
        target: &ast::Expr,
        function: &Word,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        let (form, names) = Macro::find(&function.text).expect("the caller looked it up");
        let (key, name, condition, body) = match (names, form, arguments) {
            (Names::One, Macro::Map, [name, condition, body]) => (None, name, Some(condition), body),
            (Names::One | Names::Either, _, [name, body]) => (None, name, None, body),
            (Names::Either | Names::Two, _, [key, name, body]) => (Some(key), name, None, body),
            (Names::Two, _, [key, name, condition, body]) => (Some(key), name, Some(condition), body),
            _ => return self.misused_macro(&function.text, span),
        };
        let key_name = match key.map(|key| self.bound_name(key)).transpose() {
            Ok(name) => name,
            Err(problem) => return self.refuse(problem, span),
        };
        let name = match self.bound_name(name) {
            Ok(name) if key_name.as_ref() == Some(&name) => {
                let message = format!("expected two names, found `{name}` twice");
                return self.refuse(Diagnostic::new(codes::MACRO, function.span.clone(), message), span);
            }
            Ok(name) => name,
            Err(problem) => return self.refuse(problem, span),
        };
        if self.walks >= limits::COMPREHENSIONS {
            let message = format!(
                "macros over lists may stand {} deep in each other",
                limits::COMPREHENSIONS
            );
            let problem = Diagnostic::new(codes::COMPREHENSION_DEPTH, function.span.clone(), message);
            return self.refuse(problem, span);
        }
        let range = self.expr(target);
        let (key_type, element) = match &range.ty {
            Type::Broken => return Expr::broken(span.clone()),
            Type::List(element) => (Type::Int, (**element).clone()),
            Type::Map(key, value) if key_name.is_some() => ((**key).clone(), (**value).clone()),
            Type::Map(key, _) => (Type::Null, (**key).clone()),
            Type::Dyn | Type::Any(_) => (Type::Dyn, Type::Dyn),
            _ => return self.not_walkable(&range, span),
        };
        let outer = self.locals.len();
        let key = key_name.map(|name| self.bind(name, key_type.clone()));
        let local = self.bind(name, element.clone());
        self.walks += 1;
        let condition = condition.map(|condition| {
            let condition = self.expr(condition);
            self.condition(condition, &format!("the condition of `{}`", function.text))
        });
        let body = self.expr(body);
        let body = match form.is_condition() {
            true => self.condition(body, &format!("the condition of `{}`", function.text)),
            false => body,
        };
        self.walks -= 1;
        self.locals.truncate(outer);
        if body.ty == Type::Broken {
            return Expr::broken(span.clone());
        }
        let ty = match form {
            Macro::Exists | Macro::All | Macro::ExistsOne => Type::Bool,
            Macro::Filter => Type::list(element.clone()),
            Macro::Map => Type::list(body.ty.clone()),
            Macro::TransformMap => Type::map(key_type.clone(), body.ty.clone()),
            Macro::TransformMapEntry => match &body.ty {
                Type::Map(..) => body.ty.clone(),
                Type::Dyn | Type::Any(_) => Type::map(Type::Dyn, Type::Dyn),
                _ => return self.not_walkable(&body, span),
            },
        };
        let body = match form {
            Macro::TransformMapEntry => coerce(body, &ty),
            _ => body,
        };
        let comprehension = Comprehension {
            form,
            range,
            key,
            local,
            key_type,
            element,
            condition,
            body,
        };
        Expr::new(Kind::Comprehension(Box::new(comprehension)), ty, span.clone())
    }

    fn bind(&mut self, name: String, ty: Type) -> Local {
        let local = Local {
            depth: self.locals.len(),
            name,
        };
        self.locals.push((local.clone(), ty));
        local
    }

    /// The name that a macro's argument is; of CEL's tests also `cel.iterVar(0, 1)`, a name that no text writes otherwise.
    fn bound_name(&self, tree: &ast::Expr) -> Result<String, Diagnostic> {
        match &tree.kind {
            ast::Kind::Name(name) => Ok(name.clone()),
            ast::Kind::Call {
                target: Some(target),
                function,
                arguments,
            } if is_cel(target) => made_name(&function.text, arguments)
                .ok_or_else(|| self.no_name(tree, "expected a name for the element")),
            _ => Err(self.no_name(tree, "expected a name for the element")),
        }
    }

    fn no_name(&self, tree: &ast::Expr, expected: &str) -> Diagnostic {
        let message = format!("{expected}, found `{}`", self.written(&tree.span));
        Diagnostic::new(codes::MACRO, tree.span.clone(), message)
    }

    /// `optional.optMap(x, value)`: the value for what the optional holds, evaluated where it holds something.
    pub(super) fn optional_macro(
        &mut self,
        target: &ast::Expr,
        function: &Word,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        let [name, body] = arguments else {
            return self.misused_macro(&function.text, span);
        };
        let name = match self.bound_name(name) {
            Ok(name) => name,
            Err(problem) => return self.refuse(problem, span),
        };
        let target = self.expr(target);
        let held = match &target.ty {
            Type::Broken => return Expr::broken(span.clone()),
            Type::Optional(held) => (**held).clone(),
            Type::Dyn | Type::Any(_) => Type::Dyn,
            _ => {
                let message = format!("expected an optional, found {}", super::a(&target.ty));
                let problem = Diagnostic::new(codes::MACRO, target.span.clone(), message);
                return self.misfit(problem, span, Fault::WrongType);
            }
        };
        let target = coerce(target, &Type::optional(held.clone()));
        // The optional is evaluated once.
        let made = self.made_name();
        let optional = self.bind(made, target.ty.clone());
        let read = Expr::new(Kind::Local(optional.clone()), target.ty.clone(), target.span.clone());
        let has_value = self.resolved("hasValue", vec![read.clone()], span.clone());
        let value = self.resolved("value", vec![read], span.clone());
        let local = self.bind(name, held);
        let body = self.expr(body);
        self.locals.truncate(optional.depth);
        if body.ty == Type::Broken {
            return Expr::broken(span.clone());
        }
        let body = match (&*function.text, &body.ty) {
            ("optMap", _) => self.resolved("optional.of", vec![body], span.clone()),
            (_, Type::Optional(_)) => body,
            _ => coerce(body, &Type::optional(Type::Dyn)),
        };
        let ty = body.ty.clone();
        let then = bound(local, value, body, span);
        let none = Expr::value(crate::value::Value::Optional(None), ty.clone(), span.clone());
        let conditional = Kind::Conditional {
            condition: Box::new(has_value),
            then: Box::new(then),
            otherwise: Box::new(none),
        };
        bound(optional, target, Expr::new(conditional, ty, span.clone()), span)
    }

    /// `cel.bind(name, value, body)`, and the forms in which programs that share parts write a filter: `cel.block([…], body)`
    /// with `cel.index(n)`, `cel.iterVar(n, m)` and `cel.accuVar(n, m)`.
    pub(super) fn cel(&mut self, name: &str, arguments: &[ast::Expr], span: &Range<usize>) -> Option<Expr> {
        match (name, arguments) {
            ("bind", [name, value, body]) => {
                let name = match self.bound_name(name) {
                    Ok(name) => name,
                    Err(problem) => return Some(self.refuse(problem, span)),
                };
                let value = self.expr(value);
                let local = self.bind(name, value.ty.clone());
                let body = self.expr(body);
                self.locals.truncate(local.depth);
                Some(bound(local, value, body, span))
            }
            ("bind", _) => Some(self.misused_macro("cel.bind", span)),
            ("block", [values, body]) => match &values.kind {
                ast::Kind::List(values) if values.len() <= limits::BLOCK => Some(self.block(values, body, span)),
                _ => {
                    let message = format!("expected a list of at most {} values", limits::BLOCK);
                    let problem = Diagnostic::new(codes::MACRO, values.span.clone(), message);
                    Some(self.refuse(problem, span))
                }
            },
            ("index" | "iterVar" | "accuVar", _) => {
                let made = made_name(name, arguments)?;
                let (local, ty) = self.locals.iter().rev().find(|(local, _)| local.name == made)?;
                Some(Expr::new(Kind::Local(local.clone()), ty.clone(), span.clone()))
            }
            _ => None,
        }
    }

    fn block(&mut self, values: &[ast::Expr], body: &ast::Expr, span: &Range<usize>) -> Expr {
        let outer = self.locals.len();
        let mut named = Vec::with_capacity(values.len());
        for (place, value) in values.iter().enumerate() {
            let value = self.expr(value);
            let local = self.bind(format!("@index:{place}"), value.ty.clone());
            named.push((local, value));
        }
        let body = self.expr(body);
        self.locals.truncate(outer);
        named
            .into_iter()
            .rev()
            .fold(body, |body, (local, value)| bound(local, value, body, span))
    }
}

fn bound(local: Local, value: Expr, body: Expr, span: &Range<usize>) -> Expr {
    if value.ty == Type::Broken || body.ty == Type::Broken {
        return Expr::broken(span.clone());
    }
    let ty = body.ty.clone();
    Expr::new(Kind::Bind(Box::new(Bind { local, value, body })), ty, span.clone())
}

fn is_cel(target: &ast::Expr) -> bool {
    matches!(&target.kind, ast::Kind::Name(name) if name == "cel")
}

/// The name that `cel.index(n)` and its like stand for.
fn made_name(function: &str, arguments: &[ast::Expr]) -> Option<String> {
    let number = |argument: &ast::Expr| match argument.kind {
        ast::Kind::Literal(Literal::Int(number)) => Some(number),
        _ => None,
    };
    match (function, arguments) {
        ("index", [place]) => Some(format!("@index:{}", number(place)?)),
        ("iterVar" | "accuVar", [depth, place]) => Some(format!("@{function}:{}:{}", number(depth)?, number(place)?)),
        _ => None,
    }
}
