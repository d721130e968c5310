//! What flows do not say yet.

use crate::declare::ahead;

ahead! {
    /// What flows do not say yet.
    "flows": FLOWS {
        /// Median of the handshake times of the flow's connections. Null without a handshake.
        tcp_handshake_p50_us "tcp_handshake_p50_us" ["µs"]: Int;
        /// 90th percentile of the handshake times of the flow's connections. Null without a handshake.
        tcp_handshake_p90_us "tcp_handshake_p90_us" ["µs"]: Int;
        /// 99th percentile of the handshake times of the flow's connections. Null without a handshake.
        tcp_handshake_p99_us "tcp_handshake_p99_us" ["µs"]: Int;
    }
}
