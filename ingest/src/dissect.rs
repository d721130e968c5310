//! Bytes of a connection's halves to entries: the trait every dissector has, and the registry of them.
//!
//! A dissector is made when the first bytes of a connection are recognised, takes the bytes of both halves in order, pairs
//! requests with responses and appends rows. It is incremental: bytes are seen once, in whatever pieces they came.
//!
//! ICMP and SCTP are not in the registry: the IP header names them, so their packets come here without being recognised.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod amqp;
mod diameter;
mod dns;
mod dtls;
mod entry;
mod framed;
mod http;
mod http1;
mod http2;
pub(crate) mod icmp;
mod kafka;
mod ldap;
mod mongodb;
mod mysql;
mod pending;
mod postgresql;
mod printable;
mod proxy;
mod quic;
mod radius;
pub(crate) mod raw;
mod redis;
pub(crate) mod sctp;
mod statements;
#[cfg(test)]
mod testing;
mod tls;
mod ws;

use std::fmt;

pub(crate) use entry::Side;
pub use entry::{Counter, Entry, Start};
use entry::{elapsed_us, number, shorten, sizes};
use schema::tables::common::Common;
use schema::tables::identity::Identity;

use crate::recognise::Recognition;
use crate::{Anomalies, Anomaly, Limits, Tables};

/// A half of a connection: one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// From the client, which is `src`.
    Client,
    /// From the server, which is `dst`.
    Server,
}

impl Half {
    /// The other direction.
    pub fn other(self) -> Self {
        match self {
            Half::Client => Half::Server,
            Half::Server => Half::Client,
        }
    }
}

/// Contiguous bytes of one half that arrived in one packet. Over UDP: one datagram's payload; over SCTP: one user message.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Number of the packet they came in.
    pub packet: u64,
    /// Capture time of that packet.
    pub timestamp_ns: i64,
}

/// What a row says of its connection; made once per connection.
#[derive(Clone, Debug)]
pub struct Link {
    /// "tcp", "udp", "sctp", "icmp", "icmp6".
    pub transport: &'static str,
    /// Number of the connection's first packet.
    pub conn_id: i64,
    /// Number of the flow's first packet.
    pub flow_id: i64,
    /// Address of the client, as text.
    pub src_ip: String,
    /// Address of the server, as text.
    pub dst_ip: String,
    /// Port of the client.
    pub src_port: u16,
    /// Port of the server.
    pub dst_port: u16,
    /// Community ID.
    pub community_id: String,
    /// VLAN identifiers around the first packet, outermost first.
    pub vlan: Vec<i64>,
    /// Encapsulation around the first packet.
    pub tunnel: Option<&'static str>,
    /// True if the connection's packets are stored.
    pub has_pcap: bool,
}

/// What a dissector works with besides the bytes.
#[derive(Debug)]
pub struct Context<'a> {
    /// The connection.
    pub link: &'a Link,
    /// Where rows go.
    pub tables: &'a mut Tables,
    /// Where findings go.
    pub anomalies: &'a mut Anomalies,
    /// The bounds.
    pub limits: &'a Limits,
    /// What the user says of recognition.
    pub recognition: &'a Recognition,
    /// Counts messages and entries of the connection.
    pub counter: &'a mut Counter,
}

impl<'a> Context<'a> {
    /// Makes the fields that all entries share, and counts the entry.
    pub fn common<'r>(&mut self, entry: Entry<'r>) -> (Common<'r>, Identity<'r>)
    where
        'a: 'r,
    {
        self.counter.entries = self.counter.entries.saturating_add(1);
        let link = self.link;
        let (client, server) = (
            (link.src_ip.as_str(), link.src_port),
            (link.dst_ip.as_str(), link.dst_port),
        );
        let (src, dst) = match entry.client {
            Half::Client => (client, server),
            Half::Server => (server, client),
        };
        let common = Common {
            id: Some(number(entry.start.packet)),
            index: Some(i64::from(entry.start.index)),
            timestamp: Some(entry.start.timestamp_ns),
            protocol: Some(entry.protocol),
            transport: Some(link.transport),
            conn_id: Some(link.conn_id),
            flow_id: Some(link.flow_id),
            has_pcap: Some(link.has_pcap),
            src_ip: Some(src.0),
            dst_ip: Some(dst.0),
            src_port: Some(i64::from(src.1)),
            dst_port: Some(i64::from(dst.1)),
            elapsed_time: entry.elapsed_time_us,
            status_code: entry.status_code,
            method: entry.method,
            summary: Some(entry.summary),
            community_id: Some(&link.community_id),
            vlan: &link.vlan,
            tunnel: link.tunnel,
            request_packet: entry.request_packet.map(number),
            response_packet: entry.response_packet.map(number),
        };
        (common, Identity::LATER)
    }

    /// Marks the beginning of a message in a packet.
    pub fn start(&mut self, chunk: &Chunk<'_>) -> Start {
        let index = self.counter.begin(chunk.packet);
        Start {
            packet: chunk.packet,
            index,
            timestamp_ns: chunk.timestamp_ns,
        }
    }
}

/// How a dissector fares with a connection.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// It wants the next bytes.
    Continue,
    /// It cannot go on; the rest of the connection costs nothing.
    GiveUp(Anomaly),
    /// Its part is over, and what follows in both halves is another protocol's.
    Become(Successor),
    /// Its part is over, and what follows is recognised as if the connection began there.
    Restart {
        /// Bytes at the end of the chunk that it did not take.
        unread_bytes: usize,
    },
}

/// Who takes a connection over.
#[derive(Debug)]
pub struct Successor {
    /// The protocol's name, as `Protocol::name`.
    pub name: &'static str,
    /// Its dissector.
    pub dissector: Box<dyn Dissector>,
    /// Bytes at the end of the chunk that its predecessor did not take; 0 after a gap.
    pub unread_bytes: usize,
}

/// One connection's dissector.
pub trait Dissector: Send + fmt::Debug {
    /// Takes the next bytes of a half, in stream order; over UDP one datagram, over SCTP one user message. Never called with empty bytes.
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress;

    /// Learns that this many bytes of a half will never come, at least one (only called over TCP).
    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress;

    /// Learns that a half has ended (FIN).
    fn end(&mut self, half: Half, context: &mut Context<'_>);

    /// Bytes held for messages that are not yet whole or not yet answered, about; called after every packet.
    fn held_bytes(&self) -> usize;

    /// Learns that the connection is over, or the capture is: what waits for its other side becomes an entry now.
    fn close(&mut self, context: &mut Context<'_>);
}

/// What a protocol says of the first bytes of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is it.
    Certain,
    /// It could be; more bytes would tell. Never after `Limits::probe_bytes`.
    Unsure,
    /// It is not.
    No,
}

/// A transport, as recognition needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A byte stream.
    Tcp,
    /// Datagrams.
    Udp,
    /// User messages, each as if it were a datagram.
    Sctp,
}

/// First bytes of a half, for recognition.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The first bytes of the half (TCP), or the whole payload of a datagram (UDP) or user message (SCTP).
    pub bytes: &'a [u8],
    /// The half they came on; a mid-stream connection's halves may be the wrong way round.
    pub half: Half,
    /// Port of the client.
    pub src_port: u16,
    /// Port of the server.
    pub dst_port: u16,
    /// True if a port of the connection is one of the protocol's, or said to be by the user: what could be it, is.
    pub is_hinted: bool,
}

/// A protocol in the registry.
#[derive(Debug)]
pub struct Protocol {
    /// The name, as `protocol` and `conn_l7_detected` show it.
    pub name: &'static str,
    /// The transport this registration is for.
    pub transport: Transport,
    /// Ports on which it is usual (IANA, or custom): a hint for its probe.
    pub ports: &'static [u16],
    /// Recognises the first bytes by content, with ports as a hint only.
    pub probe: fn(&Probe<'_>) -> Verdict,
    /// Says that the sender of these first bytes is the server (a response is seen first); for mid-stream connections.
    pub from_server: fn(&[u8]) -> bool,
    /// Makes the dissector of one connection.
    pub dissector: fn(&Limits) -> Box<dyn Dissector>,
}

/// Every dissector, in the order in which they are asked: strict magic first. Each has one address, by which a user's word on a port knows it.
pub static PROTOCOLS: &[Protocol] = &[
    proxy::TCP,
    http1::TCP,
    http2::TCP,
    tls::TCP,
    mongodb::TCP,
    amqp::TCP,
    mysql::TCP,
    postgresql::TCP,
    ldap::TCP,
    diameter::TCP,
    radius::TCP,
    kafka::TCP,
    dns::TCP,
    redis::TCP,
    ws::TCP,
    quic::UDP,
    dtls::UDP,
    dns::UDP,
    radius::UDP,
    ldap::UDP,
    diameter::SCTP,
];
