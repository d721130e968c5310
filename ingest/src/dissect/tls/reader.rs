//! Bytes of one half of TLS to hellos.
//!
//! After ChangeCipherSpec, handshake records may be encrypted, or not: TLS 1.3 sends it for show (RFC 8446 appendix D.4), and the second
//! ClientHello may follow. At the first record of application data the half is over: from there on it costs nothing.

use super::handshake::{Handshake, Hello, HelloKind};
use super::record::{Piece, Records, begins_record, content, hello};
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Start, Verdict};

/// The reader of one half.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    records: Records,
    handshake: Handshake,
    may_be_encrypted: bool,
    /// A ClientHello of SSL 2.0 that is being collected.
    v2: Vec<u8>,
    v2_start: Option<Start>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In step with the records.
    Following,
    /// Out of step, until a chunk begins with a hello.
    Lost,
    /// Nothing readable will come.
    Over,
}

impl Reader {
    /// Bytes held of hellos that are being collected.
    pub fn held_bytes(&self) -> usize {
        self.handshake.held_bytes().saturating_add(self.v2.len())
    }

    /// A reader at the beginning of a half.
    pub fn new() -> Self {
        Self {
            state: State::Following,
            records: Records::new(),
            handshake: Handshake::default(),
            may_be_encrypted: false,
            v2: Vec::new(),
            v2_start: None,
        }
    }

    /// Takes the bytes of a chunk; adds the hellos that end in it.
    pub fn read(&mut self, chunk: &Chunk<'_>, context: &mut Context<'_>, hellos: &mut Vec<Hello>) {
        let mut rest = chunk.bytes;
        if self.state == State::Lost && hello(rest) == Verdict::Certain {
            *self = Self {
                records: Records::resumed(),
                ..Self::new()
            };
        }
        if self.records.is_fresh() && rest.first().is_some_and(|byte| !begins_record(*byte)) {
            // The other half began with a hello; this one ends a conversation before TLS (STARTTLS).
            self.state = State::Lost;
        }
        while self.state == State::Following && !rest.is_empty() {
            let is_handshake = rest.first() == Some(&content::HANDSHAKE);
            if self.records.is_between() && self.handshake.is_between() && is_handshake && !self.may_be_encrypted {
                self.handshake.starts(context.start(chunk));
            }
            self.piece(&mut rest, chunk, context, hellos);
        }
    }

    fn piece(&mut self, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>, hellos: &mut Vec<Hello>) {
        match self.records.next(rest) {
            Piece::Header => {}
            Piece::Payload {
                kind: content::HANDSHAKE,
                record_bytes,
                is_first,
                bytes,
            } => {
                if is_first && self.may_be_encrypted {
                    self.handshake = Handshake::default();
                }
                let encrypted_bytes = self.may_be_encrypted.then_some(record_bytes);
                self.handshake.read(bytes, encrypted_bytes, chunk, context, hellos);
            }
            Piece::Payload {
                kind: content::APPLICATION_DATA,
                ..
            } => self.state = State::Over,
            Piece::Payload {
                kind: content::CHANGE_CIPHER_SPEC,
                ..
            } => self.may_be_encrypted = true,
            Piece::Payload { .. } => {}
            Piece::V2(bytes, is_last) => {
                let start = *self.v2_start.get_or_insert_with(|| context.start(chunk));
                self.v2.extend_from_slice(bytes);
                if is_last {
                    let body = std::mem::take(&mut self.v2);
                    hellos.push(Hello {
                        kind: HelloKind::ClientV2,
                        body,
                        start,
                        end_ns: chunk.timestamp_ns,
                        is_cut: false,
                    });
                }
            }
            Piece::Nonsense => {
                let reason = "expected the header of a record, found none where one should begin";
                context.anomalies.add(
                    chunk.packet,
                    Anomaly::Unparsable {
                        protocol: super::NAME,
                        reason,
                    },
                );
                self.state = State::Lost;
            }
        }
    }

    /// Learns that bytes will never come. Gives the hello that they cut.
    pub fn skip(&mut self, missing_bytes: u64) -> Option<Hello> {
        if self.state != State::Following {
            return None;
        }
        let cut = self.handshake.cut();
        let in_step = self.records.skip(missing_bytes);
        // The rest of the record can be jumped over, its messages not told apart.
        self.handshake = Handshake::default();
        self.may_be_encrypted |= in_step;
        self.v2 = Vec::new();
        if !in_step {
            self.state = State::Lost;
        }
        cut
    }

    /// Gives the hello that will not come whole.
    pub fn cut(&mut self) -> Option<Hello> {
        self.handshake.cut()
    }
}
