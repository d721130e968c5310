use expect_test::{Expect, expect};

use super::{NAME, TCP};
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise};
use crate::dissect::{Transport, http1};
use crate::recognise::Ports;

const OPENING: &str = r"10.0.0.1:51000 > 10.0.0.2:80
> GET /chat?room=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nUpgrade: websocket\r\n\r\n
";

/// A talk behind a handshake.
#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&http1::TCP, &opened("", talk), expect);
}

#[track_caller]
fn check_whole(talk: &str, expect: Expect) {
    check_whole_rows(&http1::TCP, &opened("", talk), expect);
}

fn opened(fields: &str, talk: &str) -> String {
    format!("{OPENING}< HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: WebSocket\\r\\n{fields}\\r\\n{talk}")
}

#[test]
fn messages_of_both_sides_are_rows() {
    check(
        r"\x81\x02hi
> \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58
< \x82\x03\xff\xfe\xfd\x82\x00\x89\x04ping
> \x8a\x84\x01\x02\x03\x04qklc
> \x88\x85\x00\x00\x00\x00\x03\xe9bye
< \x88\x02\x03\xe9
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=5 index=1 method=text summary="→ text hi" response_packet=5 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=hi ws_response_payload_length=2 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=6 index=0 method=text summary="text Hello" request_packet=6 ws_opcode=text ws_request=true ws_response=false ws_request_payload_data=Hello ws_request_payload_length=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=7 index=0 method=binary summary="→ binary 3 bytes" response_packet=7 ws_opcode=binary ws_request=false ws_response=true ws_response_payload_length=3 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=7 index=1 method=binary summary="→ binary 0 bytes" response_packet=7 ws_opcode=binary ws_request=false ws_response=true ws_response_payload_length=0 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=7 index=2 method=ping summary="→ ping ping" response_packet=7 ws_opcode=ping ws_request=false ws_response=true ws_response_payload_data=ping ws_response_payload_length=4 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=8 index=0 method=pong summary="pong piog" request_packet=8 ws_opcode=pong ws_request=true ws_response=false ws_request_payload_data=piog ws_request_payload_length=4 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=9 index=0 status_code=1001 method=close summary="close 1001 bye" request_packet=9 ws_opcode=close ws_request=true ws_response=false ws_request_payload_data=bye ws_request_payload_length=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=10 index=0 status_code=1001 method=close summary="→ close 1001" response_packet=10 ws_opcode=close ws_request=false ws_response=true ws_response_payload_length=2 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
        "#]],
    );
}

#[test]
fn fragments_are_joined_with_control_messages_between_them() {
    check(
        r"
< \x01\x03one\x89\x01!\x00\x04 two\x80\x06 three\x81\x7e\x00\x04long
> \x02\x80\x00\x00\x00\x00\x80\x81\x41\x00\x00\x00\x00
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=6 index=1 method=ping summary="→ ping !" response_packet=6 ws_opcode=ping ws_request=false ws_response=true ws_response_payload_data=! ws_response_payload_length=1 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=6 index=0 method=text summary="→ text one two three" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data="one two three" ws_response_payload_length=13 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=6 index=2 method=text summary="→ text long" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=long ws_response_payload_length=4 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=7 index=0 method=binary summary="binary 1 bytes" request_packet=7 ws_opcode=binary ws_request=true ws_response=false ws_request_payload_data=A ws_request_payload_length=1 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
        "#]],
    );
}

#[test]
fn compressed_messages_refer_to_earlier_ones() {
    // RFC 7692 §7.2.3: Hello twice, the second time as a reference, and in two fragments.
    check_rows(
        &http1::TCP,
        &opened(
            r"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n",
            r"
< \xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00
< \x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00
> \xc1\x87\x01\x01\x01\x01\xf3\x49\xcc\xc8\xc8\x06\x01
",
        ),
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket,sec-websocket-extensions:"permessage-deflate; client_no_context_takeover"} request_headers_size=73 request_body_size=0 response_headers_size=130 response_body_size=0 host=h user_agent=u
            ws id=6 index=0 method=text summary="→ text Hello" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=Hello ws_response_payload_length=7 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket,sec-websocket-extensions:"permessage-deflate; client_no_context_takeover"} host=h user_agent=u
            ws id=6 index=1 method=text summary="→ text Hello" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=Hello ws_response_payload_length=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket,sec-websocket-extensions:"permessage-deflate; client_no_context_takeover"} host=h user_agent=u
            ws id=7 index=0 method=text summary="→ text Hello" response_packet=7 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=Hello ws_response_payload_length=7 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket,sec-websocket-extensions:"permessage-deflate; client_no_context_takeover"} host=h user_agent=u
            ws id=8 index=0 method=text summary="text Hello" request_packet=8 ws_opcode=text ws_request=true ws_response=false ws_request_payload_data=Hello ws_request_payload_length=7 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket,sec-websocket-extensions:"permessage-deflate; client_no_context_takeover"} host=h user_agent=u
        "#]],
    );
}

#[test]
fn a_gap_inside_a_frame_only_counts() {
    check(
        r"
< \x82\x09abc
< def
< ghi\x81\x02ok
  drop 7
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=6 index=0 method=binary summary="→ binary 9 bytes" response_packet=6 ws_opcode=binary ws_request=false ws_response=true ws_response_payload_data=abc ws_response_payload_length=9 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=8 index=0 method=text summary="→ text ok" response_packet=8 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=ok ws_response_payload_length=2 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
        "#]],
    );
}

#[test]
fn after_a_gap_a_chunk_of_frames_takes_a_half_up_again() {
    check_whole(
        r"
< \x81\x0aabc
< defghij\x81\x05
< hello
< \x81\x05again\x8a\x00
  drop 7
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=6 index=0 method=text summary="→ text abc" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=abc ws_response_payload_length=3 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=9 index=0 method=text summary="→ text again" response_packet=9 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=again ws_response_payload_length=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=9 index=1 method=pong summary="→ pong" response_packet=9 ws_opcode=pong ws_request=false ws_response=true ws_response_payload_length=0 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
        "#]],
    );
}

#[test]
fn nonsense_is_counted_and_what_was_cut_is_a_row() {
    check_whole(
        r"
< \x01\x03abc\x81\x02no
> \x83\x80\x00\x00\x00\x00
> \x81\x82\x00\x00\x00\x00ok
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=6 index=0 method=text summary="→ text abc" response_packet=6 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=abc ws_response_payload_length=3 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=8 index=0 method=text summary="text ok" request_packet=8 ws_opcode=text ws_request=true ws_response=false ws_request_payload_data=ok ws_request_payload_length=2 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            anomaly unparsable_websocket 2
        "#]],
    );
}

#[test]
fn a_message_that_the_end_cuts_is_a_row() {
    check(
        r"
> \x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00huge
< \x01\x02ab
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /chat?room=1 → 101" request_packet=4 response_packet=5 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} request_headers_size=73 request_body_size=0 response_headers_size=56 response_body_size=0 host=h user_agent=u
            ws id=6 index=0 method=binary summary="binary 4 bytes" request_packet=6 ws_opcode=binary ws_request=true ws_response=false ws_request_payload_data=huge ws_request_payload_length=4 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
            ws id=7 index=0 method=text summary="→ text ab" response_packet=7 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=ab ws_response_payload_length=2 url=/chat?room=1 path=/chat http_version=HTTP/1.1 query_string={room:1} request_headers={host:h,user-agent:u,upgrade:websocket} response_headers={upgrade:WebSocket} host=h user_agent=u
        "#]],
    );
}

#[test]
fn without_a_handshake_the_user_must_say_so() {
    let talk = r"10.0.0.1:51000 > 10.0.0.2:9000
> \x81\x82\x00\x00\x00\x00hi
< \x00\x03abc\x80\x00\x81\x02yo
";
    check_rows(
        &TCP,
        talk,
        expect![[r#"
            ws id=4 index=0 method=text summary="text hi" request_packet=4 ws_opcode=text ws_request=true ws_response=false ws_request_payload_data=hi ws_request_payload_length=2
            ws id=5 index=0 method=text summary="→ text yo" response_packet=5 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=yo ws_response_payload_length=2
        "#]],
    );
    assert_eq!(recognise(Transport::Tcp, [51000, 80], b"\x81\x02hi"), None);
    assert!(Ports::default().say(9000, NAME).is_ok());
}

#[test]
fn what_rows_repeat_of_a_handshake_is_bounded() {
    let talk = opened(&format!("A: {}\\r\\nB: b\\r\\n", "x".repeat(5000)), "\\x81\\x02hi\n");
    let rows = crate::dissect::testing::rows_of(&http1::TCP, &talk);
    let row = rows.lines().find(|row| row.starts_with("ws ")).unwrap_or_default();
    assert!(row.contains("response_headers={upgrade:WebSocket,b:b}"), "{row}");
}

#[test]
fn any_bytes() {
    let talk = opened(
        "",
        "\\x81\\x02hi\n> \\xc1\\x87\\x01\\x01\\x01\\x01\\xf3\\x49\\xcc\\xc8\\xc8\\x06\\x01\n< \\x01\\x03abc\\x80\\x00\n",
    );
    check_any_bytes(&http1::TCP, &[&talk]);
    check_any_bytes(&TCP, &[&talk]);
}
