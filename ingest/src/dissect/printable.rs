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
    fn text_stays_on_one_line() {
        assert_eq!(printable(b"cn=a\r\n\xff\xc3\xbc", 64), "cn=a\\x0d\\x0a\\xffü");
        assert_eq!(printable("abü".as_bytes(), 3), "ab…");
        assert_eq!(printable(b"", 0), "");
    }
}
