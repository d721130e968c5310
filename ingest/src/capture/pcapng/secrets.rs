//! Decryption secrets blocks: the keys that a capture file brings along, kept as they are.
//!
//! Specification: draft-ietf-opsawg-pcapng §4.7. Out: the same blocks one after the other, little-endian whatever the
//! section's order and without options, so that they can be written into another file or be read one by one.
//! Limits: `secrets_bytes`, over the capture.

use super::{BLOCK_FRAME_BYTES, Body, Damage, kind};
use crate::Limits;
use crate::capture::Description;

/// Type and length of the secrets.
const HEADER_BYTES: usize = 8;

/// Keeps a block's secrets.
pub(super) fn keep(body: Body<'_>, description: &mut Description, limits: &Limits) -> Result<(), Damage> {
    let (Some(format), Some(length)) = (body.u32(0), body.u32(4)) else {
        return Err("secrets that are too short");
    };
    let secrets = body
        .bytes
        .get(HEADER_BYTES..)
        .and_then(|rest| rest.get(..length as usize))
        .ok_or("secrets longer than their block")?;
    let padded = secrets.len().next_multiple_of(4);
    let total = padded.saturating_add(HEADER_BYTES).saturating_add(BLOCK_FRAME_BYTES);
    let out = &mut description.secrets;
    let (Ok(total_length), true) = (
        u32::try_from(total),
        out.len().saturating_add(total) <= limits.secrets_bytes,
    ) else {
        description.give_up("a block of decryption secrets", "secrets_bytes");
        return Ok(());
    };
    for word in [kind::DECRYPTION_SECRETS, total_length, format, length] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(secrets);
    out.resize(out.len().saturating_add(padded.saturating_sub(secrets.len())), 0);
    out.extend_from_slice(&total_length.to_le_bytes());
    Ok(())
}
