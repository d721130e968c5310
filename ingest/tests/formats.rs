//! Capture formats: what is read of files built byte by byte.

mod common;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use common::ingest;
use expect_test::{Expect, expect};
use ingest::Options;

/// A UDP packet from 10.0.0.1:1000 to 10.0.0.2:2000 as raw IPv4.
const IPV4_UDP: [u8; 32] = [
    0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x03, 0xe8, 0x07, 0xd0, 0, 12, 0, 0, 1, 2, 3, 4,
];

fn ethernet() -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00][..], &IPV4_UDP].concat()
}

/// Words in one byte order.
struct File {
    big_endian: bool,
    bytes: Vec<u8>,
}

impl File {
    fn new(big_endian: bool) -> Self {
        Self {
            big_endian,
            bytes: Vec::new(),
        }
    }

    fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn padded(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    fn pcap_header(self, magic: u32, link_type: u32) -> Self {
        self.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type)
    }

    fn pcap_packet(self, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Self {
        self.u32(seconds)
            .u32(fraction)
            .u32(data.len() as u32)
            .u32(original)
            .raw(data)
    }

    fn block(self, kind: u32, body: File) -> Self {
        let length = body.bytes.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&body.bytes).u32(length)
    }

    fn body(&self) -> File {
        File::new(self.big_endian)
    }

    fn section(self, options: impl FnOnce(File) -> File) -> Self {
        let body = options(self.body().u32(0x1a2b_3c4d).u16(1).u16(0).u32(u32::MAX).u32(u32::MAX));
        self.block(0x0a0d_0d0a, body)
    }

    fn interface(self, link_type: u16, options: impl FnOnce(File) -> File) -> Self {
        let body = options(self.body().u16(link_type).u16(0).u32(0));
        self.block(1, body)
    }

    fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(value.len() as u16).padded(value)
    }

    fn packet(self, interface: u32, ticks: u64, data: &[u8], options: impl FnOnce(File) -> File) -> Self {
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

/// Prints what a file holds: packets in order, then interfaces, comments, anomalies.
#[track_caller]
fn check(file: File, expect: Expect) {
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
    for (_, finding) in report.anomalies.iter() {
        text += &format!("anomaly: {}\n", finding.first);
    }
    expect.assert_eq(&text);
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a arrow_array::ArrayRef {
    batch.column_by_name(name).expect("a column of packets")
}

#[test]
fn pcap_byte_orders_and_resolutions() {
    for big_endian in [false, true] {
        check(
            File::new(big_endian)
                .pcap_header(0xa1b2_c3d4, 1)
                .pcap_packet(1, 5, 60, &ethernet()),
            expect![[r#"
                1: 1000005000 if 0 link 1 46/60 conn Some(1)
                interface: link type 1, snap length 65535, 1000000 ticks/s
            "#]],
        );
        check(
            File::new(big_endian)
                .pcap_header(0xa1b2_3c4d, 101)
                .pcap_packet(1, 5, 32, &IPV4_UDP),
            expect![[r#"
                1: 1000000005 if 0 link 101 32/32 conn Some(1)
                interface: link type 101, snap length 65535, 1000000000 ticks/s
            "#]],
        );
    }
}

#[test]
fn unknown_link_types_are_stored_and_told() {
    check(
        File::new(false)
            .pcap_header(0xa1b2_c3d4, 147)
            .pcap_packet(1, 0, 3, &[1, 2, 3]),
        expect![[r#"
            1: 1000000000 if 0 link 147 3/3 conn None
            interface: link type 147, snap length 65535, 1000000 ticks/s
            anomaly: link type 147 is not decoded
        "#]],
    );
}

#[test]
fn a_cut_header_is_a_cut_file() {
    let whole = File::new(false).pcap_header(0xa1b2_c3d4, 1);
    check(
        File::new(false).raw(&whole.bytes[..20]),
        expect![[r#"
            anomaly: the file ends inside the record that begins at byte 0
        "#]],
    );
}

#[test]
fn an_impossible_length_ends_the_reading() {
    check(
        File::new(false)
            .pcap_header(0xa1b2_c3d4, 1)
            .pcap_packet(1, 0, 46, &ethernet())
            .u32(2)
            .u32(0)
            .u32(0x7fff_ffff)
            .u32(60),
        expect![[r#"
            1: 1000000000 if 0 link 1 46/46 conn Some(1)
            interface: link type 1, snap length 65535, 1000000 ticks/s
            anomaly: the record at byte 86 cannot be read: its captured length is beyond any packet's
        "#]],
    );
}

#[test]
fn pcapng_interfaces_have_their_own_clocks() {
    for big_endian in [false, true] {
        check(
            File::new(big_endian)
                .section(|section| section.option(1, b"made by hand").option(0, b""))
                .interface(1, |options| options.option(2, b"eth0").option(9, &[9]).option(0, b""))
                .interface(101, |options| {
                    options.option(9, &[0x80 | 10]).option(14, &offset(big_endian, 100))
                })
                .packet(0, 7, &ethernet(), |options| {
                    options.option(1, b"look here").option(0, b"")
                })
                .packet(1, 1024 + 512, &IPV4_UDP, |options| options),
            expect![[r#"
                1: 7 if 0 link 1 46/46 conn Some(1) look here
                2: 101500000000 if 1 link 101 32/32 conn Some(2)
                interface: link type 1, 1000000000 ticks/s, eth0
                interface: link type 101, 1024 ticks/s
                comment: made by hand
            "#]],
        );
    }
}

fn offset(big_endian: bool, seconds: i64) -> [u8; 8] {
    if big_endian {
        seconds.to_be_bytes()
    } else {
        seconds.to_le_bytes()
    }
}

#[test]
fn pcapng_sections_change_byte_order_and_interfaces() {
    let second = File::new(true)
        .section(|section| section)
        .interface(101, |options| options);
    let second = second.packet(0, 2_000_000, &IPV4_UDP, |options| options);
    let simple = File::new(true).u32(IPV4_UDP.len() as u32).padded(&IPV4_UDP);
    let second = second.block(3, simple).block(0x0bad, File::new(true).u32(1));
    check(
        File::new(false)
            .section(|section| section)
            .interface(1, |options| options)
            .packet(0, 1_000_000, &ethernet(), |options| options)
            .raw(&second.bytes),
        expect![[r#"
            1: 1000000000 if 0 link 1 46/46 conn Some(1)
            2: 2000000000 if 1 link 101 32/32 conn Some(1)
            3: 0 if 1 link 101 32/32 conn Some(1)
            interface: link type 1, 1000000 ticks/s
            interface: link type 101, 1000000 ticks/s
        "#]],
    );
}

#[test]
fn names_and_comments_are_bounded_together() {
    let file = File::new(false)
        .section(|section| section.option(1, b"kept comment").option(1, &[b'x'; 600]))
        .interface(1, |options| options.option(2, b"eth0"));
    let limits = ingest::Limits {
        block_bytes: 1000,
        ..ingest::Limits::default()
    };
    let (_, report) = ingest(
        &file.bytes,
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert_eq!(report.comments.len(), 2);
    let limits = ingest::Limits {
        block_bytes: 660,
        ..ingest::Limits::default()
    };
    let twice = file.raw(
        &File::new(false)
            .section(|section| section.option(1, &[b'y'; 600]))
            .bytes,
    );
    let (_, report) = ingest(
        &twice.bytes,
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert_eq!((report.comments.len(), report.interfaces.len()), (2, 1));
}

#[test]
fn pcapng_damage_is_told() {
    check(
        File::new(false)
            .section(|section| section)
            .packet(3, 0, &ethernet(), |options| options),
        expect![[r#"
            anomaly: the record at byte 28 cannot be read: a block whose fields do not fit its length
        "#]],
    );
}

#[test]
fn fragments_make_a_datagram() {
    let mut first = IPV4_UDP;
    (first[3], first[6], first[25]) = (28, 0x20, 20);
    let second = [&IPV4_UDP[..20], &[9; 12]].concat();
    let mut second = second;
    (second[3], second[7]) = (32, 1);
    check(
        File::new(false)
            .pcap_header(0xa1b2_c3d4, 101)
            .pcap_packet(1, 0, 32, &second)
            .pcap_packet(1, 1, 28, &first[..28]),
        expect![[r#"
            1: 1000000000 if 0 link 101 32/32 conn Some(2)
            2: 1000001000 if 0 link 101 28/28 conn Some(2)
            interface: link type 101, snap length 65535, 1000000 ticks/s
        "#]],
    );
}
