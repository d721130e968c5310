//! Diameter transactions.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One Diameter request and its answer (RFC 6733); `status_code` is the Result-Code, or else the Experimental-Result-Code.
    "diameter": Entry, flags { diameter: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    DIAMETER => struct Diameter, DiameterOwn, DiameterBuilder, DiameterOwnBuilder {
        /// Command, the request's if it was seen: "Capabilities-Exchange" (RFC 6733 §3.1).
        diameter_method "diameter_method": Str;
        /// One line that tells a person what the command does.
        diameter_summary "diameter_summary": Str;
        /// True if the request was seen.
        diameter_request "diameter_request": Bool;
        /// True if the answer was seen.
        diameter_response "diameter_response": Bool;
        /// Length of the request; null if it was not seen.
        diameter_request_length "diameter_request_length" ["bytes"]: Int;
        /// Length of the answer; null if it was not seen.
        diameter_response_length "diameter_response_length" ["bytes"]: Int;
        /// Length of both.
        diameter_total_size "diameter_total_size" ["bytes"]: Int;
    }
}
