use expect_test::{Expect, expect};

use super::UDP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, recognise};

const RANDOM: &str = "01234567890123456789012345678901";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&UDP, &format!("10.0.0.1:51000 > 10.0.0.2:4433 udp\n{talk}"), expect);
}

/// A number as text of `\xNN`, in as many bytes as asked for.
fn number(bytes: usize, number: usize) -> String {
    let places = (0..bytes).rev();
    places
        .map(|place| format!("\\x{:02x}", number >> (8 * place) & 0xff))
        .collect()
}

/// How many bytes a text with escapes stands for.
fn size(text: &str) -> usize {
    text.len() - 3 * text.matches("\\x").count()
}

/// A record of an epoch.
fn record(kind: usize, epoch: usize, payload: &str) -> String {
    let [kind, epoch, length] = [(1, kind), (2, epoch), (2, size(payload))].map(|(bytes, of)| number(bytes, of));
    format!("{kind}\\xfe\\xfd{epoch}\\x00\\x00\\x00\\x00\\x00\\x01{length}{payload}")
}

/// A fragment of a handshake message: its type and number, the length of the whole, where this begins.
fn fragment(kind: usize, message: usize, length: usize, offset: usize, bytes: &str) -> String {
    let fields = [(1, kind), (3, length), (2, message), (3, offset), (3, size(bytes))];
    let header: String = fields.map(|(bytes, of)| number(bytes, of)).concat();
    record(22, 0, &format!("{header}{bytes}"))
}

fn message(kind: usize, message: usize, body: &str) -> String {
    fragment(kind, message, size(body), 0, body)
}

fn client_body(cookie: &str) -> String {
    let cookie = format!("{}{cookie}", number(1, size(cookie)));
    format!(r"\xfe\xfd{RANDOM}\x00{cookie}\x00\x04\xc0\x2b\xc0\x2f\x01\x00\x00\x07\x00\x2b\x00\x03\x02\xfe\xfc")
}

fn server_hello() -> String {
    message(2, 1, &format!(r"\xfe\xfd{RANDOM}\x00\xc0\x2b\x00\x00\x00"))
}

fn verify_request() -> String {
    message(3, 0, r"\xfe\xff\x04cook")
}

#[test]
fn each_hello_is_a_row_and_the_request_of_a_cookie_is_none() {
    check(
        &format!(
            "> {}\n< {}\n> {}\n< {}{}\n> {}",
            message(1, 0, &client_body("")),
            verify_request(),
            message(1, 1, &client_body("cook")),
            server_hello(),
            message(14, 2, ""),
            record(22, 1, "encrypted and long enough"),
        ),
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello DTLS 1.3" request_packet=1 tlsx_summary="ClientHello DTLS 1.3" tlsx_info=ClientHello tlsx_version=65276 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tlsx_ja3=71e01fd50cad359c050335e60bdf2900 tlsx_ja4=dd3i020100_b6f57f3be927_b9a491fefe05 tls_summary=ClientHello tls_request_size=53 tls_total_size=53
            tlsx id=3 index=0 method=ClientHello summary="ClientHello DTLS 1.3" request_packet=3 tlsx_summary="ClientHello DTLS 1.3" tlsx_info=ClientHello tlsx_version=65276 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tlsx_ja3=71e01fd50cad359c050335e60bdf2900 tlsx_ja4=dd3i020100_b6f57f3be927_b9a491fefe05 tls_summary=ClientHello tls_request_size=57 tls_total_size=57
            tlsx id=4 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" request_packet=3 response_packet=4 tlsx_summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=65277 tlsx_cipher_suite=49195 tlsx_ja3s=c77eb4dd3434ddfeb4d88b08cdbd8906 tls_summary=ServerHello tls_info="DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
        "#]],
    );
}

#[test]
fn a_hello_in_fragments_in_any_order_and_sent_again() {
    let body = client_body("");
    // Escapes are four characters each, and these cuts are between them.
    let (begin, rest) = body.split_at(18);
    let (middle, end) = rest.split_at(10);
    let whole = size(&body);
    let [first, second, third] = [begin, middle, end].map(size);
    let begin = fragment(1, 0, whole, 0, begin);
    let middle = fragment(1, 0, whole, first, middle);
    let end = fragment(1, 0, whole, first + second, end);
    assert_eq!(first + second + third, whole);
    check(
        &format!(
            "> {end}\n> {begin}{begin}\n> {middle}\n> {begin}{middle}{end}\n< {}",
            server_hello()
        ),
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello DTLS 1.3" request_packet=1 tlsx_summary="ClientHello DTLS 1.3" tlsx_info=ClientHello tlsx_version=65276 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tlsx_ja3=71e01fd50cad359c050335e60bdf2900 tlsx_ja4=dd3i020100_b6f57f3be927_b9a491fefe05 tls_summary=ClientHello tls_request_size=53 tls_total_size=53
            tlsx id=5 index=0 elapsed_time=2000 method=ServerHello summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" request_packet=1 response_packet=5 tlsx_summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=65277 tlsx_cipher_suite=49195 tlsx_ja3s=c77eb4dd3434ddfeb4d88b08cdbd8906 tls_summary=ServerHello tls_info="DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
        "#]],
    );
}

#[test]
fn another_handshake_between_the_same_ports_is_read() {
    let hello = message(1, 0, &client_body(""));
    let (other, answer) = (
        hello.replacen("0123456789", "9876543210", 1),
        message(2, 0, &format!(r"\xfe\xfd{RANDOM}\x00\xc0\x2b\x00\x00\x00")),
    );
    let other_answer = answer.replacen("0123456789", "9876543210", 1);
    check(
        &format!("> {hello}\n> {hello}\n< {answer}\n> {other}\n< {other_answer}\n> {other}"),
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello DTLS 1.3" request_packet=1 tlsx_summary="ClientHello DTLS 1.3" tlsx_info=ClientHello tlsx_version=65276 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tlsx_ja3=71e01fd50cad359c050335e60bdf2900 tlsx_ja4=dd3i020100_b6f57f3be927_b9a491fefe05 tls_summary=ClientHello tls_request_size=53 tls_total_size=53
            tlsx id=3 index=0 elapsed_time=2000 method=ServerHello summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" request_packet=1 response_packet=3 tlsx_summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=65277 tlsx_cipher_suite=49195 tlsx_ja3s=c77eb4dd3434ddfeb4d88b08cdbd8906 tls_summary=ServerHello tls_info="DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
            tlsx id=4 index=0 method=ClientHello summary="ClientHello DTLS 1.3" request_packet=4 tlsx_summary="ClientHello DTLS 1.3" tlsx_info=ClientHello tlsx_version=65276 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tlsx_ja3=71e01fd50cad359c050335e60bdf2900 tlsx_ja4=dd3i020100_b6f57f3be927_b9a491fefe05 tls_summary=ClientHello tls_request_size=53 tls_total_size=53
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=65277 tlsx_cipher_suite=49195 tlsx_ja3s=c77eb4dd3434ddfeb4d88b08cdbd8906 tls_summary=ServerHello tls_info="DTLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" tls_response_size=40 tls_total_size=40
        "#]],
    );
}

#[test]
fn a_hello_whose_end_is_missing_has_no_fingerprint() {
    let body = client_body("");
    let begin = &body[..body.len() - 4 * 8];
    check(
        &format!("> {}", fragment(1, 0, size(&body), 0, begin)),
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello DTLS 1.2" request_packet=1 tlsx_summary="ClientHello DTLS 1.2" tlsx_info=ClientHello tlsx_version=65277 tlsx_cipher_suites=[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] tls_summary=ClientHello tls_request_size=45 tls_total_size=45
        "#]],
    );
}

#[test]
fn lengths_that_cannot_be() {
    let body = client_body("");
    check(
        &format!(
            "> {}{}{}",
            fragment(1, 0, 0xff_ffff, 0, &body),
            fragment(1, 0, 4, 4, &body),
            message(1, 0, r"\xfe\xfd")
        ),
        expect![[r#"
            anomaly limit_handshake_bytes 1
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talk = format!(
        "10.0.0.1:1 > 10.0.0.2:4433 udp\n> {}\n< {}\n> {}\n< {}",
        message(1, 0, &client_body("")),
        verify_request(),
        message(1, 1, &client_body("cook")),
        server_hello()
    );
    check_any_bytes(&UDP, &[&talk]);
}

#[test]
fn dtls_is_recognised_on_any_port() {
    let udp = |text: &str| {
        let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
        let bytes: Vec<u8> = talk
            .packets()
            .flat_map(|(_, packet, _)| packet.payload.clone())
            .collect();
        recognise(Transport::Udp, [51000, 9], &bytes)
    };
    for text in [message(1, 0, &client_body("")), verify_request(), server_hello()] {
        assert_eq!(udp(&text), Some("DTLS"));
    }
    let encrypted = record(23, 1, "encrypted and long enough");
    assert_eq!(udp(&encrypted), Some("DTLS"));
    assert_eq!(udp(&format!("{encrypted}\\x00")), None);
    assert_eq!(udp(&encrypted.replacen(r"\xfe\xfd", r"\x03\x03", 1)), None);
    assert_eq!(udp(&record(22, 0, "none of its messages")), None);
}
