//! Every format on the same few rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use expect_test::{Expect, expect};

use super::*;

fn batch() -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(300)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a,\"b\""), Some("\u{1b}[31mred\n"), None]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(b"GET /\r\n"), Some(b"\xff"), None]));
    RecordBatch::try_from_iter([("number", numbers), ("text", texts), ("bytes", bytes)]).expect("columns are as long")
}

/// Encodes the batches into a file and gives its bytes.
fn encode(format: &Format, batches: &[RecordBatch]) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("out");
    let output = Output::open(Some(&path)).expect("the directory is writable");
    let mut encoder = format
        .open(output, &batch().schema(), &Terminal::plain())
        .expect("the schema has no odd types");
    for batch in batches {
        encoder.write(batch.clone()).expect("the file is writable");
    }
    encoder.finish().and_then(Output::finish).expect("the file is writable");
    std::fs::read(path).expect("the file is there")
}

#[track_caller]
fn check(name: &str, batches: &[RecordBatch], expect: Expect) {
    let format = ALL
        .iter()
        .find(|format| format.name == name)
        .expect("the name is registered");
    expect.assert_eq(&String::from_utf8(encode(format, batches)).expect("the format is text"));
}

#[test]
fn table_escapes_what_a_terminal_obeys() {
    check(
        "table",
        &[batch()],
        expect![[r##"
        #  number  text           bytes
        ───────────────────────────────────
        1       1  a,"b"          GET /\r\n
        2          \x1b[31mred\n  \xff
        3     300
    "##]],
    );
    check("table", &[], expect![[""]]);
}

#[test]
fn json_is_one_array() {
    check(
        "json",
        &[batch().slice(0, 1), batch().slice(1, 2)],
        expect![[r#"
        [
        {"number":1,"text":"a,\"b\"","bytes":"R0VUIC8NCg=="},
        {"text":"\u001b[31mred\n","bytes":"/w=="},
        {"number":300}
        ]
    "#]],
    );
    check(
        "json",
        &[],
        expect![[r#"
        []
    "#]],
    );
}

#[test]
fn ndjson_is_an_object_a_line() {
    check(
        "ndjson",
        &[batch()],
        expect![[r#"
        {"number":1,"text":"a,\"b\"","bytes":"R0VUIC8NCg=="}
        {"text":"\u001b[31mred\n","bytes":"/w=="}
        {"number":300}
    "#]],
    );
    check("ndjson", &[], expect![[""]]);
}

#[test]
fn csv_has_heads_even_without_rows() {
    check(
        "csv",
        &[batch()],
        expect![[r#"
        number,text,bytes
        1,"a,""b""",R0VUIC8NCg==
        ,"[31mred
        ",/w==
        300,,
    "#]],
    );
    check(
        "csv",
        &[],
        expect![[r#"
        number,text,bytes
    "#]],
    );
}

#[test]
fn arrow_is_read_back() {
    use datafusion::arrow::ipc::reader::StreamReader;
    let bytes = encode(&arrow::FORMAT, &[batch(), batch()]);
    let read: Vec<_> = StreamReader::try_new(bytes.as_slice(), None)
        .expect("it is a stream")
        .collect();
    let read: Result<Vec<RecordBatch>, _> = read.into_iter().collect();
    assert_eq!(read.expect("its batches are whole"), [batch(), batch()]);
}

#[test]
fn parquet_has_its_magic_at_both_ends() {
    let bytes = encode(&parquet::FORMAT, &[batch()]);
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn formats_have_names_of_their_own() {
    let mut names: Vec<&str> = ALL.iter().map(|format| format.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}
