//! HTTP/2 without TLS, and gRPC over it.
//!
//! In: the bytes of both halves of a TCP connection, from the connection preface, from an upgrade of HTTP/1.1, or picked up
//! in mid-stream. Out: one `http` row per stream: request and response, each with its header and trailer fields and its
//! content; a side that was not seen is missing. Specification: RFC 9113, RFC 7541 (HPACK), RFC 7540 §3.2 (upgrade).
//!
//! A reset stream waits for what the other half had under way, which may be the response or the status of a call.
//!
//! A stream that an extended CONNECT opened for WebSocket gives `ws` rows besides (RFC 8441).
//!
//! Which side asked is read from the fields, so that a connection whose ends were mistaken still has the client as `src`.
//! A pushed request counts as asked by the client. Interim responses (1xx) are walked past. Fields that refer to a part of
//! the compression state from before the capture, before a gap or before damage are left out; the others are shown. A gap
//! inside a frame only counts; after any other the half is taken up again where a chunk begins with certain frames.
//!
//! Absent on purpose: settings (a change of the compression state is told in the header blocks themselves), flow control,
//! priorities, messages inside a gRPC stream.

mod block;
mod exchange;
mod frame;
mod hpack;
mod preface;
mod reader;
mod stream;
#[cfg(test)]
mod tests;

use exchange::Streams;
use reader::{Event, Reader};

use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Successor, Transport, http};

/// The name in findings.
const NAME: &str = "HTTP2";

/// HTTP/2 over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: http::NAME,
    transport: Transport::Tcp,
    ports: &[],
    probe: preface::probe,
    from_server: preface::from_server,
    dissector: |_| Box::new(Http2::default()),
};

/// The dissector of what follows an upgrade from HTTP/1.1; it answers the request that asked for it.
pub(super) fn successor(request: Option<http::Request<'_>>, unread_bytes: usize) -> Successor {
    let mut dissector = Box::new(Http2::default());
    if let Some(request) = request {
        dissector.streams.upgrade(&request);
    }
    Successor {
        name: http::NAME,
        dissector,
        unread_bytes,
    }
}

#[derive(Debug, Default)]
struct Http2 {
    client: Reader,
    server: Reader,
    streams: Streams,
}

impl Http2 {
    fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Takes an event; the packet and time are those of its last byte.
    fn take(&mut self, half: Half, event: Event<'_>, packet: u64, timestamp_ns: i64, context: &mut Context<'_>) {
        match event {
            Event::Nothing => {}
            Event::Section(section) => self.streams.section(half, section, timestamp_ns, context),
            Event::Content { stream, bytes, end } => {
                let chunk = Chunk {
                    bytes,
                    packet,
                    timestamp_ns,
                };
                self.streams.content(half, stream, chunk, context);
                if end {
                    self.streams.end(half, stream, context);
                }
            }
            Event::Gap { stream, bytes, end } => {
                self.streams.gap(half, stream, bytes, context);
                if end {
                    self.streams.end(half, stream, context);
                }
            }
            Event::Reset { stream, code } => self.streams.reset(half, stream, code, context),
        }
    }
}

impl Dissector for Http2 {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        self.reader(half).resume(rest);
        while !rest.is_empty() {
            let event = self.reader(half).read(&mut rest, &chunk, context);
            self.take(half, event, chunk.packet, chunk.timestamp_ns, context);
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let event = self.reader(half).skip(missing_bytes);
        // No event of a gap has a time: what was lost leaves the time of its message as it is.
        self.take(half, event, 0, 0, context);
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.streams.end_half(half, context);
    }

    fn held_bytes(&self) -> usize {
        self.streams
            .held_bytes()
            .saturating_add(self.client.held_bytes())
            .saturating_add(self.server.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.streams.finish_all(context);
    }
}
