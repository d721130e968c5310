//! What the engine answers by short cuts is what it answers without them: filters by dictionaries, groups by their numbers, the
//! first rows of an order in two steps.

use datafusion::arrow::compute::concat_batches;
use engine::{Database, IngestOptions, QueryOptions};
use expect_test::{Expect, expect};
use futures::TryStreamExt;

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/demo.pcap");

/// The capture that ships with the project, in a database.
struct Demo {
    database: Database,
    runtime: tokio::runtime::Runtime,
    _directory: tempfile::TempDir,
}

impl Demo {
    fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::create(directory.path().join("db")).unwrap();
        database
            .ingest_path(CAPTURE, &IngestOptions::default(), &mut ())
            .unwrap();
        Self {
            database,
            runtime: tokio::runtime::Runtime::new().unwrap(),
            _directory: directory,
        }
    }

    /// Ingests the capture once more: each table has another part, whose times are the same.
    fn again(&self) {
        let options = IngestOptions {
            force: true,
            ..IngestOptions::default()
        };
        self.database.ingest_path(CAPTURE, &options, &mut ()).unwrap();
    }

    /// The rows of a query, one a line.
    fn rows(&self, query: &str) -> Vec<String> {
        let batch = self.runtime.block_on(async {
            let rows = self.database.sql(query, &QueryOptions::default()).await.unwrap();
            let schema = rows.schema.clone();
            let batches: Vec<_> = rows.stream.try_collect().await.unwrap();
            concat_batches(&schema, &batches).unwrap()
        });
        (0..batch.num_rows())
            .map(|row| format!("{:?}", batch.slice(row, 1)))
            .collect()
    }

    /// The plan of a query, without what depends on names of files.
    fn plan(&self, query: &str) -> String {
        self.rows(&format!("EXPLAIN {query}")).join("\n")
    }
}

/// Compares filters that dictionaries answer with the same in a form that they do not; tells how many rows there are.
#[track_caller]
fn check_filters(demo: &Demo, filters: &[(&str, &str)], expect: Expect) {
    let mut found = String::new();
    for (table, filter) in filters {
        let short = format!("SELECT id, \"index\" FROM {table} WHERE {filter} ORDER BY id, \"index\"");
        let long =
            format!("SELECT id, \"index\" FROM {table} WHERE ({filter}) OR id + \"index\" < 0 ORDER BY id, \"index\"");
        assert!(demo.plan(&short).contains("ChooseExec"), "{filter} takes the short cut");
        assert!(
            !demo.plan(&long).contains("ChooseExec"),
            "{filter} can be asked without it"
        );
        let rows = demo.rows(&short);
        assert_eq!(rows, demo.rows(&long), "{filter}");
        let counted = demo.rows(&format!("SELECT count(*) AS n FROM {table} WHERE {filter}"));
        assert!(
            counted[0].contains(&format!("\n  {},\n", rows.len())),
            "{filter}: {counted:?}"
        );
        found += &format!("{:<3} {table}: {filter}\n", rows.len());
    }
    expect.assert_eq(&found);
}

#[test]
fn dictionaries_answer_as_columns_do() {
    let filters = [
        ("http", "status_code >= 500"),
        ("http", "status_code < 300"),
        ("http", "status_code IS NULL"),
        ("http", "status_code IS NOT NULL AND path LIKE '/app%'"),
        ("http", "method = 'POST' OR status_code = 404"),
        ("http", "coalesce(status_code, 0) = 0"),
        ("http", "has_pcap"),
        ("http", "NOT has_pcap"),
        ("http", "content_type IS NULL OR host = 'nowhere'"),
        (
            "http",
            "status_code >= 500 AND \"timestamp\" > TIMESTAMP '2026-01-01T00:00:00Z'",
        ),
        (
            "http",
            "status_code >= 200 AND \"timestamp\" > TIMESTAMP '2026-11-21T22:49:05.1Z'",
        ),
        ("dns", "array_has(dns_questions, 'shop.example.com')"),
        ("dns", "array_has(dns_flags, 'RA')"),
        ("dns", "array_has(dns_answers, 'nothing')"),
        ("conns", "array_has(conn_l7_detected, 'HTTP') OR dst_port = 53"),
        ("flows", "src_ip = '127.0.0.1'"),
    ];
    check_filters(
        &Demo::open(),
        &filters,
        expect![[r#"
            17  http: status_code >= 500
            27  http: status_code < 300
            0   http: status_code IS NULL
            18  http: status_code IS NOT NULL AND path LIKE '/app%'
            5   http: method = 'POST' OR status_code = 404
            0   http: coalesce(status_code, 0) = 0
            46  http: has_pcap
            0   http: NOT has_pcap
            0   http: content_type IS NULL OR host = 'nowhere'
            17  http: status_code >= 500 AND "timestamp" > TIMESTAMP '2026-01-01T00:00:00Z'
            30  http: status_code >= 200 AND "timestamp" > TIMESTAMP '2026-11-21T22:49:05.1Z'
            3   dns: array_has(dns_questions, 'shop.example.com')
            9   dns: array_has(dns_flags, 'RA')
            0   dns: array_has(dns_answers, 'nothing')
            35  conns: array_has(conn_l7_detected, 'HTTP') OR dst_port = 53
            6   flows: src_ip = '127.0.0.1'
        "#]],
    );
}

#[test]
fn kfl_is_answered_by_dictionaries() {
    let demo = Demo::open();
    let mut found = String::new();
    for filter in [
        "http && request.headers.exists(k, k == ''cookie'')",
        "http && request.headers.exists(k, k.startsWith(''x-''))",
        "dns && dns_questions.exists(q, q.contains(''shop''))",
        "tlsx && size(tlsx_weak) > 0",
        "src.ip in cidr(''127.0.0.0/8'')",
        "http && map_get(request.headers, ''user-agent'', '''') == ''shop-cli/2.1''",
        "http && map_get(request.headers, ''connection'', '''') == ''''",
        "http && request.headers[''content-length''] != ''13''",
        "http && !request.headers[?''content-length''].hasValue() && request.headers[''host''].endsWith(''18081'')",
        "http && (map_get(request.headers, ''cookie'', ''no'').size() > 2 || status_code >= 500)",
        "http && map_get(request.headers, ''nothing'', ''none'') == ''none''",
        "http && conn_id == 41 && map_get(request.headers, ''host'', '''') != ''''",
    ] {
        let short = format!("SELECT id FROM kfl('{filter}') ORDER BY id");
        let long = format!("SELECT id FROM kfl('({filter}) || id + index < 0') ORDER BY id");
        assert!(demo.plan(&short).contains("ChooseExec"), "{filter}");
        assert_eq!(demo.rows(&short), demo.rows(&long), "{filter}");
        found += &format!("{:<3} {filter}\n", demo.rows(&short).len());
    }
    expect![[r#"
        1   http && request.headers.exists(k, k == ''cookie'')
        0   http && request.headers.exists(k, k.startsWith(''x-''))
        3   dns && dns_questions.exists(q, q.contains(''shop''))
        1   tlsx && size(tlsx_weak) > 0
        113 src.ip in cidr(''127.0.0.0/8'')
        1   http && map_get(request.headers, ''user-agent'', '''') == ''shop-cli/2.1''
        28  http && map_get(request.headers, ''connection'', '''') == ''''
        3   http && request.headers[''content-length''] != ''13''
        16  http && !request.headers[?''content-length''].hasValue() && request.headers[''host''].endsWith(''18081'')
        18  http && (map_get(request.headers, ''cookie'', ''no'').size() > 2 || status_code >= 500)
        46  http && map_get(request.headers, ''nothing'', ''none'') == ''none''
        3   http && conn_id == 41 && map_get(request.headers, ''host'', '''') != ''''
    "#]]
    .assert_eq(&found);
}

#[test]
fn macros_that_see_more_than_an_element_are_not_answered_by_elements() {
    let demo = Demo::open();
    for filter in [
        "http && request.headers.all(k, k != ''cookie'')",
        "http && !request.headers.exists(k, k == ''cookie'')",
        "dns && dns_questions.exists_one(q, q.contains(''e''))",
        "dns && size(dns_answers) > 1",
        "http && map_get(request.headers, ''accept'', '''') == map_get(request.headers, ''host'', '''')",
        "http && request.headers[path] == ''a''",
        "http && size(request.headers) == 3",
    ] {
        let plan = demo.plan(&format!("SELECT id FROM kfl('{filter}')"));
        assert!(!plan.contains("ChooseExec"), "{filter}");
    }
}

/// Groups rows by numbers of dictionaries, and compares that with the same groups of rows that a limit, which none is beyond,
/// brings together; tells how many there are.
#[track_caller]
fn grouped(demo: &Demo, groups: &[(&str, &str, &str)]) -> String {
    let mut found = String::new();
    for (from, keys, aggregates) in groups {
        let group = |from: &str| format!("SELECT {keys}, {aggregates} FROM {from} GROUP BY {keys} ORDER BY {keys}");
        let short = group(from);
        let long = group(&format!("(SELECT * FROM {from} LIMIT 1000000)"));
        assert!(demo.plan(&short).contains("TallyExec"), "{short} takes the short cut");
        assert!(!demo.plan(&long).contains("TallyExec"), "{long} does not take it");
        let rows = demo.rows(&short);
        assert_eq!(rows, demo.rows(&long), "{short}");
        found += &format!("{:<3} {from}: {keys}: {aggregates}\n", rows.len());
    }
    found
}

/// Groups of rows: by few and by many columns, by computed keys and by times, by a column that has no dictionary.
const GROUPS: [(&str, &str, &str); 18] = [
    ("http", "path", "count(*)"),
    ("http", "upper(host), status_code / 100", "count(*)"),
    ("http WHERE status_code >= 500", "status_code", "count(*)"),
    (
        "http WHERE status_code >= 500 AND path LIKE '/app%'",
        "path, method",
        "count(*)",
    ),
    (
        "http",
        "method, status_code",
        "count(*), sum(elapsed_time), max(path), min(\"timestamp\")",
    ),
    (
        "http",
        "content_type",
        "count(content_type), avg(status_code), count(DISTINCT path)",
    ),
    (
        "http",
        "http_version",
        "sum(request_body_size), sum(response_body_size + 1)",
    ),
    ("dns", "dns_rcode", "count(*), max(elapsed_time)"),
    ("dns", "coalesce(dns_rcode, 'none')", "count(*)"),
    (
        "conns",
        "dst_ip, dst_port",
        "sum(CAST(conn_remote_bytes AS DECIMAL(20, 0)))",
    ),
    (
        "conns",
        "date_bin(INTERVAL '10 milliseconds', \"timestamp\")",
        "count(*)",
    ),
    (
        "conns",
        "date_bin(INTERVAL '1 hour', \"timestamp\")",
        "count(*), sum(conn_local_bytes)",
    ),
    (
        "http WHERE status_code >= 400",
        "date_bin(INTERVAL '20 milliseconds', \"timestamp\"), status_code",
        "count(*), max(elapsed_time)",
    ),
    ("flows", "transport", "bool_or(has_pcap), count(*)"),
    ("http", "elapsed_time > 1000, method", "count(*), max(path)"),
    ("http WHERE status_code >= 400", "elapsed_time", "count(*)"),
    ("http", "elapsed_time", "count(*), min(path)"),
    ("http", "method, elapsed_time", "count(*)"),
];

#[test]
fn groups_by_numbers_are_groups_of_rows() {
    let demo = Demo::open();
    let found = grouped(&demo, &GROUPS);
    expect![[r#"
        30  http: path: count(*)
        6   http: upper(host), status_code / 100: count(*)
        3   http WHERE status_code >= 500: status_code: count(*)
        2   http WHERE status_code >= 500 AND path LIKE '/app%': path, method: count(*)
        8   http: method, status_code: count(*), sum(elapsed_time), max(path), min("timestamp")
        4   http: content_type: count(content_type), avg(status_code), count(DISTINCT path)
        2   http: http_version: sum(request_body_size), sum(response_body_size + 1)
        3   dns: dns_rcode: count(*), max(elapsed_time)
        3   dns: coalesce(dns_rcode, 'none'): count(*)
        5   conns: dst_ip, dst_port: sum(CAST(conn_remote_bytes AS DECIMAL(20, 0)))
        24  conns: date_bin(INTERVAL '10 milliseconds', "timestamp"): count(*)
        1   conns: date_bin(INTERVAL '1 hour', "timestamp"): count(*), sum(conn_local_bytes)
        6   http WHERE status_code >= 400: date_bin(INTERVAL '20 milliseconds', "timestamp"), status_code: count(*), max(elapsed_time)
        2   flows: transport: bool_or(has_pcap), count(*)
        5   http: elapsed_time > 1000, method: count(*), max(path)
        18  http WHERE status_code >= 400: elapsed_time: count(*)
        46  http: elapsed_time: count(*), min(path)
        46  http: method, elapsed_time: count(*)
    "#]]
    .assert_eq(&found);
    demo.again();
    assert_eq!(grouped(&demo, &GROUPS), found);
}

#[test]
fn kfl_groups_by_numbers() {
    let demo = Demo::open();
    for query in [
        "http | top 3 path",
        "http | stats count(), p90(elapsed_time) as slow by host",
        "http && status_code >= 500 | count by every(1m), status_code",
        "conn | top 3 dst.ip by conn_remote_bytes",
    ] {
        let plan = demo.plan(&format!("SELECT * FROM kfl('{query}')"));
        assert!(plan.contains("TallyExec"), "{query}");
    }
}

#[test]
fn keys_that_no_dictionary_holds_are_made_row_by_row() {
    let demo = Demo::open();
    for query in [
        "SELECT conn_id, count(*) FROM http GROUP BY conn_id",
        "SELECT path || host, count(*) FROM http GROUP BY path || host",
        "SELECT status_code + random(), count(*) FROM http GROUP BY 1",
        "SELECT path, count(*) FILTER (WHERE status_code > 400) FROM http GROUP BY path",
        "SELECT path, method, count(*) FROM http GROUP BY ROLLUP (path, method)",
        "SELECT path, first_value(id ORDER BY id) FROM http GROUP BY path",
        "SELECT dns_questions, count(*) FROM dns GROUP BY dns_questions",
        "SELECT count(*) FROM http",
    ] {
        assert!(!demo.plan(query).contains("TallyExec"), "{query}");
    }
}

#[test]
fn what_fails_of_a_value_that_no_row_has_does_not_fail() {
    let demo = Demo::open();
    let short =
        "SELECT 100 / (status_code - 404) AS k, count(*) FROM http WHERE status_code <> 404 GROUP BY 1 ORDER BY 1";
    let long = short.replace("FROM http", "FROM (SELECT * FROM http LIMIT 1000000)");
    assert!(demo.plan(short).contains("TallyExec"));
    assert_eq!(demo.rows(short), demo.rows(&long));
}

/// Compares the first rows of an order with the first of all rows in that order: a few, and more than statistics are compared with
/// one by one.
#[track_caller]
fn check_first(demo: &Demo, from: &str, order: &str) {
    let question = format!("SELECT * FROM {from} ORDER BY {order}");
    let all = demo.rows(&question);
    assert!(!all.is_empty(), "{question}: there are rows to compare");
    for limit in [1, 2, 5, 30] {
        let first = format!("{question} LIMIT {limit}");
        let plan = demo.plan(&first);
        assert!(plan.contains("kept id"), "{first}: {plan}");
        assert_eq!(demo.rows(&first), all[..all.len().min(limit)], "{first}");
    }
}

#[test]
fn first_rows_in_two_steps_are_the_first_rows() {
    let demo = Demo::open();
    let newest = "\"timestamp\" DESC, id DESC, \"index\" DESC";
    check_first(&demo, "http", newest);
    check_first(&demo, "http WHERE status_code >= 500", newest);
    check_first(
        &demo,
        "http h WHERE elapsed_time + 1 > 100",
        "length(path), \"timestamp\", id",
    );
    check_first(
        &demo,
        "kfl('http && path.startsWith(\"/app\")')",
        "elapsed_time DESC NULLS LAST, id",
    );
    check_first(&demo, "kfl('flow_id > 0')", newest);
    check_first(
        &demo,
        "kfl('flow_id > 0 && src.ip == \"127.0.0.1\"')",
        "\"timestamp\", id, \"index\", protocol",
    );
    check_first(&demo, "conns", "elapsed_time DESC, id");
    // What a dictionary answers beside what none does, each of which leaves out rows.
    for filter in [
        "status_code >= 400 AND conn_id > 20",
        "conn_id > 20 AND \"timestamp\" > TIMESTAMP '2026-11-21T22:49:05.1Z'",
        "status_code >= 400 AND id <> conn_id AND \"timestamp\" > TIMESTAMP '2026-11-21T22:49:05Z'",
        "method = 'GET' AND request_headers_size > response_headers_size - 200",
    ] {
        check_first(&demo, &format!("http WHERE {filter}"), newest);
    }
    check_first(&demo, "kfl('http && conn_id > 20 && status_code >= 400')", newest);
}

#[test]
fn first_rows_of_many_parts_are_the_first_rows() {
    let demo = Demo::open();
    for _ in 0..4 {
        demo.again();
    }
    for order in [
        "\"timestamp\" DESC, id DESC, \"index\" DESC",
        "\"timestamp\", id, \"index\"",
        "id DESC, \"index\"",
        "elapsed_time DESC NULLS LAST, id, \"index\"",
        "status_code, id DESC, \"index\"",
    ] {
        check_first(&demo, "http", order);
        check_first(&demo, "http WHERE status_code >= 500", order);
        check_first(
            &demo,
            "http WHERE \"timestamp\" > TIMESTAMP '2026-11-21T22:49:05.1Z'",
            order,
        );
        check_first(&demo, "http WHERE conn_id > 100", order);
    }
}

#[test]
fn first_rows_of_several_tables_are_the_first_rows() {
    let demo = Demo::open();
    for from in [
        "rows",
        "kfl('')",
        "kfl('http || dns')",
        "kfl('http || dns') WHERE status_code >= 500 OR dns_rcode = 'NXDOMAIN'",
        "kfl('conn_id > 20') WHERE protocol <> 'dns'",
        "kfl('src.ip in cidr(\"127.0.0.0/8\")')",
    ] {
        for order in [
            "\"timestamp\" DESC, id DESC, \"index\" DESC, protocol",
            "\"timestamp\", id, \"index\", protocol",
            "elapsed_time DESC, \"timestamp\", id, \"index\", protocol",
        ] {
            check_first(&demo, from, order);
        }
    }
    // A column that most of the tables lack, and nulls of either end.
    for order in [
        "status_code DESC",
        "status_code NULLS FIRST",
        "dns_rcode DESC NULLS LAST",
    ] {
        check_first(
            &demo,
            "rows",
            &format!("{order}, \"timestamp\", id, \"index\", protocol"),
        );
    }
}

#[test]
fn tables_without_a_column_that_is_asked_for_are_not_read() {
    let demo = Demo::open();
    for query in [
        "SELECT * FROM rows WHERE status_code >= 500 ORDER BY \"timestamp\", id LIMIT 5",
        "SELECT * FROM rows WHERE dns_rcode = 'NXDOMAIN' AND id > 0 ORDER BY \"timestamp\" DESC LIMIT 5",
    ] {
        let plan = demo.plan(query);
        assert!(plan.contains("FirstExec"), "{plan}");
        assert_eq!(plan.matches("as kept branch").count(), 1, "{plan}");
    }
}

#[test]
fn tables_without_rows_are_not_planned() {
    let demo = Demo::open();
    let count = |from: &str| demo.rows(&format!("SELECT count(*) AS n FROM {from}"));
    let plan = demo.plan("SELECT count(*) FROM kfl('!flow && !conn && conn_id > 0')");
    assert!(plan.contains("TableScan: all rows"), "{plan}");
    assert!(plan.contains("tables/http") && plan.contains("tables/dns"), "{plan}");
    assert!(!plan.contains("tables/conns") && !plan.contains("redis"), "{plan}");
    assert_eq!(
        count("kfl('!flow && !conn && conn_id > 0')"),
        count(
            "(SELECT id FROM http WHERE conn_id > 0 UNION ALL SELECT id FROM dns WHERE conn_id > 0 UNION ALL SELECT id FROM tlsx WHERE conn_id > 0)"
        )
    );
    // No part, and one part, have such a connection.
    assert_eq!(count("kfl('conn_id == 1000000')"), count("http WHERE false"));
    assert_eq!(count("kfl('http || redis')"), count("http"));
    let none = demo.plan("SELECT * FROM kfl('redis || kafka') ORDER BY id LIMIT 5");
    assert!(none.contains("EmptyExec"), "{none}");
}

#[test]
fn values_that_are_used_twice_are_not_written_out_again_and_again() {
    let demo = Demo::open();
    let doubled = (0..25).map(|n| format!("t{} AS (SELECT *, v{n} + v{n} AS v{} FROM t{n})", n + 1, n + 1));
    let tables: Vec<_> = ["t0 AS (SELECT *, id AS v0 FROM http)".to_owned()]
        .into_iter()
        .chain(doubled)
        .collect();
    let first = demo.rows(&format!(
        "WITH {} SELECT v25 / v0 AS times, * FROM t25 ORDER BY \"timestamp\" DESC, id DESC, \"index\" DESC LIMIT 3",
        tables.join(", ")
    ));
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|row| row.contains("33554432")), "{first:?}");
}

#[test]
fn many_first_rows_take_two_steps_too() {
    // Those that a sort keeps hold the batches that they came in: better of two columns than of all.
    let demo = Demo::open();
    let all = "SELECT * FROM http ORDER BY \"timestamp\" DESC, id DESC, \"index\" DESC";
    let many = format!("{all} LIMIT 20000");
    let plan = demo.plan(&many);
    assert!(plan.contains("kept id"), "{plan}");
    assert_eq!(demo.rows(&many), demo.rows(all));
}

#[test]
fn narrow_and_unordered_queries_take_one_step() {
    let demo = Demo::open();
    for query in [
        "SELECT id, path FROM http ORDER BY id LIMIT 5",
        "SELECT * FROM http LIMIT 5",
        "SELECT * FROM http ORDER BY id",
        "SELECT * FROM packets ORDER BY packet LIMIT 5",
    ] {
        assert!(!demo.plan(query).contains("kept id"), "{query}");
    }
}

#[test]
fn a_count_reads_no_column() {
    let plan = Demo::open().plan("SELECT count(*) FROM kfl('http && path.startsWith(\"/app\")')");
    assert!(plan.contains("ChooseExec: path@0 LIKE /app%"), "{plan}");
    assert!(plan.contains("pruning_predicate=path_null_count"), "{plan}");
    assert!(plan.contains("TableScan: http projection=[],"), "{plan}");
    assert!(!plan.contains("FilterExec"), "{plan}");
}
