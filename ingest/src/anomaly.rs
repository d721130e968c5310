//! What was wrong with the traffic or its capture: counted, stored with the capture, never an error.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// One finding, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// The file ends inside a record.
    CutFile {
        /// Where the incomplete record begins.
        offset: u64,
    },
    /// A record cannot be: nothing after it was read.
    BrokenRecord {
        /// Where the record begins.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A block of a pcapng file is whole and what stands in it is not: it was passed over.
    DamagedBlock {
        /// Where the block begins.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A compressed capture does not decompress from here on.
    BrokenCompression {
        /// Decompressed bytes before the damage.
        offset: u64,
    },
    /// A link type that is not decoded; the packet is stored as it is.
    UnknownLinkType(u32),
    /// A network protocol that is not decoded; the packet is stored as it is.
    UnknownEtherType(u16),
    /// A transport protocol that is not decoded; the packet is stored as it is.
    UnknownTransport(u8),
    /// A header is longer than what was captured of the packet.
    Truncated {
        /// The header's protocol.
        layer: &'static str,
        /// Bytes the header needs.
        needed_bytes: usize,
        /// Bytes there are.
        found_bytes: usize,
    },
    /// A header field contradicts the specification.
    Malformed {
        /// The header's protocol.
        layer: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A datagram's fragments never made a whole.
    IncompleteDatagram,
    /// Fragments were dropped because too many bytes of them waited.
    FragmentsDropped,
    /// A fragment overlaps others of its datagram; the first copy of a byte was kept.
    OverlappingFragments,
    /// What a protocol of the link layer or a tunnel says that it carries is not decoded; the packet is stored as it is.
    UnknownPayload {
        /// The protocol that carries it.
        layer: &'static str,
        /// The number that it gives.
        number: u32,
    },
    /// Bytes of a TCP half were never captured.
    Gap {
        /// How many.
        missing_bytes: u64,
    },
    /// Out-of-order bytes were given up because too many waited.
    ReassemblyLimit,
    /// A connection was given up because too many were tracked.
    ConnectionLimit,
    /// A flow was given up because too many were tracked.
    FlowLimit,
    /// Something that a capture file holds besides packets was not kept.
    CaptureLimit {
        /// What was given up.
        what: &'static str,
        /// The limit, by its name in `Limits`.
        limit: &'static str,
    },
    /// The name of an address was not learned, or was forgotten, because too many were known.
    NameLimit,
    /// A dissector could not go on with a connection.
    Unparsable {
        /// The dissector's protocol.
        protocol: &'static str,
        /// What it expected or found.
        reason: &'static str,
    },
    /// A limit cut a message, or gave up a request before its response.
    MessageLimit {
        /// The dissector's protocol.
        protocol: &'static str,
        /// The limit, by its name in `Limits`.
        limit: &'static str,
    },
}

impl Anomaly {
    /// The kind's name, as reports and the `captures` table show it. Kinds with different numbers count together.
    pub fn kind(&self) -> String {
        match self {
            Anomaly::CutFile { .. } => "cut_file".into(),
            Anomaly::BrokenRecord { .. } => "broken_record".into(),
            Anomaly::DamagedBlock { .. } => "damaged_block".into(),
            Anomaly::BrokenCompression { .. } => "broken_compression".into(),
            Anomaly::UnknownLinkType(number) => format!("unknown_link_type_{number}"),
            Anomaly::UnknownEtherType(number) => format!("unknown_ether_type_0x{number:04x}"),
            Anomaly::UnknownTransport(number) => format!("unknown_transport_{number}"),
            Anomaly::Truncated { layer, .. } => format!("truncated_{}", layer.to_ascii_lowercase()),
            Anomaly::Malformed { layer, .. } => format!("malformed_{}", layer.to_ascii_lowercase()),
            Anomaly::IncompleteDatagram => "incomplete_datagram".into(),
            Anomaly::FragmentsDropped => "fragments_dropped".into(),
            Anomaly::OverlappingFragments => "overlapping_fragments".into(),
            Anomaly::UnknownPayload { layer, number } => format!("unknown_{}_0x{number:x}", layer.to_ascii_lowercase()),
            Anomaly::Gap { .. } => "gap".into(),
            Anomaly::ReassemblyLimit => "reassembly_limit".into(),
            Anomaly::ConnectionLimit => "connection_limit".into(),
            Anomaly::FlowLimit => "flow_limit".into(),
            Anomaly::NameLimit => "name_limit".into(),
            Anomaly::Unparsable { protocol, .. } => format!("unparsable_{}", protocol.to_ascii_lowercase()),
            Anomaly::CaptureLimit { limit, .. } | Anomaly::MessageLimit { limit, .. } => format!("limit_{limit}"),
        }
    }
}

impl Anomaly {
    /// Equal for two anomalies if their [`Anomaly::kind`] is.
    fn key(&self) -> Key {
        match self {
            Anomaly::CutFile { .. } => (0, 0, ""),
            Anomaly::BrokenRecord { .. } => (1, 0, ""),
            Anomaly::BrokenCompression { .. } => (2, 0, ""),
            Anomaly::UnknownLinkType(number) => (3, *number, ""),
            Anomaly::UnknownEtherType(number) => (4, u32::from(*number), ""),
            Anomaly::UnknownTransport(number) => (5, u32::from(*number), ""),
            Anomaly::Truncated { layer, .. } => (6, 0, layer),
            Anomaly::Malformed { layer, .. } => (7, 0, layer),
            Anomaly::IncompleteDatagram => (8, 0, ""),
            Anomaly::FragmentsDropped => (9, 0, ""),
            Anomaly::Gap { .. } => (10, 0, ""),
            Anomaly::ReassemblyLimit => (11, 0, ""),
            Anomaly::ConnectionLimit => (12, 0, ""),
            Anomaly::FlowLimit => (13, 0, ""),
            Anomaly::Unparsable { protocol, .. } => (14, 0, protocol),
            Anomaly::CaptureLimit { limit, .. } | Anomaly::MessageLimit { limit, .. } => (15, 0, limit),
            Anomaly::DamagedBlock { .. } => (16, 0, ""),
            Anomaly::NameLimit => (17, 0, ""),
            Anomaly::OverlappingFragments => (18, 0, ""),
            Anomaly::UnknownPayload { layer, number } => (19, *number, layer),
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Anomaly::CutFile { offset } => write!(f, "the file ends inside the record that begins at byte {offset}"),
            Anomaly::BrokenRecord { offset, reason } => {
                write!(f, "the record at byte {offset} cannot be read: {reason}")
            }
            Anomaly::DamagedBlock { offset, reason } => {
                write!(f, "the block at byte {offset} was passed over: {reason}")
            }
            Anomaly::BrokenCompression { offset } => {
                write!(f, "the compressed data is damaged after {offset} decompressed bytes")
            }
            Anomaly::UnknownLinkType(number) => write!(f, "link type {number} is not decoded"),
            Anomaly::UnknownEtherType(number) => write!(f, "network protocol 0x{number:04x} is not decoded"),
            Anomaly::UnknownTransport(number) => write!(f, "IP protocol {number} is not decoded"),
            Anomaly::Truncated {
                layer,
                needed_bytes,
                found_bytes,
            } => {
                write!(f, "{layer} needs {needed_bytes} bytes, the packet holds {found_bytes}")
            }
            Anomaly::Malformed { layer, reason } => write!(f, "{layer}: {reason}"),
            Anomaly::IncompleteDatagram => f.write_str("fragments never made a whole datagram"),
            Anomaly::FragmentsDropped => f.write_str("fragments were dropped (limit fragment_bytes)"),
            Anomaly::OverlappingFragments => f.write_str("a fragment overlaps others of its datagram"),
            Anomaly::UnknownPayload { layer, number } => write!(f, "what {layer} numbers 0x{number:x} is not decoded"),
            Anomaly::Gap { missing_bytes } => write!(f, "{missing_bytes} bytes of a TCP stream were not captured"),
            Anomaly::ReassemblyLimit => f.write_str("out-of-order bytes were given up (limit reassembly_bytes)"),
            Anomaly::ConnectionLimit => f.write_str("a connection ended early, what came later is another: too many were tracked for the memory (limit connections_per_shard)"),
            Anomaly::FlowLimit => f.write_str("a flow ended early, what came later is another: too many were tracked for the memory (limit flows_per_shard)"),
            Anomaly::CaptureLimit { what, limit } => write!(f, "{what} was not kept (limit {limit})"),
            Anomaly::NameLimit => f.write_str("the name of an address was given up (limit name_bytes)"),
            Anomaly::Unparsable { protocol, reason } => write!(f, "{protocol}: {reason}"),
            Anomaly::MessageLimit { protocol, limit } => {
                write!(f, "what was held of a {protocol} connection was given up in part (limit {limit})")
            }
        }
    }
}

/// Anomalies counted by kind, each with its first example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    kinds: BTreeMap<Key, Finding>,
}

/// What tells a kind from others without making its name: variant, number, protocol or layer.
type Key = (u8, u32, &'static str);

/// How often a kind of anomaly was found, and the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// Number of the packet at which it was found first; 0 if it is the file's.
    pub first_packet: u64,
    /// The first one.
    pub first: Anomaly,
}

impl Anomalies {
    /// Counts one finding at a packet.
    pub fn add(&mut self, packet: u64, anomaly: Anomaly) {
        let key = anomaly.key();
        self.insert(
            key,
            Finding {
                count: 1,
                first_packet: packet,
                first: anomaly,
            },
        );
    }

    /// Adds the findings of another count; the result does not depend on the order.
    pub fn merge(&mut self, other: Anomalies) {
        for (key, finding) in other.kinds {
            self.insert(key, finding);
        }
    }

    fn insert(&mut self, key: Key, finding: Finding) {
        match self.kinds.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(finding);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.count = known.count.saturating_add(finding.count);
                if (finding.first_packet, &finding.first) < (known.first_packet, &known.first) {
                    known.first_packet = finding.first_packet;
                    known.first = finding.first;
                }
            }
        }
    }

    /// The kinds found, by name.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Finding)> {
        let mut kinds: Vec<_> = self
            .kinds
            .values()
            .map(|finding| (finding.first.kind(), finding))
            .collect();
        kinds.sort_by(|(first, _), (second, _)| first.cmp(second));
        kinds.into_iter()
    }

    /// True if nothing was found.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
}
