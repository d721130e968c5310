//! Laws of the whole packet's road, over a real capture.

mod common;

use std::io::{Read, Write};

use common::{Kept, ingest};
use ingest::talk::rows as text;
use ingest::{Limits, Options};

fn demo() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/demo.pcap");
    std::fs::read(path).expect("the capture ships with the project")
}

/// Small blocks, epochs and parts, so that a small capture has many of each.
fn small_steps(threads: usize) -> Options {
    let limits = Limits {
        read_bytes: 7000,
        epoch_bytes: 20_000,
        part_bytes: 60_000,
        ..Limits::default()
    };
    Options {
        threads,
        limits,
        ..Options::default()
    }
}

#[test]
fn rows_do_not_depend_on_threads() {
    let (one, report) = ingest(&demo(), &small_steps(1));
    assert!(
        one.batches.iter().filter(|batch| batch.is_none()).count() > 2,
        "the test needs several parts"
    );
    assert_eq!(one.rows("packets") as u64, report.packets);
    assert!(one.rows("http") > 40 && one.rows("dns") > 5 && one.rows("conns") > 20);
    for threads in [2, 3, 8, 16] {
        assert_eq!(
            ingest(&demo(), &small_steps(threads)),
            (one_again(&one), report.clone()),
            "{threads} threads"
        );
    }
}

fn one_again(kept: &Kept) -> Kept {
    Kept {
        batches: kept.batches.clone(),
    }
}

/// Gives a few bytes at a time, as a pipe does.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 97 + 1;
        let count = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

#[test]
fn how_bytes_arrive_changes_nothing() {
    let bytes = demo();
    let expected = ingest(&bytes, &small_steps(2));
    let mut kept = Kept::default();
    let report = ingest::ingest(Dribble(&bytes, 0), &small_steps(2), &mut kept).expect("the bytes are a capture");
    assert_eq!((kept, report), expected);
}

#[test]
fn compression_changes_nothing() {
    let bytes = demo();
    let (expected, plain) = ingest(&bytes, &Options::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).expect("memory takes all");
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&bytes).expect("memory takes all");
    for (name, compressed) in [
        ("gzip", gzip.finish().expect("memory takes all")),
        ("lz4", lz4.finish().expect("memory takes all")),
        ("zstd", zstd::encode_all(&*bytes, 1).expect("memory takes all")),
    ] {
        let (kept, report) = ingest(&compressed, &Options::default());
        assert_eq!(kept, expected, "{name}");
        assert_eq!((report.compression, report.packets), (Some(name), plain.packets));
        // A cut compressed file keeps what could be decompressed.
        let (kept, report) = ingest(&compressed[..compressed.len() / 2], &Options::default());
        assert_eq!(kept.rows("packets") as u64, report.packets);
        assert!(!report.anomalies.is_empty(), "{name}: the cut is told");
    }
}

#[test]
fn a_cut_keeps_all_before_it() {
    let bytes = demo();
    let (whole, _) = ingest(&bytes, &Options::default());
    for cut in (31..bytes.len()).step_by(4999) {
        let (kept, report) = ingest(&bytes[..cut], &Options::default());
        assert_eq!(kept.rows("packets") as u64, report.packets, "cut at {cut}");
        assert!(kept.rows("packets") <= whole.rows("packets"));
        let kinds: Vec<String> = report.anomalies.iter().map(|(kind, _)| kind).collect();
        assert!(kinds.iter().any(|kind| kind == "cut_file"), "cut at {cut}: {kinds:?}");
    }
}

#[test]
fn any_damage_gives_rows_or_anomalies() {
    let bytes = demo();
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..60 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..400) {
            let at = random.usize(24..damaged.len());
            damaged[at] = random.u8(..);
        }
        let (kept, report) = ingest(&damaged, &small_steps(round % 3 + 1));
        assert_eq!(kept.rows("packets") as u64, report.packets, "round {round}");
    }
}

#[test]
fn noise_is_no_capture() {
    let mut random = fastrand::Rng::with_seed(5);
    for length in [1, 3, 4, 16, 24, 100, 5000] {
        let noise: Vec<u8> = (0..length).map(|_| random.u8(1..)).collect();
        let error = ingest::ingest(&*noise, &Options::default(), &mut Kept::default()).expect_err("noise");
        assert!(
            error
                .to_string()
                .starts_with("not a capture: expected the magic number"),
            "{error}"
        );
    }
    let (kept, report) = ingest(&[], &Options::default());
    assert_eq!((kept.rows("packets"), report.packets, report.format), (0, 0, ""));
}

#[test]
fn without_packets_the_other_rows_stay() {
    let (with, _) = ingest(&demo(), &Options::default());
    let (without, _) = ingest(
        &demo(),
        &Options {
            packets: false,
            ..Options::default()
        },
    );
    assert_eq!(without.rows("packets"), 0);
    for table in ["flows", "conns", "http", "dns", "tlsx"] {
        assert_eq!(with.rows(table), without.rows(table), "{table}");
    }
}

#[test]
fn numbers_run_on() {
    let (first, report) = ingest(&demo(), &Options::default());
    let (second, _) = ingest(
        &demo(),
        &Options {
            first_packet: 1 + report.packets,
            ..Options::default()
        },
    );
    assert_eq!(first.rows("packets"), second.rows("packets"));
    let number = |kept: &Kept| {
        use arrow_array::cast::AsArray as _;
        let batch = kept.of("packets").next().expect("there are packets");
        batch.column(0).as_primitive::<arrow_array::types::Int64Type>().value(0)
    };
    assert_eq!(number(&second), number(&first) + report.packets as i64);
}

#[test]
fn one_wrong_time_ages_no_connection() {
    let mut bytes = demo();
    let (expected, _) = ingest(&bytes, &small_steps(2));
    // An ARP packet of the year 2106 after the capture's header.
    let mut arp = [0xff; 4].to_vec();
    arp.extend([0, 0, 0, 0, 14, 0, 0, 0, 14, 0, 0, 0]);
    arp.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06]);
    bytes.splice(24..24, arp);
    let (kept, _) = ingest(&bytes, &small_steps(2));
    for table in ["flows", "conns", "http", "dns", "tlsx"] {
        assert_eq!(kept.rows(table), expected.rows(table), "{table}");
    }
}

#[test]
fn small_batches_hold_the_same_rows() {
    let (expected, _) = ingest(&demo(), &Options::default());
    let limits = Limits {
        batch_bytes: 500,
        ..Limits::default()
    };
    let (kept, _) = ingest(
        &demo(),
        &Options {
            limits,
            ..Options::default()
        },
    );
    for table in schema::tables::in_kfl() {
        let rows = |kept: &Kept| -> String { kept.of(table.name).map(|batch| text(table, batch)).collect() };
        assert_eq!(rows(&kept), rows(&expected), "{}", table.name);
    }
    assert!(kept.of("http").count() > 10 && kept.of("packets").count() > 10);
    assert_eq!(kept.rows("packets"), expected.rows("packets"));
}

#[test]
fn dissectors_over_their_bound_make_entries_of_what_they_hold() {
    let (expected, _) = ingest(&demo(), &Options::default());
    let limits = Limits {
        dissect_bytes_per_shard: 0,
        ..Limits::default()
    };
    let (kept, report) = ingest(
        &demo(),
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert!(
        kept.rows("http") > expected.rows("http"),
        "requests and responses are entries of their own"
    );
    assert!(
        report
            .anomalies
            .iter()
            .any(|(kind, _)| kind == "limit_dissect_bytes_per_shard")
    );
    assert_eq!(kept.rows("conns"), expected.rows("conns"));
}
