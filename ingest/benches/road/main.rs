//! What each stage of the packet's road costs, alone.
//!
//! `cargo bench -p ingest --bench road [-- NAME...]`, for all or those whose path contains one of these names. Each runs on one
//! thread. Times are of the clock on the wall, of a few milliseconds at most: on a machine that does other things the fastest is what
//! to compare, and a figure with itself, before and after.
//!
//! Inputs are made by `traffic.rs` or stand in `tests/captures`, tens of thousands of packets each. Absent on purpose: other
//! dissectors, which the bench `dissect` measures, and all stages together, which `whole` does.

mod assembler;
mod connections;
mod decode;
mod dns;
mod http1;
mod http2;
mod messages;
mod rows;
mod traffic;

use std::time::Duration;

/// As in kfl, where most rows and connections are memory that is asked for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let divan = divan::Divan::default().max_time(Duration::from_secs(2));
    divan.config_with_args().main();
}
