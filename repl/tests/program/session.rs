//! The REPL from a pipe: whole transcripts.

use crate::place::Place;
use expect_test::{Expect, expect};

/// Types lines, and compares what was answered, and what was said, with a text. Timings are switched off.
#[track_caller]
fn check(lines: &str, expect: Expect) {
    let place = Place::with_database();
    let run = place.type_in(&["--db", "db"], &format!("\\timing\n{lines}"));
    let code = run.code.map_or("none".to_owned(), |code| code.to_string());
    let said = run.stderr.strip_prefix("timing is off\n").unwrap_or(&run.stderr);
    expect.assert_eq(&format!("exit {code}\n--- stdout\n{}--- stderr\n{said}", run.stdout));
}

#[test]
fn one_steps_from_an_entry_to_its_flow_and_down_again() {
    check(
        "http && status_code == 302\n\\flow 1\n\\conn 1\n\\entries 2\n\\packets 1\n",
        expect![[""]],
    );
}

#[test]
fn a_row_is_shown_whole() {
    check("http && path == '/cart'\n\\show 1\n", expect![[""]]);
}

#[test]
fn sql_and_kfl_meet() {
    check(
        "select method, count(*) as n from http\n group by 1 order by 1\n",
        expect![[""]],
    );
    check(
        "SELECT method, status_code FROM http ORDER BY status_code\n",
        expect![[""]],
    );
}

#[test]
fn mistakes_are_told_and_the_session_goes_on() {
    check(
        "\\show 1\nhttp && nothere == 1\ndns\n\\show 2\n\\show x\n\\nothere\n\\h nothere\n\\limit 0\nSELECT nothere\n\\d nothere\n",
        expect![[""]],
    );
}

#[test]
fn limits_are_kept_and_said() {
    check("\\limit 2\nhttp\n", expect![[""]]);
}

#[test]
fn a_filter_may_take_several_lines() {
    check("http && (\nstatus_code == 302\n)\n", expect![[""]]);
}

#[test]
fn help_knows_commands_variables_flags_and_functions() {
    check(
        "\\h\n\\h pcap\n\\h status_code\n\\h http\n\\h startsWith\n",
        expect![[""]],
    );
}

#[test]
fn packets_of_a_row_are_written_and_printed() {
    check("dns\n\\pcap 1 found.pcap\n\\hex 1\n", expect![[""]]);
}

#[test]
fn leaving_early_is_done() {
    check(
        "\\q\nhttp && nothere\n",
        expect![[r#"
        exit 0
        --- stdout
        --- stderr
    "#]],
    );
}

#[test]
fn a_capture_opens_a_session_of_its_own() {
    let place = Place::with_capture();
    let run = place.type_in(&["talk.pcap"], "http\n");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("/health"), "{}", run.stdout);
}

#[test]
fn tables_of_the_database_are_described() {
    let place = Place::with_database();
    let run = place.type_in(
        &["--db", "db"],
        "\\d\n\\d http\n\\export dns out\n\\explain http && status_code >= 500\n",
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for words in ["captures", "request.headers", "never", "status_code >= 500"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(place.path("out/dns.parquet").exists());
}
