//! Evaluation of one expression over values that a program gives, apart from any table: `kfl eval`, and CEL's own
//! conformance tests.
//!
//! Values come and go as JSON in the form of [`wire`]. Two roads lead to the result: the scalar evaluator, and columns, where
//! every literal becomes a column and the expression takes the road of a query.

mod columns;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::check::{self, Columns, Mistakes, Over};
use crate::diagnostic::Diagnostic;
use crate::eval::{self, Scope};
use crate::fault::Fault;
use crate::types::Type;
use crate::value::Value;
use crate::{Environment, parse};

/// Steps of one evaluation: macros inside macros multiply.
const STEPS: usize = 10_000_000;

/// The names that an expression may use, with their values.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    columns: Columns,
    values: BTreeMap<Arc<str>, Value>,
    container: String,
    deferred: bool,
}

/// Which road an evaluation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// One value after the other.
    Scalar,
    /// As a query computes it: over columns.
    Columns,
}

/// Why an evaluation has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The expression is none.
    Mistakes(Vec<Diagnostic>),
    /// It has no value.
    Fault(Fault),
}

impl Bindings {
    /// No names: an expression of constants.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names of the namespace are found without it: in `a.b`, `x` may be `a.b.x`, `a.x` or `x`.
    pub fn container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.container);
        self
    }

    /// Values that do not fit are errors when they are computed, which `&&` and `||` absorb, rather than mistakes of the
    /// text: CEL parsed and not checked.
    pub fn unchecked(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// Declares a name of a type (`int`, `list(string)`, `map(string, dyn)`), with no value yet.
    ///
    /// # Errors
    ///
    /// A sentence, if the text is no type.
    pub fn declare(mut self, name: &str, ty: &str) -> Result<Self, String> {
        let ty = Type::parse(ty).ok_or_else(|| format!("expected a type for {name}, found `{ty}`"))?;
        self.columns.insert(name.into(), ty);
        Ok(self)
    }

    /// Gives a name its value; without a declaration its type is that of the value.
    ///
    /// # Errors
    ///
    /// A sentence, if the JSON is no value, or not of the declared type.
    pub fn bind(mut self, name: &str, value: &Json) -> Result<Self, String> {
        let value = wire::read(value).map_err(|reason| format!("the value of {name}: {reason}"))?;
        let declared = self.columns.entry(name.into()).or_insert_with(|| value.ty());
        if !value.is_of(declared) {
            return Err(format!(
                "the value of {name}: expected {declared}, found {}",
                value.ty()
            ));
        }
        self.values.insert(name.into(), value);
        Ok(self)
    }
}

/// Evaluates an expression. The result is JSON, each value with its type.
///
/// ```
/// use kfl::{Bindings, Road, evaluate};
///
/// let bindings = Bindings::new().bind("x", &serde_json::json!({"type": "int", "value": "20"})).unwrap();
/// let result = evaluate("x * 2 + 2", &bindings, Road::Scalar).unwrap();
/// assert_eq!(result, serde_json::json!({"type": "int", "value": "42"}));
/// ```
///
/// # Errors
///
/// All mistakes of the text, or the fault of the evaluation.
pub fn evaluate(text: &str, bindings: &Bindings, road: Road) -> Result<Json, Failure> {
    evaluated(text, bindings, road).map(|value| wire::write(&value))
}

/// Evaluates an expression. The result is KFL.
///
/// ```
/// use kfl::{Bindings, Road, evaluate_text};
///
/// assert_eq!(evaluate_text("[1, 2].map(x, x * x)", &Bindings::new(), Road::Scalar).unwrap(), "[1, 4]");
/// ```
///
/// # Errors
///
/// As [`evaluate`].
pub fn evaluate_text(text: &str, bindings: &Bindings, road: Road) -> Result<String, Failure> {
    evaluated(text, bindings, road).map(|value| value.to_string())
}

fn evaluated(text: &str, bindings: &Bindings, road: Road) -> Result<Value, Failure> {
    let mut problems = Vec::new();
    let tree = parse::parse(text, &mut problems);
    let over = Over {
        columns: &bindings.columns,
        container: &bindings.container,
        mistakes: if bindings.deferred {
            Mistakes::Deferred
        } else {
            Mistakes::Reported
        },
    };
    let environment = Environment::now();
    let typed = check::check_over(&tree, text, over, &environment, &mut problems);
    if !problems.is_empty() {
        return Err(Failure::Mistakes(crate::sorted(problems)));
    }
    let result = match road {
        Road::Scalar => {
            let column = |name: &str| bindings.values.get(name).cloned();
            let mut scope = Scope::constant(STEPS);
            scope.column = &column;
            eval::eval(&typed, &mut scope)
        }
        Road::Columns => columns::evaluate(&typed, &bindings.values),
    };
    result.map_err(Failure::Fault)
}
