//! What each dissector costs: nanoseconds of CPU a byte of payload, over the connections of `tests/captures/*.pcap`.
//!
//! `cargo bench -p ingest --bench dissect [-- NAME...]`, for all captures or those of these names. Connections are grouped by capture and
//! by what they are recognised as; those of a group are dissected again and again, rows made and forgotten, on one thread. `alone` has the dissector
//! chosen; `recognised` has it found first, as in an ingest, and is all that `(nobody)` has: bytes that no dissector knows. Small
//! connections make dear bytes: compare a figure with itself, before and after.
//!
//! Absent on purpose: decoding, reassembly and writing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use ingest::Limits;
use ingest::dissect::Protocol;
use ingest::talk::{Drive, Step, Stream, streams};

/// CPU time that a figure is measured over.
const LEAST_TIME: Duration = Duration::from_millis(300);
/// Bytes of rows that are made into batches at once, about as in an ingest.
const BATCH_BYTES: usize = 4 << 20;

fn main() {
    // What begins with a dash is cargo's.
    let names: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut groups: BTreeMap<String, Vec<(Stream, Option<&'static Protocol>)>> = BTreeMap::new();
    for (name, capture) in captures(&names) {
        for stream in streams(&capture) {
            if bytes(&stream) > 0 {
                let (names, protocol) = Drive::recognise(&stream);
                let detected = if names.is_empty() {
                    "(nobody)".to_owned()
                } else {
                    names.join(" ")
                };
                groups
                    .entry(format!("{name}: {detected}"))
                    .or_default()
                    .push((stream, protocol));
            }
        }
    }
    println!(
        "{:<28} {:>7} {:>9} {:>8} {:>12} {:>8} {:>12} {:>8}",
        "protocol", "conns", "bytes", "entries", "recognised", "MB/s", "alone", "MB/s"
    );
    println!(
        "{:<28} {:>7} {:>9} {:>8} {:>12} {:>8} {:>12} {:>8}",
        "", "", "", "", "ns/byte", "", "ns/byte", ""
    );
    for (name, group) in &groups {
        let bytes: usize = group.iter().map(|(stream, _)| bytes(stream)).sum();
        let (recognised, entries) = measure(group, false);
        let of_bytes = |time: Duration| {
            let per_byte = time.as_nanos() as f64 / bytes as f64;
            format!("{per_byte:>12.2} {:>8.0}", 1000.0 / per_byte)
        };
        let is_known = group.iter().all(|(_, protocol)| protocol.is_some());
        let alone = if is_known {
            of_bytes(measure(group, true).0)
        } else {
            String::new()
        };
        println!(
            "{name:<28} {:>7} {bytes:>9} {entries:>8} {} {alone}",
            group.len(),
            of_bytes(recognised)
        );
    }
}

/// The captures of these names, or all.
fn captures(names: &[String]) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures");
    let files = std::fs::read_dir(folder).expect("the captures ship with the project");
    let named = files.filter_map(|file| {
        let path = file.expect("a folder can be read").path();
        let name = path.file_name()?.to_str()?.strip_suffix(".pcap")?.to_owned();
        let is_wanted = names.is_empty() || names.contains(&name);
        is_wanted.then(|| (name, std::fs::read(&path).expect("a capture can be read")))
    });
    named.collect()
}

fn bytes(stream: &Stream) -> usize {
    let length = |step: &Step| match step {
        Step::Data(_, bytes) => bytes.len(),
        Step::Gap(..) | Step::End(_) => 0,
    };
    stream.steps.iter().map(length).sum()
}

/// CPU time of dissecting the connections once, and the entries they make.
fn measure(group: &[(Stream, Option<&'static Protocol>)], is_chosen: bool) -> (Duration, u64) {
    let mut drive = Drive::new(Limits::default());
    let mut once = || {
        let mut entries = 0;
        for (stream, protocol) in group {
            drive.open(stream.transport, stream.ports, protocol.filter(|_| is_chosen));
            for step in &stream.steps {
                drive.step(step);
            }
            entries += drive.close();
            drive.forget_rows(BATCH_BYTES);
        }
        entries
    };
    let entries = once();
    let mut rounds = 0;
    let start = cpu_time();
    loop {
        for _ in 0..16 {
            once();
        }
        rounds += 16;
        let time = cpu_time().saturating_sub(start);
        if time >= LEAST_TIME {
            return (time / rounds, entries);
        }
    }
}

/// Time that this thread had a CPU; time that went by where the system does not tell.
fn cpu_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = told
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .filter(|nanoseconds| *nanoseconds > 0);
    on_cpu.map_or_else(
        || {
            static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
            START.get_or_init(Instant::now).elapsed()
        },
        Duration::from_nanos,
    )
}
