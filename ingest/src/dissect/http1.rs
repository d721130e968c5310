//! HTTP/1.0 and HTTP/1.1.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `http` row per request with its response; a request that is
//! never answered and a response whose request was not seen are rows too. Specification: RFC 9112, RFC 9110.
//!
//! Interim responses (1xx) are walked past. After `101 Switching Protocols` to h2c the rest of the connection is read as
//! HTTP/2, after another it is left alone; after a successful CONNECT a TLS handshake inside is still shown. A gap inside
//! content whose length is known only counts; after any other the half is taken up again where a chunk begins with a start
//! line.
//!
//! Absent on purpose: trailer fields, brotli, HTTP/0.9 responses, other protocols after an upgrade.

mod exchange;
mod framing;
mod head;
mod reader;
mod row;
mod start_line;
#[cfg(test)]
mod tests;

use exchange::{Exchanges, Message};
use framing::{After as AfterContent, Framing};
use head::{Head, StartLine};
use reader::{Event, Reader};

use super::http::NAME;
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Start, Successor, Transport, http2};

/// HTTP/1 over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &start_line::PORTS,
    probe: start_line::probe,
    from_server: start_line::from_server,
    dissector: |_| Box::new(Http1::new()),
};

#[derive(Debug)]
struct Http1 {
    client: Reader,
    server: Reader,
    exchanges: Exchanges,
    /// What the rest of the connection is, once a response has said so.
    after: Option<After>,
}

/// What follows HTTP in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// A tunnel, whose first bytes tell (CONNECT).
    Tunnel,
    /// HTTP/2.
    H2c,
    /// A protocol that nobody knows.
    Other,
}

impl Http1 {
    fn new() -> Self {
        Self {
            client: Reader::new(Half::Client),
            server: Reader::new(Half::Server),
            exchanges: Exchanges::default(),
            after: None,
        }
    }

    fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn head(&mut self, half: Half, head: Head, start: Start, end_ns: i64, context: &mut Context<'_>) {
        let message = Message::new(head, start, end_ns);
        match half {
            Half::Client => self.request(message, context),
            Half::Server => self.response(message, context),
        }
    }

    fn request(&mut self, message: Message, context: &mut Context<'_>) {
        let framing = Framing::of_request(&message.head);
        let over = framing == Framing::Nothing;
        if !self.client.is_lost() {
            self.client.expect(framing);
        }
        self.exchanges.request(message, context);
        if over {
            self.exchanges.end(Half::Client, context);
        }
    }

    fn response(&mut self, message: Message, context: &mut Context<'_>) {
        let StartLine::Status(line) = &message.head.line else {
            return;
        };
        let code = line.code;
        if matches!(code, 100 | 102..=199) {
            return;
        }
        let method = self.exchanges.next_method();
        let connects = method == Some("CONNECT") && matches!(code, 200..=299);
        let framing = if connects {
            Framing::Nothing
        } else {
            Framing::of_response(&message.head, code, method)
        };
        let over = framing == Framing::Nothing;
        if !self.server.is_lost() {
            self.server.expect(framing);
        }
        let upgrades = code == 101 && message.head.values("upgrade").any(|to| to.eq_ignore_ascii_case("h2c"));
        self.exchanges.response(message, context);
        if connects || code == 101 {
            self.exchanges.end(Half::Client, context);
            self.client.tunnel();
            self.server.tunnel();
            self.after = Some(if connects {
                After::Tunnel
            } else if upgrades {
                After::H2c
            } else {
                After::Other
            });
        }
        if over {
            self.exchanges.end(Half::Server, context);
        }
    }

    /// Makes what it can of a half that has ended.
    fn end_half(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some((head, start)) = self.reader(half).cut_head() {
            self.head(half, head, start, start.timestamp_ns, context);
        }
        self.exchanges.end(half, context);
    }
}

impl Dissector for Http1 {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.reader(half).resume(rest) && half == Half::Server {
            self.exchanges.forget_all_but_last(context);
        }
        while !rest.is_empty() {
            match self.reader(half).read(&mut rest, &chunk, context) {
                Event::Nothing => {}
                Event::Head(head, start) => {
                    self.head(half, head, start, chunk.timestamp_ns, context);
                    let unread_bytes = rest.len();
                    match self.after {
                        None => {}
                        Some(After::Tunnel) => return Progress::Restart { unread_bytes },
                        Some(After::H2c) => {
                            return Progress::Become(Successor {
                                name: NAME,
                                dissector: (http2::TCP.dissector)(context.limits),
                                unread_bytes,
                            });
                        }
                        Some(After::Other) => break,
                    }
                }
                Event::Content(bytes, after) => {
                    self.exchanges.content(half, bytes, &chunk, context);
                    if after != AfterContent::More {
                        self.exchanges.end(half, context);
                    }
                }
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        match self.reader(half).skip(missing_bytes) {
            Event::Nothing => {}
            Event::Head(head, start) => {
                self.head(half, head, start, start.timestamp_ns, context);
                self.exchanges.end(half, context);
            }
            Event::Content(_, AfterContent::Broken) => self.exchanges.end(half, context),
            Event::Content(_, after) => {
                self.exchanges.gap(half, missing_bytes);
                if after == AfterContent::Done {
                    self.exchanges.end(half, context);
                }
            }
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.end_half(half, context);
    }

    fn held_bytes(&self) -> usize {
        let readers = self.client.held_bytes().saturating_add(self.server.held_bytes());
        readers.saturating_add(self.exchanges.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.end_half(Half::Client, context);
        self.end_half(Half::Server, context);
        self.exchanges.finish(context);
    }
}
