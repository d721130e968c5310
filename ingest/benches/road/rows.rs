//! Rows: values → cells that wait, cells → the columns of a batch.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use schema::Build;
use schema::tables::common::Common;
use schema::tables::dns::{Dns, DnsBuilder, DnsOwn};
use schema::tables::http::{Http, HttpBuilder, HttpOwn};
use schema::tables::identity::Identity;

/// Rows of one batch.
const ROWS: i64 = 2_000;
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Appends HTTP rows.
#[divan::bench]
fn append_http(bencher: Bencher) {
    append(bencher, http);
}

/// Makes a batch of HTTP rows.
#[divan::bench]
fn finish_http(bencher: Bencher) {
    finish(bencher, http);
}

/// Appends DNS rows.
#[divan::bench]
fn append_dns(bencher: Bencher) {
    append(bencher, dns);
}

/// Makes a batch of DNS rows.
#[divan::bench]
fn finish_dns(bencher: Bencher) {
    finish(bencher, dns);
}

fn append<B: Build>(bencher: Bencher, rows: fn() -> B) {
    counted(bencher, rows).bench_local(rows);
}

fn finish<B: Build>(bencher: Bencher, rows: fn() -> B) {
    counted(bencher, rows)
        .with_inputs(rows)
        .bench_local_refs(|builder| builder.finish());
}

/// Counts rows and the bytes that they wait in.
fn counted<'a, 'b, B: Build>(bencher: Bencher<'a, 'b>, rows: fn() -> B) -> Bencher<'a, 'b> {
    let mut builder = rows();
    let bytes = builder.bytes();
    assert_eq!(builder.finish().num_rows() as i64, ROWS);
    bencher
        .counter(ItemsCount::new(ROWS as usize))
        .counter(BytesCount::new(bytes))
}

/// Calls as `traffic` has them, with names and numbers that differ from row to row.
fn http() -> HttpBuilder {
    let mut builder = HttpBuilder::default();
    for number in 0..ROWS {
        let path = format!("/shop/{}/orders/{}", number % 7, number % 1009);
        let page = (number % 13).to_string();
        let url = format!("{path}?page={page}");
        let session = format!("{:016x}", number / 20);
        let summary = format!("GET {url} 200");
        let request_headers = [
            ("host", "shop.example.com"),
            ("user-agent", USER_AGENT),
            ("accept", "application/json, text/plain, */*"),
            ("cookie", &session),
        ];
        let own = HttpOwn {
            url: Some(&url),
            path: Some(&path),
            http_version: Some("HTTP/1.1"),
            query_string: &[("page", &page)],
            request_headers: &request_headers,
            response_headers: &[
                ("server", "nginx/1.28.0"),
                ("content-type", "application/json"),
                ("content-length", "120"),
            ],
            request_cookies: &[("session", &session)],
            response_cookies: &[],
            request_headers_size: Some(300),
            request_body_size: Some(0),
            response_headers_size: Some(180),
            response_body_size: Some(120),
            request_body: None,
            response_body: Some(&[b'a'; 120]),
            host: Some("shop.example.com"),
            user_agent: Some(USER_AGENT),
            content_type: Some("application/json"),
            grpc_method: None,
            grpc_service: None,
            grpc_status: None,
            grpc_request_messages: None,
            grpc_response_messages: None,
            gql_operation: None,
            gql_query: None,
            gql_error: None,
        };
        builder.append(Http {
            common: common(number, ("HTTP", "tcp", "GET"), 200, &summary),
            identity: Identity::LATER,
            own,
        });
    }
    builder
}

/// Queries for the addresses of a few thousand names.
fn dns() -> DnsBuilder {
    let mut builder = DnsBuilder::default();
    for number in 0..ROWS {
        let name = format!("www.host-{}.example.com", number % 3001);
        let address = format!("10.9.{}.1", number % 256);
        let summary = format!("{name} A NOERROR");
        let own = DnsOwn {
            dns_questions: &[&name],
            dns_answers: &["host.example.com", &address],
            dns_question_types: &["A"],
            dns_request: Some(true),
            dns_response: Some(true),
            dns_request_length: Some(40),
            dns_response_length: Some(86),
            dns_total_size: Some(126),
            dns_id: Some(number % 65_536),
            dns_rcode: Some("NOERROR"),
            dns_flags: &["RD", "RA"],
        };
        builder.append(Dns {
            common: common(number, ("DNS", "udp", "QUERY"), 0, &summary),
            identity: Identity::LATER,
            own,
        });
    }
    builder
}

fn common<'a>(
    number: i64,
    (protocol, transport, method): (&'a str, &'a str, &'a str),
    status: i64,
    summary: &'a str,
) -> Common<'a> {
    Common {
        id: Some(4 * number + 1),
        index: Some(0),
        timestamp: Some(1_704_067_200_000_000_000 + number * 1_000_000),
        protocol: Some(protocol),
        transport: Some(transport),
        conn_id: Some(number / 20 + 1),
        flow_id: Some(number / 200 + 1),
        has_pcap: Some(true),
        src_ip: Some("10.1.0.17"),
        dst_ip: Some("10.0.0.80"),
        src_port: Some(40_000 + number % 1000),
        dst_port: Some(80),
        elapsed_time: Some(number % 5000),
        status_code: Some(status),
        method: Some(method),
        summary: Some(summary),
        community_id: Some("1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        vlan: &[],
        tunnel: None,
        request_packet: Some(4 * number + 1),
        response_packet: Some(4 * number + 3),
    }
}
