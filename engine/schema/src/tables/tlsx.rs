//! TLS handshakes: hellos.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One TLS hello: ClientHello and ServerHello are rows of their own (RFC 8446 §4.1). Those of QUIC and DTLS count; `transport`
    /// tells them apart.
    "tlsx": Entry, flags { tlsx: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    TLSX => struct Tlsx, TlsxOwn, TlsxBuilder, TlsxOwnBuilder {
        /// Server name the client asks for; null if it sent none (RFC 6066 §3).
        tlsx_sni "tlsx_sni": Str;
        /// Application protocols, joined with ","; in a ServerHello the one it chose (RFC 7301).
        tlsx_alpn "tlsx_alpn": Str;
        /// One line that tells a person what the hello says.
        tlsx_summary "tlsx_summary": Str;
        /// "ClientHello" or "ServerHello".
        tlsx_info "tlsx_info": Str;
        /// Version number: the highest offered, or the one chosen: 771 is TLS 1.2, 772 TLS 1.3, 65277 DTLS 1.2.
        tlsx_version "tlsx_version": Int;
        /// Cipher suite chosen; null in a ClientHello.
        tlsx_cipher_suite "tlsx_cipher_suite": Int;
        /// Cipher suites offered, by their IANA names, "0x1a1a" where there is none.
        tlsx_cipher_suites "tlsx_cipher_suites": Strs;
        /// JA3 fingerprint of a ClientHello: MD5 in hex.
        tlsx_ja3 "tlsx_ja3": Str;
        /// JA3S fingerprint of a ServerHello: MD5 in hex.
        tlsx_ja3s "tlsx_ja3s": Str;
        /// JA4 fingerprint of a ClientHello.
        tlsx_ja4 "tlsx_ja4": Str;
        /// Weak settings offered or chosen: "sslv2", "sslv3", "tls1.0", "tls1.1", "dtls1.0", "rc4", "3des", "des", "rc2", "null",
        /// "export", "anon", "md5".
        tlsx_weak "tlsx_weak": Strs;
        /// JA4S fingerprint of a ServerHello; null, its method is not free to use (FoxIO License).
        tlsx_ja4s "tlsx_ja4s": Str = absent;
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
