//! What DataFusion makes of lowered filters over the columns that a Parquet scan gives: no column is cast, and statistics
//! of row groups and pages decide by the bare column.

use std::fmt::Write as _;

use datafusion::common::DFSchema;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::prelude::SessionContext;
use expect_test::expect;
use fastrand::Rng;

use super::ENVIRONMENT;
use super::columns::{Layout, rows};
use crate::{Lowered, compile};

/// The predicate as DataFusion executes it and the one over statistics that comes of it.
fn show(texts: &[&str]) -> String {
    let table = &schema::tables::http::TABLE;
    let schema = rows(table, 1, Layout::Views, &mut Rng::with_seed(1)).batch.schema();
    let context = SessionContext::new();
    let columns = DFSchema::try_from(schema.clone()).unwrap();
    let mut shown = String::new();
    for text in texts {
        let Lowered::Where(predicate) = compile(text, &ENVIRONMENT).unwrap().on(table) else {
            panic!("{text} folds")
        };
        let physical = context.create_physical_expr(predicate, &columns).unwrap();
        let pruning = PruningPredicateBuilder::new()
            .with_file_schema(schema.clone())
            .try_build(physical.clone())
            .unwrap();
        assert!(!physical.to_string().contains("CAST"), "{text}: {physical}");
        writeln!(
            shown,
            "{text}\n    rows  {physical}\n    stats {}",
            pruning.predicate_expr()
        )
        .unwrap();
    }
    shown
}

#[test]
fn statistics_prune() {
    expect![[r#"
        status_code >= 500
            rows  status_code@14 >= 500
            stats status_code_null_count@1 != row_count@2 AND status_code_max@0 >= 500
        !(status_code < 500)
            rows  status_code@14 >= 500
            stats status_code_null_count@1 != row_count@2 AND status_code_max@0 >= 500
        status_code < 100
            rows  status_code@14 < 100 OR status_code@14 IS NULL
            stats status_code_null_count@1 != row_count@2 AND status_code_min@0 < 100 OR status_code_null_count@1 > 0
        status_code > 499.5
            rows  status_code@14 >= 500
            stats status_code_null_count@1 != row_count@2 AND status_code_max@0 >= 500
        src.ip == '10.0.0.1'
            rows  src_ip@9 = 10.0.0.1
            stats src_ip_null_count@2 != row_count@3 AND src_ip_min@0 <= 10.0.0.1 AND 10.0.0.1 <= src_ip_max@1
        timestamp > now() - duration('5m')
            rows  timestamp@3 > 1767225300000000000
            stats timestamp_null_count@1 != row_count@2 AND timestamp_max@0 > 1767225300000000000
        path.startsWith('/api_v')
            rows  path@56 LIKE /api\_v%
            stats path_null_count@2 != row_count@3 AND path_min@0 <= /api_w AND /api_v <= path_max@1
        conn_id == 42
            rows  conn_id@6 = 42
            stats conn_id_null_count@2 != row_count@3 AND conn_id_min@0 <= 42 AND 42 <= conn_id_max@1
        dst.port in [80, 443]
            rows  dst_port@12 IN (SET) ([80, 443])
            stats dst_port_null_count@2 != row_count@3 AND dst_port_min@0 <= 80 AND 80 <= dst_port_max@1 OR dst_port_null_count@2 != row_count@3 AND dst_port_min@0 <= 443 AND 443 <= dst_port_max@1
        !(method == 'GET')
            rows  method@15 != GET OR method@15 IS NULL
            stats method_null_count@2 != row_count@3 AND (method_min@0 != GET OR GET != method_max@1) OR method_null_count@2 > 0
        has_pcap
            rows  has_pcap@8
            stats has_pcap_min@0 OR has_pcap_max@1
        '10.0.0.1' in [src.ip, dst.ip]
            rows  src_ip@9 = 10.0.0.1 OR dst_ip@10 = 10.0.0.1
            stats src_ip_null_count@2 != row_count@3 AND src_ip_min@0 <= 10.0.0.1 AND 10.0.0.1 <= src_ip_max@1 OR dst_ip_null_count@6 != row_count@3 AND dst_ip_min@4 <= 10.0.0.1 AND 10.0.0.1 <= dst_ip_max@5
        request_body == b'x'
            rows  request_body@67 = 78
            stats request_body_null_count@2 != row_count@3 AND request_body_min@0 <= 78 AND 78 <= request_body_max@1
        src.ip in cidr('10.0.0.0/8')
            rows  src_ip@9 >= 10. AND src_ip@9 < 10/ AND containsIP(0A00000008, src_ip@9)
            stats src_ip_null_count@1 != row_count@2 AND src_ip_max@0 >= 10. AND src_ip_null_count@1 != row_count@2 AND src_ip_min@3 < 10/
        src.ip in cidr('fe80::/10')
            rows  src_ip@9 >= fe80 AND src_ip@9 < febf; AND containsIP(FE800000000000000000..., src_ip@9)
            stats src_ip_null_count@1 != row_count@2 AND src_ip_max@0 >= fe80 AND src_ip_null_count@1 != row_count@2 AND src_ip_min@3 < febf;
        dyn(status_code) == 404
            rows  status_code@14 = 404
            stats status_code_null_count@2 != row_count@3 AND status_code_min@0 <= 404 AND 404 <= status_code_max@1
        cel.bind(x, status_code, x >= 500 && x < 600)
            rows  status_code@14 >= 500 AND (status_code@14 < 600 OR status_code@14 IS NULL)
            stats status_code_null_count@1 != row_count@2 AND status_code_max@0 >= 500 AND (status_code_null_count@1 != row_count@2 AND status_code_min@3 < 600 OR status_code_null_count@1 > 0)
        status_code in [404, '500', 200.0]
            rows  404 = status_code@14 OR status_code@14 = 200
            stats status_code_null_count@2 != row_count@3 AND status_code_min@0 <= 404 AND 404 <= status_code_max@1 OR status_code_null_count@2 != row_count@3 AND status_code_min@0 <= 200 AND 200 <= status_code_max@1
    "#]].assert_eq(&show(&[
        "status_code >= 500",
        "!(status_code < 500)",
        "status_code < 100",
        "status_code > 499.5",
        "src.ip == '10.0.0.1'",
        "timestamp > now() - duration('5m')",
        "path.startsWith('/api_v')",
        "conn_id == 42",
        "dst.port in [80, 443]",
        "!(method == 'GET')",
        "has_pcap",
        "'10.0.0.1' in [src.ip, dst.ip]",
        "request_body == b'x'",
        "src.ip in cidr('10.0.0.0/8')",
        "src.ip in cidr('fe80::/10')",
        "dyn(status_code) == 404",
        "cel.bind(x, status_code, x >= 500 && x < 600)",
        "status_code in [404, '500', 200.0]",
    ]));
}
