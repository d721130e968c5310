//! Flags: KFL names that say of which kind a row is. They are constants of a table or conditions on its columns, never columns.

/// A flag of the language.
#[derive(Debug)]
pub struct Flag {
    /// The KFL name.
    pub name: &'static str,
    /// On which rows it is true.
    pub doc: &'static str,
}

const fn flag(name: &'static str, doc: &'static str) -> Flag {
    Flag { name, doc }
}

/// Every flag of KFL. One that no table declares is false on every row.
pub const FLAGS: &[Flag] = &[
    flag("flow", "True on flow rows."),
    flag("tcp_flow", "True on flow rows of TCP."),
    flag("udp_flow", "True on flow rows of UDP."),
    flag("conn", "True on connection rows."),
    flag("tcp_conn", "True on connection rows of TCP."),
    flag("udp_conn", "True on connection rows of UDP."),
    flag(
        "http",
        "True on HTTP entries of every version, gRPC and GraphQL over HTTP included.",
    ),
    flag("http2", "True on HTTP entries that travelled as HTTP/2."),
    flag("grpc", "True on HTTP entries that are gRPC calls."),
    flag("gql", "True on HTTP entries that are GraphQL operations."),
    flag("gqlv1", "True on GraphQL operations over HTTP/1."),
    flag("gqlv2", "True on GraphQL operations over HTTP/2."),
    flag("ws", "True on WebSocket message entries."),
    flag("dns", "True on DNS entries, mDNS and LLMNR included."),
    flag("tlsx", "True on TLS handshake entries."),
    flag(
        "tls",
        "True on rows that were captured inside TLS (capture_source is \"ebpf_tls\").",
    ),
    flag("tcp", "True on raw payload rows of TCP traffic that no dissector knew."),
    flag("udp", "True on raw payload rows of UDP traffic that no dissector knew."),
    flag("sctp", "True on SCTP chunk entries."),
    flag("icmp", "True on ICMP and ICMPv6 message entries."),
    flag("redis", "True on Redis entries."),
    flag("kafka", "True on Kafka entries."),
    flag("amqp", "True on AMQP 0-9-1 entries."),
    flag("mongodb", "True on MongoDB entries."),
    flag("mysql", "True on MySQL entries."),
    flag("postgresql", "True on PostgreSQL entries."),
    flag("ldap", "True on LDAP entries."),
    flag("radius", "True on RADIUS entries."),
    flag("diameter", "True on Diameter entries."),
];
