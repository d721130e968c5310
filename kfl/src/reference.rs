//! The reference page: the registries → Markdown.
//!
//! What has a registry is listed from it: variables, flags, functions, macros, limits, codes. The prose on filters, pipes and
//! the JSON form stands in `reference/*.md`. `REFERENCE.md` is this page, and a test fails when it is stale.

use std::collections::BTreeMap;
use std::fmt::Write;

use schema::{Level, Table, tables};

use crate::catalogue::Presence;
use crate::codes::CODES;
use crate::describe::{self, Rows, Variable};
use crate::functions::Help;
use crate::limits;
use crate::types::Type;

/// The mark of variables that nothing fills yet.
const UNFILLED: &str = "°";

/// The reference of the language as Markdown: its variables, flags, functions, macros, limits and codes.
///
/// ```
/// let page = kfl::reference();
/// assert!(page.contains("| `src.ip` | string |"));
/// ```
pub fn reference() -> String {
    let parts = [
        "# KFL reference\n\n<!-- Made by kfl::reference(). A test compares; UPDATE_EXPECT=1 cargo test --workspace --lib the_page_is_up_to_date writes it. -->\n"
            .to_owned(),
        include_str!("reference/filters.md").to_owned(),
        include_str!("reference/pipes.md").to_owned(),
        variables(),
        flags(),
        functions(),
        list(
            "## Macros",
            "A macro binds a name or looks at a field instead of computing a value from values.",
            &describe::macros(),
        ),
        records(),
        limits(),
        codes(),
        include_str!("reference/programs.md").to_owned(),
    ];
    parts.join("\n")
}

fn variables() -> String {
    let (shared, rows) = describe::by_table();
    let mut page = format!(
        "## Variables\n\nThe SQL column of a variable has `_` for `.`: `src_ip`. `tcp_metrics.x` is accepted for `x`.\n\
         {UNFILLED} marks what nothing fills yet: it reads its default on every row.\n\n### Every row\n\n"
    );
    table_of(&mut page, None, &shared);
    for (level, title) in [
        (Level::Flow, "Flow rows"),
        (Level::Connection, "Connection rows"),
        (Level::Entry, "Entry rows"),
    ] {
        let _ = writeln!(page, "\n### {title}");
        for rows in rows.iter().filter(|rows| rows.level == level) {
            table_of_rows(&mut page, rows);
        }
    }
    page
}

fn table_of_rows(page: &mut String, rows: &Rows) {
    let _ = writeln!(page, "\n#### `{}`\n\n{}\n", rows.table, rows.doc);
    table_of(page, Some(rows.table), &rows.variables);
}

/// Variables as a table; what they say is what they say on the rows of one table, if it is named.
fn table_of(page: &mut String, table: Option<&str>, variables: &[Variable]) {
    page.push_str("| variable | type | unit | default | says |\n|---|---|---|---|---|\n");
    for variable in variables {
        let mark = match variable.presence {
            Presence::Filled => "",
            Presence::Empty => UNFILLED,
        };
        let docs = match table {
            Some(table) => variable.doc_on(table).unwrap_or_default().to_owned(),
            None => variable
                .meanings
                .iter()
                .map(|meaning| meaning.doc)
                .collect::<Vec<_>>()
                .join(" "),
        };
        let (name, unit) = (variable.name, variable.unit.unwrap_or_default());
        let default = code(&variable.default);
        row(page, &[&format!("`{name}`{mark}"), variable.ty, unit, &default, &docs]);
    }
}

fn flags() -> String {
    let mut page = "## Flags\n\nA flag is true or false, and says of which kind a row is. One without tables is false on every row yet.\n\n\
        | flag | tables | says |\n|---|---|---|\n"
        .to_owned();
    for flag in describe::flags() {
        let mark = if flag.tables.is_empty() { UNFILLED } else { "" };
        let tables = flag.tables.iter().map(|table| code(table)).collect::<Vec<_>>();
        row(
            &mut page,
            &[&format!("`{}`{mark}", flag.name), &tables.join(", "), flag.doc],
        );
    }
    page
}

fn functions() -> String {
    let mut groups: BTreeMap<(usize, String), Vec<Help>> = BTreeMap::new();
    for help in describe::functions() {
        groups.entry(group_of(&help)).or_default().push(help);
    }
    let mut page =
        "## Functions\n\nAn example stands before the arrow, its result after it; \"error\" where it has none.\n"
            .to_owned();
    for ((_, title), helps) in groups {
        page.push('\n');
        page.push_str(&list(&format!("### {title}"), "", &helps));
    }
    page
}

/// The group of a function, with its place: conversions, then by the type of the first argument, then by prefix (`math.`).
fn group_of(help: &Help) -> (usize, String) {
    let signature = help.signatures.first().copied().unwrap_or_default();
    let receiver = signature
        .split_once(&format!(".{}(", help.name))
        .map(|(receiver, _)| receiver);
    let name = help.name.rsplit_once('.');
    let first = match (receiver, name) {
        (Some(receiver), _) => receiver,
        (None, Some((prefix, _))) => return (GROUPS.len(), format!("`{prefix}.`")),
        (None, None) if Type::parse(help.name).is_some() => return (0, "Conversions".to_owned()),
        (None, None) => signature.split_once('(').map_or("", |(_, arguments)| arguments),
    };
    let of_type = |(types, _): &(&[&str], &str)| types.iter().any(|ty| first.starts_with(ty));
    match GROUPS.iter().position(of_type) {
        Some(place) => (place + 1, GROUPS[place].1.to_owned()),
        None => (GROUPS.len() + 1, "Others".to_owned()),
    }
}

/// Groups of functions by the types that their first argument begins with.
const GROUPS: &[(&[&str], &str)] = &[
    (&["string", "bytes"], "Strings and bytes"),
    (&["list", "map"], "Lists and maps"),
    (&["timestamp", "duration"], "Times"),
    (&["ip", "cidr"], "Addresses"),
    (&["int", "uint", "double"], "Numbers"),
    (&["optional"], "Optional values"),
];

/// Functions or macros under a head: forms, what they do, examples with results.
fn list(head: &str, words: &str, helps: &[Help]) -> String {
    let mut page = format!("{head}\n");
    if !words.is_empty() {
        let _ = writeln!(page, "\n{words}");
    }
    for help in helps {
        let _ = writeln!(
            page,
            "\n#### `{}`\n\n{}\n\n```\n{}\n```\n",
            help.name,
            help.doc,
            help.signatures.join("\n")
        );
        for (example, result) in &help.examples {
            let _ = writeln!(page, "- {} → {}", code(example), code(result));
        }
    }
    page
}

/// The tables that KFL does not range over.
fn records() -> String {
    let mut page = "## Tables that SQL alone reads\n".to_owned();
    for table in tables::ALL.iter().copied().filter(|table| !table.in_kfl()) {
        let Table { name, doc, .. } = table;
        let _ = writeln!(
            page,
            "\n### `{name}`\n\n{doc}\n\n| column | type | unit | says |\n|---|---|---|---|"
        );
        for field in table.fields() {
            row(
                &mut page,
                &[
                    &code(field.column),
                    field.ty.kfl(),
                    field.unit.unwrap_or_default(),
                    field.doc,
                ],
            );
        }
    }
    page
}

fn limits() -> String {
    let mut page = "## Limits\n\n| limit | value |\n|---|---|\n".to_owned();
    for (limit, value) in [
        ("length of a filter", format!("{} KiB", limits::TEXT_BYTES / 1024)),
        ("depth of nesting", limits::DEPTH.to_string()),
        (
            "macros over lists inside each other",
            limits::COMPREHENSIONS.to_string(),
        ),
        ("syntax mistakes told at once", limits::SYNTAX_MISTAKES.to_string()),
        ("mistakes told at once", limits::MISTAKES.to_string()),
    ] {
        row(&mut page, &[limit, &value]);
    }
    page
}

fn codes() -> String {
    let mut page = "## Diagnostic codes\n\n| code | mistake |\n|---|---|\n".to_owned();
    for known in CODES {
        row(&mut page, &[known.code, known.meaning]);
    }
    page
}

/// A row of a table, in which a bar would end the cell.
fn row(page: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(page, "| {} ", cell.replace('|', "\\|"));
    }
    page.push_str("|\n");
}

/// Text as code, whatever it holds.
fn code(text: &str) -> String {
    match text.contains('`') {
        false => format!("`{text}`"),
        true => format!("`` {text} ``"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::*;
    use crate::tests::ENVIRONMENT;

    #[test]
    fn the_page_is_up_to_date() {
        expect_file!["../REFERENCE.md"].assert_eq(&reference());
    }

    #[test]
    fn filters_of_the_prose_compile() {
        let page = reference();
        let blocks: Vec<&str> = page.split("```kfl\n").skip(1).collect();
        assert!(!blocks.is_empty());
        for filter in blocks
            .iter()
            .flat_map(|block| block.split("```").next().unwrap_or_default().lines())
        {
            let problems = crate::compile(filter, &ENVIRONMENT).err().unwrap_or_default();
            assert_eq!(problems, [], "{filter}");
        }
    }

    #[test]
    fn the_page_names_everything() {
        let page = reference();
        let names = crate::catalogue::variables().keys().map(|name| format!("| `{name}`"));
        let functions = crate::help().into_iter().map(|help| format!("#### `{}`", help.name));
        let codes = CODES.iter().map(|known| format!("| {} |", known.code));
        for named in names.chain(functions).chain(codes) {
            assert!(page.contains(&named), "{named}");
        }
    }

    #[test]
    fn bars_and_backticks_stay_in_their_cells() {
        let mut page = String::new();
        row(&mut page, &[&code("a || b"), &code("`a`")]);
        assert_eq!(page, "| `a \\|\\| b` | `` `a` `` |\n");
    }
}
