//! The tree of a pipe as written, and its text: what is printed parses to the same tree.

use std::fmt;
use std::ops::Range;

use super::words::{AS, BY, EVERY, Step};
use crate::ast::{Expr, Word};

/// A filter and the stages after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pipe {
    pub filter: Expr,
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub kind: Kind,
    /// The place of its word.
    pub word: Range<usize>,
}

impl PartialEq for Stage {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What a stage is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Select(Vec<Item>),
    Where(Expr),
    Sort(Vec<Key>),
    Limit(u64),
    Tail(u64),
    Count {
        by: Vec<Item>,
    },
    Stats {
        aggregates: Vec<Item>,
        by: Vec<Item>,
    },
    Top {
        limit: u64,
        of: Vec<Item>,
        by: Option<Item>,
    },
    Uniq(Vec<Item>),
    Step(Step),
    /// What was refused already; what comes after it has no known columns.
    Broken,
}

/// A value with the name that was given to it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub value: Value,
    pub name: Option<Word>,
    pub span: Range<usize>,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (&self.value, &self.name) == (&other.value, &other.name)
    }
}

/// What an item is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Expr(Expr),
    /// A bucket of time of so many nanoseconds; `None` if it was refused.
    Every(Option<i64>),
}

/// A key of an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub value: Expr,
    pub descending: bool,
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.filter)?;
        self.stages.iter().try_for_each(|stage| write!(f, " | {stage}"))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Select(items) => write!(f, "select {}", List(items)),
            Kind::Where(condition) => write!(f, "where {condition}"),
            Kind::Sort(keys) => write!(f, "sort {}", List(keys)),
            Kind::Limit(rows) => write!(f, "limit {rows}"),
            Kind::Tail(rows) => write!(f, "tail {rows}"),
            Kind::Count { by } => write!(f, "count{}", By(by)),
            Kind::Stats { aggregates, by } => write!(f, "stats {}{}", List(aggregates), By(by)),
            Kind::Top { limit, of, by } => {
                write!(f, "top {limit} {}", List(of))?;
                by.iter().try_for_each(|by| write!(f, " {BY} {by}"))
            }
            Kind::Uniq(items) => write!(f, "uniq {}", List(items)),
            Kind::Step(step) => write!(f, "{step}"),
            Kind::Broken => f.write_str("…"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Connections => "conns",
            Step::Flows => "flow",
            Step::Entries => "entries",
            Step::Packets => "packets",
        })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)?;
        match &self.name {
            Some(name) => write!(f, " {AS} {}", name.text),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Expr(expr) => write!(f, "{expr}"),
            Value::Every(Some(ns)) => write!(f, "{EVERY}({})", Span(*ns)),
            Value::Every(None) => write!(f, "{EVERY}(…)"),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.value.to_string();
        match (self.descending, text.starts_with('-')) {
            (true, _) => write!(f, "-{text}"),
            // A `-` at the front turns the order round; in brackets it is the value's own.
            (false, true) => write!(f, "({text})"),
            (false, false) => f.write_str(&text),
        }
    }
}

struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct By<'a>(&'a [Item]);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            items => write!(f, " {BY} {}", List(items)),
        }
    }
}

/// A length of time as `every` takes it: whole units, the greatest first.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 6] = [
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        let mut left = self.0;
        for (unit, name) in UNITS {
            if left >= unit {
                write!(f, "{}{name}", left / unit)?;
                left %= unit;
            }
        }
        Ok(())
    }
}
