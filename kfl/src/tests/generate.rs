//! Seeded random filters: trees for the printer, well-typed texts for the lowering.

use fastrand::Rng;

use crate::ast::{Access, Expr, Kind, Literal, Operator, Text, Word};

const NAMES: &[&str] = &["a", "src", "status_code", "request", "_x", "r", "b", "inx", "timestamp"];
const STRINGS: &[&str] = &["", "a", "it's", "\"q\"", "\\d\n\t", "é😀", "\u{7f}", "//#"];

/// Any tree that text can spell.
pub(super) fn tree(rng: &mut Rng, depth: u8) -> Expr {
    let kind = match if depth == 0 { rng.u8(0..3) } else { rng.u8(0..14) } {
        0 | 1 => Kind::Literal(literal(rng)),
        2 if rng.u8(0..8) == 0 => Kind::Absolute(one(rng, NAMES).to_owned()),
        2 => Kind::Name(one(rng, NAMES).to_owned()),
        3 => Kind::Select {
            operand: boxed(rng, depth),
            field: word(rng),
            access: access(rng),
        },
        4 => Kind::Index {
            operand: boxed(rng, depth),
            index: boxed(rng, depth),
            access: access(rng),
        },
        5 => Kind::Call {
            target: None,
            function: word(rng),
            arguments: some(rng, depth, 0),
        },
        6 => Kind::Call {
            target: Some(boxed(rng, depth)),
            function: word(rng),
            arguments: some(rng, depth, 0),
        },
        7 => Kind::List(some(rng, depth, 0).into_iter().map(|item| maybe(rng, item)).collect()),
        8 => Kind::Map(
            (0..rng.u8(0..3))
                .map(|_| {
                    let key = tree(rng, depth - 1);
                    (maybe(rng, key), tree(rng, depth - 1))
                })
                .collect(),
        ),
        9 => Kind::Not(boxed(rng, depth)),
        10 => Kind::Negate(boxed(rng, depth)),
        11 => Kind::And(some(rng, depth, 2)),
        12 => Kind::Or(some(rng, depth, 2)),
        _ if rng.bool() => Kind::Conditional {
            condition: boxed(rng, depth),
            then: boxed(rng, depth),
            otherwise: boxed(rng, depth),
        },
        _ => Kind::Binary {
            operator: operator(rng),
            left: boxed(rng, depth),
            right: boxed(rng, depth),
        },
    };
    Expr::new(kind, 0..0)
}

fn access(rng: &mut Rng) -> Access {
    if rng.u8(0..4) == 0 {
        Access::Optional
    } else {
        Access::Required
    }
}

/// An item of a list or key of a map, now and then an optional one.
fn maybe(rng: &mut Rng, item: Expr) -> Expr {
    match rng.u8(0..6) {
        0 => Expr::new(Kind::Optional(Box::new(item)), 0..0),
        _ => item,
    }
}

fn boxed(rng: &mut Rng, depth: u8) -> Box<Expr> {
    Box::new(tree(rng, depth - 1))
}

fn some(rng: &mut Rng, depth: u8, least: usize) -> Vec<Expr> {
    (0..rng.usize(least..least + 3)).map(|_| tree(rng, depth - 1)).collect()
}

fn word(rng: &mut Rng) -> Word {
    Word {
        text: one(rng, NAMES).to_owned(),
        span: 0..0,
    }
}

fn literal(rng: &mut Rng) -> Literal {
    match rng.u8(0..7) {
        0 => Literal::Null,
        1 => Literal::Bool(rng.bool()),
        2 => Literal::Int(rng.u64(0..=1 << 63) >> rng.u8(0..64)),
        3 => Literal::Uint(rng.u64(..) >> rng.u8(0..64)),
        4 => Literal::Double(
            Some(f64::from_bits(rng.u64(..)).abs())
                .filter(|value| value.is_finite())
                .unwrap_or(0.5),
        ),
        5 => Literal::String(Text {
            value: one(rng, STRINGS).to_owned(),
            raw: false,
        }),
        _ => Literal::Bytes((0..rng.u8(0..4)).map(|_| rng.u8(..)).collect()),
    }
}

fn operator(rng: &mut Rng) -> Operator {
    const ALL: &[Operator] = &[
        Operator::Eq,
        Operator::Ne,
        Operator::Lt,
        Operator::Le,
        Operator::Gt,
        Operator::Ge,
        Operator::In,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Remainder,
    ];
    ALL[rng.usize(..ALL.len())]
}

pub(super) fn one<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[rng.usize(..choices.len())]
}

/// A well-typed condition over the columns of the http and dns tables.
pub(super) fn condition(rng: &mut Rng, depth: u8) -> String {
    let d = depth.saturating_sub(1);
    match if depth == 0 { rng.u8(0..4) } else { rng.u8(0..42) } {
        0 => one(
            rng,
            &["http", "dns", "tls", "conn", "has_pcap", "dns_request", "true", "false"],
        )
        .to_owned(),
        1 | 4 => format!("{} {} {}", int(rng, d), one(rng, COMPARISONS), int(rng, d)),
        2 | 5 => format!("{} {} {}", string(rng, d), one(rng, COMPARISONS), string(rng, d)),
        3 => format!(
            "status_code {} {}",
            one(rng, COMPARISONS),
            one(rng, &["0", "200", "1.5", "3u", "-1", "1e30"])
        ),
        6 | 7 => format!("({} && {})", condition(rng, d), condition(rng, d)),
        8 | 9 => format!("({} || {})", condition(rng, d), condition(rng, d)),
        10 | 11 => format!("!({})", condition(rng, d)),
        12 => format!(
            "({} ? {} : {})",
            condition(rng, d),
            condition(rng, d),
            condition(rng, d)
        ),
        13 => format!(
            "{}.{}({})",
            string(rng, d),
            one(rng, &["contains", "startsWith", "endsWith"]),
            string(rng, d)
        ),
        14 => format!(
            "{}.matches('{}')",
            string(rng, d),
            one(rng, &["a", "^$", "[0-9]+", "^/"])
        ),
        15 => format!("has({}.{})", one(rng, MAPS), one(rng, &["k", "host"])),
        16 => format!("{} in {}", string(rng, d), strings(rng, d)),
        17 => format!("{} in [{}, {}]", int(rng, d), int(rng, d), int(rng, d)),
        18 => format!(
            "{}.{}(q, q.contains({}))",
            strings(rng, d),
            one(rng, WALKS),
            string(rng, d)
        ),
        19 => format!("{}.{}(v, v > {})", ints(rng, d), one(rng, WALKS), int(rng, d)),
        20 => format!(
            "{}.exists(q, {}.all(p, p != q || {}))",
            strings(rng, d),
            strings(rng, d),
            condition(rng, d)
        ),
        21 => format!("({}) == ({})", condition(rng, d), condition(rng, d)),
        22 => format!(
            "double({}) {} {}",
            int(rng, d),
            one(rng, COMPARISONS),
            one(rng, &["0.5", "int('1')", "double('NaN')"])
        ),
        23 => format!(
            "timestamp - timestamp({}) {} duration('1s')",
            int(rng, d),
            one(rng, COMPARISONS)
        ),
        24 => format!("{} {} {}", open(rng, d), one(rng, COMPARISONS), open(rng, d)),
        25 => format!(
            "{}.{}(i, q, i {} {} || q == {})",
            strings(rng, d),
            one(rng, &["exists", "all", "existsOne"]),
            one(rng, COMPARISONS),
            int(rng, d),
            string(rng, d)
        ),
        26 => format!(
            "{}.exists(k, v, k == {} && v != {})",
            one(rng, MAPS),
            string(rng, d),
            string(rng, d)
        ),
        27 => format!(
            "{}.transformMap(k, v, {}, v + {}).k == {}",
            one(rng, MAPS),
            condition(rng, d),
            string(rng, d),
            string(rng, d)
        ),
        28 => format!(
            "{}.transformMapEntry(k, v, {{v: k}}).size() > {}",
            one(rng, MAPS),
            int(rng, d)
        ),
        29 if rng.bool() => format!(
            "{}.?k.orValue({}.?host.orValue({})) == {}",
            one(rng, &["{'k': 'a'}", "{'a': 'b'}", "request.headers"]),
            one(rng, MAPS),
            string(rng, d),
            string(rng, d)
        ),
        29 => format!(
            "{}.?k.orValue({}) == {}",
            one(rng, MAPS),
            string(rng, d),
            string(rng, d)
        ),
        30 => format!("{}[?{}].hasValue()", strings(rng, d), int(rng, d)),
        31 => format!(
            "cel.bind(x, {}, x.contains({}) || x {} {})",
            string(rng, d),
            string(rng, d),
            one(rng, COMPARISONS),
            string(rng, d)
        ),
        32 => format!(
            "type({}) == {}",
            open(rng, d),
            one(rng, &["int", "string", "bool", "list"])
        ),
        33 => format!("{} in ['a', {}, 1.5, {}]", open(rng, d), string(rng, d), int(rng, d)),
        34 => format!(
            "[{}, {}, true][{}] == {}",
            int(rng, d),
            string(rng, d),
            int(rng, d),
            open(rng, d)
        ),
        35 => format!(
            "optional.ofNonZeroValue({}).optMap(x, x + {}).orValue('a') == {}",
            string(rng, d),
            string(rng, d),
            string(rng, d)
        ),
        36 => format!("'%s %d'.format([{}, {}]) == 'a 1'", open(rng, d), open(rng, d)),
        37 => format!("dyn({}) || {}", condition(rng, d), condition(rng, d)),
        38 => format!(
            "[?optional.of({}), {}].size() == {}",
            string(rng, d),
            string(rng, d),
            int(rng, d)
        ),
        39 => format!("timestamp({}).getFullYear() > {}", int(rng, d), int(rng, d)),
        40 => format!(
            "math.greatest({}, {}, 1.5) {} {}",
            int(rng, d),
            int(rng, d),
            one(rng, COMPARISONS),
            int(rng, d)
        ),
        _ => format!("timestamp {} timestamp({})", one(rng, COMPARISONS), int(rng, d)),
    }
}

const COMPARISONS: &[&str] = &["==", "!=", "<", "<=", ">", ">="];
const WALKS: &[&str] = &["exists", "all", "exists_one"];
const MAPS: &[&str] = &["request.headers", "response.headers", "query_string"];

fn int(rng: &mut Rng, depth: u8) -> String {
    let d = depth.saturating_sub(1);
    match if depth == 0 { rng.u8(0..3) } else { rng.u8(0..10) } {
        0 => rng.i8(-2..3).to_string(),
        1 | 2 => one(
            rng,
            &["status_code", "src.port", "elapsed_time", "request_body_size", "dns_id"],
        )
        .to_owned(),
        3 | 4 => format!(
            "({} {} {})",
            int(rng, d),
            one(rng, &["+", "-", "*", "/", "%"]),
            int(rng, d)
        ),
        5 => format!("size({})", if rng.bool() { string(rng, d) } else { strings(rng, d) }),
        6 => format!("int({})", string(rng, d)),
        7 => format!("({} ? {} : {})", condition(rng, d), int(rng, d), int(rng, d)),
        8 => format!("{}[{}]", ints(rng, d), int(rng, d)),
        _ => format!("{}.indexOf({})", string(rng, d), string(rng, d)),
    }
}

fn string(rng: &mut Rng, depth: u8) -> String {
    let d = depth.saturating_sub(1);
    match if depth == 0 { rng.u8(0..3) } else { rng.u8(0..9) } {
        0 => one(rng, &["''", "'a'", "'/a'", "'7'", "'GET'", "'%'", "'_'", r"'\\'"]).to_owned(),
        1 | 2 => one(rng, &["path", "method", "src.ip", "host", "dns_rcode", "src.name"]).to_owned(),
        3 => format!("({} + {})", string(rng, d), string(rng, d)),
        4 => format!("{}.k", one(rng, MAPS)),
        5 => format!("map_get({}, {}, {})", one(rng, MAPS), string(rng, d), string(rng, d)),
        6 => format!("{}[{}]", strings(rng, d), int(rng, d)),
        7 => format!("({} ? {} : {})", condition(rng, d), string(rng, d), string(rng, d)),
        _ => format!("string({})", int(rng, d)),
    }
}

fn strings(rng: &mut Rng, depth: u8) -> String {
    let d = depth.saturating_sub(1);
    match if depth == 0 { rng.u8(0..2) } else { rng.u8(0..6) } {
        0 => one(rng, &["['a', 'b']", "['']", "dns_answers"]).to_owned(),
        1 => one(rng, &["dns_questions", "dns_answers", "dns_resolutions"]).to_owned(),
        2 => format!("[{}, {}]", string(rng, d), string(rng, d)),
        3 => format!("{}.filter(q, q != {})", strings(rng, d), string(rng, d)),
        4 if rng.bool() => format!(
            "{}.transformList(i, q, i < {}, q + {})",
            strings(rng, d),
            int(rng, d),
            string(rng, d)
        ),
        4 => format!("{}.map(q, q + {})", strings(rng, d), string(rng, d)),
        _ => format!("({} + {})", strings(rng, d), strings(rng, d)),
    }
}

/// A value whose type is known when it is computed.
fn open(rng: &mut Rng, depth: u8) -> String {
    let d = depth.saturating_sub(1);
    match rng.u8(0..6) {
        0 => format!("dyn({})", int(rng, d)),
        1 => format!("dyn({})", string(rng, d)),
        2 => format!("dyn({})", condition(rng, d)),
        3 => format!("[1, 'a', {}][{}]", string(rng, d), int(rng, d)),
        4 => format!(
            "({} ? dyn({}) : dyn({}))",
            condition(rng, d),
            int(rng, d),
            string(rng, d)
        ),
        _ => format!("(dyn({}) + dyn({}))", int(rng, d), int(rng, d)),
    }
}

fn ints(rng: &mut Rng, depth: u8) -> String {
    match if depth == 0 { 0 } else { rng.u8(0..3) } {
        0 => "vlan".to_owned(),
        1 => format!("[{}, {}]", int(rng, depth - 1), int(rng, depth - 1)),
        _ => format!("vlan.map(v, v + {})", int(rng, depth - 1)),
    }
}
