//! Raw UDP payload.

use crate::declare::ahead;

ahead! {
    /// One UDP datagram of traffic that no dissector knew.
    "udp": UDP {
        /// Length of the datagram, its header included (RFC 768).
        udp_length "udp_length" ["bytes"]: Int;
        /// Checksum of the datagram (RFC 768).
        udp_checksum "udp_checksum": Int;
        /// Payload, cut at the limit.
        udp_payload "udp_payload": Bytes;
    }
}
