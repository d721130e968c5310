//! QUIC handshakes, as far as anyone can read them: the hellos in Initial packets.
//!
//! In: datagrams. Out: the `tlsx` rows of the ClientHello and the ServerHello, as of TLS over TCP. The keys of Initial packets follow from the
//! connection id that the client chose for its server, so that nothing secret is needed; what does not decrypt is no Initial
//! packet. Specification: RFC 9000 (v1), RFC 9001 §5, RFC 9369 (v2), RFC 9368 (a change of version), the drafts from the 23rd
//! on.
//!
//! A hello may lie in pieces over several packets, in any order. After a Retry, or a Version Negotiation, the keys follow from the new id. Once
//! both hellos are read, packets cost nothing but a look at their first byte: a new Initial packet of a client begins anew.
//!
//! Limits: `handshake_bytes`. Absent on purpose: everything behind the hellos (its keys are secret), connections that move to
//! another address or port.

mod frames;
mod initial;
mod keys;
mod packet;
#[cfg(test)]
mod tests;

use super::tls::{Carrier, Entries, Handshake, Hello, HelloKind, Pieces};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};
use initial::Initial;
use packet::{Kind, Packets};

/// QUIC.
pub(super) const UDP: Protocol = Protocol {
    name: "QUIC",
    transport: Transport::Udp,
    ports: &[443],
    probe: packet::probe,
    from_server: packet::from_server,
    dissector: |_| Box::new(Quic::new()),
};

#[derive(Debug)]
struct Quic {
    entries: Entries,
    /// What opens Initial packets, once one of the client's was opened.
    initial: Option<Initial>,
    client: Crypto,
    server: Crypto,
}

/// What one side says in its CRYPTO frames.
#[derive(Debug, Default)]
struct Crypto {
    pieces: Pieces,
    handshake: Handshake,
    /// The hello was read: nothing more is wanted.
    is_over: bool,
}

impl Quic {
    fn new() -> Self {
        Self {
            entries: Entries::new(Carrier::Quic),
            initial: None,
            client: Crypto::default(),
            server: Crypto::default(),
        }
    }

    fn crypto(&mut self, half: Half) -> &mut Crypto {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn is_over(&self) -> bool {
        self.client.is_over && self.server.is_over
    }

    /// Opens an Initial packet; gives its frames.
    fn open(&mut self, half: Half, packet: &packet::Packet<'_>, context: &mut Context<'_>) -> Option<Vec<u8>> {
        let known = self.initial.as_mut().and_then(|initial| initial.open(half, packet));
        if known.is_some() {
            return known;
        }
        // A client that begins, or begins again.
        let may_begin = self
            .initial
            .as_mut()
            .is_none_or(|initial| initial.may_begin_with(half, packet));
        let (initial, frames) = may_begin.then(|| Initial::begin(half, packet)).flatten()?;
        let goes_on = self
            .initial
            .as_ref()
            .is_some_and(|old| old.is_retried && old.client == half);
        if !goes_on {
            self.cut(context);
            self.entries = Entries::new(Carrier::Quic);
        }
        self.initial = Some(initial);
        Some(frames)
    }

    fn take(&mut self, half: Half, frames: &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let mut hellos: Vec<Hello> = Vec::new();
        for piece in frames::crypto(frames) {
            let crypto = self.crypto(half);
            if crypto.is_over {
                break;
            }
            let bytes = crypto.pieces.take(piece.offset, piece.bytes, chunk.packet, context);
            crypto.handshake.read(&bytes, None, chunk, context, &mut hellos);
            if !hellos.is_empty() {
                *crypto = Crypto {
                    is_over: true,
                    ..Crypto::default()
                };
            }
        }
        let said = self.initial.as_ref().map(|initial| initial.client);
        if self.is_over()
            && let Some(initial) = &mut self.initial
        {
            initial.forget();
        }
        for hello in hellos {
            // A client that answers itself, or the other way round, is somebody's invention.
            if (hello.kind == HelloKind::Client) == (said == Some(half)) {
                self.entries.append(half, &hello, context);
            }
        }
    }

    /// Makes rows of the hellos that will not come whole; forgets what was said.
    fn cut(&mut self, context: &mut Context<'_>) {
        for half in [Half::Client, Half::Server] {
            let mut crypto = std::mem::take(self.crypto(half));
            if let Some(hello) = crypto.handshake.cut() {
                self.entries.append(half, &hello, context);
            }
        }
    }
}

impl Dissector for Quic {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        for packet in Packets(chunk.bytes) {
            match packet.kind {
                Kind::Initial if !self.is_over() || packet.may_begin() => {
                    if let Some(frames) = self.open(half, &packet, context) {
                        self.take(half, &frames, &chunk, context);
                    }
                }
                // What the client says after it goes on where it was; after a Version Negotiation it is another connection.
                Kind::Retry => {
                    if let Some(initial) = &mut self.initial {
                        initial.is_retried |= initial.client != half;
                    }
                }
                _ => {}
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, _half: Half, _missing_bytes: u64, _context: &mut Context<'_>) -> Progress {
        Progress::Continue
    }

    fn end(&mut self, _half: Half, _context: &mut Context<'_>) {}

    fn held_bytes(&self) -> usize {
        let keys = self.initial.as_ref().map_or(0, Initial::held_bytes);
        let said = self.client.held_bytes().saturating_add(self.server.held_bytes());
        said.saturating_add(keys)
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(context);
    }
}

impl Crypto {
    fn held_bytes(&self) -> usize {
        self.pieces.held_bytes().saturating_add(self.handshake.held_bytes())
    }
}
