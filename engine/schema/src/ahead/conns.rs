//! What connections do not say yet.

use crate::declare::ahead;

ahead! {
    /// What connections do not say yet.
    "conns": CONNS {
        /// What happened, a letter an event, upper case by the client: "ShADadFf" (the letters of Zeek's conn.log).
        conn_history "conn_history": Str;
    }
}
