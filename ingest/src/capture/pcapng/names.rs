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
