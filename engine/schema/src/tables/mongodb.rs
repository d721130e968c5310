//! MongoDB commands.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One MongoDB command and its reply (MongoDB wire protocol).
    "mongodb": Entry, flags { mongodb: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    MONGODB => struct Mongodb, MongodbOwn, MongodbBuilder, MongodbOwnBuilder {
        /// Name of the command: "find", "insert".
        mongodb_command "mongodb_command": Str;
        /// Database that it is run on.
        mongodb_database "mongodb_database": Str;
        /// Collection that it is run on; null if it names none.
        mongodb_collection "mongodb_collection": Str;
        /// Kind of the message, under its compression: "OP_MSG", "OP_QUERY".
        mongodb_opcode "mongodb_opcode": Str;
        /// Size of the command; null if it was not seen.
        mongodb_request_size "mongodb_request_size" ["bytes"]: Int;
        /// Size of the reply; null if it was not seen.
        mongodb_response_size "mongodb_response_size" ["bytes"]: Int;
        /// Size of both.
        mongodb_total_size "mongodb_total_size" ["bytes"]: Int;
        /// True if the reply says that the command was done, a write for every document.
        mongodb_success "mongodb_success": Bool;
        /// Number of the error; null if there is none.
        mongodb_error_code "mongodb_error_code": Int;
        /// Sentence of the error; null if there is none.
        mongodb_error_message "mongodb_error_message": Str;
        /// Name of the error: "NamespaceNotFound"; null if there is none.
        mongodb_error_code_name "mongodb_error_code_name": Str;
    }
}
