//! The digest of a manifest: its last field, of all bytes before.
//!
//! ```text
//! {"version":1,…,"tables":{…},"digest":"<BLAKE3 of what stands before ,"digest" in hex>"}
//! ```
//!
//! Of bytes and not of values, so that a manifest with fields of a newer version can be checked, and older versions pass over
//! the digest as over any field they do not know. Manifests that they wrote have none, and end with their tables.

const BEGIN: &[u8] = br#","digest":""#;
const END: &[u8] = br#""}"#;
/// Letters of a digest.
const LETTERS: usize = 2 * blake3::OUT_LEN;

/// Puts the digest behind the other fields.
pub(super) fn seal(mut text: Vec<u8>) -> Vec<u8> {
    assert_eq!(text.pop(), Some(b'}'), "a manifest is an object with fields");
    let digest = blake3::hash(&text).to_hex();
    text.extend_from_slice(BEGIN);
    text.extend_from_slice(digest.as_bytes());
    text.extend_from_slice(END);
    text
}

/// What the digest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// The bytes are those that were written.
    Whole,
    /// There is none, nor was there when the manifest was written.
    Older,
    /// There should be one.
    Missing,
}

/// Compares a manifest with its digest; says what is wrong if they differ.
pub(super) fn check(text: &[u8]) -> Result<Seal, String> {
    let digest = text
        .strip_suffix(END)
        .and_then(|text| text.split_last_chunk::<LETTERS>());
    let sealed = digest.and_then(|(text, digest)| Some((text.strip_suffix(BEGIN)?, digest)));
    let Some((text, expected)) = sealed else {
        return Ok(if text.ends_with(b"}}") {
            Seal::Older
        } else {
            Seal::Missing
        });
    };
    let found = blake3::hash(text).to_hex();
    if found.as_bytes() == expected {
        return Ok(Seal::Whole);
    }
    let expected = expected.escape_ascii();
    Err(format!("expected BLAKE3 digest {expected}, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_passes() {
        let sealed = seal(br#"{"version":1,"tables":{}}"#.to_vec());
        assert_eq!(check(&sealed), Ok(Seal::Whole));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(check(&flipped), Err(_) | Ok(Seal::Missing)),
                "{}",
                flipped.escape_ascii()
            );
        }
        for length in 0..sealed.len() {
            assert_ne!(check(&sealed[..length]), Ok(Seal::Whole));
        }
        assert_eq!(check(br#"{"version":1,"tables":{}}"#), Ok(Seal::Older));
    }
}
