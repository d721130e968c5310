//! Stages 4–8 of one shard: the packets of its address pairs → connections, entries, flows.
//!
//! A shard knows nothing of other shards: no locks. Which packets it gets depends on addresses alone, so its rows do not
//! depend on the number of threads. Limits: `connections_per_shard`, `flows_per_shard`, `reassembly_bytes_per_*`.

mod bounds;
mod errors;
mod feed;

use std::collections::HashMap;

use ahash::RandomState;
use slab::Slab;

use crate::connection::{
    Association, Connection, Endpoint, Event, Flow, FlowKey, History, Key, State, Volume, community_id,
    first_is_service, icmp_community_id, index, vlan_list,
};
use crate::decode::sctp::Opening;
use crate::decode::{Datagram, Transport, protocol};
use crate::dissect::icmp::{Placed as PlacedMessage, Queries};
use crate::dissect::{self, Chunk, Context, Counter, Half, Link, Start};
use crate::names::Naming;
use crate::reassemble::Origin;
use crate::recognise::{Dissection, Recognition, sender_is_server};
use crate::rows::{append_connection, append_flow, transport_names};
use crate::{Anomalies, Limits, Tables};

use feed::{Feed, sctp_messages, tcp_segment};

/// How long a connection that ended stays known, so that late acknowledgments are not taken for a new one.
const LINGER_NS: i64 = 120_000_000_000;

/// How much time of the capture passes between two searches for connections that have been over or idle for long.
const SWEEP_NS: i64 = 10_000_000_000;

/// Epochs after which rows are handed over however few they are, so that a table stays nearly sorted by time, and few names are told
/// of an address while rows of it wait.
const EPOCHS_WITH_ROWS: usize = 4;

/// Rows of connections and flows that a shard hands over at once at the end of the capture.
const FINISHED_ROWS: usize = 1 << 11;

/// The connection and the flow that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) packet: u64,
    pub(crate) conn_id: u64,
    pub(crate) flow_id: u64,
}

/// A packet on its way through a shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) number: u64,
    pub(crate) time_ns: i64,
    /// Number and capture time of the packet in which its datagram began: another, if it was made of fragments.
    pub(crate) began: (u64, i64),
    pub(crate) datagram: &'a Datagram,
    /// Payload of the IP datagram, as far as it was captured.
    pub(crate) payload: &'a [u8],
}

#[derive(Debug)]
struct Tracked {
    connection: Connection,
    dissection: Dissection,
    /// Of ICMP.
    queries: Queries,
    counter: Counter,
}

impl Tracked {
    /// Bytes held for messages that are not yet whole or not yet answered.
    fn held_bytes(&self) -> usize {
        let association = self.connection.sctp.as_ref().map_or(0, Association::held_bytes);
        let dissected = self.dissection.held_bytes().saturating_add(self.queries.held_bytes());
        dissected.saturating_add(association)
    }
}

/// One shard's state.
#[derive(Debug)]
pub(crate) struct Shard {
    limits: Limits,
    recognition: Recognition,
    has_pcap: bool,
    tracked: Slab<Tracked>,
    /// Where a five-tuple's connection is in `tracked`: the one hash per packet.
    by_key: HashMap<Key, usize, RandomState>,
    flows: HashMap<FlowKey, Flow, RandomState>,
    /// How many flows there are when the quiet ones are given up.
    flows_full: usize,
    /// At the end of the capture, the flows whose rows are still to be made.
    last_flows: Vec<Flow>,
    held_bytes: usize,
    /// Segments that wait for acknowledgment.
    unacknowledged: usize,
    tables: Tables,
    /// Epochs since rows were handed over.
    epochs_with_rows: usize,
    /// Time of the capture at the last sweep.
    swept_ns: i64,
    /// Rows that are finished and wait for the end of the epoch.
    finished: Vec<Tables>,
    /// Bytes that dissectors hold.
    dissected_bytes: usize,
    anomalies: Anomalies,
}

impl Shard {
    pub(crate) fn new(limits: &Limits, recognition: &Recognition, has_pcap: bool) -> Self {
        Self {
            limits: limits.clone(),
            recognition: recognition.clone(),
            has_pcap,
            tracked: Slab::new(),
            by_key: HashMap::default(),
            flows: HashMap::default(),
            flows_full: limits.flows_per_shard,
            last_flows: Vec::new(),
            held_bytes: 0,
            unacknowledged: 0,
            tables: Tables::default(),
            epochs_with_rows: 0,
            swept_ns: 0,
            finished: Vec::new(),
            dissected_bytes: 0,
            anomalies: Anomalies::default(),
        }
    }

    /// Takes a packet; says which connection and flow it belongs to.
    pub(crate) fn packet(&mut self, arrived: &Arrived<'_>) -> Option<Assigned> {
        let (transport, anomaly) = Transport::decode(arrived.datagram, arrived.payload);
        if let Some(anomaly) = anomaly {
            self.anomalies.add(arrived.number, anomaly);
        }
        let transport = transport?;
        if let Transport::Icmp(message) = &transport
            && let Some(assigned) = self.error(message, arrived)
        {
            return Some(assigned);
        }
        let (source_port, destination_port) = transport.ports();
        let source = Endpoint {
            address: arrived.datagram.source,
            port: source_port,
        };
        let destination = Endpoint {
            address: arrived.datagram.destination,
            port: destination_port,
        };
        let (protocol, family) = (arrived.datagram.protocol, arrived.datagram.family);
        let key = match &transport {
            Transport::Icmp(message) => Key::of_message(message, source.address, destination.address, protocol, family),
            _ => Key::new(source, destination, protocol, family),
        };
        let (body, body_original) = transport.body(arrived.datagram, arrived.payload);

        let mut slot = self.by_key.get(&key).copied();
        if let Some(known) = slot
            && self.is_over(known, source, &transport, arrived.time_ns)
        {
            if let Some(tracked) = self.tracked.get_mut(known) {
                tracked.connection.is_replaced = true;
            }
            self.close(known, arrived.time_ns);
            slot = None;
        }
        let slot = match slot {
            Some(slot) => slot,
            None => {
                self.make_room(arrived);
                self.open(key, source, destination, &transport, body, arrived)
            }
        };
        let tracked = self.tracked.get_mut(slot)?;
        let held_before = tracked.held_bytes();
        let connection = &mut tracked.connection;
        let half = connection.half(source);
        let volume = &mut connection.volumes[index(half)];
        volume.packets = volume.packets.saturating_add(u64::from(arrived.datagram.pieces));
        volume.ip_bytes = volume.ip_bytes.saturating_add(u64::from(arrived.datagram.ip_bytes));
        volume.payload_bytes = volume.payload_bytes.saturating_add(u64::from(body_original));
        connection.first_time_ns = connection.first_time_ns.min(arrived.began.1);
        connection.last_time_ns = connection.last_time_ns.max(arrived.time_ns);
        connection.last_packet = arrived.number;
        let assigned = Assigned {
            packet: arrived.number,
            conn_id: connection.link.conn_id as u64,
            flow_id: connection.link.flow_id as u64,
        };

        tracked.counter.begin_at(arrived.number, arrived.datagram.place);
        let mut feed = Feed {
            dissection: &mut tracked.dissection,
            detected: &mut connection.detected,
            history: &mut connection.history,
            context: Context {
                link: &connection.link,
                tables: &mut self.tables,
                anomalies: &mut self.anomalies,
                limits: &self.limits,
                recognition: &self.recognition,
                counter: &mut tracked.counter,
            },
            transport: dissect::Transport::Udp,
        };
        let origin = Origin {
            packet: arrived.number,
            timestamp_ns: arrived.time_ns,
        };
        let chunk = Chunk {
            bytes: body,
            packet: origin.packet,
            timestamp_ns: origin.timestamp_ns,
        };
        match (&transport, &mut connection.tcp) {
            (Transport::Tcp(segment), Some(tcp)) => {
                feed.transport = dissect::Transport::Tcp;
                let unacknowledged = &mut self.unacknowledged;
                tcp.note(
                    half,
                    segment,
                    arrived.time_ns,
                    feed.history,
                    unacknowledged,
                    &self.limits,
                );
                tcp_segment(tcp, half, segment, body, origin, &mut self.held_bytes, &mut feed);
            }
            (Transport::Sctp(packet), _) => {
                if packet.user_bytes > 0 {
                    feed.history.note(half, Event::Payload);
                }
                dissect::sctp::append_chunks(packet, half, &chunk, &mut feed.context);
                if let Some(association) = &mut connection.sctp {
                    association.note(half, packet);
                    feed.transport = dissect::Transport::Sctp;
                    sctp_messages(association.messages(half), half, body, origin, &mut feed);
                }
            }
            (Transport::Icmp(message), _) => {
                let placed = PlacedMessage {
                    half,
                    start: feed.context.start(&chunk),
                    message: *message,
                    length_bytes: arrived.datagram.payload_original,
                };
                tracked.queries.take(placed, body, &mut feed.context);
            }
            (transport, _) => {
                feed.history.note(half, Event::Payload);
                feed.bytes(half, body, origin);
                if let Transport::Udp { checksum, .. } = transport
                    && self.recognition.raw_entries
                    && !feed.dissection.is_known()
                {
                    dissect::raw::append_datagram(half, &chunk, body_original, *checksum, &mut feed.context);
                }
            }
        }
        let has_new_rows = connection.entries != tracked.counter.entries;
        connection.entries = tracked.counter.entries;
        let held_bytes = tracked.held_bytes();
        self.dissected_bytes = self
            .dissected_bytes
            .saturating_add(held_bytes)
            .saturating_sub(held_before);
        self.keep_dissected_small(arrived.number);
        if has_new_rows {
            self.keep_batches_small();
        }
        Some(assigned)
    }

    /// Closes connections that have been over or idle for long at this time of the capture, if the last search was long ago.
    pub(crate) fn sweep_sometimes(&mut self, now_ns: i64) {
        if now_ns.saturating_sub(self.swept_ns).saturating_abs() >= SWEEP_NS {
            self.swept_ns = now_ns;
            self.sweep(now_ns);
        }
    }

    /// Closes connections that have been over or idle for long at this time of the capture.
    fn sweep(&mut self, now_ns: i64) {
        let over = |connection: &Connection| {
            let quiet_ns = now_ns.saturating_sub(connection.last_time_ns);
            connection.is_ended() && quiet_ns > LINGER_NS || connection.is_idle(now_ns, &self.limits)
        };
        let over: Vec<usize> = self
            .tracked
            .iter()
            .filter(|(_, tracked)| over(&tracked.connection))
            .map(|(slot, _)| slot)
            .collect();
        for slot in over {
            self.close(slot, now_ns);
        }
    }

    /// Closes what is left at the end of the capture, some of it at each call so that few rows wait at once: first the connections,
    /// then the flows. Says whether there is more.
    pub(crate) fn finish_some(&mut self, now_ns: i64) -> bool {
        let slots: Vec<usize> = self.tracked.iter().map(|(slot, _)| slot).take(FINISHED_ROWS).collect();
        for slot in &slots {
            self.close(*slot, now_ns);
        }
        if slots.len() < FINISHED_ROWS && self.last_flows.is_empty() {
            // Flows that begin in one packet agree in all that rows are sorted by.
            self.last_flows = std::mem::take(&mut self.flows).into_values().collect();
            self.last_flows.sort_unstable_by_key(|flow| std::cmp::Reverse(flow.key));
        }
        for _ in slots.len()..FINISHED_ROWS {
            let Some(flow) = self.last_flows.pop() else {
                return false;
            };
            append_flow(&mut self.tables, &flow);
            self.keep_batches_small();
        }
        true
    }

    /// Takes what was found so far.
    pub(crate) fn take_anomalies(&mut self) -> Anomalies {
        std::mem::take(&mut self.anomalies)
    }

    /// Takes the rows that are finished, at the end of an epoch. A few are left to become more, because their builders cost as
    /// much as many rows; at the end of the capture they are taken too.
    pub(crate) fn take_rows(&mut self, at_end: bool) -> Vec<Tables> {
        self.epochs_with_rows += 1;
        let is_ripe = at_end
            || !self.finished.is_empty()
            || self.epochs_with_rows >= EPOCHS_WITH_ROWS
            || self.tables.bytes() >= self.limits.ripe_bytes_per_shard;
        if !is_ripe {
            return Vec::new();
        }
        self.epochs_with_rows = 0;
        self.seal_rows();
        std::mem::take(&mut self.finished)
    }

    /// Takes the names that were found for addresses.
    pub(crate) fn take_names(&mut self) -> Vec<Naming> {
        self.tables.names.take()
    }

    /// Seals the rows so far once they are many bytes: a builder holds less than 4 GiB of text.
    fn keep_batches_small(&mut self) {
        if self.tables.bytes() > self.limits.batch_bytes {
            self.seal_rows();
        }
    }

    fn seal_rows(&mut self) {
        if self.tables.rows() > 0 {
            self.finished.push(self.tables.take_rows());
        }
    }

    fn open(
        &mut self,
        key: Key,
        source: Endpoint,
        destination: Endpoint,
        transport: &Transport,
        body: &[u8],
        arrived: &Arrived<'_>,
    ) -> usize {
        let from_server = match transport {
            Transport::Tcp(segment) if segment.flags.syn() => segment.flags.ack(),
            Transport::Tcp(_) => sender_is_server(dissect::Transport::Tcp, body, source.port, destination.port)
                .or_else(|| first_is_service(source.port, destination.port))
                .unwrap_or(false),
            Transport::Udp { .. } => sender_is_server(dissect::Transport::Udp, body, source.port, destination.port)
                .unwrap_or_else(|| source.port < 1024 && first_is_service(source.port, destination.port) == Some(true)),
            Transport::Sctp(packet) => match packet.opening {
                Some(Opening::Init(_) | Opening::CookieEcho) => false,
                Some(Opening::InitAck(_) | Opening::CookieAck) => true,
                None => first_is_service(source.port, destination.port).unwrap_or(false),
            },
            Transport::Icmp(message) => message.query.is_some_and(|query| query.is_reply),
        };
        let (client, server) = if from_server {
            (destination, source)
        } else {
            (source, destination)
        };
        let (number, began_ns) = arrived.began;
        let family = key.family;
        let vlan = vlan_list(&arrived.datagram.vlans);
        let (src_ip, dst_ip) = (
            client.address.ip(family).to_string(),
            server.address.ip(family).to_string(),
        );
        let flow_key = FlowKey {
            client: client.address,
            server,
            protocol: key.protocol,
            family,
        };
        let flow = self.flows.entry(flow_key).or_insert_with(|| Flow {
            key: flow_key,
            flow_id: number,
            place: arrived.datagram.place,
            first_time_ns: began_ns,
            last_time_ns: arrived.time_ns,
            volumes: [Volume::default(); 2],
            connections: 0,
            entries: 0,
            detected: Default::default(),
            state: State::Closed,
            src_ip: src_ip.clone(),
            dst_ip: dst_ip.clone(),
            vlan: vlan.clone(),
            has_pcap: self.has_pcap,
            tracked: 0,
            health: None,
        });
        flow.connections = flow.connections.saturating_add(1);
        flow.tracked = flow.tracked.saturating_add(1);
        let link = Link {
            transport: transport_names(key.protocol).0,
            conn_id: i64::try_from(number).unwrap_or(i64::MAX),
            flow_id: i64::try_from(flow.flow_id).unwrap_or(i64::MAX),
            src_ip,
            dst_ip,
            src_port: client.port,
            dst_port: server.port,
            community_id: match transport {
                Transport::Icmp(message) => {
                    icmp_community_id(message, source.address, destination.address, key.protocol, family)
                }
                _ => community_id(&key),
            },
            vlan,
            tunnel: arrived.datagram.tunnel,
            has_pcap: self.has_pcap,
        };
        let mut history = History::default();
        if from_server {
            history.turned();
        }
        let connection = Connection {
            key,
            client,
            server,
            link,
            place: arrived.datagram.place,
            first_time_ns: began_ns,
            last_time_ns: arrived.time_ns,
            last_packet: arrived.number,
            volumes: [Volume::default(); 2],
            history,
            tcp: (key.protocol == protocol::TCP).then(Box::default),
            sctp: (key.protocol == protocol::SCTP).then(Association::default),
            is_replaced: false,
            detected: Default::default(),
            entries: 0,
        };
        let tracked = Tracked {
            connection,
            dissection: Dissection::default(),
            queries: Queries::default(),
            counter: Counter::default(),
        };
        let slot = self.tracked.insert(tracked);
        self.by_key.insert(key, slot);
        slot
    }

    /// True if a packet does not belong to the connection known under its five-tuple: that one is over.
    fn is_over(&self, slot: usize, source: Endpoint, transport: &Transport, time_ns: i64) -> bool {
        self.tracked.get(slot).is_some_and(|known| {
            let half = known.connection.half(source);
            let reopened = match (transport, &known.connection.tcp) {
                (Transport::Tcp(segment), Some(tcp)) => tcp.is_reopened_by(half, segment),
                (Transport::Sctp(packet), _) => {
                    let association = known.connection.sctp.as_ref();
                    association.is_some_and(|association| association.is_reopened_by(half, packet))
                }
                _ => false,
            };
            reopened || known.connection.is_idle(time_ns, &self.limits)
        })
    }

    /// Ends a connection: what waits in it is delivered, its row is written, its flow gets its share.
    fn close(&mut self, slot: usize, now_ns: i64) {
        let Some(mut tracked) = self.tracked.try_remove(slot) else {
            return;
        };
        let held_bytes = tracked.held_bytes();
        let connection = &mut tracked.connection;
        let key = connection.key;
        self.by_key.remove(&key);
        let mut feed = Feed {
            dissection: &mut tracked.dissection,
            detected: &mut connection.detected,
            history: &mut connection.history,
            context: Context {
                link: &connection.link,
                tables: &mut self.tables,
                anomalies: &mut self.anomalies,
                limits: &self.limits,
                recognition: &self.recognition,
                counter: &mut tracked.counter,
            },
            transport: dissect::Transport::Tcp,
        };
        self.dissected_bytes = self.dissected_bytes.saturating_sub(held_bytes);
        if let Some(tcp) = &mut connection.tcp {
            tcp.health.forget(&mut self.unacknowledged);
            for half in [Half::Client, Half::Server] {
                let assembler = &mut tcp.half_mut(half).assembler;
                self.held_bytes = self.held_bytes.saturating_sub(assembler.held_bytes());
                while let Some(piece) = assembler.drain() {
                    feed.piece(half, piece, connection.last_packet);
                }
            }
        }
        if let Some(tcp) = &connection.tcp
            && self.recognition.raw_entries
            && feed.detected.is_empty()
            && let Some(first_payload) = feed.dissection.take_first_payload()
        {
            let opening = Start {
                packet: connection.link.conn_id as u64,
                index: 0,
                timestamp_ns: connection.first_time_ns,
            };
            first_payload.append(tcp.failure(), opening, &mut feed.context);
        }
        feed.dissection.close(&mut feed.context);
        tracked.queries.finish(&mut feed.context);
        connection.entries = tracked.counter.entries;
        let state = connection.state(now_ns, &self.limits);
        append_connection(&mut self.tables, connection, state);
        let flow_key = FlowKey {
            client: connection.client.address,
            server: connection.server,
            protocol: key.protocol,
            family: key.family,
        };
        if let Some(flow) = self.flows.get_mut(&flow_key) {
            flow.add(connection, state);
        }
        self.keep_batches_small();
    }
}
