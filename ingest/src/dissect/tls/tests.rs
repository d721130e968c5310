use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise};

const RANDOM: &str = "01234567890123456789012345678901";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:443\n{talk}"), expect);
}

/// A byte count as text of `\xNN`, in as many bytes as asked for.
fn length(bytes: usize, of: usize) -> String {
    (0..bytes)
        .rev()
        .map(|place| format!("\\x{:02x}", of >> (8 * place) & 0xff))
        .collect()
}

/// How many bytes a text with escapes stands for.
fn size(text: &str) -> usize {
    text.len() - 3 * text.matches("\\x").count()
}

fn record(kind: u8, payload: &str) -> String {
    format!("\\x{kind:02x}\\x03\\x03{}{payload}", length(2, size(payload)))
}

fn message(kind: u8, body: &str) -> String {
    format!("\\x{kind:02x}{}{body}", length(3, size(body)))
}

fn extension(kind: &str, data: &str) -> String {
    format!("{kind}{}{data}", length(2, size(data)))
}

/// A ClientHello for `a.example`: TLS 1.3 and 1.2, h2 and http/1.1.
fn client_hello() -> String {
    let extensions = [
        extension(r"\x1a\x1a", ""),
        extension(r"\x00\x00", r"\x00\x0c\x00\x00\x09a.example"),
        extension(r"\x00\x10", r"\x00\x0c\x02h2\x08http/1.1"),
        extension(r"\x00\x2b", r"\x06\x2a\x2a\x03\x04\x03\x03"),
        extension(r"\x00\x0a", r"\x00\x04\x0a\x0a\x00\x1d"),
        extension(r"\x00\x0d", r"\x00\x02\x08\x04"),
    ]
    .concat();
    let body = format!(
        r"\x03\x03{RANDOM}\x00\x00\x08\x1a\x1a\x13\x01\xc0\x2f\x00\x0a\x01\x00{}{extensions}",
        length(2, size(&extensions))
    );
    message(1, &body)
}

/// A ServerHello of TLS 1.3.
fn server_hello() -> String {
    message(
        2,
        &format!(r"\x03\x03{RANDOM}\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04"),
    )
}

#[test]
fn each_hello_is_a_row() {
    let talk = format!(
        "> {}\n< {}{}\n> {}",
        record(22, &client_hello()),
        record(22, &server_hello()),
        record(20, r"\x01"),
        record(23, "secret")
    );
    check(
        &talk,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=4 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn after_a_retry_request_the_second_hello_is_seen() {
    let hello = record(22, &client_hello());
    let answer = record(22, &server_hello());
    let talk = format!(
        "> {hello}\n< {answer}{ccs}\n> {ccs}{hello}\n< {answer}{data}",
        ccs = record(20, r"\x01"),
        data = record(23, "secret")
    );
    check(
        &talk,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=4 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
            tlsx id=6 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=6 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=7 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=6 response_packet=7 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn hellos_are_read_over_records_and_beside_other_messages() {
    let hello = client_hello();
    let (begin, end) = hello.split_at(4 * 3);
    let server = format!("{}{}{}", server_hello(), message(11, "certificate"), message(14, ""));
    let talk = format!("> {}{}\n< {}", record(22, begin), record(22, end), record(22, &server));
    check(
        &talk,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=4 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn encrypted_handshake_messages_are_not_mistaken_for_hellos() {
    let hello = record(22, &client_hello());
    let finished = record(22, r"\x01\x00\x00\x10finished finish");
    let talk = format!(
        "> {hello}\n< {}\n> {}{finished}{finished}",
        record(22, &server_hello()),
        record(20, r"\x01")
    );
    check(
        &talk,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=4 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn a_hello_in_the_format_of_ssl_2() {
    let talk = r"> \x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x00\x00\x04\x00\x00\x05\x00\x00\x0a\x01\x00\x80\x07\x00\xc0\x03\x00\x80\x00\x00\xff0123456789012345";
    check(
        &format!("{talk}\n< {}", record(22, &server_hello())),
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello TLS 1.0" request_packet=4 tlsx_summary="ClientHello TLS 1.0" tlsx_info=ClientHello tlsx_version=769 tlsx_cipher_suites=[TLS_RSA_WITH_RC4_128_MD5,TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_3DES_EDE_CBC_SHA,TLS_EMPTY_RENEGOTIATION_INFO_SCSV] tlsx_weak=[tls1.0,rc4,3des,md5] tls_summary=ClientHello tls_request_size=46 tls_total_size=46
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn a_cut_hello_has_no_fingerprint() {
    let hello = record(22, &client_hello());
    let (begin, end) = hello.split_at(hello.len() - 28);
    let talk = format!(
        "10.0.0.1:51000 > 10.0.0.2:443\n> {begin}\n> {end}\n> {}\n< {}\n  drop 5",
        record(21, "ab"),
        record(22, &server_hello())
    );
    check_whole_rows(
        &TCP,
        &talk,
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=4 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=111 tls_total_size=111
            tlsx id=7 index=0 elapsed_time=3000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=7 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn nonsense_between_records_is_counted() {
    let hello = record(22, &client_hello());
    check_whole_rows(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:443\n> {hello}nonsense\n> {hello}"),
        expect![[r#"
            tlsx id=4 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=4 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            tlsx id=5 index=0 method=ClientHello summary="ClientHello a.example TLS 1.3 h2,http/1.1" request_packet=5 tlsx_sni=a.example tlsx_alpn="h2,http/1.1" tlsx_summary="ClientHello a.example TLS 1.3 h2,http/1.1" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[0x1a1a,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_3DES_EDE_CBC_SHA] tlsx_ja3=fdb88d4887fdd54e6b5d9568a290fc1a tlsx_ja4=t13d0305h2_5a6cbdaee546_7eba64cc7bc4 tlsx_weak=[3des] tls_summary=ClientHello tls_request_size=118 tls_total_size=118
            anomaly unparsable_tls 1
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talk = format!(
        "10.0.0.1:1 > 10.0.0.2:443\n> {hello}\n< {}\n> {hello}",
        record(22, &server_hello()),
        hello = record(22, &client_hello())
    );
    check_any_bytes(&TCP, &[&talk]);
}

#[test]
fn tls_is_recognised_on_any_port() {
    let tcp = |bytes: &[u8]| recognise(Transport::Tcp, [51000, 9], bytes);
    assert_eq!(tcp(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Some("TLS"));
    assert_eq!(tcp(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), Some("TLS"));
    assert_eq!(
        tcp(b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x00\x00\x04"),
        Some("TLS")
    );
    assert_eq!(tcp(b"\x16\x03\x01\x02\x00\x05\x00\x01\xfc\x03\x03"), None);
    assert_eq!(tcp(b"\x16\x03"), None);
    assert_eq!(tcp(b"SSH-2.0-OpenSSH_9"), None);
}
