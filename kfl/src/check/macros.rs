//! Macros: `has`, and those that walk a list or the keys of a map.

use std::ops::Range;

use super::names::{longest_variable, path};
use super::{Checker, settle};
use crate::ast::{self, Operator, Word};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::functions::comprehension::Macro;
use crate::limits;
use crate::typed::{Call, Comprehension, Expr, Kind, Local};
use crate::types::Type;

impl Checker<'_> {
    /// `has(map.key)` asks for the key; `has(src.ip)`, of a variable with a dot, whether the row has it.
    pub(super) fn has(&mut self, argument: &ast::Expr, span: &Range<usize>) -> Expr {
        let ast::Kind::Select { .. } = &argument.kind else {
            let problem = Diagnostic::new(codes::MACRO, argument.span.clone(), "`has` takes a field: has(map.key)");
            let variable = path(argument).filter(|words| words.len() == 1 && longest_variable(words).is_some());
            return match variable {
                Some(_) => {
                    let written = self.written(&argument.span).to_owned();
                    self.refuse(problem.hint(format!("compare the variable: {written} != …")), span)
                }
                None => self.refuse(problem, span),
            };
        };
        let field = settle(self.expr(argument)).0;
        match field.kind {
            Kind::Call(Call {
                function, arguments, ..
            }) if function.name == "_[_]" => self.resolved("has_key", arguments, span.clone()),
            Kind::Variable(variable) => {
                let default = Box::new(Expr::value(variable.default(), field.ty.clone(), span.clone()));
                let compare = Kind::Compare {
                    operator: Operator::Ne,
                    left: Box::new(field),
                    right: default,
                };
                Expr::new(compare, Type::Bool, span.clone())
            }
            _ => Expr::broken(span.clone()),
        }
    }

    /// `list.exists(x, condition)` and its like.
    pub(super) fn comprehension(
        &mut self,
        target: &ast::Expr,
        function: &Word,
        arguments: &[ast::Expr],
        span: &Range<usize>,
    ) -> Expr {
        let form = Macro::find(&function.text).expect("the caller looked it up");
        let (name, condition, body) = match (form, arguments) {
            (Macro::Map, [name, condition, body]) => (name, Some(condition), body),
            (_, [name, body]) => (name, None, body),
            _ => return self.misused_macro(&function.text, span),
        };
        let ast::Kind::Name(name_text) = &name.kind else {
            let message = format!("expected a name for the element, found `{}`", self.written(&name.span));
            return self.refuse(Diagnostic::new(codes::MACRO, name.span.clone(), message), span);
        };
        if self.locals.len() >= limits::COMPREHENSIONS {
            let message = format!(
                "macros over lists may stand {} deep in each other",
                limits::COMPREHENSIONS
            );
            return self.refuse(
                Diagnostic::new(codes::COMPREHENSION_DEPTH, function.span.clone(), message),
                span,
            );
        }
        let range = settle(self.expr(target)).0;
        let element = match &range.ty {
            Type::Broken => return Expr::broken(span.clone()),
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn => return Expr::new(Kind::Fail("only lists and maps have elements"), Type::Dyn, span.clone()),
            _ => return self.not_walkable(&range, span),
        };
        let local = Local {
            depth: self.locals.len(),
            name: name_text.clone(),
        };
        self.locals.push((local.clone(), element.clone()));
        let condition = condition.map(|condition| {
            let condition = self.expr(condition);
            self.condition(condition, "the condition of `map`")
        });
        let body = settle(self.expr(body)).0;
        let body = match form {
            Macro::Map => body,
            _ => self.condition(body, &format!("the condition of `{}`", form.name())),
        };
        self.locals.pop();
        if body.ty == Type::Broken {
            return Expr::broken(span.clone());
        }
        let ty = match form {
            Macro::Exists | Macro::All | Macro::ExistsOne => Type::Bool,
            Macro::Filter => Type::list(element.clone()),
            Macro::Map => Type::list(body.ty.clone()),
        };
        let walk = |form, range, body, ty| {
            let comprehension = Comprehension {
                form,
                range,
                local: local.clone(),
                element: element.clone(),
                body,
            };
            Expr::new(Kind::Comprehension(Box::new(comprehension)), ty, span.clone())
        };
        match condition {
            None => walk(form, range, body, ty),
            // `map` with a condition is `filter`, then `map`.
            Some(condition) => {
                let kept = walk(Macro::Filter, range, condition, Type::list(element.clone()));
                walk(Macro::Map, kept, body, ty)
            }
        }
    }
}
