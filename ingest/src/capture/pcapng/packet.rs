//! Packet blocks: enhanced, simple and obsolete ones.
//!
//! Specification: draft-ietf-opsawg-pcapng §4.3, §4.4 and appendix A. A simple packet has no time, which reads as 1970.
//! Options read: comments, joined by line ends if there are several, and drop counts. Left out: flags, hashes, queues.
//! Limits: `packet_bytes`.

use super::option::COMMENT;
use super::{Body, Damage};
use crate::Limits;
use crate::capture::description::text;
use crate::capture::{Block, Description, Record};

mod option {
    pub const EPB_DROPCOUNT: u16 = 4;
}

/// Where the bytes of enhanced and obsolete packets begin.
const DATA: usize = 20;
/// Where the bytes of simple packets begin.
const SIMPLE_DATA: usize = 4;
/// What an obsolete packet says if it does not know how many were dropped before it.
const DROPS_UNKNOWN: u16 = u16::MAX;
/// A count that is not known.
const UNKNOWN: u64 = u64::MAX;

/// What the three kinds of block say in their own ways.
struct Fields {
    /// Index in the section.
    interface: u32,
    /// `None` for a simple packet, which has no time.
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    /// Packets lost before this one.
    drops: Option<u64>,
    data_at: usize,
}

/// Reads an enhanced packet.
pub(super) fn enhanced(body: Body<'_>, place: Place<'_>) -> Result<(), Damage> {
    let fields = long_fields(body, body.u32(0), None);
    place.packet(body, fields.ok_or(TOO_SHORT)?)
}

/// Reads an obsolete packet: it has 16 bits of interface, and as many for the packets dropped before it.
pub(super) fn obsolete(body: Body<'_>, place: Place<'_>) -> Result<(), Damage> {
    let drops = body.u16(2).filter(|drops| *drops != DROPS_UNKNOWN).map(u64::from);
    let fields = long_fields(body, body.u16(0).map(u32::from), drops);
    place.packet(body, fields.ok_or(TOO_SHORT)?)
}

/// Reads a simple packet, which belongs to the first interface of its section.
pub(super) fn simple(body: Body<'_>, place: Place<'_>) -> Result<(), Damage> {
    let original = body.u32(0).ok_or(TOO_SHORT)?;
    let first = place.description.interfaces.get(place.first_interface);
    let snap_length = first.map_or(0, |first| first.snap_length);
    let cut = if snap_length == 0 {
        original
    } else {
        original.min(snap_length)
    };
    // Nothing but the block's length says how much was captured of a packet with padding.
    let room = body.bytes.len().saturating_sub(SIMPLE_DATA);
    let fields = Fields {
        interface: 0,
        ticks: None,
        captured: cut.min(u32::try_from(room).unwrap_or(u32::MAX)),
        original,
        drops: None,
        data_at: SIMPLE_DATA,
    };
    place.packet(body, fields)
}

const TOO_SHORT: Damage = "a packet block that is too short";

/// The fields that enhanced and obsolete packets have in common, after the interface.
fn long_fields(body: Body<'_>, interface: Option<u32>, drops: Option<u64>) -> Option<Fields> {
    let (high, low) = (body.u32(4)?, body.u32(8)?);
    Some(Fields {
        interface: interface?,
        ticks: Some(u64::from(high) << 32 | u64::from(low)),
        captured: body.u32(12)?,
        original: body.u32(16)?,
        drops,
        data_at: DATA,
    })
}

/// Where a packet goes, and what its interface number means.
pub(super) struct Place<'a> {
    pub first_interface: usize,
    pub block: &'a mut Block,
    pub description: &'a mut Description,
    pub limits: &'a Limits,
}

impl Place<'_> {
    fn packet(self, body: Body<'_>, fields: Fields) -> Result<(), Damage> {
        let captured_bytes = fields.captured as usize;
        if captured_bytes > self.limits.packet_bytes {
            return Err("a captured length beyond the limit packet_bytes");
        }
        let end = fields.data_at.saturating_add(captured_bytes);
        if end > body.bytes.len() {
            return Err("a packet longer than its block");
        }
        let index = self.first_interface.saturating_add(fields.interface as usize);
        let last_time_ns = self.description.last_time_ns;
        let interface = self
            .description
            .interfaces
            .get_mut(index)
            .ok_or("a packet of an interface that the section does not describe")?;
        let mut drops = fields.drops;
        let mut comment: Option<String> = None;
        for (code, value) in body.options(end.next_multiple_of(4)) {
            match code {
                COMMENT => {
                    let another = text(value);
                    match &mut comment {
                        Some(_) if another.is_empty() => {}
                        Some(comment) => {
                            comment.push('\n');
                            comment.push_str(&another);
                        }
                        None => comment = Some(another),
                    }
                }
                option::EPB_DROPCOUNT => drops = body.number(value).filter(|count| *count != UNKNOWN),
                _ => {}
            }
        }
        if let Some(drops) = drops {
            let sum = &mut interface.statistics.dropped_between;
            *sum = Some(sum.unwrap_or(0).saturating_add(drops));
        }
        let (block, at) = (self.block, body.at.saturating_add(fields.data_at));
        // A block of the file is within the 32 bits of its length, and a buffer is not longer than a few of them.
        let number = u32::try_from(block.records.len()).unwrap_or(u32::MAX);
        block.comments.extend(comment.map(|comment| (number, comment)));
        // A packet without a time has that of the one before it in the file.
        let timestamp_ns = fields.ticks.map_or(last_time_ns, |ticks| interface.time_ns(ticks));
        block.records.push(Record {
            timestamp_ns,
            start: u32::try_from(at).unwrap_or(u32::MAX),
            captured: fields.captured,
            original: fields.original,
            interface: u32::try_from(index).unwrap_or(u32::MAX),
            link_type: interface.link_type,
        });
        self.description.last_time_ns = timestamp_ns;
        block.captured_bytes = block.captured_bytes.saturating_add(u64::from(fields.captured));
        Ok(())
    }
}
