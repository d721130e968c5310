//! The data of a DNS record as text.
//!
//! Specification: the presentation formats of RFC 1035 §5.1, RFC 2782 (SRV), RFC 3403 (NAPTR), RFC 4034 (DNSSEC), RFC 4255
//! (SSHFP), RFC 6698 (TLSA), RFC 8659 (CAA), RFC 9460 (SVCB, HTTPS). Data of other types, and data that does not hold what
//! its type says, is `\#`, its length and its bytes in hexadecimal (RFC 3597 §5).

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::name;
use super::registry::{self as types, service_key_name, type_name};

/// The data at a place of a message as text.
pub(super) fn text(kind: u16, message: &[u8], place: Range<usize>) -> String {
    let mut fields = Fields {
        message,
        at: place.start,
        end: place.end,
    };
    match known(kind, &mut fields) {
        Some(text) if fields.at == place.end => text,
        _ => unknown(message.get(place).unwrap_or_default()),
    }
}

fn known(kind: u16, fields: &mut Fields<'_>) -> Option<String> {
    Some(match kind {
        types::A => Ipv4Addr::from(fields.array()?).to_string(),
        types::AAAA => Ipv6Addr::from(fields.array()?).to_string(),
        types::NS | types::CNAME | types::PTR | types::DNAME => fields.name()?,
        types::MX | types::AFSDB | types::RT | types::KX => format!("{} {}", fields.u16()?, fields.name()?),
        types::MINFO | types::RP => format!("{} {}", fields.name()?, fields.name()?),
        types::TXT | types::SPF | types::HINFO => strings(fields)?,
        types::SOA => {
            let names = format!("{} {}", fields.name()?, fields.name()?);
            let [serial, refresh, retry, expire, minimum] = [
                fields.u32()?,
                fields.u32()?,
                fields.u32()?,
                fields.u32()?,
                fields.u32()?,
            ];
            format!("{names} {serial} {refresh} {retry} {expire} {minimum}")
        }
        types::SRV => format!(
            "{} {} {} {}",
            fields.u16()?,
            fields.u16()?,
            fields.u16()?,
            fields.name()?
        ),
        types::NAPTR => {
            let numbers = format!("{} {}", fields.u16()?, fields.u16()?);
            let texts = format!("{} {} {}", fields.string()?, fields.string()?, fields.string()?);
            format!("{numbers} {texts} {}", fields.name()?)
        }
        types::URI => format!("{} {} {}", fields.u16()?, fields.u16()?, quote(fields.rest()?)),
        types::CAA => {
            let flags = fields.u8()?;
            let tag_length = usize::from(fields.u8()?);
            let tag = std::str::from_utf8(fields.bytes(tag_length)?)
                .ok()
                .filter(|tag| tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
            format!("{flags} {tag} {}", quote(fields.rest()?))
        }
        types::DS | types::CDS => format!(
            "{} {} {} {}",
            fields.u16()?,
            fields.u8()?,
            fields.u8()?,
            hex(fields.rest()?)
        ),
        types::SSHFP => format!("{} {} {}", fields.u8()?, fields.u8()?, hex(fields.rest()?)),
        types::TLSA | types::SMIMEA => {
            format!(
                "{} {} {} {}",
                fields.u8()?,
                fields.u8()?,
                fields.u8()?,
                hex(fields.rest()?)
            )
        }
        types::DNSKEY | types::CDNSKEY => {
            format!(
                "{} {} {} {}",
                fields.u16()?,
                fields.u8()?,
                fields.u8()?,
                BASE64.encode(fields.rest()?)
            )
        }
        types::RRSIG => {
            let covers = format!("{} {} {}", type_name(fields.u16()?), fields.u8()?, fields.u8()?);
            let times = format!("{} {} {}", fields.u32()?, fields.u32()?, fields.u32()?);
            let signer = format!("{} {}", fields.u16()?, fields.name()?);
            format!("{covers} {times} {signer} {}", BASE64.encode(fields.rest()?))
        }
        types::NSEC => {
            let next = fields.name()?;
            type_bitmap(next, fields.rest()?)?
        }
        types::SVCB | types::HTTPS => service(fields)?,
        _ => return None,
    })
}

/// Reads the fields of a record's data.
struct Fields<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Fields<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end)?;
        let bytes = self.message.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn name(&mut self) -> Option<String> {
        let (name, end) = name::read(self.message, self.at)?;
        self.at = end;
        (end <= self.end).then_some(name)
    }

    /// A character string, quoted.
    fn string(&mut self) -> Option<String> {
        let length = usize::from(self.u8()?);
        self.bytes(length).map(quote)
    }

    fn rest(&mut self) -> Option<&'a [u8]> {
        self.bytes(self.end.checked_sub(self.at)?)
    }

    fn is_empty(&self) -> bool {
        self.at >= self.end
    }
}

fn strings(fields: &mut Fields<'_>) -> Option<String> {
    let mut text = fields.string()?;
    while !fields.is_empty() {
        text.push(' ');
        text.push_str(&fields.string()?);
    }
    Some(text)
}

fn service(fields: &mut Fields<'_>) -> Option<String> {
    let mut text = format!("{} {}", fields.u16()?, fields.name()?);
    while !fields.is_empty() {
        let key = fields.u16()?;
        let length = usize::from(fields.u16()?);
        let value = fields.bytes(length)?;
        let _ = write!(text, " {}", service_key_name(key));
        if let Some(value) = service_value(key, value).filter(|value| !value.is_empty()) {
            let _ = write!(text, "={value}");
        }
    }
    Some(text)
}

fn service_value(key: u16, value: &[u8]) -> Option<String> {
    let mut fields = Fields {
        message: value,
        at: 0,
        end: value.len(),
    };
    let mut items = Vec::new();
    while !fields.is_empty() {
        items.push(match key {
            0 => service_key_name(fields.u16()?).into_owned(),
            1 => {
                let length = usize::from(fields.u8()?);
                String::from_utf8_lossy(fields.bytes(length)?)
                    .escape_default()
                    .to_string()
            }
            3 => fields.u16()?.to_string(),
            4 => Ipv4Addr::from(fields.array()?).to_string(),
            5 => BASE64.encode(fields.rest()?),
            6 => Ipv6Addr::from(fields.array()?).to_string(),
            _ => quote(fields.rest()?),
        });
    }
    Some(items.join(","))
}

/// The types that an NSEC record says are there (RFC 4034 §4.1.2).
fn type_bitmap(mut text: String, bitmap: &[u8]) -> Option<String> {
    let mut fields = Fields {
        message: bitmap,
        at: 0,
        end: bitmap.len(),
    };
    while !fields.is_empty() {
        let window = fields.u8()?;
        let length = usize::from(fields.u8()?);
        for (place, byte) in (0_u8..32).zip(fields.bytes(length)?) {
            for bit in (0_u8..8).filter(|bit| byte & 0x80_u8.unbounded_shr(u32::from(*bit)) != 0) {
                let low = place.checked_mul(8)?.checked_add(bit)?;
                text.push(' ');
                text.push_str(&type_name(u16::from_be_bytes([window, low])));
            }
        }
    }
    Some(text)
}

fn quote(bytes: &[u8]) -> String {
    let mut text = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' | '\\' => text.extend(['\\', letter]),
                '\0'..' ' | '\x7f' => {
                    let _ = write!(text, "\\{:03}", letter as u8);
                }
                _ => text.push(letter),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\{byte:03}");
        }
    }
    text.push('"');
    text
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unknown(data: &[u8]) -> String {
    if data.is_empty() {
        "\\# 0".to_owned()
    } else {
        format!("\\# {} {}", data.len(), hex(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: u16, data: &[u8], expect: &str) {
        assert_eq!(text(kind, data, 0..data.len()), expect);
    }

    #[test]
    fn presentation_formats() {
        check(types::A, &[192, 0, 2, 1], "192.0.2.1");
        check(
            types::AAAA,
            &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "2001:db8::1",
        );
        check(types::CNAME, b"\x01a\x00", "a");
        check(types::MX, b"\x00\x0a\x01a\x00", "10 a");
        check(types::TXT, b"\x03a\"b\x02\x01\xff", r#""a\"b" "\001\255""#);
        check(types::SRV, b"\x00\x01\x00\x02\x13\xc4\x01a\x00", "1 2 5060 a");
        check(types::CAA, b"\x00\x05issueca.example", r#"0 issue "ca.example""#);
        check(types::NSEC, b"\x01a\x00\x00\x01\x40\x01\x01\x40", "a A CAA");
        check(
            types::HTTPS,
            b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x04\x00\x04\x01\x02\x03\x04",
            "1 . alpn=h2,h3 ipv4hint=1.2.3.4",
        );
        check(
            types::SOA,
            b"\x00\x00\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05",
            ". . 1 2 3 4 5",
        );
        check(types::DS, b"\x00\x01\x08\x02\xab\xcd", "1 8 2 abcd");
    }

    #[test]
    fn data_that_contradicts_its_type_is_shown_as_bytes() {
        check(types::A, &[192, 0, 2], r"\# 3 c00002");
        check(types::A, &[192, 0, 2, 1, 0], r"\# 5 c000020100");
        check(types::MX, b"", r"\# 0");
        check(65280, b"\x01", r"\# 1 01");
    }
}
