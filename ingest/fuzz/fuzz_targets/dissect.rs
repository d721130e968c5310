//! Any bytes, gaps and ends, in any pieces, to any dissector, or to recognition: no panic, and what is held stays bounded.
//!
//! With SEEDS=FOLDER in the environment it first writes seeds there, made from the recorded captures.
#![no_main]

mod operations;
mod seeds;

use std::sync::{LazyLock, Mutex};

use ingest::Limits;
use ingest::talk::{Drive, Step};
use libfuzzer_sys::fuzz_target;
use operations::Operations;

/// What a connection may hold whatever it said.
const FIXED_BYTES: usize = 256 << 10;
/// What it may hold for each byte that it said: a request of two bytes that waits for its response is a few hundred in memory.
const HELD_BYTES_PER_BYTE: usize = 256;
/// What it may hold in any case.
const HELD_BYTES: usize = 4 << 20;

/// Bytes of rows that are made into batches at once.
const BATCH_BYTES: usize = 64 << 10;

/// One for all inputs: its tables are dear to make.
static DRIVE: LazyLock<Mutex<Drive>> =
    LazyLock::new(|| Mutex::new(Drive::new(Limits::within(Limits::LEAST_MEMORY_BYTES))));

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("SEEDS") {
            seeds::write(folder.as_ref()).expect("the captures can be read, the folder be written");
        }
    },
    |input: &[u8]| {
        if let Some(operations) = Operations::read(input) {
            dissect(&operations);
        }
    }
);

fn dissect(operations: &Operations) {
    let mut drive = DRIVE.lock().expect("a panic ends the run");
    drive.open(operations.transport, operations.ports, operations.protocol);
    let mut said: usize = 0;
    for step in &operations.steps {
        if let Step::Data(_, bytes) = step {
            said += bytes.len();
        }
        drive.step(step);
        let bound = (FIXED_BYTES + said * HELD_BYTES_PER_BYTE).min(HELD_BYTES);
        let held = drive.held_bytes();
        if held > bound {
            let names: Vec<_> = drive.detected().collect();
            let begun = operations.protocol.map(|protocol| protocol.name);
            panic!("{begun:?} {names:?} holds {held} bytes of {said}, more than {bound}");
        }
    }
    drive.close();
    assert_eq!(drive.held_bytes(), 0, "what is over holds nothing");
    drive.forget_rows(BATCH_BYTES);
}
