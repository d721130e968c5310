//! Payload that no dissector knows, and what the user says of ports.

mod common;

use expect_test::{Expect, expect};
use ingest::talk::Talk;
use ingest::{Options, Recognition};

/// The entries of a talk if payload that nobody knows becomes rows.
#[track_caller]
fn check(talk: &str, expect: Expect) {
    let recognition = Recognition {
        raw_entries: true,
        ..Recognition::default()
    };
    expect.assert_eq(&entries(talk, recognition));
}

fn entries(talk: &str, recognition: Recognition) -> String {
    let options = Options {
        recognition,
        ..Options::default()
    };
    common::entries(&common::ingest(&Talk::parse(talk).pcap(), &options).0)
}

const UNKNOWN: &str = r"10.0.0.1:51000 > 10.0.0.2:7
> helo \x00\xff there
< 1 you?
> more
";

#[test]
fn each_half_of_a_tcp_connection_that_nobody_knows_is_a_row() {
    check(
        UNKNOWN,
        expect![[r#"
        tcp id=4 index=0 method=data summary="→ helo .. theremore" request_packet=4 tcp_method=data tcp_payload="helo \0� theremore"
        tcp id=5 index=0 method=data summary="← 1 you?" response_packet=5 tcp_method=data tcp_payload="1 you?"
    "#]],
    );
}

#[test]
fn first_payload_ends_at_a_gap() {
    check(
        r"10.0.0.1:51000 > 10.0.0.2:7
> one two
> three
> four
< ok
  drop 5
",
        expect![[r#"
            tcp id=4 index=0 method=data summary="→ one two" request_packet=4 tcp_method=data tcp_payload="one two"
            tcp id=6 index=0 method=data summary="← ok" response_packet=6 tcp_method=data tcp_payload=ok
        "#]],
    );
}

#[test]
fn rows_of_the_unknown_are_made_only_if_asked_for() {
    assert_eq!(entries(UNKNOWN, Recognition::default()), "");
}

#[test]
fn what_a_dissector_takes_is_no_row_of_the_unknown() {
    check(
        r"10.0.0.1:51000 > 10.0.0.2:80
> GET / HTTP/1.1\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET / → 204" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 request_headers_size=18 request_body_size=0 response_headers_size=27 response_body_size=0
        "#]],
    );
}

#[test]
fn each_datagram_that_nobody_knows_is_a_row() {
    check(
        r"10.0.0.1:51000 > 10.0.0.2:9 udp
> one
< two
> 3
> 4
> 5
",
        expect![[r#"
            udp id=1 index=0 method=datagram summary="→ one" request_packet=1 udp_length=11 udp_checksum=20517 udp_payload=one
            udp id=2 index=0 method=datagram summary="← two" response_packet=2 udp_length=11 udp_checksum=16668 udp_payload=two
            udp id=3 index=0 method=datagram summary="→ 3" request_packet=3 udp_length=9 udp_checksum=61847 udp_payload=3
            udp id=4 index=0 method=datagram summary="→ 4" request_packet=4 udp_length=9 udp_checksum=61591 udp_payload=4
            udp id=5 index=0 method=datagram summary="→ 5" request_packet=5 udp_length=9 udp_checksum=61335 udp_payload=5
        "#]],
    );
}

#[test]
fn a_connection_that_nobody_answers_or_that_is_reset_is_a_row() {
    check(
        r"10.0.0.1:51000 > 10.0.0.2:9
> never sent
  drop 2 3 4 · open
",
        expect![[r#"
            tcp id=1 index=0 method=connect summary="nobody answered the SYN" request_packet=1 tcp_method=connect tcp_error_type=timeout tcp_error_message="nobody answered the SYN"
        "#]],
    );
}

#[test]
fn a_port_that_is_said_to_speak_a_protocol_speaks_it_if_content_allows() {
    // A question of a type that nobody asks for.
    let talk = r"10.0.0.1:51000 > 10.0.0.2:7000 udp
> \x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\xff\x00\x00\x01
";
    assert_eq!(entries(talk, Recognition::default()), "");
    let mut recognition = Recognition::default();
    recognition.ports.say(7000, "dns").unwrap();
    expect![[r#"
        dns id=1 index=0 method=QUERY summary="TYPE65280 a" request_packet=1 dns_questions=[a] dns_question_types=[TYPE65280] dns_request=true dns_response=false dns_request_length=19 dns_total_size=19 dns_id=4660 dns_flags=[RD]
    "#]].assert_eq(&entries(talk, recognition));
}

#[test]
fn only_protocols_that_there_are_can_be_said_of_a_port() {
    let names = Recognition::default().ports.say(7000, "gopher").unwrap_err();
    assert!(names.contains(&"HTTP") && names.contains(&"DNS"), "{names:?}");
}
