//! SCTP on the whole road: associations to connections, chunks to rows.

mod common;

use expect_test::{Expect, expect};
use ingest::talk::Talk;
use ingest::{Limits, Options};

/// Compares the entries and the connections of a talk.
#[track_caller]
fn check(talk: &str, expect: Expect) {
    let (kept, _) = common::ingest(&Talk::parse(talk).pcap(), &Options::default());
    expect.assert_eq(&(common::entries(&kept) + &common::connections(&kept)));
}

/// An association from its opening to its end; ends choose the tags CCCC and SSSS.
const ASSOCIATION: &str = r"10.0.0.2:40000 > 10.0.0.1:3868 sctp
> \x01\x00\x00\x14CCCC\x00\x00\xff\xff\x00\x0a\x00\x05\x00\x00\x00\x01
< \x02\x00\x00\x14SSSS\x00\x00\xff\xff\x00\x05\x00\x0a\x00\x00\x00\x09
> \x0a\x00\x00\x08cook
< \x0b\x00\x00\x04
> \x00\x03\x00\x13\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00\x2eabc\x00\x00\x02\x00\x14\x00\x00\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00abcd
< \x03\x00\x00\x10\x00\x00\x00\x02\x00\x00\xff\xff\x00\x00\x00\x00
> \x04\x00\x00\x08beat
< \x05\x00\x00\x08beat
> \x07\x00\x00\x08\x00\x00\x00\x08
< \x08\x00\x00\x04
> \x0e\x00\x00\x04
";

#[test]
fn an_association_from_its_opening_to_its_end() {
    check(
        ASSOCIATION,
        expect![[r#"
            sctp id=1 index=0 method=INIT summary="INIT tag 0x43434343, 10 outbound and 5 inbound streams" request_packet=1 sctp_checksum=0 sctp_length=20 sctp_chunk_type=INIT
            sctp id=2 index=0 method="INIT ACK" summary="← INIT ACK tag 0x53535353, 5 outbound and 10 inbound streams" response_packet=2 sctp_checksum=0 sctp_length=20 sctp_chunk_type="INIT ACK"
            sctp id=3 index=0 method="COOKIE ECHO" summary="COOKIE ECHO" request_packet=3 sctp_checksum=0 sctp_length=8 sctp_chunk_type="COOKIE ECHO"
            sctp id=4 index=0 method="COOKIE ACK" summary="← COOKIE ACK" response_packet=4 sctp_checksum=0 sctp_length=4 sctp_chunk_type="COOKIE ACK"
            sctp id=5 index=0 method=DATA summary="DATA stream 0 seq 3 ppid 46 (Diameter), 3 bytes" request_packet=5 sctp_checksum=0 sctp_length=19 sctp_chunk_type=DATA
            sctp id=5 index=1 method=DATA summary="DATA stream 1 seq 0 ppid 0, 4 bytes, first piece" request_packet=5 sctp_checksum=0 sctp_length=20 sctp_chunk_type=DATA
            sctp id=6 index=0 method=SACK summary="← SACK tsn 2" response_packet=6 sctp_checksum=0 sctp_length=16 sctp_chunk_type=SACK
            sctp id=7 index=0 method=HEARTBEAT summary=HEARTBEAT request_packet=7 sctp_checksum=0 sctp_length=8 sctp_chunk_type=HEARTBEAT
            sctp id=8 index=0 method="HEARTBEAT ACK" summary="← HEARTBEAT ACK" response_packet=8 sctp_checksum=0 sctp_length=8 sctp_chunk_type="HEARTBEAT ACK"
            sctp id=9 index=0 method=SHUTDOWN summary="SHUTDOWN tsn 8" request_packet=9 sctp_checksum=0 sctp_length=8 sctp_chunk_type=SHUTDOWN
            sctp id=10 index=0 method="SHUTDOWN ACK" summary="← SHUTDOWN ACK" response_packet=10 sctp_checksum=0 sctp_length=4 sctp_chunk_type="SHUTDOWN ACK"
            sctp id=11 index=0 method="SHUTDOWN COMPLETE" summary="SHUTDOWN COMPLETE" request_packet=11 sctp_checksum=0 sctp_length=4 sctp_chunk_type="SHUTDOWN COMPLETE"
            1 of flow 1: sctp 10.0.0.2:40000 > 10.0.0.1:3868 closed 6/280/7 5/212/0 entries 12 packets [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
        "#]],
    );
}

#[test]
fn an_association_picked_up_at_its_answer_has_the_receiver_as_client() {
    check(
        &format!("{ASSOCIATION}  drop 1 3 4 5 6 7 8 9 10 11\n"),
        expect![[r#"
            sctp id=1 index=0 method="INIT ACK" summary="← INIT ACK tag 0x53535353, 5 outbound and 10 inbound streams" response_packet=1 sctp_checksum=0 sctp_length=20 sctp_chunk_type="INIT ACK"
            1 of flow 1: sctp 10.0.0.2:40000 > 10.0.0.1:3868 open 0/0/0 1/52/0 entries 1 packets [1]
        "#]],
    );
}

#[test]
fn an_association_picked_up_in_mid_stream_goes_by_its_ports() {
    check(
        r"[2001:db8::1]:3868 > [2001:db8::2]:40000 sctp
> \x00\x03\x00\x11\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00a
",
        expect![[r#"
            sctp id=1 index=0 method=DATA summary="← DATA stream 0 seq 3 ppid 0, 1 byte" response_packet=1 sctp_checksum=0 sctp_length=17 sctp_chunk_type=DATA
            1 of flow 1: sctp 2001:db8::2:40000 > 2001:db8::1:3868 in_progress 0/0/0 1/69/1 entries 1 packets [1]
        "#]],
    );
}

#[test]
fn another_opening_after_an_abort_is_another_association() {
    check(
        r"10.0.0.1:40000 > 10.0.0.2:3868 sctp
> \x01\x00\x00\x14AAAA\x00\x00\xff\xff\x00\x01\x00\x01\x00\x00\x00\x01
< \x06\x00\x00\x08\x00\x0d\x00\x04
> \x01\x00\x00\x14BBBB\x00\x00\xff\xff\x00\x01\x00\x01\x00\x00\x00\x01
> \x01\x00\x00\x14BBBB\x00\x00\xff\xff\x00\x01\x00\x01\x00\x00\x00\x01
",
        expect![[r#"
            sctp id=1 index=0 method=INIT summary="INIT tag 0x41414141, 1 outbound and 1 inbound streams" request_packet=1 sctp_checksum=0 sctp_length=20 sctp_chunk_type=INIT
            sctp id=2 index=0 method=ABORT summary="← ABORT protocol violation" response_packet=2 sctp_checksum=0 sctp_length=8 sctp_chunk_type=ABORT
            sctp id=3 index=0 method=INIT summary="INIT tag 0x42424242, 1 outbound and 1 inbound streams" request_packet=3 sctp_checksum=0 sctp_length=20 sctp_chunk_type=INIT
            sctp id=4 index=0 method=INIT summary="INIT tag 0x42424242, 1 outbound and 1 inbound streams" request_packet=4 sctp_checksum=0 sctp_length=20 sctp_chunk_type=INIT
            1 of flow 1: sctp 10.0.0.1:40000 > 10.0.0.2:3868 closed 1/52/0 1/40/0 entries 2 packets [1, 2]
            3 of flow 1: sctp 10.0.0.1:40000 > 10.0.0.2:3868 open 2/104/0 0/0/0 entries 2 packets [3, 4]
        "#]],
    );
}

#[test]
fn chunks_of_unknown_types_and_of_wrong_lengths() {
    check(
        r"10.0.0.1:40000 > 10.0.0.2:9000 sctp
> \xc8\x00\x00\x05a\x00\x00\x00\x40\x02\x00\x15\x00\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x07\x00\x00\x00\x33a\x00\x00\x00\x40\x00\x00\x15\x00\x00\x00\x02\x00\x02\x00\x00\x00\x00\x00\x07\x00\x00\x00\x01b\x00\x00\x00
> \x04\x00\x00\x04\x04\x00\x00\x03\x04\x00\x00\x04
> \x00\x03\xff\xffab
> \x00\x03\x00\x04
",
        expect![[r#"
            sctp id=1 index=0 method="type 200" summary="type 200" request_packet=1 sctp_checksum=0 sctp_length=5 sctp_chunk_type="type 200"
            sctp id=1 index=1 method=I-DATA summary="I-DATA stream 2 message 7 ppid 51 (WebRTC String), 1 byte, first piece" request_packet=1 sctp_checksum=0 sctp_length=21 sctp_chunk_type=I-DATA
            sctp id=1 index=2 method=I-DATA summary="I-DATA stream 2 message 7 piece 1, 1 byte, middle piece" request_packet=1 sctp_checksum=0 sctp_length=21 sctp_chunk_type=I-DATA
            sctp id=2 index=0 method=HEARTBEAT summary=HEARTBEAT request_packet=2 sctp_checksum=0 sctp_length=4 sctp_chunk_type=HEARTBEAT
            sctp id=3 index=0 method=DATA summary=DATA request_packet=3 sctp_checksum=0 sctp_length=65535 sctp_chunk_type=DATA
            sctp id=4 index=0 method=DATA summary=DATA request_packet=4 sctp_checksum=0 sctp_length=4 sctp_chunk_type=DATA
            1 of flow 1: sctp 10.0.0.1:40000 > 10.0.0.2:9000 in_progress 4/206/20 0/0/0 entries 6 packets [1, 2, 3, 4]
        "#]],
    );
}

#[test]
fn what_an_association_carries_is_dissected_message_by_message() {
    // A Device-Watchdog request whose middle comes last and whose end is sent twice; its answer in one chunk.
    check(
        r"10.0.0.1:40000 > 10.0.0.2:3868 sctp
> \x00\x02\x00\x24\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x2e\x01\x00\x00\x28\x80\x00\x01\x18\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02
> \x00\x01\x00\x18\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x2epeer.one
> \x00\x01\x00\x18\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x2epeer.one
> \x00\x00\x00\x1c\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x2e\x00\x00\x01\x08\x40\x00\x00\x14host
< \x00\x03\x00\x30\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x2e\x01\x00\x00\x20\x00\x00\x01\x18\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x01\x0c\x40\x00\x00\x0c\x00\x00\x07\xd1
",
        expect![[r#"
            diameter id=1 index=1 elapsed_time=4000 status_code=2001 method=Device-Watchdog summary="Device-Watchdog from hostpeer.one → SUCCESS" request_packet=1 response_packet=5 diameter_method=Device-Watchdog diameter_summary="Device-Watchdog from hostpeer.one → SUCCESS" diameter_request=true diameter_response=true diameter_request_length=40 diameter_response_length=32 diameter_total_size=72
            sctp id=1 index=0 method=DATA summary="DATA stream 0 seq 0 ppid 46 (Diameter), 20 bytes, first piece" request_packet=1 sctp_checksum=0 sctp_length=36 sctp_chunk_type=DATA
            sctp id=2 index=0 method=DATA summary="DATA stream 0 seq 0 ppid 46 (Diameter), 8 bytes, last piece" request_packet=2 sctp_checksum=0 sctp_length=24 sctp_chunk_type=DATA
            sctp id=3 index=0 method=DATA summary="DATA stream 0 seq 0 ppid 46 (Diameter), 8 bytes, last piece" request_packet=3 sctp_checksum=0 sctp_length=24 sctp_chunk_type=DATA
            sctp id=4 index=0 method=DATA summary="DATA stream 0 seq 0 ppid 46 (Diameter), 12 bytes, middle piece" request_packet=4 sctp_checksum=0 sctp_length=28 sctp_chunk_type=DATA
            sctp id=5 index=0 method=DATA summary="← DATA stream 0 seq 0 ppid 46 (Diameter), 32 bytes" response_packet=5 sctp_checksum=0 sctp_length=48 sctp_chunk_type=DATA
            1 of flow 1: sctp 10.0.0.1:40000 > 10.0.0.2:3868 in_progress 4/240/48 1/80/32 entries 6 packets [1, 2, 3, 4, 5]
        "#]],
    );
}

#[test]
fn an_error_about_an_association_is_its() {
    check(
        &format!(
            "{ASSOCIATION}10.0.0.254:0 > 10.0.0.2:0 icmp\n> \\x0b\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\q5\n  drop 2 3 4 6 7 8 9 10 11\n"
        ),
        expect![[r#"
            icmp id=3 index=0 status_code=0 method="time exceeded" summary="time exceeded: time to live exceeded in transit, from 10.0.0.254, quoting sctp 10.0.0.2:40000 > 10.0.0.1:3868" response_packet=3 icmp_type="time exceeded" icmp_version=4 icmp_length=36
            sctp id=1 index=0 method=INIT summary="INIT tag 0x43434343, 10 outbound and 5 inbound streams" request_packet=1 sctp_checksum=0 sctp_length=20 sctp_chunk_type=INIT
            sctp id=2 index=0 method=DATA summary="DATA stream 0 seq 3 ppid 46 (Diameter), 3 bytes" request_packet=2 sctp_checksum=0 sctp_length=19 sctp_chunk_type=DATA
            sctp id=2 index=1 method=DATA summary="DATA stream 1 seq 0 ppid 0, 4 bytes, first piece" request_packet=2 sctp_checksum=0 sctp_length=20 sctp_chunk_type=DATA
            1 of flow 1: sctp 10.0.0.2:40000 > 10.0.0.1:3868 open 2/124/7 0/0/0 entries 4 packets [1, 2, 3]
        "#]],
    );
}

#[test]
fn a_packet_that_was_cut_keeps_the_chunks_it_has() {
    check(
        &format!("{ASSOCIATION}  drop 1 2 3 4 6 7 8 9 10 11 · snap 72\n"),
        expect![[r#"
            sctp id=1 index=0 method=DATA summary="DATA stream 0 seq 3 ppid 46 (Diameter), 3 bytes" request_packet=1 sctp_checksum=0 sctp_length=19 sctp_chunk_type=DATA
            sctp id=1 index=1 method=DATA summary=DATA request_packet=1 sctp_checksum=0 sctp_length=20 sctp_chunk_type=DATA
            1 of flow 1: sctp 10.0.0.2:40000 > 10.0.0.1:3868 in_progress 1/72/7 0/0/0 entries 2 packets [1]
        "#]],
    );
}

#[test]
fn chunks_beyond_the_limit_are_counted() {
    let limits = Limits {
        sctp_chunks: 1,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let (kept, report) = common::ingest(&Talk::parse(ASSOCIATION).pcap(), &options);
    assert_eq!(kept.rows("sctp"), 11);
    let found: Vec<_> = report
        .anomalies
        .iter()
        .map(|(kind, finding)| (kind, finding.count))
        .collect();
    assert_eq!(found, [("limit_sctp_chunks".to_owned(), 1)]);
}

#[test]
fn any_bytes_give_rows_or_anomalies() {
    let mut random = fastrand::Rng::with_seed(4);
    let bytes = Talk::parse(ASSOCIATION).pcap();
    for round in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..40) {
            let at = random.usize(24..damaged.len());
            damaged[at] = random.u8(..);
        }
        let (kept, report) = common::ingest(&damaged, &Options::default());
        assert_eq!(kept.rows("packets") as u64, report.packets, "round {round}");
    }
}
