//! Capture formats: what is read of files built byte by byte.

mod common;

use common::file::{File, IPV4_UDP, check, ethernet, held};
use common::ingest;
use expect_test::{Expect, expect};
use ingest::Options;

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
fn pcap_lengths_are_taken_as_they_are() {
    // No snap length, one below the packets, and a captured length above the original one.
    for (snap_length, original) in [(0, 46), (20, 60), (65535, 20)] {
        let mut file = File::new(true).pcap_header(0xa1b2_c3d4, 1);
        file.bytes[16..20].copy_from_slice(&u32::to_be_bytes(snap_length));
        let (kept, report) = ingest(
            &file.pcap_packet(1, 0, original, &ethernet()).bytes,
            &Options::default(),
        );
        assert_eq!(
            (kept.rows("packets"), report.captured_bytes, report.original_bytes),
            (1, 46, u64::from(original))
        );
        assert!(report.anomalies.is_empty());
    }
}

/// Three packets of a kind of pcap file: version, link type, what precedes the first, what each record's header ends with.
#[track_caller]
fn check_variant(magic: u32, version: (u16, u16), link_type: u32, before: &[u8], after_header: &[u8], expect: Expect) {
    let [little, big] = [false, true].map(|big_endian| {
        let mut file = File::new(big_endian)
            .u32(magic)
            .u16(version.0)
            .u16(version.1)
            .u64(0)
            .u32(65535)
            .u32(link_type)
            .raw(before);
        let is_swapped = version < (2, 3) || version.0 == 543;
        for seconds in 1_700_000_000..1_700_000_003 {
            let lengths = if is_swapped { (60, 46) } else { (46, 60) };
            let record = file.u32(seconds).u32(5).u32(lengths.0).u32(lengths.1);
            file = record.raw(after_header).raw(&ethernet());
        }
        held(&file)
    });
    assert_eq!(little, big);
    expect.assert_eq(&little);
}

#[test]
fn rare_kinds_of_pcap() {
    // Kuznetzov's, and SuSE's with more of it.
    check_variant(
        0xa1b2_cd34,
        (2, 4),
        1,
        &[],
        &[1, 0, 0, 0, 8, 0, 0, 0],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    check_variant(
        0xa1b2_cd34,
        (2, 4),
        1,
        &[],
        &[1, 0, 0, 0, 8, 0, 0, 1, 2, 0, 0, 0],
        expect![[r#"
            1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
            2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
            3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
            interface: link type 1, snap length 65535, 1000000 ticks/s
        "#]],
    );
    // Nokia.
    check_variant(
        0xa1b2_c3d4,
        (2, 4),
        1,
        &[],
        &[9, 9, 9, 9],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    // Ixia.
    check_variant(
        0x1c00_01ac,
        (2, 4),
        1,
        &[0, 0, 0, 186],
        &[],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    check_variant(
        0x1c00_01ab,
        (2, 4),
        1,
        &[0, 0, 0, 186],
        &[],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    // AIX.
    check_variant(
        0xa1b2_c3d4,
        (2, 2),
        6,
        &[],
        &[],
        expect![[r#"
        1: 1700000000000000005 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000000005 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000000005 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000000 ticks/s
    "#]],
    );
    // Old ones, DG/UX.
    check_variant(
        0xa1b2_c3d4,
        (2, 2),
        1,
        &[],
        &[],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    check_variant(
        0xa1b2_c3d4,
        (2, 3),
        1,
        &[],
        &[],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
    check_variant(
        0xa1b2_c3d4,
        (543, 0),
        1,
        &[],
        &[],
        expect![[r#"
        1: 1700000000000005000 if 0 link 1 46/60 conn Some(1)
        2: 1700000001000005000 if 0 link 1 46/60 conn Some(1)
        3: 1700000002000005000 if 0 link 1 46/60 conn Some(1)
        interface: link type 1, snap length 65535, 1000000 ticks/s
    "#]],
    );
}

#[test]
fn lengths_of_version_2_3_are_in_either_order() {
    for (first, second) in [(46, 60), (60, 46)] {
        let file = File::new(false).u32(0xa1b2_c3d4).u16(2).u16(3).u64(0).u32(65535).u32(1);
        let (kept, report) = ingest(
            &file.u32(1).u32(0).u32(first).u32(second).raw(&ethernet()).bytes,
            &Options::default(),
        );
        assert_eq!(
            (kept.rows("packets"), report.captured_bytes, report.original_bytes),
            (1, 46, 60)
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
            1: 1000000000 if 0 link 101 32/32 conn Some(1)
            2: 1000001000 if 0 link 101 28/28 conn Some(1)
            interface: link type 101, snap length 65535, 1000000 ticks/s
        "#]],
    );
}
