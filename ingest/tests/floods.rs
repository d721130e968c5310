//! Floods: more connections, fragments and holes than the bounds let through. What was given up is told, everything else is right, and
//! the number of threads leaves no trace.

mod common;

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use common::file::File;
use common::{Kept, ingest};
use ingest::{Limits, Options, Report};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const FIN_ACK: u8 = 0x11;
const SYN_ACK: u8 = 0x12;
const SERVER: u32 = 0x0a00_0001;

fn ipv4(protocol: u8, source: u32, destination: u32, identification: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16 + 20;
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0];
    for word in [length, identification, fragment, u16::from_be_bytes([64, protocol]), 0] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(source.to_be_bytes());
    frame.extend(destination.to_be_bytes());
    frame.extend(payload);
    frame
}

fn tcp(ports: [u16; 2], sequence: u32, acknowledgment: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = ports.map(u16::to_be_bytes).as_flattened().to_vec();
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgment.to_be_bytes());
    segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

fn udp(ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let words = [ports[0], ports[1], payload.len() as u16 + 8, 0].map(u16::to_be_bytes);
    [words.as_flattened(), payload].concat()
}

/// One call over a connection of its own, packet by packet.
fn call() -> Vec<Vec<u8>> {
    let request = b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (client, server) = (0xc0a8_0001, 0xc0a8_0002);
    let to = |sequence, acknowledgment, flags, payload: &[u8]| {
        ipv4(
            6,
            client,
            server,
            1,
            0,
            &tcp([30_000, 80], sequence, acknowledgment, flags, payload),
        )
    };
    let from = |sequence, acknowledgment, flags, payload: &[u8]| {
        ipv4(
            6,
            server,
            client,
            1,
            0,
            &tcp([80, 30_000], sequence, acknowledgment, flags, payload),
        )
    };
    let (asked, answered) = (101 + request.len() as u32, 501 + response.len() as u32);
    vec![
        to(100, 0, SYN, b""),
        from(500, 101, SYN_ACK, b""),
        to(101, 501, ACK, request),
        from(501, asked, ACK, response),
        to(asked, answered, FIN_ACK, b""),
        from(answered, asked + 1, FIN_ACK, b""),
    ]
}

/// Ingests a flood, with one slow call spread over half of it, in the least memory there is.
fn flood(packets: u32, frame: impl Fn(u32) -> Vec<u8>) -> (Kept, Report) {
    let mut file = File::new(false).pcap_header(0xa1b2_c3d4, 1);
    let call = call();
    let pause = packets as usize / call.len() / 2;
    for number in 0..packets {
        let seconds = 1_700_000_000 + number / 10_000;
        let fraction = number % 10_000 * 100;
        if let Some(frame) = call
            .get(number as usize / pause)
            .filter(|_| (number as usize).is_multiple_of(pause))
        {
            file = file.pcap_packet(seconds, fraction, frame.len() as u32, frame);
        }
        let frame = frame(number);
        file = file.pcap_packet(seconds, fraction, frame.len() as u32, &frame);
    }
    let options = |threads| Options {
        threads,
        limits: Limits::within(0),
        ..Options::default()
    };
    let one = ingest(&file.bytes, &options(1));
    assert_eq!(one, ingest(&file.bytes, &options(3)), "threads leave no trace");
    one
}

fn sum(kept: &Kept, table: &str, column: &str) -> i64 {
    kept.of(table)
        .map(|batch| {
            let values = batch.column_by_name(column).expect("a column of the table");
            values.as_primitive::<Int64Type>().iter().flatten().sum::<i64>()
        })
        .sum()
}

#[track_caller]
fn check(packets: u32, frame: impl Fn(u32) -> Vec<u8>, anomalies: &[&str]) {
    let (kept, report) = flood(packets, frame);
    assert_eq!(report.packets, u64::from(packets) + 6);
    assert_eq!(kept.rows("packets") as u64, report.packets, "every packet is stored");
    let found: Vec<String> = report.anomalies.iter().map(|(kind, _)| kind).collect();
    for anomaly in anomalies {
        assert!(found.iter().any(|kind| kind == anomaly), "{anomaly} is told: {found:?}");
    }
    let statuses: Vec<i64> = kept
        .of("http")
        .flat_map(|batch| {
            let status = batch.column_by_name("status_code").expect("a column of the table");
            status.as_primitive::<Int64Type>().iter().flatten().collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(statuses, [200], "the call beside the flood is whole");
    let histories = kept.of("conns").flat_map(|batch| {
        let history = batch
            .column_by_name("conn_history")
            .expect("a column of the table")
            .as_string::<i32>();
        (0..history.len())
            .map(|row| history.value(row).to_owned())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        histories.filter(|history| history == "ShDdFf").count(),
        1,
        "and one connection"
    );
}

/// Connections that are given up keep what they counted.
#[track_caller]
fn check_counted(packets: u32, frame: impl Fn(u32) -> Vec<u8> + Copy, anomalies: &[&str]) {
    check(packets, frame, anomalies);
    let (kept, report) = flood(packets, frame);
    let counted = |table, local, remote| sum(&kept, table, local) + sum(&kept, table, remote);
    let of_connections = counted("conns", "conn_local_pkts", "conn_remote_pkts");
    assert_eq!(of_connections, report.packets as i64);
    assert_eq!(counted("flows", "flow_local_pkts", "flow_remote_pkts"), of_connections);
    assert_eq!(sum(&kept, "flows", "flow_conns"), kept.rows("conns") as i64);
}

#[test]
fn a_flood_of_syns() {
    let syn = |number: u32| {
        let source = number.wrapping_mul(0x9e37_79b9);
        ipv4(6, source, SERVER, 1, 0, &tcp([number as u16, 80], number, 0, SYN, b""))
    };
    check_counted(40_000, syn, &["connection_limit", "flow_limit"]);
}

#[test]
fn a_flood_of_datagrams() {
    let datagram = |number: u32| {
        let (source, destination) = (number.wrapping_mul(0x9e37_79b9), number.wrapping_mul(0x85eb_ca6b));
        ipv4(17, source, destination, 1, 0, &udp([number as u16, 9999], b"x"))
    };
    check_counted(40_000, datagram, &["connection_limit", "flow_limit"]);
}

#[test]
fn a_flood_of_pings() {
    let ping = |number: u32| {
        let words = [0x0800, 0, number as u16, 1].map(u16::to_be_bytes);
        ipv4(1, number.wrapping_mul(0x9e37_79b9), SERVER, 1, 0, words.as_flattened())
    };
    check_counted(40_000, ping, &["connection_limit", "flow_limit"]);
}

#[test]
fn a_flood_of_fragments() {
    const MORE: u16 = 0x2000;
    let fragment = |number: u32| {
        ipv4(
            17,
            number.wrapping_mul(0x9e37_79b9),
            SERVER,
            number as u16,
            MORE,
            &[b'f'; 800],
        )
    };
    check(6_000, fragment, &["fragments_dropped", "incomplete_datagram"]);
}

#[test]
fn a_hole_that_never_fills() {
    let behind = |number: u32| {
        let sequence = 5000_u32.wrapping_add(number.wrapping_mul(1400));
        let segment = match number {
            0 => tcp([4000, 80], 0, 0, SYN, b""),
            _ => tcp([4000, 80], sequence, 1, ACK, &[b'z'; 1400]),
        };
        ipv4(6, 0x0102_0304, SERVER, 1, 0, &segment)
    };
    check_counted(6_000, behind, &["gap", "reassembly_limit"]);
}

#[test]
fn holes_everywhere() {
    // Every second segment of many connections is missing.
    let segment = |number: u32| {
        let (connection, nth) = (number % 500, number / 500);
        let segment = match nth {
            0 => tcp([4000, 80], 0, 0, SYN, b""),
            _ => tcp([4000, 80], nth * 2000, 1, ACK, &[b'z'; 1000]),
        };
        ipv4(6, 0x0100_0000 + connection, SERVER, 1, 0, &segment)
    };
    check_counted(12_000, segment, &["gap", "reassembly_limit"]);
}

#[test]
fn sequence_numbers_that_jump() {
    let jump = |number: u32| {
        let sequence = number.wrapping_mul(0x7fff_0000);
        ipv4(
            6,
            0x0102_0304,
            SERVER,
            1,
            0,
            &tcp([4000, 80], sequence, 1, ACK, &[b'z'; 100]),
        )
    };
    check_counted(20_000, jump, &["gap", "malformed_tcp"]);
}

#[test]
fn connections_that_are_over_hold_nothing() {
    const CALLS: u32 = 400;
    let body = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".as_slice(),
        &[b'b'; 5000],
    ]
    .concat();
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let (asked, answered) = (101 + request.len() as u32, 501 + body.len() as u32);
    let mut file = File::new(false).pcap_header(0xa1b2_c3d4, 1);
    for number in 0..CALLS {
        let (client, port) = (0xc0a8_0001, 30_000 + number as u16);
        let to = |sequence, acknowledgment, flags, payload: &[u8]| {
            let segment = tcp([port, 80], sequence, acknowledgment, flags, payload);
            ipv4(6, client, SERVER, 1, 0, &segment)
        };
        let from = |sequence, acknowledgment, flags, payload: &[u8]| {
            let segment = tcp([80, port], sequence, acknowledgment, flags, payload);
            ipv4(6, SERVER, client, 1, 0, &segment)
        };
        let opening = [
            to(100, 0, SYN, b""),
            from(500, 101, SYN_ACK, b""),
            to(101, 501, ACK, request),
        ];
        let segments = body.chunks(1448).zip((501..).step_by(1448));
        let answer = segments.map(|(bytes, sequence)| from(sequence, asked, ACK, bytes));
        let end = [
            from(answered, asked, FIN_ACK, b""),
            to(asked, answered + 1, FIN_ACK, b""),
        ];
        for frame in opening.into_iter().chain(answer).chain(end) {
            file = file.pcap_packet(1_700_000_000, number, frame.len() as u32, &frame);
        }
    }
    let limits = Limits {
        dissect_bytes_per_shard: 32 << 10,
        ..Limits::default()
    };
    let (kept, report) = ingest(
        &file.bytes,
        &Options {
            limits,
            ..Options::default()
        },
    );
    let found: Vec<String> = report.anomalies.iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        found, [""; 0],
        "what a connection held is free once both sides have ended it"
    );
    assert_eq!(kept.rows("http"), CALLS as usize);
}
