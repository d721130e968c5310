//! Tests of the whole road, as text: tables of filters with what becomes of them, and laws over random filters.

mod columns;
mod diagnostics;
mod fronts;
mod generate;
mod hostile;
mod law;
mod lowering;
mod pipes;
mod plans;
mod printing;
mod typing;

use crate::{Environment, check, eval, parse};

/// The environment of all tests: 2026-01-01T00:00:00Z.
pub(crate) const ENVIRONMENT: Environment = Environment {
    now_ns: 1_767_225_600_000_000_000,
};

/// The value of an expression without variables.
pub(crate) fn value(text: &str) -> crate::value::Value {
    let mut problems = Vec::new();
    let tree = parse::parse(text, &mut problems);
    let typed = check::check_expression(&tree, text, &ENVIRONMENT, &mut problems);
    eval::eval(&typed, &mut eval::Scope::constant(10_000)).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

/// Evaluates an expression without variables; "error" where it has no value.
#[track_caller]
pub(crate) fn evaluate(text: &str) -> String {
    let mut problems = Vec::new();
    let tree = parse::parse(text, &mut problems);
    let typed = check::check_expression(&tree, text, &ENVIRONMENT, &mut problems);
    // A constant that is malformed is refused where it is written; that is its error.
    if problems
        .iter()
        .any(|problem| problem.code != crate::codes::BAD_VALUE.code)
    {
        panic!("{text}: {problems:?}");
    }
    let mut scope = eval::Scope::constant(10_000);
    eval::eval(&typed, &mut scope).map_or("error".to_owned(), |value| value.to_string())
}

#[test]
fn absorbing_and_dyn() {
    for (text, expect) in [
        ("false && 1 / 0 == 1", "false"),
        ("1 / 0 == 1 && false", "false"),
        ("1 / 0 == 1 || true", "true"),
        ("1 / 0 == 1 || false", "error"),
        ("1 / 0 == 1 ? 1 : 2", "error"),
        ("[1, 0].exists(x, 2 / x == 2)", "true"),
        ("[1, 0].all(x, 2 / x == 2)", "error"),
        ("[1, 0].exists_one(x, 2 / x == 2)", "error"),
        ("[1, 2, 3].filter(x, x % 2 == 1).map(x, x * x)", "[1, 9]"),
        ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
        ("{'a': 1, 'b': 2}.exists(k, k == 'b')", "true"),
        ("[[1], [2]].all(x, x.exists(x, x > 0))", "true"),
        ("dyn('a') == 1", "false"),
        ("dyn('a') < 1", "error"),
        ("dyn(1) + dyn(2)", "3"),
        ("1 == 1u && 1u == 1.0 && 2 > 1.5", "true"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("double('NaN') == double('NaN')", "false"),
        ("0.0 == -0.0", "true"),
        ("[1, 2] == [1.0, 2.0]", "true"),
        ("{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "true"),
        ("{'a': 1, 'a': 2}.a", "error"),
        ("[].exists(x, x == 1)", "false"),
        ("true ? 1 : 2", "1"),
    ] {
        assert_eq!(evaluate(text), expect, "{text}");
    }
}
