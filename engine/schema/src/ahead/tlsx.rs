//! What hellos do not say yet.

use crate::declare::ahead;

ahead! {
    /// What hellos do not say yet.
    "tlsx": TLSX {
        /// JA4S fingerprint of a ServerHello.
        tlsx_ja4s "tlsx_ja4s": Str;
        /// Which message of the handshake it is: "ClientHello", "ServerHello".
        tls_summary "tls_summary": Str;
        /// What the handshake agreed on: version and cipher suite.
        tls_info "tls_info": Str;
        /// Size of the client's message; null if it was not seen.
        tls_request_size "tls_request_size" ["bytes"]: Int;
        /// Size of the server's message; null if it was not seen.
        tls_response_size "tls_response_size" ["bytes"]: Int;
        /// Size of both.
        tls_total_size "tls_total_size" ["bytes"]: Int;
    }
}
