//! Completion and colouring.

use expect_test::expect;

use crate::{complete, highlight};

#[test]
fn completions() {
    let mut shown = String::new();
    // `^` is the cursor.
    for marked in [
        "http && stat^",
        "src.po^",
        "re^quest",
        "path.star^",
        "'a'.low^",
        "dns_questions.ex^",
        "method == \"G^",
        "method == \"G^ET\" && http",
        "method in ['GET', 'P^",
        "path.startsWith('/a^",
        "'x' in dns_q^",
        "\"exa^",
        "has^",
        "http // st^",
        "zzz^",
    ] {
        let cursor = marked.find('^').unwrap();
        let text = marked.replace('^', "");
        let completions = complete(&text, cursor);
        let items: Vec<_> = completions
            .items
            .iter()
            .take(4)
            .map(|item| format!("{} ({})", item.text, item.detail))
            .collect();
        let values = completions
            .values_of
            .map_or(String::new(), |field| format!(" values of {}", field.name));
        shown.push_str(&format!(
            "{marked}\n    `{}`{values}: {}\n",
            &text[completions.range],
            items.join(", ")
        ));
    }
    expect![[r#"
        http && stat^
            `stat`: status_code (int)
        src.po^
            `src.po`: src.port (int), src.pod.name (string), src.pod.namespace (string)
        re^quest
            `request`: redis (flag), redis_key (string), redis_type (string), request_body (bytes)
        path.star^
            `path.star`: path.startsWith( (string.startsWith(string) -> bool)
        'a'.low^
            `.low`: .lowerAscii( (string.lowerAscii() -> string)
        dns_questions.ex^
            `dns_questions.ex`: dns_questions.exists( (list.exists(x, condition) -> bool), dns_questions.existsOne( (list.existsOne(i, x, condition) -> bool), dns_questions.exists_one( (list.exists_one(x, condition) -> bool)
        method == "G^
            `G` values of method: 
        method == "G^ET" && http
            `GET` values of method: 
        method in ['GET', 'P^
            `P` values of method: 
        path.startsWith('/a^
            `/a` values of path: 
        'x' in dns_q^
            `dns_q`: dns_questions (list(string)), dns_question_types (list(string))
        "exa^
            `exa`: 
        has^
            `has`: has( (has(map.key) -> bool), has_pcap (bool)
        http // st^
            ``: 
        zzz^
            `zzz`: 
    "#]].assert_eq(&shown);
}

#[test]
fn colours() {
    let mut shown = String::new();
    for text in [
        "http && src.ip == '10.0.0.1' // one",
        "request.headers.host.contains(\"a\") || foo(1)",
        "dns_questions.exists(q, q != null)",
        "sttus_code = 'a",
        "tcp_metrics.fin_count > 1.5",
    ] {
        for (range, kind) in highlight(text) {
            shown.push_str(&format!("{}:{kind:?} ", &text[range]));
        }
        shown.push('\n');
    }
    expect![[r#"
        http:Flag &&:Operator src.ip:Variable ==:Operator '10.0.0.1':String // one:Comment 
        request.headers:Variable .:Operator host:Variable .:Operator contains:Function (:Operator "a":String ):Operator ||:Operator foo:Error (:Operator 1:Literal ):Operator 
        dns_questions:Variable .:Operator exists:Function (:Operator q:Variable ,:Operator q:Variable !=:Operator null:Literal ):Operator 
        sttus_code:Error =:Error 'a:Error 
        tcp_metrics:Variable .:Operator fin_count:Variable >:Operator 1.5:Literal 
    "#]].assert_eq(&shown);
}
