//! The law of damaged captures: any mutation of any capture gives rows or says that it is none; nothing panics, every packet read is
//! a row, and there are no more rows than bytes. Over the project's own capture, and over others where they lie beside it.

mod common;

use std::path::{Path, PathBuf};

use common::Kept;
use fastrand::Rng;
use ingest::{Error, Limits, Options, Report};

/// Small blocks, epochs and parts, and bounds that are hit.
fn options(round: usize) -> Options {
    let limits = Limits {
        read_bytes: 3000,
        epoch_bytes: 9000,
        part_bytes: 20_000,
        fragment_bytes: 8 << 10,
        connections_per_shard: 8,
        flows_per_shard: 8,
        reassembly_bytes_per_half: 8 << 10,
        reassembly_bytes_per_shard: 16 << 10,
        dissect_bytes_per_shard: 16 << 10,
        ..Limits::default()
    };
    Options {
        threads: round % 3 + 1,
        limits,
        ..Options::default()
    }
}

/// Changes a capture in one of the ways in which captures are damaged.
fn mutate(bytes: &mut Vec<u8>, random: &mut Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = random.usize(..bytes.len());
    let until = at + random.usize(1..=(bytes.len() - at).min(200));
    match random.u8(..7) {
        0 => bytes[at] = random.u8(..),
        1 => bytes[at] ^= 1 << random.u8(..8),
        // The values at which lengths and counters turn.
        2 => bytes[at..until.min(at + 4)].fill(random.choice([0, 0xff, 0x7f, 0x80]).unwrap_or_default()),
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..until)),
        5 => {
            let piece = bytes[at..until].to_vec();
            let to = random.usize(..=bytes.len());
            drop(bytes.splice(to..to, piece));
        }
        _ => {
            let piece = bytes[at..until].to_vec();
            let to = random.usize(..bytes.len());
            let end = (to + piece.len()).min(bytes.len());
            bytes[to..end].copy_from_slice(&piece[..end - to]);
        }
    }
}

/// Ingests bytes; `None` if they are no capture.
fn ingest(bytes: &[u8], options: &Options) -> Option<(Kept, Report)> {
    let mut kept = Kept::default();
    match ingest::ingest(bytes, options, &mut kept) {
        Ok(report) => Some((kept, report)),
        Err(Error::NotACapture { .. }) => None,
        Err(error) => panic!("memory can be read: {error}"),
    }
}

fn check(name: &str, bytes: &[u8], rounds: usize, random: &mut Rng) {
    for round in 0..rounds {
        let mut mutated = bytes.to_vec();
        for _ in 0..random.usize(1..20) {
            mutate(&mut mutated, random);
        }
        let Some((kept, report)) = ingest(&mutated, &options(round)) else {
            continue;
        };
        assert_eq!(kept.rows("packets") as u64, report.packets, "{name}, round {round}");
        let rows: usize = kept.batches.iter().flatten().map(|(_, batch)| batch.num_rows()).sum();
        assert!(rows <= mutated.len(), "{name}, round {round}: {rows} rows");
    }
}

#[test]
fn of_the_demo() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures/demo.pcap");
    let bytes = std::fs::read(path).expect("the capture ships with the project");
    check("demo", &bytes, 40, &mut Rng::with_seed(23));
}

/// The uncompressed captures of at most this many bytes.
fn captures(folder: &Path, longest_bytes: u64) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(captures(&path, longest_bytes));
        } else if entry.metadata().is_ok_and(|metadata| metadata.len() <= longest_bytes)
            && path.extension().is_none_or(|extension| extension != "gz")
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn of_captures_beside_the_project() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures/files");
    let mut captures = captures(&folder, 64 << 10);
    if captures.is_empty() {
        eprintln!("skipped: there are no captures beside the project");
        return;
    }
    captures.sort();
    let mut random = Rng::with_seed(29);
    random.shuffle(&mut captures);
    for path in captures.iter().take(240) {
        let bytes = std::fs::read(path).expect("the file was listed");
        check(&path.display().to_string(), &bytes, 6, &mut random);
    }
}
