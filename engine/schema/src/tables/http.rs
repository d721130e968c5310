//! HTTP transactions.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One HTTP request and the response that answered it (RFC 9110).
    "http": Entry, flags { http: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    HTTP => struct Http, HttpOwn, HttpBuilder, HttpOwnBuilder {
        /// Request method; null if no request was seen (RFC 9110 §9).
        method "method": Str;
        /// Request target as sent: path and query, or whatever form the client used (RFC 9112 §3.2).
        url "url": Str;
        /// Path of the request target, without the query.
        path "path": Str;
        /// Version as sent: "HTTP/1.1" (RFC 9112 §2.3).
        http_version "http_version": Str;
        /// Parameters of the query, percent-decoded; of a repeated name, values joined with ", ".
        query_string "query_string": Map;
        /// Request header fields, names in lower case, repeated values joined with ", ".
        request_headers "request.headers": Map;
        /// Response header fields, names in lower case, repeated values joined with ", ".
        response_headers "response.headers": Map;
        /// Cookies the client sent (RFC 6265 §4.2).
        request_cookies "request.cookies": Map;
        /// Cookies the server set, name and value alone (RFC 6265 §4.1).
        response_cookies "response.cookies": Map;
        /// Request line and header fields, with the empty line that ends them.
        request_headers_size "request_headers_size" ["bytes"]: Int;
        /// Request content as it travelled, chunk framing excluded.
        request_body_size "request_body_size" ["bytes"]: Int;
        /// Status line and header fields, with the empty line that ends them.
        response_headers_size "response_headers_size" ["bytes"]: Int;
        /// Response content as it travelled, chunk framing excluded.
        response_body_size "response_body_size" ["bytes"]: Int;
        /// Request content, content coding removed, cut at the limit; null if empty.
        request_body "request_body": Bytes;
        /// Response content, content coding removed, cut at the limit; null if empty.
        response_body "response_body": Bytes;
        /// Host the client asked for (RFC 9110 §7.2).
        host "host": Str;
        /// The client's User-Agent (RFC 9110 §10.1.5).
        user_agent "user_agent": Str;
        /// Content-Type of the response, of the request if the response has none (RFC 9110 §8.3).
        content_type "content_type": Str;
    }
}
