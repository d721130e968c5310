//! Fingerprints of hellos.
//!
//! Specification: Salesforce's JA3 and JA3S, FoxIO's JA4 (JA4 technical details, TLS client: TCP, QUIC and DTLS). GREASE values do not count.

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::Sha256;

use super::hello::{self, ClientHello, ServerHello, is_grease};

/// JA3 of a ClientHello: MD5 over version, suites, extensions, groups, point formats.
pub(super) fn ja3(hello: &ClientHello) -> String {
    let formats: Vec<u16> = hello.point_formats.iter().map(|format| u16::from(*format)).collect();
    let lists = [&hello.suites, &hello.extensions, &hello.groups].map(|list| join_decimal(list));
    let [suites, extensions, groups] = lists;
    // A point format is one byte, and none of them is GREASE.
    let formats = join_decimal(&formats);
    md5_hex(&format!(
        "{},{suites},{extensions},{groups},{formats}",
        hello.legacy_version
    ))
}

/// JA3S of a ServerHello: MD5 over version, suite, extensions.
pub(super) fn ja3s(hello: &ServerHello) -> String {
    md5_hex(&format!(
        "{},{},{}",
        hello.legacy_version,
        hello.suite,
        join_decimal(&hello.extensions)
    ))
}

/// What brought a hello, of which JA4 takes note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) enum Carrier {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
    /// Datagrams: DTLS.
    Datagrams,
}

/// JA4 of a ClientHello.
pub(super) fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let plain = |list: &[u16]| {
        list.iter()
            .copied()
            .filter(|number| !is_grease(*number))
            .collect::<Vec<_>>()
    };
    let (mut suites, mut extensions) = (plain(&hello.suites), plain(&hello.extensions));
    let name = if extensions.contains(&hello::SERVER_NAME) {
        'd'
    } else {
        'i'
    };
    let (suite_count, extension_count) = (suites.len().min(99), extensions.len().min(99));
    let version = match hello.highest_number() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    };
    let alpn = ja4_alpn(&hello.first_alpn);
    let carrier = match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Datagrams => 'd',
    };
    suites.sort_unstable();
    extensions.retain(|kind| ![hello::SERVER_NAME, hello::ALPN].contains(kind));
    extensions.sort_unstable();
    let mut second = join_hex(&extensions);
    let signatures = plain(&hello.signatures);
    if !second.is_empty() && !signatures.is_empty() {
        let _ = write!(second, "_{}", join_hex(&signatures));
    }
    let (suites, second) = (short_sha256(&join_hex(&suites)), short_sha256(&second));
    format!("{carrier}{version}{name}{suite_count:02}{extension_count:02}{alpn}_{suites}_{second}")
}

/// The first and the last character of a protocol's name, or of its bytes in hexadecimal.
fn ja4_alpn(bytes: &[u8]) -> String {
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return "00".to_owned();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        [char::from(*first), char::from(*last)].iter().collect()
    } else {
        format!("{:x}{:x}", first >> 4, last & 0x0f)
    }
}

fn join_decimal(numbers: &[u16]) -> String {
    let numbers = numbers.iter().filter(|number| !is_grease(**number));
    numbers.map(u16::to_string).collect::<Vec<_>>().join("-")
}

fn join_hex(numbers: &[u16]) -> String {
    numbers
        .iter()
        .map(|number| format!("{number:04x}"))
        .collect::<Vec<_>>()
        .join(",")
}

fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text))
}

fn short_sha256(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let mut digest = hex(&Sha256::digest(text));
    digest.truncate(12);
    digest
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ja4_of_the_example_in_its_specification() {
        let hello = ClientHello {
            legacy_version: 0x0303,
            suites: vec![
                0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x0a0a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                0xff01, 0x000b, 0x000a, 0x0015,
            ],
            first_alpn: b"h2".into(),
            versions: vec![0x2a2a, 0x0304, 0x0303],
            signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            is_whole: true,
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello, Carrier::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(ja4(&hello, Carrier::Quic), "q13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn ja3_of_the_examples_in_its_specification() {
        let hello = ClientHello {
            legacy_version: 769,
            suites: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
            extensions: vec![0, 10, 11],
            groups: vec![23, 24, 25],
            point_formats: vec![0],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "ada70206e40642a3e4461f35503241d5");
        let hello = ClientHello {
            legacy_version: 769,
            suites: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "de350869b8c85de67a350c8d186f11e6");
    }

    #[test]
    fn names_of_protocols_in_ja4() {
        assert_eq!(
            (ja4_alpn(b"http/1.1"), ja4_alpn(b""), ja4_alpn(b"h")),
            ("h1".into(), "00".into(), "hh".into())
        );
        assert_eq!(ja4_alpn(b"\x01a\x02"), "02");
        let hexadecimal = [&b"\xab"[..], b"\xab\xcd", b"\x30\xab", b"\x30\x31\xab\xcd"];
        assert_eq!(hexadecimal.map(ja4_alpn), ["ab", "ad", "3b", "3d"]);
    }
}
