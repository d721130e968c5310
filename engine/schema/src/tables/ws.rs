//! WebSocket messages.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One WebSocket message (RFC 6455).
    "ws": Entry, flags { ws: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    WS => struct Ws, WsOwn, WsBuilder, WsOwnBuilder {
        /// Kind of the message: "text", "binary", "close", "ping", "pong" (RFC 6455 §5.2); `status_code` is the code of a close.
        ws_opcode "ws_opcode": Str;
        /// True if the client sent it.
        ws_request "ws_request": Bool;
        /// True if the server sent it.
        ws_response "ws_response": Bool;
        /// Payload of the client's message as text, compression removed, cut at the limit; the reason of a close; null if the server sent it or if it is no text.
        ws_request_payload_data "ws_request_payload_data": Str;
        /// Payload of the server's message as text, compression removed, cut at the limit; the reason of a close; null if the client sent it or if it is no text.
        ws_response_payload_data "ws_response_payload_data": Str;
        /// Payload of the client's message as it travelled, frame headers excluded; null if the server sent it.
        ws_request_payload_length "ws_request_payload_length" ["bytes"]: Int;
        /// Payload of the server's message as it travelled, frame headers excluded; null if the client sent it.
        ws_response_payload_length "ws_response_payload_length" ["bytes"]: Int;
        /// Request target of the handshake, as sent; null if that was not seen.
        url "url": Str;
        /// Path of the handshake's request target, without the query.
        path "path": Str;
        /// HTTP version of the handshake.
        http_version "http_version": Str;
        /// Parameters of the handshake's query, percent-decoded.
        query_string "query_string": Map;
        /// Header fields of the handshake's request, names in lower case; those that fit in the limit.
        request_headers "request.headers": Map;
        /// Header fields of the handshake's response, names in lower case; those that fit in the limit.
        response_headers "response.headers": Map;
        /// Host the client asked for in the handshake.
        host "host": Str;
        /// The client's User-Agent in the handshake.
        user_agent "user_agent": Str;
    }
}
