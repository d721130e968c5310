//! Any bytes: a capture whose packets are all rows, or none. Bounds are small, so that each is hit.
#![no_main]

mod counted;

use ingest::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        packet_bytes: 64 << 10,
        block_bytes: 64 << 10,
        interfaces: 16,
        read_bytes: 4 << 10,
        part_bytes: 16 << 10,
        epoch_bytes: 8 << 10,
        connections_per_shard: 8,
        flows_per_shard: 8,
        reassembly_bytes_per_half: 8 << 10,
        reassembly_bytes_per_shard: 16 << 10,
        batch_bytes: 8 << 10,
        dissect_bytes_per_shard: 16 << 10,
        fragment_bytes: 8 << 10,
        ..Limits::default()
    };
    counted::ingest(data, limits);
});
