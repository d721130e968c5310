//! 802.11 and what captures put in front of it.
//!
//! Specification: IEEE 802.11-2020 §9.2 (frames), §9.2.4.8 (mesh control), §9.3.2.2 (A-MSDU); radiotap.org; Prism, AVS as
//! Wireshark reads them; CACE PPI 1.0.10. Frames that are encrypted, and the pieces of fragmented ones but the first, carry
//! nothing that can be read.

use super::{Frame, Layer, Step};
use crate::Anomaly;

/// How a frame differs from the standard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Variant {
    /// The header is filled up to four bytes.
    pub(in crate::decode) padded: bool,
    /// The two bytes of each field are exchanged.
    pub(in crate::decode) swapped: bool,
}

/// A frame as the standard says.
pub(in crate::decode) const PLAIN: Layer = Layer::Wireless(Variant {
    padded: false,
    swapped: false,
});

/// Bytes of the check sequence that may end a frame.
const CHECK_BYTES: usize = 4;

/// A data frame leads to LLC; others lead nowhere.
pub(super) fn frame(packet: &[u8], frame: &mut Frame, variant: Variant, bundle: &mut Option<Frame>) -> Step {
    const DATA: u8 = 2;
    let Variant { padded, swapped } = variant;
    let begin = frame.start;
    let [mut control, mut flags] = *frame.peek::<2>(packet, "802.11")?;
    if swapped {
        (control, flags) = (flags, control);
    }
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    let (no_data, quality, protected) = (subtype & 4 != 0, subtype & 8 != 0, flags & 0x40 != 0);
    if kind != DATA || no_data || protected {
        return Ok(Layer::Nothing);
    }
    let head = frame.take::<24>(packet, "802.11")?;
    // The sequence field's lowest bits number the pieces.
    let is_later_piece = if swapped { head[23] } else { head[22] } & 0x0f != 0;
    if is_later_piece {
        return Ok(Layer::Nothing);
    }
    let (four_addresses, with_control) = (flags & 3 == 3, flags & 0x80 != 0);
    if four_addresses {
        frame.take::<6>(packet, "802.11")?;
    }
    let mut quality_control = [0; 2];
    if quality {
        quality_control = *frame.take::<2>(packet, "802.11")?;
        if with_control {
            frame.take::<4>(packet, "802.11")?;
        }
    }
    if padded {
        let header_bytes = frame.start.saturating_sub(begin);
        frame.start = begin.saturating_add(header_bytes.next_multiple_of(4));
    }
    let is_bundle = quality_control[0] & 0x80 != 0;
    if is_bundle {
        return subframe(packet, frame, bundle);
    }
    let is_mesh = four_addresses && quality_control[1] & 1 != 0;
    if is_mesh {
        let mesh = frame.take::<6>(packet, "802.11 mesh")?;
        frame.skip(usize::from(mesh[0] & 3).saturating_mul(6));
    }
    Ok(Layer::LogicalLink)
}

/// The first of the subframes that are left: addresses and a length before each, filled up to four bytes.
pub(super) fn subframe(packet: &[u8], frame: &mut Frame, bundle: &mut Option<Frame>) -> Step {
    let begin = frame.start;
    let whole = *frame;
    let head = frame.take::<14>(packet, "802.11 subframe")?;
    let length = usize::from(u16::from_be_bytes([head[12], head[13]]));
    let end = frame.start.saturating_add(length);
    let next = begin.saturating_add(head.len().saturating_add(length).next_multiple_of(4));
    // A bundle that was cut ends where its bytes do.
    *bundle = (next < whole.wire_end.min(packet.len())).then_some(Frame { start: next, ..whole });
    frame.wire_end = frame.wire_end.min(end);
    Ok(Layer::LogicalLink)
}

/// Radiotap: a header of its own length; its flags say how the frame ends and whether its header is padded.
pub(super) fn radiotap(packet: &[u8], frame: &mut Frame) -> Step {
    const TIME: u8 = 0x01;
    const FLAGS: u8 = 0x02;
    const MORE: u8 = 0x80;
    const CHECKED: u8 = 0x10;
    const PADDED: u8 = 0x20;
    const SHORTEST: usize = 8;
    let bytes = frame.rest(packet);
    let head = frame.peek::<SHORTEST>(packet, "radiotap")?;
    let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let present = head[4];
    let mut at = SHORTEST;
    let mut more = head[7] & MORE != 0;
    while more && at < length {
        more = bytes.get(at.saturating_add(3)).is_some_and(|byte| byte & MORE != 0);
        at = at.saturating_add(4);
    }
    if present & TIME != 0 {
        at = at.next_multiple_of(8).saturating_add(8);
    }
    let flags = match bytes.get(at) {
        Some(flags) if present & FLAGS != 0 && at < length => *flags,
        _ => 0,
    };
    if length < SHORTEST {
        return Err(Anomaly::Malformed {
            layer: "radiotap",
            reason: "the header length is below 8 bytes",
        });
    }
    if flags & CHECKED != 0 {
        frame.trim(CHECK_BYTES);
    }
    frame.skip(length);
    Ok(Layer::Wireless(Variant {
        padded: flags & PADDED != 0,
        swapped: false,
    }))
}

/// Prism: a message code and the header's length, in the order of the machine that captured; or an AVS header all the same.
pub(super) fn prism(packet: &[u8], frame: &mut Frame) -> Step {
    const AVS_MAGIC: u32 = 0x8021_1000;
    let head = frame.peek::<8>(packet, "Prism")?;
    let (code, length) = (
        [head[0], head[1], head[2], head[3]],
        [head[4], head[5], head[6], head[7]],
    );
    if u32::from_be_bytes(code) & 0xffff_f000 == AVS_MAGIC {
        return avs(packet, frame);
    }
    // Lengths are small numbers.
    let length = u32::from_le_bytes(length).min(u32::from_be_bytes(length));
    frame.skip(length as usize);
    Ok(PLAIN)
}

/// AVS: a version and the header's length.
pub(super) fn avs(packet: &[u8], frame: &mut Frame) -> Step {
    let head = frame.peek::<8>(packet, "AVS")?;
    frame.skip(u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize);
    Ok(PLAIN)
}

/// PPI: a header of its own length, fields in it, and the link type of what follows.
pub(super) fn per_packet_information(packet: &[u8], frame: &mut Frame) -> Step {
    const COMMON: u16 = 2;
    const CHECKED: u8 = 0x01;
    const SHORTEST: usize = 8;
    let bytes = frame.rest(packet);
    let head = frame.peek::<SHORTEST>(packet, "PPI")?;
    let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
    let link_type = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if length < SHORTEST {
        return Err(Anomaly::Malformed {
            layer: "PPI",
            reason: "the header length is below 8 bytes",
        });
    }
    let mut fields = bytes.get(SHORTEST..length).unwrap_or_default();
    while let Some(([kind_0, kind_1, length_0, length_1], rest)) = fields.split_first_chunk::<4>() {
        let field = rest
            .get(..usize::from(u16::from_le_bytes([*length_0, *length_1])))
            .unwrap_or(rest);
        // Of what is common to 802.11 captures, the flags stand behind the time.
        if u16::from_le_bytes([*kind_0, *kind_1]) == COMMON && field.get(8).is_some_and(|flags| flags & CHECKED != 0) {
            frame.trim(CHECK_BYTES);
        }
        fields = rest.get(field.len()..).unwrap_or_default();
    }
    frame.skip(length);
    u16::try_from(link_type).map_or(Err(Anomaly::UnknownLinkType(link_type)), |link_type| {
        Ok(Layer::Link(link_type))
    })
}
