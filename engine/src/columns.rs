//! The columns that the engine itself reads: the keys that join levels, and those of packets and captures.
//!
//! Every other column passes through the engine by its place in the schema. A test proves that these names are declared.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

pub(crate) const CONN_ID: &str = "conn_id";
pub(crate) const FLOW_ID: &str = "flow_id";
pub(crate) const CONN_GROUP_ID: &str = "conn_group_id";
pub(crate) const FLOW_GROUP_ID: &str = "flow_group_id";
pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const ID: &str = "id";
pub(crate) const INDEX: &str = "index";
pub(crate) const REQUEST_PACKET: &str = "request_packet";
pub(crate) const RESPONSE_PACKET: &str = "response_packet";

pub(crate) const PACKET: &str = "packet";
pub(crate) const INTERFACE: &str = "interface";
pub(crate) const LINK_TYPE: &str = "link_type";
pub(crate) const CAPTURED_LENGTH: &str = "captured_length";
pub(crate) const ORIGINAL_LENGTH: &str = "original_length";
pub(crate) const COMMENT: &str = "comment";
pub(crate) const DATA: &str = "data";

pub(crate) const CAPTURE_ID: &str = "capture_id";
pub(crate) const PACKETS: &str = "packets";
pub(crate) const NAME: &str = "name";
pub(crate) const INTERFACES: &str = "interfaces";
pub(crate) const COMMENTS: &str = "comments";
pub(crate) const SECRETS: &str = "secrets";
pub(crate) const DROPPED: &str = "dropped";

/// The columns of whose values each part's range is kept in the manifest: rows are looked up by them, and as they grow
/// with the capture, a range tells most parts from the one that is looked for.
pub(crate) const RANGED: [&str; 5] = [ID, PACKET, CONN_ID, FLOW_ID, TIMESTAMP];

/// A column as an expression.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

#[cfg(test)]
mod tests {
    use schema::Table;
    use schema::tables::{captures, conns, flows, packets};

    use super::*;

    #[test]
    fn every_name_is_declared_by_its_table() {
        let declared = |table: &Table, name: &str| {
            assert!(
                table.fields().any(|field| field.column == name),
                "{} has no column {name}",
                table.name
            );
        };
        let of_packets = [
            PACKET,
            TIMESTAMP,
            CONN_ID,
            FLOW_ID,
            INTERFACE,
            LINK_TYPE,
            CAPTURED_LENGTH,
            ORIGINAL_LENGTH,
            COMMENT,
            DATA,
        ];
        of_packets.iter().for_each(|name| declared(&packets::TABLE, name));
        [CAPTURE_ID, PACKETS, NAME, INTERFACES, COMMENTS, SECRETS, DROPPED]
            .iter()
            .for_each(|name| declared(&captures::TABLE, name));
        [ID, INDEX, CONN_ID, FLOW_ID, TIMESTAMP, CONN_GROUP_ID]
            .iter()
            .for_each(|name| declared(&conns::TABLE, name));
        declared(&flows::TABLE, FLOW_GROUP_ID);
    }
}
