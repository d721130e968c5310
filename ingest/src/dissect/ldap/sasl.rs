//! Buffers of a SASL security layer: a length in four bytes, and a token.
//!
//! Specification: RFC 4422 §3.7; the tokens: RFC 4121 §4.2.6.2 and RFC 1964 §1.2.2 (Kerberos), MS-NLMP §2.2.2.9, RFC 2831 §2.3
//! (DIGEST-MD5). The messages in a token that is signed but not sealed are readable.

use super::ber::tag;

/// Bytes of the length before a token.
pub(super) const LENGTH_BYTES: usize = 4;

/// First bytes of the tokens that are known.
const KERBEROS: [u8; 2] = [0x05, 0x04];
const GSS_API: u8 = 0x60;
const NTLM: [u8; 4] = [1, 0, 0, 0];

/// Behind the object identifier of Kerberos in an old token.
const OLD_KERBEROS: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x02, 0x01];
/// In an old token's header: it is not sealed.
const NOT_SEALED: [u8; 2] = [0xff, 0xff];

/// In a token's flags: it is sealed (RFC 4121 §4.2.2).
const SEALED: u8 = 0x02;

/// True if what was taken for a message is a buffer: no message begins with 0, and no buffer's length with another byte.
pub(super) fn is_buffer(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0)
}

/// True if bytes begin a token that is known.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    bytes.starts_with(&KERBEROS)
        || bytes.starts_with(&NTLM)
        || matches!(bytes.first(), Some(&(GSS_API | tag::SEQUENCE)))
}

/// The messages in a buffer; `None` if they are sealed.
pub(super) fn plaintext(buffer: &[u8]) -> Option<&[u8]> {
    let token = buffer.get(LENGTH_BYTES..)?;
    let begins = |place: usize| token.get(place..).filter(|bytes| bytes.first() == Some(&tag::SEQUENCE));
    if token.starts_with(&KERBEROS) {
        let [_, _, flags, _, extra_high, extra_low, turned_high, turned_low, ..] = *token.first_chunk::<16>()?;
        if flags & SEALED != 0 {
            return None;
        }
        // A checksum of `extra` bytes follows the data; it comes before them if all is turned by as many (§4.2.5).
        let extra = u16::from_be_bytes([extra_high, extra_low]);
        let turned = u16::from_be_bytes([turned_high, turned_low]);
        return match turned {
            0 => begins(16).map(|data| data.get(..data.len().saturating_sub(extra.into())).unwrap_or(data)),
            _ if turned == extra => begins(usize::from(extra).saturating_add(16)),
            _ => None,
        };
    }
    if token.starts_with(&NTLM) {
        return begins(16);
    }
    if token.first() == Some(&GSS_API) {
        let at = token
            .windows(OLD_KERBEROS.len())
            .take(16)
            .position(|bytes| bytes == OLD_KERBEROS)?;
        let header = at.saturating_add(OLD_KERBEROS.len());
        // Two algorithms and a filler of two bytes each, a number and a checksum of eight each, a confounder of eight.
        let sealing = token.get(header.saturating_add(2)..header.saturating_add(4))?;
        return (sealing == NOT_SEALED).then(|| begins(header.saturating_add(30)))?;
    }
    // DIGEST-MD5: the checksum comes last.
    begins(0)
}
