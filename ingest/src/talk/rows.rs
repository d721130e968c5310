//! Rows as text: one line a row, `column=value` for every value that is there.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use schema::tables::common::COMMON;
use schema::{Field, Source, Table, Type};

use super::START_NS;

/// Common fields that tell one entry from another; the others repeat the connection.
const SHOWN: [&str; 8] = [
    "id",
    "index",
    "elapsed_time",
    "method",
    "status_code",
    "summary",
    "request_packet",
    "response_packet",
];

/// Prints the rows of a batch: the common fields that tell entries apart, then the table's own.
pub fn rows(table: &Table, batch: &RecordBatch) -> String {
    let own = table.groups.last().copied().unwrap_or_default();
    let shown: Vec<&Field> = COMMON
        .iter()
        .filter(|field| SHOWN.contains(&field.name))
        .chain(own)
        .filter(|field| matches!(field.source, Source::Row))
        .collect();
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        text.push_str(table.name);
        for field in &shown {
            let column = batch
                .column_by_name(field.column)
                .expect("a batch has the columns of its table");
            if column.is_valid(row) {
                text.push_str(&format!(" {}={}", field.column, value(field.ty, column, row)));
            }
        }
        text.push('\n');
    }
    text
}

fn value(ty: Type, column: &dyn Array, row: usize) -> String {
    match ty {
        Type::Bool => column.as_boolean().value(row).to_string(),
        Type::Int => column.as_primitive::<Int64Type>().value(row).to_string(),
        Type::Double => column
            .as_primitive::<arrow_array::types::Float64Type>()
            .value(row)
            .to_string(),
        Type::String => word(column.as_string::<i32>().value(row)),
        Type::Bytes => word(&String::from_utf8_lossy(column.as_binary_view().value(row))),
        Type::Timestamp => {
            format!(
                "+{}µs",
                (column.as_primitive::<TimestampNanosecondType>().value(row) - START_NS) / 1000
            )
        }
        Type::Strings => {
            let items = column.as_list::<i32>().value(row);
            let items: Vec<_> = items.as_string::<i32>().iter().flatten().map(word).collect();
            format!("[{}]", items.join(","))
        }
        Type::Ints => {
            let items = column.as_list::<i32>().value(row);
            let items: Vec<_> = items
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(|item| item.to_string())
                .collect();
            format!("[{}]", items.join(","))
        }
        Type::StringMap => {
            let entries = column.as_map().value(row);
            let (keys, values) = (
                entries.column(0).as_string::<i32>(),
                entries.column(1).as_string::<i32>(),
            );
            let pairs = keys
                .iter()
                .flatten()
                .zip(values.iter().flatten())
                .map(|(key, value)| format!("{}:{}", word(key), word(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
    }
}

/// A text as it is if it is one word, else quoted.
fn word(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|letter| !letter.is_whitespace() && !letter.is_control() && !"{}[],\"".contains(letter));
    if plain { text.to_owned() } else { format!("{text:?}") }
}
