//! The schema and the language for programs: one JSON object, whose fields the reference page describes.

use kfl::{Help, Meaning};
use schema::{Field, Source, Table};
use serde_json::{Value, json};

/// All there is.
pub(super) fn all() -> Value {
    let variables = kfl::variables();
    let of_all = |table: &&Table| table_over(table, &variables);
    json!({
        "tables": schema::tables::ALL.iter().map(of_all).collect::<Vec<_>>(),
        "variables": variables.iter().map(variable).collect::<Vec<_>>(),
        "flags": kfl::flags().iter().map(flag).collect::<Vec<_>>(),
        "functions": kfl::functions().iter().map(function).collect::<Vec<_>>(),
        "macros": kfl::macros().iter().map(function).collect::<Vec<_>>(),
        "codes": kfl::CODES.iter().map(|code| json!({ "code": code.code, "meaning": code.meaning })).collect::<Vec<_>>(),
    })
}

/// One table.
pub(super) fn table(table: &Table) -> Value {
    table_over(table, &kfl::variables())
}

fn table_over(table: &Table, variables: &[kfl::Variable]) -> Value {
    let flags = table.flags.iter();
    json!({
        "name": table.name,
        "level": table.level.name(),
        "doc": table.doc,
        "columns": table.fields().map(|field| column(table, field, variables)).collect::<Vec<_>>(),
        "flags": flags.map(|(name, when)| json!({ "name": name, "condition": when })).collect::<Vec<_>>(),
    })
}

fn column(table: &Table, field: &Field, variables: &[kfl::Variable]) -> Value {
    let known = variables.iter().find(|variable| variable.name == field.name);
    let expression = match field.source {
        Source::Virtual(expression) => Some(expression),
        _ => None,
    };
    json!({
        "name": field.name,
        "column": field.is_stored().then_some(field.column),
        "type": field.ty.kfl(),
        "unit": field.unit,
        "default": known.filter(|_| table.in_kfl()).map(|variable| &variable.default),
        "doc": field.doc,
        "level": table.level.name(),
        "expression": expression,
    })
}

fn variable(variable: &kfl::Variable) -> Value {
    json!({
        "name": variable.name,
        "column": variable.column,
        "type": variable.ty,
        "unit": variable.unit,
        "default": variable.default,
        "presence": variable.presence.name(),
        "meanings": variable.meanings.iter().map(meaning).collect::<Vec<_>>(),
    })
}

fn meaning(meaning: &Meaning) -> Value {
    json!({ "doc": meaning.doc, "tables": meaning.tables })
}

fn flag(flag: &kfl::Flag) -> Value {
    json!({ "name": flag.name, "doc": flag.doc, "tables": flag.tables })
}

fn function(help: &Help) -> Value {
    let examples = help.examples.iter();
    json!({
        "name": help.name,
        "doc": help.doc,
        "signatures": help.signatures,
        "examples": examples.map(|(text, result)| json!({ "text": text, "result": result })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use expect_test::expect;

    use super::*;

    /// The types that values have at each path of an object: `tables[].name`.
    fn shape(value: &Value, path: String, shapes: &mut BTreeMap<String, BTreeSet<&'static str>>) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(items) => return items.iter().for_each(|item| shape(item, format!("{path}[]"), shapes)),
            Value::Object(fields) => {
                let name = |name: &str| {
                    if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    }
                };
                return fields
                    .iter()
                    .for_each(|(field, value)| shape(value, name(field), shapes));
            }
        };
        shapes.entry(path).or_default().insert(kind);
    }

    fn shapes_of(value: &Value) -> BTreeMap<String, BTreeSet<&'static str>> {
        let mut shapes = BTreeMap::new();
        shape(value, String::new(), &mut shapes);
        shapes
    }

    #[test]
    fn names_and_types_stay() {
        let mut shown = String::new();
        for (path, kinds) in shapes_of(&all()) {
            shown.push_str(&format!(
                "{path}: {}\n",
                kinds.into_iter().collect::<Vec<_>>().join(" or ")
            ));
        }
        expect![[r#"
            codes[].code: string
            codes[].meaning: string
            flags[].doc: string
            flags[].name: string
            flags[].tables[]: string
            functions[].doc: string
            functions[].examples[].result: string
            functions[].examples[].text: string
            functions[].name: string
            functions[].signatures[]: string
            macros[].doc: string
            macros[].examples[].result: string
            macros[].examples[].text: string
            macros[].name: string
            macros[].signatures[]: string
            tables[].columns[].column: null or string
            tables[].columns[].default: null or string
            tables[].columns[].doc: string
            tables[].columns[].expression: null or string
            tables[].columns[].level: string
            tables[].columns[].name: string
            tables[].columns[].type: string
            tables[].columns[].unit: null or string
            tables[].doc: string
            tables[].flags[].condition: string
            tables[].flags[].name: string
            tables[].level: string
            tables[].name: string
            variables[].column: null or string
            variables[].default: string
            variables[].meanings[].doc: string
            variables[].meanings[].tables[]: string
            variables[].name: string
            variables[].presence: string
            variables[].type: string
            variables[].unit: null or string
        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn the_reference_describes_every_field() {
        let page = kfl::reference();
        let (_, described) = page.split_once("## For programs").expect("the page has the section");
        for path in shapes_of(&all()).keys() {
            for field in path.split('.').map(|field| field.trim_end_matches("[]")) {
                assert!(described.contains(&format!("`{field}`")), "{field} of {path}");
            }
        }
    }

    #[test]
    fn everything_is_there_once() {
        let all = all();
        let count = |name: &str| all[name].as_array().map_or(0, Vec::len);
        assert_eq!(count("tables"), schema::tables::ALL.len());
        assert_eq!(count("variables"), kfl::variables().len());
        assert_eq!(count("functions") + count("macros"), kfl::help().len());
        assert_eq!(count("codes"), kfl::CODES.len());
        for known in schema::tables::ALL {
            let columns = table(known)["columns"].as_array().map_or(0, Vec::len);
            assert_eq!(columns, known.fields().count(), "{}", known.name);
        }
    }
}
