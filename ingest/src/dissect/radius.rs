//! RADIUS: authentication, accounting and changes of authorisation.
//!
//! In: datagrams, or the bytes of both halves of a TCP connection. Out: one `radius` row per request with its response; a request
//! without response and a response without request are rows too, and so is a request that was sent again. `status_code` is the
//! code of the response, which is how RADIUS numbers an outcome: 2 is Access-Accept, 3 Access-Reject, 45 CoA-NAK. Specification: RFC 2865,
//! RFC 2866 (accounting), RFC 5176 (changes), RFC 5997 (Status-Server), RFC 6613 (TCP), RFC 7930 (Protocol-Error).
//!
//! Either end may ask: a change of authorisation comes from the server. The end that asked is `src`.
//!
//! Absent on purpose: passwords and other hidden attributes, vendors' attributes, RADIUS over TLS (its bytes are not readable).

mod attribute;
mod message;
mod pairing;
mod registry;
mod stream;
mod summary;
#[cfg(test)]
mod tests;

use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Side, Transport};
use crate::Anomaly;
use message::Message;
use pairing::Pairing;
use stream::RadiusStream;

const NAME: &str = "RADIUS";

/// Authentication, accounting and changes; 1645 and 1646 are from before the registration, 1700 is one vendor's for changes.
const PORTS: &[u16] = &[1812, 1813, 3799, 1645, 1646, 1700];

/// RADIUS over UDP.
pub(super) const UDP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: PORTS,
    probe: message::datagram,
    from_server: message::is_response,
    dissector: |_| Box::new(RadiusDatagrams::default()),
};

/// RADIUS over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: PORTS,
    probe: stream::probe,
    from_server: stream::is_response,
    dissector: |_| Box::new(RadiusStream::default()),
};

/// A message per datagram.
#[derive(Debug, Default)]
struct RadiusDatagrams {
    pairing: Pairing,
}

impl Dissector for RadiusDatagrams {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let Some(message) = Message::read(chunk.bytes) else {
            // A datagram between others that is no message is not worth the others.
            let reason = "expected a message, found a datagram that is none";
            context
                .anomalies
                .add(chunk.packet, Anomaly::Malformed { layer: NAME, reason });
            return Progress::Continue;
        };
        let side = Side {
            start: context.start(&chunk),
            end_ns: chunk.timestamp_ns,
            bytes: message.length as u64,
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
