//! Filters and their typed trees.

use expect_test::expect;

use super::ENVIRONMENT;
use crate::compile;

#[test]
fn typed_trees() {
    let mut shown = String::new();
    for text in [
        "",
        "tcp_conn && has_pcap",
        "conn && flow_id == 7",
        "!flow && !conn && flow_id == 7",
        "http && status_code >= 500",
        "status_code > 499.5",
        "dns && \"example.com\" in dns_questions",
        "\"HTTP\" in conn_l7_detected",
        "request.headers.host == 'a'",
        "request.headers['x-y'].contains('a')",
        "has(request.headers.host)",
        "has(src.ip)",
        "tcp_metrics.handshake_time_us > 3",
        "dns_questions.exists(q, q.endsWith('.org'))",
        "dns_questions.filter(q, q != '').map(q, q.size()).exists_one(n, n > 3)",
        "[[1], []].all(l, l.exists(l, l > 0))",
        "timestamp > now() - duration('5m')",
        "timestamp >= timestamp('2026-01-01T00:00:00Z')",
        "src.ip in cidr('10.0.0.0/8')",
        "dst.port in [80, 443]",
        "'a' in request.headers",
        "map_get(request.headers, 'host', '') == 'a'",
        "(http ? src.port : dst.port) == 80",
        "-src.port < -1 && -1 < 0",
        "path.matches(r'^/api/\\d+')",
        "size(request_body) > 10 && vlan[0] == 3",
        "dyn(path) == 1 || dyn(status_code) == 200",
        "{'a': 1}[method] == 1",
    ] {
        let filter = compile(text, &ENVIRONMENT).unwrap_or_else(|problems| panic!("{}", problems[0].render(text)));
        shown.push_str(&format!("{text}\n    {}\n", filter.typed()));
    }
    expect![[""]].assert_eq(&shown);
}
