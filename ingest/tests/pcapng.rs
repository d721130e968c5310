//! pcapng: what is read of files built block by block.

mod common;

use common::file::{File, IPV4_UDP, check, ethernet};
use common::ingest;
use expect_test::expect;
use ingest::Options;

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
