//! CEL by examples: each expression has one result, whichever road computes it; and CEL's own conformance cases, where they lie
//! beside the project.

use std::path::Path;

use kfl::{Bindings, Failure, Road, evaluate, evaluate_text};
use serde_json::Value as Json;

/// The result on both roads; "error" and why where there is none.
#[track_caller]
fn check(text: &str, expect: &str) {
    for road in [Road::Scalar, Road::Columns] {
        let found = match evaluate_text(text, &Bindings::new().unchecked(), road) {
            Ok(value) => value,
            Err(Failure::Fault(fault)) => format!("error: {fault}"),
            Err(Failure::Mistakes(problems)) => format!("mistake: {}", problems[0].message),
        };
        assert_eq!(found, expect, "{text} by {road:?}");
    }
}

#[test]
fn numbers() {
    for (text, expect) in [
        ("1 == 1.0 && 1u == 1 && 2 > 1.5", "true"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("18446744073709551615u > 9223372036854775807", "true"),
        ("-1 < 0u", "true"),
        ("0.0 == -0.0", "true"),
        ("double('NaN') == double('NaN')", "false"),
        ("double('NaN') < 1.0 || double('NaN') >= 1.0", "false"),
        ("9223372036854775807 + 1", "error: overflow"),
        ("-9223372036854775808 / -1", "error: overflow"),
        ("-9223372036854775808 % -1", "error: overflow"),
        ("1 / 0", "error: division by zero"),
        ("1u - 2u", "error: overflow"),
        ("-(5u)", "error: wrong type"),
        ("1.0 / 0.0", "double(\"inf\")"),
        ("int(9223372036854775807.0)", "error: overflow"),
        ("int(-7.9)", "-7"),
        ("1 + 1.0", "error: wrong type"),
    ] {
        check(text, expect);
    }
}

#[test]
fn what_is_known_when_it_runs() {
    for (text, expect) in [
        ("[1, 'a', 2.5][1]", "\"a\""),
        ("[1, 'a'].exists(x, x == 'a')", "true"),
        ("[1, 'a'].all(x, x % 2 == 1)", "error: wrong type"),
        ("[1, 'a', 3].all(x, x % 2 == 0)", "false"),
        ("'less' || 'filling'", "error: wrong type"),
        ("x || true", "true"),
        ("nobody(1) && false", "false"),
        ("nobody(1)", "error: unknown name"),
        ("dyn(1) < 'a'", "error: wrong type"),
        ("dyn('a') == 1", "false"),
        ("[7, 8][dyn(1.0)]", "8"),
        ("[7, 8][dyn(0.5)]", "error: index out of range"),
        ("{1u: 'a', 2: 'b'}[2.0]", "\"b\""),
        ("{0: 1, 0u: 2}", "error: bad key of a map"),
        ("{'a': {'b': 1}}.a.c", "error: missing key"),
        (
            "type(type(1)) == type && type([]) == list && type(null) == null_type",
            "true",
        ),
        ("true ? 1 : 'a'", "1"),
        ("size(dyn([1, 2])) + size(dyn('abc'))", "5"),
        ("math.greatest(1, 2.5, 2u)", "2.5"),
        ("math.greatest(dyn([1, 2.5]))", "2.5"),
    ] {
        check(text, expect);
    }
}

#[test]
fn optionals() {
    for (text, expect) in [
        ("{'a': 1}.?a", "optional.of(1)"),
        ("{'a': {'b': 1}}.?a.?c.orValue(7)", "7"),
        ("[1][?3].hasValue()", "false"),
        ("optional.of({'a': 1}).a", "optional.of(1)"),
        ("has({'a': {'b': 1}}.?a.b)", "true"),
        ("[?optional.of(1), ?optional.none(), 3]", "[1, 3]"),
        ("{?'a': optional.none(), 'b': 2}", "{\"b\": 2}"),
        (
            "optional.of(1).or(1 / 0 == 1 ? optional.of(2) : optional.none())",
            "optional.of(1)",
        ),
        ("optional.none().orValue(1 / 0)", "error: division by zero"),
        ("{'a': 1}.?b.orValue({'c': 2}.?c.orValue(3))", "2"),
        (
            "optional.none().or({'a': 1}.?b.or({'a': 4}.?a)).optMap(x, x + optional.of(x).orValue(0))",
            "optional.of(8)",
        ),
        ("optional.none().value()", "error: optional without a value"),
        ("optional.of(3).optMap(x, x * x)", "optional.of(9)"),
        ("{}.?a.optFlatMap(x, x.?b).hasValue()", "false"),
        ("optional.none() == optional.none()", "true"),
        ("optional.ofNonZeroValue([]).hasValue()", "false"),
    ] {
        check(text, expect);
    }
}

#[test]
fn macros() {
    for (text, expect) in [
        ("[1, 0].exists(x, 2 / x == 2)", "true"),
        ("[0, 1].exists(x, 2 / x == 3)", "error: division by zero"),
        ("[1, 1].exists_one(x, x == 1)", "false"),
        ("[1, 2, 3].map(x, x > 1, x * x)", "[4, 9]"),
        ("['a', 'b'].exists(i, x, i == 1 && x == 'b')", "true"),
        ("{'a': 1, 'b': 2}.all(k, v, k != '' && v > 0)", "true"),
        ("[5, 6].transformList(i, x, i > 0, x + i)", "[7]"),
        ("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * v)", "{\"b\": 4}"),
        ("[4, 5].transformMap(i, x, x - i)", "{0: 4, 1: 4}"),
        (
            "{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k})",
            "{\"x\": \"a\", \"y\": \"b\"}",
        ),
        ("['a', 'a'].transformMapEntry(i, x, {x: i})", "error: bad key of a map"),
        ("[[1, 2], [3]].map(l, l.map(x, l.size() * x))", "[[2, 4], [3]]"),
        ("cel.bind(x, [1, 2], cel.bind(y, x.size(), x.map(z, z + y)))", "[3, 4]"),
        ("cel.bind(x, 1 / 0, true)", "true"),
        ("[1].exists(x, [2].exists(x, x == 2) && x == 1)", "true"),
        ("dyn({'a': 1}).exists(k, k == 'a')", "true"),
        ("dyn([3]).exists(i, x, i == 0 && x == 3)", "true"),
        ("[].all(x, 1 / 0 == x)", "true"),
    ] {
        check(text, expect);
    }
}

#[test]
fn times_and_texts() {
    for (text, expect) in [
        (
            "timestamp('0001-01-01T00:00:00Z') + duration('1ns')",
            "timestamp(\"0001-01-01T00:00:00.000000001Z\")",
        ),
        (
            "timestamp('9999-12-31T23:59:59.999999999Z') + duration('1ns')",
            "error: overflow",
        ),
        (
            "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
            "error: overflow",
        ),
        ("timestamp('2024-02-29T23:00:00Z').getDate('+02:00')", "1"),
        ("timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin')", "14"),
        (
            "timestamp('2024-07-01T12:00:00Z').getHours('Nowhere/City')",
            "error: bad argument",
        ),
        ("duration('90m').getHours()", "1"),
        ("string(b'\\xff')", "error: bad conversion"),
        ("'né'.size() + 'né'.indexOf('é')", "3"),
        ("'abc'.charAt(3)", "\"\""),
        ("'abc'.charAt(4)", "error: index out of range"),
        ("'%s %d %.2f %x'.format(['a', 7, 1.5, 255])", "\"a 7 1.50 ff\""),
        ("'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"),
        ("base64.decode(base64.encode(b'hi'))", "b\"hi\""),
        ("'aé'.matches('^a.$')", "true"),
    ] {
        check(text, expect);
    }
}

#[test]
fn names_in_namespaces() {
    let int = |value: i64| serde_json::json!({"type": "int", "value": value.to_string()});
    let mut bindings = Bindings::new().container("a.b");
    for (name, value) in [("a.b.x", 1), ("a.x", 2), ("x", 3)] {
        bindings = bindings.bind(name, &int(value)).expect("it is a value");
    }
    for (text, expect) in [
        ("x", "1"),
        (".x", "3"),
        ("a.x", "2"),
        ("[7].exists(x, x == 7)", "true"),
        ("[7].exists(x, .x == 3)", "true"),
    ] {
        for road in [Road::Scalar, Road::Columns] {
            assert_eq!(evaluate_text(text, &bindings, road).as_deref(), Ok(expect), "{text}");
        }
    }
    assert!(Bindings::new().declare("x", "list(").is_err());
    let wrong = Bindings::new().declare("x", "string").expect("it is a type");
    let wrong = wrong.bind("x", &serde_json::json!({"type": "int", "value": "1"}));
    assert_eq!(wrong.unwrap_err(), "the value of x: expected string, found int");
}

/// Cases that other people wrote, where they lie beside the project.
#[test]
fn conformance_cases() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cel/cases.jsonl");
    let Ok(cases) = std::fs::read_to_string(&cases) else {
        eprintln!("skipped: there are no conformance cases beside the project");
        return;
    };
    let mut run = 0;
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).expect("a case is JSON");
        // Some cases are about checking alone: they have neither a result nor an error.
        if case["expect"].is_null() && case["error"].is_null() {
            continue;
        }
        let mut bindings = Bindings::new().unchecked();
        if let Some(container) = case["container"].as_str() {
            bindings = bindings.container(container);
        }
        for (name, ty) in case["env"].as_object().into_iter().flatten() {
            bindings = bindings
                .declare(name, ty.as_str().unwrap_or_default())
                .expect("it is a type");
        }
        for (name, value) in case["bindings"].as_object().into_iter().flatten() {
            bindings = bindings.bind(name, value).expect("it is a value");
        }
        let text = case["expr"].as_str().expect("a case has an expression");
        for road in [Road::Scalar, Road::Columns] {
            let found = evaluate(text, &bindings, road);
            match case["error"].is_null() {
                true => assert!(
                    found.as_ref().is_ok_and(|found| same(found, &case["expect"])),
                    "{text}: {found:?}"
                ),
                false => assert!(found.is_err(), "{text}: {found:?}"),
            }
        }
        run += 1;
    }
    assert!(run > 1000, "only {run} cases were run");
}

/// True if two values are one; the entries of a map have no order, and numbers are written in more than one way.
fn same(one: &Json, other: &Json) -> bool {
    let (value, expected) = (&one["value"], &other["value"]);
    let is = |ty: &str| one["type"] == ty && other["type"] == ty;
    if is("map") {
        let (Some(one), Some(other)) = (value.as_array(), expected.as_array()) else {
            return false;
        };
        let has = |pair: &Json| {
            other
                .iter()
                .any(|with| same(&pair[0], &with[0]) && same(&pair[1], &with[1]))
        };
        return one.len() == other.len() && one.iter().all(has);
    }
    if is("list") {
        let (Some(one), Some(other)) = (value.as_array(), expected.as_array()) else {
            return false;
        };
        return one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other));
    }
    if is("double") {
        let number = |json: &Json| {
            json.as_str()
                .and_then(|text| text.parse::<f64>().ok())
                .map(f64::to_bits)
        };
        return number(value) == number(expected);
    }
    one == other
}
