//! TCP health beside Wireshark's: the same captures through tshark, stream by stream.
//!
//! Needs the captures of `../shared` and tshark; says so and passes where either is missing. tshark reads each capture twice (`-2`),
//! so that what it says of a stream counts all of it. A stream and a connection are compared if they are made of the same packets.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use common::{Kept, ingest};
use ingest::Options;

/// How a metric of a stream comes out of what tshark says of its segments.
#[derive(Clone, Copy)]
enum Fold {
    /// Segments that have the field.
    Count,
    /// The value in the last segment that has it.
    Last,
    /// Seconds in the first segment that has it, as microseconds.
    Microseconds,
}

/// Our column, tshark's field, and the share of streams that must agree, in percent.
const METRICS: &[(&str, &str, Fold, f64)] = &[
    ("connection_completeness", "tcp.completeness", Fold::Last, 98.0),
    ("retransmissions", "tcp.analysis.retransmission", Fold::Count, 95.0),
    (
        "fast_retransmissions",
        "tcp.analysis.fast_retransmission",
        Fold::Count,
        95.0,
    ),
    ("out_of_order", "tcp.analysis.out_of_order", Fold::Count, 95.0),
    ("dup_acks", "tcp.analysis.duplicate_ack", Fold::Count, 95.0),
    ("zero_window_events", "tcp.analysis.zero_window", Fold::Count, 95.0),
    ("window_full_events", "tcp.analysis.window_full", Fold::Count, 95.0),
    ("keepalive_count", "tcp.analysis.keep_alive", Fold::Count, 95.0),
    ("missing_segments", "tcp.analysis.lost_segment", Fold::Count, 95.0),
    ("rtt_samples", "tcp.analysis.ack_rtt", Fold::Count, 95.0),
    ("initial_rtt_us", "tcp.analysis.initial_rtt", Fold::Microseconds, 95.0),
];

/// Streams that agree, streams compared, and those of them of which either side says more than nothing; captures that differ.
#[derive(Default)]
struct Score {
    agree: u64,
    streams: u64,
    telling_agree: u64,
    telling: u64,
    differ: BTreeSet<String>,
}

#[test]
fn health_is_wiresharks() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let Ok(catalogue) = std::fs::read_to_string(captures.join("catalogue.tsv")) else {
        println!("skipped: no ../shared/captures");
        return;
    };
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    let mut lines = catalogue.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().expect("the catalogue has a head");
    let at = |name: &str| {
        head.iter()
            .position(|column| *column == name)
            .expect("a column of the catalogue")
    };
    let (name, path, tcp, arguments) = (at("name"), at("path"), at("tcp"), at("tshark_args"));
    let with_tcp = lines.filter(|row| row[tcp] != "0" && !row[tcp].is_empty());
    let queue = Mutex::new(with_tcp.collect::<Vec<_>>());
    let scores: Mutex<Vec<Score>> = Mutex::new(METRICS.iter().map(|_| Score::default()).collect());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no holder panics").pop();
                    let Some(row) = next else { break };
                    let file = captures.join(row[path]);
                    let compared = compare(&file, row.get(arguments).copied().unwrap_or_default());
                    let mut scores = scores.lock().expect("no holder panics");
                    for (metric, ours, theirs) in compared {
                        let score = &mut scores[metric];
                        let telling = u64::from(ours != 0 || theirs != 0);
                        score.streams += 1;
                        score.telling += telling;
                        if ours == theirs {
                            score.agree += 1;
                            score.telling_agree += telling;
                        } else {
                            score.differ.insert(format!("{} ({ours}, tshark {theirs})", row[name]));
                        }
                    }
                }
            });
        }
    });
    let mut below = Vec::new();
    for ((column, .., least), score) in METRICS.iter().zip(&*scores.lock().expect("no holder panics")) {
        let share = 100.0 * score.agree as f64 / score.streams.max(1) as f64;
        let differ: Vec<&str> = score.differ.iter().map(String::as_str).take(8).collect();
        println!(
            "{column:24} {:5} of {:5} streams {share:6.2} %; of those with any: {} of {}; {}",
            score.agree,
            score.streams,
            score.telling_agree,
            score.telling,
            differ.join(", ")
        );
        if share < *least || score.streams == 0 {
            below.push(*column);
        }
    }
    assert!(below.is_empty(), "below their share: {below:?}");
}

/// The metrics of each stream that is one of our connections: index of the metric, our value, tshark's.
fn compare(file: &Path, arguments: &str) -> Vec<(usize, i64, i64)> {
    let bytes = std::fs::read(file).expect("the catalogue's captures are there");
    let (kept, _) = ingest(&bytes, &Options::default());
    let connection_of = connection_of_packets(&kept);
    let streams = streams(file, arguments);
    let mut packets_of: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for (packet, connection) in &connection_of {
        packets_of.entry(*connection).or_default().insert(*packet);
    }
    let mut compared = Vec::new();
    for batch in kept.of("conns") {
        let ids = int(batch, "conn_id");
        for row in 0..batch.num_rows() {
            let Some(packets) = packets_of.get(&ids.value(row)) else {
                continue;
            };
            let Some(stream) = streams.values().find(|stream| stream.packets == *packets) else {
                continue;
            };
            for (metric, (column, ..)) in METRICS.iter().enumerate() {
                let ours = int(batch, column);
                let ours = if ours.is_valid(row) { ours.value(row) } else { 0 };
                compared.push((metric, ours, stream.values[metric]));
            }
        }
    }
    compared
}

fn int<'a>(batch: &'a RecordBatch, column: &str) -> &'a arrow_array::Int64Array {
    batch
        .column_by_name(column)
        .expect("a column of the table")
        .as_primitive::<Int64Type>()
}

/// The TCP connection of each packet that has one.
fn connection_of_packets(kept: &Kept) -> BTreeMap<i64, i64> {
    let mut of_tcp = BTreeSet::new();
    for batch in kept.of("conns") {
        let transport = batch
            .column_by_name("transport")
            .expect("a column of the table")
            .as_string::<i32>();
        let ids = int(batch, "conn_id");
        of_tcp.extend(
            (0..batch.num_rows())
                .filter(|row| transport.value(*row) == "tcp")
                .map(|row| ids.value(row)),
        );
    }
    let mut connection_of = BTreeMap::new();
    for batch in kept.of("packets") {
        let (packets, ids) = (int(batch, "packet"), int(batch, "conn_id"));
        let with = (0..batch.num_rows()).filter(|row| ids.is_valid(*row) && of_tcp.contains(&ids.value(*row)));
        connection_of.extend(with.map(|row| (packets.value(row), ids.value(row))));
    }
    connection_of
}

#[derive(Default)]
struct Stream {
    packets: BTreeSet<i64>,
    values: Vec<i64>,
}

/// What tshark says of each stream. Of several TCP layers in a packet the innermost counts, and none that an ICMP error quotes.
fn streams(file: &Path, arguments: &str) -> BTreeMap<String, Stream> {
    let mut command = Command::new("tshark");
    command
        .args(["-2", "-n", "-r"])
        .arg(file)
        .args(arguments.split_whitespace());
    command.args(["-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-E", "occurrence=l"]);
    command.args(["-e", "frame.number", "-e", "tcp.stream"]);
    for (_, field, ..) in METRICS {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark runs");
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut fields = line.split('\t');
        let (Some(Ok(packet)), Some(number)) = (fields.next().map(str::parse), fields.next()) else {
            continue;
        };
        let stream = streams.entry(number.to_owned()).or_default();
        stream.values.resize(METRICS.len(), 0);
        stream.packets.insert(packet);
        for ((value, field), (.., fold, _)) in stream.values.iter_mut().zip(fields).zip(METRICS) {
            match fold {
                _ if field.is_empty() => {}
                Fold::Count => *value += 1,
                Fold::Last => *value = field.parse().unwrap_or(*value),
                Fold::Microseconds if *value == 0 => *value = (field.parse().unwrap_or(0.0) * 1e6_f64).round() as i64,
                Fold::Microseconds => {}
            }
        }
    }
    streams
}
