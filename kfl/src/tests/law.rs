//! The law of lowering: over random rows and random filters, the expression passes a row exactly if the plain evaluator,
//! reading defaults where values are absent, says true.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use datafusion::common::DFSchema;
use datafusion::logical_expr as df;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::physical_expr::create_physical_expr;
use fastrand::Rng;
use schema::{Source, Table};

use super::columns::{Layout, Rows, nulls, rows};
use super::{ENVIRONMENT, generate};
use crate::catalogue::{Variable, variables};
use crate::check::check_expression;
use crate::eval::{self, Scope};
use crate::fault::Fault;
use crate::parse::parse;
use crate::typed::{Expr, Kind};
use crate::value::Value;
use crate::{Filter, Lowered, compile};

/// What the filter says of a row, by the plain evaluator.
fn oracle(tree: &Expr, table: &'static Table, rows: &Rows, row: usize) -> Result<bool, Fault> {
    let variable = |variable: &Variable| read(variable, table, rows, row);
    let mut scope = Scope::of_row(&variable, 1_000_000);
    eval::eval(&flags(tree.clone(), table), &mut scope).map(|value| matches!(value, Value::Bool(true)))
}

fn read(variable: &Variable, table: &'static Table, rows: &Rows, row: usize) -> Value {
    let declared = table.field(variable.field.name).map(|field| field.source);
    if let Some(Source::Virtual(text)) = declared {
        let mut problems = Vec::new();
        let tree = parse(text, &mut problems);
        let typed = check_expression(&tree, text, &ENVIRONMENT, &mut problems);
        let variable = |variable: &Variable| read(variable, table, rows, row);
        let mut scope = Scope::of_row(&variable, 1_000_000);
        return eval::eval(&typed, &mut scope).expect("a virtual field has a value on every row");
    }
    rows.value(variable.field.name, row)
        .unwrap_or_else(|| variable.default())
}

/// Puts in the flags as the table declares them, nothing else: no folding, so that the oracle is not what it tests.
fn flags(expr: Expr, table: &'static Table) -> Expr {
    let Kind::Flag(flag) = expr.kind else {
        return expr.map_parts(&mut |part| flags(part, table));
    };
    let text = table.flag(flag.name).unwrap_or("false");
    let mut problems = Vec::new();
    let tree = parse(text, &mut problems);
    check_expression(&tree, text, &ENVIRONMENT, &mut problems)
}

/// What the lowered filter says of the rows.
fn lowered(filter: &Filter, table: &'static Table, rows: &Rows) -> Vec<bool> {
    let count = rows.batch.num_rows();
    let predicate = match filter.on(table) {
        Lowered::Never => return vec![false; count],
        Lowered::Always => return vec![true; count],
        Lowered::Where(predicate) => predicate,
    };
    let result = run(&predicate, rows);
    let result: &BooleanArray = result.as_boolean();
    (0..count)
        .map(|row| result.is_valid(row) && result.value(row))
        .collect()
}

#[track_caller]
fn check_law(text: &str, table: &'static Table, rows: &Rows) {
    let filter = compile(text, &ENVIRONMENT).unwrap_or_else(|problems| panic!("{text}: {}", problems[0].render(text)));
    let faults = faults(&filter, table, rows);
    for (row, passes) in lowered(&filter, table, rows).into_iter().enumerate() {
        let expect = oracle(&filter.tree, table, rows, row);
        assert_eq!(
            passes,
            expect == Ok(true),
            "{text}\non {} row {row}\nlowered {:?}",
            table.name,
            filter.on(table)
        );
        assert_eq!(
            faults[row].is_some(),
            expect.is_err(),
            "{text}\non {} row {row}: {:?} and not {expect:?}",
            table.name,
            faults[row]
        );
    }
}

/// The fault of each row, as a query counts them.
fn faults(filter: &Filter, table: &'static Table, rows: &Rows) -> Vec<Option<Fault>> {
    let Some((missing, code)) = filter.faults(table) else {
        return vec![None; rows.batch.num_rows()];
    };
    let (missing, codes) = (run(&missing, rows), run(&code, rows));
    let (missing, codes): (&BooleanArray, &UInt64Array) = (missing.as_boolean(), codes.as_primitive());
    (0..rows.batch.num_rows())
        .map(|row| {
            let is_missing = missing.is_valid(row) && missing.value(row);
            let code = |row| u8::try_from(codes.value(row)).expect("codes are small");
            is_missing.then(|| Fault::of_code(code(row)).unwrap_or_else(|| panic!("a code is missing: {codes:?}")))
        })
        .collect()
}

fn run(expr: &df::Expr, rows: &Rows) -> ArrayRef {
    let schema = DFSchema::try_from(rows.batch.schema()).unwrap();
    let physical = create_physical_expr(expr, &schema, &ExecutionProps::new(), &Default::default());
    let physical = physical.unwrap_or_else(|error| panic!("{expr}: {error}"));
    let result = physical
        .evaluate(&rows.batch)
        .unwrap_or_else(|error| panic!("{expr}: {error}"));
    result.into_array(rows.batch.num_rows()).unwrap()
}

#[test]
fn lowering_equals_the_evaluator_row_by_row() {
    let mut rng = Rng::with_seed(0xC0FFEE);
    for table in [&schema::tables::http::TABLE, &schema::tables::dns::TABLE] {
        let rows = rows(table, 32, Layout::Views, &mut rng);
        for round in 0..1500u16 {
            check_law(&generate::condition(&mut rng, 1 + (round % 6) as u8), table, &rows);
        }
    }
}

#[test]
fn absent_values_read_as_defaults_under_every_operator() {
    let mut rng = Rng::with_seed(7);
    let table = &schema::tables::http::TABLE;
    let rows = rows(table, 48, Layout::Views, &mut rng);
    for operator in ["==", "!=", "<", "<=", ">", ">="] {
        for constant in ["0", "-1", "200", "0.5", "0u"] {
            for text in [
                format!("status_code {operator} {constant}"),
                format!("!(status_code {operator} {constant})"),
                format!("!(status_code {operator} {constant} && method == '')"),
                format!("(status_code {operator} {constant}) == has_pcap"),
                format!("{constant} {operator} status_code || path == ''"),
                format!("double(status_code) {operator} double({constant})"),
                format!("!(double(status_code) {operator} double('NaN'))"),
            ] {
                check_law(&text, table, &rows);
            }
        }
    }
}

#[test]
fn every_variable_reads_as_its_default_on_a_row_of_nulls() {
    for table in schema::tables::in_kfl() {
        let row = nulls(table);
        for (name, variable) in variables() {
            let expected = match table.field(name).map(|field| field.source) {
                Some(Source::Constant(text)) => Value::string(text),
                _ => variable.default(),
            };
            let text = format!("{name} == {expected}");
            check_law(&text, table, &row);
            let filter = compile(&text, &ENVIRONMENT).expect("the law was checked of it");
            assert_eq!(lowered(&filter, table, &row), [true], "{text} on {}", table.name);
        }
    }
}

#[test]
fn lists_of_both_ends_hold_those_that_are_there() {
    let mut rng = Rng::with_seed(13);
    let table = &schema::tables::dns::TABLE;
    let rows = rows(table, 48, Layout::Views, &mut rng);
    for text in [
        "dns_resolutions == ['a']",
        "dns_resolutions.size() < 2",
        "dns_resolutions[0] == 'a'",
        "'' in dns_resolutions",
        "!('a' in dns_resolutions)",
        "src.name + 'a' in dns_resolutions",
        "src.ip in dns_resolutions",
        "dns_questions.exists(n, n in dns_resolutions)",
        "dns_resolutions.exists(n, dns_questions.exists(m, m == n))",
        "dns_answers.exists(m, dns_questions.exists(k, dns_resolutions.exists(n, n + k == m + 'a')))",
        "dns_answers.exists(n, dns_questions.exists(k, dns_resolutions.size() == 1 && n == 'a'))",
    ] {
        check_law(text, table, &rows);
    }
}

#[test]
fn kernels_take_plain_columns_too() {
    let mut rng = Rng::with_seed(11);
    let table = &schema::tables::dns::TABLE;
    let rows = rows(table, 32, Layout::Plain, &mut rng);
    for text in [
        "src.ip.lowerAscii().size() > 0",
        "dns_questions.exists(q, q + src.ip == 'a')",
        "'a' in dns_questions",
        "dns_questions[0] in dns_answers",
        "!('a' in dns_questions)",
    ] {
        check_law(text, table, &rows);
    }
}

#[test]
fn the_fault_of_a_row_is_told() {
    let table = &schema::tables::http::TABLE;
    let row = nulls(table);
    let deep = format!("path{}.charAt(9) == ''", ".substring(0)".repeat(40));
    let wide = vec!["1 / status_code == 1"; 200].join(" || ");
    for (text, expect) in [
        ("request.headers['x'] == 'a'", Some(Fault::MissingKey)),
        (
            "request.headers.x.size() > 1 || status_code == 7",
            Some(Fault::MissingKey),
        ),
        ("vlan[status_code] == 1", Some(Fault::OutOfRange)),
        ("path.charAt(src.port + 9) == ''", Some(Fault::OutOfRange)),
        ("1 / status_code == 1", Some(Fault::DivisionByZero)),
        ("status_code - 9223372036854775807 - 9 < 1", Some(Fault::Overflow)),
        ("int(path) == 1", Some(Fault::BadConversion)),
        ("src.ip in cidr('10.0.0.0/8')", Some(Fault::BadConversion)),
        ("dyn(path) < 1", Some(Fault::WrongType)),
        ("dyn(path) + 1 == 2", Some(Fault::WrongType)),
        ("dyn(size(path)) < 'a'", Some(Fault::WrongType)),
        ("math.greatest(dyn([1, 2.5, 'a'])) == 1", Some(Fault::BadArgument)),
        ("dyn(status_code) / 0 == 2", Some(Fault::DivisionByZero)),
        ("{path: 1, method: 2}.size() == 2", Some(Fault::BadMap)),
        ("request.headers.?x.value() == 'a'", Some(Fault::NoValue)),
        ("[path].exists(p, int(p) == 1)", Some(Fault::BadConversion)),
        (
            "[1, 2].map(x, x / status_code).size() == 2",
            Some(Fault::DivisionByZero),
        ),
        (
            "['a'].transformList(i, x, int(path) == i, x).size() == 2",
            Some(Fault::BadConversion),
        ),
        ("cel.bind(x, 1 / status_code, x == 1)", Some(Fault::DivisionByZero)),
        ("1 / status_code == 1 || true", None),
        ("dns_questions.exists(q, q == 'a')", None),
        ("1 / status_code == 1 && http", Some(Fault::DivisionByZero)),
        ("1 / status_code == 1 && dns", None),
        ("status_code >= 500 && 1 / status_code == 1", None),
        ("1 / 0 == 1", Some(Fault::DivisionByZero)),
        (&deep, Some(Fault::Untold)),
        (&wide, Some(Fault::DivisionByZero)),
    ] {
        let filter = compile(text, &ENVIRONMENT).unwrap_or_else(|problems| panic!("{}", problems[0].render(text)));
        assert_eq!(faults(&filter, table, &row), [expect], "{text}");
    }
}
