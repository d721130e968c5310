//! The law of printing: a printed tree parses to the same tree.

use expect_test::expect;
use fastrand::Rng;

use super::generate;
use crate::parse::parse;

#[test]
fn printed_trees_parse_to_themselves() {
    let mut rng = Rng::with_seed(42);
    for round in 0..4000 {
        let tree = generate::tree(&mut rng, round as u8 % 6);
        let text = tree.to_string();
        let mut problems = Vec::new();
        let again = parse(&text, &mut problems);
        assert_eq!(problems, [], "{text}");
        assert_eq!(again, tree, "{text}");
    }
}

#[test]
fn trees_print_with_as_few_parentheses_as_they_need() {
    let mut shown = String::new();
    for text in [
        "",
        "// nothing\n",
        "a&&b||!c",
        "(a && b) && c",
        "a && (b && c)",
        "(a || b) && c",
        "a ? b : c ? d : e",
        "(a ? b : c) ? d : e",
        "1+2*3-4",
        "1-(2-3)",
        "-(-1)",
        "- -x.y",
        "(-x).y",
        "!!a == b",
        "'it\\'s' + r'\\d' + \"\"\"q\"\"\"",
        "[1, 2u, 0x1F, .5e3,]",
        "{'a': b, }['a'].c(d, e)",
        "request.headers[\"host\"] in ['a']",
        "a == b == c",
    ] {
        let mut problems = Vec::new();
        let tree = parse(text, &mut problems);
        assert_eq!(problems, [], "{text}");
        shown.push_str(&format!("{tree}\n"));
    }
    expect![[r#"
        true
        true
        a && b || !c
        (a && b) && c
        a && (b && c)
        (a || b) && c
        a ? b : c ? d : e
        (a ? b : c) ? d : e
        1 + 2 * 3 - 4
        1 - (2 - 3)
        --1
        --x.y
        (-x).y
        !!a == b
        "it's" + "\\d" + "q"
        [1, 2u, 31, 500.0]
        {"a": b}["a"].c(d, e)
        request.headers["host"] in ["a"]
        a == b == c
    "#]]
    .assert_eq(&shown);
}
