//! Records of DTLS, the fragments of handshake messages in them, and their recognition.
//!
//! Specification: RFC 6347 §4.1 and §4.2.2; RFC 9147 §4 for what is in clear. Records whose header is the short one of 1.3 are encrypted, and
//! end what is looked at.

use crate::dissect::tls::{CLIENT_HELLO, SERVER_HELLO};
use crate::dissect::{Probe, Verdict};

/// Content types.
pub(super) mod content {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const HANDSHAKE: u8 = 22;
    pub const LAST: u8 = 26;
}

const HELLO_VERIFY_REQUEST: u8 = 3;

/// Versions in record headers: 1.0, 1.2, and what was spoken before there was a standard. 1.3 says 1.2 here.
const VERSIONS: [u16; 3] = [0xfeff, 0xfefd, 0x0100];

/// Longest payload: 2^14 bytes and what encryption may add.
const RECORD_BYTES: u16 = (1 << 14) + 2048;

/// How often keys are changed before it is believed that this is no epoch.
const ENCRYPTED_EPOCHS: u16 = 8;
/// Bytes that encryption adds at least.
const ENCRYPTED_BYTES: usize = 16;

/// Messages of a handshake before which its hellos come.
const HELLO_NUMBERS: u16 = 8;

/// A record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub kind: u8,
    /// 0 as long as nothing is encrypted.
    pub epoch: u16,
    payload: &'a [u8],
    /// True if the datagram ends before it does.
    is_cut: bool,
}

/// The records of a datagram; ends at the first that cannot be, which is left in front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Records<'a>(pub &'a [u8]);

/// A fragment of a handshake message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub kind: u8,
    /// Number of the message.
    pub number: u16,
    /// Bytes of the whole message, without its header.
    pub length: usize,
    pub offset: u64,
    pub bytes: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (&[kind, v0, v1, e0, e1, _, _, _, _, _, _, l0, l1], rest) = self.0.split_first_chunk()?;
        let (version, length) = (u16::from_be_bytes([v0, v1]), u16::from_be_bytes([l0, l1]));
        let known = (content::CHANGE_CIPHER_SPEC..=content::LAST).contains(&kind) && VERSIONS.contains(&version);
        if !known || length > RECORD_BYTES {
            return None;
        }
        // The last record of a datagram that was cut counts as far as it goes.
        let is_cut = rest.len() < usize::from(length);
        let (payload, rest) = rest.split_at_checked(usize::from(length)).unwrap_or((rest, &[]));
        self.0 = rest;
        Some(Record {
            kind,
            epoch: u16::from_be_bytes([e0, e1]),
            payload,
            is_cut,
        })
    }
}

impl<'a> Record<'a> {
    /// The fragments in a record of the handshake.
    pub fn fragments(&self) -> impl Iterator<Item = Fragment<'a>> {
        let mut rest = self.payload;
        std::iter::from_fn(move || {
            let (&[kind, l0, l1, l2, n0, n1, o0, o1, o2, f0, f1, f2], after) = rest.split_first_chunk()?;
            let [length, offset, bytes] = [[l0, l1, l2], [o0, o1, o2], [f0, f1, f2]]
                .map(|[high, middle, low]| u32::from_be_bytes([0, high, middle, low]));
            if offset.checked_add(bytes)? > length {
                return None;
            }
            let (bytes, after) = after
                .split_at_checked(usize::try_from(bytes).ok()?)
                .unwrap_or((after, &[]));
            rest = after;
            Some(Fragment {
                kind,
                number: u16::from_be_bytes([n0, n1]),
                length: usize::try_from(length).ok()?,
                offset: u64::from(offset),
                bytes,
            })
        })
    }
}

/// Recognises a datagram: a hello in its first record, or records that fill it.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let mut records = Records(probe.bytes);
    let Some(first) = records.next() else {
        return Verdict::No;
    };
    let is_hello = first.kind == content::HANDSHAKE && first.epoch == 0 && hello(&first).is_some();
    let are_whole = !first.is_cut && records.by_ref().all(|record| !record.is_cut) && records.0.is_empty();
    // Seen from the middle, the first record is one that was encrypted.
    let is_encrypted = (1..ENCRYPTED_EPOCHS).contains(&first.epoch) && first.payload.len() >= ENCRYPTED_BYTES;
    if is_hello || (are_whole && is_encrypted) {
        Verdict::Certain
    } else {
        Verdict::No
    }
}

/// Says that the sender of a datagram is the server.
pub(super) fn from_server(bytes: &[u8]) -> bool {
    let first = Records(bytes)
        .next()
        .filter(|first| first.kind == content::HANDSHAKE && first.epoch == 0);
    first.is_some_and(|first| matches!(hello(&first), Some(SERVER_HELLO | HELLO_VERIFY_REQUEST)))
}

/// The type of the hello, or of its answer, that begins a record.
fn hello(record: &Record<'_>) -> Option<u8> {
    let fragment = record.fragments().next()?;
    let is_hello = matches!(fragment.kind, CLIENT_HELLO | SERVER_HELLO | HELLO_VERIFY_REQUEST);
    let version = fragment.bytes.first_chunk().copied().map(u16::from_be_bytes);
    let is_begun = fragment.offset > 0 || version.is_some_and(|version| VERSIONS.contains(&version));
    (is_hello && is_begun && fragment.number < HELLO_NUMBERS).then_some(fragment.kind)
}
