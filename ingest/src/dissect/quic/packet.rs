//! Packets in a datagram: their long headers, which are not protected but for a few bits, and their recognition.
//!
//! Specification: RFC 9000 §17.2 and §12.2 (several in a datagram), RFC 8999 (what all versions share), RFC 9369 §3.2.

use crate::dissect::{Probe, Verdict};

const LONG: u8 = 0x80;
const FIXED: u8 = 0x40;

/// Longest connection id of the versions that are known.
const ID_BYTES: usize = 20;
/// Shortest id that a client gives a server that it does not know yet (RFC 9000 §7.2).
const CLIENTS_ID_BYTES: usize = 8;
/// How many versions a server offers at most.
const OFFERED_VERSIONS: usize = 16;
/// Bytes of a packet number and of what follows it that protection needs.
const SAMPLED_BYTES: usize = 20;
/// Bytes at the end of a Retry that prove that its sender saw what it answers.
const INTEGRITY_BYTES: usize = 16;

/// A version whose Initial packets are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Drafts before the 29th.
    Draft23,
    /// Drafts before the 33rd.
    Draft29,
    V1,
    V2,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    VersionNegotiation,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub kind: Kind,
    pub version: Version,
    /// Connection id of the receiver.
    pub destination_id: &'a [u8],
    /// The packet, from its first byte to its last.
    pub bytes: &'a [u8],
    /// Where in it the packet number stands.
    pub number_at: usize,
}

/// The packets of a datagram whose header is long; ends at the first whose header is not, or cannot be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packets<'a>(pub &'a [u8]);

impl Version {
    fn read(number: u32) -> Option<Self> {
        match number {
            1 => Some(Version::V1),
            0x6b33_43cf => Some(Version::V2),
            0xff00_0017..=0xff00_001c => Some(Version::Draft23),
            0xff00_001d..=0xff00_0020 => Some(Version::Draft29),
            // The last drafts are version 1 in all but their number.
            0xff00_0021..=0xff00_0022 => Some(Version::V1),
            _ => None,
        }
    }

    fn kind(self, first: u8) -> Kind {
        let bits = first >> 4 & 0x03;
        // Version 2 has the same kinds with other numbers, so that nobody relies on them.
        let bits = if self == Version::V2 {
            bits.wrapping_sub(1) & 0x03
        } else {
            bits
        };
        match bits {
            0 => Kind::Initial,
            1 => Kind::ZeroRtt,
            2 => Kind::Handshake,
            _ => Kind::Retry,
        }
    }
}

impl Packet<'_> {
    /// True if a client's first packet may be so.
    pub fn may_begin(&self) -> bool {
        self.kind == Kind::Initial && self.destination_id.len() >= CLIENTS_ID_BYTES
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let packet = read(self.0)?;
        self.0 = self.0.get(packet.bytes.len()..).unwrap_or_default();
        Some(packet)
    }
}

/// Reads the packet that begins the bytes.
fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    let mut rest = bytes;
    let first = take(&mut rest, 1)?.first().copied()?;
    if first & LONG == 0 {
        return None;
    }
    let number = u32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?);
    let destination_id = take_id(&mut rest)?;
    let source_id = take_id(&mut rest)?;
    if number == 0 {
        return read_version_negotiation(bytes, rest, destination_id, source_id);
    }
    let version = Version::read(number).filter(|_| first & FIXED != 0)?;
    let kind = version.kind(first);
    if kind == Kind::Retry {
        return (rest.len() > INTEGRITY_BYTES).then_some(Packet {
            kind,
            version,
            destination_id,
            bytes,
            number_at: bytes.len(),
        });
    }
    if kind == Kind::Initial {
        let token_bytes = take_number(&mut rest)?;
        take(&mut rest, usize::try_from(token_bytes).ok()?)?;
    }
    let length = usize::try_from(take_number(&mut rest)?).ok()?;
    let number_at = bytes.len().checked_sub(rest.len())?;
    let end = number_at.checked_add(length)?;
    (length >= SAMPLED_BYTES).then_some(Packet {
        kind,
        version,
        destination_id,
        bytes: bytes.get(..end)?,
        number_at,
    })
}

/// Reads a Version Negotiation from the versions that it offers. Nothing in it is protected, so all of it must make sense, or the bytes
/// could be anything that begins with zeros.
fn read_version_negotiation<'a>(
    bytes: &'a [u8],
    offered: &[u8],
    destination_id: &'a [u8],
    source_id: &[u8],
) -> Option<Packet<'a>> {
    let (versions, rest) = offered.as_chunks::<4>();
    // It comes from where the client's first packet went to, whose id is long, and random.
    let is_id = source_id.len() >= CLIENTS_ID_BYTES && source_id.iter().any(|byte| *byte != 0);
    let are_versions = rest.is_empty()
        && versions.len() <= OFFERED_VERSIONS
        && versions
            .iter()
            .all(|version| is_plausible(u32::from_be_bytes(*version)));
    // One must be known.
    let version = versions
        .iter()
        .find_map(|version| Version::read(u32::from_be_bytes(*version)))?;
    (is_id && are_versions).then_some(Packet {
        kind: Kind::VersionNegotiation,
        version,
        destination_id,
        bytes,
        number_at: bytes.len(),
    })
}

/// True if a server may offer a version: one of the standards or drafts, one that is reserved so that nobody relies on the
/// list (RFC 9000 §15), or one of those that two vendors still offer beside them.
fn is_plausible(version: u32) -> bool {
    let is_reserved = version & 0x0f0f_0f0f == 0x0a0a_0a0a;
    let is_draft = matches!(version, 0xff00_0001..=0xff00_00ff | 0x709a_50c4);
    let is_vendors = matches!(
        version.to_be_bytes(),
        [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9'] | [0xfa, 0xce, 0xb0, _]
    );
    Version::read(version).is_some() || is_reserved || is_draft || is_vendors
}

/// Recognises a datagram that begins with a packet that has a long header.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match read(probe.bytes) {
        Some(_) => Verdict::Certain,
        None => Verdict::No,
    }
}

/// Says that the sender of a datagram is the server.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    read(bytes).is_some_and(|packet| match packet.kind {
        Kind::Retry | Kind::VersionNegotiation => true,
        Kind::Initial => !packet.may_begin(),
        Kind::ZeroRtt | Kind::Handshake => false,
    })
}

/// Takes bytes from the front.
pub(super) fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Takes a number that says its own length (RFC 9000 §16).
pub(super) fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let first = *rest.first()?;
    let bytes = take(rest, 1_usize << (first >> 6))?;
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let bits = bytes.len().saturating_mul(8).saturating_sub(2);
    Some(number & (1_u64 << bits).saturating_sub(1))
}

fn take_id<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(*take(rest, 1)?.first()?);
    if length > ID_BYTES {
        return None;
    }
    take(rest, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_examples_in_the_specification() {
        let number = |mut bytes: &[u8]| take_number(&mut bytes);
        assert_eq!(
            number(b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c"),
            Some(151_288_809_941_952_652)
        );
        assert_eq!(number(b"\x9d\x7f\x3e\x7d"), Some(494_878_333));
        assert_eq!(number(b"\x7b\xbd"), Some(15_293));
        assert_eq!(
            (number(b"\x25"), number(b"\x40\x25"), number(b"\x40")),
            (Some(37), Some(37), None)
        );
    }
}
