//! `eval`: one expression without a database, or one a line with the values that it names, as JSON.
//!
//! A line is `{"expr": "x + 1", "bindings": {"x": {"type": "int", "value": "1"}}, "env": {"x": "int"}, "container": "a.b"}`, all
//! but `expr` optional; its answer is the value with its type, `{"error": …}`, or `{"skip": …}` where columns cannot hold what
//! is asked. On lines, mistakes of types are errors of the evaluation, as CEL has them that was parsed and not checked.

use std::io::{BufRead, BufWriter, Write};

use kfl::{Bindings, Road, evaluate, evaluate_text};
use serde_json::{Value as Json, json};

use super::put;
use crate::cli::EvalArguments;
use crate::failure::{Exit, Failure};

/// Evaluates what the arguments say.
pub(super) fn run(arguments: &EvalArguments) -> Result<Exit, Failure> {
    let road = if arguments.vectorised {
        Road::Columns
    } else {
        Road::Scalar
    };
    match &arguments.expression {
        Some(text) => one(text, road),
        None => lines(road),
    }
}

fn one(text: &str, road: Road) -> Result<Exit, Failure> {
    match evaluate_text(text, &Bindings::new(), road) {
        Ok(value) => {
            put(&format!("{value}\n"))?;
            Ok(Exit::Done)
        }
        Err(kfl::Failure::Mistakes(diagnostics)) => Err(Failure::of_filter(text, &diagnostics)),
        Err(kfl::Failure::Fault(fault)) => Err(Failure::input(format!("the expression has no value: {fault}"))),
    }
}

fn lines(road: Road) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let failed = |error: std::io::Error| Failure::of_io("write to standard output", &error);
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.map_err(|error| Failure::of_io("read standard input", &error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&line, road).unwrap_or_else(|reason| json!({ "error": reason }));
        writeln!(out, "{answer}").map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    Ok(Exit::Done)
}

fn answer(line: &[u8], road: Road) -> Result<Json, String> {
    let line: Json = serde_json::from_slice(line).map_err(|error| format!("the line is no JSON: {error}"))?;
    let text = line
        .get("expr")
        .and_then(Json::as_str)
        .ok_or("expected an object with `expr`")?;
    let mut bindings = Bindings::new().unchecked();
    if let Some(container) = line.get("container").and_then(Json::as_str) {
        bindings = bindings.container(container);
    }
    for (name, ty) in object(&line, "env")? {
        let ty = ty
            .as_str()
            .ok_or_else(|| format!("expected a type for {name}, found {ty}"))?;
        bindings = bindings.declare(name, ty)?;
    }
    for (name, value) in object(&line, "bindings")? {
        bindings = bindings.bind(name, value)?;
    }
    evaluate(text, &bindings, road).map_err(|failure| match failure {
        kfl::Failure::Mistakes(diagnostics) => {
            let messages: Vec<_> = diagnostics.iter().map(|problem| problem.message.as_str()).collect();
            messages.join("; ")
        }
        kfl::Failure::Fault(fault) => fault.to_string(),
    })
}

fn object<'j>(line: &'j Json, key: &str) -> Result<impl Iterator<Item = (&'j String, &'j Json)>, String> {
    match line.get(key) {
        None | Some(Json::Null) => Ok(None.into_iter().flatten()),
        Some(Json::Object(object)) => Ok(Some(object).into_iter().flatten()),
        Some(other) => Err(format!("expected an object for `{key}`, found {other}")),
    }
}
