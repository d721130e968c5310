//! What a compressed message says.
//!
//! Specification: OP_COMPRESSED of the driver specifications. Of a message that is cut, damaged or long the beginning is read.

use std::borrow::Cow;
use std::io::Read;

use super::snappy;

/// Numbers of compressors.
mod compressor {
    pub const NOOP: u8 = 0;
    pub const SNAPPY: u8 = 1;
    pub const ZLIB: u8 = 2;
    pub const ZSTD: u8 = 3;
}

/// Largest window that zstd may ask memory for, however short the message: 1 MiB (RFC 8878 §3.1.1.1.2).
const ZSTD_WINDOW_LOG: u32 = 20;

/// True if there is a compressor with this number.
pub(super) fn is_compressor(number: u8) -> bool {
    number <= compressor::ZSTD
}

/// Removes the compression, up to so many bytes of the result; `None` if nothing came of it.
pub(super) fn decode(compressor: u8, bytes: &[u8], most_bytes: usize) -> Option<Cow<'_, [u8]>> {
    let decoded = match compressor {
        compressor::NOOP => return Some(bytes.into()),
        compressor::SNAPPY => snappy::decode(bytes, most_bytes),
        compressor::ZLIB => read(flate2::bufread::ZlibDecoder::new(bytes), most_bytes),
        compressor::ZSTD => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).ok()?;
            read(decoder, most_bytes)
        }
        _ => return None,
    };
    (!decoded.is_empty()).then(|| decoded.into())
}

fn read(decoder: impl Read, most_bytes: usize) -> Vec<u8> {
    let mut decoded = Vec::new();
    // The error that ends what is cut is expected.
    let _ = decoder.take(most_bytes as u64).read_to_end(&mut decoded);
    decoded
}
