//! WebSocket.
//!
//! In: the bytes of both halves of a TCP connection behind the HTTP/1.1 response that switched protocols. Out: one `ws` row
//! per message: text, binary, close, ping, pong; fragments are joined, masks and permessage-deflate removed. Each side's
//! messages are rows of their own, since neither side's answer the other's. Specification: RFC 6455, RFC 7692.
//!
//! A gap inside a frame only counts; after any other, and after damage, a half is taken up again at a chunk that whole frames
//! fill. Limits: `body_bytes` (payload kept), `inflated_bytes`, `inflate_ratio`; rows repeat
//! little of the handshake.
//!
//! Absent on purpose: recognition in mid-stream, since two bytes of a header prove nothing, unless the user says that a port
//! speaks it; other extensions; what travels inside messages.

mod frame;
mod handshake;
mod inflate;
mod reader;
mod row;
#[cfg(test)]
mod tests;

pub(super) use handshake::Handshake;

use reader::{Event, Message, Reader};

use super::{Chunk, Context, Dissector, Half, Probe, Progress, Protocol, Successor, Transport, Verdict};
use crate::Anomaly;

const NAME: &str = "WebSocket";

/// WebSocket over TCP, where the user says so.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &[],
    probe,
    from_server: |_| false,
    dissector: |_| Box::new(WebSocket::new(Handshake::default())),
};

/// The dissector of what follows a handshake.
pub(super) fn successor(exchange: &super::http::Exchange<'_>, unread_bytes: usize) -> Successor {
    Successor {
        name: NAME,
        dissector: Box::new(WebSocket::new(Handshake::of(exchange))),
        unread_bytes,
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.is_hinted && frame::begins(probe.bytes, probe.half) {
        true => Verdict::Certain,
        false => Verdict::No,
    }
}

#[derive(Debug)]
struct WebSocket {
    handshake: Handshake,
    client: Reader,
    server: Reader,
}

impl WebSocket {
    fn new(handshake: Handshake) -> Self {
        Self {
            client: Reader::new(Half::Client, handshake.client_takes_over),
            server: Reader::new(Half::Server, handshake.server_takes_over),
            handshake,
        }
    }

    fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn append(&mut self, half: Half, message: Option<Message>, context: &mut Context<'_>) {
        if let Some(message) = message {
            row::append(half, &message, &self.handshake, context);
        }
    }

    /// Makes rows of what will not come whole.
    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        while let Some(message) = self.reader(half).cut() {
            self.append(half, Some(message), context);
        }
    }
}

impl Dissector for WebSocket {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        self.reader(half).resume(rest);
        while !rest.is_empty() {
            match self.reader(half).read(&mut rest, &chunk, context) {
                Event::Nothing => {}
                Event::Message(message) => self.append(half, Some(message), context),
                Event::Nonsense(reason) => {
                    let protocol = NAME;
                    context
                        .anomalies
                        .add(chunk.packet, Anomaly::Unparsable { protocol, reason });
                    self.cut(half, context);
                }
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let message = self.reader(half).skip(missing_bytes, context.limits);
        self.append(half, message, context);
        if self.reader(half).is_lost() {
            self.cut(half, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let readers = self.client.held_bytes().saturating_add(self.server.held_bytes());
        readers.saturating_add(self.handshake.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
    }
}
