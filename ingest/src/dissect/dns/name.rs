//! Domain names: from their labels on the wire to text.
//!
//! Specification: RFC 1035 §3.1 and §4.1.4 (compression). The text has no final dot, the root is "."; dots and backslashes
//! inside a label are escaped by a backslash, and text in UTF-8 stays as it is (RFC 6763 §4.3); any other byte is `\DDD`
//! (RFC 1035 §5.1).

/// Longest name, in octets on the wire (RFC 1035 §2.3.4).
const NAME_BYTES: usize = 255;

const POINTER: u8 = 0xc0;

/// Reads the name at a place of a message. Gives its text and the place behind it.
pub(super) fn read(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let end = walk(message, at, |label| {
        if !text.is_empty() {
            text.push('.');
        }
        escape(label, &mut text);
    })?;
    if text.is_empty() {
        text.push('.');
    }
    Some((text, end))
}

/// The place behind the name at a place of a message.
pub(super) fn skip(message: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let length = *message.get(at)?;
        let next = at.checked_add(1)?;
        match length {
            0 => return Some(next),
            1..0x40 => at = next.checked_add(usize::from(length))?,
            POINTER.. => return next.checked_add(1).filter(|end| *end <= message.len()),
            _ => return None,
        }
    }
}

/// Where the first label of the name at a place of a message stands: a name that is but a pointer stands where that leads.
pub(super) fn place(message: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let length = *message.get(at)?;
        if length < POINTER {
            return Some(at);
        }
        let target = pointed_at(length, *message.get(at.checked_add(1)?)?);
        if target >= at {
            return None;
        }
        at = target;
    }
}

/// Visits the labels of a name. A pointer must lead before the labels it continues, so that no chain of them is endless.
fn walk(message: &[u8], mut at: usize, mut visit: impl FnMut(&[u8])) -> Option<usize> {
    let mut end = None;
    let mut run = at;
    let mut octets: usize = 0;
    loop {
        let length = *message.get(at)?;
        let next = at.checked_add(1)?;
        match length {
            0 => return end.or(Some(next)),
            1..0x40 => {
                at = next.checked_add(usize::from(length))?;
                octets = octets.checked_add(usize::from(length))?.checked_add(1)?;
                if octets >= NAME_BYTES {
                    return None;
                }
                visit(message.get(next..at)?);
            }
            POINTER.. => {
                let target = pointed_at(length, *message.get(next)?);
                end = end.or(next.checked_add(1));
                if target >= run {
                    return None;
                }
                (at, run) = (target, target);
            }
            _ => return None,
        }
    }
}

/// Where a pointer of these two octets leads.
fn pointed_at(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & !POINTER, low]))
}

fn escape(label: &[u8], text: &mut String) {
    for chunk in label.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '.' | '\\' => text.extend(['\\', letter]),
                '\0'..' ' | '\x7f' => escape_byte(letter as u8, text),
                _ => text.push(letter),
            }
        }
        chunk.invalid().iter().for_each(|byte| escape_byte(*byte, text));
    }
}

fn escape_byte(byte: u8, text: &mut String) {
    text.push_str(&format!("\\{byte:03}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &[u8], at: usize, expect: Option<(&str, usize)>) {
        let found = read(message, at);
        assert_eq!(found.as_ref().map(|(name, end)| (name.as_str(), *end)), expect);
        if let Some((_, end)) = expect {
            assert_eq!(skip(message, at), Some(end));
        }
    }

    #[test]
    fn names() {
        check(b"\x00", 0, Some((".", 1)));
        check(b"\x01a\x02bc\x00", 0, Some(("a.bc", 6)));
        check(b"\x01a\x00\x01b\xc0\x00", 3, Some(("b.a", 7)));
        check(b"\x03a.\\\x00", 0, Some(("a\\.\\\\", 5)));
        check("\x04ü b\0".as_bytes(), 0, Some(("ü b", 6)));
        check("\x05ü b\n\0".as_bytes(), 0, Some(("ü b\\010", 7)));
        check(b"\x02\xff\x7f\x00", 0, Some(("\\255\\127", 4)));
    }

    #[test]
    fn places_of_names() {
        #[track_caller]
        fn check(message: &[u8], at: usize, expect: Option<usize>) {
            assert_eq!(place(message, at), expect);
        }
        check(b"\x01a\x00", 0, Some(0));
        check(b"\x01a\x00\xc0\x00\xc0\x03", 5, Some(0));
        check(b"\x01a\x00\x01b\xc0\x00", 3, Some(3));
        check(b"\xc0\x00", 0, None);
        check(b"\xc0\x02\xc0\x00", 0, None);
        check(b"\x00\xc0", 1, None);
    }

    #[test]
    fn damaged_names_are_none() {
        check(b"", 0, None);
        check(b"\x05abc", 0, None);
        check(b"\xc0\x00", 0, None);
        check(b"\xc0", 0, None);
        check(b"\x01a\xc0\x00", 0, None);
        check(b"\xc0\x02\xc0\x00", 0, None);
        check(b"\x41abc\x00", 0, None);
        check(&[[1, b'a']; 128].concat(), 0, None);
    }
}
