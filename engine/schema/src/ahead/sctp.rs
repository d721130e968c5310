//! SCTP chunks.

use crate::declare::ahead;

ahead! {
    /// One SCTP chunk (RFC 9260).
    "sctp": SCTP {
        /// Checksum of the packet that the chunk is in (RFC 9260 §3.1).
        sctp_checksum "sctp_checksum": Int;
        /// Length of the chunk.
        sctp_length "sctp_length" ["bytes"]: Int;
        /// Type of the chunk: "DATA", "INIT" (RFC 9260 §3.2).
        sctp_chunk_type "sctp_chunk_type": Str;
    }
}
