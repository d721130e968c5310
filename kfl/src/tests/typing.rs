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
    expect![[r#"

            true
        tcp_conn && has_pcap
            (tcp_conn:bool && has_pcap:bool)
        conn && flow_id == 7
            (conn:bool && (flow_id:int == 7))
        !flow && !conn && flow_id == 7
            (!flow:bool && !conn:bool && (flow_id:int == 7))
        http && status_code >= 500
            (http:bool && (status_code:int >= 500))
        status_code > 499.5
            (status_code:int > 499.5)
        dns && "example.com" in dns_questions
            (dns:bool && ("example.com" in dns_questions:list(string)):bool)
        "HTTP" in conn_l7_detected
            ("HTTP" in conn_l7_detected:list(string)):bool
        request.headers.host == 'a'
            (request.headers:map(string, string)["host"]:string == "a")
        request.headers['x-y'].contains('a')
            contains(request.headers:map(string, string)["x-y"]:string, "a"):bool
        has(request.headers.host)
            (request.headers:map(string, string) has "host"):bool
        has(src.ip)
            (src.ip:string != "")
        tcp_metrics.handshake_time_us > 3
            (handshake_time_us:int > 3)
        dns_questions.exists(q, q.endsWith('.org'))
            dns_questions:list(string).exists(q:string, endsWith(q:string, ".org"):bool):bool
        dns_questions.filter(q, q != '').map(q, q.size()).exists_one(n, n > 3)
            dns_questions:list(string).filter(q:string, (q:string != "")):list(string).map(q:string, size(q:string):int):list(int).exists_one(n:int, (n:int > 3)):bool
        [[1], []].all(l, l.exists(l, l > 0))
            [[1]:list(int), []:list(int)]:list(list(int)).all(l:list(int), l:list(int).exists(l:int, (l:int > 0)):bool):bool
        timestamp > now() - duration('5m')
            (timestamp:timestamp > (timestamp("2026-01-01T00:00:00Z") - duration("5m"):duration):timestamp)
        timestamp >= timestamp('2026-01-01T00:00:00Z')
            (timestamp:timestamp >= timestamp("2026-01-01T00:00:00Z"):timestamp)
        src.ip in cidr('10.0.0.0/8')
            containsIP(cidr("10.0.0.0/8"):cidr, src.ip:string):bool
        dst.port in [80, 443]
            (dst.port:int in [80, 443]:list(int)):bool
        'a' in request.headers
            (request.headers:map(string, string) has "a"):bool
        map_get(request.headers, 'host', '') == 'a'
            (map_get(request.headers:map(string, string), "host", ""):string == "a")
        (http ? src.port : dst.port) == 80
            ((http:bool ? src.port:int : dst.port:int):int == 80)
        -src.port < -1 && -1 < 0
            ((-src.port:int:int < -1) && (-1 < 0))
        path.matches(r'^/api/\d+')
            matches(path:string, "^/api/\\d+"):bool
        size(request_body) > 10 && vlan[0] == 3
            ((size(request_body:bytes):int > 10) && (vlan:list(int)[0]:int == 3))
        dyn(path) == 1 || dyn(status_code) == 200
            (((path:string as dyn) == 1) || ((status_code:int as dyn) == 200))
        {'a': 1}[method] == 1
            ({"a": 1}:map(string, int)[method:string]:int == 1)
    "#]].assert_eq(&shown);
}
