//! `matches`: regular expressions in RE2's syntax, unanchored, in linear time.

use std::collections::HashMap;

use datafusion::arrow::array::ArrayRef;
use regex::{Regex, RegexBuilder};

use super::kernel::Arguments;
use super::{Function, Overload, re2};
use crate::fault::Fault;
use crate::value::Value;

/// A compiled pattern may take this much memory: a filter names many, and a hostile one would take gigabytes.
const COMPILED_BYTES: usize = 1 << 20;
/// So many patterns of a column are kept compiled at a time.
const KEPT: usize = 32;

pub(crate) const FUNCTIONS: &[Function] = &[Function {
    name: "matches",
    doc: "True if a regular expression (RE2 syntax) matches somewhere in a string.",
    examples: &[
        (r"'/api/v2/users'.matches(r'^/api/v\d+/')", "true"),
        ("matches('abc', 'd')", "false"),
        ("'a'.matches('[')", "error"),
    ],
    overloads: &[
        Overload::new("string.matches(string) -> bool", matches)
            .refuse(refuse)
            .fails(Fault::BadArgument),
        Overload::new("matches(string, string) -> bool", matches)
            .refuse(refuse)
            .fails(Fault::BadArgument),
    ],
}];

fn matches(args: &Arguments) -> ArrayRef {
    let (text, pattern) = (args.string(0), args.string(1));
    if let Some(pattern) = pattern.constant() {
        let pattern = compile(pattern).ok();
        return args.bools(|row| Some(pattern.as_ref()?.is_match(text.at(row)?)));
    }
    let mut compiled: HashMap<&str, Option<Regex>> = HashMap::new();
    args.bools(|row| {
        let (text, pattern) = (text.at(row)?, pattern.at(row)?);
        if compiled.len() >= KEPT && !compiled.contains_key(pattern) {
            compiled.clear();
        }
        let regex = compiled.entry(pattern).or_insert_with(|| compile(pattern).ok());
        Some(regex.as_ref()?.is_match(text))
    })
}

/// Compiles a pattern.
///
/// # Errors
///
/// What is wrong with it.
fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&re2::translate(pattern)?)
        .size_limit(COMPILED_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => format!("it compiles to more than {limit} bytes"),
            // The library's report is several lines with a caret of its own; its last line says what is wrong.
            error => error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned(),
        })
}

fn refuse(arguments: &[Option<&Value>]) -> Option<String> {
    let [_, Some(Value::String(pattern))] = arguments else {
        return None;
    };
    let reason = compile(pattern).err()?;
    Some(format!("this is no regular expression: {reason}"))
}

#[cfg(test)]
mod tests {
    use crate::tests::evaluate;

    #[test]
    fn patterns_of_a_column_are_compiled_each_once() {
        for (text, expect) in [
            ("['a', 'b', '['].map(p, 'abc'.matches(p))", "error"),
            (
                "['a', 'b', 'd', 'a'].map(p, 'abc'.matches(p))",
                "[true, true, false, true]",
            ),
            ("'hubba'.matches('ubb') && !''.matches('foo|bar')", "true"),
            ("'🐱😀😀'.matches('(a|😀){2}')", "true"),
            ("'mañana'.matches('a+ñ+a+')", "true"),
            ("'a'.matches('(((a{100}){100}){100})')", "error"),
        ] {
            assert_eq!(evaluate(text), expect, "{text}");
        }
    }
}
