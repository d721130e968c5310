//! Checker of stages: their trees → stages whose values are typed and whose columns are known. Every mistake is reported; a
//! stage that was refused leaves the columns after it unknown, and nothing is said of them.

use std::ops::Range;
use std::sync::Arc;

use super::scope::{MadeColumns, Scope};
use super::tree::{self, Item, Value};
use super::words::Step;
use super::{GroupKey, Measure, Named, Operation, SortKey, Stage, Term};
use crate::ast::{self, Expr};
use crate::check::{self, a};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::typed;
use crate::types::Type;
use crate::{Environment, Filter};

/// The variable whose buckets `every` makes, and the name of their column.
const TIMESTAMP: &str = "timestamp";

/// What became of the stages.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Those that could be made; all if there are no mistakes.
    pub stages: Vec<Stage>,
    /// What names mean after each stage.
    pub scopes: Vec<Scope>,
}

/// Checks stages in their order.
pub(crate) fn check(
    trees: &[tree::Stage],
    text: &str,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) -> Checked {
    let mut checker = Checker {
        text,
        environment,
        scope: Scope::Rows,
        made_by: "",
        problems,
    };
    let (mut stages, mut scopes) = (Vec::new(), Vec::new());
    for tree in trees {
        if let Some(operation) = checker.stage(tree) {
            let columns = match &checker.scope {
                Scope::Columns(columns) => Some(columns.names.clone()),
                Scope::Rows | Scope::Unknown => None,
            };
            stages.push(Stage {
                operation,
                text: tree.to_string(),
                columns,
            });
        }
        scopes.push(checker.scope.clone());
    }
    Checked { stages, scopes }
}

pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    environment: &'a Environment,
    scope: Scope,
    /// The word of the stage that made the columns of the scope.
    made_by: &'a str,
    pub(super) problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn stage(&mut self, stage: &tree::Stage) -> Option<Operation> {
        let text = self.text;
        let word = text.get(stage.word.clone()).unwrap_or_default();
        let operation = match &stage.kind {
            tree::Kind::Select(items) => {
                let mut columns = MadeColumns::default();
                let named = items.iter().map(|item| self.named(item, &mut columns, word)).collect();
                self.leave(columns, word);
                Operation::Select(named)
            }
            tree::Kind::Where(condition) => Operation::Where(self.condition(condition)),
            tree::Kind::Sort(keys) => Operation::Sort(keys.iter().map(|key| self.sort_key(key)).collect()),
            tree::Kind::Limit(rows) => Operation::Limit(usize::try_from(*rows).unwrap_or(usize::MAX)),
            tree::Kind::Tail(rows) => Operation::Tail(usize::try_from(*rows).unwrap_or(usize::MAX)),
            tree::Kind::Uniq(items) => self.group(items, &[], word),
            tree::Kind::Count { by } => self.counted(by, word),
            tree::Kind::Stats { aggregates, by } => self.group(by, aggregates, word),
            tree::Kind::Top { limit, of, by } => {
                let mut columns = MadeColumns::default();
                let by_values = of.iter().map(|item| self.named(item, &mut columns, "by")).collect();
                let measure = match by {
                    Some(by) => self.measure(by, true, &mut columns),
                    None => {
                        self.add(&mut columns, COUNT, Type::Int, None, &stage.word);
                        Measure::count()
                    }
                };
                self.leave(columns, word);
                Operation::Top {
                    limit: usize::try_from(*limit).unwrap_or(usize::MAX),
                    of: by_values,
                    measure,
                }
            }
            tree::Kind::Step(step) => self.step(*step, &stage.word),
            tree::Kind::Broken => {
                self.scope = Scope::Unknown;
                return None;
            }
        };
        Some(operation)
    }

    /// The scope after a stage that made columns.
    fn leave(&mut self, columns: MadeColumns, word: &'a str) {
        self.scope = Scope::Columns(columns);
        self.made_by = word;
    }

    fn counted(&mut self, by: &[Item], word: &'a str) -> Operation {
        let mut columns = MadeColumns::default();
        let by = by.iter().map(|item| self.group_key(item, &mut columns)).collect();
        self.add(&mut columns, COUNT, Type::Int, None, &(0..0));
        self.leave(columns, word);
        Operation::Group {
            by,
            aggregates: vec![Measure::count()],
        }
    }

    fn group(&mut self, by: &[Item], aggregates: &[Item], word: &'a str) -> Operation {
        let mut columns = MadeColumns::default();
        let by = by.iter().map(|item| self.group_key(item, &mut columns)).collect();
        let aggregates = aggregates
            .iter()
            .map(|item| self.measure(item, false, &mut columns))
            .collect();
        self.leave(columns, word);
        Operation::Group { by, aggregates }
    }

    fn step(&mut self, step: Step, at: &Range<usize>) -> Operation {
        let has_ids = match &self.scope {
            Scope::Rows | Scope::Unknown => true,
            Scope::Columns(columns) => columns.has_ids,
        };
        if !has_ids {
            let message = format!(
                "`{step}` needs rows that belong to connections; after `{}` there are only columns",
                self.made_by
            );
            let hint = format!("step first: … | {step} | {} …", self.made_by);
            self.problems
                .push(Diagnostic::new(codes::STEP, at.clone(), message).hint(hint));
        }
        self.scope = match step {
            Step::Connections | Step::Flows | Step::Entries => Scope::Rows,
            Step::Packets => Scope::of_table(&schema::tables::packets::TABLE),
        };
        Operation::Step(step)
    }

    fn condition(&mut self, tree: &Expr) -> Filter {
        let before = self.problems.len();
        let typed = self.scope.check(tree, self.text, self.environment, self.problems);
        let fits = matches!(typed.ty, Type::Bool | Type::Dyn | Type::Broken);
        if !fits && self.problems.len() == before {
            let message = format!(
                "the condition of `where` must be true or false, this is {}",
                a(&typed.ty)
            );
            let problem = Diagnostic::new(codes::NOT_BOOL, typed.span.clone(), message);
            self.problems.push(match typed.ty {
                Type::String => problem.hint(format!("compare it: where {tree} != \"\"")),
                Type::Int => problem.hint(format!("compare it: where {tree} != 0")),
                Type::List(_) | Type::Map(..) => {
                    problem.hint(format!("ask whether it is empty: where size({tree}) > 0"))
                }
                _ => problem,
            });
        }
        Filter {
            tree: check::coerce(typed, &Type::Bool),
            now_ns: self.environment.now_ns,
        }
    }

    fn sort_key(&mut self, key: &tree::Key) -> SortKey {
        let term = self.term(&key.value);
        if !is_sortable(term.ty()) {
            let message = format!("rows are not sorted by {}", a(term.ty()));
            let problem = Diagnostic::new(codes::OPERAND, key.value.span.clone(), message);
            self.problems
                .push(problem.hint(format!("sort by something of it, for example size({})", key.value)));
        }
        SortKey {
            term,
            descending: key.descending,
        }
    }

    pub(super) fn term(&mut self, tree: &Expr) -> Term {
        let typed = self.scope.check(tree, self.text, self.environment, self.problems);
        Term {
            text: tree.to_string(),
            tree: typed,
            now_ns: self.environment.now_ns,
        }
    }

    /// A value that becomes a column.
    pub(super) fn named(&mut self, item: &Item, columns: &mut MadeColumns, word: &str) -> Named {
        let term = match &item.value {
            Value::Expr(tree) => self.term(tree),
            Value::Every(_) => {
                let message = format!("`every(…)` stands after `by`, not after `{word}`");
                let problem = Diagnostic::new(codes::AGGREGATE, item.span.clone(), message);
                self.problems
                    .push(problem.hint("for example: stats count() by every(1m)"));
                Term::broken(item.span.clone())
            }
        };
        if !is_column(term.ty()) {
            let message = format!("{} cannot be a column", a(term.ty()));
            let problem = Diagnostic::new(codes::COLUMN, item.span.clone(), message);
            self.problems.push(match term.ty() {
                Type::Ip | Type::Cidr => problem.hint(format!("write string({})", term.text)),
                _ => problem,
            });
        }
        let name = self.name_of(item, &term.text);
        let written = match (&item.value, &item.name) {
            (Value::Expr(tree), None) => Some(tree),
            _ => None,
        };
        self.add(columns, &name, term.ty().clone(), written, &item.span);
        Named { name, term }
    }

    fn group_key(&mut self, item: &Item, columns: &mut MadeColumns) -> GroupKey {
        let Value::Every(length) = &item.value else {
            let named = self.named(item, columns, "by");
            if matches!(named.term.ty(), Type::Map(..)) {
                let message = "groups are not made of maps";
                let problem = Diagnostic::new(codes::COLUMN, item.span.clone(), message);
                self.problems
                    .push(problem.hint(format!("name one key: map_get({}, \"…\", \"\")", named.term.text)));
            }
            return GroupKey { named, every_ns: None };
        };
        let name = item.name.as_ref().map_or(TIMESTAMP, |name| name.text.as_str());
        let has_time = match &self.scope {
            Scope::Rows | Scope::Unknown => true,
            Scope::Columns(made) => made.types.get(TIMESTAMP) == Some(&Type::Timestamp),
        };
        let term = if has_time {
            self.term(&Expr::new(ast::Kind::Name(TIMESTAMP.to_owned()), item.span.clone()))
        } else {
            let message = "`every` makes buckets of the column `timestamp`, and there is none here";
            let problem = Diagnostic::new(codes::AGGREGATE, item.span.clone(), message);
            self.problems
                .push(problem.hint("keep it in the stage before: select timestamp, …"));
            Term::broken(item.span.clone())
        };
        self.add(columns, name, Type::Timestamp, None, &item.span);
        let named = Named {
            name: name.into(),
            term,
        };
        GroupKey {
            named,
            every_ns: *length,
        }
    }

    pub(super) fn name_of(&self, item: &Item, written: &str) -> Arc<str> {
        item.name.as_ref().map_or(written, |name| name.text.as_str()).into()
    }

    /// Adds a column to those that a stage makes.
    pub(super) fn add(
        &mut self,
        columns: &mut MadeColumns,
        name: &str,
        ty: Type,
        written: Option<&Expr>,
        at: &Range<usize>,
    ) {
        if columns.names.len() == limits::COLUMNS {
            if !columns.is_over {
                columns.is_over = true;
                let message = format!("a stage may make {} columns", limits::COLUMNS);
                self.problems
                    .push(Diagnostic::new(codes::TOO_MANY_COLUMNS, at.clone(), message));
            }
            return;
        }
        let name: Arc<str> = name.into();
        if columns.add(name.clone(), ty) {
            if let Some(written) = written {
                columns.add_written(written.clone(), name);
            }
            return;
        }
        let message = format!("two columns are named `{name}`");
        let problem = Diagnostic::new(codes::COLUMN, at.clone(), message);
        self.problems.push(problem.hint("give one another name with `as`"));
    }
}

/// The name of the column that counts the rows of `count` and `top`.
pub(super) const COUNT: &str = "count";

impl Term {
    pub(super) fn broken(span: Range<usize>) -> Self {
        Self {
            text: String::new(),
            tree: typed::Expr::broken(span),
            now_ns: 0,
        }
    }
}

/// True if values of the type can be shown and written to files.
pub(super) fn is_column(ty: &Type) -> bool {
    match ty {
        Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::String
        | Type::Bytes
        | Type::Timestamp
        | Type::Duration
        | Type::Broken => true,
        // Inside a list a time is computed, and no column of answers holds it so.
        Type::List(element) => **element != Type::Timestamp && is_column(element),
        Type::Map(key, value) => **key == Type::String && **value != Type::Timestamp && is_column(value),
        _ => false,
    }
}

pub(super) fn is_sortable(ty: &Type) -> bool {
    ty.is_ordered() || *ty == Type::Broken
}
