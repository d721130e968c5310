//! Stage 6, the front: decides which dissector a connection's bytes go to, and feeds it.
//!
//! In: the bytes of both halves in order. Out: calls of one [`Dissector`]. Content decides, ports are a hint that a
//! dissector's own probe may take. Bytes that nobody knows are passed over; a protocol may begin behind them (after a proxy's
//! greeting, after STARTTLS), so the first [`CHUNKS`] segments of each half, or [`DATAGRAMS`] datagrams or SCTP messages, are looked at. Then
//! the connection is left alone and its bytes cost nothing more.

use std::collections::BTreeSet;

use crate::dissect::raw::FirstPayload;
use crate::dissect::{
    Chunk, Context, Dissector, Half, Link, PROTOCOLS, Probe, Progress, Protocol, Successor, Transport, Verdict,
};

/// Segments of a half that are looked at.
const CHUNKS: u8 = 24;
/// Datagrams or SCTP messages of a connection that are looked at.
const DATAGRAMS: u8 = 4;

/// What a user says of recognition.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    /// Protocols of ports.
    pub ports: Ports,
    /// Whether payload that no dissector knew becomes `tcp` and `udp` rows.
    pub raw_entries: bool,
}

/// Says which protocol is spoken on a port, for what content cannot tell.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    said: Vec<(u16, &'static Protocol)>,
}

impl Ports {
    /// Says that a protocol, named as rows name it in any case, is spoken on a port, over every transport that it has.
    ///
    /// # Errors
    ///
    /// The names that there are, if this is none of them.
    pub fn say(&mut self, port: u16, name: &str) -> Result<(), Vec<&'static str>> {
        let named = |protocol: &&Protocol| protocol.name.eq_ignore_ascii_case(name);
        if !PROTOCOLS.iter().any(|protocol| named(&protocol)) {
            let names: BTreeSet<_> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
            return Err(names.into_iter().collect());
        }
        let spoken = PROTOCOLS.iter().filter(named);
        self.said.extend(spoken.map(|protocol| (port, protocol)));
        Ok(())
    }

    /// The protocol that is said of a connection's ports; of the server's before the client's.
    fn protocol(&self, transport: Transport, link: &Link) -> Option<&'static Protocol> {
        let of = |port: u16| {
            let mut said = self.said.iter().rev();
            said.find(|(known, protocol)| *known == port && protocol.transport == transport)
        };
        of(link.dst_port)
            .or_else(|| of(link.src_port))
            .map(|(_, protocol)| *protocol)
    }
}

/// How a connection's bytes are dissected.
#[derive(Debug)]
pub(crate) enum Dissection {
    /// Nobody knows them yet.
    Probing(Box<Probing>),
    /// A dissector takes them.
    Known(Box<dyn Dissector>),
    /// Nobody takes them any more; what `tcp` rows show of them, if the user asks for that.
    Left(Option<Box<FirstPayload>>),
}

/// First bytes that wait for recognition.
#[derive(Debug, Default)]
pub(crate) struct Probing {
    waiting: Vec<Waiting>,
    /// What `tcp` rows would show, if the user asks for them.
    first_payload: Option<Box<FirstPayload>>,
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
    let is_from_client = |protocol: &Protocol| {
        let verdict = (protocol.probe)(&Probe {
            bytes,
            half: Half::Client,
            src_port: source_port,
            dst_port: destination_port,
            is_hinted: is_usual(protocol, [source_port, destination_port]),
        });
        verdict == Verdict::Certain
    };
    registered().any(is_from_client).then_some(false)
}

/// True if one of these ports is one of the protocol's.
fn is_usual(protocol: &Protocol, ports: [u16; 2]) -> bool {
    ports.iter().any(|port| protocol.ports.contains(port))
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
        let mut chunk = chunk;
        while let Some(unread_bytes) = self.take(transport, half, chunk, detected, context) {
            let start = chunk.bytes.len().saturating_sub(unread_bytes);
            chunk.bytes = chunk.bytes.get(start..).unwrap_or_default();
        }
    }

    /// Takes bytes; gives how many at their end are another's now, who is in place for them.
    fn take(
        &mut self,
        transport: Transport,
        half: Half,
        chunk: Chunk<'_>,
        detected: &mut BTreeSet<&'static str>,
        context: &mut Context<'_>,
    ) -> Option<usize> {
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
                        self.data(transport, early.half, early_chunk, detected, context);
                    }
                }
                found => {
                    if transport == Transport::Tcp && context.recognition.raw_entries {
                        let kept = probing.first_payload.get_or_insert_default();
                        kept.add(half, &chunk, context);
                    }
                    if matches!(found, Found::Nobody) {
                        *self = Dissection::Left(probing.first_payload.take());
                    }
                    return None;
                }
            }
        }
        let dissector = match self {
            Dissection::Known(dissector) => dissector,
            // What waited ended the protocol's part: this chunk is recognised anew.
            Dissection::Probing(_) => return Some(chunk.bytes.len()),
            Dissection::Left(_) => return None,
        };
        let progress = dissector.data(half, chunk, context);
        let unread_bytes = self.settle(progress, chunk.packet, detected, context);
        // Whoever takes a connection over has taken bytes before: this ends.
        (1..chunk.bytes.len().max(1))
            .contains(&unread_bytes)
            .then_some(unread_bytes)
    }

    /// Learns that bytes of a half will never come.
    pub(crate) fn gap(
        &mut self,
        half: Half,
        missing_bytes: u64,
        packet: u64,
        detected: &mut BTreeSet<&'static str>,
        context: &mut Context<'_>,
    ) {
        match self {
            Dissection::Known(dissector) => {
                let progress = dissector.gap(half, missing_bytes, context);
                self.settle(progress, packet, detected, context);
            }
            // What follows the gap is looked at as if the half began there.
            Dissection::Probing(probing) => {
                probing.waiting.retain(|early| early.half != half);
                if let Some(kept) = &mut probing.first_payload {
                    kept.gap(half);
                }
            }
            Dissection::Left(_) => {}
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
            Dissection::Probing(probing) => {
                let waiting: usize = probing.waiting.iter().map(|early| early.bytes.len()).sum();
                let kept = probing.first_payload.as_ref();
                waiting.saturating_add(kept.map_or(0, |kept| kept.held_bytes()))
            }
            Dissection::Known(dissector) => dissector.held_bytes(),
            Dissection::Left(kept) => kept.as_ref().map_or(0, |kept| kept.held_bytes()),
        }
    }

    /// True if a dissector takes the bytes.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self, Dissection::Known(_))
    }

    /// Takes what `tcp` rows show of bytes that nobody knew; `None` if somebody did, or it was taken before.
    pub(crate) fn take_first_payload(&mut self) -> Option<Box<FirstPayload>> {
        match self {
            Dissection::Probing(probing) => Some(probing.first_payload.take().unwrap_or_default()),
            Dissection::Left(kept) => kept.take(),
            Dissection::Known(_) => None,
        }
    }

    /// Learns that the connection is over; frees what the dissector holds.
    pub(crate) fn close(&mut self, context: &mut Context<'_>) {
        if let Dissection::Known(mut dissector) = std::mem::replace(self, Dissection::Left(None)) {
            dissector.close(context);
        }
    }

    /// Does what a dissector says; gives how many bytes at the end of the chunk are for whoever is in its place.
    fn settle(
        &mut self,
        progress: Progress,
        packet: u64,
        detected: &mut BTreeSet<&'static str>,
        context: &mut Context<'_>,
    ) -> usize {
        match progress {
            Progress::Continue => 0,
            Progress::GiveUp(anomaly) => {
                context.anomalies.add(packet, anomaly);
                self.close(context);
                0
            }
            Progress::Become(Successor {
                name,
                dissector,
                unread_bytes,
            }) => {
                self.close(context);
                detected.insert(name);
                *self = Dissection::Known(dissector);
                unread_bytes
            }
            Progress::Restart { unread_bytes } => {
                self.close(context);
                *self = Dissection::default();
                unread_bytes
            }
        }
    }
}

enum Found {
    Protocol(&'static Protocol),
    Waiting,
    Nobody,
}

impl Probing {
    fn wait(&mut self, half: Half, chunk: &Chunk<'_>) {
        self.waiting.push(Waiting {
            half,
            packet: chunk.packet,
            timestamp_ns: chunk.timestamp_ns,
            bytes: chunk.bytes.to_vec(),
        });
    }

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
        let said = context.recognition.ports.protocol(transport, link);
        let probe = |protocol: &Protocol, bytes| {
            let is_said = said.is_some_and(|said| std::ptr::eq(said, protocol));
            (protocol.probe)(&Probe {
                bytes,
                half,
                src_port: link.src_port,
                dst_port: link.dst_port,
                is_hinted: is_said || is_usual(protocol, [link.src_port, link.dst_port]),
            })
        };
        let mut unsure = false;
        for protocol in PROTOCOLS.iter().filter(|protocol| protocol.transport == transport) {
            match probe(protocol, bytes) {
                Verdict::Certain => return Found::Protocol(protocol),
                Verdict::Unsure => unsure = true,
                Verdict::No => {}
            }
            // What waits may be another protocol's, with this one behind it.
            if bytes.len() > chunk.bytes.len() && probe(protocol, chunk.bytes) == Verdict::Certain {
                self.waiting.retain(|early| early.half != half);
                return Found::Protocol(protocol);
            }
        }
        // The user's word counts where content neither says so nor says anything else.
        if let Some(said) = said
            && probe(said, bytes) != Verdict::No
            && (!unsure || bytes.len() >= context.limits.probe_bytes)
        {
            return Found::Protocol(said);
        }
        if transport != Transport::Tcp {
            self.datagrams = self.datagrams.saturating_add(1);
            return if self.datagrams < DATAGRAMS {
                Found::Waiting
            } else {
                Found::Nobody
            };
        }
        if unsure && bytes.len() < context.limits.probe_bytes {
            self.wait(half, chunk);
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
