//! pcapng: what is read of files built block by block.

mod common;

use common::file::{File, IPV4_UDP, check, ethernet, held};
use common::ingest;
use expect_test::{Expect, expect};
use ingest::Options;

#[test]
fn interfaces_have_their_own_clocks() {
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
fn sections_change_byte_order_and_interfaces() {
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
            3: 2000000000 if 1 link 101 32/32 conn Some(1)
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

/// A file with a block of every kind.
fn whole(big_endian: bool) -> File {
    File::new(big_endian)
        .section(|section| section.option(1, b"made by hand").option(4, b"kfl").option(0, b""))
        .interface(1, |options| {
            options
                .option(1, b"at the gate")
                .option(2, b"eth0")
                .option(3, b"uplink")
                .option(9, &[9])
                .option(11, b"\0tcp port 80")
                .option(12, b"Linux 6.1")
                .option(14, &offset(big_endian, -3))
                .option(15, b"i210\0")
        })
        .interface(101, |options| options.option(11, &[1, 0, 0, 0]))
        .names(|records| {
            records
                .name(1, b"\x0a\0\0\x01client\0client.example\0")
                .name(2, b"\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01six\0")
                .name(0, b"")
                .option(2, b"resolver")
        })
        .secrets(0x544c_534b, b"CLIENT_RANDOM 00 11\n")
        .packet(0, 4_000_000_007, &ethernet(), |options| {
            options
                .option(1, b"one")
                .option(2, &[0; 4])
                .option(1, "zwei\u{e4}".as_bytes())
                .number(4, 5)
        })
        .obsolete_packet(1, 7, 2_000_000, &IPV4_UDP)
        .obsolete_packet(1, u16::MAX, 2_000_001, &IPV4_UDP)
        .simple_packet(46, &ethernet())
        // The systemd journal, both custom blocks, and one that nobody knows.
        .block(9, File::new(big_endian).padded(b"__REALTIME_TIMESTAMP=1\n"))
        .block(0x0bad, File::new(big_endian).u32(32473).padded(b"custom"))
        .block(0x4000_0bad, File::new(big_endian).u32(32473))
        .block(0x8000_1234, File::new(big_endian))
        .statistics(0, |counts| counts.number(4, 900).number(5, 100))
        .statistics(0, |counts| {
            counts
                .number(4, 1000)
                .number(5, 110)
                .number(6, 980)
                .number(7, 10)
                .number(8, 870)
        })
}

#[test]
fn every_kind_of_block_in_both_byte_orders() {
    let [little, big] = [false, true].map(|big_endian| held(&whole(big_endian)));
    assert_eq!(little, big);
    expect![[r#"
        1: 1000000007 if 0 link 1 46/46 conn Some(1) one
        zweiä
        2: 2000000000 if 1 link 101 32/32 conn Some(1)
        3: 2000001000 if 1 link 101 32/32 conn Some(1)
        4: 2000001000 if 0 link 1 46/46 conn Some(1)
        interface: link type 1, 1000000000 ticks/s, eth0, description uplink, filter tcp port 80, system Linux 6.1, hardware i210, received 1000, accepted 980, dropped 120
        interface: link type 101, 1000000 ticks/s, dropped 7
        comment: made by hand
        comment: at the gate
        dropped: 120 on eth0
        dropped: 7 on interface 1
        secrets: [0a, 00, 00, 00] [28, 00, 00, 00] [4b, 53, 4c, 54] [14, 00, 00, 00] [43, 4c, 49, 45] [4e, 54, 5f, 52] [41, 4e, 44, 4f] [4d, 20, 30, 30] [20, 31, 31, 0a] [28, 00, 00, 00]
    "#]].assert_eq(&little);
}

#[test]
fn sections_follow_each_other_whatever_their_order_and_length() {
    let known = |big_endian: bool| {
        let mut file = whole(big_endian);
        // The section's length in the header, of all that follows the header.
        let header = file.bytes[4..8].try_into().expect("four bytes");
        let header = if big_endian {
            u32::from_be_bytes(header)
        } else {
            u32::from_le_bytes(header)
        };
        let length = file.bytes.len() as i64 - i64::from(header);
        file.bytes.splice(16..24, offset(big_endian, length));
        file
    };
    let bytes = [known(true), whole(false), known(false)]
        .map(|file| file.bytes)
        .concat();
    let (kept, report) = ingest(&bytes, &Options::default());
    assert_eq!((kept.rows("packets"), report.packets), (12, 12));
    assert_eq!((report.interfaces.len(), report.comments.len()), (6, 6));
    assert_eq!((report.dropped, report.drops.len()), (Some(381), 6));
    assert!(report.anomalies.is_empty());
}

#[test]
fn resolutions_as_fine_and_coarse_as_can_be() {
    let clocks: &[u8] = &[0, 3, 6, 9, 12, 20, 127, 0x80, 0x80 | 20, 0x80 | 64, 0xff];
    let mut file = File::new(false).section(|section| section);
    for clock in clocks {
        file = file.interface(101, |options| options.option(9, &[*clock]));
    }
    for interface in 0..clocks.len() as u32 {
        for ticks in [1 << 33, u64::MAX] {
            file = file.packet(interface, ticks, &[], |options| options);
        }
    }
    let file = file
        .interface(101, |options| options.option(14, &offset(false, i64::MIN)))
        .interface(101, |options| options.option(14, &offset(false, i64::MAX)))
        .packet(clocks.len() as u32, 1, &[], |options| options)
        .packet(clocks.len() as u32 + 1, u64::MAX, &[], |options| options);
    check(
        file,
        expect![[r#"
        1: 8589934592000000000 if 0 link 101 0/0 conn None
        2: 9223372036854775807 if 0 link 101 0/0 conn None
        3: 8589934592000000 if 1 link 101 0/0 conn None
        4: 9223372036854775807 if 1 link 101 0/0 conn None
        5: 8589934592000 if 2 link 101 0/0 conn None
        6: 9223372036854775807 if 2 link 101 0/0 conn None
        7: 8589934592 if 3 link 101 0/0 conn None
        8: 9223372036854775807 if 3 link 101 0/0 conn None
        9: 8589934 if 4 link 101 0/0 conn None
        10: 18446744073709551 if 4 link 101 0/0 conn None
        11: 0 if 5 link 101 0/0 conn None
        12: 184467440 if 5 link 101 0/0 conn None
        13: 0 if 6 link 101 0/0 conn None
        14: 0 if 6 link 101 0/0 conn None
        15: 8589934592000000000 if 7 link 101 0/0 conn None
        16: 9223372036854775807 if 7 link 101 0/0 conn None
        17: 8192000000000 if 8 link 101 0/0 conn None
        18: 9223372036854775807 if 8 link 101 0/0 conn None
        19: 0 if 9 link 101 0/0 conn None
        20: 999999999 if 9 link 101 0/0 conn None
        21: 0 if 10 link 101 0/0 conn None
        22: 0 if 10 link 101 0/0 conn None
        23: -9223372036854775808 if 11 link 101 0/0 conn None
        24: 9223372036854775807 if 12 link 101 0/0 conn None
        interface: link type 101, 1 ticks/s
        interface: link type 101, 1000 ticks/s
        interface: link type 101, 1000000 ticks/s
        interface: link type 101, 1000000000 ticks/s
        interface: link type 101, 1000000000000 ticks/s
        interface: link type 101, 10^20 ticks/s
        interface: link type 101, 10^127 ticks/s
        interface: link type 101, 1 ticks/s
        interface: link type 101, 1048576 ticks/s
        interface: link type 101, 2^64 ticks/s
        interface: link type 101, 2^127 ticks/s
        interface: link type 101, 1000000 ticks/s
        interface: link type 101, 1000000 ticks/s
        anomaly: IP needs 1 bytes, the packet holds 0
    "#]],
    );
}

#[test]
fn simple_packets_are_cut_by_snap_length_and_padding_alone() {
    let odd = |snap_length: u32, original: u32, data: &[u8]| {
        let file = File::new(false).section(|section| section);
        let body = file.body().u16(101).u16(0).u32(snap_length);
        file.block(1, body).simple_packet(original, data)
    };
    let files = [
        odd(0, 31, &IPV4_UDP[..31]),
        odd(29, 32, &IPV4_UDP[..29]),
        odd(100, 32, &IPV4_UDP),
        odd(0, 500, &IPV4_UDP),
    ];
    check(
        File::new(false).raw(&files.map(|file| file.bytes).concat()),
        expect![[r#"
            1: 0 if 0 link 101 31/31 conn Some(1)
            2: 0 if 1 link 101 29/32 conn Some(1)
            3: 0 if 2 link 101 32/32 conn Some(1)
            4: 0 if 3 link 101 32/500 conn Some(1)
            interface: link type 101, 1000000 ticks/s
            interface: link type 101, snap length 29, 1000000 ticks/s
            interface: link type 101, snap length 100, 1000000 ticks/s
            interface: link type 101, 1000000 ticks/s
        "#]],
    );
}

#[test]
fn packets_tell_what_was_dropped_if_no_statistics_do() {
    check(
        File::new(true)
            .section(|section| section)
            .interface(101, |options| options)
            .interface(101, |options| options.option(2, b"wlan0"))
            .packet(0, 1, &IPV4_UDP, |options| options.number(4, 3))
            .packet(0, 2, &IPV4_UDP, |options| options.number(4, u64::MAX))
            .packet(0, 3, &IPV4_UDP, |options| options.number(4, 4))
            .packet(1, 4, &IPV4_UDP, |options| options.number(4, 9))
            .statistics(1, |counts| counts.number(4, 100).number(5, 0))
            .statistics(1, |counts| counts.number(4, u64::MAX)),
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 2000 if 0 link 101 32/32 conn Some(1)
            3: 3000 if 0 link 101 32/32 conn Some(1)
            4: 4000 if 1 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s, dropped 7
            interface: link type 101, 1000000 ticks/s, wlan0, received 100, dropped 0
            dropped: 7 on interface 0
        "#]],
    );
}

#[test]
fn texts_end_at_their_first_nul_and_any_bytes_are_text() {
    check(
        File::new(false)
            .section(|section| section.option(1, b"ends\0here").option(1, b""))
            .interface(101, |options| options.option(2, b"\xff\xfe\0").option(3, b"\0"))
            .packet(0, 1, &IPV4_UDP, |options| {
                options.option(1, b"a\0b").option(1, b"\xc3").option(1, b"")
            }),
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1) a
            �
            interface: link type 101, 1000000 ticks/s, ��
            comment: ends
        "#]],
    );
}

/// What a damaged file gives after a sound packet and before another.
#[track_caller]
fn check_damage(damaged: impl FnOnce(File) -> File, expect: Expect) {
    let file = File::new(false)
        .section(|section| section)
        .interface(101, |options| options)
        .packet(0, 1, &IPV4_UDP, |options| options);
    check(damaged(file).packet(0, 2, &IPV4_UDP, |options| options), expect);
}

#[test]
fn damage_inside_a_block_costs_that_block() {
    check_damage(
        |file| file.packet(3, 0, &IPV4_UDP, |options| options),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        2: 2000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the block at byte 112 was passed over: a packet of an interface that the section does not describe
    "#]],
    );
    let long = |file: &File| file.body().u32(0).u64(0).u32(33).u32(33).raw(&IPV4_UDP);
    check_damage(
        |file| {
            let body = long(&file);
            file.block(6, body)
        },
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 2000 if 0 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s
            anomaly: the block at byte 112 was passed over: a packet longer than its block
        "#]],
    );
    check_damage(
        |file| file.block(6, File::new(false).u32(0)),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        2: 2000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the block at byte 112 was passed over: a packet block that is too short
    "#]],
    );
    check_damage(
        |file| file.names(|records| records.u16(1).u16(100).u32(0)),
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 2000 if 0 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s
            anomaly: the block at byte 112 was passed over: a name record longer than its block
        "#]],
    );
    check_damage(
        |file| file.block(10, File::new(false).u32(0x544c_534b).u32(5).u32(0)),
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 2000 if 0 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s
            anomaly: the block at byte 112 was passed over: secrets longer than their block
        "#]],
    );
    check_damage(
        |file| file.statistics(1, |counts| counts),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        2: 2000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the block at byte 112 was passed over: statistics of an interface that the section does not describe
    "#]],
    );
    // Options that do not fit are no options.
    check_damage(
        |file| {
            file.packet(0, 3, &IPV4_UDP, |options| {
                options.option(1, b"kept").u16(1).u16(99).u32(0)
            })
        },
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 3000 if 0 link 101 32/32 conn Some(1) kept
            3: 2000 if 0 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s
        "#]],
    );
}

#[test]
fn damage_of_a_frame_ends_the_reading() {
    let framed = |first: u32, last: u32| move |file: File| file.u32(0x8000_1234).u32(first).u32(0).u32(last);
    check_damage(
        framed(16, 16),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        2: 2000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
    "#]],
    );
    check_damage(
        framed(16, 20),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: the lengths at the two ends of a block differ
    "#]],
    );
    check_damage(
        framed(8, 8),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: a block length that is too short
    "#]],
    );
    check_damage(
        framed(0x7fff_fff0, 0),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: a block longer than the limit block_bytes
    "#]],
    );
    check_damage(
        |file| file.block(1, File::new(false).u32(1)),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: an interface description that is too short
    "#]],
    );
    check_damage(
        |file| file.raw(&[0; 40]),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: a block length that is too short
    "#]],
    );
    let version = |major| File::new(false).u32(0x1a2b_3c4d).u16(major).u16(0).u64(u64::MAX);
    check_damage(
        |file| file.block(0x0a0d_0d0a, version(2)),
        expect![[r#"
        1: 1000 if 0 link 101 32/32 conn Some(1)
        interface: link type 101, 1000000 ticks/s
        anomaly: the record at byte 112 cannot be read: a section of a version other than 1.0
    "#]],
    );
    check(
        File::new(false).raw(&whole(false).bytes[..10]),
        expect![[r#"
        anomaly: the file ends inside the record that begins at byte 0
    "#]],
    );
}

#[test]
fn lengths_that_leave_the_padding_out_are_read() {
    check_damage(
        |file| {
            let body = file.body().u32(0).u64(0).u32(29).u32(32).padded(&IPV4_UDP[..29]);
            file.u32(6).u32(8 + 20 + 29 + 4).raw(&body.bytes).u32(8 + 20 + 29 + 4)
        },
        expect![[r#"
            1: 1000 if 0 link 101 32/32 conn Some(1)
            2: 0 if 0 link 101 29/32 conn Some(1)
            3: 2000 if 0 link 101 32/32 conn Some(1)
            interface: link type 101, 1000000 ticks/s
        "#]],
    );
}

#[test]
fn secrets_are_bounded() {
    let file = File::new(true)
        .section(|section| section)
        .secrets(0x544c_534b, &[b'a'; 100])
        .secrets(0x544c_534b, &[b'b'; 100])
        .secrets(0x5747_4b4c, b"c");
    let limits = ingest::Limits {
        secrets_bytes: 150,
        ..ingest::Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let (_, report) = ingest(&file.bytes, &options);
    assert_eq!(report.secrets.len(), 120 + 24);
    let kinds: Vec<_> = report
        .anomalies
        .iter()
        .map(|(kind, finding)| (kind, finding.count))
        .collect();
    assert_eq!(kinds, [("limit_secrets_bytes".to_owned(), 1)]);
}

/// Steps so small that blocks of the file fall apart over them.
fn small_steps() -> Options {
    let limits = ingest::Limits {
        read_bytes: 64,
        epoch_bytes: 200,
        ..ingest::Limits::default()
    };
    Options {
        limits,
        ..Options::default()
    }
}

#[test]
fn byte_order_and_steps_of_reading_change_nothing() {
    let (little, report) = ingest(&whole(false).bytes, &Options::default());
    let (big, report_of_big) = ingest(&whole(true).bytes, &Options::default());
    assert_eq!((&little, &report), (&big, &report_of_big));
    let (_, report_of_steps) = ingest(&whole(true).bytes, &small_steps());
    assert_eq!(report, report_of_steps);
}

#[test]
fn a_cut_keeps_all_before_it() {
    let file = whole(false);
    let mut ends = vec![0];
    while let Some(length) = file.bytes[ends[ends.len() - 1]..].get(4..8) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        ends.push(ends[ends.len() - 1] + length as usize);
    }
    for cut in 12..file.bytes.len() {
        let (kept, report) = ingest(&file.bytes[..cut], &Options::default());
        let before = *ends.iter().rfind(|end| **end <= cut).expect("the first is 0");
        let (expected, _) = ingest(&file.bytes[..before], &Options::default());
        assert_eq!(
            kept.of("packets").collect::<Vec<_>>(),
            expected.of("packets").collect::<Vec<_>>()
        );
        let told: Vec<_> = report
            .anomalies
            .iter()
            .map(|(_, finding)| finding.first.clone())
            .collect();
        let offset = before as u64;
        let cut_file = (before < cut).then_some(ingest::Anomaly::CutFile { offset });
        assert_eq!(told, Vec::from_iter(cut_file), "cut at {cut}");
    }
}

#[test]
fn any_damage_gives_rows_or_anomalies() {
    let mut random = fastrand::Rng::with_seed(17);
    let sound = [whole(false), whole(true)].map(|file| file.bytes).concat();
    for round in 0..1000 {
        let mut damaged = sound.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(12..damaged.len());
            match random.u8(0..4) {
                // Lengths and codes are small numbers, and those next to what they can be find the most.
                0 => damaged[at] = random.u8(..),
                1 => damaged[at] = damaged[at].wrapping_add(random.u8(0..9)).wrapping_sub(4),
                2 => damaged[at] = *random.choice([0, 1, 0x7f, 0x80, 0xff].iter()).expect("there are some"),
                _ => {
                    let end = (at + random.usize(0..40)).min(damaged.len());
                    damaged.drain(at..end);
                    damaged.truncate(damaged.len().max(12));
                    damaged.resize(damaged.len().max(13), 0);
                }
            }
        }
        let options = if round % 4 == 0 {
            small_steps()
        } else {
            Options::default()
        };
        let (kept, report) = ingest(&damaged, &Options { threads: 1, ..options });
        assert_eq!(kept.rows("packets") as u64, report.packets, "round {round}");
        assert!(report.packets <= 40, "round {round}");
    }
}
