//! Search filters as text.
//!
//! Specification: RFC 4511 §4.5.1.7 (on the wire), RFC 4515 (the text). A filter that is nested too deep, is too long or is cut
//! ends in "…".

use std::fmt::Write;

use super::ber::{Element, Elements};

/// Filters inside one another that are shown.
const DEPTH: usize = 16;

/// Tags of the choices, and of their parts.
mod tag {
    pub const AND: u8 = 0xa0;
    pub const OR: u8 = 0xa1;
    pub const NOT: u8 = 0xa2;
    pub const EQUAL: u8 = 0xa3;
    pub const SUBSTRINGS: u8 = 0xa4;
    pub const GREATER_OR_EQUAL: u8 = 0xa5;
    pub const LESS_OR_EQUAL: u8 = 0xa6;
    pub const PRESENT: u8 = 0x87;
    pub const APPROXIMATE: u8 = 0xa8;
    pub const EXTENSIBLE: u8 = 0xa9;

    pub const INITIAL: u8 = 0x80;
    pub const FINAL: u8 = 0x82;

    pub const RULE: u8 = 0x81;
    pub const ATTRIBUTE: u8 = 0x82;
    pub const VALUE: u8 = 0x83;
    pub const NAME_TOO: u8 = 0x84;
}

/// Writes a filter, at most about so many bytes of it.
pub(super) fn text(filter: Element<'_>, most_bytes: usize) -> String {
    let mut writer = Writer {
        text: String::new(),
        most_bytes,
    };
    writer.filter(filter, DEPTH);
    writer.text
}

struct Writer {
    text: String,
    most_bytes: usize,
}

impl Writer {
    fn is_full(&self) -> bool {
        self.text.len() >= self.most_bytes
    }

    fn filter(&mut self, filter: Element<'_>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return self.text.push('…');
        };
        self.text.push('(');
        match filter.tag {
            tag::AND => self.set('&', filter.elements(), depth),
            tag::OR => self.set('|', filter.elements(), depth),
            tag::NOT => self.set('!', filter.elements(), depth),
            tag::EQUAL => self.assertion("=", filter),
            tag::GREATER_OR_EQUAL => self.assertion(">=", filter),
            tag::LESS_OR_EQUAL => self.assertion("<=", filter),
            tag::APPROXIMATE => self.assertion("~=", filter),
            tag::PRESENT => {
                self.value(filter.content);
                self.text.push_str("=*");
            }
            tag::SUBSTRINGS => self.substrings(filter.elements()),
            tag::EXTENSIBLE => self.extensible(filter.elements()),
            _ => self.text.push('…'),
        }
        self.text.push(')');
    }

    fn set(&mut self, sign: char, filters: Elements<'_>, depth: usize) {
        self.text.push(sign);
        for filter in filters {
            if self.is_full() {
                return self.text.push('…');
            }
            self.filter(filter, depth);
        }
    }

    fn assertion(&mut self, sign: &str, filter: Element<'_>) {
        let mut parts = filter.elements();
        self.value(parts.octets().unwrap_or_default());
        self.text.push_str(sign);
        match parts.octets() {
            Some(value) => self.value(value),
            None => self.text.push('…'),
        }
    }

    fn substrings(&mut self, mut parts: Elements<'_>) {
        self.value(parts.octets().unwrap_or_default());
        self.text.push('=');
        let mut ends_open = true;
        for (place, part) in parts.next().into_iter().flat_map(Element::elements).enumerate() {
            if self.is_full() {
                return self.text.push('…');
            }
            if place > 0 || part.tag != tag::INITIAL {
                self.text.push('*');
            }
            self.value(part.content);
            ends_open = part.tag != tag::FINAL;
        }
        if ends_open {
            self.text.push('*');
        }
    }

    fn extensible(&mut self, parts: Elements<'_>) {
        let part = |tag| parts.into_iter().find(|part| part.tag == tag);
        self.value(part(tag::ATTRIBUTE).map_or(&[], |part| part.content));
        if part(tag::NAME_TOO).is_some_and(|part| part.content != [0]) {
            self.text.push_str(":dn");
        }
        if let Some(rule) = part(tag::RULE) {
            self.text.push(':');
            self.value(rule.content);
        }
        self.text.push_str(":=");
        self.value(part(tag::VALUE).map_or(&[], |part| part.content));
    }

    /// Writes a value; what a filter gives a meaning to, controls, and what is not UTF-8 as `\NN` (RFC 4515 §3).
    fn value(&mut self, value: &[u8]) {
        for piece in value.utf8_chunks() {
            for letter in piece.valid().chars() {
                if self.is_full() {
                    return self.text.push('…');
                }
                if matches!(letter, '*' | '(' | ')' | '\\') || letter.is_control() {
                    self.escape(letter.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    self.text.push(letter);
                }
            }
            self.escape(piece.invalid());
        }
    }

    fn escape(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\\{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expect: &str) {
        let filter = Elements(bytes).next().expect("there is a filter");
        assert_eq!(text(filter, 40), expect);
    }

    #[test]
    fn filters_are_written_as_people_write_them() {
        check(b"\x87\x0bobjectClass", "(objectClass=*)");
        check(b"\xa3\x0a\x04\x03uid\x04\x03bob", "(uid=bob)");
        check(
            b"\xa0\x15\xa2\x07\xa3\x05\x04\x01a\x04\x00\xa5\x0a\x04\x02uS\x04\x0410\x00)",
            "(&(!(a=))(uS>=10\\00\\29))",
        );
        check(b"\xa4\x0c\x04\x02cn0\x06\x80\x01a\x82\x01z", "(cn=a*z)");
        check(b"\xa4\x0c\x04\x02cn0\x06\x81\x01b\x81\x01c", "(cn=*b*c*)");
        check(b"\xa9\x0e\x82\x02cn\x83\x01a\x84\x01\xff\x81\x02eq", "(cn:dn:eq:=a)");
        check(b"\xa8\x07\x04\x01a\x04\x02\xff\xfe", "(a~=\\ff\\fe)");
        check(b"\xa1\x00", "(|)");
        check(b"\x85\x01a", "(…)");
    }

    #[test]
    fn what_is_deep_or_long_is_cut() {
        let mut bomb = vec![0x87, 1, b'a'];
        for _ in 0..20 {
            let length = u8::try_from(bomb.len()).expect("it is short");
            bomb.splice(0..0, [0xa2, length]);
        }
        check(&bomb, "(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!(!…))))))))))))))))");
        check(
            b"\x87\x7faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…=*)",
        );
    }
}
