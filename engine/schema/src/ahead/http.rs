//! GraphQL over HTTP.

use crate::declare::ahead;

ahead! {
    /// GraphQL operations over HTTP.
    "http": HTTP {
        /// Name of a GraphQL operation; null if the row is none or it has no name.
        gql_operation "gql_operation": Str;
        /// Document of a GraphQL operation; null if the row is none.
        gql_query "gql_query": Str;
    }
}
