//! Compressed captures: gzip, zstd and lz4 frames, recognised by their first bytes.

use std::io::{self, BufReader, Cursor, Read};

/// The first bytes that tell a compression, long enough for each.
const MAGIC_BYTES: u64 = 4;
/// What one read of a compressed file takes.
const BUFFER_BYTES: usize = 256 << 10;

type Opened<'a> = (Box<dyn Read + Send + 'a>, Option<&'static str>);

/// Gives a reader of the decompressed bytes, and the name of the compression if there is one.
pub(super) fn open<'a>(mut input: impl Read + Send + 'a) -> io::Result<Opened<'a>> {
    let mut head = Vec::new();
    input.by_ref().take(MAGIC_BYTES).read_to_end(&mut head)?;
    let magic: [u8; 4] = head.as_slice().try_into().unwrap_or_default();
    let input = Cursor::new(head).chain(input);
    Ok(match magic {
        [0x1f, 0x8b, ..] => {
            let buffered = BufReader::with_capacity(BUFFER_BYTES, input);
            (Box::new(flate2::bufread::MultiGzDecoder::new(buffered)), Some("gzip"))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let buffered = BufReader::with_capacity(BUFFER_BYTES, input);
            (
                Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?),
                Some("zstd"),
            )
        }
        [0x04, 0x22, 0x4d, 0x18] => (Box::new(lz4_flex::frame::FrameDecoder::new(input)), Some("lz4")),
        _ => (Box::new(input), None),
    })
}
