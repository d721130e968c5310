//! The Huffman code of HPACK.
//!
//! Specification: RFC 7541 §5.2 and appendix B. The code is canonical: codes of one length are consecutive numbers in the
//! order of their symbols, and a longer code continues where the shorter ones end. So the symbols of each length say it all.

/// The symbols of each length in bits, shortest first. The last code of 30 bits, all ones, is the end of a string.
const SYMBOLS: &[(u32, &[u8])] = &[
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\x00$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
    (21, b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"),
    (
        22,
        b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9",
    ),
    (
        23,
        b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef",
    ),
    (24, b"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"),
    (25, b"\xc7\xcf\xea\xeb"),
    (26, b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"),
    (27, b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"),
    (
        28,
        b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9",
    ),
    (30, b"\n\r\x16"),
];

/// Most bits that may follow the last code: ones that make up the last byte.
const MOST_PADDING_BITS: u32 = 7;

/// Decodes a string; `None` if it is damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len().saturating_mul(2));
    let mut bytes = bytes.iter();
    // The next bits, the lowest `held` of these; what is above was used.
    let mut bits: u64 = 0;
    let mut held: u32 = 0;
    loop {
        while held < 32
            && let Some(byte) = bytes.next()
        {
            bits = bits << 8 | u64::from(*byte);
            held = held.saturating_add(8);
        }
        let (symbol, length) = match symbol(next_32(bits, held)) {
            Some(found) => found,
            None if held <= MOST_PADDING_BITS => return Some(decoded),
            None => return None,
        };
        held = held.checked_sub(length)?;
        decoded.push(symbol);
    }
}

/// The next 32 bits; behind the last one there are ones, as in the padding.
fn next_32(bits: u64, held: u32) -> u32 {
    match 32_u32.checked_sub(held) {
        Some(missing) => {
            let ones = 1_u64.wrapping_shl(missing).wrapping_sub(1);
            (bits.wrapping_shl(missing) | ones) as u32
        }
        None => bits.wrapping_shr(held.saturating_sub(32)) as u32,
    }
}

/// The symbol whose code these bits begin with, and its length; `None` for the end of a string.
fn symbol(bits: u32) -> Option<(u8, u32)> {
    // The first code of each length, its highest bit on the left.
    let mut first: u32 = 0;
    for (length, symbols) in SYMBOLS {
        let unused = 32_u32.saturating_sub(*length);
        let place = bits.wrapping_sub(first).wrapping_shr(unused);
        if let Some(symbol) = symbols.get(place as usize) {
            return Some((*symbol, *length));
        }
        let count = u32::try_from(symbols.len()).unwrap_or_default();
        first = first.wrapping_add(count.wrapping_shl(unused));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes as the specification prints them: symbol, code, length.
    fn codes() -> Vec<(u8, u32, u32)> {
        let (mut code, mut last) = (0, 5);
        let mut codes = Vec::new();
        for (length, symbols) in SYMBOLS {
            code <<= length - last;
            last = *length;
            for symbol in *symbols {
                codes.push((*symbol, code, *length));
                code += 1;
            }
        }
        assert_eq!(code, 0x3fff_ffff, "the one code left is the end of a string");
        codes
    }

    fn encode(text: &[u8]) -> Vec<u8> {
        let codes = codes();
        let mut bits = String::new();
        for byte in text {
            let (_, code, length) = codes
                .iter()
                .find(|(symbol, ..)| symbol == byte)
                .expect("every byte has a code");
            bits.push_str(&format!("{code:0length$b}", length = *length as usize));
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        (0..bits.len())
            .step_by(8)
            .map(|at| u8::from_str_radix(&bits[at..at + 8], 2).expect("eight bits are a byte"))
            .collect()
    }

    #[test]
    fn the_code_is_that_of_the_specification() {
        let codes = codes();
        assert_eq!(codes.len(), 256);
        for expect in [
            (b'0', 0x0, 5),
            (b'u', 0x2d, 6),
            (b'z', 0x7b, 7),
            (b'Z', 0xfd, 8),
            (b'?', 0x3fc, 10),
            (b'~', 0x1ffd, 13),
            (0xd0, 0x7fff2, 19),
            (0xe9, 0x3fffeb, 22),
            (0xff, 0x3ffffee, 26),
            (0xf9, 0xffffffe, 28),
            (0x16, 0x3ffffffe, 30),
        ] {
            assert!(codes.contains(&expect), "{expect:x?}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut random = fastrand::Rng::with_seed(7);
        for length in 0..200 {
            let text: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            assert_eq!(decode(&encode(&text)), Some(text));
        }
        assert_eq!(
            decode(&[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
            Some(b"www.example.com".to_vec())
        );
    }

    #[test]
    fn padding_is_ones_and_short() {
        assert_eq!(decode(b""), Some(vec![]));
        assert_eq!(decode(b"\x07"), Some(b"0".to_vec()));
        assert_eq!(decode(b"\x00"), None);
        assert_eq!(decode(b"\x07\xff"), None);
        assert_eq!(decode(b"\xff\xff\xff\xff"), None);
    }
}
