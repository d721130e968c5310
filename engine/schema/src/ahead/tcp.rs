//! Raw TCP payload.

use crate::declare::ahead;

ahead! {
    /// TCP payload of a connection that no dissector knew.
    "tcp": TCP {
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
