//! The pcap format: one interface, records one after the other.
//!
//! Specification: draft-ietf-opsawg-pcap. Both byte orders, microseconds and nanoseconds, and Kuznetzov's variant with a
//! longer record header (as Wireshark reads it).

use super::interface::{MICROSECONDS, NANOSECONDS};
use super::{Block, Interface, Record, Step};
use crate::Limits;

pub(super) const HEADER_BYTES: usize = 24;
/// What tcpdump and Wireshark accept as the longest packet whatever the snap length says.
const MAXIMUM_SNAP_LENGTH: u32 = 262_144;

/// The file header.
pub(super) struct Header {
    big_endian: bool,
    nanoseconds: bool,
    record_header_bytes: usize,
    /// Files older than version 2.3 have the two lengths the other way round.
    lengths_swapped: bool,
    snap_length: u32,
    link_type: u16,
}

/// True if these bytes, fewer than a file header, begin one.
pub(super) fn begins_like_one(bytes: &[u8]) -> bool {
    let mut padded = bytes.to_vec();
    padded.resize(HEADER_BYTES, 0);
    bytes.len() >= 4 && bytes.len() < HEADER_BYTES && Header::parse(&padded).is_some()
}

impl Header {
    /// Reads the file header; `None` if the bytes are no pcap file.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (big_endian, nanoseconds, record_header_bytes) = match bytes.first_chunk::<4>()? {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false, 16),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false, 16),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true, 16),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true, 16),
            [0x34, 0xcd, 0xb2, 0xa1] => (false, false, 24),
            [0xa1, 0xb2, 0xcd, 0x34] => (true, false, 24),
            _ => return None,
        };
        let half = |at: usize| u16_at(bytes, at, big_endian);
        let (major, minor) = (half(4)?, half(6)?);
        let snap_length = u32_at(bytes, 16, big_endian)?;
        // The upper half of the field holds the length of the frame check sequence.
        let link_type = (u32_at(bytes, 20, big_endian)? & 0xffff) as u16;
        let lengths_swapped = major == 2 && minor < 3;
        Some(Self {
            big_endian,
            nanoseconds,
            record_header_bytes,
            lengths_swapped,
            snap_length,
            link_type,
        })
    }

    pub(super) fn interface(&self) -> Interface {
        Interface {
            link_type: self.link_type,
            snap_length: self.snap_length,
            ticks_per_second: if self.nanoseconds { NANOSECONDS } else { MICROSECONDS },
            offset_seconds: 0,
            name: None,
        }
    }

    /// Takes one record from the front of `rest`, which begins at `at` in the block.
    pub(super) fn step(&self, rest: &[u8], at: usize, block: &mut Block, limits: &Limits) -> Step {
        let word = |at: usize| u32_at(rest, at, self.big_endian);
        let (Some(seconds), Some(fraction), Some(captured), Some(original)) = (word(0), word(4), word(8), word(12))
        else {
            return Step::Needs(self.record_header_bytes);
        };
        let (captured, original) = if self.lengths_swapped {
            (original, captured)
        } else {
            (captured, original)
        };
        let longest = self
            .snap_length
            .max(MAXIMUM_SNAP_LENGTH)
            .min(u32::try_from(limits.packet_bytes).unwrap_or(u32::MAX));
        if captured > longest {
            return Step::Broken("its captured length is beyond any packet's");
        }
        let end = self.record_header_bytes.saturating_add(captured as usize);
        if rest.len() < end {
            return Step::Needs(end);
        }
        let fraction_ns = if self.nanoseconds {
            i64::from(fraction)
        } else {
            i64::from(fraction).saturating_mul(1000)
        };
        block.records.push(Record {
            timestamp_ns: i64::from(seconds)
                .saturating_mul(1_000_000_000)
                .saturating_add(fraction_ns),
            start: u32::try_from(at.saturating_add(self.record_header_bytes)).unwrap_or(u32::MAX),
            captured,
            original,
            interface: 0,
            link_type: self.link_type,
        });
        block.captured_bytes = block.captured_bytes.saturating_add(u64::from(captured));
        Step::Took(end)
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize, big_endian: bool) -> Option<u16> {
    let raw: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if big_endian {
        u16::from_be_bytes(raw)
    } else {
        u16::from_le_bytes(raw)
    })
}

pub(super) fn u32_at(bytes: &[u8], at: usize, big_endian: bool) -> Option<u32> {
    let raw: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if big_endian {
        u32::from_be_bytes(raw)
    } else {
        u32::from_le_bytes(raw)
    })
}
