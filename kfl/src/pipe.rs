//! Pipes: `filter | stage | stage …`. The filter finds rows, each stage makes other rows or columns of what stands before
//! it; all of it compiles into one plan.
//!
//! In comes text, by [`compile_query`]; out go a checked filter and stages whose values are typed and can be lowered, for
//! each table or over the columns of the stage before. Specification: the project's own; no other KFL has pipes.
//!
//! **What names mean.** Up to the first stage that makes columns (`select`, `count`, `stats`, `top`, `uniq`) a stage sees
//! the variables and flags of the filter; after it, that stage's columns alone. A column is named as it was written
//! (`src.ip`, `sum(request_body_size)`) unless `as` names it, and what is written so reads it. The steps `conns`, `flow` and
//! `entries` lead to rows again, `packets` to the columns of the packets table; they need rows that belong to connections,
//! so none follows a stage that made columns.
//!
//! **Absent values.** In an expression an absent value is its default, as in a filter. A name alone is not: in `select`,
//! `by`, `uniq`, `top`, `sort` and inside an aggregate it is the value as it is stored. Rows that have none show as empty,
//! are a group of their own in `by` and `uniq`, come last in `sort`, and are not counted by sum, avg, min, max, percentiles,
//! distinct and the values of `top`. What errors on a row is empty there in the same way, and true for no `where`.
//!
//! **Order.** By timestamp, id, index until `sort` says otherwise, which keeps that order among equals; groups by their keys
//! as written; `top` by its measure, the greatest first.
//!
//! Limits: `limits.rs`. Absent on purpose: joins, windows and assignments, which SQL has: `kfl('… | …')` is a table there.

mod check;
mod fronts;
mod item;
mod measure;
pub(crate) mod parse;
mod run;
mod scope;
pub(crate) mod split;
pub(crate) mod tree;
mod verb;
pub(crate) mod words;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr as df;
use schema::Table;

use crate::diagnostic::Diagnostic;
use crate::typed::{Expr, Kind};
use crate::types::Type;
use crate::{Environment, Filter, Lowered, lower};

pub(crate) use fronts::{Expects, Place, place, words_of_stages};
pub(crate) use scope::Scope;
pub use words::{AGGREGATES, Aggregate, STAGES, StageForm, Step};

/// A checked filter with the stages after it.
#[derive(Clone, Debug)]
pub struct Query {
    filter: Filter,
    stages: Vec<Stage>,
}

/// One stage; its text parses to the same stage.
#[derive(Clone, Debug)]
pub struct Stage {
    operation: Operation,
    text: String,
    columns: Option<Vec<Arc<str>>>,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Makes these columns of each row.
    Select(Vec<Named>),
    /// Keeps the rows on which this is true.
    Where(Filter),
    /// Orders the rows.
    Sort(Vec<SortKey>),
    /// Keeps the first rows.
    Limit(usize),
    /// Keeps the last rows.
    Tail(usize),
    /// Makes groups and computes of each.
    Group {
        /// What the rows of a group have in common; without keys all rows are one group.
        by: Vec<GroupKey>,
        /// What is computed.
        aggregates: Vec<Measure>,
    },
    /// The groups whose measure is greatest.
    Top {
        /// How many.
        limit: usize,
        /// What the rows of a group have in common.
        of: Vec<Named>,
        /// What is greatest.
        measure: Measure,
    },
    /// Goes to other rows of the same traffic.
    Step(Step),
}

/// A value that becomes a column.
#[derive(Clone, Debug)]
pub struct Named {
    /// The column's name.
    pub name: Arc<str>,
    /// The value.
    pub term: Term,
}

/// A key of groups.
#[derive(Clone, Debug)]
pub struct GroupKey {
    /// The value and its column.
    pub named: Named,
    /// Of a bucket of time its length: the value is the time that falls into it.
    pub every_ns: Option<i64>,
}

/// A key of an order.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// The value.
    pub term: Term,
    /// True if the greatest comes first.
    pub descending: bool,
}

/// What is computed of a group.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The column's name.
    pub name: Arc<str>,
    /// How.
    pub function: Aggregate,
    /// Of what; nothing where rows are counted.
    pub term: Option<Term>,
}

/// A checked expression of a stage.
#[derive(Clone, Debug)]
pub struct Term {
    text: String,
    tree: Expr,
    now_ns: i64,
}

/// How a term is read on one table.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// It is this column, as it is stored.
    Column(&'static str),
    /// No row of the table has it.
    Absent,
    /// It is computed.
    Computed(df::Expr),
}

/// Compiles a filter with the stages after it.
///
/// ```
/// use kfl::{Environment, compile_query};
///
/// let text = "http | stats count(), p99(elapsed_time) as slow by path | where slow > 1000 | sort -count()";
/// let query = compile_query(text, &Environment { now_ns: 0 }).unwrap();
/// let stages: Vec<String> = query.stages().iter().map(ToString::to_string).collect();
/// assert_eq!(stages[2], "sort -count()");
/// assert_eq!(query.columns().unwrap().len(), 3);
/// ```
///
/// # Errors
///
/// All mistakes of the filter and the stages at once, in the order of their places.
pub fn compile_query(text: &str, environment: &Environment) -> Result<Query, Vec<Diagnostic>> {
    let (mut problems, mut of_stages) = (Vec::new(), Vec::new());
    let pipe = parse::parse(text, &mut problems, &mut of_stages);
    let tree = crate::check::check(&pipe.filter, text, environment, &mut problems);
    let stages = check::check(&pipe.stages, text, environment, &mut of_stages).stages;
    problems.append(&mut of_stages);
    crate::verdict(problems)?;
    let now_ns = environment.now_ns;
    Ok(Query {
        filter: Filter { tree, now_ns },
        stages,
    })
}

impl Query {
    /// The filter, without its stages.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The names of the columns of the answer; `None` if they are those of the tables.
    pub fn columns(&self) -> Option<&[Arc<str>]> {
        self.stages.last()?.columns.as_deref()
    }

    /// The filter and the conditions of the stages that narrow the same rows: what decides which tables are opened.
    pub fn opening(&self) -> Filter {
        opening(&self.filter, &self.stages)
    }

    /// The terms of the stages that are computed of the tables' own rows: up to the first that makes columns or steps on.
    pub fn terms_of_rows(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        for stage in &self.stages {
            terms.extend(stage.terms());
            if stage.columns.is_some() || matches!(stage.operation, Operation::Step(_)) {
                break;
            }
        }
        terms
    }

    /// The query without its last stage.
    pub fn without_last(&self) -> Self {
        let stages = self.stages.split_last().map_or(Vec::new(), |(_, rest)| rest.to_vec());
        Self {
            filter: self.filter.clone(),
            stages,
        }
    }
}

/// A filter and the conditions of the stages after it that narrow the same rows.
pub fn opening(filter: &Filter, stages: &[Stage]) -> Filter {
    narrowing(stages).fold(filter.clone(), |filter, condition| filter.and(condition))
}

/// The conditions before the first stage that does more than narrow or order rows.
fn narrowing(stages: &[Stage]) -> impl Iterator<Item = &Filter> {
    let narrows = |stage: &&Stage| matches!(stage.operation, Operation::Where(_) | Operation::Sort(_));
    stages
        .iter()
        .take_while(narrows)
        .filter_map(|stage| match &stage.operation {
            Operation::Where(condition) => Some(condition),
            _ => None,
        })
}

impl Stage {
    /// What it does.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// True if the rows after it are other rows, or have other columns, than those before it.
    pub fn changes_scope(&self) -> bool {
        match self.operation {
            Operation::Select(_) | Operation::Group { .. } | Operation::Top { .. } | Operation::Step(_) => true,
            Operation::Where(_) | Operation::Sort(_) | Operation::Limit(_) | Operation::Tail(_) => false,
        }
    }

    /// The terms it computes, in their order.
    pub fn terms(&self) -> Vec<&Term> {
        match &self.operation {
            Operation::Select(named) => named.iter().map(|named| &named.term).collect(),
            Operation::Sort(keys) => keys.iter().map(|key| &key.term).collect(),
            Operation::Group { by, aggregates } => {
                let keys = by.iter().map(|key| &key.named.term);
                keys.chain(aggregates.iter().filter_map(|measure| measure.term.as_ref()))
                    .collect()
            }
            Operation::Top { of, measure, .. } => of.iter().map(|named| &named.term).chain(&measure.term).collect(),
            Operation::Where(_) | Operation::Limit(_) | Operation::Tail(_) | Operation::Step(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    /// The term as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if it is a name alone: read as it is stored, not with its default.
    pub fn is_bare(&self) -> bool {
        matches!(self.tree.kind, Kind::Variable(_) | Kind::Column(_) | Kind::Flag(_))
    }

    /// The Arrow type of its column where it is computed.
    pub fn arrow(&self) -> DataType {
        self.tree.ty.stored()
    }

    /// How it is read on a table, where names are variables and flags.
    pub fn on(&self, table: &'static Table) -> Read {
        use schema::Source;
        if let Kind::Variable(variable) = &self.tree.kind {
            match table.field(variable.field.name).map(|field| (field, field.source)) {
                None | Some((_, Source::Absent)) => return Read::Absent,
                Some((field, Source::Row)) => return Read::Column(field.column),
                Some((_, Source::Constant(_) | Source::Virtual(_))) => {}
            }
        }
        Read::Computed(lower::value_on(&self.tree, table, self.now_ns))
    }

    /// The rows of a table on which it has no value: which they are, and the code of the [`crate::Fault`] that is why.
    pub fn faults(&self, table: &'static Table) -> Option<(df::Expr, df::Expr)> {
        lower::faults_of(&self.tree, table, self.now_ns)
    }

    /// Its value over the columns of the stage before.
    pub fn over_columns(&self) -> df::Expr {
        match &self.tree.kind {
            Kind::Column(name) => df::Expr::Column(datafusion::common::Column::new_unqualified(name.as_ref())),
            _ => lower::value_over_columns(&self.tree),
        }
    }

    pub(crate) fn ty(&self) -> &Type {
        &self.tree.ty
    }
}

impl Filter {
    /// The filter that every row passes.
    pub fn always() -> Self {
        Filter {
            tree: Expr::bool(true, 0..0),
            now_ns: 0,
        }
    }

    /// The rows on which both are true.
    pub fn and(&self, other: &Filter) -> Filter {
        let terms = vec![self.tree.clone(), other.tree.clone()];
        let span = self.tree.span.clone();
        Filter {
            tree: Expr::new(Kind::And(terms), Type::Bool, span),
            now_ns: self.now_ns,
        }
    }

    /// The condition over the columns of the stage before.
    pub fn over_columns(&self) -> Lowered {
        lower::over_columns(&self.tree)
    }
}
