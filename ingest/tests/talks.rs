//! Talks on the whole road: from the bytes of a capture to rows, undisturbed and disturbed.

mod common;

use expect_test::{Expect, expect};
use ingest::Options;
use ingest::talk::Talk;

/// The entries of a talk as text, ordered as a query would order them.
fn entries(talk: &str) -> String {
    common::entries(&common::ingest(&Talk::parse(talk).pcap(), &Options::default()).0)
}

#[track_caller]
fn check(talk: &str, expect: Expect) {
    expect.assert_eq(&entries(talk));
}

/// Compares the entries of a talk under a disturbance that TCP mends with those of the undisturbed talk.
#[track_caller]
fn check_mended(talk: &str, disturbances: &[&str]) {
    // Times and numbers of packets tell of the disturbance, the content does not.
    let content = |talk: &str| -> Vec<String> {
        let told = ["id=", "elapsed_time=", "request_packet=", "response_packet="];
        let words = |row: &str| {
            let kept: Vec<&str> = row
                .split(' ')
                .filter(|word| !told.iter().any(|told| word.starts_with(told)))
                .collect();
            kept.join(" ")
        };
        entries(talk).lines().map(words).collect()
    };
    let undisturbed = content(talk);
    assert!(!undisturbed.is_empty());
    for disturbance in disturbances {
        assert_eq!(
            content(&format!("{talk}  {disturbance}\n")),
            undisturbed,
            "{disturbance}"
        );
    }
}

const HTTP: &str = r"10.0.0.1:51000 > 10.0.0.2:80
> GET /health HTTP/1.1\r\nHost: a\r\n\r\n
< HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nsorry
> POST /again HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc
< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n
";

const DNS: &str = r"[2001:db8::1]:51000 > [2001:db8::2]:53 udp
> \x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01
< \x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01
";

const TLS: &str = r"10.0.0.1:51000 > 10.0.0.2:8443
> \x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x0301234567890123456789012345678901\x00\x00\x02\x13\x01\x01\x00\x00\x00
< \x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x0301234567890123456789012345678901\x00\xc0\x2f\x00\x00\x00
";

#[test]
fn http() {
    check(
        HTTP,
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=503 method=GET summary="GET /health → 503" request_packet=4 response_packet=5 url=/health path=/health http_version=HTTP/1.1 request_headers={host:a} response_headers={content-length:5} request_headers_size=33 request_body_size=0 response_headers_size=55 response_body_size=5 response_body=sorry host=a
            http id=6 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /again → 200" request_packet=6 response_packet=7 url=/again path=/again http_version=HTTP/1.1 request_headers={content-length:3} response_headers={transfer-encoding:chunked} request_headers_size=43 request_body_size=3 response_headers_size=47 response_body_size=2 request_body=abc response_body=ok
        "#]],
    );
}

#[test]
fn dns_over_ipv6() {
    check(
        DNS,
        expect![[r#"
            dns id=1 index=0 elapsed_time=1000 status_code=3 method=QUERY summary="A a → NXDOMAIN" request_packet=1 response_packet=2 dns_questions=[a] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=19 dns_response_length=19 dns_total_size=38 dns_id=4660 dns_rcode=NXDOMAIN dns_flags=[RD,RA]
        "#]],
    );
}

#[test]
fn tls_on_any_port() {
    check(
        TLS,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=4 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=43 tls_total_size=43
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=771 tlsx_cipher_suite=49199 tlsx_ja3s=174e7e4992a63f6d419626d97363adb8 tls_summary=ServerHello tls_info="TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
        "#]],
    );
}

#[test]
fn what_tcp_mends_changes_nothing() {
    let disturbances = [
        "split 1",
        "split 7 · reorder 5 6 · dup 9",
        "dup 4 · dup 5",
        "split 20 · reorder 4 5",
        "split 11 · dup 4 · reorder 7 8",
    ];
    check_mended(HTTP, &disturbances);
    check_mended(TLS, &disturbances);
}

#[test]
fn a_connection_picked_up_in_mid_stream_has_its_client_where_the_request_came_from() {
    check(
        &format!("{HTTP}  drop 1 · drop 2 · drop 3 · drop 4\n"),
        expect![[r#"
            http id=1 index=0 status_code=503 summary="→ 503" response_packet=1 http_version=HTTP/1.1 response_headers={content-length:5} response_headers_size=55 response_body_size=5 response_body=sorry
            http id=2 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /again → 200" request_packet=2 response_packet=3 url=/again path=/again http_version=HTTP/1.1 request_headers={content-length:3} response_headers={transfer-encoding:chunked} request_headers_size=43 request_body_size=3 response_headers_size=47 response_body_size=2 request_body=abc response_body=ok
        "#]],
    );
}

#[test]
fn a_segment_that_was_never_captured_costs_only_its_entry() {
    check(
        &format!("{HTTP}  drop 5\n"),
        expect![[r#"
            http id=4 index=0 method=GET summary="GET /health" request_packet=4 url=/health path=/health http_version=HTTP/1.1 request_headers={host:a} request_headers_size=33 request_body_size=0 host=a
            http id=5 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /again → 200" request_packet=5 response_packet=6 url=/again path=/again http_version=HTTP/1.1 request_headers={content-length:3} response_headers={transfer-encoding:chunked} request_headers_size=43 request_body_size=3 response_headers_size=47 response_body_size=2 request_body=abc response_body=ok
        "#]],
    );
}

#[test]
fn a_snap_length_cuts_contents_and_not_entries() {
    check(
        &format!("{HTTP}  snap 110\n"),
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=503 method=GET summary="GET /health → 503" request_packet=4 response_packet=5 url=/health path=/health http_version=HTTP/1.1 request_headers={host:a} response_headers={content-length:5} request_headers_size=33 request_body_size=0 response_headers_size=55 response_body_size=5 response_body=s host=a
            http id=6 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /again → 200" request_packet=6 response_packet=7 url=/again path=/again http_version=HTTP/1.1 request_headers={content-length:3} response_headers={transfer-encoding:chunked} request_headers_size=43 request_body_size=3 response_headers_size=47 response_body_size=2 request_body=abc response_body=ok
        "#]],
    );
}

#[test]
fn two_conversations_at_once_do_not_mix() {
    check(
        &format!("{DNS}{HTTP}"),
        expect![[r#"
            http id=6 index=0 elapsed_time=1000 status_code=503 method=GET summary="GET /health → 503" request_packet=6 response_packet=7 url=/health path=/health http_version=HTTP/1.1 request_headers={host:a} response_headers={content-length:5} request_headers_size=33 request_body_size=0 response_headers_size=55 response_body_size=5 response_body=sorry host=a
            http id=8 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /again → 200" request_packet=8 response_packet=9 url=/again path=/again http_version=HTTP/1.1 request_headers={content-length:3} response_headers={transfer-encoding:chunked} request_headers_size=43 request_body_size=3 response_headers_size=47 response_body_size=2 request_body=abc response_body=ok
            dns id=1 index=0 elapsed_time=1000 status_code=3 method=QUERY summary="A a → NXDOMAIN" request_packet=1 response_packet=2 dns_questions=[a] dns_question_types=[A] dns_request=true dns_response=true dns_request_length=19 dns_response_length=19 dns_total_size=38 dns_id=4660 dns_rcode=NXDOMAIN dns_flags=[RD,RA]
        "#]],
    );
}

/// The method, target and status of each HTTP row.
#[track_caller]
fn check_calls(talk: &str, expect: &[&str]) {
    let text = entries(talk);
    let calls: Vec<&str> = text
        .lines()
        .filter_map(|row| row.split_once("summary=").map(|(_, rest)| rest))
        .collect();
    assert_eq!(calls.len(), expect.len(), "{text}");
    for (call, expect) in calls.iter().zip(expect) {
        assert!(call.trim_start_matches('"').starts_with(expect), "{call}");
    }
}

#[test]
fn a_protocol_behind_a_proxys_greeting_is_found() {
    check_calls(
        r"10.0.0.1:51000 > 10.0.0.2:1080
> \x05\x01\x00
< \x05\x00
> \x05\x01\x00\x01\x0a\x00\x00\x03\x00\x50
< \x05\x00\x00\x01\x0a\x00\x00\x03\x00\x50
> GET /behind HTTP/1.1\r\nHost: a\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        &["GET /behind → 204"],
    );
    // The greeting of SOCKS 4 could begin something else; it waits, and is no part of what comes.
    check_calls(
        r"10.0.0.1:51000 > 10.0.0.2:1080
> \x04\x01\x00\x50\x0a\x00\x00\x03\x00
< \x00\x5a\x00\x50\x0a\x00\x00\x03
> GET /behind HTTP/1.1\r\nHost: a\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        &["GET /behind → 204"],
    );
}

#[test]
fn a_protocol_behind_a_proxys_header_is_found() {
    let health = &["GET /health → 200"];
    for header in [
        r"PROXY TCP4 192.0.2.1 192.0.2.2 51000 80\r\n",
        r"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c123412341212",
    ] {
        for talk in [
            format!("> {header}GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"),
            format!("> {header}\n> GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"),
        ] {
            let talk =
                format!("10.0.0.1:51000 > 10.0.0.2:80\n{talk}\n< HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\n");
            check_calls(&talk, health);
            check_calls(&format!("{talk}  split 5\n"), health);
        }
    }
}

#[test]
fn a_word_of_the_server_before_tls_does_not_hide_its_hello() {
    let talk = TLS.replacen("\n> ", "\n> \\x00\\x00\\x00\\x08\\x04\\xd2\\x16\\x2f\n< S\n> ", 1);
    check(
        &talk,
        expect![[r#"
            tlsx id=6 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=6 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=43 tls_total_size=43
            tlsx id=7 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" request_packet=6 response_packet=7 tlsx_summary="ServerHello TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=771 tlsx_cipher_suite=49199 tlsx_ja3s=174e7e4992a63f6d419626d97363adb8 tls_summary=ServerHello tls_info="TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
            postgresql id=4 index=0 elapsed_time=1000 method=SSLRequest summary="SSLRequest → TLS" request_packet=4 response_packet=5 postgresql_command=SSLRequest postgresql_request_size=8 postgresql_response_size=1 postgresql_total_size=9 postgresql_success=true
        "#]],
    );
}

#[test]
fn behind_the_handshake_of_socks_http_is_found() {
    check(
        r"10.0.0.1:51000 > 10.0.0.2:1080
> \x05\x01\x00
< \x05\x00
> \x05\x01\x00\x03\x01a\x00\x50
< \x05\x00\x00\x01\x00\x00\x00\x00\x00\x00
> GET /5 HTTP/1.1\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=8 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET /5 → 204" request_packet=8 response_packet=9 url=/5 path=/5 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0 response_headers_size=27 response_body_size=0
        "#]],
    );
    check(
        r"10.0.0.1:51000 > 10.0.0.2:1080
> \x04\x01\x00\x50\x00\x00\x00\x01me\x00a\x00
< \x00\x5a\x00\x00\x00\x00\x00\x00
> GET /4 HTTP/1.1\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=6 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET /4 → 204" request_packet=6 response_packet=7 url=/4 path=/4 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0 response_headers_size=27 response_body_size=0
        "#]],
    );
}
