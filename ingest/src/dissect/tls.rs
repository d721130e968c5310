//! TLS handshakes, as far as they are readable: hellos.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `tlsx` row per ClientHello and per ServerHello, a HelloRetryRequest
//! counting as ServerHello. Specification: RFC 8446, RFC 5246, RFC 6101 (SSL 3.0), RFC 5246 appendix E.2 (the ClientHello of SSL 2.0).
//!
//! A hello that is cut by a gap or by the end of the capture is a row without fingerprints.
//!
//! A conversation of another protocol that goes over to TLS (STARTTLS) is read from its hello on (`crate::recognise`).
//!
//! What QUIC and DTLS carry becomes rows here too (`super::quic`, `super::dtls`).
//!
//! Absent on purpose: certificates, decryption, JA4S (its method is not free to use).

mod entries;
mod fingerprint;
mod handshake;
mod hello;
mod pieces;
mod reader;
mod record;
mod suites;
#[cfg(test)]
mod tests;
mod weak;

pub(super) use entries::Entries;
pub(super) use fingerprint::Carrier;
pub(super) use handshake::{Handshake, Hello, HelloKind};
pub(super) use pieces::Pieces;

use reader::Reader;

use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};

const NAME: &str = "TLS";

/// Types of handshake messages.
pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;

/// TLS over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &[],
    probe: record::probe,
    from_server: record::from_server,
    dissector: |_| {
        Box::new(Tls {
            client: Reader::new(),
            server: Reader::new(),
            entries: Entries::new(Carrier::Tcp),
        })
    },
};

#[derive(Debug)]
struct Tls {
    client: Reader,
    server: Reader,
    entries: Entries,
}

impl Tls {
    fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }
}

impl Dissector for Tls {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut hellos = Vec::new();
        self.reader(half).read(&chunk, context, &mut hellos);
        for hello in &hellos {
            self.entries.append(half, hello, context);
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if let Some(hello) = self.reader(half).skip(missing_bytes) {
            self.entries.append(half, &hello, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(hello) = self.reader(half).cut() {
            self.entries.append(half, &hello, context);
        }
    }

    fn held_bytes(&self) -> usize {
        self.client.held_bytes().saturating_add(self.server.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.end(Half::Client, context);
        self.end(Half::Server, context);
    }
}
