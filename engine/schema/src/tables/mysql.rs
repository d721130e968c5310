//! MySQL commands.

use super::common::{COMMON, Common, CommonBuilder};
use super::identity::{IDENTITY, Identity, IdentityBuilder};
use crate::declare::table;

table! {
    /// One MySQL command and its response (MySQL client/server protocol).
    "mysql": Entry, flags { mysql: "true", tls: "capture_source == 'ebpf_tls'" },
    groups { common: Common / CommonBuilder = COMMON, identity: Identity / IdentityBuilder = IDENTITY },
    MYSQL => struct Mysql, MysqlOwn, MysqlBuilder, MysqlOwnBuilder {
        /// Name of the command: "COM_QUERY", "COM_STMT_EXECUTE", or "LOGIN"; null if it was not seen.
        mysql_command "mysql_command": Str;
        /// Text of the statement on one line (line ends and tabs are blanks), cut at the limit; null if the command has none, as
        /// one that executes a prepared statement.
        mysql_query "mysql_query": Str;
        /// Database that the session uses; null if none was seen.
        mysql_database "mysql_database": Str;
        /// Number of the prepared statement; null if there is none.
        mysql_statement_id "mysql_statement_id": Int;
        /// Size of the command; null if it was not seen.
        mysql_request_size "mysql_request_size" ["bytes"]: Int;
        /// Size of the response; null if it was not seen.
        mysql_response_size "mysql_response_size" ["bytes"]: Int;
        /// Size of both.
        mysql_total_size "mysql_total_size" ["bytes"]: Int;
        /// True if the response is no error.
        mysql_success "mysql_success": Bool;
        /// Number of the error; null if there is none.
        mysql_error_code "mysql_error_code": Int;
        /// Sentence of the error; null if there is none.
        mysql_error_message "mysql_error_message": Str;
    }
}
