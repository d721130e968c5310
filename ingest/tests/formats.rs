//! Capture formats: what is read of files built byte by byte.

mod common;

use common::file::{File, IPV4_UDP, check, ethernet};
use expect_test::expect;

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
