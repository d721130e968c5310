//! HTTP transactions.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One HTTP request and the response that answered it (RFC 9110).
    "http": Entry, flags { http: "true", http2: "http_version == 'HTTP/2'", grpc: "grpc_status != -1 || grpc_method != ''", gql: "gql_query != '' || gql_operation != ''", gqlv1: "http_version != 'HTTP/2' && (gql_query != '' || gql_operation != '')", gqlv2: "http_version == 'HTTP/2' && (gql_query != '' || gql_operation != '')", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    HTTP => struct Http, HttpOwn, HttpBuilder, HttpOwnBuilder {
        /// Request target as sent: path and query, or whatever form the client used (RFC 9112 §3.2, RFC 9113 §8.3.1).
        url "url": Str;
        /// Path of the request target, without the query.
        path "path": Str;
        /// Version: "HTTP/1.1" as sent (RFC 9112 §2.3), "HTTP/2".
        http_version "http_version": Str;
        /// Parameters of the query, percent-decoded; of a repeated name, values joined with ", ".
        query_string "query_string": Map;
        /// Request header fields, names in lower case, repeated values joined with ", "; then trailer fields; of HTTP/2 also pseudo-header fields (":scheme").
        request_headers "request.headers": Map;
        /// Response header fields, names in lower case, repeated values joined with ", "; then trailer fields; of HTTP/2 also pseudo-header fields (":status").
        response_headers "response.headers": Map;
        /// Cookies the client sent (RFC 6265 §4.2).
        request_cookies "request.cookies": Map;
        /// Cookies the server set, name and value alone (RFC 6265 §4.1).
        response_cookies "response.cookies": Map;
        /// Request line and header fields, with the empty line that ends them; of HTTP/2, the compressed header fields.
        request_headers_size "request_headers_size" ["bytes"]: Int;
        /// Request content as it travelled, chunk and frame headers excluded.
        request_body_size "request_body_size" ["bytes"]: Int;
        /// Status line and header fields, with the empty line that ends them; of HTTP/2, the compressed header fields.
        response_headers_size "response_headers_size" ["bytes"]: Int;
        /// Response content as it travelled, chunk and frame headers excluded.
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
        /// Method of a gRPC call, without the service; null if the row is no gRPC call or its path was not seen.
        grpc_method "grpc_method": Str;
        /// Service of a gRPC call, with its package: "greet.Greeter"; null if the row is no gRPC call or its path was not seen.
        grpc_service "grpc_service": Str;
        /// Status of a gRPC call (gRPC status codes); null if the row is no gRPC call or no status was seen.
        grpc_status "grpc_status": Int = default -1;
        /// Messages that the client sent in a gRPC call; null if the row is none or its request was not seen.
        grpc_request_messages "grpc_request_messages": Int;
        /// Messages that the server sent in a gRPC call; null if the row is none or its response was not seen.
        grpc_response_messages "grpc_response_messages": Int;
        /// Name of a GraphQL operation, of several joined with ", "; null if the row is none or it has no name.
        gql_operation "gql_operation": Str;
        /// Document of a GraphQL operation, of several joined with line ends; null if the row is none or only names one that the server keeps.
        gql_query "gql_query": Str;
        /// Message of the first error in the response to a GraphQL operation (GraphQL §7.1.2); null if there is none.
        gql_error "gql_error": Str;
    }
}
