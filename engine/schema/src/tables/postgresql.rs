//! PostgreSQL commands.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One PostgreSQL command and its response (PostgreSQL frontend/backend protocol 3).
    "postgresql": Entry, flags { postgresql: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    POSTGRESQL => struct Postgresql, PostgresqlOwn, PostgresqlBuilder, PostgresqlOwnBuilder {
        /// What the client asked for: "Query", "Execute".
        postgresql_command "postgresql_command": Str;
        /// Text of the statement on one line (line ends and tabs are blanks), cut at the limit; null if none was seen.
        postgresql_query "postgresql_query": Str;
        /// Database that the session uses; null if its start was not seen.
        postgresql_database "postgresql_database": Str;
        /// User of the session; null if its start was not seen.
        postgresql_user "postgresql_user": Str;
        /// Size of the command; null if it was not seen.
        postgresql_request_size "postgresql_request_size" ["bytes"]: Int;
        /// Size of the response; null if it was not seen.
        postgresql_response_size "postgresql_response_size" ["bytes"]: Int;
        /// Size of both.
        postgresql_total_size "postgresql_total_size" ["bytes"]: Int;
        /// True if the response is no error.
        postgresql_success "postgresql_success": Bool;
        /// SQLSTATE of the error: "42P01"; null if there is none.
        postgresql_error_code "postgresql_error_code": Str;
        /// Sentence of the error; null if there is none.
        postgresql_error_message "postgresql_error_message": Str;
    }
}
