//! KFL, the filter language: lex → parse → check → lower.
//!
//! **Architecture invariant:** this crate knows neither captures, nor disk, nor sessions, nor terminals.

use std::ops::Range;

use datafusion::logical_expr as df;
use schema::Table;

/// What a filter is compiled against.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What `now()` reads: nanoseconds since 1970-01-01T00:00:00Z, frozen when the filter is compiled.
    pub now_ns: i64,
}

/// A checked filter.
#[derive(Clone, Debug)]
pub struct Filter {}

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

/// One mistake in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code, from one registry.
    pub code: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, as byte ranges of the text, each with a word on it; the first is the mistake itself.
    pub labels: Vec<(Range<usize>, String)>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// The diagnostic under the text it speaks of, with carets; plain text without colour, ends with a newline.
    pub fn render(&self, _text: &str) -> String {
        todo!()
    }
}

/// Compiles a filter.
///
/// # Errors
///
/// All mistakes of the text at once, in the order of their places.
pub fn compile(_text: &str, _environment: &Environment) -> Result<Filter, Vec<Diagnostic>> {
    todo!()
}

impl Filter {
    /// Specialises the filter to a table, by that table's constants.
    pub fn on(&self, _table: &'static Table) -> Lowered {
        todo!()
    }

    /// The typed tree as text.
    pub fn typed(&self) -> String {
        todo!()
    }
}

/// A completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What replaces the word under the cursor.
    pub text: String,
    /// Type or signature, in a few words.
    pub detail: String,
}

/// What can stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completions {
    /// The range of the text that a completion replaces.
    pub range: Range<usize>,
    /// Variables, functions, keywords that fit, best first.
    pub items: Vec<Completion>,
    /// The variable whose values are asked for, if the cursor stands in a string that is compared with one.
    pub values_of: Option<&'static schema::Field>,
}

/// Says what can stand at a byte offset of a filter.
pub fn complete(_text: &str, _cursor: usize) -> Completions {
    todo!()
}

/// What a piece of a filter is, for colouring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A flag (`http`).
    Flag,
    /// A variable.
    Variable,
    /// A function or macro.
    Function,
    /// A string or bytes literal.
    String,
    /// A number, `true`, `false`, `null`.
    Literal,
    /// An operator or keyword.
    Operator,
    /// A comment.
    Comment,
    /// What is no KFL.
    Error,
}

/// The pieces of a filter with their ranges, in order; blanks belong to none.
pub fn highlight(_text: &str) -> Vec<(Range<usize>, Token)> {
    todo!()
}
