//! One row, vertically: every field that has a value.

use unicode_width::UnicodeWidthStr;

use super::answer::Row;
use crate::terminal::{Paint, Screen};

/// Columns that a name takes at most before its value stands farther right.
const NAME: usize = 28;

/// The row's values, a line each, with the unit its field declares.
pub(crate) fn draw(row: &Row<'_>, schema: &datafusion::arrow::datatypes::Schema, screen: Screen) -> String {
    let values: Vec<(String, String)> = schema
        .fields()
        .iter()
        .enumerate()
        .filter_map(|(at, field)| {
            let value = row.text_at(at)?;
            let value = match unit_of(field.name()) {
                Some(unit) => format!("{value} {unit}"),
                None => value,
            };
            Some((super::escape::line(field.name()).into_owned(), value))
        })
        .collect();
    let width = values.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(NAME);
    values
        .iter()
        .map(|(name, value)| {
            let blanks = " ".repeat(width.saturating_sub(name.width()));
            format!("{}{blanks}  {value}\n", screen.paint(Paint::Strong, name))
        })
        .collect()
}

/// The unit that the tables declare for a column of this name.
fn unit_of(column: &str) -> Option<&'static str> {
    schema::tables::ALL
        .iter()
        .flat_map(|table| table.fields())
        .find(|field| field.column == column)?
        .unit
        // What an address is, its text says.
        .filter(|unit| *unit != schema::ADDRESS)
}
