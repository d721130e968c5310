//! Raw UDP payload.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One UDP datagram that no dissector knew when it came.
    "udp": Entry, flags { udp: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    UDP => struct RawUdp, RawUdpOwn, RawUdpBuilder, RawUdpOwnBuilder {
        /// Length of the datagram, its header included (RFC 768).
        udp_length "udp_length" ["bytes"]: Int;
        /// Checksum of the datagram (RFC 768).
        udp_checksum "udp_checksum": Int;
        /// Payload, cut at the limit.
        udp_payload "udp_payload": Bytes;
    }
}
