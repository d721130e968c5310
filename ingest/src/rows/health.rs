//! TCP health of connections and flows → the fields that both tables have for it.

use schema::tables::health::Health;

use super::{NS_PER_US, int};
use crate::connection::{Connection, Counts, FlowHealth, RoundTrips};

/// What either level knows, in the fields' units but for times, which are in nanoseconds.
struct Known<'a> {
    counts: &'a Counts,
    round_trips: &'a RoundTrips,
    completeness: u8,
    fin_count: u64,
    rst_count: u64,
    goodput_bytes: u64,
    window_scale: Option<u8>,
    initial_rtt_ns: Option<i64>,
    handshake_ns: Option<i64>,
    connection_time_ns: Option<i64>,
    time_to_first_byte_ns: Option<i64>,
}

/// The health of a connection.
pub(super) fn of_connection<'a>(connection: &Connection) -> Health<'a> {
    let Some(tcp) = &connection.tcp else {
        return nothing();
    };
    let health = &tcp.health;
    fields(&Known {
        counts: &health.counts,
        round_trips: &health.round_trips,
        completeness: tcp.completeness(),
        fin_count: tcp.fin_count,
        rst_count: tcp.rst_count,
        goodput_bytes: connection.goodput_bytes(),
        window_scale: health.window_scale(),
        initial_rtt_ns: health.initial_rtt_ns,
        handshake_ns: tcp.handshake_ns,
        connection_time_ns: Some(connection.life_ns()),
        time_to_first_byte_ns: health.time_to_first_byte_ns(),
    })
}

/// The health over a flow's connections.
pub(super) fn of_flow<'a>(health: Option<&FlowHealth>) -> Health<'a> {
    let Some(health) = health else {
        return nothing();
    };
    fields(&Known {
        counts: &health.counts,
        round_trips: &health.round_trips,
        completeness: health.completeness,
        fin_count: health.fin_count,
        rst_count: health.rst_count,
        goodput_bytes: health.goodput_bytes,
        window_scale: health.window_scale,
        initial_rtt_ns: health.initial_rtt.ns(),
        handshake_ns: health.handshake.ns(),
        connection_time_ns: health.connection_time.ns(),
        time_to_first_byte_ns: health.time_to_first_byte.ns(),
    })
}

fn fields<'a>(known: &Known<'_>) -> Health<'a> {
    let (counts, round_trips) = (known.counts, known.round_trips);
    let us = |ns: i64| ns / NS_PER_US;
    let measured = |ns: i64| (round_trips.samples > 0).then(|| us(ns));
    let mean = |sum: i64, count: u64| sum.checked_div(i64::try_from(count).unwrap_or(i64::MAX));
    Health {
        retransmissions: int(counts.retransmissions),
        fast_retransmissions: int(counts.fast_retransmissions),
        retransmission_rate: Some(counts.retransmissions as f64 / counts.data.max(1) as f64),
        zero_window_events: int(counts.zero_window),
        window_full_events: int(counts.window_full),
        window_scale: known.window_scale.map(i64::from),
        avg_receive_window: counts.window_bytes.checked_div(counts.segments).and_then(int),
        out_of_order: int(counts.out_of_order),
        dup_acks: int(counts.dup_acks),
        missing_segments: int(counts.after_missing),
        rst_count: int(known.rst_count),
        fin_count: int(known.fin_count),
        keepalive_count: int(counts.keep_alive),
        connection_completeness: Some(i64::from(known.completeness)),
        initial_rtt_us: known.initial_rtt_ns.map(us),
        handshake_time_us: known.handshake_ns.map(us),
        connection_time_us: known.connection_time_ns.map(us),
        time_to_first_byte_us: known.time_to_first_byte_ns.map(us),
        rtt_min_us: measured(round_trips.shortest_ns),
        rtt_max_us: measured(round_trips.longest_ns),
        rtt_avg_us: mean(round_trips.sum_ns, round_trips.samples).map(us),
        rtt_samples: int(round_trips.samples),
        jitter_us: mean(round_trips.differences_ns, round_trips.differences).map(us),
        goodput_bytes: int(known.goodput_bytes),
    }
}

/// What is not TCP has no health.
fn nothing<'a>() -> Health<'a> {
    Health {
        retransmissions: None,
        fast_retransmissions: None,
        retransmission_rate: None,
        zero_window_events: None,
        window_full_events: None,
        window_scale: None,
        avg_receive_window: None,
        out_of_order: None,
        dup_acks: None,
        missing_segments: None,
        rst_count: None,
        fin_count: None,
        keepalive_count: None,
        connection_completeness: None,
        initial_rtt_us: None,
        handshake_time_us: None,
        connection_time_us: None,
        time_to_first_byte_us: None,
        rtt_min_us: None,
        rtt_max_us: None,
        rtt_avg_us: None,
        rtt_samples: None,
        jitter_us: None,
        goodput_bytes: None,
    }
}
