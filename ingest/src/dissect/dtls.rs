//! DTLS handshakes, as far as they are readable: hellos.
//!
//! In: datagrams. Out: the `tlsx` rows of each ClientHello and ServerHello, as of TLS over TCP; a client that was asked for a cookie
//! says hello twice, and both are rows. Specification: RFC 9147 (1.3), RFC 6347 (1.2), RFC 4347 (1.0).
//!
//! A hello may lie in fragments over several records and datagrams. A hello that was sent again whole is one row: its message number
//! and its random are known. Limits: `handshake_bytes`. Absent on purpose: HelloVerifyRequest as a row, certificates, decryption, DTLS over
//! SCTP, and DTLS-SRTP behind the first datagrams of another protocol on the same ports.

mod record;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::tls::{CLIENT_HELLO, Carrier, Entries, Hello, HelloKind, Pieces, SERVER_HELLO};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Start, Transport};
use crate::Anomaly;
use record::{Fragment, Records, content};

const NAME: &str = "DTLS";

/// DTLS over UDP.
pub(super) const UDP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &[],
    probe: record::probe,
    from_server: record::from_server,
    dissector: |_| {
        Box::new(Dtls {
            entries: Entries::new(Carrier::Datagrams),
            client: Side::default(),
            server: Side::default(),
        })
    },
};

#[derive(Debug)]
struct Dtls {
    entries: Entries,
    client: Side,
    server: Side,
}

/// What one half says.
#[derive(Debug, Default)]
struct Side {
    /// The hello that is being collected.
    under_way: Option<UnderWay>,
    /// The last message whose hello is a row.
    told: Option<Told>,
}

/// What tells a hello that is sent again from that of another handshake.
#[derive(Debug)]
struct Told {
    kind: u8,
    number: u16,
    random: Vec<u8>,
}

/// Where the random stands in a hello.
const RANDOM: Range<usize> = 2..34;

impl Told {
    /// True if a fragment is one of this message; only the first holds the random, of the others it is believed.
    fn is_again(&self, fragment: &Fragment<'_>) -> bool {
        let has_other_random = || {
            let random = fragment.bytes.get(RANDOM);
            fragment.offset == 0 && random.is_some_and(|random| random != self.random)
        };
        (self.kind, self.number) == (fragment.kind, fragment.number) && !has_other_random()
    }
}

#[derive(Debug)]
struct UnderWay {
    kind: u8,
    number: u16,
    length: usize,
    pieces: Pieces,
    body: Vec<u8>,
    start: Start,
    end_ns: i64,
}

impl Dtls {
    fn side(&mut self, half: Half) -> &mut Side {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(hello) = self.side(half).under_way.take().filter(|hello| !hello.body.is_empty()) {
            self.entries.append(half, &hello.into(), context);
        }
    }

    fn take(&mut self, half: Half, fragment: &Fragment<'_>, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let is_hello = matches!(fragment.kind, CLIENT_HELLO | SERVER_HELLO);
        if !is_hello
            || self
                .side(half)
                .told
                .as_ref()
                .is_some_and(|told| told.is_again(fragment))
        {
            return;
        }
        if fragment.length > context.limits.handshake_bytes {
            let limit = "handshake_bytes";
            context
                .anomalies
                .add(chunk.packet, Anomaly::MessageLimit { protocol: NAME, limit });
            return;
        }
        let same = |hello: &UnderWay| {
            (hello.kind, hello.number, hello.length) == (fragment.kind, fragment.number, fragment.length)
        };
        if !self.side(half).under_way.as_ref().is_some_and(same) {
            self.cut(half, context);
        }
        let side = self.side(half);
        let hello = side.under_way.get_or_insert_with(|| UnderWay {
            kind: fragment.kind,
            number: fragment.number,
            length: fragment.length,
            pieces: Pieces::default(),
            body: Vec::new(),
            start: context.start(chunk),
            end_ns: chunk.timestamp_ns,
        });
        let next = hello
            .pieces
            .take(fragment.offset, fragment.bytes, chunk.packet, context);
        hello.body.extend_from_slice(&next);
        hello.end_ns = chunk.timestamp_ns;
        if hello.body.len() >= hello.length {
            side.told = Some(Told {
                kind: fragment.kind,
                number: fragment.number,
                random: hello.body.get(RANDOM).unwrap_or_default().to_vec(),
            });
            self.cut(half, context);
        }
    }
}

impl Dissector for Dtls {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        for record in Records(chunk.bytes) {
            if record.kind == content::HANDSHAKE && record.epoch == 0 {
                for fragment in record.fragments() {
                    self.take(half, &fragment, &chunk, context);
                }
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, _half: Half, _missing_bytes: u64, _context: &mut Context<'_>) -> Progress {
        Progress::Continue
    }

    fn end(&mut self, _half: Half, _context: &mut Context<'_>) {}

    fn held_bytes(&self) -> usize {
        let of = |side: &Side| {
            let hello = side.under_way.as_ref();
            hello.map_or(0, |hello| hello.body.len().saturating_add(hello.pieces.held_bytes()))
        };
        of(&self.client).saturating_add(of(&self.server))
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
    }
}

impl From<UnderWay> for Hello {
    fn from(hello: UnderWay) -> Self {
        Self {
            is_cut: hello.body.len() < hello.length,
            kind: match hello.kind {
                SERVER_HELLO => HelloKind::Server,
                _ => HelloKind::ClientDatagram,
            },
            body: hello.body,
            start: hello.start,
            end_ns: hello.end_ns,
        }
    }
}
