//! The columns that the front-end treats in a way of its own, by the names that the schema declares.
//!
//! A test proves that each exists, so a renamed field is found here and nowhere else.

pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const PROTOCOL: &str = "protocol";
pub(crate) const CONN_ID: &str = "conn_id";
pub(crate) const FLOW_ID: &str = "flow_id";
pub(crate) const SRC_IP: &str = "src_ip";
pub(crate) const SRC_PORT: &str = "src_port";
pub(crate) const DST_IP: &str = "dst_ip";
pub(crate) const DST_PORT: &str = "dst_port";
pub(crate) const ELAPSED_TIME: &str = "elapsed_time";
pub(crate) const STATUS_CODE: &str = "status_code";
pub(crate) const SUMMARY: &str = "summary";
pub(crate) const REQUEST_PACKET: &str = "request_packet";
pub(crate) const RESPONSE_PACKET: &str = "response_packet";
pub(crate) const PACKET: &str = "packet";
pub(crate) const FLOW_STATE: &str = "flow_state";
pub(crate) const FLOW_CONNS: &str = "flow_conns";
pub(crate) const FLOW_ENTRIES: &str = "flow_entries";

/// Columns worth a place on screen when all rows are of one table, most telling first.
pub(crate) const MAIN: &[(&str, &[&str])] = &[
    (
        schema::tables::flows::TABLE.name,
        &[
            FLOW_STATE,
            FLOW_CONNS,
            FLOW_ENTRIES,
            "flow_l7_detected",
            "flow_local_bytes",
            "flow_remote_bytes",
            "flow_local_pkts",
            "flow_remote_pkts",
        ],
    ),
    (
        schema::tables::conns::TABLE.name,
        &[
            "conn_state",
            "conn_l7_detected",
            "conn_entries",
            "conn_local_bytes",
            "conn_remote_bytes",
            "conn_local_pkts",
            "conn_remote_pkts",
        ],
    ),
    (
        schema::tables::http::TABLE.name,
        &[
            "method",
            STATUS_CODE,
            "host",
            "url",
            "response_body_size",
            "content_type",
        ],
    ),
    (
        schema::tables::dns::TABLE.name,
        &["dns_question_types", "dns_questions", "dns_rcode", "dns_answers"],
    ),
    (
        schema::tables::tlsx::TABLE.name,
        &["tlsx_info", "tlsx_sni", "tlsx_alpn", "tlsx_summary", "tlsx_ja4"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn exists(table: &schema::Table, column: &str) -> bool {
        table.fields().any(|field| field.column == column)
    }

    #[test]
    fn every_name_is_a_column() {
        let common = [
            TIMESTAMP,
            PROTOCOL,
            CONN_ID,
            FLOW_ID,
            SRC_IP,
            SRC_PORT,
            DST_IP,
            DST_PORT,
            ELAPSED_TIME,
            STATUS_CODE,
            SUMMARY,
            REQUEST_PACKET,
            RESPONSE_PACKET,
        ];
        for table in schema::tables::in_kfl() {
            for column in common {
                assert!(exists(table, column), "{column} is no column of {}", table.name);
            }
        }
        assert!(exists(&schema::tables::packets::TABLE, PACKET));
        for (table, columns) in MAIN {
            let table = schema::tables::find(table).expect("the name comes from a table");
            for column in *columns {
                assert!(exists(table, column), "{column} is no column of {}", table.name);
            }
        }
    }
}
