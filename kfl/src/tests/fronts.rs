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
        let items: Vec<_> = completions.items.iter().take(4).map(|item| format!("{} ({})", item.text, item.detail)).collect();
        let values = completions.values_of.map_or(String::new(), |field| format!(" values of {}", field.name));
        shown.push_str(&format!("{marked}\n    `{}`{values}: {}\n", &text[completions.range], items.join(", ")));
    }
    expect![[""]].assert_eq(&shown);
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
    expect![[""]].assert_eq(&shown);
}
