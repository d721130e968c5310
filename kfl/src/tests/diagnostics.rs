//! Mistakes and how they are shown.

use expect_test::{Expect, expect};

use super::ENVIRONMENT;
use crate::compile;

#[track_caller]
fn check(texts: &[&str], expect: Expect) {
    let mut shown = String::new();
    for text in texts {
        let problems = compile(text, &ENVIRONMENT).expect_err(text);
        for problem in problems {
            shown.push_str(&problem.render(text));
        }
        shown.push('\n');
    }
    expect.assert_eq(&shown);
}

#[test]
fn syntax() {
    check(
        &[
            "http &&",
            "http dns",
            "http && && dns",
            "(http",
            "http)",
            "[1, 2",
            "(http]",
            "a ? b",
            "status_code == ",
            "path.contains(",
            "src. == 'a'",
            "path == 'abc",
            "path == \"a\\d\"",
            "http § dns",
            "for == 1",
            "9223372036854775808 == 1",
            "99999999999999999999 == 1",
            "1e999 > 1.0",
            "{'a' 1}",
            "a.exists(1, true)",
        ],
        expect![[""]],
    );
}

#[test]
fn several_mistakes_at_once() {
    check(
        &["http = 1 and sttus_code == \"200\" && path.contain(\"x\") && (src.ip == 3 || ) or not dns # all of them"],
        expect![[""]],
    );
}

#[test]
fn spellings_of_elsewhere() {
    check(
        &[
            "http and dns",
            "http or not dns",
            "not(http)",
            "status_code = 200",
            "method <> 'GET'",
            "http & dns",
            "http | dns",
            "http # comment",
            "response.status == 200",
            "request.method == 'GET'",
            "src.ns == 'default'",
            "http.status_code == 200",
            "dns.questions == 1",
            "ip.src == '10.0.0.1'",
            "tcp.port == 80",
            "http.request.method == 'GET'",
            "status_code == \"200\"",
            "status_code in ['200']",
            "http && r'^/api'",
            "r'^/api'",
            "dns_questions.contains('a')",
            "dns_questions == 'a'",
            "contains(path, 'a')",
            "path.toLower() == 'a'",
            "'/api' in path",
            "src.ip == 10.0.0.1",
            "src.ip in '10.0.0.0/8'",
            "elapsed_time > 5ms",
            "elapsed_time > duration('5ms')",
            "timestamp > '2026-01-01T00:00:00Z'",
        ],
        expect![[""]],
    );
}

#[test]
fn names_and_types() {
    check(
        &[
            "sttaus_code == 200",
            "src.adress == 'a'",
            "src == 'a'",
            "status_code.x == 1",
            "size == 3",
            "path",
            "status_code",
            "!path",
            "path && http",
            "path ? http : dns",
            "(http ? 1 : 'a') == 1",
            "1 + 1.0 == 2.0",
            "'a' + 1 == 'a1'",
            "-path == 'a'",
            "-http",
            "path == null",
            "[1, 'a'] == [1]",
            "{1.5: 1} == {1.5: 1}",
            "path < http",
            "dns_questions < dns_questions",
            "path.contains(1)",
            "path.startsWth('a')",
            "foo(path)",
            "path.size(1) == 1",
            "method('GET')",
            "has(path)",
            "has()",
            "exists(path)",
            "path.exists(c, true)",
            "dns_questions.exists('q', true)",
            "dns_questions[http] == 'a'",
            "status_code[0] == 1",
            "request.headers[0] == 'a'",
            "3 in 3",
            "3 in request.headers",
            "path.matches('[')",
            "timestamp > timestamp('yesterday')",
            "duration('5') > duration('1s')",
            "src.ip in cidr('10.0.0.0/40')",
        ],
        expect![[""]],
    );
}

#[test]
fn limits_name_themselves() {
    let deep = format!("{}http{}", "(".repeat(300), ")".repeat(300));
    let nested = format!("{}true{}", "vlan.all(x, ".repeat(9), ")".repeat(9));
    let long = " ".repeat(70_000);
    let mut shown = String::new();
    for text in [&deep, &nested, &long] {
        let problems = compile(text, &ENVIRONMENT).expect_err("a limit");
        for problem in &problems {
            shown.push_str(&format!("{} {} {:?}\n", problem.code, problem.message, problem.span()));
        }
    }
    expect![[""]].assert_eq(&shown);
}
