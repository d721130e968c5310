//! `matches`: regular expressions in RE2's syntax, unanchored, in linear time.

use regex::{Regex, RegexBuilder};

use super::{Function, Overload};
use crate::value::Value;

/// A compiled pattern may take this much memory: a filter names many, and a hostile one would take gigabytes.
const COMPILED_BYTES: usize = 1 << 20;

pub(crate) const FUNCTIONS: &[Function] = &[Function {
    name: "matches",
    doc: "True if a regular expression (RE2 syntax) matches somewhere in a string.",
    examples: &[
        (r"'/api/v2/users'.matches(r'^/api/v\d+/')", "true"),
        ("'a'.matches('[')", "error"),
    ],
    overloads: &[
        Overload::new("string.matches(string) -> bool", matches).refuse(refuse),
        Overload::new("matches(string, string) -> bool", matches).refuse(refuse),
    ],
}];

fn matches(args: &super::kernel::Arguments) -> datafusion::arrow::array::ArrayRef {
    let (text, pattern) = (args.string(0), args.string(1));
    if let Some(pattern) = pattern.constant() {
        let pattern = compile(pattern).ok();
        return args.bools(|row| Some(pattern.as_ref()?.is_match(text.at(row)?)));
    }
    // Patterns from a column mostly repeat from one row to the next.
    let mut last: Option<(String, Option<Regex>)> = None;
    args.bools(|row| {
        let (text, wanted) = (text.at(row)?, pattern.at(row)?);
        if last.as_ref().is_none_or(|(pattern, _)| pattern != wanted) {
            last = Some((wanted.to_owned(), compile(wanted).ok()));
        }
        last.as_ref()
            .and_then(|(_, pattern)| Some(pattern.as_ref()?.is_match(text)))
    })
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(COMPILED_BYTES).build()
}

fn refuse(arguments: &[Option<&Value>]) -> Option<String> {
    let [_, Some(Value::String(pattern))] = arguments else {
        return None;
    };
    let reason = match compile(pattern).err()? {
        regex::Error::CompiledTooBig(limit) => format!("it compiles to more than {limit} bytes"),
        // The library's report is several lines with a caret of its own; its last line says what is wrong.
        error => error
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    };
    Some(format!("this is no regular expression: {reason}"))
}
