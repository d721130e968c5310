//! TCP health: how well TCP works on a connection, and over the connections of a flow.

use crate::declare::fields;

fields! {
    /// TCP health of a connection, or over the connections of a flow; null unless TCP.
    HEALTH => struct Health, HealthBuilder {
        /// Segments sent again, fast and needless ones included (Wireshark tcp.analysis.retransmission); on flows the sum. Null unless TCP.
        retransmissions "retransmissions": Int;
        /// Retransmissions that repeated acknowledgments asked for (Wireshark tcp.analysis.fast_retransmission, RFC 5681 §3.2); on flows the sum. Null unless TCP.
        fast_retransmissions "fast_retransmissions": Int;
        /// Retransmissions as a share of the segments that can be sent again (with payload, SYN or FIN), 0 to 1. Null unless TCP.
        retransmission_rate "retransmission_rate": Double;
        /// Segments that announce a closed receive window (Wireshark tcp.analysis.zero_window); on flows the sum. Null unless TCP.
        zero_window_events "zero_window_events": Int;
        /// Segments that fill the other end's receive window (Wireshark tcp.analysis.window_full); on flows the sum. Null unless TCP.
        window_full_events "window_full_events": Int;
        /// Shift that scales the client's window; on flows the maximum (RFC 7323 §2). Null unless the option was seen.
        window_scale "window_scale": Int;
        /// Mean of the receive windows that the segments of both ends announce, scaled (Wireshark tcp.window_size). Null unless TCP.
        avg_receive_window "avg_receive_window" ["bytes"]: Int;
        /// Segments captured after later ones (Wireshark tcp.analysis.out_of_order); on flows the sum. Null unless TCP.
        out_of_order "out_of_order": Int;
        /// Acknowledgments that repeat the one before (Wireshark tcp.analysis.duplicate_ack, RFC 5681 §2); on flows the sum. Null unless TCP.
        dup_acks "dup_acks": Int;
        /// Segments before which others are missing, or come later (Wireshark tcp.analysis.lost_segment); on flows the sum. Null unless TCP.
        missing_segments "missing_segments": Int;
        /// Segments with the RST flag; on flows the sum. Null unless TCP.
        rst_count "rst_count": Int;
        /// Segments with the FIN flag; on flows the sum. Null unless TCP.
        fin_count "fin_count": Int;
        /// Keep-alive probes (Wireshark tcp.analysis.keep_alive, RFC 9293 §3.8.4); on flows the sum. Null unless TCP.
        keepalive_count "keepalive_count": Int;
        /// Which parts of a connection were seen: SYN 1 (as its first packet), SYN-ACK 2, ACK 4, DATA 8, FIN 16, RST 32 (Wireshark tcp.completeness); on flows what any connection shows. Null unless TCP.
        connection_completeness "connection_completeness": Int;
        /// Round trip as the handshake shows it: from the last SYN to the first acknowledgment after it (Wireshark tcp.analysis.initial_rtt); on flows the mean. Null unless it was seen.
        initial_rtt_us "initial_rtt_us" ["µs"]: Int;
        /// From the first SYN to the SYN-ACK's ACK; on flows the mean. Null unless all three were seen.
        handshake_time_us "handshake_time_us" ["µs"]: Int;
        /// From the first packet to the last; on flows the mean. Null unless TCP.
        connection_time_us "connection_time_us" ["µs"]: Int;
        /// From the client's first payload to the server's; on flows the mean. Null unless both were seen.
        time_to_first_byte_us "time_to_first_byte_us" ["µs"]: Int;
        /// Shortest round trip measured. Null without samples.
        rtt_min_us "rtt_min_us" ["µs"]: Int;
        /// Longest round trip measured. Null without samples.
        rtt_max_us "rtt_max_us" ["µs"]: Int;
        /// Mean of the round trips measured. Null without samples.
        rtt_avg_us "rtt_avg_us" ["µs"]: Int;
        /// Round trips measured: segments of either end and the acknowledgments of their last byte (Wireshark tcp.analysis.ack_rtt); on flows the sum. Null unless TCP.
        rtt_samples "rtt_samples": Int;
        /// Mean difference of successive round trips. Null without two samples.
        jitter_us "jitter_us" ["µs"]: Int;
        /// Payload in both directions, each byte once; on flows the sum. Null unless TCP.
        goodput_bytes "goodput_bytes" ["bytes"]: Int;
    }
}
