//! PostgreSQL: the frontend/backend protocol, version 3.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `postgresql` row per query, per execution of a prepared statement with the
//! messages that prepare it, per Parse, Bind, Describe or Close that no Execute follows, per start of a session, offer of encryption,
//! request to cancel, call of a function and notification. After an error the server passes over what comes up to the next Sync: those
//! operations are rows without outcome. Specification: PostgreSQL, "Frontend/Backend Protocol".
//!
//! Rows and copied data are counted, not kept. After an accepted SSLRequest the connection is read as TLS. A connection picked up in
//! mid-stream, and a half behind a gap, is taken up where a chunk begins with messages.
//!
//! Absent on purpose: values of rows and of parameters, notices, the stream of replication, GSSAPI encryption, protocol 2.

mod conversation;
mod extended;
mod message;
mod operation;
mod recognise;
mod startup;
mod steps;
#[cfg(test)]
mod tests;

use conversation::{Conversation, Then};
use message::HEADER_BYTES;

use super::framed::{Framed, Message, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Successor, Transport, tls};
use crate::Anomaly;

const NAME: &str = "PostgreSQL";

/// PostgreSQL over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::is_from_server,
    dissector: |_| Box::new(Postgresql::default()),
};

#[derive(Debug, Default)]
struct Postgresql {
    client: Framed,
    server: Framed,
    conversation: Conversation,
    /// The rest is encrypted with GSSAPI.
    is_opaque: bool,
}

impl Postgresql {
    fn half(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Takes a half that is out of step up again, if messages begin here.
    fn resume(&mut self, half: Half, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        if !self.half(half).is_lost() || !recognise::resumes(half, chunk.bytes) {
            return;
        }
        self.half(half).resume();
        if half == Half::Server {
            self.conversation.resume(chunk.packet, context);
        }
    }

    fn read(&mut self, half: Half, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Then {
        let awaits_byte = self.conversation.awaits_byte();
        let next = match half {
            Half::Client => self.client.next(rest, chunk, context, message::client_frame),
            Half::Server => {
                let frame = |bytes: &[u8]| message::server_frame(bytes, awaits_byte);
                self.server.next(rest, chunk, context, frame)
            }
        };
        match next {
            Next::Message(message) => self.message(half, &message, context),
            Next::Nothing => Then::GoOn,
            Next::Nonsense(reason) => {
                let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                context.anomalies.add(chunk.packet, anomaly);
                Then::GoOn
            }
        }
    }

    fn message(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) -> Then {
        let then = self.conversation.take(half, message, context);
        self.is_opaque |= then == Then::Gss;
        then
    }

    /// Takes what there is of a message that will not come whole.
    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.half(half).cut()
            && message.bytes.len() >= HEADER_BYTES
        {
            self.message(half, &message, context);
        }
    }
}

impl Dissector for Postgresql {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        if self.is_opaque {
            return Progress::Continue;
        }
        self.resume(half, &chunk, context);
        let mut rest = chunk.bytes;
        while !rest.is_empty() && !self.is_opaque {
            if self.read(half, &mut rest, &chunk, context) == Then::Tls {
                return Progress::Become(Successor {
                    name: tls::TCP.name,
                    dissector: (tls::TCP.dissector)(context.limits),
                    unread_bytes: rest.len(),
                });
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if !self.is_opaque
            && let Some(message) = self.half(half).gap(missing_bytes)
            && message.bytes.len() >= HEADER_BYTES
        {
            self.message(half, &message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let halves = self.client.held_bytes().saturating_add(self.server.held_bytes());
        halves.saturating_add(self.conversation.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.conversation.finish(context);
    }
}
