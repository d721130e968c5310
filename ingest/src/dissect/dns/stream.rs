//! DNS messages in a stream: each behind its length in two bytes (RFC 1035 §4.2.2).
//!
//! A message that came whole is read in place, else out of a buffer of at most 64 KiB, the longest that its length can say. A gap
//! inside a message cuts it; after any other, messages are found again where a chunk begins with one.

use super::message::{HEADER_BYTES, Message};
use super::pairing::{Pairing, Placed};
use super::recognise;
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Dissector, Half, Progress, Start};

const LENGTH_BYTES: usize = 2;

/// The messages of a connection.
#[derive(Debug, Default)]
pub(super) struct DnsStream {
    client: HalfStream,
    server: HalfStream,
    pairing: Pairing,
}

#[derive(Debug, Default)]
struct HalfStream {
    /// The beginning of a message with its length.
    buffer: Vec<u8>,
    start: Option<Start>,
    /// Bytes of a cut message that are still to come.
    skip_bytes: usize,
    is_lost: bool,
}

impl DnsStream {
    fn half(&mut self, half: Half) -> &mut HalfStream {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn take(&mut self, half: Half, start: Start, end_ns: i64, bytes: &[u8], context: &mut Context<'_>) {
        if let Some(message) = Message::read(bytes, context.limits) {
            self.pairing.take(
                Placed {
                    half,
                    start,
                    end_ns,
                    message,
                },
                context,
            );
        }
    }

    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        let stream = self.half(half);
        let bytes = std::mem::take(&mut stream.buffer);
        if let (Some(start), Some(message)) = (stream.start.take(), bytes.get(LENGTH_BYTES..)) {
            self.take(half, start, start.timestamp_ns, message, context);
        }
    }
}

impl HalfStream {
    /// Bytes of the frame that begins the bytes, length included; `None` if the length is not there yet.
    fn frame_bytes(bytes: &[u8]) -> Option<usize> {
        let length = u16::from_be_bytes(*bytes.first_chunk()?);
        usize::from(length).checked_add(LENGTH_BYTES)
    }

    /// Bytes that the buffered message still needs; `None` if its length is not there yet.
    fn needed_bytes(&self) -> Option<usize> {
        Self::frame_bytes(&self.buffer)?.checked_sub(self.buffer.len())
    }

    fn lose(&mut self, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let reason = "expected the length of a message, at least 12, found less";
        context.anomalies.add(
            chunk.packet,
            Anomaly::Unparsable {
                protocol: super::NAME,
                reason,
            },
        );
        *self = Self {
            is_lost: true,
            ..Self::default()
        };
    }
}

impl Dissector for DnsStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        while !rest.is_empty() {
            let stream = self.half(half);
            if stream.is_lost {
                if !recognise::begins(rest) {
                    break;
                }
                stream.is_lost = false;
            }
            let skipped = stream.skip_bytes.min(rest.len());
            stream.skip_bytes = stream.skip_bytes.saturating_sub(skipped);
            rest = rest.get(skipped..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let start = *stream.start.get_or_insert_with(|| context.start(&chunk));
            if stream.buffer.is_empty()
                && let Some((frame, after)) =
                    HalfStream::frame_bytes(rest).and_then(|bytes| rest.split_at_checked(bytes))
                && frame.len() >= LENGTH_BYTES.saturating_add(HEADER_BYTES)
            {
                stream.start = None;
                rest = after;
                self.take(
                    half,
                    start,
                    chunk.timestamp_ns,
                    frame.get(LENGTH_BYTES..).unwrap_or_default(),
                    context,
                );
                continue;
            }
            // First the length, then what it says.
            let wanted = stream
                .needed_bytes()
                .unwrap_or_else(|| LENGTH_BYTES.saturating_sub(stream.buffer.len()));
            let (piece, after) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            stream.buffer.extend_from_slice(piece);
            rest = after;
            match HalfStream::frame_bytes(&stream.buffer) {
                Some(bytes) if bytes < LENGTH_BYTES.saturating_add(HEADER_BYTES) => {
                    stream.lose(&chunk, context);
                    break;
                }
                Some(bytes) if bytes == stream.buffer.len() => {
                    stream.start = None;
                    let frame = std::mem::take(&mut stream.buffer);
                    self.take(
                        half,
                        start,
                        chunk.timestamp_ns,
                        frame.get(LENGTH_BYTES..).unwrap_or_default(),
                        context,
                    );
                }
                _ => {}
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let stream = self.half(half);
        let missing = usize::try_from(missing_bytes).unwrap_or(usize::MAX);
        let to_come = stream.skip_bytes.saturating_add(stream.needed_bytes().unwrap_or(0));
        match to_come.checked_sub(missing) {
            Some(still) => stream.skip_bytes = still,
            None => {
                stream.skip_bytes = 0;
                stream.is_lost = true;
            }
        }
        self.cut(half, context);
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let buffers = self.client.buffer.len().saturating_add(self.server.buffer.len());
        buffers.saturating_add(self.pairing.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.pairing.finish(context);
    }
}
