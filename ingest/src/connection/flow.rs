//! Flows: connections of one transport between a client and a server's port, added up.

use std::collections::BTreeSet;

use super::health::{Counts, RoundTrips};
use super::percentiles::Percentiles;
use super::{Connection, Endpoint, State, Tcp, Volume};
use crate::decode::{Address, Family};

/// What makes connections one flow; the client's port is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowKey {
    pub(crate) client: Address,
    pub(crate) server: Endpoint,
    pub(crate) protocol: u8,
    pub(crate) family: Family,
}

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) key: FlowKey,
    pub(crate) flow_id: u64,
    /// Tells it apart from others that begin in the same packet.
    pub(crate) place: u16,
    pub(crate) first_time_ns: i64,
    pub(crate) last_time_ns: i64,
    pub(crate) volumes: [Volume; 2],
    pub(crate) connections: u64,
    pub(crate) entries: u64,
    pub(crate) detected: BTreeSet<&'static str>,
    pub(crate) state: State,
    pub(crate) src_ip: String,
    pub(crate) dst_ip: String,
    pub(crate) vlan: Vec<i64>,
    pub(crate) has_pcap: bool,
    /// Connections that are still tracked: a flow outlives them all.
    pub(crate) tracked: u32,
    /// TCP health over its connections; `None` for other transports.
    pub(crate) health: Option<Box<FlowHealth>>,
}

/// TCP health over the connections of a flow.
#[derive(Debug, Default)]
pub(crate) struct FlowHealth {
    pub(crate) counts: Counts,
    pub(crate) round_trips: RoundTrips,
    pub(crate) completeness: u8,
    pub(crate) fin_count: u64,
    pub(crate) rst_count: u64,
    pub(crate) goodput_bytes: u64,
    pub(crate) window_scale: Option<u8>,
    pub(crate) initial_rtt: Mean,
    pub(crate) connection_time: Mean,
    pub(crate) time_to_first_byte: Mean,
    pub(crate) handshake: Mean,
    pub(crate) handshakes: Percentiles,
}

/// A mean of times, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mean {
    sum_ns: i64,
    count: i64,
}

impl Mean {
    fn add(&mut self, time_ns: Option<i64>) {
        if let Some(time_ns) = time_ns {
            self.sum_ns = self.sum_ns.saturating_add(time_ns);
            self.count = self.count.saturating_add(1);
        }
    }

    /// The mean; `None` of nothing.
    pub(crate) fn ns(self) -> Option<i64> {
        self.sum_ns.checked_div(self.count)
    }
}

impl FlowHealth {
    fn add(&mut self, connection: &Connection, tcp: &Tcp) {
        let health = &tcp.health;
        self.counts.add(&health.counts);
        self.round_trips.merge(&health.round_trips);
        self.completeness |= tcp.completeness();
        self.fin_count = self.fin_count.saturating_add(tcp.fin_count);
        self.rst_count = self.rst_count.saturating_add(tcp.rst_count);
        self.goodput_bytes = self.goodput_bytes.saturating_add(connection.goodput_bytes());
        self.window_scale = self.window_scale.max(health.window_scale());
        self.initial_rtt.add(health.initial_rtt_ns);
        self.connection_time.add(Some(connection.life_ns()));
        self.time_to_first_byte.add(health.time_to_first_byte_ns());
        self.handshake.add(tcp.handshake_ns);
        if let Some(handshake_ns) = tcp.handshake_ns {
            self.handshakes.add(handshake_ns);
        }
    }
}

impl Flow {
    /// Adds a connection that is over.
    pub(crate) fn add(&mut self, connection: &Connection, state: State) {
        self.tracked = self.tracked.saturating_sub(1);
        self.first_time_ns = self.first_time_ns.min(connection.first_time_ns);
        self.last_time_ns = self.last_time_ns.max(connection.last_time_ns);
        for (sum, volume) in self.volumes.iter_mut().zip(&connection.volumes) {
            sum.packets = sum.packets.saturating_add(volume.packets);
            sum.ip_bytes = sum.ip_bytes.saturating_add(volume.ip_bytes);
        }
        self.entries = self.entries.saturating_add(connection.entries);
        if let Some(tcp) = &connection.tcp {
            self.health.get_or_insert_default().add(connection, tcp);
        }
        self.detected.extend(&connection.detected);
        self.state = match (self.state, state) {
            (State::Open, _) | (_, State::Open) => State::Open,
            (State::InProgress, _) | (_, State::InProgress) => State::InProgress,
            (State::Closed, State::Closed) => State::Closed,
        };
    }
}
