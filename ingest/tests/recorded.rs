//! What is read of the captures of real programs that ship with the project: `tests/captures/NAME.pcap`, beside it the rows.
//!
//! `UPDATE_EXPECT=1 cargo test -p ingest --test recorded` writes the rows anew; whoever does reads them.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use common::{Kept, ingest};
use expect_test::expect_file;
use ingest::dissect::PROTOCOLS;
use ingest::{Limits, Options, Report};

/// What is spoken in captures that are not named after one protocol.
const SPOKEN: &[(&str, &[&str])] = &[
    ("demo", &["HTTP", "DNS", "TLS"]),
    ("http2", &["HTTP"]),
    ("grpc", &["HTTP"]),
    ("graphql", &["HTTP"]),
    ("websocket", &["HTTP"]),
];

/// Connections that are not taken for it, as far as that is meant: NOTIFY is not taken for DNS away from its ports, what is TLS from its
/// first byte (ldaps) is TLS, Pika wakes itself over connections of its own, and one client of Redis says a length that is none.
const UNKNOWN: &[(&str, usize)] = &[("amqp", 5), ("dns", 1), ("ldap", 1), ("redis", 1)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures")
}

/// Names of the files of a folder that end so, without the ending, in order.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("the captures ship with the project");
    let files = entries.map(|entry| entry.expect("a folder can be read").file_name());
    files
        .filter_map(|file| Some(file.to_str()?.strip_suffix(ending)?.to_owned()))
        .collect()
}

fn captures() -> impl Iterator<Item = (String, Vec<u8>)> {
    names(&folder(), ".pcap").into_iter().map(|name| {
        let path = folder().join(format!("{name}.pcap"));
        let bytes = std::fs::read(&path).expect("the captures ship with the project");
        (name, bytes)
    })
}

/// A connection that carried something: where from and to, and what it was taken for.
struct Connection {
    id: i64,
    ends: String,
    detected: Vec<String>,
    entries: i64,
}

fn connections(kept: &Kept) -> Vec<Connection> {
    let mut found = Vec::new();
    for batch in kept.of("conns") {
        let column = |name| batch.column_by_name(name).expect("a column of the table");
        let number = |name, row| column(name).as_primitive::<Int64Type>().value(row);
        let word = |name, row| column(name).as_string::<i32>().value(row).to_owned();
        for row in 0..batch.num_rows() {
            if number("conn_local_payload_bytes", row) + number("conn_remote_payload_bytes", row) == 0 {
                continue;
            }
            let detected = column("conn_l7_detected").as_list::<i32>();
            let detected = if detected.is_valid(row) {
                let names = detected.value(row);
                names.as_string::<i32>().iter().flatten().map(str::to_owned).collect()
            } else {
                vec![]
            };
            let end = |address, port| format!("{}:{}", word(address, row), number(port, row));
            found.push(Connection {
                id: number("conn_id", row),
                ends: format!(
                    "{} {} > {}",
                    word("transport", row),
                    end("src_ip", "src_port"),
                    end("dst_ip", "dst_port")
                ),
                detected,
                entries: number("conn_entries", row),
            });
        }
    }
    found
}

/// What is read of a capture: connections, entries, findings.
fn text(kept: &Kept, report: &Report) -> String {
    let mut lines: Vec<String> = connections(kept)
        .iter()
        .map(|connection| {
            let Connection {
                id,
                ends,
                detected,
                entries,
            } = connection;
            format!("{id} {ends}: {} entries, {}", entries, detected.join(" "))
        })
        .collect();
    lines.extend(common::entries(kept).lines().map(str::to_owned));
    let anomalies = report.anomalies.iter();
    lines.extend(anomalies.map(|(kind, finding)| format!("anomaly {kind} {}", finding.count)));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn rows_are_as_beside_the_captures() {
    for (name, bytes) in captures() {
        let (kept, report) = ingest(&bytes, &Options::default());
        expect_file![folder().join(format!("{name}.rows"))].assert_eq(&text(&kept, &report));
    }
}

#[test]
fn rows_do_not_depend_on_threads_or_steps() {
    for (name, bytes) in captures() {
        let read = |threads, limits: Limits| {
            let options = Options {
                threads,
                limits,
                ..Options::default()
            };
            let (kept, report) = ingest(&bytes, &options);
            let mut lines: Vec<String> = text(&kept, &report).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let small = Limits {
            read_bytes: 3000,
            epoch_bytes: 5000,
            ..Limits::default()
        };
        let expected = read(1, Limits::default());
        for threads in [2, 8] {
            assert_eq!(read(threads, Limits::default()), expected, "{name}: {threads} threads");
        }
        assert_eq!(read(2, small), expected, "{name}: small steps");
    }
}

#[test]
fn every_connection_is_taken_for_what_it_is() {
    let mut wrong = Vec::new();
    for (name, bytes) in captures() {
        let protocol = name.split('-').next().unwrap_or_default();
        let spoken = SPOKEN.iter().find(|(capture, _)| *capture == protocol);
        let is_spoken = |detected: &str| match spoken {
            Some((_, spoken)) => spoken.contains(&detected),
            None => detected.eq_ignore_ascii_case(protocol),
        };
        // A capture may be there before its dissector is.
        if !PROTOCOLS.iter().any(|protocol| is_spoken(protocol.name)) {
            continue;
        }
        let (kept, _) = ingest(&bytes, &Options::default());
        let unknown: Vec<String> = connections(&kept)
            .into_iter()
            .filter(|connection| !connection.detected.iter().any(|detected| is_spoken(detected)))
            .map(|connection| format!("{name}: {} is taken for {:?}", connection.ends, connection.detected))
            .collect();
        let meant = UNKNOWN.iter().find(|(capture, _)| *capture == name);
        if unknown.len() != meant.map_or(0, |(_, count)| *count) {
            wrong.extend(unknown);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_capture_has_its_recipe_and_its_rows() {
    let captures = names(&folder(), ".pcap");
    let mut recipes = names(&folder().join("record"), ".sh");
    recipes.insert("demo".to_owned());
    assert_eq!(captures, recipes);
    assert_eq!(captures, names(&folder(), ".rows"));
}
