use expect_test::{Expect, expect};

use super::{TCP, UDP};
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise};

const BIND: &str = r"0,\x02\x01\x01`'\x02\x01\x03\x04\x1acn=admin,dc=example,dc=com\x80\x06secret";
const BOUND: &str = r"0\x0c\x02\x01\x01a\x07\x0a\x01\x00\x04\x00\x04\x00";
const REFUSED: &str = r"0\x1e\x02\x01\x01a\x19\x0a\x011\x04\x00\x04\x1280090308: LdapErr\x00";
const SEARCH: &str = r"0=\x02\x01\x02c8\x04\x11dc=example,dc=com\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\xa0\x12\xa3\x0a\x04\x03uid\x04\x03bob\x87\x04mail0\x00";
const ENTRY: &str = r"00\x02\x01\x02d+\x04\x19uid=bob,dc=example,dc=com0\x0e0\x0c\x04\x03uid1\x05\x04\x03bob";
const REFERENCE: &str = r"0\x10\x02\x01\x02s\x0b\x04\x09ldap://b/";
const DONE: &str = r"0\x0c\x02\x01\x02e\x07\x0a\x01\x00\x04\x00\x04\x00";
const MODIFY: &str = r"04\x02\x01\x03f/\x04\x07uid=bob0$0\x0e\x0a\x01\x020\x09\x04\x02sn1\x03\x04\x01B0\x12\x0a\x01\x000\x0d\x04\x04mail1\x05\x04\x03b@c";
const MODIFIED: &str = r"0\x19\x02\x01\x03g\x14\x0a\x01 \x04\x00\x04\x0dno such entry";
const ADD: &str = r"0\x1b\x02\x01\x04h\x16\x04\x07uid=eve0\x0b0\x09\x04\x02sn1\x03\x04\x01E";
const ADDED: &str = r"0\x0c\x02\x01\x04i\x07\x0a\x01D\x04\x00\x04\x00";
const DELETE: &str = r"0\x0c\x02\x01\x05J\x07uid=eve";
const DELETED: &str = r"0\x0c\x02\x01\x05k\x07\x0a\x01\x00\x04\x00\x04\x00";
const RENAME: &str = r"0%\x02\x01\x06l \x04\x07uid=bob\x04\x07uid=rob\x01\x01\xff\x80\x09ou=people";
const RENAMED: &str = r"0\x0c\x02\x01\x06m\x07\x0a\x01\x00\x04\x00\x04\x00";
const COMPARE: &str = r"0\x17\x02\x01\x07n\x12\x04\x07uid=bob0\x07\x04\x02sn\x04\x01B";
const COMPARED: &str = r"0\x0c\x02\x01\x07o\x07\x0a\x01\x06\x04\x00\x04\x00";
const ABANDON: &str = r"0\x06\x02\x01\x08P\x01\x02";
const UNBIND: &str = r"0\x05\x02\x01\x09B\x00";
const WHOAMI: &str = r"0\x1e\x02\x01\x0aw\x19\x80\x171.3.6.1.4.1.4203.1.11.3";
const IAM: &str = r"0\x19\x02\x01\x0ax\x14\x0a\x01\x00\x04\x00\x04\x00\x8b\x0bdn:cn=admin";
const START_TLS: &str = r"0\x1d\x02\x01\x0bw\x18\x80\x161.3.6.1.4.1.1466.20037";
const TLS_STARTS: &str = r"0\x0c\x02\x01\x0bx\x07\x0a\x01\x00\x04\x00\x04\x00";
const GOODBYE: &str = r"01\x02\x01\x00x,\x0a\x014\x04\x00\x04\x0dshutting down\x8a\x161.3.6.1.4.1.1466.20036";
const SASL: &str = r"0\x1f\x02\x01\x0c`\x1a\x02\x01\x03\x04\x00\xa3\x13\x04\x0aGSS-SPNEGO\x04\x05token";
const SASL_MORE: &str = r"0\x12\x02\x01\x0ca\x0d\x0a\x01\x0e\x04\x00\x04\x00\x87\x04more";
const INFO: &str = r"0\x1f\x02\x01\x02y\x1a\x80\x181.3.6.1.4.1.4203.1.9.1.4";
const PAGED: &str = r"0A\x02\x01\x02c \x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00\xa0\x1a0\x18\x04\x161.2.840.113556.1.4.319";
const MS_DONE: &str = r"0\x84\x00\x00\x00\x10\x02\x01\x02e\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00";
const SIGNED: &str = r"\x00\x00\x00[\x05\x04\x00\xff\x00\x0c\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x01cccccccccccc0=\x02\x01\x02c8\x04\x11dc=example,dc=com\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\xa0\x12\xa3\x0a\x04\x03uid\x04\x03bob\x87\x04mail0\x00";
const SIGNED_RESULT: &str = r"\x00\x00\x00T\x05\x04\x01\xff\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0100\x02\x01\x02d+\x04\x19uid=bob,dc=example,dc=com0\x0e0\x0c\x04\x03uid1\x05\x04\x03bob0\x0c\x02\x01\x02e\x07\x0a\x01\x00\x04\x00\x04\x00cccc";
const SEALED: &str = r"\x00\x00\x008\x05\x04\x02\xff\x00\x00\x00\x1c\x00\x00\x00\x00\x00\x00\x00\x01\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a\x9a";
const NTLM_SIGNED: &str = r"\x00\x00\x00O\x01\x00\x00\x00cccccccc\x00\x00\x00\x000=\x02\x01\x02c8\x04\x11dc=example,dc=com\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\xa0\x12\xa3\x0a\x04\x03uid\x04\x03bob\x87\x04mail0\x00";
const OLD_SIGNED: &str = r"\x00\x00\x00<`:\x06\x09*\x86H\x86\xf7\x12\x01\x02\x02\x02\x01\x11\x00\xff\xff\xff\xffssssssssccccccccffffffff0\x0c\x02\x01\x02e\x07\x0a\x01\x00\x04\x00\x04\x00\x01";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:389\n{talk}"), expect);
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn an_operation_and_its_result_are_one_row() {
    check(
        &format!("> {BIND}\n< {BOUND}\n> {UNBIND}"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple) → success" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple) → success" ldap_request=true ldap_response=true ldap_request_length=46 ldap_response_length=14 ldap_total_size=60
            ldap id=6 index=0 method=unbindRequest summary=unbind request_packet=6 ldap_type=unbindRequest ldap_summary=unbind ldap_request=true ldap_response=false ldap_request_length=7 ldap_total_size=7
        "#]],
    );
}

#[test]
fn an_error_has_its_code_and_message() {
    check(
        &format!("> {BIND}\n< {REFUSED}"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=49 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple) → invalidCredentials: 80090308: LdapErr" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple) → invalidCredentials: 80090308: LdapErr" ldap_request=true ldap_response=true ldap_request_length=46 ldap_response_length=32 ldap_total_size=78
        "#]],
    );
}

#[test]
fn what_a_search_finds_is_counted_until_its_result() {
    check(
        &format!("> {SEARCH}\n< {ENTRY}{INFO}\n< {ENTRY}{REFERENCE}{MS_DONE}"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 2 entries, 1 reference, 1 intermediate response, success" request_packet=4 response_packet=5 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 2 entries, 1 reference, 1 intermediate response, success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=173 ldap_total_size=236
        "#]],
    );
}

#[test]
fn every_operation_says_what_it_does() {
    check(
        &format!(
            "> {MODIFY}{ADD}{DELETE}{RENAME}{COMPARE}{WHOAMI}{PAGED}\n< {ADDED}{DELETED}{RENAMED}{COMPARED}{IAM}{MODIFIED}"
        ),
        expect![[r#"
            ldap id=4 index=1 elapsed_time=1000 status_code=68 method=addRequest summary="add uid=eve → entryAlreadyExists" request_packet=4 response_packet=5 ldap_type=addRequest ldap_summary="add uid=eve → entryAlreadyExists" ldap_request=true ldap_response=true ldap_request_length=29 ldap_response_length=14 ldap_total_size=43
            ldap id=4 index=2 elapsed_time=1000 status_code=0 method=delRequest summary="delete uid=eve → success" request_packet=4 response_packet=5 ldap_type=delRequest ldap_summary="delete uid=eve → success" ldap_request=true ldap_response=true ldap_request_length=14 ldap_response_length=14 ldap_total_size=28
            ldap id=4 index=3 elapsed_time=1000 status_code=0 method=modDNRequest summary="rename uid=bob to uid=rob under ou=people → success" request_packet=4 response_packet=5 ldap_type=modDNRequest ldap_summary="rename uid=bob to uid=rob under ou=people → success" ldap_request=true ldap_response=true ldap_request_length=39 ldap_response_length=14 ldap_total_size=53
            ldap id=4 index=4 elapsed_time=1000 status_code=6 method=compareRequest summary="compare uid=bob (sn=B) → compareTrue" request_packet=4 response_packet=5 ldap_type=compareRequest ldap_summary="compare uid=bob (sn=B) → compareTrue" ldap_request=true ldap_response=true ldap_request_length=25 ldap_response_length=14 ldap_total_size=39
            ldap id=4 index=5 elapsed_time=1000 status_code=0 method=extendedReq summary="Who am I? → success" request_packet=4 response_packet=5 ldap_type=extendedReq ldap_summary="Who am I? → success" ldap_request=true ldap_response=true ldap_request_length=32 ldap_response_length=27 ldap_total_size=59
            ldap id=4 index=0 elapsed_time=1000 status_code=32 method=modifyRequest summary="modify uid=bob (replace sn, add mail) → noSuchObject: no such entry" request_packet=4 response_packet=5 ldap_type=modifyRequest ldap_summary="modify uid=bob (replace sn, add mail) → noSuchObject: no such entry" ldap_request=true ldap_response=true ldap_request_length=54 ldap_response_length=27 ldap_total_size=81
            ldap id=4 index=6 method=searchRequest summary="search (root) base (objectClass=*)" request_packet=4 ldap_type=searchRequest ldap_summary="search (root) base (objectClass=*)" ldap_request=true ldap_response=false ldap_request_length=67 ldap_total_size=67
        "#]],
    );
}

#[test]
fn nothing_more_comes_of_what_is_abandoned() {
    check(
        &format!("> {SEARCH}\n< {ENTRY}\n> {ABANDON}"),
        expect![[r#"
            ldap id=6 index=0 method=abandonRequest summary="abandon 2" request_packet=6 ldap_type=abandonRequest ldap_summary="abandon 2" ldap_request=true ldap_response=false ldap_request_length=8 ldap_total_size=8
            ldap id=4 index=0 elapsed_time=1000 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, abandoned" request_packet=4 response_packet=5 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, abandoned" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=50 ldap_total_size=113
        "#]],
    );
}

#[test]
fn what_was_under_way_of_an_abandoned_search_is_no_other() {
    check(
        &format!("> {SEARCH}\n> {ABANDON}\n< {ENTRY}\n< {ENTRY}\n> {SEARCH}\n< {ENTRY}{DONE}"),
        expect![[r#"
            ldap id=5 index=0 method=abandonRequest summary="abandon 2" request_packet=5 ldap_type=abandonRequest ldap_summary="abandon 2" ldap_request=true ldap_response=false ldap_request_length=8 ldap_total_size=8
            ldap id=4 index=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → abandoned" request_packet=4 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → abandoned" ldap_request=true ldap_response=false ldap_request_length=63 ldap_total_size=63
            ldap id=8 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" request_packet=8 response_packet=9 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=64 ldap_total_size=127
        "#]],
    );
}

#[test]
fn an_id_that_is_used_again_is_another_operation() {
    check(
        &format!("> {SEARCH}\n> {SEARCH}\n< {DONE}"),
        expect![[r#"
            ldap id=4 index=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*))" request_packet=4 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*))" ldap_request=true ldap_response=false ldap_request_length=63 ldap_total_size=63
            ldap id=5 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" request_packet=5 response_packet=6 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=14 ldap_total_size=77
        "#]],
    );
}

#[test]
fn what_the_server_says_unasked_and_results_without_request_are_rows() {
    check(
        &format!("< {ENTRY}\n< {DONE}{BOUND}\n< {GOODBYE}"),
        expect![[r#"
        ldap id=4 index=0 status_code=0 summary="searchResDone → 1 entry, success" response_packet=4 ldap_type=searchResDone ldap_summary="searchResDone → 1 entry, success" ldap_request=false ldap_response=true ldap_response_length=64 ldap_total_size=64
        ldap id=5 index=1 status_code=0 summary="bindResponse → success" response_packet=5 ldap_type=bindResponse ldap_summary="bindResponse → success" ldap_request=false ldap_response=true ldap_response_length=14 ldap_total_size=14
        ldap id=6 index=0 status_code=52 summary="Notice of Disconnection → unavailable: shutting down" response_packet=6 ldap_type=extendedResp ldap_summary="Notice of Disconnection → unavailable: shutting down" ldap_request=false ldap_response=true ldap_response_length=51 ldap_total_size=51
    "#]],
    );
}

#[test]
fn after_start_tls_the_connection_is_tls() {
    let hello =
        r"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x02\x13\x01\x01\x00";
    check(
        &format!("> {START_TLS}\n< {TLS_STARTS}\n> {hello}"),
        expect![[r#"
            tlsx id=6 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=6 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=41 tls_total_size=41
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=extendedReq summary="StartTLS → success" request_packet=4 response_packet=5 ldap_type=extendedReq ldap_summary="StartTLS → success" ldap_request=true ldap_response=true ldap_request_length=31 ldap_response_length=14 ldap_total_size=45
        "#]],
    );
}

#[test]
fn a_security_layer_that_only_signs_is_read() {
    check(
        &format!(
            "> {SASL}\n< {SASL_MORE}\n> {SIGNED}\n< {SIGNED_RESULT}\n> {NTLM_SIGNED}\n< {OLD_SIGNED}\n> {SEALED}\n< {SEALED}\n> {BIND}"
        ),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=14 method=bindRequest summary="bind (SASL GSS-SPNEGO) → saslBindInProgress" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind (SASL GSS-SPNEGO) → saslBindInProgress" ldap_request=true ldap_response=true ldap_request_length=33 ldap_response_length=20 ldap_total_size=53
            ldap id=6 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" request_packet=6 response_packet=7 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=64 ldap_total_size=127
            ldap id=8 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" request_packet=8 response_packet=9 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=14 ldap_total_size=77
            ldap id=12 index=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple)" request_packet=12 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple)" ldap_request=true ldap_response=false ldap_request_length=46 ldap_total_size=46
        "#]],
    );
}

#[test]
fn the_half_that_asks_is_the_client() {
    check(
        &format!("< {SEARCH}\n> {DONE}"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" request_packet=4 response_packet=5 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=14 ldap_total_size=77
        "#]],
    );
}

#[test]
fn a_gap_costs_what_it_hides() {
    let (begin, end) = SEARCH.split_at(SEARCH.find("example").expect("the base is there"));
    let talk = format!(
        "10.0.0.1:51000 > 10.0.0.2:389\n> {BIND}\n< {BOUND}\n> {begin}\n> {end}\n> {COMPARE}\n< {DONE}{COMPARED}"
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 7"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple) → success" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple) → success" ldap_request=true ldap_response=true ldap_request_length=46 ldap_response_length=14 ldap_total_size=60
            ldap id=6 index=0 elapsed_time=3000 status_code=0 method=searchRequest summary="search dc= … (…) → success" request_packet=6 response_packet=9 ldap_type=searchRequest ldap_summary="search dc= … (…) → success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=14 ldap_total_size=77
            ldap id=8 index=0 elapsed_time=1000 status_code=6 method=compareRequest summary="compare uid=bob (sn=B) → compareTrue" request_packet=8 response_packet=9 ldap_type=compareRequest ldap_summary="compare uid=bob (sn=B) → compareTrue" ldap_request=true ldap_response=true ldap_request_length=25 ldap_response_length=14 ldap_total_size=39
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 6"),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple) → success" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple) → success" ldap_request=true ldap_response=true ldap_request_length=46 ldap_response_length=14 ldap_total_size=60
            ldap id=9 index=0 status_code=0 summary="searchResDone → success" response_packet=9 ldap_type=searchResDone ldap_summary="searchResDone → success" ldap_request=false ldap_response=true ldap_response_length=14 ldap_total_size=14
            ldap id=8 index=0 elapsed_time=1000 status_code=6 method=compareRequest summary="compare uid=bob (sn=B) → compareTrue" request_packet=8 response_packet=9 ldap_type=compareRequest ldap_summary="compare uid=bob (sn=B) → compareTrue" ldap_request=true ldap_response=true ldap_request_length=25 ldap_response_length=14 ldap_total_size=39
        "#]],
    );
    check_whole(
        &TCP,
        &format!("{talk}\n  drop 5"),
        expect![[r#"
            ldap id=6 index=0 elapsed_time=2000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" request_packet=6 response_packet=9 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=14 ldap_total_size=77
            ldap id=8 index=0 elapsed_time=1000 status_code=6 method=compareRequest summary="compare uid=bob (sn=B) → compareTrue" request_packet=8 response_packet=9 ldap_type=compareRequest ldap_summary="compare uid=bob (sn=B) → compareTrue" ldap_request=true ldap_response=true ldap_request_length=25 ldap_response_length=14 ldap_total_size=39
            ldap id=4 index=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple)" request_packet=4 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple)" ldap_request=true ldap_response=false ldap_request_length=46 ldap_total_size=46
        "#]],
    );
}

#[test]
fn bytes_that_are_no_message_are_counted() {
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:389\n> {BIND}rubbish\n< \\x30\\x03\\x02\\x01\\x01{BOUND}\n> {COMPARE}\n< \\x30\\x84\\x7f\\xff\\xff\\xff\\x02"
        ),
        expect![[r#"
            ldap id=4 index=0 elapsed_time=1000 status_code=0 method=bindRequest summary="bind cn=admin,dc=example,dc=com (simple) → success" request_packet=4 response_packet=5 ldap_type=bindRequest ldap_summary="bind cn=admin,dc=example,dc=com (simple) → success" ldap_request=true ldap_response=true ldap_request_length=46 ldap_response_length=14 ldap_total_size=60
            ldap id=6 index=0 method=compareRequest summary="compare uid=bob (sn=B)" request_packet=6 ldap_type=compareRequest ldap_summary="compare uid=bob (sn=B)" ldap_request=true ldap_response=false ldap_request_length=25 ldap_total_size=25
            anomaly malformed_ldap 1
            anomaly unparsable_ldap 2
        "#]],
    );
}

#[test]
fn cldap_is_the_same_in_datagrams() {
    check_rows(
        &UDP,
        &format!("10.0.0.1:51000 > 10.0.0.2:389 udp\n> {SEARCH}\n< {ENTRY}{DONE}\n> rubbish\n> {ABANDON}"),
        expect![[r#"
            ldap id=1 index=0 elapsed_time=1000 status_code=0 method=searchRequest summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" request_packet=1 response_packet=2 ldap_type=searchRequest ldap_summary="search dc=example,dc=com sub (&(uid=bob)(mail=*)) → 1 entry, success" ldap_request=true ldap_response=true ldap_request_length=63 ldap_response_length=64 ldap_total_size=127
            ldap id=4 index=0 method=abandonRequest summary="abandon 2" request_packet=4 ldap_type=abandonRequest ldap_summary="abandon 2" ldap_request=true ldap_response=false ldap_request_length=8 ldap_total_size=8
            anomaly malformed_ldap 1
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talk = format!(
        "> {SASL}\n< {SASL_MORE}\n> {SIGNED}{SEARCH}{MODIFY}\n< {SIGNED_RESULT}{DONE}{MODIFIED}\n> {START_TLS}\n< {OLD_SIGNED}{TLS_STARTS}"
    );
    check_any_bytes(&TCP, &[&format!("10.0.0.1:1 > 10.0.0.2:389\n{talk}")]);
    check_any_bytes(&UDP, &[&format!("10.0.0.1:1 > 10.0.0.2:389 udp\n{talk}")]);
}

#[test]
fn ldap_is_recognised_on_any_port() {
    let tcp = |text: &str| recognise(Transport::Tcp, [51000, 9], &bytes(text));
    for message in [
        BIND, BOUND, SEARCH, ENTRY, REFERENCE, DONE, MODIFY, MODIFIED, ADD, DELETE, RENAME, COMPARE, ABANDON, UNBIND,
        WHOAMI, GOODBYE, SASL, INFO, PAGED, MS_DONE,
    ] {
        assert_eq!(tcp(message), Some("LDAP"), "{message}");
    }
    assert_eq!(
        recognise(Transport::Udp, [51000, 9], &bytes(&format!("{ENTRY}{DONE}"))),
        Some("LDAP")
    );
    assert_eq!(recognise(Transport::Tcp, [51000, 389], &bytes(SEALED)), Some("LDAP"));
}

#[test]
fn other_ber_is_not_ldap() {
    let snmp = r"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x000\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x02\x00\x05\x00";
    let pairs = r"\x30\x0b\x02\x01\x01\x61\x84\x00\x00\x00\x00abc";
    let short = r"\x30\x05\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";
    let behind = r"\x30\x0e\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x04\x00";
    for look_alike in [
        snmp,
        pairs,
        short,
        behind,
        r"\x30\x06\x02\x01\x01\x4a\x01a",
        "0123456789",
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 9], &bytes(look_alike)),
            None,
            "{look_alike}"
        );
        assert_eq!(
            recognise(Transport::Udp, [51000, 9], &bytes(look_alike)),
            None,
            "{look_alike}"
        );
    }
    assert_eq!(recognise(Transport::Udp, [51000, 9], &bytes(&format!("{DONE}a"))), None);
    assert_eq!(recognise(Transport::Tcp, [51000, 9], &bytes(SEALED)), None);
}
