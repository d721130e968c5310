//! Any text gives a filter or diagnostics, in linear time and without deep recursion.

use fastrand::Rng;

use super::{ENVIRONMENT, generate};
use crate::{Bindings, Failure, Fault, Road, compile, compile_query, complete, evaluate, highlight, limits};

/// Runs a text through everything that takes one.
fn swallow(text: &str, cursor: usize) {
    match compile(text, &ENVIRONMENT) {
        Ok(filter) => {
            filter.typed();
            for table in schema::tables::in_kfl() {
                filter.on(table);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems.iter().take(3) {
                assert!(!problem.render(text).is_empty());
            }
        }
    }
    match compile_query(text, &ENVIRONMENT) {
        Ok(query) => {
            for stage in query.stages() {
                assert!(!stage.to_string().is_empty());
                for term in stage.terms() {
                    term.over_columns();
                    for table in schema::tables::in_kfl() {
                        term.on(table);
                    }
                }
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems.iter().take(3) {
                assert!(!problem.render(text).is_empty());
            }
        }
    }
    // Without a check before it, whatever was written is computed; both roads come to the same end.
    let bindings = Bindings::new().unchecked();
    if text.len() < 1000 {
        let scalar = evaluate(text, &bindings, Road::Scalar);
        if scalar != Err(Failure::Fault(Fault::TooLong)) {
            let columns = evaluate(text, &bindings, Road::Columns);
            assert_eq!(scalar.is_ok(), columns.is_ok(), "{text}\n{scalar:?}\n{columns:?}");
            if let (Ok(scalar), Ok(columns)) = (scalar, columns) {
                // A NaN is equal to none, and `now()` is another.
                let is_one = |text: &str| !text.contains("now");
                assert!(!is_one(text) || scalar == columns, "{text}\n{scalar}\n{columns}");
            }
        }
    }
    let pieces = highlight(text);
    assert!(pieces.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "{text}");
    let completions = complete(text, cursor);
    assert!(text.get(completions.range.clone()).is_some(), "{text}: {completions:?}");
}

#[test]
fn any_text_is_a_filter_or_mistakes() {
    const PIECES: &[&str] = &[
        "http",
        "path",
        "src.ip",
        "request.headers",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        "?",
        ":",
        "==",
        "=",
        "in",
        "'",
        "\"",
        "'''",
        "r'",
        "b\"\\x",
        "\\",
        "1",
        "0x",
        "1e",
        ".5",
        "u",
        "//",
        "#",
        "\n",
        "é",
        "\u{0}",
        "exists(",
        "map(",
        "has(",
        "and",
        "not",
        "null",
        "-",
        "+",
        "%",
        "|",
        "| count by",
        "| stats",
        "| select",
        "| sort -",
        "| top 5",
        "| where",
        "| conns",
        "sum(",
        "every(1m)",
        "as",
        "by",
        "10.0.0.1",
        "timestamp(",
        "matches('[",
    ];
    let mut rng = Rng::with_seed(99);
    for _ in 0..3000 {
        let text: String = (0..rng.usize(..24))
            .flat_map(|_| [generate::one(&mut rng, PIECES), [" ", ""][rng.usize(..2)]])
            .collect();
        swallow(&text, rng.usize(..=text.len() + 1));
    }
    for _ in 0..1500 {
        let mut text = generate::condition(&mut rng, 3).into_bytes();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..text.len());
            text[at] = rng.u8(..);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        swallow(&text, rng.usize(..=text.len()));
    }
}

#[test]
fn depth_never_overflows_the_stack_and_length_is_linear() {
    let fill = |piece: &str| piece.repeat(limits::TEXT_BYTES / piece.len() - 8);
    let cases = [
        fill("("),
        fill("["),
        fill("{1:"),
        fill("!"),
        fill("-"),
        fill("- "),
        fill("f("),
        fill("a?"),
        fill("a?b:") + "c",
        fill("http&&") + "http",
        fill("id==1||") + "dns",
        fill("1+") + "1",
        fill("a==") + "a",
        String::from("path") + &fill(".x"),
        String::from("vlan") + &fill("[0]"),
        String::from("path") + &fill(".trim()"),
        format!("[{}1] == [1]", fill("1,")),
        format!("id in [{}1]", fill("17, ")),
        fill("vlan.all(x,"),
        format!("{}http{}", "(".repeat(240), ")".repeat(240)),
        format!("{}http", "!".repeat(240)),
        format!("{}1 == 1", "1+".repeat(240)),
        format!("{}true", "has_pcap?http:".repeat(240)),
        format!("{}[1]{} == [1]", "(has_pcap?".repeat(100), ":[2])".repeat(100)),
        fill("x "),
        fill("\""),
        fill("'"),
        fill("§"),
        fill("#\n"),
        fill("="),
        fill(")"),
        fill("a = "),
        fill("sttus_code == 1 && "),
        format!("'{}'.matches('{}')", "a", fill("(a*)*")),
        fill("."),
        fill("a."),
        fill(","),
        fill("?:"),
        fill("|"),
        fill("| count "),
        fill("| sort id, -"),
        fill("| select a, a as b,"),
        fill("|| count "),
        fill("| limit 1") + "|",
        String::from("http | select ") + &fill("path, ") + "id",
        String::from("http | select ") + &fill("a + 1, ") + "id | where " + "a + 1",
        String::from("http | stats ") + &fill("max(id), "),
        String::from("http | count by ") + &fill("every(1m), "),
        String::from("http | stats max(id) | where ") + &"max(id) + ".repeat(200) + "1 > 0",
        fill("(|"),
    ];
    // No clock is read: what is quadratic takes minutes on texts of this length, and nobody waits for that.
    for text in &cases {
        swallow(text, text.len() / 2);
    }
}
