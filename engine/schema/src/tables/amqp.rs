//! AMQP 0-9-1 methods.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One AMQP 0-9-1 method and the one that answered it.
    "amqp": Entry, flags { amqp: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    AMQP => struct Amqp, AmqpOwn, AmqpBuilder, AmqpOwnBuilder {
        /// Class and method: "basic.publish".
        amqp_method "amqp_method": Str;
        /// One line that tells a person what the method does.
        amqp_summary "amqp_summary": Str;
        /// True if the method was seen.
        amqp_request "amqp_request": Bool;
        /// True if the answer was seen.
        amqp_response "amqp_response": Bool;
        /// Length of the method's frames, those of its content too; null if it was not seen.
        amqp_request_length "amqp_request_length" ["bytes"]: Int;
        /// Length of the answer's frames, those of its content too; null if it was not seen.
        amqp_response_length "amqp_response_length" ["bytes"]: Int;
        /// Length of both.
        amqp_total_size "amqp_total_size" ["bytes"]: Int;
    }
}
