//! Name resolution blocks: what the capturing machine called addresses.
//!
//! Specification: draft-ietf-opsawg-pcapng §4.5. Read: records of IPv4 and IPv6, each with all its names, with the end
//! record or without. Left out: names of EUI-48 and EUI-64 addresses, and options (which server answered, comments).
//! Limits: `block_bytes`, over all names of the capture.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::pcap::u16_at;
use super::{Body, Damage};
use crate::Limits;
use crate::capture::description::text;
use crate::capture::{Block, Description, Named};

mod record {
    pub const END: u16 = 0;
    pub const IPV4: u16 = 1;
    pub const IPV6: u16 = 2;
}

/// Reads the names.
pub(super) fn read(
    body: Body<'_>,
    block: &mut Block,
    description: &mut Description,
    limits: &Limits,
) -> Result<(), Damage> {
    let mut rest = body.bytes;
    while let (Some(kind), Some(length)) = (
        u16_at(rest, 0, body.big_endian),
        u16_at(rest, 2, body.big_endian).map(usize::from),
    ) {
        if kind == record::END {
            break;
        }
        let value = rest
            .get(4..length.saturating_add(4))
            .ok_or("a name record longer than its block")?;
        let split = match kind {
            record::IPV4 => value
                .split_first_chunk()
                .map(|(octets, names)| (Ipv4Addr::from_octets(*octets).into(), names)),
            record::IPV6 => value
                .split_first_chunk()
                .map(|(octets, names)| (Ipv6Addr::from_octets(*octets).into(), names)),
            _ => None,
        };
        let (address, names) = split.unzip();
        for name in names.unwrap_or_default().split(|octet| *octet == 0) {
            let name = text(name);
            let bytes = size_of::<Named>().saturating_add(name.len());
            if let Some(address) = address
                && !name.is_empty()
                && description.has_room(bytes, limits)
            {
                block.names.push(Named { address, name });
            }
        }
        rest = rest
            .get(length.next_multiple_of(4).saturating_add(4)..)
            .unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that little-endian records give within so many bytes of texts.
    fn names(records: &[(u16, &[u8])], block_bytes: usize) -> (Vec<String>, Result<(), Damage>) {
        let mut bytes = Vec::new();
        for (kind, value) in records {
            bytes.extend(kind.to_le_bytes());
            bytes.extend((value.len() as u16).to_le_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let body = Body {
            bytes: &bytes,
            at: 0,
            big_endian: false,
        };
        let limits = Limits {
            block_bytes,
            ..Limits::default()
        };
        let (mut block, mut description) = (Block::default(), Description::default());
        let read = read(body, &mut block, &mut description, &limits);
        let mut lines: Vec<String> = block
            .names
            .iter()
            .map(|named| format!("{} {}", named.address, named.name))
            .collect();
        lines.extend(description.anomalies.iter().map(|(kind, _)| kind));
        (lines, read)
    }

    #[test]
    fn an_address_has_all_its_names() {
        let six = [&[0xfe, 0x80][..], &[0; 13], &[1], b"six\0"].concat();
        let records: &[(u16, &[u8])] = &[
            (1, b"\x0a\0\0\x01a\0b.example\0\0"),
            (3, b"\x02\0\0\0\0\x01mac\0"),
            (2, &six),
            (1, b"\x0a\0\0\x02unended"),
            (0, b""),
            // Options follow the end record.
            (2, b"resolver"),
        ];
        let expected = ["10.0.0.1 a", "10.0.0.1 b.example", "fe80::1 six", "10.0.0.2 unended"];
        assert_eq!(names(records, 1 << 20), (expected.map(str::to_owned).to_vec(), Ok(())));
        // Without the end record, too.
        assert_eq!(names(&records[..4], 1 << 20).0, expected);
    }

    #[test]
    fn names_are_bounded_and_damage_keeps_those_before() {
        let records: &[(u16, &[u8])] = &[(1, b"\x0a\0\0\x01a\0b\0")];
        let one = size_of::<Named>() + 1;
        assert_eq!(names(records, 2 * one - 1).0, ["10.0.0.1 a", "limit_block_bytes"]);
        let cut: &[(u16, &[u8])] = &[(1, b"\x0a\0\0\x01a\0"), (1, b"\x0a\0\0"), (200, b"")];
        assert_eq!(names(cut, 2 * one), (vec!["10.0.0.1 a".to_owned()], Ok(())));
    }
}
