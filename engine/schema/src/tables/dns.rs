//! DNS transactions.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One DNS query and the response that answered it, mDNS and LLMNR included (RFC 1035, RFC 6762, RFC 4795).
    "dns": Entry, flags { dns: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    DNS => struct Dns, DnsOwn, DnsBuilder, DnsOwnBuilder {
        /// Names asked for, without the final dot.
        dns_questions "dns_questions": Strs;
        /// Answers as text: the address of A and AAAA, the name of CNAME, NS and PTR, else the record's data (RFC 1035 §5.1).
        dns_answers "dns_answers": Strs;
        /// Types asked for: "A", "AAAA", "HTTPS"; "TYPE65280" where the registry has no name.
        dns_question_types "dns_question_types": Strs;
        /// True if the query was seen.
        dns_request "dns_request": Bool;
        /// True if the response was seen.
        dns_response "dns_response": Bool;
        /// Length of the query message; null if it was not seen.
        dns_request_length "dns_request_length" ["bytes"]: Int;
        /// Length of the response message; null if it was not seen.
        dns_response_length "dns_response_length" ["bytes"]: Int;
        /// Length of both messages.
        dns_total_size "dns_total_size" ["bytes"]: Int;
        /// Identifier of the message.
        dns_id "dns_id": Int;
        /// Name of the response code: "NOERROR", "NXDOMAIN"; null if no response was seen (RFC 1035 §4.1.1, RFC 6895).
        dns_rcode "dns_rcode": Str;
        /// Flags set in the response, else in the query: "AA", "TC", "RD", "RA", "AD", "CD".
        dns_flags "dns_flags": Strs;
    }
}
