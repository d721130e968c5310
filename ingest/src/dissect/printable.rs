//! Bytes of the wire as text that stays on one line.

use std::fmt::Write;

/// The text in UTF-8 of at most so many bytes; control characters are `\xNN`, and what is cut ends in "…".
pub(super) fn printable(bytes: &[u8], most_bytes: usize) -> String {
    let kept = bytes.get(..most_bytes).unwrap_or(bytes);
    let mut text = String::with_capacity(kept.len());
    let (last, is_cut) = (kept.len(), kept.len() < bytes.len());
    let mut seen = 0_usize;
    for piece in kept.utf8_chunks() {
        seen = seen
            .saturating_add(piece.valid().len())
            .saturating_add(piece.invalid().len());
        for letter in piece.valid().chars() {
            if letter.is_control() {
                let mut encoded = [0; 4];
                escape(letter.encode_utf8(&mut encoded).as_bytes(), &mut text);
            } else {
                text.push(letter);
            }
        }
        // A letter that the cut divides is not damage.
        if !(is_cut && seen == last) {
            escape(piece.invalid(), &mut text);
        }
    }
    if is_cut {
        text.push('…');
    }
    text
}

/// How many bytes at the front are not special. Looked at block by block without a branch, which the compiler turns into vectors.
pub(super) fn plain_bytes(bytes: &[u8], is_special: impl Fn(u8) -> bool) -> usize {
    const BLOCK_BYTES: usize = 16;
    let mut passed = 0_usize;
    for block in bytes.chunks(BLOCK_BYTES) {
        if block.iter().fold(false, |any, byte| any | is_special(*byte)) {
            let in_block = block.iter().position(|byte| is_special(*byte));
            return passed.saturating_add(in_block.unwrap_or(block.len()));
        }
        passed = passed.saturating_add(block.len());
    }
    passed
}

fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_end_before_the_first_special_one() {
        let is_special = |byte| byte == b'!';
        for length in 0..50 {
            let mut bytes = vec![b'a'; length];
            assert_eq!(plain_bytes(&bytes, is_special), length);
            for place in 0..length {
                bytes[place..].fill(b'!');
                assert_eq!(plain_bytes(&bytes, is_special), place);
                bytes[place..].fill(b'a');
            }
        }
    }

    #[test]
    fn text_stays_on_one_line() {
        assert_eq!(printable(b"cn=a\r\n\xff\xc3\xbc", 64), "cn=a\\x0d\\x0a\\xffü");
        assert_eq!(printable("abü".as_bytes(), 3), "ab…");
        assert_eq!(printable(b"", 0), "");
    }
}
