//! Content codings: what a body says once they are removed.
//!
//! Specification: RFC 9110 §8.4.1 (gzip, deflate), RFC 8878 and RFC 9659 (zstd). A body in brotli, or in several codings,
//! stays as it travelled. A damaged or cut body gives what could be decoded before the damage.

use std::borrow::Cow;
use std::io::{self, Read};

/// Largest window a zstd body may ask memory for: 8 MiB (RFC 9659 §3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Removes a coding from the kept bytes of a body, up to `most_bytes` of the result.
pub(super) fn decode<'a>(coding: &str, body: &'a [u8], most_bytes: usize) -> Cow<'a, [u8]> {
    let decoded = match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => read(flate2::bufread::MultiGzDecoder::new(body), most_bytes),
        // Called deflate, it is the zlib format; some servers send bare deflate.
        "deflate" if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
            read(flate2::bufread::ZlibDecoder::new(body), most_bytes)
        }
        "deflate" => read(flate2::bufread::DeflateDecoder::new(body), most_bytes),
        "zstd" => zstd(body, most_bytes).unwrap_or_default(),
        _ => Vec::new(),
    };
    if decoded.is_empty() {
        body.into()
    } else {
        decoded.into()
    }
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
    fn check(coding: &str, body: &[u8], expect: &str) {
        assert_eq!(String::from_utf8_lossy(&decode(coding, body, 8)), expect);
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
        check("br", b"\x0b\x01", "\u{b}\u{1}");
        check("gzip", b"not gzip", "not gzip");
    }
}
