//! HTTP/1.1, by how much is said about how little.

use divan::Bencher;
use ingest::dissect::Half;

use crate::messages::{measure, tcp};
use crate::traffic::{http_request, http_response, http_response_head};

/// Bytes of one large body.
const LARGE_BYTES: usize = 1 << 20;

/// Two hundred connections of fifty calls with little content.
#[divan::bench]
fn small_messages(bencher: Bencher) {
    let body = br#"{"order":4711,"state":"paid","lines":[{"sku":"A-100","count":2},{"sku":"B-200","count":1}],"total":"34.90"}"#;
    calls(bencher, (200, 10), 50, &http_response(body));
}

/// Forty bodies of a mebibyte.
#[divan::bench]
fn large_bodies(bencher: Bencher) {
    calls(bencher, (10, 1), 4, &http_response(&vec![b'a'; LARGE_BYTES]));
}

/// The same in chunks of eight kibibytes.
#[divan::bench]
fn chunked_bodies(bencher: Bencher) {
    let mut response = http_response_head("Transfer-Encoding: chunked").into_bytes();
    for chunk in vec![b'a'; LARGE_BYTES].chunks(8 << 10) {
        response.extend(format!("{:x}\r\n", chunk.len()).bytes());
        response.extend(chunk);
        response.extend(b"\r\n");
    }
    response.extend(b"0\r\n\r\n");
    calls(bencher, (10, 1), 4, &response);
}

/// So many connections, so many at a time, with so many calls each.
fn calls(bencher: Bencher, (connections, at_a_time): (usize, usize), calls: usize, response: &[u8]) {
    let connection = |connection| {
        let said = (0..calls).flat_map(|call| {
            let request = http_request(connection * calls + call);
            [(Half::Client, request), (Half::Server, response.to_vec())]
        });
        tcp(80, said)
    };
    let streams: Vec<_> = (0..connections).map(connection).collect();
    measure(bencher, &streams, at_a_time, calls);
}
