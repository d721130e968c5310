//! Flows: connections of one transport between a client and a server's port, added up.

use std::collections::BTreeSet;

use super::{Connection, Endpoint, State, Volume};
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
        self.detected.extend(&connection.detected);
        self.state = match (self.state, state) {
            (State::Open, _) | (_, State::Open) => State::Open,
            (State::InProgress, _) | (_, State::InProgress) => State::InProgress,
            (State::Closed, State::Closed) => State::Closed,
        };
    }
}
