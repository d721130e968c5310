//! ICMP messages.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One ICMP or ICMPv6 message; a query with its reply, such as the two of an echo, is one row (RFC 792, RFC 4443).
    "icmp": Entry, flags { icmp: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    ICMP => struct Icmp, IcmpOwn, IcmpBuilder, IcmpOwnBuilder {
        /// Type of the message: "echo request", "destination unreachable"; of a query with its reply, the query's (IANA "ICMP Type Numbers", "ICMPv6 Parameters").
        icmp_type "icmp_type": Str;
        /// 4 for ICMP, 6 for ICMPv6.
        icmp_version "icmp_version": Int;
        /// Length of the message, its header included; of a query with its reply, the query's.
        icmp_length "icmp_length" ["bytes"]: Int;
    }
}
