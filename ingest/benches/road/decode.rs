//! Stage 2, and the transport header: bytes of packets → datagrams and segments.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use ingest::talk::Capture;

use crate::traffic;

/// How often recorded captures, which are small, are decoded in one go.
const ROUNDS: usize = 4;

/// Ethernet, IPv4, TCP, a little UDP.
#[divan::bench]
fn plain(bencher: Bencher) {
    let capture = Capture::read(&traffic::mixed(100));
    assert_eq!(capture.decode(), capture.packets());
    bencher
        .counter(ItemsCount::new(capture.packets()))
        .counter(BytesCount::new(capture.captured_bytes()))
        .bench_local(|| capture.decode());
}

/// Whatever was recorded.
#[divan::bench]
fn recorded(bencher: Bencher) {
    let captures: Vec<Capture> = traffic::recorded().iter().map(|bytes| Capture::read(bytes)).collect();
    let packets: usize = captures.iter().map(Capture::packets).sum();
    let bytes: u64 = captures.iter().map(Capture::captured_bytes).sum();
    bencher
        .counter(ItemsCount::new(packets * ROUNDS))
        .counter(BytesCount::new(bytes * ROUNDS as u64))
        .bench_local(|| {
            let decode = |_| captures.iter().map(Capture::decode).sum::<usize>();
            (0..ROUNDS).map(decode).sum::<usize>()
        });
}
