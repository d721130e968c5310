use expect_test::{Expect, expect};

use super::{TCP, UDP};
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

/// Access-Request 5 of bob at 10.0.0.7.
const REQUEST: &str = r"\x01\x05\x00\x310123456789abcdef\x01\x05bob\x04\x06\x0a\x00\x00\x07\x02\x12\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
/// Access-Accept 5: 10.1.0.5, "Hello".
const ACCEPT: &str = r"\x02\x05\x00\x21FEDCBA9876543210\x08\x06\x0a\x01\x00\x05\x12\x07Hello";
/// Accounting-Request 6: start of bob's session.
const START: &str = r"\x04\x06\x00\x25ffffffffffffffff\x28\x06\x00\x00\x00\x01\x01\x05bob\x04\x06\x0a\x00\x00\x07";
/// Accounting-Response 6.
const RECEIVED: &str = r"\x05\x06\x00\x14eeeeeeeeeeeeeeee";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&UDP, &format!("10.0.0.1:51000 > 10.0.0.2:1812 udp\n{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn a_request_and_its_response_are_one_row() {
    check(
        &format!("> {REQUEST}\n< {ACCEPT}\n> {START}\n< {RECEIVED}"),
        expect![[r#"
            radius id=1 index=0 elapsed_time=1000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=1 response_packet=2 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
            radius id=3 index=0 elapsed_time=1000 status_code=5 method=Accounting-Request summary="Accounting-Request Start bob at 10.0.0.7 → Accounting-Response" request_packet=3 response_packet=4 radius_code=4 radius_code_name=Accounting-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=true radius_request_length=37 radius_response_length=20 radius_total_size=57
        "#]],
    );
}

#[test]
fn a_request_sent_again_is_a_row_of_its_own() {
    check(
        &format!("> {REQUEST}\n> {REQUEST}\n< {ACCEPT}\n< {ACCEPT}"),
        expect![[r#"
            radius id=1 index=0 elapsed_time=2000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=1 response_packet=3 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
            radius id=2 index=0 elapsed_time=2000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=2 response_packet=4 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
}

#[test]
fn an_identifier_that_is_used_again_gives_the_old_request_up() {
    let other = REQUEST
        .replacen("0123456789", "9876543210", 1)
        .replacen("bob", "eve", 1);
    check(
        &format!("> {REQUEST}\n> {other}\n< {ACCEPT}"),
        expect![[r#"
            radius id=1 index=0 method=Access-Request summary="Access-Request bob at 10.0.0.7" request_packet=1 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=false radius_request_length=49 radius_total_size=49
            radius id=2 index=0 elapsed_time=1000 status_code=2 method=Access-Request summary="Access-Request eve at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=2 response_packet=3 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=39383736353433323130616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
}

#[test]
fn responses_in_any_order_find_their_requests() {
    let second = REQUEST.replacen(r"\x05", r"\x07", 1).replacen("bob", "eve", 1);
    let reject = r"\x03\x07\x00\x19fedcba9876543210\x12\x05No!";
    check(
        &format!("> {REQUEST}\n> {second}\n< {reject}\n< {ACCEPT}"),
        expect![[r#"
            radius id=2 index=0 elapsed_time=1000 status_code=3 method=Access-Request summary="Access-Request eve at 10.0.0.7 → Access-Reject \"No!\"" request_packet=2 response_packet=3 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=25 radius_total_size=74
            radius id=1 index=0 elapsed_time=3000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=1 response_packet=4 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
}

#[test]
fn a_response_of_another_kind_answers_nothing() {
    check(
        &format!("> {REQUEST}\n< {}", RECEIVED.replacen(r"\x06", r"\x05", 1)),
        expect![[r#"
            radius id=2 index=0 status_code=5 method=Accounting-Response summary="→ Accounting-Response" response_packet=2 radius_code=5 radius_code_name=Accounting-Response radius_request=false radius_response=true radius_response_length=20 radius_total_size=20
            radius id=1 index=0 method=Access-Request summary="Access-Request bob at 10.0.0.7" request_packet=1 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=false radius_request_length=49 radius_total_size=49
        "#]],
    );
}

#[test]
fn a_server_may_ask_for_a_change() {
    check_rows(
        &UDP,
        "10.0.0.1:51000 > 10.0.0.2:3799 udp\n< \\x2b\\x01\\x00\\x1cffffffffffffffff\\x2c\\x08s-0001\n> \\x2d\\x01\\x00\\x1affffffffffffffff\\x65\\x06\\x00\\x00\\x01\\xf7",
        expect![[r#"
            radius id=1 index=0 elapsed_time=1000 status_code=45 method=CoA-Request summary="CoA-Request s-0001 → CoA-NAK Session-Context-Not-Found" request_packet=1 response_packet=2 radius_code=43 radius_code_name=CoA-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=true radius_request_length=28 radius_response_length=26 radius_total_size=54
        "#]],
    );
}

#[test]
fn damaged_attributes_and_strange_codes_are_rows_and_counted() {
    let damaged = r"\x01\x01\x00\x1bffffffffffffffff\x01\x05bob\x04\x09";
    let cut = r"\x01\x02\x00\xffffffffffffffffff\x01\x05bob\x04\x06\x0a";
    let padded = format!("{}\\x00\\x00", START);
    check(
        &format!("> {damaged}\n> {cut}\n> {padded}\n> \\x63\\x09\\x00\\x14ffffffffffffffff\n> short"),
        expect![[r#"
            radius id=1 index=0 method=Access-Request summary="Access-Request bob" request_packet=1 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=false radius_request_length=27 radius_total_size=27
            radius id=2 index=0 method=Access-Request summary="Access-Request bob" request_packet=2 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=false radius_request_length=255 radius_total_size=255
            radius id=3 index=0 method=Accounting-Request summary="Accounting-Request Start bob at 10.0.0.7" request_packet=3 radius_code=4 radius_code_name=Accounting-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=false radius_request_length=37 radius_total_size=37
            radius id=4 index=0 method="code 99" summary="code 99" request_packet=4 radius_code=99 radius_code_name="code 99" radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=false radius_request_length=20 radius_total_size=20
            anomaly malformed_radius 3
        "#]],
    );
}

#[test]
fn messages_in_a_stream_stand_one_behind_the_other() {
    check_rows(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:1812\n> {REQUEST}{START}\n< {RECEIVED}{ACCEPT}"),
        expect![[r#"
            radius id=4 index=1 elapsed_time=1000 status_code=5 method=Accounting-Request summary="Accounting-Request Start bob at 10.0.0.7 → Accounting-Response" request_packet=4 response_packet=5 radius_code=4 radius_code_name=Accounting-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=true radius_request_length=37 radius_response_length=20 radius_total_size=57
            radius id=4 index=0 elapsed_time=1000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=4 response_packet=5 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
}

#[test]
fn after_a_gap_a_stream_goes_on_where_a_message_begins() {
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:1812\n> {REQUEST}\n< {ACCEPT}\n> {START}\n> {REQUEST}\n< {ACCEPT}\n  drop 6"
        ),
        expect![[r#"
            radius id=4 index=0 elapsed_time=1000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=4 response_packet=5 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
            radius id=7 index=0 elapsed_time=1000 status_code=2 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Accept 10.1.0.5 \"Hello\"" request_packet=7 response_packet=8 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
    check_whole(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:1812\n> {REQUEST}\\x00\\x00\\x00\\x00\n> {START}\n< {RECEIVED}"),
        expect![[r#"
            radius id=5 index=0 elapsed_time=1000 status_code=5 method=Accounting-Request summary="Accounting-Request Start bob at 10.0.0.7 → Accounting-Response" request_packet=5 response_packet=6 radius_code=4 radius_code_name=Accounting-Request radius_request_authenticator=66666666666666666666666666666666 radius_request=true radius_response=true radius_request_length=37 radius_response_length=20 radius_total_size=57
            radius id=4 index=0 method=Access-Request summary="Access-Request bob at 10.0.0.7" request_packet=4 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=false radius_request_length=49 radius_total_size=49
            anomaly unparsable_radius 1
        "#]],
    );
}

#[test]
fn who_is_rejected_is_given_no_address() {
    check(
        &format!("> {REQUEST}\n< \\x03\\x05\\x00\\x21FEDCBA9876543210\\x08\\x06\\x0a\\x01\\x00\\x05\\x12\\x07Hello"),
        expect![[r#"
            radius id=1 index=0 elapsed_time=1000 status_code=3 method=Access-Request summary="Access-Request bob at 10.0.0.7 → Access-Reject \"Hello\"" request_packet=1 response_packet=2 radius_code=1 radius_code_name=Access-Request radius_request_authenticator=30313233343536373839616263646566 radius_request=true radius_response=true radius_request_length=49 radius_response_length=33 radius_total_size=82
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talk = format!("10.0.0.1:1 > 10.0.0.2:1812 udp\n> {REQUEST}\n< {ACCEPT}\n> {START}\n< {RECEIVED}");
    check_any_bytes(&UDP, &[&talk]);
    check_any_bytes(&TCP, &[&talk.replacen(" udp", "", 1)]);
}

#[test]
fn radius_is_recognised_on_any_port_and_look_alikes_are_not() {
    let udp = |port, text: &str| recognise(Transport::Udp, [51000, port], &bytes(text));
    assert_eq!(udp(9, REQUEST), Some("RADIUS"));
    assert_eq!(udp(9, ACCEPT), Some("RADIUS"));
    assert_eq!(udp(9, START), Some("RADIUS"));
    assert_eq!(udp(9, RECEIVED), None);
    assert_eq!(udp(1813, RECEIVED), Some("RADIUS"));
    assert_eq!(udp(9, &format!("{REQUEST}\\x00")), None);
    assert_eq!(udp(9, &REQUEST.replacen(r"\x04\x06", r"\x04\x05", 1)), None);
    assert_eq!(udp(1812, r"\x01\x00\xb1\x05ffffffffffffffff\x01\x05bob"), None);
    assert_eq!(udp(1812, r"\x63\x00\x00\x14ffffffffffffffff"), None);
    let tcp = |port, text: &str| recognise(Transport::Tcp, [51000, port], &bytes(text));
    assert_eq!(tcp(9, &format!("{REQUEST}{START}")), Some("RADIUS"));
    assert_eq!(tcp(9, &REQUEST[..REQUEST.len() - 4]), None);
    assert_eq!(tcp(1812, &REQUEST[..REQUEST.len() - 4]), Some("RADIUS"));
    assert_eq!(tcp(1812, RECEIVED), None);
    // Diameter begins as an Access-Request does.
    let diameter = r"\x01\x00\x00\x1c\x80\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x01\x08\x40\x00\x00\x08";
    assert_eq!(tcp(1812, diameter), Some("Diameter"));
}

#[test]
fn a_usual_port_does_not_make_radius_of_anything() {
    let client = |text: &str| recognise(Transport::Udp, [1700, 9], &bytes(text));
    // A client's port is any number.
    assert_eq!(client(r"\x01\x00\x00\x19ffffffffffffffff\x01\x05bob"), None);
    assert_eq!(client(RECEIVED), Some("RADIUS"));
    let server = |text: &str| recognise(Transport::Udp, [51000, 1700], &bytes(text));
    assert_eq!(server(r"\x01\x00\x00\x19ffffffffffffffff\x01\x05bob"), Some("RADIUS"));
    // Damage behind the first attributes, a cut, and padding are seen; a message far shorter than its datagram is none.
    assert_eq!(
        server(r"\x01\x00\x00\x21ffffffffffffffff\x01\x05bob\x04\x06\x0a\x00\x00\x07\x04\x09"),
        Some("RADIUS")
    );
    assert_eq!(server(&REQUEST[..REQUEST.len() - 4]), Some("RADIUS"));
    assert_eq!(server(&format!("{START}{}", r"\x00".repeat(4))), Some("RADIUS"));
    assert_eq!(server(&format!("{START}{}", r"\x00".repeat(40))), None);
    assert_eq!(server(&RECEIVED.replacen(r"\x05", r"\x04", 1)), None);
}

#[test]
fn datagrams_of_many_zeros_are_not_radius() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for ports in [[1700, 9], [51000, 1812]] {
        let mut found = 0;
        for _ in 0..20_000 {
            let length = 20 + below(200);
            let payload: Vec<u8> = (0..length)
                .map(|_| {
                    let bits = 1 + below(8);
                    if below(3) > 0 { 0 } else { below(1 << bits) as u8 }
                })
                .collect();
            found += usize::from(recognise(Transport::Udp, ports, &payload) == Some("RADIUS"));
        }
        // Less than one in a thousand.
        assert!(found < 20, "{found} on {ports:?}");
    }
}
