//! Plans of queries, as DataFusion optimizes them over empty tables.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;
use expect_test::{Expect, expect};
use kfl::{Environment, compile_query};
use schema::Table;

use super::*;

#[derive(Debug)]
struct Nothing;

impl Tables for Nothing {
    fn provider(&self, table: &'static Table) -> Arc<dyn TableProvider> {
        Arc::new(EmptyTable::new(table.arrow()))
    }
}

/// Plans, and shows the plan optimized.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let query = compile_query(text, &Environment { now_ns: 0 }).unwrap();
    let plan = piped(&query, &Nothing, None).unwrap();
    let plan = SessionContext::new().state().optimize(&plan).unwrap();
    expect.assert_eq(&plan.to_string());
}

#[test]
fn groups_read_the_columns_they_need() {
    check(
        "http && status_code >= 500 | where path != '/' | stats count(), sum(elapsed_time), p99(elapsed_time) by path, every(1m)",
        expect![[r#"
            Sort: path ASC NULLS LAST, timestamp ASC NULLS LAST
              Projection: $by 0 AS path, $by 1 AS timestamp, $is 0 AS count(), TRY_CAST($is 1 AS Int64) AS sum(elapsed_time), $is 2 AS p99(elapsed_time)
                Aggregate: groupBy=[[$by 0, $by 1]], aggr=[[count(Int64(1)) AS $is 0, sum(CAST($of 1 AS Decimal128(20, 0))) AS $is 1, p99($of 2) AS $is 2]]
                  Projection: http.path AS $by 0, date_bin(IntervalMonthDayNano("IntervalMonthDayNano { months: 0, days: 0, nanoseconds: 60000000000 }"), http.timestamp, TimestampNanosecond(0, Some("UTC"))) AS $by 1, http.elapsed_time AS $of 1, http.elapsed_time AS $of 2
                    Filter: http.status_code >= Int64(500) AND (http.path != Utf8("/") OR http.path IS NULL)
                      TableScan: http projection=[timestamp, elapsed_time, status_code, path]"#]],
    );
}

#[test]
fn each_table_computes_what_a_name_means_there() {
    check(
        "dns || http | select timestamp, method, http, size(path) as length",
        expect![[r#"
            Projection: timestamp, method, http, length
              Sort: $order 0 ASC NULLS LAST, $order 1 ASC NULLS LAST, $order 2 ASC NULLS LAST, $order 3 ASC NULLS LAST
                Projection: timestamp AS timestamp, method AS method, $http AS http, $(size(path)) AS length, timestamp AS $order 0, id AS $order 1, index AS $order 2, $table AS $order 3
                  Union
                    Projection: http.id AS id, http.index AS index, http.timestamp AS timestamp, http.method AS method, Boolean(true) AS $http, size(CASE WHEN http.path IS NOT NULL THEN CAST(http.path AS Utf8View) ELSE Utf8View("") END) AS $(size(path)), Int64(2) AS $table
                      TableScan: http projection=[id, index, timestamp, method, path]
                    Projection: dns.id AS id, dns.index AS index, dns.timestamp AS timestamp, dns.method AS method, Boolean(false) AS $http, Int64(0) AS $(size(path)), Int64(3) AS $table
                      TableScan: dns projection=[id, index, timestamp, method]"#]],
    );
}

#[test]
fn limits_cut_before_later_conditions() {
    check(
        "dns || http | limit 10 | where http | tail 2 | select id",
        expect![[r#"
            Projection: id
              Sort: $order 0 ASC NULLS LAST, $order 1 ASC NULLS LAST, $order 2 ASC NULLS LAST, $order 3 ASC NULLS LAST
                Projection: id AS id, timestamp AS $order 0, id AS $order 1, index AS $order 2, $table AS $order 3
                  Sort: timestamp DESC NULLS FIRST, id DESC NULLS FIRST, index DESC NULLS FIRST, $table DESC NULLS FIRST, fetch=2
                    Projection: id, index, timestamp, $table
                      Filter: $where 0
                        Sort: timestamp ASC NULLS LAST, id ASC NULLS LAST, index ASC NULLS LAST, $table ASC NULLS LAST, fetch=10
                          Union
                            Projection: http.id AS id, http.index AS index, http.timestamp AS timestamp, Boolean(true) AS $where 0, Int64(2) AS $table
                              TableScan: http projection=[id, index, timestamp]
                            Projection: dns.id AS id, dns.index AS index, dns.timestamp AS timestamp, Boolean(false) AS $where 0, Int64(3) AS $table
                              TableScan: dns projection=[id, index, timestamp]"#]],
    );
}

#[test]
fn steps_are_semi_joins_and_conditions_after_them_reach_the_scan() {
    check(
        "http | conns | where dst.port == 80 | select id",
        expect![[r#"
            Projection: id
              Sort: $order 0 ASC NULLS LAST, $order 1 ASC NULLS LAST, $order 2 ASC NULLS LAST, $order 3 ASC NULLS LAST
                Projection: id, timestamp AS $order 0, id AS $order 1, index AS $order 2, timestamp IS NULL AS $order 3
                  RightSemi Join: $key = conn_id
                    Aggregate: groupBy=[[$key]], aggr=[[]]
                      Projection: http.conn_id AS $key
                        Filter: http.conn_id IS NOT NULL
                          TableScan: http projection=[conn_id]
                    Projection: conns.id AS id, conns.index AS index, conns.timestamp AS timestamp, conns.conn_id AS conn_id
                      Filter: conns.dst_port = Int64(80)
                        TableScan: conns projection=[id, index, timestamp, conn_id, dst_port]"#]],
    );
    check(
        "flow || http | conns | count",
        expect![[r#"
        Projection: $is 0 AS count
          Aggregate: groupBy=[[]], aggr=[[count(Int64(1)) AS $is 0]]
            Projection:
              RightSemi Join: $key = conn_id
                Aggregate: groupBy=[[$key]], aggr=[[]]
                  Union
                    Aggregate: groupBy=[[$key]], aggr=[[]]
                      Projection: http.conn_id AS $key
                        Filter: http.conn_id IS NOT NULL
                          TableScan: http projection=[conn_id]
                    Aggregate: groupBy=[[$key]], aggr=[[]]
                      Projection: conn_id AS $key
                        RightSemi Join: $key = flow_id
                          Aggregate: groupBy=[[$key]], aggr=[[]]
                            Projection: flows.flow_id AS $key
                              Filter: flows.flow_id IS NOT NULL
                                TableScan: flows projection=[flow_id]
                          Projection: conns.conn_id AS conn_id, conns.flow_id AS flow_id
                            Filter: conns.conn_id IS NOT NULL
                              TableScan: conns projection=[conn_id, flow_id]
                Projection: conns.conn_id AS conn_id
                  TableScan: conns projection=[conn_id]"#]],
    );
    check(
        "http | packets | select packet",
        expect![[r#"
        Projection: packet
          Sort: $order 0 ASC NULLS LAST, $order 1 ASC NULLS LAST, $order 2 ASC NULLS LAST
            Projection: packet, timestamp AS $order 0, packet AS $order 1, timestamp IS NULL AS $order 2
              RightSemi Join: $key = conn_id
                Aggregate: groupBy=[[$key]], aggr=[[]]
                  Projection: http.conn_id AS $key
                    Filter: http.conn_id IS NOT NULL
                      TableScan: http projection=[conn_id]
                Projection: packets.packet AS packet, packets.timestamp AS timestamp, packets.conn_id AS conn_id
                  TableScan: packets projection=[packet, timestamp, conn_id]"#]],
    );
    check(
        "| packets | select packet",
        expect![[r#"
        Projection: packet
          Sort: $order 0 ASC NULLS LAST, $order 1 ASC NULLS LAST
            Projection: packets.packet AS packet, packets.timestamp AS $order 0, packets.packet AS $order 1
              TableScan: packets projection=[packet, timestamp]"#]],
    );
}

#[test]
fn a_filter_that_no_table_passes_counts_none() {
    check(
        "redis | top 3 path by avg(elapsed_time)",
        expect!["EmptyRelation: rows=0"],
    );
    check(
        "http | limit 0 | count",
        expect![[r#"
        Projection: $is 0 AS count
          Aggregate: groupBy=[[]], aggr=[[count(Int64(1)) AS $is 0]]
            EmptyRelation: rows=0"#]],
    );
}

#[test]
fn the_columns_of_joins_are_declared() {
    for (table, columns) in [
        (&schema::tables::conns::TABLE, &[TIMESTAMP, CONN_ID, FLOW_ID][..]),
        (&schema::tables::http::TABLE, &[TIMESTAMP, CONN_ID, FLOW_ID]),
        (&schema::tables::packets::TABLE, &[TIMESTAMP, CONN_ID, FLOW_ID, PACKET]),
    ] {
        for name in columns {
            assert!(
                table.fields().any(|field| field.column == *name),
                "{} lacks {name}",
                table.name
            );
        }
    }
}
