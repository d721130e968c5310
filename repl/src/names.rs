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
pub(crate) const METHOD: &str = "method";
pub(crate) const SUMMARY: &str = "summary";
pub(crate) const REQUEST_PACKET: &str = "request_packet";
pub(crate) const RESPONSE_PACKET: &str = "response_packet";
pub(crate) const PACKET: &str = "packet";
pub(crate) const FLOW_STATE: &str = "flow_state";
pub(crate) const FLOW_CONNS: &str = "flow_conns";
pub(crate) const FLOW_ENTRIES: &str = "flow_entries";

/// A column worth a place on screen when all rows are of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Main {
    /// Its head, shorter than its name.
    pub(crate) title: &'static str,
    pub(crate) column: &'static str,
    /// Columns of a higher rank give way first; see [`crate::render::choice`] for those of the columns that all rows have.
    pub(crate) rank: usize,
}

const fn main(title: &'static str, column: &'static str, rank: usize) -> Main {
    Main { title, column, rank }
}

/// The main columns of each table, in order of the screen.
pub(crate) const MAIN: &[(&str, &[Main])] = &[
    (
        schema::tables::flows::TABLE.name,
        &[
            main("state", FLOW_STATE, 3),
            main("l7", "flow_l7_detected", 6),
            main("conns", FLOW_CONNS, 4),
            main("entries", FLOW_ENTRIES, 5),
            main("bytes →", "flow_local_bytes", 8),
            main("bytes ←", "flow_remote_bytes", 8),
            main("packets →", "flow_local_pkts", 10),
            main("packets ←", "flow_remote_pkts", 10),
        ],
    ),
    (
        schema::tables::conns::TABLE.name,
        &[
            main("state", "conn_state", 3),
            main("l7", "conn_l7_detected", 5),
            main("entries", "conn_entries", 6),
            main("bytes →", "conn_local_bytes", 8),
            main("bytes ←", "conn_remote_bytes", 8),
            main("packets →", "conn_local_pkts", 10),
            main("packets ←", "conn_remote_pkts", 10),
        ],
    ),
    (
        schema::tables::http::TABLE.name,
        &[
            main("method", METHOD, 3),
            main("status", STATUS_CODE, 2),
            main("host", "host", 6),
            main("url", "url", 3),
            main("size", "response_body_size", 8),
            main("type", "content_type", 10),
        ],
    ),
    (
        schema::tables::dns::TABLE.name,
        &[
            main("type", "dns_question_types", 5),
            main("question", "dns_questions", 3),
            main("rcode", "dns_rcode", 3),
            main("answers", "dns_answers", 6),
        ],
    ),
    (
        schema::tables::tlsx::TABLE.name,
        &[
            main("hello", "tlsx_info", 3),
            main("sni", "tlsx_sni", 3),
            main("alpn", "tlsx_alpn", 6),
            main("summary", "tlsx_summary", 8),
            main("ja4", "tlsx_ja4", 9),
        ],
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
            METHOD,
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
            for Main { column, .. } in *columns {
                assert!(exists(table, column), "{column} is no column of {}", table.name);
            }
        }
    }
}
