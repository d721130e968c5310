//! The pcap format: one interface, records one after the other.
//!
//! Specification: draft-ietf-opsawg-pcap. Both byte orders, microseconds and nanoseconds, any version; and what Wireshark
//! reads besides, told by magic number, version or the first records (see [`variant`]). Records whose captured length is
//! above the original one are kept as they are. Left out: Navtel's magic number, which neither libpcap nor Wireshark reads.

mod variant;

use self::variant::{Lengths, Variant};
use super::{Block, Interface, Record, Step};
use crate::Limits;

pub(super) const HEADER_BYTES: usize = 24;
/// What tcpdump and Wireshark accept as the longest packet whatever the snap length says.
const MAXIMUM_SNAP_LENGTH: u32 = 262_144;

/// The file header.
pub(super) struct Header {
    big_endian: bool,
    snap_length: u32,
    variant: Variant,
    /// Whether the first records have been looked at.
    is_settled: bool,
}

/// The header of one record, as far as all variants have it.
#[derive(Clone, Copy)]
struct RecordHeader {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
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
        let magic = u32_at(bytes, 0, true)?;
        let big_endian = variant::is_magic(magic);
        let half = |at: usize| u16_at(bytes, at, big_endian);
        let version = (half(4)?, half(6)?);
        // The upper half of the field holds the length of the frame check sequence.
        let link_type = (u32_at(bytes, 20, big_endian)? & 0xffff) as u16;
        let magic = if big_endian { magic } else { magic.swap_bytes() };
        Some(Self {
            big_endian,
            snap_length: u32_at(bytes, 16, big_endian)?,
            variant: Variant::of(magic, version, link_type)?,
            is_settled: false,
        })
    }

    pub(super) fn interface(&self) -> Interface {
        Interface::new(self.variant.link_type, self.snap_length, self.variant.resolution())
    }

    /// Takes one record from the front of `rest`, which begins at `at` in the block.
    pub(super) fn step(&mut self, rest: &[u8], at: usize, block: &mut Block, limits: &Limits) -> Step {
        let longest = self
            .snap_length
            .max(MAXIMUM_SNAP_LENGTH)
            .min(u32::try_from(limits.packet_bytes).unwrap_or(u32::MAX));
        let before = self.variant.bytes_before_records;
        if before > 0 {
            if rest.len() < before {
                return Step::Needs(before);
            }
            self.variant.bytes_before_records = 0;
            return Step::Took(before);
        }
        if !self.is_settled {
            self.is_settled = true;
            self.variant
                .settle(rest, longest, |bytes| RecordHeader::read(bytes, self.big_endian));
        }
        let header_bytes = self.variant.record_header_bytes;
        let Some(header) = RecordHeader::read(rest, self.big_endian) else {
            return Step::Needs(header_bytes);
        };
        let (captured, original) = match self.variant.lengths {
            Lengths::InOrder => (header.captured, header.original),
            Lengths::Swapped => (header.original, header.captured),
            Lengths::SmallerFirst => (
                header.captured.min(header.original),
                header.captured.max(header.original),
            ),
        };
        if captured > longest {
            return Step::Broken("its captured length is beyond any packet's");
        }
        let end = header_bytes.saturating_add(captured as usize);
        if rest.len() < end {
            return Step::Needs(end);
        }
        let fraction_ns = i64::from(header.fraction).saturating_mul(self.variant.fraction_ns);
        block.records.push(Record {
            timestamp_ns: i64::from(header.seconds)
                .saturating_mul(1_000_000_000)
                .saturating_add(fraction_ns),
            start: u32::try_from(at.saturating_add(header_bytes)).unwrap_or(u32::MAX),
            captured,
            original,
            interface: 0,
            link_type: self.variant.link_type,
        });
        block.captured_bytes = block.captured_bytes.saturating_add(u64::from(captured));
        Step::Took(end)
    }
}

impl RecordHeader {
    fn read(bytes: &[u8], big_endian: bool) -> Option<Self> {
        let word = |at: usize| u32_at(bytes, at, big_endian);
        Some(Self {
            seconds: word(0)?,
            fraction: word(4)?,
            captured: word(8)?,
            original: word(12)?,
        })
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
