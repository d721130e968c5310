//! Numbers in few bytes: LEB128, seven bits a byte and the lowest first, as Parquet's pages and the manifest have them. Signed ones are
//! zigzag: 0, −1, 1, −2.

/// Takes a number of at most so many bits, about; `None` if the bytes end before it does, or it is longer.
#[inline]
pub(crate) fn take(bytes: &mut &[u8], bits: u32) -> Option<u64> {
    let mut number = 0;
    for shift in (0..bits).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Appends a number.
pub(crate) fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The signed number that a zigzag one stands for.
pub(crate) fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The zigzag number of a signed one.
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> (i64::BITS - 1))).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_what_ends_early_is_none() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            let (whole, mut rest) = (bytes.clone(), bytes.as_slice());
            assert_eq!(take(&mut rest, u64::BITS), Some(number));
            assert!(rest.is_empty());
            assert_eq!(take(&mut &whole[..whole.len() - 1], u64::BITS), None);
        }
        assert_eq!(take(&mut &[0x80; 20][..], u64::BITS), None);
        assert_eq!([0, 1, 2, 3].map(signed), [0, -1, 1, -2]);
        for number in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(signed(zigzag(number)), number);
        }
    }
}
