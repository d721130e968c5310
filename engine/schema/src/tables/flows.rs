//! Flows: all traffic between two peers.

use super::common::{COMMON, Common, CommonBuilder};
use super::health::{HEALTH, Health, HealthBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One flow: all traffic of one transport between a client address and a server's address and port.
    "flows": Flow, flags { flow: "true", tcp_flow: "transport == 'tcp'", udp_flow: "transport == 'udp'", tls: "capture_source == 'ebpf_tls'" },
    groups {
        common: Common / CommonBuilder = COMMON,
        identity: Identity / IdentityBuilder = IDENTITY,
        health: Health / HealthBuilder = HEALTH,
    },
    FLOWS => struct Flow, FlowOwn, FlowBuilder, FlowOwnBuilder {
        /// "open" while a connection of the flow is open, "in_progress" if only mid-stream ones are, else "closed".
        flow_state "flow_state": Str;
        /// Packets from the local end, which is the client.
        flow_local_pkts "flow_local_pkts": Int;
        /// IP bytes from the local end, headers included.
        flow_local_bytes "flow_local_bytes" ["bytes"]: Int;
        /// Packets from the remote end, which is the server.
        flow_remote_pkts "flow_remote_pkts": Int;
        /// IP bytes from the remote end, headers included.
        flow_remote_bytes "flow_remote_bytes" ["bytes"]: Int;
        /// Packets per second from the local end over the flow's life.
        flow_local_pps "flow_local_pps" ["1/s"]: Int;
        /// Bytes per second from the local end over the flow's life.
        flow_local_bps "flow_local_bps" ["bytes/s"]: Int;
        /// Packets per second from the remote end over the flow's life.
        flow_remote_pps "flow_remote_pps" ["1/s"]: Int;
        /// Bytes per second from the remote end over the flow's life.
        flow_remote_bps "flow_remote_bps" ["bytes/s"]: Int;
        /// Protocols that dissectors found on the flow.
        flow_l7_detected "flow_l7_detected": Strs;
        /// Hash of the flow's key, the same on every machine and in every capture, 63 bits.
        flow_group_id "flow_group_id": Int;
        /// Connections of the flow.
        flow_conns "flow_conns": Int;
        /// Entries of the flow.
        flow_entries "flow_entries": Int;
        /// Median of the handshake times of the flow's connections; of many connections an estimate, which depends on the memory that an ingest may take. Null without a handshake.
        tcp_handshake_p50_us "tcp_handshake_p50_us" ["µs"]: Int;
        /// 90th percentile of the handshake times of the flow's connections, estimated as the median is. Null without a handshake.
        tcp_handshake_p90_us "tcp_handshake_p90_us" ["µs"]: Int;
        /// 99th percentile of the handshake times of the flow's connections, estimated as the median is. Null without a handshake.
        tcp_handshake_p99_us "tcp_handshake_p99_us" ["µs"]: Int;
        /// Capture time of the last packet, UTC.
        end_time "end_time": Time;
    }
}
