//! Content codings: what a body says once they are removed.
//!
//! Specification: RFC 9110 §8.4.1 (gzip, deflate), RFC 7932 (brotli), RFC 8878 and RFC 9659 (zstd). A body in a coding that
//! nobody knows stays as it travelled. A damaged or cut body gives what could be decoded before the damage.

use std::borrow::Cow;
use std::io::{self, Read};

/// Largest window a zstd body may ask memory for: 8 MiB (RFC 9659 §3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Bytes that brotli reads at once.
const BROTLI_STEP_BYTES: usize = 4 << 10;

/// A window of brotli as a stream's first bits name it, and its bytes; larger ones take up to 16 MiB of memory.
const BROTLI_WINDOW: (u8, usize) = (0b0011, 1 << 18);

/// Codings that are removed, one under the other.
const MOST_CODINGS: usize = 4;

/// Removes codings, named in the order in which they were applied, from the kept bytes of a body. Of each result no more than
/// `most_bytes` are made.
pub(super) fn decode<'a, 'c>(
    codings: impl DoubleEndedIterator<Item = &'c str>,
    body: &'a [u8],
    most_bytes: usize,
) -> Cow<'a, [u8]> {
    let mut decoded = Cow::Borrowed(body);
    for coding in codings.rev().take(MOST_CODINGS) {
        match remove(coding, &decoded, most_bytes) {
            Some(result) => decoded = result.into(),
            None => break,
        }
    }
    decoded
}

/// Removes a coding; `None` if that is not known, or nothing comes of it.
fn remove(coding: &str, body: &[u8], most_bytes: usize) -> Option<Vec<u8>> {
    let decoded = match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => read(flate2::bufread::MultiGzDecoder::new(body), most_bytes),
        // Called deflate, it is the zlib format; some servers send bare deflate.
        "deflate" if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
            read(flate2::bufread::ZlibDecoder::new(body), most_bytes)
        }
        "deflate" => read(flate2::bufread::DeflateDecoder::new(body), most_bytes),
        "br" => brotli(body, most_bytes),
        "zstd" => zstd(body, most_bytes).unwrap_or_default(),
        _ => Vec::new(),
    };
    (!decoded.is_empty()).then_some(decoded)
}

fn brotli(body: &[u8], most_bytes: usize) -> Vec<u8> {
    let Some((first, rest)) = body.split_first() else {
        return Vec::new();
    };
    // Nothing refers to what is farther away than all that is made, so that a smaller window serves as well (RFC 7932 §9.1).
    let (window, window_bytes) = BROTLI_WINDOW;
    let names_larger = first & 1 != 0 && first & 0x0e != 0 && most_bytes < window_bytes / 2;
    let first = [if names_larger { first & 0xf0 | window } else { *first }];
    read(
        brotli_decompressor::Decompressor::new(first.chain(rest), BROTLI_STEP_BYTES),
        most_bytes,
    )
}

fn zstd(body: &[u8], most_bytes: usize) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(read(decoder, most_bytes))
}

/// Reads what comes before the end, an error, or the limit.
fn read(decoder: impl Read, most_bytes: usize) -> Vec<u8> {
    let mut decoded = Vec::new();
    // The error that ends a cut body is expected: what was decoded before it is what the body is known to say.
    let _ = decoder.take(most_bytes as u64).read_to_end(&mut decoded);
    decoded
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[track_caller]
    fn check(codings: &str, body: &[u8], expect: &str) {
        let decoded = decode(codings.split(','), body, 8);
        assert_eq!(String::from_utf8_lossy(&decoded), expect);
    }

    #[test]
    fn codings_are_removed_up_to_the_limit() {
        let text = b"hello hello hello";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text).unwrap();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(text).unwrap();
        check("gzip", &gzip, "hello he");
        check("X-GZIP", &gzip[..gzip.len() - 10], "hello h");
        check("deflate", &zlib.finish().unwrap(), "hello he");
        check("deflate", &deflate.finish().unwrap(), "hello he");
        check("zstd", &zstd::encode_all(text.as_slice(), 1).unwrap(), "hello he");
        // A meta-block without compression (RFC 7932 §9.2).
        check("br", b"\x8b\x02\x80hello \x03", "hello ");
        check("br", b"\x8b\x02\x80hel", "hel");
        // A word of the dictionary, in a window of 16 MiB.
        check(
            "br",
            b"\x1f\x16\x00\xf8\xa5\xcb\xd0\xd8\xde\x94\x22\xe8\x54\x08\xe2\x2c\x75\x9b\x00",
            "hello in",
        );
        check("br", b"\xff\xff\xff", "\u{fffd}\u{fffd}\u{fffd}");
        let mut twice = GzEncoder::new(Vec::new(), Compression::default());
        twice.write_all(&zstd::encode_all(&b"hi"[..], 1).unwrap()).unwrap();
        let twice = decode(["zstd", " gzip"].into_iter(), &twice.finish().unwrap(), 100).into_owned();
        assert_eq!(twice, b"hi");
        check("secret,gzip", &gzip, "hello he");
        check("secret", b"as it is", "as it is");
        check("gzip", b"not gzip", "not gzip");
    }
}
