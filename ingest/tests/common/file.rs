//! Capture files built byte by byte, and what an ingest reads of them as text.

#![allow(dead_code, reason = "each test binary uses what it needs")]

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use expect_test::Expect;
use ingest::Options;

use super::ingest;

/// A UDP packet from 10.0.0.1:1000 to 10.0.0.2:2000 as raw IPv4.
pub const IPV4_UDP: [u8; 32] = [
    0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x03, 0xe8, 0x07, 0xd0, 0, 12, 0, 0, 1, 2, 3, 4,
];

pub fn ethernet() -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00][..], &IPV4_UDP].concat()
}

/// Words in one byte order.
pub struct File {
    pub big_endian: bool,
    pub bytes: Vec<u8>,
}

impl File {
    pub fn new(big_endian: bool) -> Self {
        Self {
            big_endian,
            bytes: Vec::new(),
        }
    }

    pub fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
        self
    }

    pub fn u64(self, value: u64) -> Self {
        let (high, low) = ((value >> 32) as u32, value as u32);
        if self.big_endian {
            self.u32(high).u32(low)
        } else {
            self.u32(low).u32(high)
        }
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn padded(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    pub fn pcap_header(self, magic: u32, link_type: u32) -> Self {
        self.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type)
    }

    pub fn pcap_packet(self, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Self {
        self.u32(seconds)
            .u32(fraction)
            .u32(data.len() as u32)
            .u32(original)
            .raw(data)
    }

    pub fn block(self, kind: u32, body: File) -> Self {
        let length = body.bytes.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&body.bytes).u32(length)
    }

    pub fn body(&self) -> File {
        File::new(self.big_endian)
    }

    pub fn section(self, options: impl FnOnce(File) -> File) -> Self {
        let body = options(self.body().u32(0x1a2b_3c4d).u16(1).u16(0).u32(u32::MAX).u32(u32::MAX));
        self.block(0x0a0d_0d0a, body)
    }

    pub fn interface(self, link_type: u16, options: impl FnOnce(File) -> File) -> Self {
        let body = options(self.body().u16(link_type).u16(0).u32(0));
        self.block(1, body)
    }

    pub fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(value.len() as u16).padded(value)
    }

    pub fn number(self, code: u16, value: u64) -> Self {
        self.u16(code).u16(8).u64(value)
    }

    /// A record of a name resolution block.
    pub fn name(self, kind: u16, value: &[u8]) -> Self {
        self.option(kind, value)
    }

    pub fn names(self, records: impl FnOnce(File) -> File) -> Self {
        let body = records(self.body());
        self.block(4, body)
    }

    pub fn secrets(self, kind: u32, secrets: &[u8]) -> Self {
        let body = self.body().u32(kind).u32(secrets.len() as u32).padded(secrets);
        self.block(10, body)
    }

    pub fn statistics(self, interface: u32, counts: impl FnOnce(File) -> File) -> Self {
        let body = counts(self.body().u32(interface).u64(0));
        self.block(5, body)
    }

    pub fn simple_packet(self, original: u32, data: &[u8]) -> Self {
        let body = self.body().u32(original).padded(data);
        self.block(3, body)
    }

    pub fn obsolete_packet(self, interface: u16, drops: u16, ticks: u64, data: &[u8]) -> Self {
        let lengths = data.len() as u32;
        let body = self.body().u16(interface).u16(drops);
        let body = body.u32((ticks >> 32) as u32).u32(ticks as u32);
        let body = body.u32(lengths).u32(lengths).padded(data);
        self.block(2, body)
    }

    pub fn packet(self, interface: u32, ticks: u64, data: &[u8], options: impl FnOnce(File) -> File) -> Self {
        let lengths = data.len() as u32;
        let body = self
            .body()
            .u32(interface)
            .u32((ticks >> 32) as u32)
            .u32(ticks as u32)
            .u32(lengths)
            .u32(lengths);
        let body = options(body.padded(data));
        self.block(6, body)
    }
}

/// Compares what a file holds with a text.
#[track_caller]
pub fn check(file: File, expect: Expect) {
    expect.assert_eq(&held(&file));
}

/// What a file holds, as text: packets in order, then interfaces, comments, drops, secrets, anomalies.
#[track_caller]
pub fn held(file: &File) -> String {
    let (kept, report) = ingest(&file.bytes, &Options::default());
    let mut lines = Vec::new();
    for batch in kept.of("packets") {
        let int = |name| column(batch, name).as_primitive::<Int64Type>();
        let comments = column(batch, "comment").as_string::<i32>();
        for row in 0..batch.num_rows() {
            let time = column(batch, "timestamp")
                .as_primitive::<TimestampNanosecondType>()
                .value(row);
            let number = int("packet").value(row);
            let [interface, link_type] = ["interface", "link_type"].map(|name| int(name).value(row));
            let [captured, original] = ["captured_length", "original_length"].map(|name| int(name).value(row));
            let conn = int("conn_id").iter().nth(row).flatten();
            lines.push((
                number,
                format!(
                    "{number}: {time} if {interface} link {link_type} {captured}/{original} conn {conn:?} {}",
                    comments.value(row)
                ),
            ));
        }
    }
    lines.sort();
    let mut text: String = lines
        .into_iter()
        .map(|(_, line)| line.trim_end().to_owned() + "\n")
        .collect();
    for interface in report.interfaces {
        text += &format!("interface: {interface}\n");
    }
    for comment in report.comments {
        text += &format!("comment: {comment}\n");
    }
    for (interface, packets) in report.drops {
        text += &format!("dropped: {packets} on {interface}\n");
    }
    for block in report.secrets.chunks(4) {
        text += &format!("{}{block:02x?}", if text.ends_with('\n') { "secrets: " } else { " " });
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for (_, finding) in report.anomalies.iter() {
        text += &format!("anomaly: {}\n", finding.first);
    }
    text
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a arrow_array::ArrayRef {
    batch.column_by_name(name).expect("a column of packets")
}
