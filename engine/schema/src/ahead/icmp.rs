//! ICMP messages.

use crate::declare::ahead;

ahead! {
    /// One ICMP or ICMPv6 message; an echo request with its reply (RFC 792, RFC 4443).
    "icmp": ICMP {
        /// Type of the message: "echo request", "destination unreachable".
        icmp_type "icmp_type": Str;
        /// 4 for ICMP, 6 for ICMPv6.
        icmp_version "icmp_version": Int;
        /// Length of the message.
        icmp_length "icmp_length" ["bytes"]: Int;
    }
}
