//! Connections: one socket's life inside a flow.

use super::common::{COMMON, Common, CommonBuilder};
use super::health::{HEALTH, Health, HealthBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One connection: the five-tuple from open to close.
    "conns": Connection, flags { conn: "true", tcp_conn: "transport == 'tcp'", udp_conn: "transport == 'udp'", tls: "capture_source == 'ebpf_tls'" },
    groups {
        common: Common / CommonBuilder = COMMON,
        identity: Identity / IdentityBuilder = IDENTITY,
        health: Health / HealthBuilder = HEALTH,
    },
    CONNS => struct Conn, ConnOwn, ConnBuilder, ConnOwnBuilder {
        /// "closed": both FINs or a RST seen, of SCTP an ABORT or the end of the shutdown, idle past the timeout, or followed by another on the same five-tuple; "open": opening seen, not ended; "in_progress": picked up in mid-stream, not ended.
        conn_state "conn_state": Str;
        /// Packets from the local end, which is the client.
        conn_local_pkts "conn_local_pkts": Int;
        /// IP bytes from the local end, headers included (IPFIX octetDeltaCount).
        conn_local_bytes "conn_local_bytes" ["bytes"]: Int;
        /// Packets from the remote end, which is the server.
        conn_remote_pkts "conn_remote_pkts": Int;
        /// IP bytes from the remote end, headers included (IPFIX octetDeltaCount).
        conn_remote_bytes "conn_remote_bytes" ["bytes"]: Int;
        /// Transport payload from the local end, TCP retransmissions counted once; of SCTP user data alone, of ICMP what follows the first 8 bytes.
        conn_local_payload_bytes "conn_local_payload_bytes" ["bytes"]: Int;
        /// Transport payload from the remote end, TCP retransmissions counted once; of SCTP user data alone, of ICMP what follows the first 8 bytes.
        conn_remote_payload_bytes "conn_remote_payload_bytes" ["bytes"]: Int;
        /// Protocols that dissectors found on the connection.
        conn_l7_detected "conn_l7_detected": Strs;
        /// Hash of the conversation's key, the same on every machine and in every capture, 63 bits.
        conn_group_id "conn_group_id": Int;
        /// Capture time of the last packet, UTC.
        end_time "end_time": Time;
        /// Entries found on the connection.
        conn_entries "conn_entries": Int;
        /// What happened, a letter an event, upper case by the client: "ShADadFf" (the letters of Zeek's conn.log).
        conn_history "conn_history": Str;
    }
}
