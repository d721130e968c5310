//! Snappy blocks, as far as they are there.
//!
//! Specification: format_description.txt of Snappy. Crates for it want the whole block and room for all that it says it holds; here
//! the beginning of a block gives the beginning of its content.

/// Kinds of elements, in the two low bits of their tag.
mod kind {
    pub const LITERAL: u8 = 0;
    pub const SHORT_COPY: u8 = 1;
    pub const COPY: u8 = 2;
}

/// A literal's length minus one, up to which it stands in the tag.
const INLINE_LENGTH: u8 = 59;

/// The content of a block, at most so many bytes of it, up to the first damage.
pub(super) fn decode(block: &[u8], most_bytes: usize) -> Vec<u8> {
    let mut content = Vec::new();
    // The length of the content comes first; it is not believed.
    let end_of_length = block.iter().position(|byte| byte & 0x80 == 0).unwrap_or(block.len());
    let mut rest = block.get(end_of_length.saturating_add(1)..).unwrap_or_default();
    while content.len() < most_bytes && element(&mut rest, &mut content, most_bytes).is_some() {}
    content
}

/// Takes an element; `None` if there is none.
fn element(rest: &mut &[u8], content: &mut Vec<u8>, most_bytes: usize) -> Option<()> {
    let tag = number(rest, 1)? as u8;
    let high = tag >> 2;
    let room = most_bytes.saturating_sub(content.len());
    match tag & 3 {
        kind::LITERAL => {
            let length = match high.checked_sub(INLINE_LENGTH) {
                None | Some(0) => high.into(),
                Some(bytes) => number(rest, bytes)?,
            };
            let length = length.saturating_add(1);
            let (literal, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            content.extend_from_slice(literal.get(..room).unwrap_or(literal));
            *rest = after;
            Some(())
        }
        kind::SHORT_COPY => {
            let length = usize::from(high & 7).saturating_add(4);
            let offset = usize::from(tag >> 5) << 8 | number(rest, 1)?;
            copy(content, offset, length.min(room))
        }
        kind => {
            let offset = number(rest, if kind == kind::COPY { 2 } else { 4 })?;
            copy(content, offset, usize::from(high).saturating_add(1).min(room))
        }
    }
}

/// Repeats what stands so far back; it may overlap what it makes.
fn copy(content: &mut Vec<u8>, offset: usize, length: usize) -> Option<()> {
    let start = content.len().checked_sub(offset).filter(|_| offset > 0)?;
    for place in (start..).take(length) {
        content.push(*content.get(place)?);
    }
    Some(())
}

/// Takes a number of so many bytes, the least significant first.
fn number(rest: &mut &[u8], bytes: u8) -> Option<usize> {
    let (number, after) = rest.split_at_checked(bytes.into())?;
    *rest = after;
    Some(number.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies_make_the_content() {
        assert_eq!(decode(b"\x0a\x08abc\x11\x03", 64), b"abcabcabcab");
        assert_eq!(decode(b"\x09\x00a\x1e\x01\x00", 64), b"aaaaaaaaa");
        assert_eq!(decode(b"\x09\x00a\x1f\x01\x00\x00\x00", 4), b"aaaa");
        assert_eq!(decode(b"\x05\xf0\x04hello", 64), b"hello");
        assert_eq!(decode(b"\x05\xf0\x04hello", 3), b"hel");
    }

    #[test]
    fn damage_ends_the_content() {
        assert_eq!(decode(b"\xff\xff\xff\xff\x0f\x08abc\x09\x09", 64), b"abc");
        assert_eq!(decode(b"\x0a\x10ab", 64), b"ab");
        assert_eq!(decode(b"\x0a\xfc\xff", 64), b"");
        assert_eq!(decode(b"\x80", 64), b"");
    }
}
