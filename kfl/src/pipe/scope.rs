//! What names mean at a place of a pipe: variables and flags of the catalogue, or the columns that a stage has made.

use std::sync::Arc;

use super::words::{Aggregate, EVERY};
use crate::Environment;
use crate::ast::{self, Expr};
use crate::catalogue;
use crate::check::{self, Columns, Mistakes, Over};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::typed;
use crate::types::Type;

/// The columns that a message lists at most.
const LISTED: usize = 6;

/// What names mean.
#[derive(Clone, Debug, Default)]
pub(crate) enum Scope {
    /// Variables and flags: rows of the tables of the language.
    #[default]
    Rows,
    /// The columns of the stage before.
    Columns(MadeColumns),
    /// Nothing is known: the stage before was refused.
    Unknown,
}

/// Columns that a stage has made.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeColumns {
    /// In their order.
    pub names: Vec<Arc<str>>,
    pub types: Columns,
    /// Columns that are named as the expression was written: the expression reads them.
    written: Vec<(Expr, Arc<str>)>,
    /// True if there were more than the limit.
    pub is_over: bool,
    /// True if they are a table's that names connections and flows.
    pub has_ids: bool,
}

impl MadeColumns {
    /// Adds a column; false if the name is taken.
    pub(crate) fn add(&mut self, name: Arc<str>, ty: Type) -> bool {
        if self.types.contains_key(&name) {
            return false;
        }
        self.types.insert(name.clone(), ty);
        self.names.push(name);
        true
    }

    /// Lets an expression read the column that is named as it is written.
    pub(crate) fn add_written(&mut self, expr: Expr, name: Arc<str>) {
        if !matches!(expr.kind, ast::Kind::Name(_) | ast::Kind::Select { .. }) {
            self.written.push((expr, name));
        }
    }
}

impl Scope {
    /// The scope of a table's columns by their names in the language.
    pub(crate) fn of_table(table: &'static schema::Table) -> Self {
        let mut columns = MadeColumns {
            has_ids: true,
            ..MadeColumns::default()
        };
        for field in table.fields().filter(|field| field.is_stored()) {
            columns.add(field.column.into(), field.ty.into());
        }
        Scope::Columns(columns)
    }

    /// Checks an expression: its value, or broken where it was refused.
    pub(super) fn check(
        &self,
        tree: &Expr,
        text: &str,
        environment: &Environment,
        problems: &mut Vec<Diagnostic>,
    ) -> typed::Expr {
        let mut outside = Vec::new();
        let tree = self.resolve(tree.clone(), &mut outside);
        problems.append(&mut outside);
        let known = problems.len();
        let typed = match self {
            Scope::Unknown => return typed::Expr::broken(tree.span),
            Scope::Rows => check::check_expression(&tree, text, environment, problems),
            Scope::Columns(columns) => {
                let over = Over {
                    columns: &columns.types,
                    container: "",
                    mistakes: Mistakes::Reported,
                };
                check::check_over(&tree, text, over, environment, problems)
            }
        };
        if let Scope::Columns(columns) = self {
            let is_worth_it = known < check::SUGGESTIONS;
            let unknown = problems[known..]
                .iter_mut()
                .filter(|problem| problem.code == codes::UNKNOWN_NAME.code);
            unknown.for_each(|problem| columns.explain(problem, text, is_worth_it));
        }
        settle(typed)
    }

    /// Puts columns in the place of the expressions that name them, and refuses aggregates, which are no functions.
    fn resolve(&self, expr: Expr, problems: &mut Vec<Diagnostic>) -> Expr {
        if let Scope::Columns(columns) = self
            && let Some((_, name)) = columns.written.iter().find(|(written, _)| *written == expr)
        {
            return Expr::new(ast::Kind::Name(name.to_string()), expr.span);
        }
        if let ast::Kind::Call {
            target: None, function, ..
        } = &expr.kind
            && (Aggregate::find(&function.text).is_some() || function.text == EVERY)
        {
            problems.push(outside(&expr, &function.text));
            return Expr::new(ast::Kind::Broken, expr.span);
        }
        expr.map_children(&mut |child| self.resolve(child, problems))
    }
}

/// What to say about an aggregate that stands where a value is needed.
fn outside(expr: &Expr, name: &str) -> Diagnostic {
    if name == EVERY {
        let problem = Diagnostic::new(
            codes::AGGREGATE,
            expr.span.clone(),
            "`every(…)` stands alone after `by`",
        );
        return problem.hint("for example: stats count() by every(1m)");
    }
    let message = format!("`{name}(…)` is an aggregate: it stands alone in `stats`, or after `by` of `top`");
    Diagnostic::new(codes::AGGREGATE, expr.span.clone(), message)
        .hint(format!("compute it first: stats {expr} as x | where x > 0"))
}

impl MadeColumns {
    /// Says of an unknown name that it is none of the columns, and which there are.
    fn explain(&self, problem: &mut Diagnostic, text: &str, with_hint: bool) {
        if let Some(name) = problem.message.strip_prefix("there is no variable ") {
            problem.message = format!("there is no column {name}");
        }
        if problem.hint.is_some() || !with_hint {
            return;
        }
        // `cuont` may be the column `count()`, which is named as it was written.
        let written = text.get(problem.span()).unwrap_or_default();
        let words = self.names.iter().filter_map(|name| name.split_once('('));
        let near = catalogue::closest(written, words.map(|(word, _)| word));
        let near = near
            .first()
            .and_then(|near| self.names.iter().find(|name| name.split('(').next() == Some(near)));
        problem.hint = Some(match near {
            Some(name) => format!("did you mean `{name}`?"),
            None => self.in_words(),
        });
    }

    fn in_words(&self) -> String {
        let listed: Vec<_> = self.names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
        let more = if self.names.len() > LISTED { ", …" } else { "" };
        format!("the columns here are {}{more}", listed.join(", "))
    }
}

/// Takes the value out of `dyn`: a column has its own type.
fn settle(expr: typed::Expr) -> typed::Expr {
    match expr.kind {
        typed::Kind::Convert(inner) if expr.ty == Type::Dyn => settle(*inner),
        _ => expr,
    }
}
