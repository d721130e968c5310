//! Diameter: authentication, authorisation and accounting between peers of mobile and access networks.
//!
//! In: the bytes of both halves of a TCP connection, or the user messages of an SCTP association. Out: one `diameter` row per request with
//! its answer; a request without answer and an answer without request are rows too. Either peer may ask, and the one that did is
//! `src`. `status_code` is the answer's Result-Code, or else what its Experimental-Result holds. Specification: RFC 6733; names of
//! commands also from RFC 4004, 4072, 4740, 5778, 6738, 7155, 8506 and 3GPP TS 29.230.
//!
//! Over SCTP the payload protocol identifier says nothing that content does not: peers leave it 0.
//!
//! Absent on purpose: the values of AVPs beside those that a summary tells, Diameter over TLS and DTLS (its bytes are not readable).

mod avp;
mod message;
mod pairing;
mod recognise;
mod registry;
mod results;
mod summary;
#[cfg(test)]
mod tests;

use super::framed::{self, Framed, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Side, Transport, Verdict};
use crate::Anomaly;
use message::Message;
use pairing::Pairing;

const NAME: &str = "Diameter";

const PORTS: &[u16] = &[3868];

/// Diameter over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: PORTS,
    probe: recognise::stream,
    from_server: recognise::is_answer,
    dissector: |_| Box::new(DiameterStream::default()),
};

/// Diameter over SCTP.
pub(super) const SCTP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Sctp,
    ports: PORTS,
    probe: recognise::user_message,
    from_server: recognise::is_answer,
    dissector: |_| Box::new(DiameterMessages::default()),
};

/// Messages one behind the other.
#[derive(Debug, Default)]
struct DiameterStream {
    client: Framed,
    server: Framed,
    pairing: Pairing,
}

/// A message per user message.
#[derive(Debug, Default)]
struct DiameterMessages {
    pairing: Pairing,
}

impl DiameterStream {
    fn half(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn take(&mut self, half: Half, message: &framed::Message<'_>, context: &mut Context<'_>) {
        if let Some(read) = Message::read(&message.bytes) {
            self.pairing.take(half, message.side, &read, context);
        }
    }

    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.half(half).cut() {
            self.take(half, &message, context);
        }
    }
}

impl Dissector for DiameterStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.half(half).is_lost() && recognise::begins(rest) == Verdict::Certain {
            self.half(half).resume();
        }
        loop {
            match self.half(half).next(&mut rest, &chunk, context, message::frame) {
                Next::Message(message) => self.take(half, &message, context),
                Next::Nothing => return Progress::Continue,
                Next::Nonsense(reason) => {
                    let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                    context.anomalies.add(chunk.packet, anomaly);
                    return Progress::Continue;
                }
            }
        }
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if let Some(message) = self.half(half).gap(missing_bytes) {
            self.take(half, &message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let halves = self.client.held_bytes().saturating_add(self.server.held_bytes());
        halves.saturating_add(self.pairing.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.pairing.finish(context);
    }
}

impl Dissector for DiameterMessages {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let Some(message) = Message::read(chunk.bytes) else {
            let reason = "expected a message, found user data that is none";
            context
                .anomalies
                .add(chunk.packet, Anomaly::Malformed { layer: NAME, reason });
            return Progress::Continue;
        };
        let side = Side {
            start: context.start(&chunk),
            end_ns: chunk.timestamp_ns,
            bytes: u64::from(message.length),
        };
        self.pairing.take(half, side, &message, context);
        Progress::Continue
    }

    fn gap(&mut self, _half: Half, _missing_bytes: u64, _context: &mut Context<'_>) -> Progress {
        Progress::Continue
    }

    fn end(&mut self, _half: Half, _context: &mut Context<'_>) {}

    fn held_bytes(&self) -> usize {
        self.pairing.held_bytes()
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.pairing.finish(context);
    }
}
