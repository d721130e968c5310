//! Checker of stages: their trees → stages whose values are typed and whose columns are known. Every mistake is reported; a
//! stage that was refused leaves the columns after it unknown, and nothing is said of them.

use std::ops::Range;
use std::sync::Arc;

use super::scope::{MadeColumns, Scope};
use super::tree::{self, Item, Value};
use super::words::{Aggregate, FOREIGN_AGGREGATES, Step};
use super::{GroupKey, Measure, Named, Operation, SortKey, Stage, Term};
use crate::ast::{self, Expr};
use crate::check::a;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::typed;
use crate::types::Type;
use crate::{Environment, Filter, catalogue};

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

struct Checker<'a> {
    text: &'a str,
    environment: &'a Environment,
    scope: Scope,
    /// The word of the stage that made the columns of the scope.
    made_by: &'a str,
    problems: &'a mut Vec<Diagnostic>,
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
            tree: typed,
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

    fn term(&mut self, tree: &Expr) -> Term {
        let typed = self.scope.check(tree, self.text, self.environment, self.problems);
        Term {
            text: tree.to_string(),
            tree: typed,
            now_ns: self.environment.now_ns,
        }
    }

    /// A value that becomes a column.
    fn named(&mut self, item: &Item, columns: &mut MadeColumns, word: &str) -> Named {
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

    /// An aggregate; after `by` of `top` a plain value is summed.
    fn measure(&mut self, item: &Item, may_be_value: bool, columns: &mut MadeColumns) -> Measure {
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
                        let known = super::words::AGGREGATES.iter().map(|(known, ..)| known.to_string());
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

    fn name_of(&self, item: &Item, written: &str) -> Arc<str> {
        item.name.as_ref().map_or(written, |name| name.text.as_str()).into()
    }

    /// Adds a column to those that a stage makes.
    fn add(&mut self, columns: &mut MadeColumns, name: &str, ty: Type, written: Option<&Expr>, at: &Range<usize>) {
        if columns.names.len() == limits::COLUMNS {
            let message = format!("a stage may make {} columns", limits::COLUMNS);
            let is_said = self
                .problems
                .iter()
                .any(|problem| problem.code == codes::TOO_MANY_COLUMNS.code);
            if !is_said {
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
const COUNT: &str = "count";

impl Measure {
    fn count() -> Self {
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

impl Term {
    fn broken(span: Range<usize>) -> Self {
        Self {
            text: String::new(),
            tree: typed::Expr::broken(span),
            now_ns: 0,
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

/// True if values of the type can be shown and written to files.
fn is_column(ty: &Type) -> bool {
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
        Type::List(element) => is_column(element),
        Type::Map(key, value) => **key == Type::String && is_column(value),
        _ => false,
    }
}

fn is_sortable(ty: &Type) -> bool {
    ty.is_ordered() || *ty == Type::Broken
}

fn is_summed(ty: &Type) -> bool {
    ty.is_number() || matches!(ty, Type::Duration | Type::Broken)
}
