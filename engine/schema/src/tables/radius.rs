//! RADIUS transactions.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One RADIUS request and its response (RFC 2865, RFC 2866, RFC 5176); `status_code` is the code of the response.
    "radius": Entry, flags { radius: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    RADIUS => struct Radius, RadiusOwn, RadiusBuilder, RadiusOwnBuilder {
        /// Code of the packet, the request's if it was seen: 1 is Access-Request (RFC 2865 §4).
        radius_code "radius_code": Int;
        /// Name of the code: "Access-Request".
        radius_code_name "radius_code_name": Str;
        /// Authenticator of the request, in hex; null if it was not seen.
        radius_request_authenticator "radius_request_authenticator": Str;
        /// True if the request was seen.
        radius_request "radius_request": Bool;
        /// True if the response was seen.
        radius_response "radius_response": Bool;
        /// Length of the request; null if it was not seen.
        radius_request_length "radius_request_length" ["bytes"]: Int;
        /// Length of the response; null if it was not seen.
        radius_response_length "radius_response_length" ["bytes"]: Int;
        /// Length of both.
        radius_total_size "radius_total_size" ["bytes"]: Int;
    }
}
