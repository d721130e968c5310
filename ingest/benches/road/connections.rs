//! Stage 4: datagrams → connections. All packets are without payload, so that no dissector has anything to do.

use divan::Bencher;
use divan::counter::ItemsCount;
use ingest::Limits;
use ingest::talk::{Capture, Connections};

use crate::traffic::{BARE_PACKETS, bare_connections, last_packets};

/// Packets of known connections that are measured at a time.
const AT_A_TIME: usize = 1_000;
/// Connections of a capture that is more than is tracked.
const CONNECTIONS: usize = 4_000;
/// New connections of an epoch.
const EPOCH_CONNECTIONS: usize = 250;
/// Epochs that are measured, the last of the capture: rows are handed over once in so many.
const EPOCHS: usize = 4;
/// Packets of a connection that is closed.
const CLOSED_PACKETS: usize = BARE_PACKETS + 3;

/// Connections that are all in a core's cache.
#[divan::bench]
fn few(bencher: Bencher) {
    established(bencher, 8);
}

/// Connections of which hardly one is in any cache.
#[divan::bench]
fn many(bencher: Bencher) {
    established(bencher, 200_000);
}

/// Connections that come and go, more of them than are tracked at once.
#[divan::bench]
fn churn(bencher: Bencher) {
    let capture = Capture::read(&bare_connections(CONNECTIONS, ""));
    assert_eq!(capture.datagrams(), CONNECTIONS * CLOSED_PACKETS);
    bounded(bencher, &capture, 1);
}

/// Openings that nobody answers, more than are tracked.
#[divan::bench]
fn flood(bencher: Bencher) {
    let capture = Capture::read(&bare_connections(CONNECTIONS, "  open\n"));
    assert_eq!(capture.datagrams(), CONNECTIONS * BARE_PACKETS);
    bounded(bencher, &capture, BARE_PACKETS);
}

/// Packets of so many connections that are known, one of each in turns.
fn established(bencher: Bencher, connections: usize) {
    let bytes = bare_connections(connections, "  open\n");
    let (opening, capture) = (Capture::read(&bytes), Capture::read(&last_packets(&bytes)));
    assert_eq!(capture.datagrams(), connections);
    // As if there were one shard: its bounds let all through.
    let limits = Limits {
        connections_per_shard: connections,
        flows_per_shard: connections,
        ..Limits::default()
    };
    let mut table = Connections::new(&limits);
    for place in 0..opening.datagrams() {
        table.packet(&opening, place);
    }
    assert_eq!(table.end_epoch(), 0, "none is given up");
    let mut places = (0..capture.datagrams()).cycle();
    bencher.counter(ItemsCount::new(AT_A_TIME)).bench_local(|| {
        for place in places.by_ref().take(AT_A_TIME) {
            divan::black_box(table.packet(&capture, place));
        }
    });
}

/// Every so manieth packet of a capture with more connections than are tracked.
fn bounded(bencher: Bencher, capture: &Capture, step: usize) {
    let places: Vec<usize> = (0..capture.datagrams()).step_by(step).collect();
    let epoch_packets = EPOCH_CONNECTIONS * places.len() / CONNECTIONS;
    let (before, measured) = places.split_at(places.len() - EPOCHS * epoch_packets);
    let take = |table: &mut Connections, places: &[usize]| -> usize {
        let epochs = places.chunks(epoch_packets).map(|places| {
            for place in places {
                divan::black_box(table.packet(capture, *place));
            }
            table.end_epoch()
        });
        epochs.sum()
    };
    let full = || {
        let mut table = Connections::new(&Limits::default());
        assert!(take(&mut table, before) > 0, "some are given up");
        table
    };
    bencher
        .counter(ItemsCount::new(measured.len()))
        .with_inputs(full)
        .bench_local_refs(|table| take(table, measured));
}
