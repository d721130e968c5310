//! Every bound of an ingest: unit, reason, default. Memory is bounded by these and not by the capture; [`Limits::within`] says how
//! a given memory is shared out.

use crate::route::SHARDS;

/// Bounds of an ingest. When one is hit the pipeline goes on and counts an [`crate::Anomaly`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one capture record; a longer one means that the file is damaged there. Far above any real packet
    /// (tcpdump's own maximum is 262144).
    pub packet_bytes: usize,
    /// Bytes of one pcapng block (secrets, name tables), and of all names and comments of a capture together.
    pub block_bytes: usize,
    /// Bytes of all decryption secrets that a capture brings along: a line of a TLS key log is about 200, a connection has
    /// up to five.
    pub secrets_bytes: usize,
    /// Interfaces of one capture, and comments on its sections and interfaces.
    pub interfaces: usize,
    /// Bytes of capture that one reading step takes; packets refer to it until they are stored.
    pub read_bytes: usize,
    /// Bytes of packets and their records after which the packets so far become one part.
    pub part_bytes: usize,
    /// Bytes of packets and their records after which shards hand over their finished rows.
    pub epoch_bytes: usize,
    /// Datagrams after which they do: each may make a connection and a flow, whose rows wait until then.
    pub epoch_datagrams: usize,
    /// Connections that one shard tracks at once; the ended are given up for new ones, then those
    /// that nobody answered, then the longest idle. Each takes about [`CONNECTION_BYTES`].
    pub connections_per_shard: usize,
    /// Flows that one shard tracks at once; the longest quiet are given up for new ones. Each takes about [`FLOW_BYTES`].
    pub flows_per_shard: usize,
    /// Out-of-order bytes held for one half of a connection until its hole fills.
    pub reassembly_bytes_per_half: usize,
    /// Out-of-order bytes held by one shard.
    pub reassembly_bytes_per_shard: usize,
    /// Segments of one half that wait for acknowledgment, to measure round trips.
    pub unacknowledged_segments_per_half: usize,
    /// Segments of one shard that do.
    pub unacknowledged_segments_per_shard: usize,
    /// Bytes of one shard's rows that are handed over at the end of an epoch; fewer wait for more.
    pub ripe_bytes_per_shard: usize,
    /// Bytes of rows that make a batch: of one shard, of a table, of packets.
    pub batch_bytes: usize,
    /// Bytes that the dissectors of one shard hold for messages that are not yet whole or not yet answered.
    pub dissect_bytes_per_shard: usize,
    /// Bytes of names that one shard found for addresses and has not handed over; beyond it a name is not learned.
    pub name_bytes_per_shard: usize,
    /// Bytes of names that are known of addresses; beyond it the addresses that were named the longest time ago are forgotten.
    pub name_bytes: usize,
    /// Bytes of IP fragments held for datagrams that are not yet whole.
    pub fragment_bytes: usize,
    /// Nanoseconds of capture time after which an idle TCP or SCTP connection counts as closed (Linux and RFC 5382 REQ-5 are near).
    pub tcp_idle_ns: i64,
    /// Nanoseconds of capture time after which an idle UDP or ICMP connection counts as closed.
    pub udp_idle_ns: i64,
    /// Nanoseconds of capture time after which an incomplete datagram's fragments are dropped (RFC 8200 §4.5).
    pub fragment_idle_ns: i64,
    /// Bytes of one message head (HTTP start line and header fields).
    pub head_bytes: usize,
    /// Bytes kept of one message body, after removal of its content coding.
    pub body_bytes: usize,
    /// Bytes that one compressed WebSocket message is inflated to, since later ones may refer to it; one that makes more is a
    /// bomb sooner than a message.
    pub inflated_bytes: usize,
    /// Bytes kept of one message of a protocol whose messages say their length; the rest is counted.
    pub message_bytes: usize,
    /// Bytes kept of a text that a row shows: a statement, a command.
    pub text_bytes: usize,
    /// Bytes of one handshake message of TLS.
    pub handshake_bytes: usize,
    /// Requests of one connection that wait for their response; beyond it the oldest becomes an entry without one.
    pub pending_requests: usize,
    /// Bytes of one connection's requests that wait for their response; beyond it the oldest becomes an entry without one.
    pub pending_bytes: usize,
    /// Bytes of prepared statements that are remembered of one connection; beyond it the oldest are forgotten.
    pub statement_bytes: usize,
    /// Bytes that one byte of compressed packets may become, over a connection; the rest counts as missing. Results rarely
    /// compress so well, a bomb of zlib reaches a thousand.
    pub inflate_ratio: u64,
    /// Questions, and answers, kept of one DNS message.
    pub dns_records: usize,
    /// Bytes of text kept of one DNS message's answers.
    pub dns_text_bytes: usize,
    /// Chunks of one SCTP packet that become rows. No more fit in one of IP; a record with offloaded segments may hold more.
    pub sctp_chunks: usize,
    /// Pieces of SCTP messages that wait for the rest of theirs, per half. A message of 64 KiB is about fifty.
    pub sctp_pieces: usize,
    /// Bytes of a half within which a dissector that is unsure must say what it is.
    pub probe_bytes: usize,
}

const MIB: usize = 1 << 20;
const SECOND_NS: i64 = 1_000_000_000;

/// What a program takes that ingests nothing to speak of: itself, its threads, and what waits between them.
pub const FIXED_BYTES: usize = 160 * MIB;
/// Memory that a tracked connection takes, about: itself, what its dissector begins with, and its share of the tables.
pub const CONNECTION_BYTES: usize = 2 << 10;
/// Memory that a tracked flow takes, about; one of many handshakes takes half of it again.
pub const FLOW_BYTES: usize = 1 << 10;

impl Limits {
    /// Memory that an ingest may take if nobody says otherwise.
    pub const MEMORY_BYTES: usize = 512 * MIB;
    /// The least memory that an ingest can do with.
    pub const LEAST_MEMORY_BYTES: usize = 256 * MIB;

    /// The bounds of an ingest that may take about so much memory in all, and no less than [`Limits::LEAST_MEMORY_BYTES`]. What is left
    /// beside [`FIXED_BYTES`], and a fifth of it that the allocator has in hand between uses, is shared out among them and files being
    /// written; no capture fills all shares at once.
    pub fn within(memory_bytes: usize) -> Self {
        let memory = (memory_bytes.max(Self::LEAST_MEMORY_BYTES) - FIXED_BYTES) / 5 * 4;
        let share = |of: usize| memory / of;
        let per_shard = |bytes: usize| bytes / SHARDS;
        Self {
            packet_bytes: share(16).min(16 * MIB),
            block_bytes: share(12).min(64 * MIB),
            secrets_bytes: share(24).min(32 * MIB),
            interfaces: 1 << 14,
            read_bytes: share(384).min(MIB),
            part_bytes: share(12),
            epoch_bytes: share(48),
            epoch_datagrams: share(1 << 15),
            connections_per_shard: per_shard(share(4)) / CONNECTION_BYTES,
            flows_per_shard: per_shard(share(6)) / FLOW_BYTES,
            reassembly_bytes_per_half: (2 * MIB).min(share(64)),
            reassembly_bytes_per_shard: per_shard(share(16)),
            unacknowledged_segments_per_half: 1 << 10,
            unacknowledged_segments_per_shard: per_shard(share(64)) / 16,
            ripe_bytes_per_shard: per_shard(share(32)),
            batch_bytes: share(128).min(256 * MIB),
            dissect_bytes_per_shard: per_shard(share(8)),
            name_bytes_per_shard: per_shard(share(16)),
            name_bytes: share(32),
            fragment_bytes: share(64),
            tcp_idle_ns: 1200 * SECOND_NS,
            udp_idle_ns: 60 * SECOND_NS,
            fragment_idle_ns: 60 * SECOND_NS,
            head_bytes: 64 << 10,
            body_bytes: 4 << 10,
            inflated_bytes: 4 * MIB,
            message_bytes: 16 << 10,
            text_bytes: 4 << 10,
            handshake_bytes: 64 << 10,
            pending_requests: 1024,
            pending_bytes: MIB.min(share(256)),
            statement_bytes: MIB.min(share(256)),
            inflate_ratio: 200,
            dns_records: 1024,
            dns_text_bytes: 64 << 10,
            sctp_chunks: 1 << 9,
            sctp_pieces: 1 << 8,
            probe_bytes: 64,
        }
    }
}

impl Limits {
    /// Keeps so many bytes of bodies and texts, and of messages what that takes. What waits for responses is bounded as before.
    pub fn with_texts(self, bytes: usize) -> Self {
        /// What a message has besides the text that a row shows, generously.
        const ROUND_BYTES: usize = 4 << 10;
        Self {
            body_bytes: bytes,
            text_bytes: bytes,
            message_bytes: self.message_bytes.max(bytes.saturating_add(ROUND_BYTES)),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::within(Self::MEMORY_BYTES)
    }
}
