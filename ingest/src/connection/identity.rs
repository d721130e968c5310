//! Identifiers that are the same on every machine and in every capture.
//!
//! Specification: Corelight community-id-spec, version 1; FNV-1a, 64 bits, for group identifiers.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::{Endpoint, Key};
use crate::decode::icmp::Message;
use crate::decode::{Address, Family};

/// Community ID of a five-tuple with seed 0.
pub(crate) fn community_id(key: &Key) -> String {
    digest(key.protocol, key.family, [key.low, key.high])
}

/// Community ID of an ICMP message with seed 0. Types stand for ports; of types that have no counterpart the code does for the
/// second, and the directions are told apart.
pub(crate) fn icmp_community_id(
    message: &Message,
    source: Address,
    destination: Address,
    protocol: u8,
    family: Family,
) -> String {
    let counterpart = message.counterpart();
    let end = |address, number| Endpoint {
        address,
        port: u16::from(number),
    };
    let mut ends = [
        end(source, message.kind),
        end(destination, counterpart.unwrap_or(message.code)),
    ];
    if counterpart.is_some() {
        ends.sort_unstable();
    }
    digest(protocol, family, ends)
}

fn digest(protocol: u8, family: Family, ends: [Endpoint; 2]) -> String {
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for end in &ends {
        match end.address.ip(family) {
            IpAddr::V4(ip) => hash.update(ip.octets()),
            IpAddr::V6(ip) => hash.update(ip.octets()),
        }
    }
    hash.update([protocol, 0]);
    for end in &ends {
        hash.update(end.port.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

/// A 63-bit hash of a conversation's key: protocol, family and both ends in the given order.
pub(crate) fn group_id(protocol: u8, family: Family, ends: [Endpoint; 2]) -> i64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let family = match family {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    let ends = ends.into_iter().flat_map(|end| {
        end.address
            .bits()
            .to_be_bytes()
            .into_iter()
            .chain(end.port.to_be_bytes())
    });
    let bytes = [protocol, family].into_iter().chain(ends);
    let hash = bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    (hash >> 1) as i64
}
