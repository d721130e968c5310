//! The pcapng format: sections of blocks, each section in its own byte order with its own interfaces.
//!
//! Specification: draft-ietf-opsawg-pcapng. Read: section headers, interface descriptions and statistics; enhanced, simple
//! and obsolete packets; name resolution and decryption secrets. Passed over: custom blocks, the systemd journal, and every
//! block of an unknown type. Section lengths are not needed and not looked at.
//!
//! Limits: `block_bytes`, `interfaces`. What cannot be, and what then:
//! - A block whose two lengths differ ends the reading, as in Wireshark: nothing says where the next block begins. So does
//!   damage in a section header or an interface description, without which later packets mean nothing.
//! - Other blocks whose frame is whole and whose fields are not are passed over and told. Wireshark reads nothing after them.
//! - Lengths that are no multiple of 4 leave the padding out: the block ends at the next one, as Wireshark reads them.

mod interface;
mod names;
mod option;
mod packet;
mod secrets;

use super::pcap::{u16_at, u32_at};
use super::{Block, Description, Step};
use crate::Limits;

mod kind {
    pub const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const OBSOLETE_PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const NAME_RESOLUTION: u32 = 4;
    pub const INTERFACE_STATISTICS: u32 = 5;
    pub const ENHANCED_PACKET: u32 = 6;
    pub const DECRYPTION_SECRETS: u32 = 10;
}

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Type, total length, total length again.
const BLOCK_FRAME_BYTES: usize = 12;
/// Where options follow the fields of a section header.
const SECTION_OPTIONS: usize = 16;
/// Versions of the format; those with minor number 2 were written by mistake and mean the same.
const VERSIONS: [(u16, u16); 2] = [(1, 0), (1, 2)];

/// What is wrong with a block.
type Damage = &'static str;

/// What stands between the two lengths of a block.
#[derive(Clone, Copy)]
struct Body<'a> {
    bytes: &'a [u8],
    /// Where it begins in the buffer.
    at: usize,
    big_endian: bool,
}

impl Body<'_> {
    fn u16(self, at: usize) -> Option<u16> {
        u16_at(self.bytes, at, self.big_endian)
    }

    fn u32(self, at: usize) -> Option<u32> {
        u32_at(self.bytes, at, self.big_endian)
    }
}

/// The section being read.
pub(super) struct Section {
    big_endian: bool,
    /// Where this section's interfaces begin in the description's list.
    first_interface: usize,
}

/// True if these bytes, fewer than tell a section's byte order, begin a section header.
pub(super) fn begins_like_one(bytes: &[u8]) -> bool {
    let is_short = bytes.len() < BLOCK_FRAME_BYTES;
    is_short && bytes.first_chunk::<4>() == Some(&kind::SECTION_HEADER.to_be_bytes())
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
        let Some(stated) = u32_at(rest, 4, self.big_endian) else {
            return Step::Needs(BLOCK_FRAME_BYTES);
        };
        let length = (stated as usize).next_multiple_of(4);
        if length < BLOCK_FRAME_BYTES {
            return Step::Broken("a block length that is too short");
        }
        if length > limits.block_bytes {
            return Step::Broken("a block longer than the limit block_bytes");
        }
        if rest.len() < length {
            return Step::Needs(length);
        }
        let body_end = length.saturating_sub(4);
        if u32_at(rest, body_end, self.big_endian) != Some(stated) {
            return Step::Broken("the lengths at the two ends of a block differ");
        }
        let body = Body {
            bytes: rest.get(8..body_end).unwrap_or_default(),
            at: at.saturating_add(8),
            big_endian: self.big_endian,
        };
        let is_vital = matches!(kind, kind::SECTION_HEADER | kind::INTERFACE);
        match self.read(kind, body, block, description, limits) {
            Ok(()) => Step::Took(length),
            Err(damage) if is_vital => Step::Broken(damage),
            Err(damage) => Step::PassedOver(length, damage),
        }
    }

    fn read(
        &self,
        kind: u32,
        body: Body<'_>,
        block: &mut Block,
        description: &mut Description,
        limits: &Limits,
    ) -> Result<(), Damage> {
        let first_interface = self.first_interface;
        match kind {
            kind::SECTION_HEADER => section_header(body, description, limits),
            kind::INTERFACE if description.interfaces.len() >= limits.interfaces => {
                Err("more interfaces than the limit interfaces")
            }
            kind::INTERFACE => interface::describe(body, description, limits),
            kind::INTERFACE_STATISTICS => interface::count(body, first_interface, description),
            kind::NAME_RESOLUTION => names::read(body, block, description, limits),
            kind::DECRYPTION_SECRETS => secrets::keep(body, description, limits),
            kind::ENHANCED_PACKET | kind::SIMPLE_PACKET | kind::OBSOLETE_PACKET => {
                let place = packet::Place {
                    first_interface,
                    block,
                    description,
                    limits,
                };
                match kind {
                    kind::ENHANCED_PACKET => packet::enhanced(body, place),
                    kind::SIMPLE_PACKET => packet::simple(body, place),
                    _ => packet::obsolete(body, place),
                }
            }
            _ => Ok(()),
        }
    }
}

fn section_header(body: Body<'_>, description: &mut Description, limits: &Limits) -> Result<(), Damage> {
    let version = body.u16(4).zip(body.u16(6));
    if !version.is_some_and(|version| VERSIONS.contains(&version)) {
        return Err("a section of a version other than 1.0");
    }
    for (code, value) in body.options(SECTION_OPTIONS) {
        if code == option::COMMENT {
            description.comment(value, limits);
        }
    }
    Ok(())
}

/// The byte order of a section, from the magic number in its header.
fn byte_order(header: &[u8]) -> Option<bool> {
    match u32_at(header, 8, true)? {
        BYTE_ORDER_MAGIC => Some(true),
        magic if magic == BYTE_ORDER_MAGIC.swap_bytes() => Some(false),
        _ => None,
    }
}
