//! HTTP/1.0 and HTTP/1.1.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `http` row per request with its response; a request that is
//! never answered and a response whose request was not seen are rows too. Specification: RFC 9112, RFC 9110.
//!
//! Interim responses (1xx) are walked past. After `101 Switching Protocols` the rest of the connection is read as WebSocket or
//! as HTTP/2, whose first response then answers the request; after another one, and after a successful CONNECT, what follows is
//! recognised as if the connection began there. A gap inside content whose length is known only counts; after any other the
//! half is taken up again where a chunk begins with a start line.
//!
//! Absent on purpose: HTTP/0.9 responses.

mod exchange;
mod framing;
mod head;
mod reader;
mod row;
mod start_line;
#[cfg(test)]
mod tests;

use exchange::{Exchanges, Message};
use framing::{After, Framing};
use head::StartLine;
use reader::{Event, Reader};

use super::http::NAME;
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport, http2, ws};

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
}

impl Http1 {
    fn new() -> Self {
        Self {
            client: Reader::new(Half::Client),
            server: Reader::new(Half::Server),
            exchanges: Exchanges::default(),
        }
    }

    fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Takes a head. Says so if the rest of the connection, of whose bytes so many were not read, is not HTTP/1.
    fn head(
        &mut self,
        half: Half,
        message: Message,
        unread_bytes: usize,
        context: &mut Context<'_>,
    ) -> Option<Progress> {
        match half {
            Half::Client => {
                self.request(message, context);
                None
            }
            Half::Server => self.response(message, unread_bytes, context),
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

    fn response(&mut self, message: Message, unread_bytes: usize, context: &mut Context<'_>) -> Option<Progress> {
        let StartLine::Status(line) = &message.head.line else {
            return None;
        };
        let code = line.code;
        match code {
            101 => return Some(self.switch(message, unread_bytes, context)),
            100..=199 => return None,
            _ => {}
        }
        let method = self.exchanges.next_method(message.start.packet);
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
        self.exchanges.response(message, context);
        if over {
            self.exchanges.end(Half::Server, context);
        }
        connects.then_some(Progress::Restart { unread_bytes })
    }

    /// Takes a response that switches protocols.
    fn switch(&mut self, response: Message, unread_bytes: usize, context: &mut Context<'_>) -> Progress {
        let switches_to = |name: &str| {
            let mut protocols = response.head.values("upgrade").flat_map(|to| to.split(','));
            protocols.any(|to| to.trim().eq_ignore_ascii_case(name))
        };
        if switches_to("h2c") {
            // The request is answered on stream 1 (RFC 7540 §3.2).
            let request = self.exchanges.take_first_request();
            self.exchanges.response(response, context);
            let request = request.as_ref().map(row::request);
            return Progress::Become(http2::successor(request, unread_bytes));
        }
        let is_web_socket = switches_to("websocket");
        self.exchanges.response(response, context);
        match self.exchanges.answered().filter(|_| is_web_socket) {
            Some(exchange) => Progress::Become(ws::successor(&row::exchange(exchange), unread_bytes)),
            None => Progress::Restart { unread_bytes },
        }
    }

    /// Makes what it can of a half that has ended.
    fn end_half(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some((head, start)) = self.reader(half).cut_head() {
            let message = Message::new(head, start, start.timestamp_ns);
            self.head(half, message, 0, context);
        }
        self.exchanges.end(half, context);
    }
}

impl Dissector for Http1 {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.reader(half).resume(rest) && half == Half::Server {
            self.exchanges.forget_answered_before(chunk.packet, context);
        }
        while !rest.is_empty() {
            match self.reader(half).read(&mut rest, &chunk, context) {
                Event::Nothing => {}
                Event::Head(head, start) => {
                    let message = Message::new(head, start, chunk.timestamp_ns);
                    if let Some(progress) = self.head(half, message, rest.len(), context) {
                        return progress;
                    }
                }
                Event::Content(bytes, after) => {
                    self.exchanges.content(half, bytes, &chunk, context);
                    if after != After::More {
                        self.exchanges.end(half, context);
                    }
                }
                Event::Trailer(lines) => {
                    self.exchanges.trailer(half, &lines, &chunk, context);
                    self.exchanges.end(half, context);
                }
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        match self.reader(half).skip(missing_bytes) {
            Event::Nothing => {}
            Event::Head(head, start) => {
                let message = Message::new(head, start, start.timestamp_ns);
                if let Some(progress) = self.head(half, message, 0, context) {
                    return progress;
                }
                self.exchanges.end(half, context);
            }
            Event::Content(_, After::Broken) | Event::Trailer(_) => self.exchanges.end(half, context),
            Event::Content(_, after) => {
                self.exchanges.gap(half, missing_bytes);
                if after == After::Done {
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
