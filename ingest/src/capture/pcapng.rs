//! The pcapng format: sections of blocks, each section in its own byte order with its own interfaces.
//!
//! Specification: draft-ietf-opsawg-pcapng. Read: section header, interface description (time resolution, offset, name),
//! enhanced, simple and obsolete packet blocks, comments on sections and packets. Skipped for now: name resolution,
//! interface statistics, decryption secrets, custom and unknown blocks.

use super::interface::MICROSECONDS;
use super::pcap::{u16_at, u32_at};
use super::{Block, Description, Interface, Record, Step};
use crate::Limits;

mod kind {
    pub const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const OBSOLETE_PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const ENHANCED_PACKET: u32 = 6;
}

mod option {
    pub const END: u16 = 0;
    pub const COMMENT: u16 = 1;
    pub const IF_NAME: u16 = 2;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_TSOFFSET: u16 = 14;
}

const BYTE_ORDER_MAGIC: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
/// Type, total length, total length again.
const BLOCK_FRAME_BYTES: usize = 12;

/// The section being read.
pub(super) struct Section {
    big_endian: bool,
    /// Where this section's interfaces begin in the description's list.
    first_interface: usize,
}

impl Section {
    /// Tells a pcapng file by its first bytes.
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        (bytes.first_chunk::<4>()? == &kind::SECTION_HEADER.to_be_bytes())
            .then(|| byte_order(bytes))
            .flatten()
            .map(|big_endian| Self {
                big_endian,
                first_interface: 0,
            })
    }

    /// Takes one block from the front of `rest`, which begins at `at` in the buffer.
    pub(super) fn step(
        &mut self,
        rest: &[u8],
        at: usize,
        block: &mut Block,
        description: &mut Description,
        limits: &Limits,
    ) -> Step {
        let Some(kind) = u32_at(rest, 0, self.big_endian) else {
            return Step::Needs(BLOCK_FRAME_BYTES);
        };
        if kind == kind::SECTION_HEADER {
            if rest.len() < BLOCK_FRAME_BYTES {
                return Step::Needs(BLOCK_FRAME_BYTES);
            }
            let Some(big_endian) = byte_order(rest) else {
                return Step::Broken("a section header without byte-order magic");
            };
            self.big_endian = big_endian;
            self.first_interface = description.interfaces.len();
        }
        let Some(length) = u32_at(rest, 4, self.big_endian) else {
            return Step::Needs(BLOCK_FRAME_BYTES);
        };
        let length = length as usize;
        if length < BLOCK_FRAME_BYTES || !length.is_multiple_of(4) {
            return Step::Broken("a block length that is too short or no multiple of 4");
        }
        if length > limits.block_bytes {
            return Step::Broken("a block longer than the limit block_bytes");
        }
        if rest.len() < length {
            return Step::Needs(length);
        }
        let body = rest.get(8..length.saturating_sub(4)).unwrap_or_default();
        let body_at = at.saturating_add(8);
        let read = match kind {
            kind::SECTION_HEADER => {
                self.section_header(body, description, limits);
                Some(())
            }
            kind::INTERFACE if description.interfaces.len() >= limits.interfaces => {
                return Step::Broken("more interfaces than the limit interfaces");
            }
            kind::INTERFACE => self.interface(body, description, limits),
            kind::ENHANCED_PACKET => self.enhanced_packet(body, body_at, block, description),
            kind::OBSOLETE_PACKET => self.obsolete_packet(body, body_at, block, description),
            kind::SIMPLE_PACKET => self.simple_packet(body, body_at, block, description),
            _ => Some(()),
        };
        match read {
            Some(()) => Step::Took(length),
            None => Step::Broken("a block whose fields do not fit its length"),
        }
    }

    fn section_header(&self, body: &[u8], description: &mut Description, limits: &Limits) {
        for (code, value) in options(body.get(16..).unwrap_or_default(), self.big_endian) {
            if code == option::COMMENT && description.comments.len() < limits.interfaces {
                let comment = description.text(value, limits);
                description.comments.extend(comment);
            }
        }
    }

    fn interface(&self, body: &[u8], description: &mut Description, limits: &Limits) -> Option<()> {
        let mut interface = Interface {
            link_type: u16_at(body, 0, self.big_endian)?,
            snap_length: u32_at(body, 4, self.big_endian)?,
            ticks_per_second: MICROSECONDS,
            offset_seconds: 0,
            name: None,
        };
        for (code, value) in options(body.get(8..)?, self.big_endian) {
            match (code, value) {
                (option::IF_NAME, name) => interface.name = description.text(name, limits),
                (option::IF_TSRESOL, &[resolution, ..]) => interface.ticks_per_second = ticks_per_second(resolution),
                (option::IF_TSOFFSET, value) => {
                    if let Ok(raw) = <[u8; 8]>::try_from(value) {
                        interface.offset_seconds = if self.big_endian {
                            i64::from_be_bytes(raw)
                        } else {
                            i64::from_le_bytes(raw)
                        };
                    }
                }
                _ => {}
            }
        }
        description.interfaces.push(interface);
        Some(())
    }

    fn enhanced_packet(&self, body: &[u8], at: usize, block: &mut Block, description: &Description) -> Option<()> {
        let interface = u32_at(body, 0, self.big_endian)?;
        let (high, low) = (u32_at(body, 4, self.big_endian)?, u32_at(body, 8, self.big_endian)?);
        let (captured, original) = (u32_at(body, 12, self.big_endian)?, u32_at(body, 16, self.big_endian)?);
        let fields = Fields {
            interface,
            ticks: Some(ticks(high, low)),
            captured,
            original,
            data_at: 20,
        };
        self.packet(body, at, fields, block, description)
    }

    fn obsolete_packet(&self, body: &[u8], at: usize, block: &mut Block, description: &Description) -> Option<()> {
        let interface = u32::from(u16_at(body, 0, self.big_endian)?);
        let (high, low) = (u32_at(body, 4, self.big_endian)?, u32_at(body, 8, self.big_endian)?);
        let (captured, original) = (u32_at(body, 12, self.big_endian)?, u32_at(body, 16, self.big_endian)?);
        let fields = Fields {
            interface,
            ticks: Some(ticks(high, low)),
            captured,
            original,
            data_at: 20,
        };
        self.packet(body, at, fields, block, description)
    }

    fn simple_packet(&self, body: &[u8], at: usize, block: &mut Block, description: &Description) -> Option<()> {
        let original = u32_at(body, 0, self.big_endian)?;
        let snap_length = description
            .interfaces
            .get(self.first_interface)
            .map_or(0, |first| first.snap_length);
        let cut = if snap_length == 0 {
            original
        } else {
            original.min(snap_length)
        };
        // Nothing but the block's length says how much was captured of a packet with padding.
        let captured = cut.min(u32::try_from(body.len().saturating_sub(4)).unwrap_or(u32::MAX));
        self.packet(
            body,
            at,
            Fields {
                interface: 0,
                ticks: None,
                captured,
                original,
                data_at: 4,
            },
            block,
            description,
        )
    }

    fn packet(
        &self,
        body: &[u8],
        at: usize,
        fields: Fields,
        block: &mut Block,
        description: &Description,
    ) -> Option<()> {
        let Fields {
            interface,
            ticks,
            captured,
            original,
            data_at,
        } = fields;
        let end = data_at.checked_add(captured as usize)?;
        body.get(data_at..end)?;
        let index = self.first_interface.checked_add(interface as usize)?;
        let known = description.interfaces.get(index)?;
        let record = Record {
            timestamp_ns: ticks.map_or(0, |ticks| known.time_ns(ticks)),
            start: u32::try_from(at.checked_add(data_at)?).ok()?,
            captured,
            original,
            interface: u32::try_from(index).ok()?,
            link_type: known.link_type,
        };
        for (code, value) in options(body.get(end.next_multiple_of(4)..).unwrap_or_default(), self.big_endian) {
            if code == option::COMMENT {
                let number = u32::try_from(block.records.len()).ok()?;
                block
                    .comments
                    .push((number, String::from_utf8_lossy(value).into_owned()));
            }
        }
        block.records.push(record);
        block.captured_bytes = block.captured_bytes.saturating_add(u64::from(captured));
        Some(())
    }
}

struct Fields {
    interface: u32,
    /// `None` for a simple packet, which has no time.
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    data_at: usize,
}

fn ticks(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The byte order of a section, from the magic number in its header.
fn byte_order(header: &[u8]) -> Option<bool> {
    let magic: [u8; 4] = header.get(8..12)?.try_into().ok()?;
    let reversed = [
        BYTE_ORDER_MAGIC[3],
        BYTE_ORDER_MAGIC[2],
        BYTE_ORDER_MAGIC[1],
        BYTE_ORDER_MAGIC[0],
    ];
    match magic {
        BYTE_ORDER_MAGIC => Some(true),
        magic if magic == reversed => Some(false),
        _ => None,
    }
}

/// Ticks per second of an if_tsresol value: a power of 10, or of 2 if the highest bit is set.
fn ticks_per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 {
        10_u64.checked_pow(exponent)
    } else {
        2_u64.checked_pow(exponent)
    }
    .unwrap_or(u64::MAX)
}

/// The options of a block: code and value, until the end or the first that does not fit.
fn options(mut rest: &[u8], big_endian: bool) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = u16_at(rest, 0, big_endian)?;
        let length = usize::from(u16_at(rest, 2, big_endian)?);
        let value = rest.get(4..4_usize.checked_add(length)?)?;
        rest = rest
            .get(4_usize.checked_add(length.next_multiple_of(4))?..)
            .unwrap_or_default();
        (code != option::END).then_some((code, value))
    })
}
