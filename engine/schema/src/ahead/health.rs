//! TCP health of connections and flows.

use crate::declare::ahead;

ahead! {
    /// How well TCP works: of a connection, and over the connections of a flow.
    "conns", "flows": HEALTH {
        /// Segments whose payload was sent before; on flows the sum. Null unless TCP.
        retransmissions "retransmissions": Int;
        /// Retransmissions that duplicate acknowledgments asked for; on flows the sum (RFC 5681 §3.2). Null unless TCP.
        fast_retransmissions "fast_retransmissions": Int;
        /// Retransmissions as a share of the segments with payload, 0 to 1. Null unless TCP.
        retransmission_rate "retransmission_rate": Double;
        /// Times that an end closed its receive window; on flows the sum. Null unless TCP.
        zero_window_events "zero_window_events": Int;
        /// Times that an end filled the other's receive window; on flows the sum. Null unless TCP.
        window_full_events "window_full_events": Int;
        /// Shift that scales the client's window; on flows the maximum (RFC 7323 §2). Null unless the option was seen.
        window_scale "window_scale": Int;
        /// Mean of the receive windows that the ends announced, scaled. Null unless TCP.
        avg_receive_window "avg_receive_window" ["bytes"]: Int;
        /// Segments that arrived after later ones; on flows the sum. Null unless TCP.
        out_of_order "out_of_order": Int;
        /// Acknowledgments that repeat the one before; on flows the sum (RFC 5681 §2). Null unless TCP.
        dup_acks "dup_acks": Int;
        /// Gaps that nothing filled: segments the capture missed; on flows the sum. Null unless TCP.
        missing_segments "missing_segments": Int;
        /// Keep-alive probes; on flows the sum (RFC 9293 §3.8.4). Null unless TCP.
        keepalive_count "keepalive_count": Int;
        /// Round trip as the handshake shows it; on flows the mean. Null unless it was seen.
        initial_rtt_us "initial_rtt_us" ["µs"]: Int;
        /// From the first packet to the last; on flows the mean.
        connection_time_us "connection_time_us" ["µs"]: Int;
        /// From the client's first payload to the server's; on flows the mean. Null unless both were seen.
        time_to_first_byte_us "time_to_first_byte_us" ["µs"]: Int;
        /// Shortest round trip measured. Null without samples.
        rtt_min_us "rtt_min_us" ["µs"]: Int;
        /// Longest round trip measured. Null without samples.
        rtt_max_us "rtt_max_us" ["µs"]: Int;
        /// Mean of the round trips measured. Null without samples.
        rtt_avg_us "rtt_avg_us" ["µs"]: Int;
        /// Round trips measured: segments and their acknowledgments, retransmissions left out (RFC 6298 §3); on flows the sum.
        rtt_samples "rtt_samples": Int;
        /// Mean difference of successive round trips. Null without samples.
        jitter_us "jitter_us" ["µs"]: Int;
        /// Payload delivered in both directions, each byte once; on flows the sum.
        goodput_bytes "goodput_bytes" ["bytes"]: Int;
    }
}
