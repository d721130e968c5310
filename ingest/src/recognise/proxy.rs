//! The header that a proxy puts in front of a connection to say whose it is; what is spoken begins behind it.
//!
//! Specification: HAProxy, The PROXY protocol, versions 1 and 2, §2.1 and §2.2. The addresses in it are not looked at: rows are about the
//! packets' own.

const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 1, line end included.
const V1_BYTES: usize = 107;
/// Bytes of version 2 up to and with the length of the rest.
const V2_FIXED_BYTES: usize = 16;
/// The longest rest that is believed: addresses take 216 bytes at most, what may follow them is small.
const V2_REST_BYTES: u16 = 2048;

/// What the first bytes of a half are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// No such header.
    No,
    /// The beginning of one.
    Incomplete,
    /// One of so many bytes.
    Bytes(usize),
}

/// Looks for the header at the beginning of a half.
pub(super) fn header(bytes: &[u8]) -> Header {
    if begins_alike(bytes, V1) {
        let line = bytes.iter().take(V1_BYTES).position(|byte| *byte == b'\n');
        return match line {
            Some(end) if is_line(bytes.get(..end).unwrap_or_default()) => Header::Bytes(end.saturating_add(1)),
            None if bytes.len() < V1_BYTES => Header::Incomplete,
            _ => Header::No,
        };
    }
    if !begins_alike(bytes, V2) {
        return Header::No;
    }
    let Some([.., version, _, high, low]) = bytes.first_chunk::<V2_FIXED_BYTES>() else {
        return Header::Incomplete;
    };
    let rest = u16::from_be_bytes([*high, *low]);
    let length = V2_FIXED_BYTES.saturating_add(usize::from(rest));
    match version >> 4 {
        2 if rest > V2_REST_BYTES => Header::No,
        2 if bytes.len() < length => Header::Incomplete,
        2 => Header::Bytes(length),
        _ => Header::No,
    }
}

/// True if one is the beginning of the other.
fn begins_alike(bytes: &[u8], signature: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().zip(signature).all(|(byte, expected)| byte == expected)
}

/// True of "PROXY TCP4 192.0.2.1 192.0.2.2 51000 443\r".
fn is_line(line: &[u8]) -> bool {
    let known = [&b"PROXY TCP4 "[..], b"PROXY TCP6 ", b"PROXY UNKNOWN"];
    line.ends_with(b"\r") && known.iter().any(|known| line.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_versions() {
        let v1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 51000 443\r\nGET";
        assert_eq!(header(v1), Header::Bytes(42));
        assert_eq!(header(b"PROXY UNKNOWN\r\n"), Header::Bytes(15));
        assert_eq!(header(b"PROXY UDP4 a\r\n"), Header::No);
        assert_eq!(header(b"PROXY TCP4 a\n"), Header::No);
        assert_eq!(header(&[b'P'; 9]), Header::No);
        let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c123412341212GET";
        assert_eq!(header(v2), Header::Bytes(28));
        assert_eq!(header(b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c"), Header::No);
        assert_eq!(header(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"), Header::No);
        for length in 1..28 {
            assert_eq!(header(&v2[..length]), Header::Incomplete, "{length}");
            assert_eq!(header(&v1[..length]), Header::Incomplete, "{length}");
        }
        assert_eq!(header(b""), Header::No);
    }
}
