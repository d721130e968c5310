//! One message: what it does, and the bytes that say so.

use std::borrow::Cow;

use super::header::{HEADER_BYTES, Header, Operation};
use super::{bson, coding};
use crate::Limits;

/// Flags of OP_MSG.
pub(super) mod flag {
    pub const CHECKSUM_PRESENT: u32 = 1;
    pub const MORE_TO_COME: u32 = 1 << 1;
    pub const EXHAUST_ALLOWED: u32 = 1 << 16;
}

/// Bytes of a checksum.
const CHECKSUM_BYTES: usize = 4;

/// A message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub header: Header,
    /// What it does, once its compression is removed.
    pub operation: Operation,
    /// What comes after the header, as much of it as is there.
    pub body: Cow<'a, [u8]>,
    /// True if its end is not there.
    pub is_cut: bool,
    /// True if its compression cannot be removed.
    pub is_damaged: bool,
}

impl<'a> Message<'a> {
    /// Reads a message; `None` if its header is not there.
    pub fn read(bytes: &'a [u8], is_cut: bool, limits: &Limits) -> Option<Self> {
        let header = Header::read(bytes)?;
        let body = bytes.get(HEADER_BYTES..)?;
        let is_cut = is_cut || (bytes.len() as u64) < u64::from(header.length);
        let mut message = Self {
            header,
            operation: header.operation,
            body: body.into(),
            is_cut,
            is_damaged: false,
        };
        if header.operation == Operation::Compressed {
            message.is_damaged = message.decompress(body, limits).is_none();
        }
        Some(message)
    }

    /// Removes the compression; `None` if it cannot be done.
    fn decompress(&mut self, compressed: &'a [u8], limits: &Limits) -> Option<()> {
        let mut rest = compressed;
        self.is_cut = true;
        self.body = Cow::default();
        let operation = Operation::of(bson::int32(&mut rest)?)?;
        let length = usize::try_from(bson::int32(&mut rest)?).ok()?;
        let (compressor, rest) = rest.split_first()?;
        if operation == Operation::Compressed {
            return None;
        }
        self.operation = operation;
        self.body = coding::decode(*compressor, rest, limits.message_bytes)?;
        self.is_cut = self.body.len() < length;
        Some(())
    }

    /// The flags of OP_MSG.
    pub fn flags(&self) -> u32 {
        match (self.operation, self.body.first_chunk()) {
            (Operation::Msg, Some(flags)) => u32::from_le_bytes(*flags),
            _ => 0,
        }
    }

    /// The sections of OP_MSG.
    pub fn sections(&self) -> Sections<'_> {
        let rest = self.body.get(4..).unwrap_or_default();
        let has_checksum = self.flags() & flag::CHECKSUM_PRESENT != 0 && !self.is_cut;
        let end = rest.len().saturating_sub(if has_checksum { CHECKSUM_BYTES } else { 0 });
        Sections(rest.get(..end).unwrap_or_default())
    }
}

/// Sections of OP_MSG.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sections<'a>(&'a [u8]);

/// A section.
#[derive(Clone, Copy, Debug)]
pub(super) enum Section<'a> {
    /// The command or reply.
    Body(bson::Document<'a>),
    /// Documents that belong into it under a name, one behind the other.
    Sequence(&'a [u8], &'a [u8]),
}

impl<'a> Iterator for Sections<'a> {
    type Item = Section<'a>;

    fn next(&mut self) -> Option<Section<'a>> {
        let mut rest = self.0;
        self.0 = &[];
        let (&kind, after) = rest.split_first()?;
        rest = after;
        match kind {
            0 => {
                let body = bson::Document::take(&mut rest)?;
                self.0 = rest;
                Some(Section::Body(body))
            }
            1 => {
                let size = usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?;
                let (mut section, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
                self.0 = after;
                bson::int32(&mut section)?;
                let name = bson::cstring(&mut section)?;
                Some(Section::Sequence(name, section))
            }
            _ => None,
        }
    }
}

/// Counts the documents that stand one behind the other.
pub(super) fn count(mut documents: &[u8]) -> u64 {
    let mut count = 0_u64;
    while bson::Document::take(&mut documents).is_some() {
        count = count.saturating_add(1);
    }
    count
}
