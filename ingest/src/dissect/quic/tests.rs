use std::fmt::Write;

use expect_test::{Expect, expect};

use super::UDP;
use super::keys::derive;
use super::packet::Version;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, recognise, rows_of};

const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const DRAFT_29: u32 = 0xff00_001d;

/// Connection ids.
const ONE: &[u8] = b"client's choice";
const TWO: &[u8] = b"the server's";

#[track_caller]
fn check(datagrams: &[(char, Vec<u8>)], expect: Expect) {
    check_rows(&UDP, &talk(datagrams), expect);
}

/// Datagrams as a talk.
fn talk(datagrams: &[(char, Vec<u8>)]) -> String {
    let mut talk = "10.0.0.1:51000 > 10.0.0.2:443 udp\n".to_owned();
    for (sender, bytes) in datagrams {
        let escaped = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "\\x{byte:02x}");
            text
        });
        let _ = writeln!(talk, "{sender} {escaped}");
    }
    talk
}

/// A packet with a long header, its frames sealed with the keys that follow from an id; of the server if `side` is 1.
fn sealed(version: u32, side: usize, keys_of: &[u8], to: &[u8], number: u8, frames: &[u8]) -> Vec<u8> {
    let known = match version {
        V1 => Version::V1,
        V2 => Version::V2,
        _ => Version::Draft29,
    };
    let first = if version == V2 { 0xd3 } else { 0xc3 };
    let mut padded = frames.to_vec();
    padded.resize(frames.len().max(20), 0);
    let length = (4 + padded.len() + 16) as u16 | 0x4000;
    let mut header = vec![first];
    header.extend(version.to_be_bytes());
    header.push(to.len() as u8);
    header.extend(to);
    // No id of the sender, no token.
    header.extend([0, 0]);
    header.extend(length.to_be_bytes());
    header.extend([0, 0, 0, number]);
    derive(known, keys_of).expect("an id is short")[side].seal(&header, &padded)
}

fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![6];
    frame.extend((offset as u16 | 0x4000).to_be_bytes());
    frame.extend((bytes.len() as u16 | 0x4000).to_be_bytes());
    frame.extend(bytes);
    frame
}

/// A ClientHello: TLS 1.3, one suite, h3.
fn client_hello() -> Vec<u8> {
    let extensions = b"\x00\x10\x00\x05\x00\x03\x02h3\x00\x2b\x00\x03\x02\x03\x04";
    let mut hello =
        b"\x01\x00\x00\x3d\x03\x0301234567890123456789012345678901\x00\x00\x02\x13\x01\x01\x00\x00\x12".to_vec();
    hello.extend(extensions);
    hello[3] = hello.len() as u8 - 4;
    let place = hello.len() - extensions.len() - 1;
    hello[place] = extensions.len() as u8;
    hello
}

/// A ServerHello of TLS 1.3.
fn server_hello() -> Vec<u8> {
    b"\x02\x00\x00\x2e\x03\x0301234567890123456789012345678901\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04".to_vec()
}

fn asks(version: u32) -> Vec<u8> {
    sealed(version, 0, ONE, ONE, 0, &crypto(0, &client_hello()))
}

fn answers(version: u32) -> Vec<u8> {
    sealed(
        version,
        1,
        ONE,
        b"",
        0,
        &[b"\x02\x00\x00\x00\x00".to_vec(), crypto(0, &server_hello())].concat(),
    )
}

#[test]
fn the_hellos_of_a_handshake_are_rows() {
    let handshake = b"\xe3\x00\x00\x00\x01\x00\x00\x40\x18unreadable but long enough".to_vec();
    check(
        &[
            ('>', asks(V1)),
            ('<', [answers(V1), handshake.clone()].concat()),
            ('>', b"@short header".to_vec()),
            ('<', handshake),
        ],
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello TLS 1.3 h3" request_packet=1 tlsx_alpn=h3 tlsx_summary="ClientHello TLS 1.3 h3" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=79df54cc919bc7c4ddd6219a82771e7e tlsx_ja4=q13i0102h3_0f2cb44170f4_b9a491fefe05 tls_summary=ClientHello tls_request_size=59 tls_total_size=59
            tlsx id=2 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=1 response_packet=2 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn other_versions_have_the_same_rows() {
    let rows = |version| rows_of(&UDP, &talk(&[('>', asks(version)), ('<', answers(version))]));
    assert_eq!(rows(V1).lines().count(), 2);
    assert_eq!((rows(V2), rows(DRAFT_29)), (rows(V1), rows(V1)));
}

#[test]
fn a_server_may_go_on_in_another_version() {
    let rows = |version| {
        rows_of(
            &UDP,
            &talk(&[('>', asks(V1)), ('<', answers(version)), ('>', asks(version))]),
        )
    };
    assert_eq!(rows(V1).lines().count(), 2);
    assert_eq!(rows(V2), rows(V1));
}

#[test]
fn a_hello_in_pieces_over_packets_in_any_order() {
    let hello = client_hello();
    let (begin, rest) = hello.split_at(20);
    let (middle, end) = rest.split_at(10);
    let first = [crypto(30, end), b"\x01\x00\x00".to_vec(), crypto(15, &hello[15..25])].concat();
    let second = [crypto(20, middle), crypto(0, begin)].concat();
    let packets =
        [(1, first), (0, second.clone()), (2, second)].map(|(number, frames)| sealed(V1, 0, ONE, ONE, number, &frames));
    let [first, second, again] = packets;
    check(
        &[('>', first), ('>', [second, again].concat()), ('<', answers(V1))],
        expect![[r#"
            tlsx id=2 index=0 method=ClientHello summary="ClientHello TLS 1.3 h3" request_packet=2 tlsx_alpn=h3 tlsx_summary="ClientHello TLS 1.3 h3" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=79df54cc919bc7c4ddd6219a82771e7e tlsx_ja4=q13i0102h3_0f2cb44170f4_b9a491fefe05 tls_summary=ClientHello tls_request_size=59 tls_total_size=59
            tlsx id=3 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=2 response_packet=3 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn a_retry_changes_the_keys_and_not_the_hello() {
    let retry = b"\xf0\x00\x00\x00\x01\x00\x0cthe server'stokenINTEGRITY0123456".to_vec();
    let again = sealed(V1, 0, TWO, TWO, 1, &crypto(0, &client_hello()));
    let answer = sealed(V1, 1, TWO, b"", 0, &crypto(0, &server_hello()));
    check(
        &[('>', asks(V1)), ('<', retry), ('>', again), ('<', answer)],
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello TLS 1.3 h3" request_packet=1 tlsx_alpn=h3 tlsx_summary="ClientHello TLS 1.3 h3" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=79df54cc919bc7c4ddd6219a82771e7e tlsx_ja4=q13i0102h3_0f2cb44170f4_b9a491fefe05 tls_summary=ClientHello tls_request_size=59 tls_total_size=59
            tlsx id=4 index=0 elapsed_time=3000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=1 response_packet=4 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn another_handshake_between_the_same_ports_is_read() {
    let again = sealed(V1, 0, TWO, TWO, 0, &crypto(0, &client_hello()));
    let answer = sealed(V1, 1, TWO, b"", 0, &crypto(0, &server_hello()));
    check(
        &[
            ('>', asks(V1)),
            ('<', answers(V1)),
            ('>', asks(V1)),
            ('>', again),
            ('<', answer),
        ],
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello TLS 1.3 h3" request_packet=1 tlsx_alpn=h3 tlsx_summary="ClientHello TLS 1.3 h3" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=79df54cc919bc7c4ddd6219a82771e7e tlsx_ja4=q13i0102h3_0f2cb44170f4_b9a491fefe05 tls_summary=ClientHello tls_request_size=59 tls_total_size=59
            tlsx id=2 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=1 response_packet=2 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
            tlsx id=4 index=0 method=ClientHello summary="ClientHello TLS 1.3 h3" request_packet=4 tlsx_alpn=h3 tlsx_summary="ClientHello TLS 1.3 h3" tlsx_info=ClientHello tlsx_version=772 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=79df54cc919bc7c4ddd6219a82771e7e tlsx_ja4=q13i0102h3_0f2cb44170f4_b9a491fefe05 tls_summary=ClientHello tls_request_size=59 tls_total_size=59
            tlsx id=5 index=0 elapsed_time=1000 method=ServerHello summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" request_packet=4 response_packet=5 tlsx_summary="ServerHello TLS 1.3 TLS_AES_128_GCM_SHA256" tlsx_info=ServerHello tlsx_version=772 tlsx_cipher_suite=4865 tlsx_ja3s=cce84e7a8b742462e40afb585a3e3ccc tls_summary=ServerHello tls_info="TLS 1.3 TLS_AES_128_GCM_SHA256" tls_response_size=46 tls_total_size=46
        "#]],
    );
}

#[test]
fn a_hello_whose_end_is_missing_has_no_fingerprint() {
    let half = sealed(V1, 0, ONE, ONE, 0, &crypto(0, &client_hello()[..60]));
    check(
        &[('>', half)],
        expect![[r#"
            tlsx id=1 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=1 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tls_summary=ClientHello tls_request_size=56 tls_total_size=56
        "#]],
    );
}

#[test]
fn what_does_not_decrypt_gives_nothing() {
    let mut damaged = asks(V1);
    *damaged.last_mut().expect("bytes") ^= 1;
    let twisted = sealed(V1, 0, ONE, ONE, 1, &crypto(0, &server_hello()));
    check(&[('<', answers(V1)), ('>', damaged), ('>', twisted)], expect![[r#""#]]);
}

#[test]
fn pieces_that_never_meet_are_bounded() {
    let datagrams: Vec<(char, Vec<u8>)> = (0..250)
        .map(|number| {
            (
                '>',
                sealed(V1, 0, ONE, ONE, number, &crypto(100 + 2 * usize::from(number), b"a")),
            )
        })
        .chain((0..20).map(|number| {
            (
                '>',
                sealed(V1, 0, ONE, ONE, number, &crypto(9000 + 2 * usize::from(number), b"a")),
            )
        }))
        .collect();
    check(
        &datagrams,
        expect![[r#"
        anomaly limit_handshake_bytes 14
    "#]],
    );
}

#[test]
fn any_bytes() {
    let handshake = [('>', asks(V1)), ('<', answers(V1)), ('>', asks(V2))];
    check_any_bytes(&UDP, &[&talk(&handshake)]);
}

#[test]
fn quic_is_recognised_on_any_port() {
    let udp = |bytes: &[u8]| recognise(Transport::Udp, [51000, 9], bytes);
    for version in [V1, V2, DRAFT_29] {
        assert_eq!(udp(&asks(version)), Some("QUIC"));
        assert_eq!(udp(&answers(version)), Some("QUIC"));
    }
    assert_eq!(
        udp(b"\x80\x00\x00\x00\x00\x00\x0812345678\x0a\x0a\x0a\x0a\x00\x00\x00\x01"),
        Some("QUIC")
    );
    assert_eq!(udp(b"\x80\x00\x00\x00\x00\x00\x0812345678\x0a\x0a\x0a\x0a"), None);
    // Datagrams of many zeros, whatever stands between them.
    for other in [
        b"\x80\x00\x00\x00\x00\x00\x0812345678\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\x80\x00\x00\x00\x00\x00\x0812345678\x00\x00\x00\x07\x00\x00\x00\x01",
        b"\x80\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x0a\x0a\x0a\x00\x00\x00\x01",
    ] {
        assert_eq!(udp(other), None);
    }
    let many = [
        &b"\x80\x00\x00\x00\x00\x00\x0812345678"[..],
        &b"\x00\x00\x00\x01".repeat(17),
    ]
    .concat();
    assert_eq!(udp(&many), None);
    // A resolver's query: its id, flags of nothing, one question, one additional record.
    let query = b"\xc0\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";
    assert_eq!(udp(query), Some("DNS"));
    assert_eq!(udp(&asks(V1)[..40]), None);
    assert_eq!(
        udp(b"\xc0\x00\x00\x00\x02\x00\x00\x00\x14aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        None
    );
    assert_eq!(
        udp(b"\xc0\x00\x00\x00\x01\xff\x00\x00\x14aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        None
    );
    assert_eq!(udp(b"@short header"), None);
}
