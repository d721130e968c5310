use expect_test::{Expect, expect};

use super::{TCP, UDP};
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

const QUERY: &str = r"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01";
const ANSWER: &str = r"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x01\x03www\x07example\x03com\x00\x00\x01\x00\x01\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01a\xc0\x10\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00";

#[track_caller]
fn check_udp(talk: &str, expect: Expect) {
    check_rows(&UDP, &format!("10.0.0.1:51000 > 10.0.0.2:53 udp\n{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn a_query_and_its_response_are_one_row() {
    check_udp(
        &format!("> {QUERY}\n< {ANSWER}"),
        expect![[r#"
            dns id=1 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A www.example.com → a.example.com and 1 more" request_packet=1 response_packet=2 dns_questions=[www.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
        "#]],
    );
}

#[test]
fn a_query_sent_again_is_a_row_of_its_own() {
    check_udp(
        &format!("> {QUERY}\n> {QUERY}\n< {ANSWER}"),
        expect![[r#"
            dns id=1 index=0 elapsed_time=2000 status_code=0 method=QUERY summary="A www.example.com → a.example.com and 1 more" request_packet=1 response_packet=3 dns_questions=[www.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            dns id=2 index=0 method=QUERY summary="A www.example.com" request_packet=2 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4660 dns_flags=[RD]
        "#]],
    );
}

#[test]
fn a_response_answers_the_query_with_its_id_and_question() {
    let other_id = QUERY.replacen(r"\x12\x34", r"\x12\x35", 1);
    let other_name = QUERY.replacen("www", "ftp", 1);
    let other_case = QUERY.replacen("www", "wWw", 1);
    check_udp(
        &format!("> {other_id}\n> {other_name}\n> {other_case}\n< {ANSWER}"),
        expect![[r#"
            dns id=3 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A wWw.example.com → a.example.com and 1 more" request_packet=3 response_packet=4 dns_questions=[wWw.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            dns id=1 index=0 method=QUERY summary="A www.example.com" request_packet=1 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4661 dns_flags=[RD]
            dns id=2 index=0 method=QUERY summary="A ftp.example.com" request_packet=2 dns_questions=[ftp.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4660 dns_flags=[RD]
        "#]],
    );
}

#[test]
fn the_side_that_asks_is_the_client_and_response_codes_have_names() {
    let refused = QUERY.replacen(r"\x01\x00", r"\x81\x05", 1);
    check_udp(
        &format!("< {QUERY}\n> {refused}"),
        expect![[r#"
            dns id=1 index=0 elapsed_time=1000 status_code=5 method=QUERY summary="A www.example.com → REFUSED" request_packet=1 response_packet=2 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=33 dns_total_size=66 dns_id=4660 dns_rcode=REFUSED dns_flags=[RD]
        "#]],
    );
}

#[test]
fn the_response_code_has_its_high_bits_in_the_opt_record() {
    let badvers = r"\x12\x34\x80\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x29\x10\x00\x01\x00\x00\x00\x00\x00";
    check_udp(
        &format!("< {badvers}"),
        expect![[r#"
            dns id=1 index=0 status_code=16 method=QUERY summary="QUERY → BADVERS" response_packet=1 dns_request=false dns_response=true dns_response_length=23 dns_total_size=23 dns_id=4660 dns_rcode=BADVERS
        "#]],
    );
}

#[test]
fn a_damaged_message_keeps_what_came_before() {
    let cut = &ANSWER[..ANSWER.len() - r"\x02\x01\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00".len()];
    check_udp(
        &format!("> {QUERY}\n< {cut}\n> \\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\xc0\\x0c\n> abc"),
        expect![[r#"
            dns id=1 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A www.example.com → a.example.com" request_packet=1 response_packet=2 dns_questions=[www.example.com] dns_answers=[a.example.com] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=63 dns_total_size=96 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            dns id=3 index=0 method=QUERY summary=QUERY request_packet=3 dns_request=true dns_response=false dns_request_length=14 dns_total_size=14 dns_id=4660 dns_flags=[RD]
            anomaly malformed_dns 2
        "#]],
    );
}

#[test]
fn every_message_of_mdns_is_a_row() {
    let response = r"\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00\x05_http\x04_tcp\x05local\x00\x00\x0c\x00\x01\x00\x00\x11\x94\x00\x07\x04a.\xc3\xbc\xc0\x0c";
    check_rows(
        &UDP,
        &format!("[fe80::1]:5353 > [ff02::fb]:5353 udp\n> {QUERY}\n> {response}"),
        expect![[r#"
            dns id=1 index=0 method=QUERY summary="A www.example.com" request_packet=1 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4660 dns_flags=[RD]
            dns id=2 index=0 status_code=0 method=QUERY summary="QUERY → a\\.ü._http._tcp.local" response_packet=2 dns_answers=[a\.ü._http._tcp.local] dns_request=false dns_response=true dns_response_length=47 dns_total_size=47 dns_id=0 dns_rcode=NOERROR dns_flags=[AA]
        "#]],
    );
}

#[test]
fn messages_in_a_stream_stand_behind_their_length() {
    check_rows(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:53\n> \\x00\\x21{QUERY}\\x00\\x21{QUERY}\n< \\x00\\x4c{ANSWER}\n< \\x00\\x4c{ANSWER}"
        ),
        expect![[r#"
            dns id=4 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A www.example.com → a.example.com and 1 more" request_packet=4 response_packet=5 dns_questions=[www.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            dns id=4 index=1 elapsed_time=2000 status_code=0 method=QUERY summary="A www.example.com → a.example.com and 1 more" request_packet=4 response_packet=6 dns_questions=[www.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
        "#]],
    );
}

#[test]
fn a_gap_cuts_a_message_of_a_stream_and_the_next_is_read() {
    let (begin, end) = ANSWER.split_at(ANSWER.len() - r"\x02\x01\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00".len());
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:53\n> \\x00\\x21{QUERY}\n< \\x00\\x4c{begin}\n< {end}\n> \\x00\\x21{QUERY}\n< \\x00\\x4c{ANSWER}\n  drop 6"
        ),
        expect![[r#"
            dns id=4 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A www.example.com → a.example.com" request_packet=4 response_packet=5 dns_questions=[www.example.com] dns_answers=[a.example.com] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=63 dns_total_size=96 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            dns id=7 index=0 elapsed_time=1000 status_code=0 method=QUERY summary="A www.example.com → a.example.com and 1 more" request_packet=7 response_packet=8 dns_questions=[www.example.com] dns_answers=[a.example.com,192.0.2.1] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=33 dns_response_length=76 dns_total_size=109 dns_id=4660 dns_rcode=NOERROR dns_flags=[RD,RA]
            anomaly malformed_dns 1
        "#]],
    );
}

#[test]
fn a_stream_out_of_step_is_counted() {
    check_whole(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:53\n> \\x00\\x21{QUERY}\\x00\\x03abc\n> \\x00\\x21{QUERY}"),
        expect![[r#"
            dns id=4 index=0 method=QUERY summary="A www.example.com" request_packet=4 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4660 dns_flags=[RD]
            dns id=5 index=0 method=QUERY summary="A www.example.com" request_packet=5 dns_questions=[www.example.com] dns_question_types=[A] dns_request=true dns_response=false dns_request_length=33 dns_total_size=33 dns_id=4660 dns_flags=[RD]
            anomaly unparsable_dns 1
        "#]],
    );
}

#[test]
fn any_bytes() {
    check_any_bytes(&UDP, &[&format!("10.0.0.1:1 > 10.0.0.2:53 udp\n> {QUERY}\n< {ANSWER}")]);
    check_any_bytes(
        &TCP,
        &[&format!(
            "10.0.0.1:1 > 10.0.0.2:53\n> \\x00\\x21{QUERY}\n< \\x00\\x4c{ANSWER}\n> \\x00\\x21{QUERY}"
        )],
    );
}

#[test]
fn dns_is_recognised_on_any_port_and_netbios_is_not_dns() {
    let udp = |ports, text: &str| recognise(Transport::Udp, ports, &bytes(text));
    assert_eq!(udp([51000, 9], QUERY), Some("DNS"));
    assert_eq!(udp([51000, 9], ANSWER), Some("DNS"));
    assert_eq!(udp([51000, 9], &format!("{QUERY}\\x00")), None);
    assert_eq!(udp([51000, 53], "twelve bytes"), Some("DNS"));
    assert_eq!(udp([51000, 9], "twelve bytes"), None);
    assert_eq!(udp([51000, 53], "short"), None);
    assert_eq!(udp([137, 137], QUERY), None);
    let netbios =
        r"\x12\x34\x01\x10\x00\x01\x00\x00\x00\x00\x00\x00\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00\x00\x21\x00\x01";
    assert_eq!(udp([51000, 9], netbios), None);
    let tcp = |ports, text: &str| recognise(Transport::Tcp, ports, &bytes(text));
    assert_eq!(tcp([51000, 9], &format!("\\x00\\x21{QUERY}")), Some("DNS"));
    assert_eq!(tcp([51000, 9], &format!("\\x00\\x22{QUERY}")), Some("DNS"));
    assert_eq!(tcp([51000, 9], &format!("\\x00\\x20{QUERY}")), None);
    assert_eq!(tcp([51000, 53], "\\x00\\x03abc"), None);
}
