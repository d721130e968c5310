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
fn texts_that_are_no_addresses_of_ours_have_no_bounds() {
    let table = &schema::tables::http::TABLE;
    let filter = crate::compile("host in cidr('2001:db8::/32')", &super::ENVIRONMENT).unwrap();
    let crate::Lowered::Where(predicate) = filter.on(table) else {
        panic!("the filter can match")
    };
    assert!(!predicate.to_string().contains(">="), "{predicate}");
}

#[test]
fn tables_that_cannot_match_are_never_opened() {
    expect![[r#"

            flows  always
            conns  always
            http   always
            dns    always
            tlsx   always
            ws     always
            redis  always
            kafka  always
            amqp   always
            mongodb always
            mysql  always
            postgresql always
            ldap   always
            radius always
            diameter always
            icmp   always
            sctp   always
            tcp    always
            udp    always
        tcp_conn && has_pcap
            flows  never
            conns  transport = Utf8View("tcp") AND has_pcap
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        conn && flow_id == 7
            flows  never
            conns  flow_id = Int64(7)
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        !flow && !conn && flow_id == 7
            flows  never
            conns  never
            http   flow_id = Int64(7)
            dns    flow_id = Int64(7)
            tlsx   flow_id = Int64(7)
            ws     flow_id = Int64(7)
            redis  flow_id = Int64(7)
            kafka  flow_id = Int64(7)
            amqp   flow_id = Int64(7)
            mongodb flow_id = Int64(7)
            mysql  flow_id = Int64(7)
            postgresql flow_id = Int64(7)
            ldap   flow_id = Int64(7)
            radius flow_id = Int64(7)
            diameter flow_id = Int64(7)
            icmp   flow_id = Int64(7)
            sctp   flow_id = Int64(7)
            tcp    flow_id = Int64(7)
            udp    flow_id = Int64(7)
        http && status_code >= 500
            flows  never
            conns  never
            http   status_code >= Int64(500)
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        dns && "example.com" in dns_questions
            flows  never
            conns  never
            http   never
            dns    array_has(dns_questions, Utf8("example.com"))
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        "HTTP" in conn_l7_detected
            flows  never
            conns  array_has(conn_l7_detected, Utf8("HTTP"))
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        tls
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        redis || kafka
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  always
            kafka  always
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        1 / 0 == 1
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        http && !(path == '/' || 1 / 0 == 1)
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        http && (path == '/' || 1 / 0 == 1)
            flows  never
            conns  never
            http   path = Utf8View("/")
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        src.pod.name != ''
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        'a' in pods || '' in dns_resolutions
            flows  never
            conns  never
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
        conn && 'a' in dns_resolutions
            flows  never
            conns  src_dns = Utf8View("a") OR dst_dns = Utf8View("a")
            http   never
            dns    never
            tlsx   never
            ws     never
            redis  never
            kafka  never
            amqp   never
            mongodb never
            mysql  never
            postgresql never
            ldap   never
            radius never
            diameter never
            icmp   never
            sctp   never
            tcp    never
            udp    never
    "#]]
    .assert_eq(&show(&[
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
        "http && !(path == '/' || 1 / 0 == 1)",
        "http && (path == '/' || 1 / 0 == 1)",
        "src.pod.name != ''",
        "'a' in pods || '' in dns_resolutions",
        "conn && 'a' in dns_resolutions",
    ]));
}

#[test]
fn defaults_are_supplied_where_they_can_pass() {
    let http = |texts: &[&str]| {
        let shown = show(texts);
        let kept = shown
            .lines()
            .filter(|line| !line.starts_with("    ") || line.starts_with("    http"));
        kept.map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[r#"
        status_code >= 500
            http   status_code >= Int64(500)
        !(status_code < 500)
            http   status_code >= Int64(500)
        status_code < 500
            http   status_code < Int64(500) OR status_code IS NULL
        !(status_code >= 500)
            http   status_code < Int64(500) OR status_code IS NULL
        status_code == 0
            http   status_code = Int64(0) OR status_code IS NULL
        500 <= status_code
            http   Int64(500) <= status_code
        status_code == 200.0 || status_code == 404u
            http   status_code = Int64(200) OR status_code = Int64(404)
        status_code > 499.5
            http   status_code >= Int64(500)
        !(status_code >= 500 && (path == '/' || has_pcap))
            http   status_code < Int64(500) OR status_code IS NULL OR (path != Utf8View("/") OR path IS NULL) AND (NOT has_pcap OR has_pcap IS NULL)
        has_pcap
            http   has_pcap
        !has_pcap
            http   NOT has_pcap OR has_pcap IS NULL
        src.ip == '10.0.0.1'
            http   src_ip = Utf8View("10.0.0.1")
        path.startsWith('/api')
            http   path LIKE Utf8View("/api%")
        !path.startsWith('/api')
            http   path NOT LIKE Utf8View("/api%") OR path IS NULL
        path.matches('^/api')
            http   matches(path, Utf8View("^/api"))
        path.size() < 3
            http   size(path) < Int64(3) OR path IS NULL
        dst.port in [80, 443]
            http   dst_port IN ([Int64(80), Int64(443)])
        !(dst.port in [80, 443])
            http   dst_port NOT IN ([Int64(80), Int64(443)]) OR dst_port IS NULL
        src.port == dst.port
            http   CASE WHEN src_port IS NOT NULL THEN src_port ELSE Int64(0) END = CASE WHEN dst_port IS NOT NULL THEN dst_port ELSE Int64(0) END
        timestamp > now() - duration('5m')
            http   timestamp > TimestampNanosecond(1767225300000000000, Some("UTC"))
        timestamp - timestamp('2026-01-01T00:00:00Z') > duration('1s')
            http   checked_subtract(timestamp, Decimal128(1767225600000000000,38,0)) > DurationNanosecond("1000000000")
        src.ip in cidr('10.0.0.0/8')
            http   src_ip >= Utf8View("10.") AND src_ip < Utf8View("10/") AND containsIP(BinaryView("10,0,0,0,8"), src_ip)
        request.headers.host == 'a'
            http   element_at(request_headers, Utf8View("host")) = Utf8View("a")
        has(request.headers.host)
            http   exists[key$ -> key$ = Utf8View("host")](request_headers)
        !has(request.headers.host)
            http   NOT exists[key$ -> key$ = Utf8View("host")](request_headers) OR request_headers IS NULL
        map_get(request.headers, 'host', '') == ''
            http   map_get(request_headers, Utf8View("host"), Utf8View("")) = Utf8View("") OR request_headers IS NULL
        'a' in [src.ip, dst.ip]
            http   src_ip = Utf8View("a") OR dst_ip = Utf8View("a")
        'a' in dns_resolutions
            http   src_dns = Utf8View("a") OR dst_dns = Utf8View("a")
        elapsed_time / 1000 > 5
            http   checked_divide(elapsed_time, Int64(1000)) > Int64(5)
        (http ? src.port : dst.port) == 80
            http   src_port = Int64(80)
        (has_pcap ? src.port : dst.port) == 80
            http   choose(has_pcap IS TRUE, CASE WHEN src_port IS NOT NULL THEN src_port ELSE Int64(0) END, CASE WHEN dst_port IS NOT NULL THEN dst_port ELSE Int64(0) END) = Int64(80)
        (src.port == 1) == (dst.port == 2)
            http   CASE WHEN src_port IS NOT NULL THEN src_port ELSE Int64(0) END = Int64(1) = CASE WHEN dst_port IS NOT NULL THEN dst_port ELSE Int64(0) END = Int64(2)
        vlan.exists(v, v == status_code)
            http   exists[v$0 -> v$0 = status_code](or_empty(vlan), CASE WHEN status_code IS NOT NULL THEN status_code ELSE Int64(0) END)
        vlan.all(v, v > 3)
            http   all[v$0 -> v$0 > Int64(3)](vlan) OR vlan IS NULL
        capture_source == 'unspecified' && node_id == ''
            http   always
        request_body == b'x'
            http   CAST(request_body AS BinaryView) = BinaryView("120")
    "#]].assert_eq(&http(&[
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
