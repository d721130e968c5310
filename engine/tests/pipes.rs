//! Filters with stages over the demo capture: expected tables as text.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use engine::{CaptureFormat, Database, Error, IngestOptions, QueryOptions};
use expect_test::{Expect, expect};
use futures::TryStreamExt;

struct Demo {
    database: Database,
    runtime: tokio::runtime::Runtime,
    _directory: tempfile::TempDir,
}

impl Demo {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::create(directory.path().join("db")).unwrap();
        let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures/demo.pcap");
        database
            .ingest_path(capture, &IngestOptions::default(), &mut ())
            .unwrap();
        Self {
            database,
            runtime: tokio::runtime::Runtime::new().unwrap(),
            _directory: directory,
        }
    }

    fn batches(&self, text: &str, limit: Option<usize>) -> Vec<RecordBatch> {
        self.runtime.block_on(async {
            let rows = self.database.kfl(text, &QueryOptions { limit }).await;
            let rows = rows.unwrap_or_else(|error| panic!("{text}: {error:?}"));
            let schema = rows.schema.clone();
            let mut batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
            batches.insert(0, RecordBatch::new_empty(schema));
            batches
        })
    }

    /// The answer, a row a line.
    fn answer(&self, text: &str) -> String {
        let batches = self.batches(text, None);
        let options = FormatOptions::new().with_null("–");
        let names: Vec<_> = batches[0]
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let mut lines = vec![names.join(" · ")];
        for batch in &batches {
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
                .collect();
            lines.extend((0..batch.num_rows()).map(|row| {
                let cells: Vec<_> = columns.iter().map(|column| column.value(row).to_string()).collect();
                cells.join(" · ")
            }));
        }
        lines.join("\n") + "\n"
    }

    fn rows(&self, text: &str) -> usize {
        self.batches(text, None).iter().map(RecordBatch::num_rows).sum()
    }

    /// The number of a single cell.
    fn number(&self, text: &str) -> i64 {
        let answer = self.answer(text);
        answer.lines().nth(1).unwrap().parse().unwrap()
    }

    fn packets(&self, text: &str) -> Result<u64, Error> {
        let mut file = Vec::new();
        let written = self.database.write_capture(text, CaptureFormat::Pcap, &mut file);
        self.runtime.block_on(written)
    }

    #[track_caller]
    fn check(&self, texts: &[&str], expect: Expect) {
        let mut shown = String::new();
        for text in texts {
            shown.push_str(&format!("{text}\n"));
            for line in self.answer(text).lines() {
                shown.push_str(&format!("    {line}\n"));
            }
        }
        expect.assert_eq(&shown);
    }
}

#[test]
fn stages_give_what_they_say() {
    Demo::new().check(
        &[
            "http | select src.port, path, elapsed_time / 1000 as ms | limit 2",
            "http | select path | tail 2",
            "http | sort -elapsed_time, path | select path, elapsed_time | limit 3",
            "http | count",
            "| count by protocol, has_pcap",
            "dns || http | count by method, http",
            "http | stats count(), sum(response_body_size), avg(elapsed_time) as mean, min(path), p50(elapsed_time), p99(elapsed_time), distinct(path) by method",
            "http | stats count() as n by path | where n >= 2 && path.startsWith('/a') | sort -n, path | limit 3",
            "http | count by status_code | stats sum(count), max(status_code)",
            "http | top 3 path",
            "http | top 2 path by avg(elapsed_time)",
            "http | top 2 method by response_body_size",
            "http | uniq method, status_code >= 400",
            "| stats count() by every(100ms) | limit 4",
            "| count by every(\"1h\") as hour",
            "dns | select dns_questions[0] as question, dns_rcode | uniq question, dns_rcode",
            "redis | count",
            "redis | stats sum(elapsed_time), count() by path",
            "redis | select path, size(path)",
        ],
        expect![[r#"
            http | select src.port, path, elapsed_time / 1000 as ms | limit 2
                src.port · path · ms
                55094 · /ready · 0
                50520 · / · 0
            http | select path | tail 2
                path
                /app/fail
                /fail
            http | sort -elapsed_time, path | select path, elapsed_time | limit 3
                path · elapsed_time
                /app/slow · 120941
                /slow · 120563
                /ready · 850
            http | count
                count
                46
            | count by protocol, has_pcap
                protocol · has_pcap · count
                DNS · true · 9
                HTTP · true · 46
                TCP · true · 45
                TLS · true · 4
                UDP · true · 9
            dns || http | count by method, http
                method · http · count
                GET · true · 39
                HEAD · true · 1
                POST · true · 4
                PUT · true · 2
                QUERY · false · 9
            http | stats count(), sum(response_body_size), avg(elapsed_time) as mean, min(path), p50(elapsed_time), p99(elapsed_time), distinct(path) by method
                method · count() · sum(response_body_size) · mean · min(path) · p50(elapsed_time) · p99(elapsed_time) · distinct(path)
                GET · 39 · 1554 · 6533.102564102564 · / · 374 · 120941 · 26
                HEAD · 1 · 0 · 47.0 · /big.txt · 47 · 47 · 1
                POST · 4 · 70 · 390.5 · /app/orders · 231 · 721 · 2
                PUT · 2 · 712 · 333.0 · /app/upload · 0 · 666 · 2
            http | stats count() as n by path | where n >= 2 && path.startsWith('/a') | sort -n, path | limit 3
                path · n
                /app/fail · 7
                /api/orders · 2
                /app/orders · 2
            http | count by status_code | stats sum(count), max(status_code)
                sum(count) · max(status_code)
                46 · 502
            http | top 3 path
                path · count
                /app/fail · 7
                /fail · 7
                /api/orders · 2
            http | top 2 path by avg(elapsed_time)
                path · avg(elapsed_time)
                /app/slow · 120941.0
                /slow · 120563.0
            http | top 2 method by response_body_size
                method · sum(response_body_size)
                GET · 1554
                PUT · 712
            http | uniq method, status_code >= 400
                method · status_code >= 400
                GET · false
                GET · true
                HEAD · false
                POST · false
                PUT · true
            | stats count() by every(100ms) | limit 4
                timestamp · count()
                2026-11-21T22:49:04.600Z · 2
                2026-11-21T22:49:04.700Z · 5
                2026-11-21T22:49:04.800Z · 12
                2026-11-21T22:49:04.900Z · 26
            | count by every("1h") as hour
                hour · count
                2026-11-21T22:00:00Z · 113
            dns | select dns_questions[0] as question, dns_rcode | uniq question, dns_rcode
                question · dns_rcode
                example.com · NOERROR
                missing.example.com · NXDOMAIN
                nowhere.example.com · NXDOMAIN
                other.invalid · REFUSED
                shop.example.com · NOERROR
                www.example.com · NOERROR
            redis | count
                count
                0
            redis | stats sum(elapsed_time), count() by path
                path · sum(elapsed_time) · count()
            redis | select path, size(path)
                path · size(path)
        "#]],
    );
}

#[test]
fn absent_values_are_empty_alone_and_defaults_in_expressions() {
    Demo::new().check(
        &[
            "| stats count(), avg(status_code), avg(status_code + 0), distinct(method), distinct(method + '') by protocol",
            "dns || tlsx | count by status_code",
            "dns || tlsx | top 5 method",
            "tlsx | sort status_code, id | select status_code, status_code == 0, 1 / status_code | limit 1",
            "http | stats sum(9223372036854775807) as beyond, sum(-1) as sum",
        ],
        expect![[r#"
            | stats count(), avg(status_code), avg(status_code + 0), distinct(method), distinct(method + '') by protocol
                protocol · count() · avg(status_code) · avg(status_code + 0) · distinct(method) · distinct(method + "")
                DNS · 9 · 1.2222222222222223 · 1.2222222222222223 · 1 · 1
                HTTP · 46 · 317.67391304347825 · 317.67391304347825 · 4 · 4
                TCP · 45 · – · 0.0 · 0 · 1
                TLS · 4 · – · 0.0 · 2 · 2
                UDP · 9 · – · 0.0 · 0 · 1
            dns || tlsx | count by status_code
                status_code · count
                0 · 6
                3 · 2
                5 · 1
                – · 4
            dns || tlsx | top 5 method
                method · count
                QUERY · 9
                ClientHello · 2
                ServerHello · 2
            tlsx | sort status_code, id | select status_code, status_code == 0, 1 / status_code | limit 1
                status_code · status_code == 0 · 1 / status_code
                – · true · –
            http | stats sum(9223372036854775807) as beyond, sum(-1) as sum
                beyond · sum
                – · -46
        "#]],
    );
}

#[test]
fn steps_lead_to_the_rows_of_the_same_traffic() {
    let demo = Demo::new();
    let failed = "http && status_code >= 500";
    // What SQL says of the same traffic.
    let sql = |statement: &str| {
        demo.runtime.block_on(async {
            let rows = demo.database.sql(statement, &QueryOptions::default()).await.unwrap();
            let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
            batches.iter().map(RecordBatch::num_rows).sum::<usize>()
        })
    };
    let conns = "SELECT conn_id FROM http WHERE status_code >= 500";
    let of = |table: &str| sql(&format!("SELECT * FROM {table} WHERE conn_id IN ({conns})"));
    assert_eq!(demo.rows(&format!("{failed} | conns")), of("conns"));
    assert_eq!(demo.rows(&format!("{failed} | entries")), of("entries"));
    assert_eq!(demo.rows(&format!("{failed} | packets")), of("packets"));
    let flows = "SELECT * FROM flows WHERE flow_id IN (SELECT flow_id FROM http WHERE status_code >= 500)";
    assert_eq!(demo.rows(&format!("{failed} | flow")), sql(flows));
    // A flow gives all of it; a step may follow a step; rows of all levels are joined, each once.
    assert_eq!(demo.rows("flow | conns"), demo.rows("conn"));
    assert_eq!(demo.rows("flow | entries"), demo.rows("!flow && !conn"));
    assert_eq!(demo.rows("dns | flow | conns | entries"), demo.rows("dns"));
    assert_eq!(demo.rows("| conns"), demo.rows("conn"));
    assert_eq!(
        demo.rows("dst.port == 10053 | conns"),
        demo.rows("conn && dst.port == 10053")
    );
    assert_eq!(demo.rows("| packets"), sql("SELECT * FROM packets"));
    assert_eq!(demo.rows("dns | packets | flow"), demo.rows("dns | flow"));
    demo.check(
        &[
            "http | sort -elapsed_time | limit 1 | conns | select id, conn_entries",
            "http | limit 1 | packets | select packet, captured_length | limit 2",
            "http && status_code >= 500 | conns | stats sum(conn_local_bytes) by dst.ip, dst.port",
            "http && status_code >= 500 | conns | where dst.port == 18081 | count",
        ],
        expect![[r#"
            http | sort -elapsed_time | limit 1 | conns | select id, conn_entries
                id · conn_entries
                97 · 3
            http | limit 1 | packets | select packet, captured_length | limit 2
                packet · captured_length
                3 · 74
                4 · 74
            http && status_code >= 500 | conns | stats sum(conn_local_bytes) by dst.ip, dst.port
                dst.ip · dst.port · sum(conn_local_bytes)
                127.0.0.1 · 18080 · 45838
                127.0.0.1 · 18081 · 44106
            http && status_code >= 500 | conns | where dst.port == 18081 | count
                count
                8
        "#]],
    );
}

#[test]
fn a_capture_is_written_of_a_query_that_ends_in_a_step() {
    let demo = Demo::new();
    for query in [
        "http && status_code >= 500",
        "dns",
        "flow && dst.port == 10053",
        "http | sort -elapsed_time | limit 3",
    ] {
        let packets = demo.number(&format!("{query} | packets | count"));
        assert_eq!(
            demo.packets(&format!("{query} | packets")).unwrap(),
            packets as u64,
            "{query}"
        );
        assert_eq!(
            demo.packets(&format!("{query} | conns")).unwrap(),
            packets as u64,
            "{query}"
        );
        let of_flows = demo.number(&format!("{query} | flow | packets | count"));
        assert_eq!(
            demo.packets(&format!("{query} | flow")).unwrap(),
            of_flows as u64,
            "{query}"
        );
    }
    assert_eq!(demo.packets("| packets").unwrap(), demo.packets("").unwrap());
    let refused: Vec<_> = ["http | limit 3", "http | conns | count", "http | select id | conns"]
        .into_iter()
        .map(|text| demo.packets(text).unwrap_err())
        .map(|error| format!("{} {error}", error.is_input()))
        .collect();
    expect![[r#"
        true the last stage must be a step to rows that have packets, found limit 3
        true the last stage must be a step to rows that have packets, found count
        true `conns` needs rows that belong to connections; after `select` there are only columns"#]]
    .assert_eq(&refused.join("\n"));
}

#[test]
fn rows_that_begin_in_one_packet_are_cut_off_in_their_order() {
    let demo = Demo::new();
    let id = demo.number("dns | select conn_id | limit 1");
    let rows = |stages: &str| {
        let answer = demo.answer(&format!("id == {id} {stages}"));
        answer.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let (all, sorted) = (rows(""), rows("| sort src.port"));
    // The flow, its connection and that one's first entry.
    assert_eq!((all.len(), sorted.len()), (3, 3));
    // Whichever table is read first.
    for _ in 0..10 {
        assert_eq!(rows("| tail 1"), all[2..]);
        assert_eq!(rows("| tail 2"), all[1..]);
        assert_eq!(rows("| limit 1"), all[..1]);
        assert_eq!(rows("| sort src.port | limit 1"), sorted[..1]);
        assert_eq!(rows("| sort src.port | limit 2"), sorted[..2]);
    }
}

#[test]
fn first_rows_are_the_first_of_all_rows() {
    let demo = Demo::new();
    let joined = |batches: &[RecordBatch]| concat_batches(&batches[0].schema(), batches).unwrap();
    let filters = [
        "true",
        "http",
        "http && status_code >= 500",
        "http || dns || flow",
        "tcp && dst.port < 10000",
        "src.ip in cidr(\"127.0.0.0/8\") && timestamp > timestamp(\"2020-01-01T00:00:00Z\")",
        "timestamp < timestamp(\"2020-01-01T00:00:00Z\")",
        "dns && dns_questions.exists(q, q.contains(\"a\"))",
        "conn_id in [1, 2, 3, 4, 5, 6, 7, 8]",
        "has_pcap",
    ];
    for filter in filters {
        let all = joined(&demo.batches(filter, None));
        for limit in [1, 2, 7, 9, 50, 60_000] {
            let first = joined(&demo.batches(filter, Some(limit)));
            assert_eq!(first, all.slice(0, limit.min(all.num_rows())), "{filter}, {limit} rows");
        }
    }
}

#[test]
fn first_rows_come_few_at_first() {
    let demo = Demo::new();
    let rows = |limit| {
        let batches = demo.batches("true", Some(limit));
        batches[1..].iter().map(RecordBatch::num_rows).collect::<Vec<_>>()
    };
    let given = rows(60);
    assert_eq!(given.iter().sum::<usize>(), 60);
    assert!(given.len() > 1, "{given:?}");
    assert!(given[0] < 30, "{given:?}");
    assert_eq!(rows(1), [1]);
}

#[test]
fn a_query_without_stages_is_the_filter_it_was() {
    let demo = Demo::new();
    let plan = |text: &str| demo.runtime.block_on(demo.database.explain(text)).unwrap().plan;
    assert!(!plan("http || dns").contains('$'));
    assert_eq!(demo.rows("http"), 46);
    let limited: usize = demo
        .batches("http | sort path", Some(5))
        .iter()
        .map(RecordBatch::num_rows)
        .sum();
    assert_eq!(limited, 5);
}

#[test]
fn sql_takes_a_query_as_a_table() {
    let demo = Demo::new();
    let answer = demo.runtime.block_on(async {
        let statement = "SELECT sum(count) AS n FROM kfl('http | count by path') WHERE path LIKE '/a%'";
        let rows = demo.database.sql(statement, &QueryOptions::default()).await.unwrap();
        let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
        batches
    });
    let counted = demo.number("http && path.startsWith('/a') | count");
    assert_eq!(
        format!("{:?}", answer[0].column(0)),
        format!("{:?}", datafusion::arrow::array::Int64Array::from(vec![counted]))
    );
}
