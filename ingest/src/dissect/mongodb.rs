//! MongoDB's wire protocol.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `mongodb` row per command with its reply. A command that nothing
//! answers (a write without acknowledgment) and a reply whose command was not seen are rows too; the replies of an exhaust
//! stream are one row with the command that asked for them. Specification: the "MongoDB Wire Protocol" page of MongoDB's manual, its driver
//! specifications OP_MSG and OP_COMPRESSED, and bsonspec.org.
//!
//! Of a message the beginning is read, `Limits::message_bytes` of it, and as much of what its compression gives. After a gap a half is taken
//! up again where a chunk begins with a message.
//!
//! Absent on purpose: the documents themselves, checksums, credentials.

mod bson;
mod coding;
mod header;
mod message;
mod pairing;
mod recognise;
mod reply;
mod request;
mod snappy;
#[cfg(test)]
mod tests;

use message::Message;
use pairing::Pairing;

use super::framed::{self, Framed, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};
use crate::Anomaly;

const NAME: &str = "MongoDB";

/// MongoDB over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::is_reply,
    dissector: |_| Box::new(MongoDb::default()),
};

#[derive(Debug, Default)]
struct MongoDb {
    client: Framed,
    server: Framed,
    pairing: Pairing,
}

impl MongoDb {
    fn framed(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn take(&mut self, half: Half, framed: framed::Message<'_>, context: &mut Context<'_>) {
        let framed::Message { bytes, side, is_cut } = framed;
        let Some(message) = Message::read(&bytes, is_cut, context.limits) else {
            return;
        };
        if message.is_damaged && !is_cut {
            let reason = "expected compressed content, found none that can be decompressed";
            let layer = NAME;
            context
                .anomalies
                .add(side.start.packet, Anomaly::Malformed { layer, reason });
        }
        self.pairing.take(half, side, &message, context);
    }
}

impl Dissector for MongoDb {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.framed(half).is_lost() && recognise::begins(rest) {
            self.framed(half).resume();
        }
        loop {
            match self.framed(half).next(&mut rest, &chunk, context, header::frame) {
                Next::Message(message) => self.take(half, message, context),
                Next::Nothing => return Progress::Continue,
                Next::Nonsense(reason) => {
                    let protocol = NAME;
                    context
                        .anomalies
                        .add(chunk.packet, Anomaly::Unparsable { protocol, reason });
                }
            }
        }
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if let Some(message) = self.framed(half).gap(missing_bytes) {
            self.take(half, message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.framed(half).cut() {
            self.take(half, message, context);
        }
    }

    fn held_bytes(&self) -> usize {
        let framed = self.client.held_bytes().saturating_add(self.server.held_bytes());
        framed.saturating_add(self.pairing.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.end(Half::Client, context);
        self.end(Half::Server, context);
        self.pairing.finish(context);
    }
}
