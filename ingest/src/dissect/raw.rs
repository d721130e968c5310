//! Payload that no dissector knew, if the user asks for it.
//!
//! In: the first bytes of the halves of a TCP connection, each datagram of a UDP connection. Out: at most one `tcp` row per half,
//! one `udp` row per datagram; of a TCP connection without payload that was reset or never answered, one `tcp` row that says so.
//! Limits: `body_bytes` of payload are kept of each.

use schema::tables::tcp::{RawTcp, RawTcpOwn};
use schema::tables::udp::{RawUdp, RawUdpOwn};

use super::{Chunk, Context, Entry, Half, Side, Start, number};

/// The first payload of the halves of a TCP connection, while nobody knows it.
#[derive(Debug, Default)]
pub(crate) struct FirstPayload {
    halves: [Option<Kept>; 2],
}

#[derive(Debug)]
struct Kept {
    /// True if what comes next does not follow.
    has_gap: bool,
    bytes: Vec<u8>,
    packet: u64,
    timestamp_ns: i64,
}

/// What went wrong with a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A side reset it.
    Reset(Half),
    /// Nobody answered its SYN.
    Unanswered,
}

impl Failure {
    fn kind(self) -> &'static str {
        match self {
            Failure::Reset(_) => "reset",
            Failure::Unanswered => "timeout",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Failure::Reset(Half::Client) => "the client reset the connection",
            Failure::Reset(Half::Server) => "the server reset the connection",
            Failure::Unanswered => "nobody answered the SYN",
        }
    }
}

/// Bytes of payload that a summary shows.
const SUMMARY_BYTES: usize = 48;
const TCP: &str = "TCP";
const UDP: &str = "UDP";
const HEADER_BYTES: u64 = 8;

impl FirstPayload {
    /// Keeps the beginning of a half.
    pub fn add(&mut self, half: Half, chunk: &Chunk<'_>, context: &Context<'_>) {
        let kept = self.half(half).get_or_insert_with(|| Kept {
            has_gap: false,
            bytes: Vec::new(),
            packet: chunk.packet,
            timestamp_ns: chunk.timestamp_ns,
        });
        if kept.has_gap {
            return;
        }
        let room = context.limits.body_bytes.saturating_sub(kept.bytes.len());
        kept.bytes
            .extend_from_slice(chunk.bytes.get(..room).unwrap_or(chunk.bytes));
    }

    /// Learns that bytes of a half will never come.
    pub fn gap(&mut self, half: Half) {
        if let Some(kept) = self.half(half) {
            kept.has_gap = true;
        }
    }

    /// Bytes kept.
    pub fn held_bytes(&self) -> usize {
        let halves = self.halves.iter().flatten();
        halves.map(|kept| kept.bytes.len()).fold(0, usize::saturating_add)
    }

    /// Makes a row of each half that sent something; if neither did and the connection failed, of the failure. Says whether there
    /// was one.
    pub fn append(mut self, failure: Option<Failure>, opening: Start, context: &mut Context<'_>) -> bool {
        let mut has_rows = false;
        for half in [Half::Client, Half::Server] {
            let Some(kept) = self.half(half).take() else { continue };
            let start = context.start(&Chunk {
                bytes: &kept.bytes,
                packet: kept.packet,
                timestamp_ns: kept.timestamp_ns,
            });
            append_tcp(half, start, &kept.bytes, failure, context);
            has_rows = true;
        }
        if !has_rows && failure.is_some() {
            append_tcp(Half::Client, opening, &[], failure, context);
            has_rows = true;
        }
        has_rows
    }

    fn half(&mut self, half: Half) -> &mut Option<Kept> {
        let [client, server] = &mut self.halves;
        match half {
            Half::Client => client,
            Half::Server => server,
        }
    }
}

fn append_tcp(half: Half, start: Start, payload: &[u8], failure: Option<Failure>, context: &mut Context<'_>) {
    let side = side(start, payload.len() as u64);
    let arrow = if half == Half::Client { "→" } else { "←" };
    let mut summary = match payload {
        [] => String::new(),
        payload => format!("{arrow} {}", preview(payload)),
    };
    if let Some(failure) = failure {
        let separator = if summary.is_empty() { "" } else { ", " };
        summary = format!("{summary}{separator}{}", failure.message());
    }
    let method = if payload.is_empty() { "connect" } else { "data" };
    let (common, identity) = context.common(Entry {
        method: Some(method),
        summary: &summary,
        ..entry(TCP, half, side)
    });
    context.tables.tcp.append(RawTcp {
        common,
        identity,
        own: RawTcpOwn {
            tcp_method: Some(method),
            tcp_payload: Some(payload).filter(|payload| !payload.is_empty()),
            tcp_error_type: failure.map(Failure::kind),
            tcp_error_message: failure.map(Failure::message),
        },
    });
}

/// Appends the row of a datagram that nobody knows. `length_bytes` is that of its payload on the wire.
pub(crate) fn append_datagram(
    half: Half,
    chunk: &Chunk<'_>,
    length_bytes: u32,
    checksum: u16,
    context: &mut Context<'_>,
) {
    let start = context.start(chunk);
    let length = u64::from(length_bytes).saturating_add(HEADER_BYTES);
    let payload = chunk.bytes.get(..context.limits.body_bytes).unwrap_or(chunk.bytes);
    let arrow = if half == Half::Client { "→" } else { "←" };
    let summary = format!("{arrow} {}", preview(payload));
    let (common, identity) = context.common(Entry {
        method: Some("datagram"),
        summary: &summary,
        ..entry(UDP, half, side(start, length))
    });
    context.tables.udp.append(RawUdp {
        common,
        identity,
        own: RawUdpOwn {
            udp_length: Some(number(length)),
            udp_checksum: Some(i64::from(checksum)),
            udp_payload: Some(payload).filter(|payload| !payload.is_empty()),
        },
    });
}

fn side(start: Start, bytes: u64) -> Side {
    let end_ns = start.timestamp_ns;
    Side { start, end_ns, bytes }
}

/// What the rows of both transports say: the ends are the connection's, the packet is its sender's.
fn entry(protocol: &'static str, half: Half, side: Side) -> Entry<'static> {
    match half {
        Half::Client => Entry::of(protocol, Half::Client, Some(side), None),
        Half::Server => Entry::of(protocol, Half::Client, None, Some(side)),
    }
}

/// The beginning of a payload as text; what is no letter is a dot.
fn preview(payload: &[u8]) -> String {
    let shown = payload.get(..SUMMARY_BYTES).unwrap_or(payload);
    let letter = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    let more = if shown.len() < payload.len() { "…" } else { "" };
    format!("{}{more}", shown.iter().map(letter).collect::<String>())
}
