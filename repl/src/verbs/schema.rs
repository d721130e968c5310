//! `schema`: the fields of the tables, as they are declared; for programs, the language too. Needs no database.

mod json;

use schema::{Field, Table};

use super::put;
use crate::cli::{SchemaArguments, SchemaFormat};
use crate::failure::{Exit, Failure};
use crate::render::grid::{self, Align};
use crate::terminal::{Paint, Terminal};

/// Lists the fields of one table or of all.
pub(super) fn run(arguments: &SchemaArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let tables: Vec<&Table> = schema::tables::ALL
        .iter()
        .copied()
        .filter(|table| arguments.table.as_deref().is_none_or(|name| name == table.name))
        .collect();
    let text = match arguments.format {
        SchemaFormat::Table => tables
            .iter()
            .map(|table| draw(table, terminal))
            .collect::<Vec<_>>()
            .join("\n"),
        SchemaFormat::Json => {
            let object = match &tables[..] {
                [table] => json::table(table),
                _ => json::all(),
            };
            let text = serde_json::to_string_pretty(&object).expect("strings and nulls are JSON");
            format!("{text}\n")
        }
    };
    put(&text)?;
    Ok(Exit::Done)
}

/// One table's fields as a list for people.
pub(crate) fn draw(table: &Table, terminal: &Terminal) -> String {
    let heads = [
        ("variable", Align::Left),
        ("SQL column", Align::Left),
        ("type", Align::Left),
        ("about", Align::Left),
    ];
    let rows: Vec<Vec<String>> = table
        .fields()
        .map(|field| {
            // Most columns are called as their variables are; the others stand out.
            let column = match (field.is_stored(), field.column == field.name) {
                (true, true) => "",
                (true, false) => field.column,
                (false, _) => "(none)",
            };
            vec![
                field.name.to_owned(),
                column.to_owned(),
                type_of(field),
                field.doc.to_owned(),
            ]
        })
        .collect();
    let list = grid::draw_list(&heads, &rows, terminal.width(), terminal.stdout);
    format!(
        "{}: {}\n\n{list}",
        terminal.stdout.paint(Paint::Strong, table.name),
        table.doc
    )
}

/// The type and, of a number, its unit.
pub(crate) fn type_of(field: &Field) -> String {
    match field.unit {
        Some(unit) => format!("{} ({unit})", field.ty.kfl()),
        None => field.ty.kfl().to_owned(),
    }
}
