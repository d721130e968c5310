//! Checker of measures: what `stats` computes of a group, and by what `top` orders.

use std::ops::Range;

use super::check::{COUNT, Checker, is_column, is_sortable};
use super::scope::MadeColumns;
use super::tree::{Item, Value};
use super::words::{AGGREGATES, Aggregate, FOREIGN_AGGREGATES};
use super::{Measure, Named, Term};
use crate::ast::{self, Expr};
use crate::catalogue;
use crate::check::a;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::types::Type;

impl Checker<'_> {
    /// An aggregate; after `by` of `top` a plain value is summed.
    pub(super) fn measure(&mut self, item: &Item, may_be_value: bool, columns: &mut MadeColumns) -> Measure {
        let Value::Expr(tree) = &item.value else {
            let named = self.named(item, columns, if may_be_value { "top … by" } else { "stats" });
            return Measure::broken(named);
        };
        let call = match &tree.kind {
            ast::Kind::Call {
                target: None,
                function,
                arguments,
            } => Aggregate::find(&function.text).map(|aggregate| (aggregate, &arguments[..])),
            _ => None,
        };
        let (function, arguments, text) = match call {
            Some((aggregate, arguments)) => (aggregate, arguments, tree.to_string()),
            None if may_be_value => (
                Aggregate::Sum,
                std::slice::from_ref(tree),
                format!("{}({tree})", Aggregate::Sum),
            ),
            None => {
                self.no_aggregate(tree);
                let name = self.name_of(item, &tree.to_string());
                self.add(columns, &name, Type::Broken, Some(tree), &item.span);
                return Measure::broken(Named {
                    name,
                    term: Term::broken(tree.span.clone()),
                });
            }
        };
        let term = self.argument(function, arguments, &tree.span);
        let ty = result_of(function, term.as_ref());
        let name = self.name_of(item, &text);
        let written = item.name.is_none().then_some(tree).filter(|_| call.is_some());
        self.add(columns, &name, ty, written, &item.span);
        Measure { name, function, term }
    }

    /// The argument of an aggregate, if it takes one.
    fn argument(&mut self, function: Aggregate, arguments: &[Expr], span: &Range<usize>) -> Option<Term> {
        if function == Aggregate::Count {
            if let Some(first) = arguments.first() {
                let problem = Diagnostic::new(
                    codes::AGGREGATE,
                    first.span.clone(),
                    "`count` takes nothing in its brackets",
                );
                self.problems
                    .push(problem.hint(format!("write count(); distinct({first}) counts the different values")));
            }
            return None;
        }
        let [argument] = arguments else {
            let message = format!("`{function}` takes one value, found {}", arguments.len());
            let problem = Diagnostic::new(codes::AGGREGATE, span.clone(), message);
            self.problems
                .push(problem.hint(format!("for example: {function}(elapsed_time)")));
            return Some(Term::broken(span.clone()));
        };
        let term = self.term(argument);
        let (takes, what) = match function {
            Aggregate::Sum | Aggregate::Avg | Aggregate::Percentile(_) => {
                (is_summed(term.ty()), "numbers or durations")
            }
            Aggregate::Min | Aggregate::Max => (is_sortable(term.ty()), "values that have an order"),
            Aggregate::Distinct => (
                is_column(term.ty()) && !matches!(term.ty(), Type::Map(..)),
                "values that can be columns, maps left out",
            ),
            Aggregate::Count => (true, ""),
        };
        if !takes {
            let message = format!("`{function}` takes {what}, this is {}", a(term.ty()));
            let problem = Diagnostic::new(codes::AGGREGATE, argument.span.clone(), message);
            self.problems.push(match term.ty() {
                Type::String | Type::List(_) => problem.hint(format!("for example: {function}(size({argument}))")),
                Type::Bool => problem.hint(format!("for example: {function}({argument} ? 1 : 0)")),
                _ => problem,
            });
        }
        Some(term)
    }

    fn no_aggregate(&mut self, tree: &Expr) {
        let written = self.text.get(tree.span.clone()).unwrap_or_default();
        let (at, message, hint) = match &tree.kind {
            ast::Kind::Broken => return,
            ast::Kind::Call {
                target: None, function, ..
            } => {
                let name = function.text.as_str();
                let foreign = FOREIGN_AGGREGATES.iter().find(|(written, _)| *written == name);
                let near = match foreign {
                    Some((_, meant)) => Some((*meant).to_owned()),
                    None => {
                        let known = AGGREGATES.iter().map(|(known, ..)| known.to_string());
                        let known: Vec<_> = known.collect();
                        let near = catalogue::closest(name, known.iter().map(String::as_str));
                        near.first().map(|near| (*near).to_owned())
                    }
                };
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the aggregates are count, sum, avg, min, max, p50, p90, p99, distinct".to_owned(),
                };
                (function.span.clone(), format!("there is no aggregate `{name}`"), hint)
            }
            ast::Kind::Name(name) if Aggregate::find(name).is_some() => {
                let argument = if name == "count" { "" } else { "elapsed_time" };
                (
                    tree.span.clone(),
                    format!("the aggregate `{name}` has brackets"),
                    format!("write {name}({argument})"),
                )
            }
            ast::Kind::Binary { .. } => (
                tree.span.clone(),
                "`stats` takes aggregates, this computes with something".to_owned(),
                "name the aggregates, then compute: stats sum(x) as a, count() as n | select a / n".to_owned(),
            ),
            _ => (
                tree.span.clone(),
                "`stats` takes aggregates, this is a value of each row".to_owned(),
                format!("say what of it: max({written}); for its groups: by {written}"),
            ),
        };
        self.problems
            .push(Diagnostic::new(codes::AGGREGATE, at, message).hint(hint));
    }
}

impl Measure {
    pub(super) fn count() -> Self {
        Self {
            name: COUNT.into(),
            function: Aggregate::Count,
            term: None,
        }
    }

    fn broken(named: Named) -> Self {
        Self {
            name: named.name,
            function: Aggregate::Max,
            term: Some(named.term),
        }
    }
}

fn result_of(function: Aggregate, term: Option<&Term>) -> Type {
    let Some(term) = term else { return Type::Int };
    match (function, term.ty()) {
        (_, Type::Broken) => Type::Broken,
        (Aggregate::Count | Aggregate::Distinct, _) => Type::Int,
        (Aggregate::Avg, Type::Int | Type::Uint) => Type::Double,
        (_, ty) => ty.clone(),
    }
}

fn is_summed(ty: &Type) -> bool {
    ty.is_number() || matches!(ty, Type::Duration | Type::Broken)
}
