//! Stage 8 for connections and flows: what is known of them → rows. Total, cannot fail.

mod health;

use schema::tables::common::Common;
use schema::tables::conns::{Conn, ConnOwn};
use schema::tables::flows::{Flow as FlowRow, FlowOwn};
use schema::tables::identity::Identity;

use crate::Tables;
use crate::connection::{Connection, Endpoint, Flow, State, Volume, group_id};
use crate::decode::protocol;
use crate::dissect::Half;

const NS_PER_US: i64 = 1000;
const NS_PER_SECOND: u128 = 1_000_000_000;

/// The transport's name as columns show it: in `transport`, and in `protocol`.
pub(crate) fn transport_names(number: u8) -> (&'static str, &'static str) {
    match number {
        protocol::TCP => ("tcp", "TCP"),
        protocol::SCTP => ("sctp", "SCTP"),
        protocol::ICMP => ("icmp", "ICMP"),
        protocol::ICMP6 => ("icmp6", "ICMP"),
        _ => ("udp", "UDP"),
    }
}

/// A 64-bit count as the column's signed integer.
fn int(count: u64) -> Option<i64> {
    Some(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Appends the row of a connection that is over.
pub(crate) fn append_connection(tables: &mut Tables, connection: &Connection, state: State) {
    let link = &connection.link;
    let [local, remote] = connection.volumes;
    let detected: Vec<&str> = connection.detected.iter().copied().collect();
    let summary = summary(state, &detected, local, remote);
    tables.conns.append(Conn {
        common: Common {
            id: Some(link.conn_id),
            index: Some(i64::from(connection.place)),
            timestamp: Some(connection.first_time_ns),
            protocol: Some(transport_names(connection.key.protocol).1),
            transport: Some(link.transport),
            conn_id: Some(link.conn_id),
            flow_id: Some(link.flow_id),
            has_pcap: Some(link.has_pcap),
            src_ip: Some(&link.src_ip),
            dst_ip: Some(&link.dst_ip),
            src_port: Some(i64::from(link.src_port)),
            dst_port: Some(i64::from(link.dst_port)),
            elapsed_time: Some(connection.life_ns() / NS_PER_US),
            status_code: None,
            method: None,
            summary: Some(&summary),
            community_id: Some(&link.community_id),
            vlan: &link.vlan,
            tunnel: link.tunnel,
            request_packet: None,
            response_packet: None,
        },
        identity: Identity::LATER,
        health: health::of_connection(connection),
        own: ConnOwn {
            conn_state: Some(state.name()),
            conn_local_pkts: int(local.packets),
            conn_local_bytes: int(local.ip_bytes),
            conn_remote_pkts: int(remote.packets),
            conn_remote_bytes: int(remote.ip_bytes),
            conn_local_payload_bytes: int(connection.payload_bytes(Half::Client)),
            conn_remote_payload_bytes: int(connection.payload_bytes(Half::Server)),
            conn_l7_detected: &detected,
            conn_group_id: Some(group_id(
                connection.key.protocol,
                connection.key.family,
                [connection.key.low, connection.key.high],
            )),
            end_time: Some(connection.last_time_ns),
            conn_entries: int(connection.entries),
            conn_history: Some(connection.history.text()),
        },
    });
}

/// Appends the row of a flow.
pub(crate) fn append_flow(tables: &mut Tables, flow: &Flow) {
    let [local, remote] = flow.volumes;
    let life_ns = flow.last_time_ns.saturating_sub(flow.first_time_ns);
    let rate = |count: u64| {
        let life = u128::try_from(life_ns).ok().filter(|life| *life > 0)?;
        i64::try_from(u128::from(count).saturating_mul(NS_PER_SECOND).checked_div(life)?).ok()
    };
    let detected: Vec<&str> = flow.detected.iter().copied().collect();
    let handshakes = flow.health.as_ref().and_then(|health| health.handshakes.p50_p90_p99());
    let percentile = |at: usize| handshakes.and_then(|times| times.get(at).map(|ns| ns / NS_PER_US));
    let flow_id = int(flow.flow_id);
    let client = Endpoint {
        address: flow.key.client,
        port: 0,
    };
    let (transport, protocol) = transport_names(flow.key.protocol);
    let summary = summary(flow.state, &detected, local, remote);
    tables.flows.append(FlowRow {
        common: Common {
            id: flow_id,
            index: Some(i64::from(flow.place)),
            timestamp: Some(flow.first_time_ns),
            protocol: Some(protocol),
            transport: Some(transport),
            conn_id: None,
            flow_id,
            has_pcap: Some(flow.has_pcap),
            src_ip: Some(&flow.src_ip),
            dst_ip: Some(&flow.dst_ip),
            src_port: Some(0),
            dst_port: Some(i64::from(flow.key.server.port)),
            elapsed_time: Some(life_ns / NS_PER_US),
            status_code: None,
            method: None,
            summary: Some(&summary),
            community_id: None,
            vlan: &flow.vlan,
            tunnel: None,
            request_packet: None,
            response_packet: None,
        },
        identity: Identity::LATER,
        health: health::of_flow(flow.health.as_deref()),
        own: FlowOwn {
            flow_state: Some(flow.state.name()),
            flow_local_pkts: int(local.packets),
            flow_local_bytes: int(local.ip_bytes),
            flow_remote_pkts: int(remote.packets),
            flow_remote_bytes: int(remote.ip_bytes),
            flow_local_pps: rate(local.packets),
            flow_local_bps: rate(local.ip_bytes),
            flow_remote_pps: rate(remote.packets),
            flow_remote_bps: rate(remote.ip_bytes),
            flow_l7_detected: &detected,
            flow_group_id: Some(group_id(flow.key.protocol, flow.key.family, [client, flow.key.server])),
            flow_conns: int(flow.connections),
            flow_entries: int(flow.entries),
            tcp_handshake_p50_us: percentile(0),
            tcp_handshake_p90_us: percentile(1),
            tcp_handshake_p99_us: percentile(2),
            end_time: Some(flow.last_time_ns),
        },
    });
}

fn summary(state: State, detected: &[&str], local: Volume, remote: Volume) -> String {
    let packets = local.packets.saturating_add(remote.packets);
    let bytes = local.ip_bytes.saturating_add(remote.ip_bytes);
    let detected = if detected.is_empty() {
        String::new()
    } else {
        format!("{}, ", detected.join(" "))
    };
    format!("{detected}{}, {packets} packets, {bytes} bytes", state.name())
}
