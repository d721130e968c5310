//! Stage 6, the front: decides which dissector a connection's bytes go to, and feeds it.
//!
//! In: the bytes of both halves in order. Out: calls of one [`Dissector`]. Content decides, ports are a hint that a
//! dissector's own probe may take. Bytes that nobody knows are passed over; a protocol may begin behind them (after a proxy's
//! greeting, after STARTTLS), so the first [`CHUNKS`] segments of each half, or [`DATAGRAMS`] datagrams, are looked at. Then
//! the connection is left alone and its bytes cost nothing more.

use std::collections::BTreeSet;

use crate::dissect::{Chunk, Context, Dissector, Half, PROTOCOLS, Probe, Progress, Protocol, Transport, Verdict};

/// Segments of a half that are looked at.
const CHUNKS: u8 = 24;
/// Datagrams of a connection that are looked at.
const DATAGRAMS: u8 = 4;

/// How a connection's bytes are dissected.
#[derive(Debug)]
pub(crate) enum Dissection {
    /// Nobody knows them yet.
    Probing(Box<Probing>),
    /// A dissector takes them.
    Known(Box<dyn Dissector>),
    /// Nobody takes them any more.
    Left,
}

/// First bytes that wait for recognition.
#[derive(Debug, Default)]
pub(crate) struct Probing {
    waiting: Vec<Waiting>,
    /// Segments of each half that nobody knew.
    refused: [u8; 2],
    datagrams: u8,
}

#[derive(Debug)]
struct Waiting {
    half: Half,
    packet: u64,
    timestamp_ns: i64,
    bytes: Vec<u8>,
}

impl Default for Dissection {
    fn default() -> Self {
        Self::Probing(Box::default())
    }
}

/// Says whether the sender of these first bytes is the server, where a dissector can tell.
pub(crate) fn sender_is_server(
    transport: Transport,
    bytes: &[u8],
    source_port: u16,
    destination_port: u16,
) -> Option<bool> {
    if bytes.is_empty() {
        return None;
    }
    let registered = || PROTOCOLS.iter().filter(|protocol| protocol.transport == transport);
    if registered().any(|protocol| (protocol.from_server)(bytes)) {
        return Some(true);
    }
    let probe = Probe {
        bytes,
        half: Half::Client,
        src_port: source_port,
        dst_port: destination_port,
    };
    registered()
        .any(|protocol| (protocol.probe)(&probe) == Verdict::Certain)
        .then_some(false)
}

impl Dissection {
    /// Takes the next bytes of a half.
    pub(crate) fn data(
        &mut self,
        transport: Transport,
        half: Half,
        chunk: Chunk<'_>,
        detected: &mut BTreeSet<&'static str>,
        context: &mut Context<'_>,
    ) {
        if chunk.bytes.is_empty() {
            return;
        }
        if let Dissection::Probing(probing) = self {
            match probing.find(transport, half, &chunk, context) {
                Found::Protocol(protocol) => {
                    detected.insert(protocol.name);
                    let waiting = std::mem::take(&mut probing.waiting);
                    *self = Dissection::Known((protocol.dissector)(context.limits));
                    for early in &waiting {
                        let bytes = &early.bytes;
                        let early_chunk = Chunk {
                            bytes,
                            packet: early.packet,
                            timestamp_ns: early.timestamp_ns,
                        };
                        self.feed(early.half, early_chunk, context);
                    }
                }
                Found::Waiting => return,
                Found::Nobody => *self = Dissection::Left,
            }
        }
        self.feed(half, chunk, context);
    }

    fn feed(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) {
        if let Dissection::Known(dissector) = self {
            let progress = dissector.data(half, chunk, context);
            self.settle(progress, chunk.packet, context);
        }
    }

    /// Learns that bytes of a half will never come.
    pub(crate) fn gap(&mut self, half: Half, missing_bytes: u64, packet: u64, context: &mut Context<'_>) {
        match self {
            Dissection::Known(dissector) => {
                let progress = dissector.gap(half, missing_bytes, context);
                self.settle(progress, packet, context);
            }
            // What follows the gap is looked at as if the half began there.
            Dissection::Probing(probing) => probing.waiting.retain(|early| early.half != half),
            Dissection::Left => {}
        }
    }

    /// Learns that a half has ended.
    pub(crate) fn end(&mut self, half: Half, context: &mut Context<'_>) {
        if let Dissection::Known(dissector) = self {
            dissector.end(half, context);
        }
    }

    /// Bytes that wait here: for recognition, or in the dissector.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Dissection::Probing(probing) => probing.waiting.iter().map(|early| early.bytes.len()).sum(),
            Dissection::Known(dissector) => dissector.held_bytes(),
            Dissection::Left => 0,
        }
    }

    /// Learns that the connection is over; frees what the dissector holds.
    pub(crate) fn close(&mut self, context: &mut Context<'_>) {
        if let Dissection::Known(mut dissector) = std::mem::replace(self, Dissection::Left) {
            dissector.close(context);
        }
    }

    fn settle(&mut self, progress: Progress, packet: u64, context: &mut Context<'_>) {
        if let Progress::GiveUp(anomaly) = progress {
            context.anomalies.add(packet, anomaly);
            self.close(context);
        }
    }
}

enum Found {
    Protocol(&'static Protocol),
    Waiting,
    Nobody,
}

impl Probing {
    fn find(&mut self, transport: Transport, half: Half, chunk: &Chunk<'_>, context: &Context<'_>) -> Found {
        let slot = match half {
            Half::Client => 0,
            Half::Server => 1,
        };
        if self.refused[slot] >= CHUNKS {
            return Found::Waiting;
        }
        let early = self
            .waiting
            .iter()
            .filter(|early| early.half == half)
            .flat_map(|early| &early.bytes);
        let gathered: Vec<u8>;
        let bytes = if self.waiting.is_empty() {
            chunk.bytes
        } else {
            gathered = early.chain(chunk.bytes).copied().collect();
            &gathered
        };
        let link = context.link;
        let probe = |bytes| Probe {
            bytes,
            half,
            src_port: link.src_port,
            dst_port: link.dst_port,
        };
        let mut unsure = false;
        for protocol in PROTOCOLS.iter().filter(|protocol| protocol.transport == transport) {
            match (protocol.probe)(&probe(bytes)) {
                Verdict::Certain => return Found::Protocol(protocol),
                Verdict::Unsure => unsure = true,
                Verdict::No => {}
            }
            // What waits may be another protocol's, with this one behind it.
            if bytes.len() > chunk.bytes.len() && (protocol.probe)(&probe(chunk.bytes)) == Verdict::Certain {
                self.waiting.retain(|early| early.half != half);
                return Found::Protocol(protocol);
            }
        }
        if transport == Transport::Udp {
            self.datagrams = self.datagrams.saturating_add(1);
            return if self.datagrams < DATAGRAMS {
                Found::Waiting
            } else {
                Found::Nobody
            };
        }
        if unsure && bytes.len() < context.limits.probe_bytes {
            let (packet, timestamp_ns) = (chunk.packet, chunk.timestamp_ns);
            self.waiting.push(Waiting {
                half,
                packet,
                timestamp_ns,
                bytes: chunk.bytes.to_vec(),
            });
            return Found::Waiting;
        }
        self.refused[slot] = self.refused[slot].saturating_add(1);
        self.waiting.retain(|early| early.half != half);
        if self.refused.iter().all(|refused| *refused >= CHUNKS) {
            Found::Nobody
        } else {
            Found::Waiting
        }
    }
}
