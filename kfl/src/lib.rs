//! KFL, the filter language: lex → parse → check → lower; stages after a filter go the same road ([`compile_query`]).
//!
//! One boolean expression over the fields that the schema declares becomes, for each table, a DataFusion expression over
//! that table's columns. Specification: the Common Expression Language with a fixed catalogue of variables; null rules
//! in the head of `lower.rs` and nowhere else.
//!
//! **Architecture invariant:** this crate knows neither captures, nor disk, nor sessions, nor terminals.

mod ast;
mod catalogue;
mod check;
mod codes;
mod complete;
mod describe;
mod diagnostic;
mod eval;
mod evaluate;
mod fault;
mod functions;
mod highlight;
mod hints;
mod limits;
mod literal;
mod lower;
mod parse;
mod pipe;
mod print;
mod reference;
mod repair;
#[cfg(test)]
mod tests;
mod token;
mod typed;
mod types;
mod value;

use datafusion::logical_expr as df;
use schema::Table;

pub use catalogue::Presence;
pub use codes::{CODES, Code};
pub use complete::{Completion, Completions, complete};
pub use describe::{Flag, Meaning, Topic, Variable, describe, flags, functions, macros, nearest, variables};
pub use diagnostic::Diagnostic;
pub use evaluate::{Bindings, Failure, Road, evaluate, evaluate_text};
pub use fault::Fault;
pub use functions::{Help, help};
pub use highlight::{Token, highlight};
pub use pipe::{
    AGGREGATES, Aggregate, GroupKey, Measure, Named, Operation, Query, Read, STAGES, SortKey, Stage, StageForm, Step,
    Term, compile_query, opening,
};
pub use reference::reference;

/// What a filter is compiled against.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What `now()` reads: nanoseconds since 1970-01-01T00:00:00Z, frozen when the filter is compiled.
    pub now_ns: i64,
}

impl Environment {
    /// Compiled now.
    pub fn now() -> Self {
        let now_ns = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
        Self { now_ns }
    }
}

/// A checked filter.
#[derive(Clone, Debug)]
pub struct Filter {
    tree: typed::Expr,
    now_ns: i64,
}

/// A filter specialised to one table.
#[derive(Clone, Debug, PartialEq)]
pub enum Lowered {
    /// No row of the table can match: it is not opened.
    Never,
    /// Every row matches.
    Always,
    /// The rows match for which this is true; its columns are the table's, unqualified.
    Where(df::Expr),
}

/// Compiles a filter that stands alone; [`compile_query`] takes stages after it.
///
/// ```
/// use kfl::{Environment, Lowered, compile};
///
/// let filter = compile("http && status_code >= 500", &Environment { now_ns: 0 }).unwrap();
/// assert_eq!(filter.on(&schema::tables::dns::TABLE), Lowered::Never);
/// let Lowered::Where(predicate) = filter.on(&schema::tables::http::TABLE) else { panic!() };
/// assert_eq!(predicate.to_string(), "status_code >= Int64(500)");
/// ```
///
/// # Errors
///
/// All mistakes of the text at once, in the order of their places.
pub fn compile(text: &str, environment: &Environment) -> Result<Filter, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let tree = parse::parse(text, &mut problems);
    let tree = check::check(&tree, text, environment, &mut problems);
    verdict(problems)?;
    Ok(Filter {
        tree,
        now_ns: environment.now_ns,
    })
}

/// All mistakes in the order of their places, if there are any.
fn verdict(problems: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(sorted(problems))
}

/// Mistakes in the order of their places, no more than anybody reads.
fn sorted(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by_key(|problem| (problem.span().start, problem.span().end));
    problems.truncate(limits::MISTAKES);
    problems
}

impl Filter {
    /// Specialises the filter to a table, by that table's constants.
    pub fn on(&self, table: &'static Table) -> Lowered {
        lower::lower(&self.tree, table, self.now_ns)
    }

    /// The rows of a table that the filter leaves out because it has no value on them: which they are, and the code of the
    /// [`Fault`] that is why, as an unsigned 64-bit column. `None` if it has a value on every row.
    pub fn faults(&self, table: &'static Table) -> Option<(df::Expr, df::Expr)> {
        lower::faults(&self.tree, table, self.now_ns)
    }

    /// The typed tree as text.
    pub fn typed(&self) -> String {
        self.tree.to_string()
    }
}
