//! The keys of Initial packets, and what they open.
//!
//! Specification: RFC 9001 §5.2 (secrets), §5.3 and §5.4 (protection), RFC 9369 §3.3; RFC 8446 §7.1 (labels).

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use super::packet::{Packet, Version};

const SECRET_BYTES: usize = 32;
const KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// Bytes of the longest packet number: the sample begins behind them, however long it is.
const NUMBER_BYTES: usize = 4;

/// Bits of the first byte that are protected in a long header, and of those the length of the packet number.
const PROTECTED: u8 = 0x0f;
const NUMBER_LENGTH: u8 = 0x03;

/// What the keys of one side are made of.
#[derive(Clone, Copy)]
struct Material {
    packet: [u8; KEY_BYTES],
    nonce: [u8; NONCE_BYTES],
    header: [u8; KEY_BYTES],
}

/// The keys of one side.
pub(super) struct Keys {
    packet: Aes128Gcm,
    nonce: [u8; NONCE_BYTES],
    header: Aes128,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys")
    }
}

/// Derives the keys of the client and of the server.
pub(super) fn derive(version: Version, clients_id: &[u8]) -> Option<[Keys; 2]> {
    Some(material(version, clients_id)?.map(|material| Keys {
        packet: Aes128Gcm::new(&material.packet.into()),
        nonce: material.nonce,
        header: Aes128::new(&material.header.into()),
    }))
}

fn material(version: Version, clients_id: &[u8]) -> Option<[Material; 2]> {
    let salt = match version {
        Version::Draft23 => b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02",
        Version::Draft29 => b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
        Version::V1 => b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
        Version::V2 => b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
    };
    let initial = Hkdf::<Sha256>::new(Some(salt), clients_id);
    let side = |name| {
        let secret = Hkdf::<Sha256>::from_prk(&expand::<SECRET_BYTES>(&initial, name)?).ok()?;
        let [key, nonce, header] = match version {
            Version::V2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        };
        Some(Material {
            packet: expand(&secret, key)?,
            nonce: expand(&secret, nonce)?,
            header: expand(&secret, header)?,
        })
    };
    Some([side("client in")?, side("server in")?])
}

/// HKDF-Expand-Label with an empty context.
fn expand<const BYTES: usize>(secret: &Hkdf<Sha256>, label: &str) -> Option<[u8; BYTES]> {
    let length = u16::try_from(BYTES).ok()?.to_be_bytes();
    let label_bytes = [u8::try_from("tls13 ".len().checked_add(label.len())?).ok()?];
    let info = [&length[..], &label_bytes, b"tls13 ", label.as_bytes(), &[0]];
    let mut expanded = [0; BYTES];
    secret.expand_multi_info(&info, &mut expanded).ok()?;
    Some(expanded)
}

impl Keys {
    /// Removes the protection of a packet; gives its frames, or nothing if these are not its keys.
    pub fn open(&self, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let sample_at = packet.number_at.checked_add(NUMBER_BYTES)?;
        let mut mask = *packet.bytes.get(sample_at..)?.first_chunk::<KEY_BYTES>()?;
        self.header.encrypt_block((&mut mask).into());
        let [first_mask, number_mask @ ..] = mask;

        let first = packet.bytes.first()? ^ (first_mask & PROTECTED);
        let number_bytes = usize::from(first & NUMBER_LENGTH).saturating_add(1);
        let frames_at = packet.number_at.checked_add(number_bytes)?;
        let mut header = packet.bytes.get(..frames_at)?.to_vec();
        *header.first_mut()? = first;
        let mut nonce = self.nonce;
        let number = header.get_mut(packet.number_at..)?;
        for (byte, mask) in number.iter_mut().zip(number_mask) {
            *byte ^= mask;
        }
        // The number is cut to its last bytes; in a handshake nothing was cut off.
        for (place, byte) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *place ^= byte;
        }

        let sealed = packet.bytes.get(frames_at..)?;
        let (sealed, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let mut frames = sealed.to_vec();
        let opened = self.packet.decrypt_in_place_detached(
            Nonce::from_slice(&nonce),
            &header,
            &mut frames,
            Tag::from_slice(tag),
        );
        opened.is_ok().then_some(frames)
    }

    /// Protects a packet: its header without protection, which ends with a packet number of four bytes, and its frames.
    #[cfg(test)]
    pub fn seal(&self, header: &[u8], frames: &[u8]) -> Vec<u8> {
        let number_at = header.len() - NUMBER_BYTES;
        let mut nonce = self.nonce;
        for (place, byte) in nonce.iter_mut().rev().zip(header.iter().rev().take(NUMBER_BYTES)) {
            *place ^= byte;
        }
        let mut sealed = frames.to_vec();
        let tag = self
            .packet
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), header, &mut sealed)
            .expect("frames are short");
        let mut packet = [header, &sealed, &tag].concat();
        let mut mask = *packet[header.len()..]
            .first_chunk::<KEY_BYTES>()
            .expect("a tag at least");
        self.header.encrypt_block((&mut mask).into());
        packet[0] ^= mask[0] & PROTECTED;
        for (place, mask) in mask[1..=NUMBER_BYTES].iter().enumerate() {
            packet[number_at + place] ^= mask;
        }
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn keys_of_the_examples_in_the_specifications() {
        let told = |version, side: usize| {
            let side = material(version, ID).expect("an id is short")[side];
            [hex(&side.packet), hex(&side.nonce), hex(&side.header)].join(" ")
        };
        assert_eq!(
            told(Version::V1, 0),
            "1f369613dd76d5467730efcbe3b1a22d fa044b2f42a3fd3b46fb255c 9f50449e04a0e810283a1e9933adedd2"
        );
        assert_eq!(
            told(Version::V1, 1),
            "cf3a5331653c364c88f0f379b6067e37 0ac1493ca1905853b0bba03e c206b8d9b9f0f37644430b490eeaa314"
        );
        assert_eq!(
            told(Version::V2, 0),
            "8b1a0bc121284290a29e0971b5cd045d 91f73e2351d8fa91660e909f 45b95e15235d6f45a6b19cbcb0294ba9"
        );
    }

    #[test]
    fn the_servers_packet_of_the_example_in_the_specification() {
        let packet = b"\xcf\x00\x00\x00\x01\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5\x00\x40\x75\xc0\xd9\x5a\x48\x2c\xd0\x99\x1c\xd2\x5b\x0a\xac\x40\x6a\x58\x16\xb6\x39\x41\x00\xf3\x7a\x1c\x69\x79\x75\x54\x78\x0b\xb3\x8c\xc5\xa9\x9f\x5e\xde\x4c\xf7\x3c\x3e\xc2\x49\x3a\x18\x39\xb3\xdb\xcb\xa3\xf6\xea\x46\xc5\xb7\x68\x4d\xf3\x54\x8e\x7d\xde\xb9\xc3\xbf\x9c\x73\xcc\x3f\x3b\xde\xd7\x4b\x56\x2b\xfb\x19\xfb\x84\x02\x2f\x8e\xf4\xcd\xd9\x37\x95\xd7\x7d\x06\xed\xbb\x7a\xaf\x2f\x58\x89\x18\x50\xab\xbd\xca\x3d\x20\x39\x8c\x27\x64\x56\xcb\xc4\x21\x58\x40\x7d\xd0\x74\xee";
        let packet = super::super::packet::Packets(packet).next().expect("a packet");
        let [client, server] = derive(Version::V1, ID).expect("an id is short");
        let frames = server.open(&packet).map(|frames| hex(&frames)).unwrap_or_default();
        assert!(frames.starts_with("02000000000600405a020000560303"), "{frames}");
        assert_eq!(client.open(&packet), None);
    }
}
