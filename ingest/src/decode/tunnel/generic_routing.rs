//! Generic routing encapsulation, and what only it carries.
//!
//! Specification: RFC 2784, RFC 2890, RFC 1701 (routes), RFC 2637 (version 1, of PPTP), RFC 7637 (NVGRE), draft-foschiano-erspan,
//! draft-ietf-wrec-wccp (redirected packets).

use super::super::link::{Frame, IP, Layer};

/// EtherTypes that only GRE carries.
mod gre_type {
    pub const ERSPAN_III: u16 = 0x22eb;
    pub const WCCP: u16 = 0x883e;
    pub const ERSPAN: u16 = 0x88be;
}

/// More source routes are no real traffic.
const ROUTES: usize = 16;

/// Reads a GRE header.
pub(super) fn enter(bytes: &[u8], frame: &mut Frame) -> Option<Layer> {
    const CHECKSUM: u8 = 0x80;
    const ROUTING: u8 = 0x40;
    const KEY: u8 = 0x20;
    const SEQUENCE: u8 = 0x10;
    const ACKNOWLEDGMENT: u8 = 0x80;
    let [flags, version, high, low] = *frame.take(bytes, "GRE").ok()?;
    let has = |mask: u8| flags & mask != 0;
    match version & 7 {
        0 => {
            let fields = [has(CHECKSUM | ROUTING), has(KEY), has(SEQUENCE)];
            frame.skip(fields.into_iter().filter(|there| *there).count().checked_mul(4)?);
            if has(ROUTING) {
                routes(bytes, frame)?;
            }
            frame.tunnel = Some("gre");
        }
        1 => {
            let fields = [true, has(SEQUENCE), version & ACKNOWLEDGMENT != 0];
            frame.skip(fields.into_iter().filter(|there| *there).count().checked_mul(4)?);
            frame.tunnel = Some("pptp");
        }
        _ => return None,
    }
    match u16::from_be_bytes([high, low]) {
        gre_type::ERSPAN => {
            // Type I has no header of its own, and no sequence number either.
            frame.skip(if has(SEQUENCE) { 8 } else { 0 });
            frame.tunnel = Some("erspan");
            Some(Layer::Ethernet)
        }
        gre_type::ERSPAN_III => {
            let head = frame.take::<12>(bytes, "ERSPAN").ok()?;
            let platform = head[11] & 1 != 0;
            frame.skip(if platform { 8 } else { 0 });
            frame.tunnel = Some("erspan");
            Some(Layer::Ethernet)
        }
        gre_type::WCCP => {
            // Version 2 has a redirect header of four bytes, which does not begin like an IPv4 header.
            let begins = frame.rest(bytes).first()? >> 4;
            frame.skip(if begins == 4 { 0 } else { 4 });
            Some(IP)
        }
        other => Some(Layer::EtherType(other)),
    }
}

/// Goes past source routes: family, offset, length and as many bytes; an empty one ends them.
fn routes(bytes: &[u8], frame: &mut Frame) -> Option<()> {
    for _ in 0..ROUTES {
        let [family_high, family_low, _, length] = *frame.take(bytes, "GRE route").ok()?;
        if (family_high, family_low, length) == (0, 0, 0) {
            return Some(());
        }
        frame.skip(usize::from(length));
    }
    None
}
