//! Redis commands.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One Redis command and its reply (RESP).
    "redis": Entry, flags { redis: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    REDIS => struct Redis, RedisOwn, RedisBuilder, RedisOwnBuilder {
        /// Verb of the command: "GET", "SET".
        redis_type "redis_type": Str;
        /// The command as a person types it, cut at the limit.
        redis_command "redis_command": Str;
        /// Key that the command names, cut at 64 bytes; null if it names none.
        redis_key "redis_key": Str;
        /// Size of the command; null if it was not seen.
        redis_request_size "redis_request_size" ["bytes"]: Int;
        /// Size of the reply; null if it was not seen.
        redis_response_size "redis_response_size" ["bytes"]: Int;
        /// Size of both.
        redis_total_size "redis_total_size" ["bytes"]: Int;
    }
}
