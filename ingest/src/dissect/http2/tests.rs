use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::testing::{
    check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise, rows_of,
};
use crate::dissect::{Transport, http1};

/// Reads packets, a line each: a direction, then frames, separated by `|`.
///
/// A frame is its kind, its stream, flags (`end` of the stream, `more` header blocks come, `padded` with 3 bytes,
/// `priority`), and what it holds: fields as `name=value` with blanks between them (`name:=value` enters the table, a number
/// is the index of a field), text of `data` in the escapes of a talk. `preface` is the connection preface.
fn talk(packets: &str) -> String {
    let mut talk = "10.0.0.1:51000 > 10.0.0.2:50051\n".to_owned();
    for line in packets.lines().filter(|line| !line.trim().is_empty()) {
        match line.trim().split_once(' ') {
            Some((direction @ (">" | "<"), frames)) => {
                let frames: String = frames.split('|').map(|text| frame(text.trim())).collect();
                talk.push_str(&format!("{direction} {frames}\n"));
            }
            _ => talk.push_str(&format!("  {}\n", line.trim())),
        }
    }
    talk
}

fn frame(text: &str) -> String {
    if text == "preface" {
        return r"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned();
    }
    let mut words = text.split(' ');
    let name = words.next().expect("a frame has a kind");
    let kind = match name {
        "data" => 0,
        "headers" => 1,
        "reset" => 3,
        "settings" => 4,
        "push" => 5,
        "window" => 8,
        "continuation" => 9,
        "unknown" => 0xee,
        _ => panic!("expected the kind of a frame, found {name:?}"),
    };
    let stream: u32 = words
        .next()
        .and_then(|word| word.parse().ok())
        .expect("a frame has a stream");
    let mut flags = if matches!(kind, 1 | 5 | 9) { 0x04 } else { 0 };
    let mut payload = Vec::new();
    let mut padding = 0;
    for word in words {
        match word {
            "end" => flags |= 0x01,
            "more" => flags &= !0x04,
            "padded" => {
                flags |= 0x08;
                padding = 3;
                payload.insert(0, 3);
            }
            "priority" => {
                flags |= 0x20;
                payload.extend([0, 0, 0, 0, 16]);
            }
            "ack" => flags |= 0x01,
            word if kind == 0 => payload.extend(bytes(word)),
            word => match word.split_once('=') {
                Some((name, value)) => {
                    let entered = name.strip_suffix(':').filter(|name| !name.is_empty());
                    payload.push(if entered.is_some() { 0x40 } else { 0x00 });
                    for part in [entered.unwrap_or(name), value] {
                        payload.push(part.len() as u8);
                        payload.extend(part.bytes());
                    }
                }
                None if matches!(kind, 1 | 9) => payload.push(0x80 | word.parse::<u8>().expect("an index")),
                None => payload.extend(hex(word)),
            },
        }
    }
    payload.extend(vec![0; padding]);
    let length = payload.len() as u32;
    let header = [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    header
        .iter()
        .chain(&payload)
        .map(|byte| format!("\\x{byte:02x}"))
        .collect()
}

/// Text, with escapes `\xNN`.
fn bytes(text: &str) -> Vec<u8> {
    let (plain, escaped) = text.split_once("\\x").unwrap_or((text, ""));
    let mut bytes = plain.as_bytes().to_vec();
    for part in escaped.split("\\x").filter(|part| !part.is_empty()) {
        bytes.extend(hex(&part[..2]));
        bytes.extend(part[2..].bytes());
    }
    bytes
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}

#[track_caller]
fn check(packets: &str, expect: Expect) {
    check_rows(&TCP, &talk(packets), expect);
}

#[track_caller]
fn check_whole(packets: &str, expect: Expect) {
    check_whole_rows(&TCP, &talk(packets), expect);
}

#[test]
fn a_request_and_its_response_are_one_row() {
    check(
        r"
        > preface | settings 0 | headers 1 end 2 6 :path=/a?b=1 :authority=h:80 user-agent=u cookie=c=d cookie=e=f
        < settings 0 | settings 0 ack | headers 1 8 content-type=text/plain set-cookie=g=h;path=/ | data 1 hel | data 1 end lo
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /a?b=1 → 200" request_packet=4 response_packet=5 url=/a?b=1 path=/a http_version=HTTP/2 query_string={b:1} request_headers={:method:GET,:scheme:http,:path:/a?b=1,:authority:h:80,user-agent:u,cookie:"c=d; e=f"} response_headers={:status:200,content-type:text/plain,set-cookie:g=h;path=/} request_cookies={c:d,e:f} response_cookies={g:h} request_headers_size=71 request_body_size=0 response_headers_size=49 response_body_size=5 response_body=hello host=h:80 user_agent=u content_type=text/plain
        "#]],
    );
}

#[test]
fn streams_do_not_wait_for_each_other() {
    check(
        r"
        > preface | settings 0 | headers 1 3 6 4 | headers 3 end 2 6 5
        < settings 0 | headers 3 end 13
        > data 1 ab | headers 5 end 2 6 4 | data 1 end c
        < headers 5 8 | headers 1 9 | data 5 end x | data 1 end
        ",
        expect![[r#"
            http id=4 index=1 elapsed_time=1000 status_code=404 method=GET summary="GET /index.html → 404" request_packet=4 response_packet=5 url=/index.html path=/index.html http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/index.html} response_headers={:status:404} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=0
            http id=6 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=6 response_packet=7 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} response_headers={:status:200} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=1 response_body=x
            http id=4 index=0 elapsed_time=1000 status_code=204 method=POST summary="POST / → 204" request_packet=4 response_packet=7 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/} response_headers={:status:204} request_headers_size=3 request_body_size=3 response_headers_size=1 response_body_size=0 request_body=abc
        "#]],
    );
}

#[test]
fn grpc_calls_have_their_status_from_trailers() {
    check(
        r"
        > preface | settings 0 | headers 1 3 6 :path=/greet.Greeter/SayHello content-type=application/grpc te=trailers | data 1 end hi
        < settings 0 | headers 1 8 content-type=application/grpc | data 1 ho | headers 1 end grpc-status=5 grpc-message=no
        > headers 3 end 3 6 :path=/greet.Greeter/SayBye content-type=application/grpc+proto
        < headers 3 end 8 content-type=application/grpc grpc-status=0
        > headers 5 end 3 6 :path=/greet.Greeter/Unanswered content-type=application/grpc
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /greet.Greeter/SayHello → 200, NOT_FOUND: no" request_packet=4 response_packet=5 url=/greet.Greeter/SayHello path=/greet.Greeter/SayHello http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/greet.Greeter/SayHello,content-type:application/grpc,te:trailers} response_headers={:status:200,content-type:application/grpc,grpc-status:5,grpc-message:no} request_headers_size=77 request_body_size=2 response_headers_size=32 response_body_size=2 request_body=hi response_body=ho content_type=application/grpc grpc_method=SayHello grpc_service=greet.Greeter grpc_status=5 grpc_request_messages=0 grpc_response_messages=0
            http id=6 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /greet.Greeter/SayBye → 200, OK" request_packet=6 response_packet=7 url=/greet.Greeter/SayBye path=/greet.Greeter/SayBye http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/greet.Greeter/SayBye,content-type:application/grpc+proto} response_headers={:status:200,content-type:application/grpc,grpc-status:0} request_headers_size=68 request_body_size=0 response_headers_size=47 response_body_size=0 content_type=application/grpc grpc_method=SayBye grpc_service=greet.Greeter grpc_status=0 grpc_request_messages=0 grpc_response_messages=0
            http id=8 index=0 method=POST summary="POST /greet.Greeter/Unanswered" request_packet=8 url=/greet.Greeter/Unanswered path=/greet.Greeter/Unanswered http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/greet.Greeter/Unanswered,content-type:application/grpc} request_headers_size=66 request_body_size=0 content_type=application/grpc grpc_method=Unanswered grpc_service=greet.Greeter grpc_request_messages=0
        "#]],
    );
}

#[test]
fn later_blocks_refer_to_earlier_ones() {
    check(
        r"
        > preface | settings 0 | headers 1 end 2 6 4 :authority:=h x:=y | headers 3 end 2 6 63 62 :path=/2
        < settings 0 | headers 1 end :status:=201 | headers 3 end 62
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=201 method=GET summary="GET / → 201" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/,:authority:h,x:y} response_headers={:status:201} request_headers_size=22 request_body_size=0 response_headers_size=13 response_body_size=0 host=h
            http id=4 index=1 elapsed_time=1000 status_code=201 method=GET summary="GET /2 → 201" request_packet=4 response_packet=5 url=/2 path=/2 http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:authority:h,x:y,:path:/2} response_headers={:status:201} request_headers_size=14 request_body_size=0 response_headers_size=1 response_body_size=0 host=h
        "#]],
    );
}

#[test]
fn padding_priority_and_continuations_are_no_fields() {
    check(
        r"
        > preface | settings 0 | headers 1 more padded priority 3 6 | continuation 1 more 4 | continuation 1 a=b | data 1 padded end abc
        < settings 0 | unknown 0 ffff | window 0 00000001 | headers 1 padded 8 | data 1 padded end
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST / → 200" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/,a:b} response_headers={:status:200} request_headers_size=8 request_body_size=3 response_headers_size=1 response_body_size=0 request_body=abc
        "#]],
    );
}

#[test]
fn interim_responses_are_walked_past() {
    check(
        r"
        > preface | settings 0 | headers 1 3 6 4 expect=100-continue
        < settings 0 | headers 1 :status=100
        > data 1 end a
        < headers 1 :status=103 link=x | headers 1 end 13
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=404 method=POST summary="POST / → 404" request_packet=4 response_packet=7 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/,expect:100-continue} response_headers={:status:404} request_headers_size=24 request_body_size=1 response_headers_size=1 response_body_size=0 request_body=a
        "#]],
    );
}

#[test]
fn a_push_is_a_request_that_was_never_sent() {
    check(
        r"
        > preface | settings 0 | headers 1 end 2 6 4
        < settings 0 | push 1 00000002828685410168 | headers 1 end 8 | headers 2 8 | data 2 end b
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} response_headers={:status:200} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=0
            http id=5 index=0 elapsed_time=0 status_code=200 method=GET summary="GET /index.html → 200" request_packet=5 response_packet=5 url=/index.html path=/index.html http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/index.html,:authority:h} response_headers={:status:200} request_headers_size=6 request_body_size=0 response_headers_size=1 response_body_size=1 response_body=b host=h
        "#]],
    );
}

#[test]
fn a_reset_and_the_end_of_the_connection_make_rows_of_what_there_is() {
    check(
        r"
        > preface | settings 0 | headers 1 3 6 4 | headers 3 end 2 6 5 | headers 5 end 2 :authority=a:1
        < settings 0 | headers 1 14
        > data 1 a | reset 1 00000008 | data 1 b
        < headers 3 8 | data 3 cut
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=0 status_code=500 method=POST summary="POST / → 500, reset CANCEL" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/} response_headers={:status:500} request_headers_size=3 request_body_size=1 response_headers_size=1 response_body_size=0 request_body=a
            http id=4 index=1 elapsed_time=3000 status_code=200 method=GET summary="GET /index.html → 200" request_packet=4 response_packet=7 url=/index.html path=/index.html http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/index.html} response_headers={:status:200} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=3 response_body=cut
            http id=4 index=2 method=GET summary="GET a:1" request_packet=4 http_version=HTTP/2 request_headers={:method:GET,:authority:a:1} request_headers_size=17 request_body_size=0 host=a:1
        "#]],
    );
}

#[test]
fn what_comes_after_a_reset_is_no_second_row() {
    check(
        r"
        > preface | settings 0 | headers 1 end 3 6 4 | headers 3 end 3 6 4 | headers 5 end 2 6 4
        > reset 1 00000008 | reset 3 00000008 | reset 5 00000008
        < settings 0 | headers 1 end 8 content-type=application/grpc grpc-status=4 | headers 3 8 | reset 3 00000008
        < headers 3 end grpc-status=4
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=2000 status_code=200 method=POST summary="POST / → 200, DEADLINE_EXCEEDED" request_packet=4 response_packet=6 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/} response_headers={:status:200,content-type:application/grpc,grpc-status:4} request_headers_size=3 request_body_size=0 response_headers_size=47 response_body_size=0 content_type=application/grpc grpc_status=4 grpc_response_messages=0
            http id=4 index=1 elapsed_time=2000 status_code=200 method=POST summary="POST / → 200, reset CANCEL" request_packet=4 response_packet=6 url=/ path=/ http_version=HTTP/2 request_headers={:method:POST,:scheme:http,:path:/} response_headers={:status:200} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=0
            http id=4 index=2 method=GET summary="GET / → reset CANCEL" request_packet=4 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} request_headers_size=3 request_body_size=0
        "#]],
    );
}

#[test]
fn in_mid_stream_the_client_is_who_asks() {
    check(
        r"
        < headers 7 end 2 6 90 :path=/known 91
        > headers 7 :status=201 95 | data 7 end x | data 9 end y | headers 9 end grpc-status=0
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=201 method=GET summary="GET /known → 201" request_packet=4 response_packet=5 url=/known path=/known http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/known} response_headers={:status:201} request_headers_size=18 request_body_size=0 response_headers_size=14 response_body_size=1 response_body=x
        "#]],
    );
}

#[test]
fn a_gap_inside_content_only_counts() {
    check_whole(
        r"
        > preface | settings 0 | headers 1 end 2 6 4
        < settings 0 | headers 1 8 a:=b | data 1 end abcdefghijklmnopqrstuvwxyzabcd
        > headers 3 end 2 6 5
        < headers 3 end 8 62
        split 20 · drop 9
        ",
        expect![[r#"
            http id=5 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=5 response_packet=7 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} response_headers={:status:200,a:b} request_headers_size=3 request_body_size=0 response_headers_size=6 response_body_size=30 response_body=abcdefg
            http id=11 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /index.html → 200" request_packet=11 response_packet=12 url=/index.html path=/index.html http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/index.html} response_headers={:status:200,a:b} request_headers_size=3 request_body_size=0 response_headers_size=2 response_body_size=0
        "#]],
    );
}

#[test]
fn after_a_gap_certain_frames_take_a_half_up_again() {
    check_whole(
        r"
        > preface | settings 0 | headers 1 end 2 6 4 x:=y
        < settings 0 | headers 1 end 8 c:=d
        > headers 3 end 2 6 5 62
        < headers 3 end 9 62
        > headers 5 end 2 6 :path=/5 62 z:=1
        < headers 5 end 8 62
        > headers 7 end 2 6 :path=/7 62 63
        < headers 7 end 8 62 e:=f
        > headers 9 end 2 6 4
        < headers 9 end 8 62 63
        drop 6 · drop 9
        ",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/,x:y} response_headers={:status:200,c:d} request_headers_size=8 request_body_size=0 response_headers_size=6 response_body_size=0
            http id=10 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /7 → 200" request_packet=10 response_packet=11 url=/7 path=/7 http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/7,z:1} response_headers={:status:200,e:f} request_headers_size=14 request_body_size=0 response_headers_size=7 response_body_size=0
            http id=12 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=12 response_packet=13 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} response_headers={:status:200,e:f} request_headers_size=3 request_body_size=0 response_headers_size=3 response_body_size=0
            http id=7 index=0 status_code=204 summary="→ 204" response_packet=7 http_version=HTTP/2 response_headers={:status:204,c:d} response_headers_size=2 response_body_size=0
            http id=8 index=0 method=GET summary="GET /5" request_packet=8 url=/5 path=/5 http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/5,z:1} request_headers_size=18 request_body_size=0
        "#]],
    );
}

#[test]
fn damage_is_told() {
    check_whole(
        r"
        > preface | settings 0 | headers 1 end 2 6 4 | data 0 x
        < settings 0 | headers 1 more 8 | data 1 end x
        > headers 3 end 2 6 4 0
        < headers 3 end 8
        ",
        expect![[r#"
            http id=7 index=0 status_code=200 summary="→ 200" response_packet=7 http_version=HTTP/2 response_headers={:status:200} response_headers_size=1 response_body_size=0
            http id=4 index=0 method=GET summary="GET /" request_packet=4 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} request_headers_size=3 request_body_size=0
            anomaly unparsable_http2 2
        "#]],
    );
}

#[test]
fn a_header_block_beyond_the_limit_is_cut() {
    let long = format!("a={}", "x".repeat(100));
    let fields = [long.as_str(); 100].join(" ");
    let rest = format!("| continuation 1 more {fields} ").repeat(6);
    let packets = format!(
        "> preface | settings 0 | headers 1 more end 2 6 4 {rest} | continuation 1 b=c | headers 3 end 2 6 5\n"
    );
    let rows = rows_of(&TCP, &talk(&packets));
    assert!(rows.contains("summary=\"GET /\""), "{rows}");
    assert!(rows.contains("summary=\"GET /index.html\""), "{rows}");
    assert!(rows.contains("anomaly limit_head_bytes 1"), "{rows}");
}

#[test]
fn streams_beyond_the_limit_do_not_wait() {
    let requests: Vec<String> = (0..1026)
        .map(|request| format!("headers {} end 2 6 4", 1 + 2 * request))
        .collect();
    let packets = format!(
        "> preface | settings 0 | {}\n< settings 0 | headers 5 end 8\n",
        requests.join(" | ")
    );
    let rows = rows_of(&TCP, &talk(&packets));
    assert_eq!(rows.lines().filter(|row| row.starts_with("http ")).count(), 1026);
    assert!(rows.contains("anomaly limit_pending_requests 2"), "{rows}");
    assert!(rows.contains("index=2 elapsed_time=1000 status_code=200"), "{rows}");
}

#[test]
fn floods_are_bounded() {
    let resets: Vec<String> = (0..3000)
        .map(|request| format!("headers {0} end 2 6 4 | reset {0} 00000008", 1 + 2 * request))
        .collect();
    let rows = rows_of(
        &TCP,
        &talk(&format!("> preface | settings 0 | {}\n", resets.join(" | "))),
    );
    assert_eq!(rows.lines().filter(|row| row.starts_with("http ")).count(), 3000);
    assert!(!rows.contains("anomaly"), "{rows}");

    // A header block that never ends, then one on another stream.
    let long = format!("a={}", "x".repeat(100));
    let rest = format!("| continuation 1 more {long} ").repeat(3000);
    let rows = rows_of(
        &TCP,
        &talk(&format!(
            "> preface | settings 0 | headers 1 more end 2 6 4 {rest} | headers 3 end 2 6 5\n"
        )),
    );
    assert_eq!(rows, "anomaly unparsable_http2 1\n");

    // Trailers without end.
    let trailers = format!("| headers 1 {long} ").repeat(3000);
    let rows = rows_of(
        &TCP,
        &talk(&format!("> preface | settings 0 | headers 1 2 6 4 {trailers}\n")),
    );
    assert!(rows.len() < 70_000, "{}", rows.len());
}

#[test]
fn an_extended_connect_opens_a_tunnel() {
    // Cut inside a frame header, a packet counts a message there that may begin only later: indices differ, rows do not.
    check_whole(
        r"
            > preface | settings 0 | headers 1 :method=CONNECT :protocol=websocket :scheme=https :path=/chat?a=b :authority=h
            < settings 0 | headers 1 8
            > data 1 \x81\x82\x00\x00\x00\x00hi | headers 3 end 2 6 4
            < data 1 \x81 | headers 3 end 9 | data 1 \x02yo\x88\x02
            < data 1 end \x03\xe8
            > data 1 end
        ",
        expect![[r#"
            http id=6 index=1 elapsed_time=1000 status_code=204 method=GET summary="GET / → 204" request_packet=6 response_packet=7 url=/ path=/ http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/} response_headers={:status:204} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=0
            http id=4 index=0 elapsed_time=1000 status_code=200 method=CONNECT summary="CONNECT /chat?a=b → 200" request_packet=4 response_packet=5 url=/chat?a=b path=/chat http_version=HTTP/2 query_string={a:b} request_headers={:method:CONNECT,:protocol:websocket,:scheme:https,:path:/chat?a=b,:authority:h} response_headers={:status:200} request_headers_size=84 request_body_size=8 response_headers_size=1 response_body_size=8 host=h
            ws id=6 index=0 method=text summary="text hi" request_packet=6 ws_opcode=text ws_request=true ws_response=false ws_request_payload_data=hi ws_request_payload_length=2 url=/chat?a=b path=/chat http_version=HTTP/2 query_string={a:b} request_headers={:method:CONNECT,:protocol:websocket,:scheme:https,:path:/chat?a=b,:authority:h} response_headers={:status:200} host=h
            ws id=7 index=0 method=text summary="→ text yo" response_packet=7 ws_opcode=text ws_request=false ws_response=true ws_response_payload_data=yo ws_response_payload_length=2 url=/chat?a=b path=/chat http_version=HTTP/2 query_string={a:b} request_headers={:method:CONNECT,:protocol:websocket,:scheme:https,:path:/chat?a=b,:authority:h} response_headers={:status:200} host=h
            ws id=7 index=2 status_code=1000 method=close summary="→ close 1000" response_packet=7 ws_opcode=close ws_request=false ws_response=true ws_response_payload_length=2 url=/chat?a=b path=/chat http_version=HTTP/2 query_string={a:b} request_headers={:method:CONNECT,:protocol:websocket,:scheme:https,:path:/chat?a=b,:authority:h} response_headers={:status:200} host=h
        "#]],
    );
}

#[test]
fn after_an_upgrade_the_response_comes_as_http2() {
    let upgrade = format!(
        "10.0.0.1:51000 > 10.0.0.2:80\n> GET /up HTTP/1.1\\r\\nUpgrade: h2c\\r\\n\\r\\n\n< HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: h2c\\r\\n\\r\\n{}{}\n> {}{}{}\n< {}\n",
        frame("settings 0"),
        frame("headers 1 end 8 server=s"),
        frame("preface"),
        frame("settings 0"),
        frame("headers 3 end 2 6 5"),
        frame("headers 3 end 9"),
    );
    check_rows(
        &http1::TCP,
        &upgrade,
        expect![[r#"
            http id=5 index=0 status_code=101 summary="→ 101" response_packet=5 http_version=HTTP/1.1 response_headers={upgrade:h2c} response_headers_size=50 response_body_size=0
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /up → 200" request_packet=4 response_packet=5 url=/up path=/up http_version=HTTP/2 request_headers={:method:GET,:path:/up,upgrade:h2c} response_headers={:status:200,server:s} request_headers_size=34 request_body_size=0 response_headers_size=11 response_body_size=0
            http id=6 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET /index.html → 204" request_packet=6 response_packet=7 url=/index.html path=/index.html http_version=HTTP/2 request_headers={:method:GET,:scheme:http,:path:/index.html} response_headers={:status:204} request_headers_size=3 request_body_size=0 response_headers_size=1 response_body_size=0
        "#]],
    );
}

#[test]
fn any_bytes() {
    let talks = [
        talk(
            "> preface | settings 0 | headers 1 more padded priority 3 6 | continuation 1 4 a:=b | data 1 padded end x\n< settings 0 | headers 1 8 c:=d | data 1 y | headers 1 end grpc-status=0 62",
        ),
        talk(
            "> headers 1 end 2 6 4 62 70\n< push 1 000000028286 | headers 2 end 8 | headers 1 end 8 content-encoding=gzip | reset 1 00000000",
        ),
    ];
    check_any_bytes(&TCP, &[&talks[0], &talks[1]]);
}

#[test]
fn http2_is_recognised_on_any_port() {
    let settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for bytes in [
        settings.as_slice(),
        preface,
        b"\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88",
    ] {
        assert_eq!(recognise(Transport::Tcp, [51000, 9], bytes), Some("HTTP"));
    }
    assert_eq!(recognise(Transport::Udp, [51000, 9], preface), None);
}
