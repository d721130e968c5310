//! LDAP over TCP, and CLDAP.
//!
//! In: the bytes of both halves of a TCP connection, or datagrams. Out: one `ldap` row per operation with all that answered it:
//! of a search the entries and references are counted until its result comes. An operation without a result and a result
//! without its operation are rows too, as are those that nothing answers (unbind, abandon) and what the server says unasked.
//! Specification: RFC 4511, RFC 4515 (filters as text), RFC 1798 (CLDAP), RFC 4422 §3.7 (security layers).
//!
//! After StartTLS the rest of the connection is read as TLS. Behind a SASL security layer what is signed only is read, what is
//! sealed is passed over. After a gap a half is taken up again where a chunk begins with a message.
//!
//! Absent on purpose: controls, the attributes of entries, passwords and credentials.

mod ber;
mod filter;
mod message;
mod pairing;
mod recognise;
mod registry;
mod request;
mod sasl;
#[cfg(test)]
mod tests;

use message::Message;
use pairing::Pairing;

use super::framed::{self, Framed, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Side, Successor, Transport, tls};
use crate::Anomaly;

const NAME: &str = "LDAP";

/// LDAP over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::stream,
    from_server: recognise::is_response,
    dissector: |_| Box::new(LdapStream::default()),
};

/// CLDAP.
pub(super) const UDP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &recognise::PORTS,
    probe: recognise::datagram,
    from_server: recognise::is_response,
    dissector: |_| Box::new(LdapDatagrams::default()),
};

#[derive(Debug, Default)]
struct LdapStream {
    client: Framed,
    server: Framed,
    pairing: Pairing,
}

impl LdapStream {
    fn framed(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Takes a message, or a buffer of a security layer; true if TLS follows.
    fn take(&mut self, half: Half, framed: framed::Message<'_>, context: &mut Context<'_>) -> bool {
        let framed::Message { bytes, side, is_cut } = framed;
        if sasl::is_buffer(&bytes) {
            if let Some(plain) = sasl::plaintext(&bytes) {
                messages(&mut self.pairing, half, plain, side, context);
            }
            return false;
        }
        match Message::read(&bytes) {
            Some(message) => self.pairing.take(half, side, &message, context),
            None if is_cut => false,
            None => {
                malformed(side.start.packet, context);
                false
            }
        }
    }
}

/// Takes the messages of a datagram, or of a buffer; the first begins where they do.
fn messages(pairing: &mut Pairing, half: Half, bytes: &[u8], whole: Side, context: &mut Context<'_>) {
    let mut rest = bytes;
    let mut start = whole.start;
    while !rest.is_empty() {
        let ber::Header::Told {
            start: header, content, ..
        } = ber::header(rest)
        else {
            break;
        };
        let length = usize::try_from(content).unwrap_or(usize::MAX).saturating_add(header);
        let (own, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let Some(message) = Message::read(own) else { break };
        rest = after;
        let side = Side {
            start,
            bytes: length as u64,
            ..whole
        };
        // TLS has no place here: a security layer, or no connection, is there already.
        pairing.take(half, side, &message, context);
        if !rest.is_empty() {
            start = context.start(&Chunk {
                bytes: rest,
                packet: whole.start.packet,
                timestamp_ns: whole.start.timestamp_ns,
            });
        }
    }
    if rest.len() == bytes.len() {
        malformed(whole.start.packet, context);
    }
}

fn malformed(packet: u64, context: &mut Context<'_>) {
    let reason = "expected a message: an id and an operation";
    context
        .anomalies
        .add(packet, Anomaly::Malformed { layer: NAME, reason });
}

impl Dissector for LdapStream {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.framed(half).is_lost() && recognise::begins(rest) {
            self.framed(half).resume();
        }
        loop {
            let has_layer = self.pairing.has_sasl();
            let frame = |bytes: &[u8]| recognise::frame(bytes, has_layer);
            match self.framed(half).next(&mut rest, &chunk, context, frame) {
                Next::Message(message) => {
                    if self.take(half, message, context) {
                        return Progress::Become(Successor {
                            name: tls::TCP.name,
                            dissector: (tls::TCP.dissector)(context.limits),
                            unread_bytes: rest.len(),
                        });
                    }
                }
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

/// Messages in datagrams.
#[derive(Debug, Default)]
struct LdapDatagrams {
    pairing: Pairing,
}

impl Dissector for LdapDatagrams {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let whole = Side {
            start: context.start(&chunk),
            end_ns: chunk.timestamp_ns,
            bytes: chunk.bytes.len() as u64,
        };
        messages(&mut self.pairing, half, chunk.bytes, whole, context);
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
