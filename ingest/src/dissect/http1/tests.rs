use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole as check_whole_rows, recognise};

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:80\n{talk}"), expect);
}

#[track_caller]
fn check_whole(talk: &str, expect: Expect) {
    check_whole_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:80\n{talk}"), expect);
}

#[test]
fn a_request_and_its_response_are_one_row() {
    check(
        r"
> GET /a?b=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\nCookie: c=d; e=f\r\nX: 1\r\nx: 2\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nSet-Cookie: g=h; Path=/\r\n\r\nhello
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /a?b=1 → 200" request_packet=4 response_packet=5 url=/a?b=1 path=/a http_version=HTTP/1.1 query_string={b:1} request_headers={host:a,user-agent:u,cookie:"c=d; e=f",x:"1, 2"} response_headers={content-type:text/plain,content-length:5,set-cookie:"g=h; Path=/"} request_cookies={c:d,e:f} response_cookies={g:h} request_headers_size=77 request_body_size=0 response_headers_size=89 response_body_size=5 response_body=hello host=a user_agent=u content_type=text/plain
        "#]],
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    check(
        r"
> GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nPOST /3 HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /4 HTTP/1.1\r\n\r\n
< HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=304 method=GET summary="GET /1 → 304" request_packet=4 response_packet=5 url=/1 path=/1 http_version=HTTP/1.1 response_headers={content-length:9} request_headers_size=19 request_body_size=0 response_headers_size=48 response_body_size=0
            http id=4 index=1 elapsed_time=1000 status_code=200 method=HEAD summary="HEAD /2 → 200" request_packet=4 response_packet=5 url=/2 path=/2 http_version=HTTP/1.1 response_headers={content-length:9} request_headers_size=20 request_body_size=0 response_headers_size=38 response_body_size=0
            http id=4 index=2 elapsed_time=1000 status_code=201 method=POST summary="POST /3 → 201" request_packet=4 response_packet=5 url=/3 path=/3 http_version=HTTP/1.1 request_headers={content-length:2} response_headers={content-length:0} request_headers_size=39 request_body_size=2 response_headers_size=43 response_body_size=0 request_body=ab
            http id=4 index=3 method=GET summary="GET /4" request_packet=4 url=/4 path=/4 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0
        "#]],
    );
}

#[test]
fn chunks_are_joined() {
    check(
        r"
> POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n
< HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=POST summary="POST /up → 200" request_packet=4 response_packet=5 url=/up path=/up http_version=HTTP/1.1 request_headers={transfer-encoding:chunked,t:u} response_headers={transfer-encoding:"gzip, chunked"} request_headers_size=49 request_body_size=5 response_headers_size=53 response_body_size=4 request_body=abcde response_body=wxyz
            http id=5 index=1 status_code=204 summary="→ 204" response_packet=5 http_version=HTTP/1.1 response_headers_size=27 response_body_size=0
        "#]],
    );
}

#[test]
fn interim_responses_are_walked_past() {
    check(
        r"
> POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n
< HTTP/1.1 100 Continue\r\n\r\n
> ab
< HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n!
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=404 method=POST summary="POST / → 404" request_packet=4 response_packet=7 url=/ path=/ http_version=HTTP/1.1 request_headers={expect:100-continue,content-length:2} response_headers={content-length:1} request_headers_size=60 request_body_size=2 response_headers_size=45 response_body_size=1 request_body=ab response_body=!
        "#]],
    );
}

#[test]
fn a_response_may_come_before_its_request_is_over() {
    check(
        r"
> POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab
< HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n
> cd
> GET /next HTTP/1.1\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=0 status_code=413 method=POST summary="POST / → 413" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 request_headers={content-length:4} response_headers={content-length:0} request_headers_size=38 request_body_size=4 response_headers_size=45 response_body_size=0 request_body=abcd
            http id=7 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /next → 200" request_packet=7 response_packet=8 url=/next path=/next http_version=HTTP/1.1 response_headers={content-length:0} request_headers_size=22 request_body_size=0 response_headers_size=38 response_body_size=0
        "#]],
    );
}

#[test]
fn after_an_upgrade_what_follows_is_recognised_anew() {
    check_whole(
        r"
> GET /upgraded HTTP/1.1\r\nUpgrade: TLS/1.0\r\n\r\n
< HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n
> \x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x0301234567890123456789012345678901\x00\x00\x02\x13\x01\x01\x00\x00\x00
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=101 method=GET summary="GET /upgraded → 101" request_packet=4 response_packet=5 url=/upgraded path=/upgraded http_version=HTTP/1.1 request_headers={upgrade:TLS/1.0} response_headers={upgrade:"TLS/1.0, HTTP/1.1"} request_headers_size=44 request_body_size=0 response_headers_size=64 response_body_size=0
            tlsx id=6 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=6 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=43 tls_total_size=43
        "#]],
    );
}

#[test]
fn trailer_fields_stand_behind_header_fields() {
    check(
        r"
> GET / HTTP/1.1\r\n\r\n
< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n1\r\nx\r\n0\r\nA: 2\r\nGrpc-Status:  5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200, NOT_FOUND" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.1 response_headers={transfer-encoding:chunked,a:"1, 2",grpc-status:5} request_headers_size=18 request_body_size=0 response_headers_size=53 response_body_size=1 response_body=x grpc_status=5
            http id=5 index=1 status_code=204 summary="→ 204" response_packet=5 http_version=HTTP/1.1 response_headers_size=27 response_body_size=0
        "#]],
    );
}

#[test]
fn a_connect_names_an_authority_and_a_method_may_stand_alone() {
    check(
        r"
> OPTIONS\nHost: a\n\nCONNECT a:25 / HTTP/1.0\r\n\r\n
< HTTP/1.0 400 Bad\r\nContent-Length: 0\r\n\r\nHTTP/1.0 403 No\r\nContent-Length: 0\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=400 method=OPTIONS summary="OPTIONS → 400" request_packet=4 response_packet=5 url="" http_version=HTTP/1.0 request_headers={host:a} response_headers={content-length:0} request_headers_size=17 request_body_size=0 response_headers_size=39 response_body_size=0 host=a
            http id=4 index=1 elapsed_time=1000 status_code=403 method=CONNECT summary="CONNECT a:25 → 403" request_packet=4 response_packet=5 url=a:25 http_version=HTTP/1.0 response_headers={content-length:0} request_headers_size=27 request_body_size=0 response_headers_size=38 response_body_size=0 host=a:25
        "#]],
    );
}

#[test]
fn after_connect_a_hello_inside_the_tunnel_is_seen() {
    check_whole(
        r"
> CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n
< HTTP/1.1 200 Connection established\r\nContent-Length: 9\r\n\r\n
> \x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x0301234567890123456789012345678901\x00\x00\x02\x13\x01\x01\x00\x00\x00
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=CONNECT summary="CONNECT a:443 → 200" request_packet=4 response_packet=5 url=a:443 http_version=HTTP/1.1 request_headers={host:b} response_headers={content-length:9} request_headers_size=35 request_body_size=0 response_headers_size=58 response_body_size=0 host=a:443
            tlsx id=6 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=6 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=43 tls_total_size=43
        "#]],
    );
}

#[test]
fn without_a_length_the_content_ends_with_the_connection() {
    check(
        r"
> GET / HTTP/1.0\r\n\r\n
< HTTP/1.0 200 OK\nServer: s\n\nall
<  that comes
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET / → 200" request_packet=4 response_packet=5 url=/ path=/ http_version=HTTP/1.0 response_headers={server:s} request_headers_size=18 request_body_size=0 response_headers_size=27 response_body_size=14 response_body="all that comes"
        "#]],
    );
}

#[test]
fn what_was_half_seen_is_a_row_too() {
    check(
        r"
< HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n
> frob http://h:8/p?q=%41+b HTTP/1.1\r\nHost: other\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
> GET /unanswered HTTP/1.1\r\n\r\n
> GET /cut HTTP/1.1\r\nHost: a\r\nAcc
",
        expect![[r#"
            http id=4 index=0 status_code=500 summary="→ 500" response_packet=4 http_version=HTTP/1.1 response_headers={content-length:0} response_headers_size=40 response_body_size=0
            http id=5 index=0 elapsed_time=1000 status_code=200 method=frob summary="frob http://h:8/p?q=%41+b → 200" request_packet=5 response_packet=6 url=http://h:8/p?q=%41+b path=/p http_version=HTTP/1.1 query_string={q:"A b"} request_headers={host:other} response_headers={content-length:0} request_headers_size=51 request_body_size=0 response_headers_size=38 response_body_size=0 host=h:8
            http id=7 index=0 method=GET summary="GET /unanswered" request_packet=7 url=/unanswered path=/unanswered http_version=HTTP/1.1 request_headers_size=28 request_body_size=0
            http id=8 index=0 method=GET summary="GET /cut" request_packet=8 url=/cut path=/cut http_version=HTTP/1.1 request_headers={host:a} request_headers_size=28 request_body_size=0 host=a
        "#]],
    );
}

#[test]
fn a_gap_inside_known_content_only_counts() {
    check(
        r"
> GET /1 HTTP/1.1\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc
< def
< ghiHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n
  drop 6
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /1 → 200" request_packet=4 response_packet=5 url=/1 path=/1 http_version=HTTP/1.1 response_headers={content-length:9} request_headers_size=19 request_body_size=0 response_headers_size=38 response_body_size=9 response_body=abc
            http id=7 index=0 status_code=404 summary="→ 404" response_packet=7 http_version=HTTP/1.1 response_headers={content-length:0} response_headers_size=45 response_body_size=0
        "#]],
    );
}

#[test]
fn after_a_gap_the_next_start_line_takes_a_half_up_again() {
    check_whole(
        r"
> GET /1 HTTP/1.1\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n
> GET /2 HTTP/1.1\r\n\r\n
< content and more
< HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n
> GET /3 HTTP/1.1\r\nHo
> st: a\r\n\r\n
> GET /4 HTTP/1.1\r\n\r\n
  drop 5 · drop 10
",
        expect![[r#"
            http id=4 index=0 method=GET summary="GET /1" request_packet=4 url=/1 path=/1 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0
            http id=6 index=0 elapsed_time=2000 status_code=202 method=GET summary="GET /2 → 202" request_packet=6 response_packet=8 url=/2 path=/2 http_version=HTTP/1.1 response_headers={content-length:0} request_headers_size=19 request_body_size=0 response_headers_size=44 response_body_size=0
            http id=9 index=0 method=GET summary="GET /3" request_packet=9 url=/3 path=/3 http_version=HTTP/1.1 request_headers_size=17 request_body_size=0
            http id=11 index=0 method=GET summary="GET /4" request_packet=11 url=/4 path=/4 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0
        "#]],
    );
}

#[test]
fn after_a_gap_a_response_answers_what_was_asked_before_it() {
    check_whole(
        r"
> GET /1 HTTP/1.1\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n
> GET /2 HTTP/1.1\r\n\r\n
< HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n
> GET /3 HTTP/1.1\r\n\r\n
< HTTP/1.1 203 Other\r\nContent-Length: 0\r\n\r\n
  drop 5 · reorder 7 8
",
        expect![[r#"
            http id=4 index=0 method=GET summary="GET /1" request_packet=4 url=/1 path=/1 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0
            http id=6 index=0 elapsed_time=1000 status_code=202 method=GET summary="GET /2 → 202" request_packet=6 response_packet=7 url=/2 path=/2 http_version=HTTP/1.1 response_headers={content-length:0} request_headers_size=19 request_body_size=0 response_headers_size=44 response_body_size=0
            http id=8 index=0 elapsed_time=1000 status_code=203 method=GET summary="GET /3 → 203" request_packet=8 response_packet=9 url=/3 path=/3 http_version=HTTP/1.1 response_headers={content-length:0} request_headers_size=19 request_body_size=0 response_headers_size=41 response_body_size=0
        "#]],
    );
}

#[test]
fn nonsense_where_a_message_should_begin_is_counted() {
    check_whole(
        r"
> GET /1 HTTP/1.1\r\n\r\n{}\r\n
< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n
> GET /2 HTTP/1.1\r\n\r\n
< HTTP/1.1 204 No Content\r\n\r\n
",
        expect![[r#"
            http id=4 index=0 elapsed_time=1000 status_code=200 method=GET summary="GET /1 → 200" request_packet=4 response_packet=5 url=/1 path=/1 http_version=HTTP/1.1 response_headers={transfer-encoding:chunked} request_headers_size=19 request_body_size=0 response_headers_size=47 response_body_size=0
            http id=6 index=0 elapsed_time=1000 status_code=204 method=GET summary="GET /2 → 204" request_packet=6 response_packet=7 url=/2 path=/2 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0 response_headers_size=27 response_body_size=0
            anomaly unparsable_http 2
        "#]],
    );
}

#[test]
fn a_head_beyond_the_limit_is_cut() {
    let talk = format!(
        "> GET /1 HTTP/1.1\\r\\nA: {}\n> GET /2 HTTP/1.1\\r\\n\\r\\n\n",
        "x".repeat(70_000)
    );
    check_whole(
        &talk,
        expect![[r#"
            http id=4 index=0 method=GET summary="GET /1" request_packet=4 url=/1 path=/1 http_version=HTTP/1.1 request_headers_size=17 request_body_size=0
            http id=5 index=0 method=GET summary="GET /2" request_packet=5 url=/2 path=/2 http_version=HTTP/1.1 request_headers_size=19 request_body_size=0
            anomaly limit_head_bytes 1
        "#]],
    );
}

#[test]
fn requests_beyond_the_limit_do_not_wait() {
    let requests = r"GET / HTTP/1.1\r\n\r\n".repeat(1026);
    let talk = format!("10.0.0.1:51000 > 10.0.0.2:80\n> {requests}\n< HTTP/1.1 204 No Content\\r\\n\\r\\n\n");
    let rows = crate::dissect::testing::rows_of(&TCP, &talk);
    assert_eq!(rows.lines().filter(|row| row.starts_with("http ")).count(), 1026);
    assert!(rows.contains("anomaly limit_pending_requests 2"), "{rows}");
    assert!(rows.contains("index=2 elapsed_time=1000 status_code=204"), "{rows}");
}

#[test]
fn any_bytes() {
    let talks = [
        "10.0.0.1:1 > 10.0.0.2:80\n> POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n0\\r\\n\\r\\n\n< HTTP/1.1 200 OK\\r\\nContent-Encoding: zstd\\r\\n\\r\\n\\x28\\xb5\\x2f\\xfd\\x04\\x00",
        "10.0.0.1:1 > 10.0.0.2:80\n> CONNECT / HTTP/1.1\\r\\nA\\r\\n b\\r\\nb: c\\r\\n d\\r\\n\\r\\n\n< HTTP/1.1 200 OK\\r\\n\\r\\n\n> GET / HTTP/1.1\\r\\n\\r\\n",
    ];
    check_any_bytes(&TCP, &talks);
}

#[test]
fn http_is_recognised_on_any_port() {
    assert_eq!(
        recognise(Transport::Tcp, [51000, 9], b"GET / HTTP/1.1\r\n"),
        Some("HTTP")
    );
    assert_eq!(
        recognise(Transport::Tcp, [51000, 9], b"HTTP/1.1 200 OK\r\n"),
        Some("HTTP")
    );
    assert_eq!(
        recognise(Transport::Tcp, [51000, 9], b"*1\r\n$4\r\nPING\r\n"),
        Some("Redis")
    );
    assert_eq!(recognise(Transport::Tcp, [51000, 25], b"220 mail ESMTP\r\n"), None);
    assert_eq!(
        recognise(Transport::Udp, [51000, 1900], b"M-SEARCH * HTTP/1.1\r\n"),
        None
    );
}

#[test]
fn a_target_beyond_the_limit_of_a_head_is_cut_and_its_request_stands() {
    let url = "x".repeat(100_000);
    let talk = format!(
        "10.0.0.1:51000 > 10.0.0.2:80\n> GET /{url} HTTP/1.1\\r\\n\\r\\n\n< HTTP/1.1 414 URI Too Long\\r\\nContent-Length: 0\\r\\n\\r\\n\n"
    );
    let rows = crate::dissect::testing::rows_of(&super::TCP, &talk);
    let row = rows.lines().find(|row| row.starts_with("http ")).unwrap_or_default();
    assert!(
        row.contains("status_code=414 method=GET") && row.contains("request_packet=4 response_packet="),
        "{}",
        &rows[..400]
    );
}
