//! SCTP chunks.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One SCTP chunk (RFC 9260).
    "sctp": Entry, flags { sctp: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    SCTP => struct Sctp, SctpOwn, SctpBuilder, SctpOwnBuilder {
        /// Checksum of the packet that the chunk is in (RFC 9260 §3.1).
        sctp_checksum "sctp_checksum": Int;
        /// Length of the chunk, its header included and its padding not (RFC 9260 §3.2).
        sctp_length "sctp_length" ["bytes"]: Int;
        /// Type of the chunk: "DATA", "INIT" (RFC 9260 §3.2); "type 200" where the registry has no name.
        sctp_chunk_type "sctp_chunk_type": Str;
    }
}
