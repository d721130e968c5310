//! Fields of every row that KFL ranges over: flows, connections, entries.

use crate::declare::fields;
use crate::table::Key;

impl CommonBuilder {
    /// What a row is sorted by.
    pub(crate) fn key(&self, row: usize) -> Key {
        let row = &self.rows[row];
        let value = Option::unwrap_or_default;
        (value(row.timestamp), value(row.id), value(row.index))
    }
}

fields! {
    /// What every row that KFL ranges over has.
    COMMON => struct Common, CommonBuilder {
        /// Number of the packet that holds the row's first byte; on flow and connection rows, of their first packet.
        id "id": Int;
        /// Tells apart the entries that begin in one packet; on flow and connection rows the place of the datagram in which they begin, 0 but in an
        /// 802.11 A-MSDU, of whose second datagram entries count from 65,536.
        index "index": Int;
        /// Name of the database the row comes from; null unless several are queried together.
        node_id "node_id": Str = absent;
        /// Start of the row: its first packet's capture time, UTC.
        timestamp "timestamp": Time;
        /// Protocol of the row: "HTTP", "DNS", "TLS"; on flow and connection rows the transport in capitals.
        protocol "protocol": Str;
        /// Transport: "tcp", "udp", "sctp", "icmp", "icmp6".
        transport "transport": Str;
        /// Number of the connection's first packet.
        conn_id "conn_id": Int;
        /// Number of the flow's first packet.
        flow_id "flow_id": Int;
        /// True if the packets of this row's connection are stored.
        has_pcap "has_pcap": Bool;
        /// Address of the client: who opened the connection, or asked.
        src_ip "src.ip" ["address"]: Str;
        /// Address of the server.
        dst_ip "dst.ip" ["address"]: Str;
        /// Port of the client; 0 on flow rows, which join all client ports, and of ICMP.
        src_port "src.port": Int;
        /// Port of the server; 0 of ICMP.
        dst_port "dst.port": Int;
        /// On entries, from the last byte of the request to the first of the response, null if either is missing; on connections and flows, the whole life.
        elapsed_time "elapsed_time" ["µs"]: Int;
        /// Outcome as the protocol numbers it: HTTP status, DNS rcode, code of an ICMP error or reply; null if none was seen.
        status_code "status_code": Int;
        /// What was asked for, in the protocol's own word: HTTP method, DNS operation, Redis command; null if no request was seen and on flow and connection rows.
        method "method": Str;
        /// One line that tells a person what the row is.
        summary "summary": Str;
        /// Name of the live stream the row comes from; null for capture files.
        stream "stream": Str = absent;
        /// Name of the live worker that captured the row; null for capture files.
        worker "worker": Str = absent;
        /// How the packets were captured: "unspecified", "af_packet", "ebpf", "ebpf_tls".
        capture_source "capture_source": Str = constant "unspecified";
        /// Backend of a live capture; null for capture files.
        capture_backend "capture_backend": Str = absent;
        /// Number of the capture source; null for capture files.
        capture_source_code "capture_source_code": Int = absent;
        /// Properties of a live capture; null for capture files.
        capture "capture": Map = absent;
        /// Community ID of the five-tuple, version 1, seed 0 (Corelight community-id-spec); null on flow rows.
        community_id "community_id": Str;
        /// VLAN identifiers around the row's first packet, outermost first; null if untagged (IEEE 802.1Q).
        vlan "vlan": Ints;
        /// Innermost encapsulation around the row's first packet ("vxlan", "gre", "mpls", …); null if it travelled bare.
        tunnel "tunnel": Str;
        /// Number of the packet that holds the request's first byte; null on flow and connection rows and if no request was seen.
        request_packet "request_packet": Int;
        /// Number of the packet that holds the response's first byte; null on flow and connection rows and if no response was seen.
        response_packet "response_packet": Int;
    }
}
