//! HTTP/2: frames and compressed header fields (RFC 9113, RFC 7541).

use divan::Bencher;
use ingest::dissect::Half;

use crate::messages::{measure, tcp};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Longest frame that needs no leave.
const FRAME_BYTES: usize = 1 << 14;

/// Types of frames.
mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const SETTINGS: u8 = 4;
}

const NO_FLAGS: u8 = 0;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Twenty connections of five hundred calls with little content.
#[divan::bench]
fn small_messages(bencher: Bencher) {
    calls(bencher, 20, 500, &[b'a'; 100]);
}

/// Forty bodies of a mebibyte, in frames of sixteen kibibytes.
#[divan::bench]
fn large_bodies(bencher: Bencher) {
    calls(bencher, 10, 4, &vec![b'a'; 1 << 20]);
}

fn calls(bencher: Bencher, connections: usize, calls: usize, body: &[u8]) {
    let said = |connection| {
        let preface = [PREFACE, &frame(kind::SETTINGS, NO_FLAGS, 0, &[])].concat();
        let settings = frame(kind::SETTINGS, NO_FLAGS, 0, &[]);
        let opening = [(Half::Client, preface), (Half::Server, settings)];
        let exchanges = (0..calls).flat_map(move |call| {
            let stream = 2 * call as u32 + 1;
            let request = request_fields(call == 0, &format!("/shop/{connection}/orders/{call}"));
            let request = frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &request);
            let mut response = frame(kind::HEADERS, END_HEADERS, stream, &response_fields(call == 0));
            for piece in body.chunks(FRAME_BYTES) {
                response.extend(frame(kind::DATA, NO_FLAGS, stream, piece));
            }
            response.extend(frame(kind::DATA, END_STREAM, stream, &[]));
            [(Half::Client, request), (Half::Server, response)]
        });
        opening.into_iter().chain(exchanges)
    };
    let streams: Vec<_> = (0..connections).map(|connection| tcp(80, said(connection))).collect();
    measure(bencher, &streams, 1, calls);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u32;
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A request's header fields: those that every request has go into the table with the first.
fn request_fields(is_first: bool, path: &str) -> Vec<u8> {
    // :method GET and :scheme http have indexes of their own.
    let mut fields = vec![0x82, 0x86];
    if is_first {
        // :authority and user-agent by the indexes of their names, to be remembered.
        text(&mut fields, 0x41, "shop.example.com");
        text(
            &mut fields,
            0x7a,
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        );
    } else {
        fields.extend([0xbf, 0xbe]);
    }
    // :path, not to be remembered.
    text(&mut fields, 0x04, path);
    fields
}

fn response_fields(is_first: bool) -> Vec<u8> {
    // :status 200 has an index of its own.
    let mut fields = vec![0x88];
    if is_first {
        text(&mut fields, 0x5f, "application/json");
    } else {
        fields.push(0xbe);
    }
    // date, not to be remembered: its index has a second byte.
    fields.push(0x0f);
    text(&mut fields, 0x12, "Sat, 28 Nov 2026 20:00:00 GMT");
    fields
}

/// A field whose name is told by this byte, and its value, not compressed.
fn text(fields: &mut Vec<u8>, name: u8, value: &str) {
    fields.extend([name, value.len() as u8]);
    fields.extend(value.bytes());
}
