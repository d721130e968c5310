//! Rows as CSV (RFC 4180, lines end with a line feed): a header of SQL column names, then the rows.
//!
//! Lists and maps are JSON text, bytes base64, timestamps RFC 3339. A null is empty, an empty string is `""`.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;

use crate::json::Column;

/// Appends the header.
pub fn header(schema: &Schema, out: &mut Vec<u8>) {
    for (index, field) in schema.fields().iter().enumerate() {
        separate(index, out);
        quote(field.name().as_bytes(), out);
    }
    out.push(b'\n');
}

/// Appends the rows of a batch.
pub fn rows(batch: &RecordBatch, out: &mut Vec<u8>) {
    let columns: Vec<_> = batch.columns().iter().map(Column::new).collect();
    let mut text = Vec::new();
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter().enumerate() {
            separate(index, out);
            if !column.is_null(row) {
                text.clear();
                column.write_text(row, &mut text);
                quote(&text, out);
            }
        }
        out.push(b'\n');
    }
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn quote(text: &[u8], out: &mut Vec<u8>) {
    if !text.is_empty() && !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, BinaryArray, ListBuilder, StringArray, StringBuilder};
    use expect_test::expect;

    use super::*;

    #[test]
    fn nulls_empty_strings_quotes_lists_and_bytes() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![
            None,
            Some(""),
            Some("a,\"b\"\nc"),
            Some("plain"),
        ]));
        let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![
            Some(b"abc".as_slice()),
            None,
            None,
            None,
        ]));
        let mut list = ListBuilder::new(StringBuilder::new());
        list.append_value([Some("x"), Some("y,z")]);
        list.append_null();
        list.append_null();
        list.append_value([Some("only")]);
        let list: ArrayRef = Arc::new(list.finish());
        let batch = RecordBatch::try_from_iter([("text", text), ("by,tes", bytes), ("list", list)]).unwrap();
        let mut out = Vec::new();
        header(&batch.schema(), &mut out);
        rows(&batch, &mut out);
        expect![[r#"
            text,"by,tes",list
            ,YWJj,"[""x"",""y,z""]"
            "",,
            "a,""b""
            c",,
            plain,,"[""only""]"
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }
}
