//! Filters and what they become on each table.

use expect_test::expect;

use super::ENVIRONMENT;
use crate::{Lowered, compile};

fn show(texts: &[&str]) -> String {
    let mut shown = String::new();
    for text in texts {
        let filter = compile(text, &ENVIRONMENT).unwrap_or_else(|problems| panic!("{}", problems[0].render(text)));
        shown.push_str(&format!("{text}\n"));
        for table in schema::tables::in_kfl() {
            let lowered = match filter.on(table) {
                Lowered::Never => "never".to_owned(),
                Lowered::Always => "always".to_owned(),
                Lowered::Where(predicate) => predicate.to_string(),
            };
            shown.push_str(&format!("    {:6} {lowered}\n", table.name));
        }
    }
    shown
}

#[test]
fn tables_that_cannot_match_are_never_opened() {
    expect![[""]].assert_eq(&show(&[
        "",
        "tcp_conn && has_pcap",
        "conn && flow_id == 7",
        "!flow && !conn && flow_id == 7",
        "http && status_code >= 500",
        "dns && \"example.com\" in dns_questions",
        "\"HTTP\" in conn_l7_detected",
        "tls",
        "redis || kafka",
        "1 / 0 == 1",
        "src.pod.name != ''",
    ]));
}

#[test]
fn defaults_are_supplied_where_they_can_pass() {
    let http = |texts: &[&str]| {
        let shown = show(texts);
        let kept = shown.lines().filter(|line| !line.starts_with("    ") || line.starts_with("    http"));
        kept.map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[""]].assert_eq(&http(&[
        "status_code >= 500",
        "!(status_code < 500)",
        "status_code < 500",
        "!(status_code >= 500)",
        "status_code == 0",
        "500 <= status_code",
        "status_code == 200.0 || status_code == 404u",
        "status_code > 499.5",
        "!(status_code >= 500 && (path == '/' || has_pcap))",
        "has_pcap",
        "!has_pcap",
        "src.ip == '10.0.0.1'",
        "path.startsWith('/api')",
        "!path.startsWith('/api')",
        "path.matches('^/api')",
        "path.size() < 3",
        "dst.port in [80, 443]",
        "!(dst.port in [80, 443])",
        "src.port == dst.port",
        "timestamp > now() - duration('5m')",
        "timestamp - timestamp('2026-01-01T00:00:00Z') > duration('1s')",
        "src.ip in cidr('10.0.0.0/8')",
        "request.headers.host == 'a'",
        "has(request.headers.host)",
        "!has(request.headers.host)",
        "map_get(request.headers, 'host', '') == ''",
        "'a' in [src.ip, dst.ip]",
        "'a' in dns_resolutions",
        "elapsed_time / 1000 > 5",
        "(http ? src.port : dst.port) == 80",
        "(has_pcap ? src.port : dst.port) == 80",
        "(src.port == 1) == (dst.port == 2)",
        "vlan.exists(v, v == status_code)",
        "vlan.all(v, v > 3)",
        "capture_source == 'unspecified' && node_id == ''",
        "request_body == b'x'",
    ]));
}
