//! Payloads of handshake records to hellos.
//!
//! Specification: RFC 8446 §4. A hello is collected, over as many records as it takes; any other message is jumped over.

use super::{CLIENT_HELLO, SERVER_HELLO};
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Start};

const HEADER_BYTES: usize = 4;

/// A hello that was collected, without the header of its message.
#[derive(Debug)]
pub(in crate::dissect) struct Hello {
    /// Which hello.
    pub kind: HelloKind,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Where it began.
    pub start: Start,
    /// Capture time of its last byte.
    pub end_ns: i64,
    /// True if its end is missing.
    pub is_cut: bool,
}

/// The kinds of hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) enum HelloKind {
    /// From a client.
    Client,
    /// From a client, in the format of SSL 2.0.
    ClientV2,
    /// From a client, in the format of DTLS.
    ClientDatagram,
    /// From a server, HelloRetryRequest included.
    Server,
}

/// Where in its handshake messages a half is.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Handshake {
    header: [u8; HEADER_BYTES],
    filled: usize,
    /// Bytes to come of a message that is no hello.
    skip_bytes: usize,
    /// The hello that is being collected, and how many bytes of it are to come.
    hello: Option<(Hello, usize)>,
    start: Option<Start>,
}

impl Handshake {
    /// Bytes held of a hello that is being collected.
    pub fn held_bytes(&self) -> usize {
        self.hello.as_ref().map_or(0, |(hello, _)| hello.body.len())
    }

    /// True if the next byte begins a message.
    pub fn is_between(&self) -> bool {
        self.filled == 0 && self.skip_bytes == 0 && self.hello.is_none()
    }

    /// Says where the message that the next record brings begins.
    pub fn starts(&mut self, start: Start) {
        self.start = Some(start);
    }

    /// Takes payload; adds the hellos that end in it. `encrypted_bytes` is the length of the record if its messages may be
    /// encrypted: then only a hello that fills it is believed.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        encrypted_bytes: Option<usize>,
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
        hellos: &mut Vec<Hello>,
    ) {
        while let Some((first, after)) = bytes.split_first() {
            if self.skip_bytes > 0 {
                let skipped = self.skip_bytes.min(bytes.len());
                self.skip_bytes = self.skip_bytes.saturating_sub(skipped);
                bytes = bytes.get(skipped..).unwrap_or_default();
            } else if let Some((hello, left)) = &mut self.hello {
                let (piece, after) = bytes.split_at_checked(*left).unwrap_or((bytes, &[]));
                hello.body.extend_from_slice(piece);
                hello.end_ns = chunk.timestamp_ns;
                *left = left.saturating_sub(piece.len());
                bytes = after;
                if *left == 0 {
                    hellos.extend(self.cut());
                }
            } else {
                if self.filled == 0 && matches!(*first, CLIENT_HELLO | SERVER_HELLO) && self.start.is_none() {
                    self.start = Some(context.start(chunk));
                }
                if let Some(place) = self.header.get_mut(self.filled) {
                    *place = *first;
                }
                self.filled = self.filled.saturating_add(1);
                bytes = after;
                if self.filled == HEADER_BYTES {
                    self.begin(encrypted_bytes, chunk, context);
                }
            }
        }
    }

    /// Gives the hello that is being collected as it is.
    pub fn cut(&mut self) -> Option<Hello> {
        let (hello, left) = self.hello.take()?;
        Some(Hello {
            is_cut: left > 0,
            ..hello
        })
    }

    fn begin(&mut self, encrypted_bytes: Option<usize>, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let [kind, length @ ..] = self.header;
        let length = length
            .into_iter()
            .fold(0_usize, |length, byte| length << 8 | usize::from(byte));
        self.filled = 0;
        let start = self.start.take();
        let kind = match kind {
            CLIENT_HELLO => Some(HelloKind::Client),
            SERVER_HELLO => Some(HelloKind::Server),
            _ => None,
        };
        let in_clear = encrypted_bytes.is_none_or(|bytes| length.checked_add(HEADER_BYTES) == Some(bytes));
        match (kind, start) {
            (Some(kind), Some(start)) if in_clear && length > 0 && length <= context.limits.handshake_bytes => {
                let hello = Hello {
                    kind,
                    body: Vec::new(),
                    start,
                    end_ns: chunk.timestamp_ns,
                    is_cut: false,
                };
                self.hello = Some((hello, length));
                return;
            }
            (Some(_), _) if in_clear && length > 0 => {
                let limit = Anomaly::MessageLimit {
                    protocol: super::NAME,
                    limit: "handshake_bytes",
                };
                context.anomalies.add(chunk.packet, limit);
            }
            _ => {}
        }
        self.skip_bytes = encrypted_bytes.map_or(length, |bytes| bytes.saturating_sub(HEADER_BYTES));
    }
}
