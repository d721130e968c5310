//! Options: what may follow the fields of a block, as codes with values.
//!
//! Specification: draft-ietf-opsawg-pcapng §3.5. An option that does not fit its block ends the list, and the block stays:
//! Wireshark ends the reading there.

use super::super::pcap::u16_at;
use super::Body;

pub(super) const COMMENT: u16 = 1;
const END: u16 = 0;

impl<'a> Body<'a> {
    /// The options from a place of the body on: code and value.
    pub(super) fn options(self, from: usize) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.bytes.get(from..).unwrap_or_default();
        std::iter::from_fn(move || {
            let code = u16_at(rest, 0, self.big_endian)?;
            let length = usize::from(u16_at(rest, 2, self.big_endian)?);
            let value = rest.get(4..4_usize.checked_add(length)?)?;
            rest = rest
                .get(4_usize.checked_add(length.next_multiple_of(4))?..)
                .unwrap_or_default();
            (code != END).then_some((code, value))
        })
    }

    /// A number of 64 bits that is an option's value.
    pub(super) fn number(self, value: &[u8]) -> Option<u64> {
        let raw: [u8; 8] = value.try_into().ok()?;
        Some(if self.big_endian {
            u64::from_be_bytes(raw)
        } else {
            u64::from_le_bytes(raw)
        })
    }
}
