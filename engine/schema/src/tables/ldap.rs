//! LDAP operations.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One LDAP operation: its request and the results that answered it (RFC 4511).
    "ldap": Entry, flags { ldap: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    LDAP => struct Ldap, LdapOwn, LdapBuilder, LdapOwnBuilder {
        /// Operation, the request's if it was seen: "bindRequest", "searchResDone" (RFC 4511 §4.2).
        ldap_type "ldap_type": Str;
        /// One line that tells a person what the operation does.
        ldap_summary "ldap_summary": Str;
        /// True if the request was seen.
        ldap_request "ldap_request": Bool;
        /// True if the response was seen.
        ldap_response "ldap_response": Bool;
        /// Length of the request; null if it was not seen.
        ldap_request_length "ldap_request_length" ["bytes"]: Int;
        /// Length of the response; null if it was not seen.
        ldap_response_length "ldap_response_length" ["bytes"]: Int;
        /// Length of both.
        ldap_total_size "ldap_total_size" ["bytes"]: Int;
    }
}
