//! WebSocket messages.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One WebSocket message (RFC 6455).
    "ws": Entry, flags { ws: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    WS => struct Ws, WsOwn, WsBuilder, WsOwnBuilder {
        /// Kind of the message: "text", "binary", "close", "ping", "pong" (RFC 6455 §5.2).
        ws_opcode "ws_opcode": Str;
        /// True if the client sent it.
        ws_request "ws_request": Bool;
        /// True if the server sent it.
        ws_response "ws_response": Bool;
        /// Payload of the client's message as text, cut at the limit; null if the server sent it.
        ws_request_payload_data "ws_request_payload_data": Str;
        /// Payload of the client's message; null if the server sent it.
        ws_request_payload_length "ws_request_payload_length" ["bytes"]: Int;
        /// Payload of the server's message; null if the client sent it.
        ws_response_payload_length "ws_response_payload_length" ["bytes"]: Int;
    }
}
