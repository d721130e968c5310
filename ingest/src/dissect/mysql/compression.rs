//! The compressed protocol: packets in packets (CLIENT_COMPRESS, CLIENT_ZSTD_COMPRESSION_ALGORITHM).
//!
//! In: bytes of a half. Out: the bytes of the packets inside, in pieces; what is damaged, lost or beyond the bound becomes a gap of
//! known length. A compressed packet has its length in three bytes, a sequence number, and the length of what it holds in three
//! bytes, 0 if it is not compressed. Each is a zlib stream or a zstd frame of its own, whose first byte tells which.

use std::fmt;

use flate2::{Decompress, FlushDecompress};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::command;
use super::packet::{self, Fields};
use crate::Limits;

/// Bytes of both lengths and the sequence number.
const HEADER_BYTES: usize = 7;
/// Bytes that are inflated at once.
const PIECE_BYTES: usize = 16 << 10;
/// Bytes that may be inflated whatever they were before: little beside what a connection takes to get here.
const GRANT_BYTES: u64 = 256 << 10;
/// Memory that a decompressor of zlib takes, about.
const ZLIB_BYTES: usize = 48 << 10;
/// Largest window that a zstd frame may ask memory for: 1 MiB. Both halves of each connection may hold one.
const ZSTD_WINDOW_LOG: u32 = 20;
const ZLIB: u8 = 0x78;
const ZSTD: u8 = 0x28;

/// The compressed packets of a half.
#[derive(Default)]
pub(super) struct Inflation {
    header: Vec<u8>,
    /// Bytes of the packet that are still to come.
    left: u64,
    /// Bytes of what is in it that are still to be given.
    owed: u64,
    /// Bytes of packets that were read so far, and bytes that compressed ones gave.
    read: u64,
    given: u64,
    /// The packet would give more than may be given.
    is_bounded: bool,
    coding: Coding,
    is_lost: bool,
    zlib: Option<Decompress>,
    /// There inside a packet alone: its window is large.
    zstd: Option<DCtx<'static>>,
    piece: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    /// Between packets.
    #[default]
    Nothing,
    /// Not compressed.
    Stored,
    /// The first byte of what is compressed comes next.
    Unknown,
    Zlib,
    Zstd,
    /// The rest of the packet is not read.
    Skipped,
}

/// What comes next of the packets inside.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inner<'a> {
    Bytes(&'a [u8]),
    /// So many bytes cannot be known; true if that is because of the bound.
    Missing(u64, bool),
    Nothing,
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, owed, coding, .. } = self;
        write!(f, "Inflation {{ left: {left}, owed: {owed}, coding: {coding:?} }}")
    }
}

impl Inflation {
    /// Takes what comes next from the front of `rest`; to be called until it gives nothing and `rest` is empty.
    pub fn next<'a, 'c: 'a>(&'a mut self, rest: &mut &'c [u8], limits: &Limits) -> Inner<'a> {
        if self.is_lost {
            *rest = &[];
            return Inner::Nothing;
        }
        if self.coding == Coding::Nothing && !self.begin(rest) {
            return Inner::Nothing;
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let own = rest.get(..left).unwrap_or(rest);
        if self.coding == Coding::Unknown {
            self.coding = match own.first() {
                None => return Inner::Nothing,
                Some(&ZLIB) => Coding::Zlib,
                Some(&ZSTD) => Coding::Zstd,
                Some(_) => Coding::Skipped,
            };
        }
        match self.coding {
            Coding::Stored => {
                self.take(rest, own.len());
                self.owed = self.owed.saturating_sub(own.len() as u64);
                self.end_if_over();
                if own.is_empty() {
                    Inner::Nothing
                } else {
                    Inner::Bytes(own)
                }
            }
            Coding::Zlib | Coding::Zstd => self.inflate(own, rest, limits),
            _ => {
                self.take(rest, own.len());
                self.missing()
            }
        }
    }

    /// Learns that bytes will never come; gives how many of the packets inside are lost with them, `None` if nobody knows.
    pub fn gap(&mut self, missing_bytes: u64) -> Option<u64> {
        if self.is_lost || self.coding == Coding::Nothing || missing_bytes > self.left {
            self.is_lost = true;
            self.end();
            return None;
        }
        self.left = self.left.saturating_sub(missing_bytes);
        if self.coding == Coding::Stored {
            self.owed = self.owed.saturating_sub(missing_bytes);
            self.end_if_over();
            return Some(missing_bytes);
        }
        self.skip();
        match self.missing() {
            Inner::Missing(bytes, _) => Some(bytes),
            _ => Some(0),
        }
    }

    /// True if the half is out of step with its packets.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Is in step again: the next byte begins a packet.
    pub fn resume(&mut self) {
        self.header.clear();
        self.end();
        self.is_lost = false;
    }

    /// Bytes of memory that it holds, about.
    pub fn held_bytes(&self) -> usize {
        let zlib = self.zlib.as_ref().map_or(0, |_| ZLIB_BYTES);
        let zstd = self.zstd.as_ref().map_or(0, DCtx::sizeof);
        zlib.saturating_add(zstd).saturating_add(self.piece.capacity())
    }

    /// Reads the header of a packet; false if it is not whole.
    fn begin(&mut self, rest: &mut &[u8]) -> bool {
        let wanted = HEADER_BYTES.saturating_sub(self.header.len());
        let (own, after) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
        self.header.extend_from_slice(own);
        *rest = after;
        let mut fields = Fields(&self.header);
        let (Some(length), Some(_), Some(inside)) = (fields.integer(3), fields.integer(1), fields.integer(3)) else {
            return false;
        };
        self.header.clear();
        self.left = length;
        let is_stored = inside == 0;
        self.owed = if is_stored { length } else { inside };
        self.is_bounded = false;
        self.coding = if is_stored { Coding::Stored } else { Coding::Unknown };
        if let Some(zlib) = &mut self.zlib {
            zlib.reset(true);
        }
        if length == 0 {
            self.coding = Coding::Nothing;
            return false;
        }
        true
    }

    fn inflate(&mut self, own: &[u8], rest: &mut &[u8], limits: &Limits) -> Inner<'_> {
        // Bytes that a header merely claims earn nothing.
        let came = self.read.saturating_add(own.len() as u64);
        let earned = came.saturating_mul(limits.inflate_ratio).saturating_add(GRANT_BYTES);
        let allowed = self.owed.min(earned.saturating_sub(self.given));
        self.is_bounded = allowed == 0;
        let room = usize::try_from(allowed).unwrap_or(usize::MAX).min(PIECE_BYTES);
        self.piece.resize(room, 0);
        let turned = if room == 0 {
            None
        } else if self.coding == Coding::Zlib {
            self.inflate_zlib(own)
        } else {
            self.inflate_zstd(own)
        };
        let Some((read, given)) = turned else {
            // Damaged, or as much as may be: the rest of the packet is passed over.
            self.skip();
            self.take(rest, own.len());
            return self.missing();
        };
        self.take(rest, read);
        self.owed = self.owed.saturating_sub(given as u64);
        self.given = self.given.saturating_add(given as u64);
        if given == 0 {
            if read == 0 && !own.is_empty() {
                // The end of the stream, with bytes behind it.
                self.skip();
                self.take(rest, own.len());
            }
            return if self.left == 0 { self.missing() } else { Inner::Nothing };
        }
        if self.owed == 0 && self.left == 0 {
            self.end();
        }
        self.piece.get(..given).map_or(Inner::Nothing, Inner::Bytes)
    }

    /// Inflates into the piece; gives bytes read and given.
    fn inflate_zlib(&mut self, own: &[u8]) -> Option<(usize, usize)> {
        let zlib = self.zlib.get_or_insert_with(|| Decompress::new(true));
        let (before_in, before_out) = (zlib.total_in(), zlib.total_out());
        let result = zlib.decompress(own, &mut self.piece, FlushDecompress::None);
        let read = zlib.total_in().saturating_sub(before_in);
        let given = zlib.total_out().saturating_sub(before_out);
        // What was inflated before the damage counts.
        if result.is_err() && read == 0 && given == 0 && !own.is_empty() {
            return None;
        }
        Some((usize::try_from(read).ok()?, usize::try_from(given).ok()?))
    }

    fn inflate_zstd(&mut self, own: &[u8]) -> Option<(usize, usize)> {
        if self.zstd.is_none() {
            let mut zstd = DCtx::try_create()?;
            zstd.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).ok()?;
            self.zstd = Some(zstd);
        }
        let mut input = InBuffer::around(own);
        let mut output = OutBuffer::around(self.piece.as_mut_slice());
        let zstd = self.zstd.as_mut()?;
        zstd.decompress_stream(&mut output, &mut input).ok()?;
        Some((input.pos(), output.pos()))
    }

    fn take(&mut self, rest: &mut &[u8], bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.read = self.read.saturating_add(bytes as u64);
        *rest = rest.get(bytes..).unwrap_or_default();
    }

    fn end_if_over(&mut self) {
        if self.left == 0 {
            self.end();
        }
    }

    /// The packet is over.
    fn end(&mut self) {
        self.coding = Coding::Nothing;
        self.zstd = None;
    }

    /// The rest of the packet is passed over.
    fn skip(&mut self) {
        self.coding = Coding::Skipped;
        self.zstd = None;
    }

    /// What the packet owes at its end.
    fn missing(&mut self) -> Inner<'static> {
        if self.left > 0 {
            return Inner::Nothing;
        }
        self.end();
        let is_bounded = self.is_bounded;
        match std::mem::take(&mut self.owed) {
            0 => Inner::Nothing,
            bytes => Inner::Missing(bytes, is_bounded),
        }
    }
}

/// Says that bytes begin a compressed packet: it holds a whole packet as it is, or its content begins as zlib or zstd do.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes);
    let (Some(length), Some(_), Some(inside)) = (fields.integer(3), fields.integer(1), fields.integer(3)) else {
        return false;
    };
    if inside > 0 {
        let is_packed =
            matches!(fields.0, [ZLIB, flags, ..] if is_zlib(*flags)) || fields.0.starts_with(&[ZSTD, 0xb5, 0x2f, 0xfd]);
        return is_packed && inside >= 50;
    }
    // What a packet read without compression would be: an empty one, then one with another number.
    let Some((inner, _)) = packet::header(fields.0) else {
        return false;
    };
    let code = fields.0.get(packet::HEADER_BYTES).copied();
    let ends_together = inner.checked_add(packet::HEADER_BYTES as u64) == Some(length);
    ends_together
        && inner > 0
        && code.is_some_and(|code| code >= 0xfb || code == 0 || command::kind(code, inner).is_some())
}

/// True if these are the flags behind the first byte of a zlib stream (RFC 1950 §2.2).
fn is_zlib(flags: u8) -> bool {
    (u16::from(ZLIB) << 8 | u16::from(flags)).is_multiple_of(31)
}
