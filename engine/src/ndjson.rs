//! Rows as JSON: one object a line (NDJSON), or one array of objects.
//!
//! Keys are SQL column names in column order, absent values are left out; how values are printed says [`crate::json`].

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;

use crate::json::{Column, key, object};

/// Encodes batches of one schema as NDJSON.
#[derive(Debug)]
pub struct Encoder {
    keys: Vec<Vec<u8>>,
}

impl Encoder {
    /// Prepares the keys of a schema.
    pub fn new(schema: &Schema) -> Self {
        Self {
            keys: schema.fields().iter().map(|field| key(field.name())).collect(),
        }
    }

    /// Appends a batch: one line a row.
    pub fn lines(&self, batch: &RecordBatch, out: &mut Vec<u8>) {
        self.each(batch, out, |out| out.push(b'\n'));
    }

    fn each(&self, batch: &RecordBatch, out: &mut Vec<u8>, mut after: impl FnMut(&mut Vec<u8>)) {
        let columns: Vec<_> = batch.columns().iter().map(Column::new).collect();
        for row in 0..batch.num_rows() {
            object(self.keys.iter().map(Vec::as_slice).zip(&columns), row, out);
            after(out);
        }
    }
}

/// Encodes batches of one schema as one JSON array.
#[derive(Debug)]
pub struct ArrayEncoder {
    rows: Encoder,
    is_empty: bool,
}

impl ArrayEncoder {
    /// Prepares the keys of a schema.
    pub fn new(schema: &Schema) -> Self {
        Self {
            rows: Encoder::new(schema),
            is_empty: true,
        }
    }

    /// Appends a batch: one line a row, the opening bracket before the first.
    pub fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) {
        let columns: Vec<_> = batch.columns().iter().map(Column::new).collect();
        for row in 0..batch.num_rows() {
            out.extend_from_slice(if self.is_empty { b"[\n" } else { b",\n" });
            self.is_empty = false;
            object(self.rows.keys.iter().map(Vec::as_slice).zip(&columns), row, out);
        }
    }

    /// Appends the end of the array.
    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.is_empty { b"[]\n" } else { b"\n]\n" });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Float64Array, UInt8Array};
    use expect_test::expect;
    use schema::Build;
    use schema::tables::captures::{Capture, CaptureBuilder, CaptureOwn};
    use schema::tables::packets::{Packet, PacketBuilder, PacketOwn};

    use super::*;

    fn captures() -> RecordBatch {
        let row = CaptureOwn {
            capture_id: Some(1),
            name: Some("a\"\u{1b}.pcap"),
            digest: None,
            size_bytes: Some(7),
            format: Some("pcap"),
            compression: None,
            interfaces: &["Ethernet", "é"],
            comments: &[],
            secrets: None,
            packets: Some(0),
            dropped: None,
            captured_bytes: None,
            original_bytes: None,
            first_time: None,
            last_time: None,
            ingested_time: Some(1_767_323_045_000_000_001),
            anomalies: &[("gap", "2"), ("cut_file", "1")],
        };
        let empty = CaptureOwn {
            name: None,
            interfaces: &[],
            anomalies: &[],
            ..row.clone()
        };
        let mut builder = CaptureBuilder::default();
        builder.append(Capture { own: row });
        builder.append(Capture { own: empty });
        builder.finish()
    }

    #[test]
    fn lists_maps_times_and_absent_values() {
        let batch = captures();
        let mut out = Vec::new();
        Encoder::new(&batch.schema()).lines(&batch, &mut out);
        expect![[r#"
            {"capture_id":1,"name":"a\"\u001b.pcap","size_bytes":7,"format":"pcap","interfaces":["Ethernet","é"],"packets":0,"ingested_time":"2026-01-02T03:04:05.000000001Z","anomalies":{"gap":"2","cut_file":"1"}}
            {"capture_id":1,"size_bytes":7,"format":"pcap","packets":0,"ingested_time":"2026-01-02T03:04:05.000000001Z"}
        "#]].assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn an_array_of_rows_and_one_of_none() {
        let batch = captures();
        let mut out = Vec::new();
        let mut encoder = ArrayEncoder::new(&batch.schema());
        encoder.rows(&batch.slice(1, 1), &mut out);
        encoder.rows(&batch.slice(1, 1), &mut out);
        encoder.finish(&mut out);
        ArrayEncoder::new(&batch.schema()).finish(&mut out);
        expect![[r#"
            [
            {"capture_id":1,"size_bytes":7,"format":"pcap","packets":0,"ingested_time":"2026-01-02T03:04:05.000000001Z"},
            {"capture_id":1,"size_bytes":7,"format":"pcap","packets":0,"ingested_time":"2026-01-02T03:04:05.000000001Z"}
            ]
            []
        "#]].assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn bytes_are_base64() {
        let mut builder = PacketBuilder::default();
        for data in [b"".as_slice(), b"a", b"ab", b"abc", &[0xff; 4]] {
            let own = PacketOwn {
                packet: None,
                timestamp: None,
                conn_id: None,
                flow_id: None,
                interface: None,
                link_type: None,
                captured_length: None,
                original_length: None,
                comment: None,
                data: Some(data),
            };
            builder.append(Packet { own });
        }
        let batch = builder.finish();
        let mut out = Vec::new();
        Encoder::new(&batch.schema()).lines(&batch, &mut out);
        expect![[r#"
            {"data":""}
            {"data":"YQ=="}
            {"data":"YWI="}
            {"data":"YWJj"}
            {"data":"/////w=="}
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn types_of_sql_alone_are_numbers_where_json_has_one() {
        let doubles: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), Some(0.1)]));
        let bytes: ArrayRef = Arc::new(UInt8Array::from(vec![Some(1), None, Some(255)]));
        let batch = RecordBatch::try_from_iter([("d", doubles), ("u", bytes)]).unwrap();
        let mut out = Vec::new();
        Encoder::new(&batch.schema()).lines(&batch, &mut out);
        expect![[r#"
            {"d":1.0,"u":1}
            {}
            {"d":0.1,"u":255}
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }
}
