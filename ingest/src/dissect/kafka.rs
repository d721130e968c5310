//! Apache Kafka: clients to brokers, brokers and controllers among themselves.
//!
//! In: the bytes of both halves of a TCP connection, from its beginning or picked up in mid-stream. Out: one `kafka` row per
//! request with its response, paired by correlation identifier; a producer that wants no acknowledgment has none. A response whose
//! request was not seen is a row that knows no operation. Specification: Kafka protocol guide
//! (kafka.apache.org/protocol), all operations and versions up to Kafka 4.1; the older ones from its history.
//!
//! `status_code` is the first error code in the response that is not 0, of the message, a topic or a partition; null where the
//! response was not seen or has no layout here. A topic that a request names by its identifier is shown by it. Names and errors
//! are read out of the first `Limits::message_bytes` of a message. After a gap a half is taken up again where a chunk
//! begins with a request, or with a response that a request waits for.
//!
//! Absent on purpose: records and their keys, members of groups, what SASL exchanges, requests inside an Envelope, tagged fields.

mod errors;
mod exchange;
mod layout;
mod message;
mod recognise;
mod registry;
mod requests;
mod responses;
#[cfg(test)]
mod tests;

use exchange::Exchanges;
use message::frame;

use super::framed::{Framed, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};
use crate::Anomaly;

const NAME: &str = "Kafka";

/// Kafka over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    // A response says nothing that others could not.
    from_server: |_| false,
    dissector: |_| Box::new(KafkaStream::default()),
};

#[derive(Debug, Default)]
struct KafkaStream {
    client: Framed,
    server: Framed,
    exchanges: Exchanges,
}

impl KafkaStream {
    /// The messages of a half, and what takes them.
    fn parts(&mut self, half: Half) -> (&mut Framed, &mut Exchanges) {
        let framed = match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        };
        (framed, &mut self.exchanges)
    }
}

impl Dissector for KafkaStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let (framed, exchanges) = self.parts(half);
        let mut rest = chunk.bytes;
        if framed.is_lost() && exchanges.begins(half, rest) {
            framed.resume();
        }
        while !rest.is_empty() {
            let expected = exchanges.expected(half);
            match framed.next(&mut rest, &chunk, context, |bytes| frame(bytes, expected)) {
                Next::Message(message) => exchanges.take(half, &message, context),
                Next::Nothing => {}
                Next::Nonsense(reason) => {
                    let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                    context.anomalies.add(chunk.packet, anomaly);
                }
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let (framed, exchanges) = self.parts(half);
        if let Some(message) = framed.gap(missing_bytes) {
            exchanges.take(half, &message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        let (framed, exchanges) = self.parts(half);
        if let Some(message) = framed.cut() {
            exchanges.take(half, &message, context);
        }
    }

    fn held_bytes(&self) -> usize {
        let messages = self.client.held_bytes().saturating_add(self.server.held_bytes());
        messages.saturating_add(self.exchanges.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.end(Half::Client, context);
        self.end(Half::Server, context);
        self.exchanges.close(context);
    }
}
