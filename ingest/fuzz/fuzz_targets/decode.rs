//! Any packet of any link type: the type in two bytes, lowest first, and the packet. It comes twice, as pieces of datagrams do.
#![no_main]

mod counted;

use ingest::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([low, high], packet)) = data.split_first_chunk() else {
        return;
    };
    let length = packet.len() as u32;
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, u32::from(u16::from_le_bytes([*low, *high]))] {
        file.extend(u32::to_le_bytes(word));
    }
    for time in [1, 2] {
        for word in [time, 0, length, length] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend(packet);
    }
    counted::ingest(&file, Limits::default());
});
