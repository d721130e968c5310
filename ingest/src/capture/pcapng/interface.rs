//! Interface description blocks and interface statistics blocks.
//!
//! Specification: draft-ietf-opsawg-pcapng §4.2 and §4.6. Left out: addresses, speed, time zone and frame check sequence
//! of the interface; filters given as BPF code; times of statistics.

use super::option::COMMENT;
use super::{Body, Damage};
use crate::Limits;
use crate::capture::{Description, Interface, Resolution};

mod option {
    pub const IF_NAME: u16 = 2;
    pub const IF_DESCRIPTION: u16 = 3;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_FILTER: u16 = 11;
    pub const IF_OS: u16 = 12;
    pub const IF_TSOFFSET: u16 = 14;
    pub const IF_HARDWARE: u16 = 15;
    pub const ISB_IFRECV: u16 = 4;
    pub const ISB_IFDROP: u16 = 5;
    pub const ISB_FILTERACCEPT: u16 = 6;
    pub const ISB_OSDROP: u16 = 7;
}

/// What if_filter begins with if a text follows.
const FILTER_IS_TEXT: u8 = 0;
/// Where options follow the fields of either block.
const DESCRIPTION_OPTIONS: usize = 8;
const STATISTICS_OPTIONS: usize = 12;
/// Some writers say so that they do not know a count.
const UNKNOWN: u64 = u64::MAX;

/// Reads an interface description.
pub(super) fn describe(body: Body<'_>, description: &mut Description, limits: &Limits) -> Result<(), Damage> {
    let (Some(link_type), Some(snap_length)) = (body.u16(0), body.u32(4)) else {
        return Err("an interface description that is too short");
    };
    let mut interface = Interface::new(link_type, snap_length, Resolution::MICROSECONDS);
    for (code, value) in body.options(DESCRIPTION_OPTIONS) {
        let detail = match (code, value) {
            (option::IF_DESCRIPTION, text) => ("description", text),
            (option::IF_FILTER, [FILTER_IS_TEXT, text @ ..]) => ("filter", text),
            (option::IF_OS, text) => ("system", text),
            (option::IF_HARDWARE, text) => ("hardware", text),
            (option::IF_NAME, name) => {
                interface.name = description.text(name, limits);
                continue;
            }
            (option::IF_TSRESOL, &[resolution, ..]) => {
                interface.resolution = Resolution::of(resolution);
                continue;
            }
            (option::IF_TSOFFSET, value) => {
                interface.offset_seconds = body.number(value).unwrap_or(0).cast_signed();
                continue;
            }
            (COMMENT, comment) => {
                description.comment(comment, limits);
                continue;
            }
            _ => continue,
        };
        // Of several of a kind the last counts, so that there are few.
        if let Some(text) = description.text(detail.1, limits).filter(|text| !text.is_empty()) {
            interface.details.retain(|(kind, _)| *kind != detail.0);
            interface.details.push((detail.0, text));
        }
    }
    description.interfaces.push(interface);
    Ok(())
}

/// Reads what an interface counted. The counts run from the beginning of the capture, so the last ones hold.
pub(super) fn count(body: Body<'_>, first_interface: usize, description: &mut Description) -> Result<(), Damage> {
    let number = body.u32(0).ok_or("interface statistics that are too short")?;
    let interface = first_interface
        .checked_add(number as usize)
        .and_then(|index| description.interfaces.get_mut(index))
        .ok_or("statistics of an interface that the section does not describe")?;
    let statistics = &mut interface.statistics;
    for (code, value) in body.options(STATISTICS_OPTIONS) {
        let count = match code {
            option::ISB_IFRECV => &mut statistics.received,
            option::ISB_IFDROP => &mut statistics.dropped,
            option::ISB_FILTERACCEPT => &mut statistics.accepted,
            option::ISB_OSDROP => &mut statistics.dropped_by_system,
            _ => continue,
        };
        *count = body.number(value).filter(|count| *count != UNKNOWN).or(*count);
    }
    Ok(())
}
