//! Structures as Parquet writes them: page headers and footers, as far as we look into them ourselves.
//!
//! Specification: Thrift's compact protocol. What is not written as that says is `None`.

use crate::leb128;

/// The types of fields that are looked at.
pub(crate) const TRUE: u8 = 1;
pub(crate) const FALSE: u8 = 2;
pub(crate) const I32: u8 = 5;
pub(crate) const LIST: u8 = 9;
pub(crate) const STRUCT: u8 = 12;
/// Bits of a number: five bytes' worth.
const NUMBER_BITS: u32 = 35;
/// How deep structures lie in one another, at most: the unit of a time is the fifth.
const DEEPEST: u32 = 6;

/// Begins the next field: its type, with its number after that of the one before; nothing at the end of a structure.
pub(crate) fn field(bytes: &mut &[u8], id: &mut i64) -> Option<Option<u8>> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    let (kind, step) = (byte & 0xf, byte >> 4);
    if kind == 0 {
        return Some(None);
    }
    *id = match step {
        0 => number(bytes)?,
        step => *id + i64::from(step),
    };
    Some(Some(kind))
}

/// Takes a number.
pub(crate) fn number(bytes: &mut &[u8]) -> Option<i64> {
    Some(leb128::signed(leb128::take(bytes, NUMBER_BITS)?))
}

/// Passes over a value: of maps there are none.
pub(crate) fn skip(bytes: &mut &[u8], kind: u8) -> Option<()> {
    skip_within(bytes, kind, DEEPEST)
}

fn skip_within(bytes: &mut &[u8], kind: u8, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let pass = |bytes: &mut &[u8], length: usize| {
        *bytes = bytes.get(length..)?;
        Some(())
    };
    match kind {
        TRUE | FALSE => Some(()),
        3 => pass(bytes, 1),
        4..=6 => leb128::take(bytes, u64::BITS).map(|_| ()),
        7 => pass(bytes, 8),
        8 => {
            let length = leb128::take(bytes, NUMBER_BITS)?;
            pass(bytes, usize::try_from(length).ok()?)
        }
        STRUCT => {
            let mut id = 0;
            while let Some(kind) = field(bytes, &mut id)? {
                skip_within(bytes, kind, depth)?;
            }
            Some(())
        }
        _ => None,
    }
}

/// The number with which a structure begins, as its first field.
pub(crate) fn first_number(mut bytes: &[u8]) -> Option<i64> {
    let mut id = 0;
    match (field(&mut bytes, &mut id)?, id) {
        (Some(I32), 1) => number(&mut bytes),
        _ => None,
    }
}

/// How many bytes of a file's metadata its schema takes, with the version before it.
pub(crate) fn schema_bytes(metadata: &[u8]) -> Option<usize> {
    let (mut bytes, mut id) = (metadata, 0);
    (field(&mut bytes, &mut id)? == Some(I32) && id == 1).then_some(())?;
    number(&mut bytes)?;
    (field(&mut bytes, &mut id)? == Some(LIST) && id == 2).then_some(())?;
    let (header, rest) = bytes.split_first()?;
    bytes = rest;
    (header & 0xf == STRUCT).then_some(())?;
    let elements = match header >> 4 {
        0xf => leb128::take(&mut bytes, NUMBER_BITS)?,
        few => u64::from(few),
    };
    for _ in 0..elements {
        skip(&mut bytes, STRUCT)?;
    }
    Some(metadata.len() - bytes.len())
}
