//! Raw TCP payload.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// TCP payload of a connection that no dissector knew.
    "tcp": Entry, flags { tcp: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    TCP => struct RawTcp, RawTcpOwn, RawTcpBuilder, RawTcpOwnBuilder {
        /// What the row is, as far as TCP alone tells.
        tcp_method "tcp_method": Str;
        /// Payload, cut at the limit.
        tcp_payload "tcp_payload": Bytes;
        /// Kind of what went wrong: "reset", "timeout"; null if nothing did.
        tcp_error_type "tcp_error_type": Str;
        /// Sentence on what went wrong; null if nothing did.
        tcp_error_message "tcp_error_message": Str;
    }
}
