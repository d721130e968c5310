use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise, rows_of};
use crate::dissect::{Half, Probe, Transport, Verdict};

const STARTUP: &str = r"\x00\x00\x00\x20\x00\x03\x00\x00user\x00ann\x00database\x00shop\x00\x00";
const READY: &str = r"Z\x00\x00\x00\x05I";
const PARSED: &str = r"1\x00\x00\x00\x04";
const BOUND: &str = r"2\x00\x00\x00\x04";
const NO_DATA: &str = r"n\x00\x00\x00\x04";
const SYNC: &str = r"S\x00\x00\x00\x04";
const ROW: &str = r"D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x011";
const ERROR: &str = r"E\x00\x00\x00\x22SERROR\x00C42P01\x00Mno such thing\x00\x00";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:5432\n{talk}"), expect);
}

/// A message of text fields and whatever is behind them.
fn message(kind: char, body: &str) -> String {
    let bytes = bytes(body).len() + 4;
    format!(r"{kind}\x00\x00\x{:02x}\x{:02x}{body}", bytes >> 8, bytes & 0xff)
}

fn query(text: &str) -> String {
    message('Q', &format!(r"{text}\x00"))
}

fn parse(name: &str, text: &str) -> String {
    message('P', &format!(r"{name}\x00{text}\x00\x00\x00"))
}

fn bind(portal: &str, statement: &str) -> String {
    message('B', &format!(r"{portal}\x00{statement}\x00\x00\x00\x00\x00\x00\x00"))
}

fn describe(what: &str) -> String {
    message('D', &format!(r"{what}\x00"))
}

fn execute(portal: &str) -> String {
    message('E', &format!(r"{portal}\x00\x00\x00\x00\x00"))
}

fn complete(tag: &str) -> String {
    message('C', &format!(r"{tag}\x00"))
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

#[test]
fn a_session_starts_and_its_queries_name_user_and_database() {
    let login = r"R\x00\x00\x00\x08\x00\x00\x00\x05salt";
    let login = login.replace(r"\x08", r"\x0c");
    let accepted = r"R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x0fTimeZone\x00UTC\x00K\x00\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x02";
    let accepted = accepted.replace(r"\x0fTime", r"\x11Time");
    let (password, query, done) = (message('p', r"md5\x00"), query("SELECT 1;"), complete("SELECT 1"));
    check(
        &format!(
            "> {STARTUP}\n< {login}\n> {password}\n< {accepted}{READY}\n> {query}\n< {ROW}{done}{READY}\n> X\\x00\\x00\\x00\\x04"
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=StartupMessage summary="StartupMessage ann@shop → OK" request_packet=4 response_packet=5 postgresql_command=StartupMessage postgresql_database=shop postgresql_user=ann postgresql_request_size=41 postgresql_response_size=59 postgresql_total_size=100 postgresql_success=true
            postgresql id=8 index=0 elapsed_time=1000 method=Query summary="SELECT 1; → SELECT 1" request_packet=8 response_packet=9 postgresql_command=Query postgresql_query="SELECT 1;" postgresql_database=shop postgresql_user=ann postgresql_request_size=15 postgresql_response_size=32 postgresql_total_size=47 postgresql_success=true
            postgresql id=10 index=0 method=Terminate summary=Terminate request_packet=10 postgresql_command=Terminate postgresql_database=shop postgresql_user=ann postgresql_request_size=5 postgresql_total_size=5
        "#]],
    );
}

#[test]
fn a_login_that_is_refused_is_an_error() {
    check(
        &format!("> {STARTUP}\n< {ERROR}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=StartupMessage summary="StartupMessage ann@shop → 42P01 no such thing" request_packet=4 response_packet=5 postgresql_command=StartupMessage postgresql_database=shop postgresql_user=ann postgresql_request_size=32 postgresql_response_size=35 postgresql_total_size=67 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn offers_of_encryption_are_refused_or_end_in_tls() {
    let offer = r"\x00\x00\x00\x08\x04\xd2\x16\x2f";
    let gss = offer.replace("2f", "30");
    let hello = r"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x13\x01\x01\x00";
    check(
        &format!("> {gss}\n< N\n> {offer}\n< S\n> {hello}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=GSSENCRequest summary="GSSENCRequest → refused" request_packet=4 response_packet=5 postgresql_command=GSSENCRequest postgresql_request_size=8 postgresql_response_size=1 postgresql_total_size=9 postgresql_success=true
            postgresql id=6 index=0 elapsed_time=1000 method=SSLRequest summary="SSLRequest → TLS" request_packet=6 response_packet=7 postgresql_command=SSLRequest postgresql_request_size=8 postgresql_response_size=1 postgresql_total_size=9 postgresql_success=true
        "#]],
    );
    check(
        &format!("> {gss}\n< G\n> {}\n< {READY}", query("SELECT 1")),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=GSSENCRequest summary="GSSENCRequest → GSSAPI" request_packet=4 response_packet=5 postgresql_command=GSSENCRequest postgresql_request_size=8 postgresql_response_size=1 postgresql_total_size=9 postgresql_success=true
        "#]],
    );
    check(
        &format!("> {offer}\n< {ERROR}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=SSLRequest summary="SSLRequest → 42P01 no such thing" request_packet=4 response_packet=5 postgresql_command=SSLRequest postgresql_request_size=8 postgresql_response_size=35 postgresql_total_size=43 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn a_request_to_cancel_has_no_answer() {
    check(
        r"> \x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x07\x00\x00\x00\x09",
        expect![[r#"
            postgresql id=4 index=0 method=CancelRequest summary="CancelRequest process 7" request_packet=4 postgresql_command=CancelRequest postgresql_request_size=16 postgresql_total_size=16
        "#]],
    );
}

#[test]
fn one_query_may_hold_many_statements() {
    let (query, done) = (
        query(r"SELECT 1;\n\tSELECT 2; INSERT INTO t VALUES (1)"),
        complete("SELECT 1"),
    );
    let inserted = complete("INSERT 0 1");
    check(
        &format!(
            "> {query}\n< {ROW}{done}{ROW}{done}{inserted}{READY}\n> {}\n< I\\x00\\x00\\x00\\x04{READY}",
            message('Q', r"\x00")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="SELECT 1; SELECT 2; INSERT INTO t VALUES (1) → SELECT 1, SELECT 1, INSERT 0 1" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="SELECT 1;  SELECT 2; INSERT INTO t VALUES (1)" postgresql_request_size=51 postgresql_response_size=74 postgresql_total_size=125 postgresql_success=true
            postgresql id=6 index=0 elapsed_time=1000 method=Query summary="→ empty" request_packet=6 response_packet=7 postgresql_command=Query postgresql_query="" postgresql_request_size=6 postgresql_response_size=11 postgresql_total_size=17 postgresql_success=true
        "#]],
    );
}

#[test]
fn an_error_ends_a_query_when_the_server_is_ready() {
    let (query, done) = (query("SELECT 1; SELECT x"), complete("SELECT 1"));
    check(
        &format!("> {query}\n< {ROW}{done}\n< {ERROR}{READY}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="SELECT 1; SELECT x → 42P01 no such thing" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="SELECT 1; SELECT x" postgresql_request_size=24 postgresql_response_size=67 postgresql_total_size=91 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn messages_that_serve_one_statement_are_one_row() {
    let ask = format!(
        "{}{}{}{}{SYNC}",
        parse("", "SELECT $1"),
        bind("", ""),
        describe("P"),
        execute("")
    );
    let done = complete("SELECT 1");
    check(
        &format!("> {ask}\n< {PARSED}{BOUND}{NO_DATA}{ROW}{done}{READY}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Execute summary="SELECT $1 → SELECT 1" request_packet=4 response_packet=5 postgresql_command=Execute postgresql_query="SELECT $1" postgresql_request_size=48 postgresql_response_size=41 postgresql_total_size=89 postgresql_success=true
        "#]],
    );
}

#[test]
fn prepared_statements_are_known_by_name() {
    let prepare = format!("{}{}{SYNC}", parse("s1", "SELECT 1"), describe("Ss1"));
    let run = format!("{}{}{}{SYNC}", bind("c", "s1"), execute("c"), execute("c"));
    let parameters = message('t', r"\x00\x00");
    let suspended = r"s\x00\x00\x00\x04";
    let (close, closed) = (message('C', r"Ss1\x00"), r"3\x00\x00\x00\x04");
    let done = complete("SELECT 1");
    check(
        &format!(
            "> {prepare}\n< {PARSED}{parameters}{NO_DATA}{READY}\n> {run}\n< {BOUND}{ROW}{suspended}{ROW}{done}{READY}\n> {close}{SYNC}\n< {closed}{READY}\n> {}{}{SYNC}\n< {ERROR}{READY}",
            bind("", "s1"),
            execute("")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Parse summary="Parse SELECT 1 → OK" request_packet=4 response_packet=5 postgresql_command=Parse postgresql_query="SELECT 1" postgresql_request_size=28 postgresql_response_size=17 postgresql_total_size=45 postgresql_success=true
            postgresql id=6 index=0 elapsed_time=1000 method=Execute summary="SELECT 1 → 1 row, suspended" request_packet=6 response_packet=7 postgresql_command=Execute postgresql_query="SELECT 1" postgresql_request_size=27 postgresql_response_size=22 postgresql_total_size=49 postgresql_success=true
            postgresql id=6 index=2 elapsed_time=1000 method=Execute summary="SELECT 1 → SELECT 1" request_packet=6 response_packet=7 postgresql_command=Execute postgresql_query="SELECT 1" postgresql_request_size=11 postgresql_response_size=26 postgresql_total_size=37 postgresql_success=true
            postgresql id=8 index=0 elapsed_time=1000 method=Close summary="Close statement s1 → OK" request_packet=8 response_packet=9 postgresql_command=Close postgresql_request_size=9 postgresql_response_size=5 postgresql_total_size=14 postgresql_success=true
            postgresql id=10 index=0 elapsed_time=1000 method=Execute summary="Execute s1 → 42P01 no such thing" request_packet=10 response_packet=11 postgresql_command=Execute postgresql_request_size=25 postgresql_response_size=35 postgresql_total_size=60 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn after_an_error_the_server_passes_over_the_rest_of_a_batch() {
    let one = |text: &str| format!("{}{}{}", parse("", text), bind("", ""), execute(""));
    let done = complete("SELECT 1");
    let (first, second, third) = (one("SELECT 1"), one("SELECT x"), one("SELECT 3"));
    check(
        &format!(
            "> {first}{second}{third}{SYNC}\n> {first}{SYNC}\n< {PARSED}{BOUND}{ROW}{done}{ERROR}{READY}{PARSED}{BOUND}{ROW}{done}{READY}"
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=2000 method=Execute summary="SELECT 1 → SELECT 1" request_packet=4 response_packet=6 postgresql_command=Execute postgresql_query="SELECT 1" postgresql_request_size=40 postgresql_response_size=36 postgresql_total_size=76 postgresql_success=true
            postgresql id=4 index=3 elapsed_time=2000 method=Execute summary="SELECT x → 42P01 no such thing" request_packet=4 response_packet=6 postgresql_command=Execute postgresql_query="SELECT x" postgresql_request_size=40 postgresql_response_size=35 postgresql_total_size=75 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
            postgresql id=4 index=6 method=Execute summary="SELECT 3 → skipped" request_packet=4 postgresql_command=Execute postgresql_query="SELECT 3" postgresql_request_size=40 postgresql_total_size=40
            postgresql id=5 index=0 elapsed_time=1000 method=Execute summary="SELECT 1 → SELECT 1" request_packet=5 response_packet=6 postgresql_command=Execute postgresql_query="SELECT 1" postgresql_request_size=40 postgresql_response_size=36 postgresql_total_size=76 postgresql_success=true
        "#]],
    );
}

#[test]
fn a_parse_that_fails_is_a_row() {
    check(
        &format!("> {}{SYNC}\n< {ERROR}{READY}", parse("a", "SELEC")),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Parse summary="Parse SELEC → 42P01 no such thing" request_packet=4 response_packet=5 postgresql_command=Parse postgresql_query=SELEC postgresql_request_size=15 postgresql_response_size=35 postgresql_total_size=50 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn answers_may_come_before_the_batch_ends() {
    let flush = r"H\x00\x00\x00\x04";
    let done = complete("SELECT 1");
    check(
        &format!(
            "> {}{flush}\n< {PARSED}\n> {}{}{flush}\n< {BOUND}{ROW}{done}\n> {SYNC}\n< {READY}\n> {SYNC}\n< {READY}",
            parse("", "SELECT 1"),
            bind("", ""),
            execute("")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Parse summary="Parse SELECT 1 → OK" request_packet=4 response_packet=5 postgresql_command=Parse postgresql_query="SELECT 1" postgresql_request_size=22 postgresql_response_size=5 postgresql_total_size=27 postgresql_success=true
            postgresql id=6 index=0 elapsed_time=1000 method=Execute summary="SELECT 1 → SELECT 1" request_packet=6 response_packet=7 postgresql_command=Execute postgresql_query="SELECT 1" postgresql_request_size=28 postgresql_response_size=31 postgresql_total_size=59 postgresql_success=true
            postgresql id=10 index=0 elapsed_time=1000 method=Sync summary="Sync → OK" request_packet=10 response_packet=11 postgresql_command=Sync postgresql_request_size=5 postgresql_response_size=6 postgresql_total_size=11 postgresql_success=true
        "#]],
    );
}

#[test]
fn copied_data_belong_to_their_query() {
    let copy_in = message('G', r"\x00\x00\x01\x00\x00");
    let copy_out = message('H', r"\x00\x00\x01\x00\x00");
    let (data, done) = (message('d', r"1\n"), r"c\x00\x00\x00\x04");
    let tag = complete("COPY 2");
    let fail = message('f', r"no more\x00");
    let (from, to) = (query("COPY t FROM STDIN"), query("COPY t TO STDOUT"));
    check(
        &format!(
            "> {from}\n< {copy_in}\n> {data}{data}{done}\n< {tag}{READY}\n> {to}\n< {copy_out}{data}{data}{done}{tag}{READY}\n> {from}\n< {copy_in}\n> {data}{fail}\n< {ERROR}{READY}"
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="COPY t FROM STDIN → COPY 2" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="COPY t FROM STDIN" postgresql_request_size=42 postgresql_response_size=28 postgresql_total_size=70 postgresql_success=true
            postgresql id=8 index=0 elapsed_time=1000 method=Query summary="COPY t TO STDOUT → COPY 2" request_packet=8 response_packet=9 postgresql_command=Query postgresql_query="COPY t TO STDOUT" postgresql_request_size=22 postgresql_response_size=47 postgresql_total_size=69 postgresql_success=true
            postgresql id=10 index=0 elapsed_time=1000 method=Query summary="COPY t FROM STDIN → 42P01 no such thing" request_packet=10 response_packet=11 postgresql_command=Query postgresql_query="COPY t FROM STDIN" postgresql_request_size=43 postgresql_response_size=51 postgresql_total_size=94 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn a_sync_before_the_end_of_copied_data_is_passed_over() {
    let copy_in = message('G', r"\x00\x00\x01\x00\x00");
    let (data, done) = (message('d', r"1\n"), r"c\x00\x00\x00\x04");
    let tag = complete("COPY 1");
    let ask = format!(
        "{}{}{}{SYNC}",
        parse("", "COPY t FROM STDIN"),
        bind("", ""),
        execute("")
    );
    check(
        &format!(
            "> {ask}\n< {PARSED}{BOUND}{copy_in}\n> {data}{done}{SYNC}\n< {tag}{READY}\n> {}\n< {}{READY}",
            query("SELECT 1"),
            complete("SELECT 1")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Execute summary="COPY t FROM STDIN → COPY 1" request_packet=4 response_packet=5 postgresql_command=Execute postgresql_query="COPY t FROM STDIN" postgresql_request_size=61 postgresql_response_size=32 postgresql_total_size=93 postgresql_success=true
            postgresql id=8 index=0 elapsed_time=1000 method=Query summary="SELECT 1 → SELECT 1" request_packet=8 response_packet=9 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=20 postgresql_total_size=34 postgresql_success=true
        "#]],
    );
}

#[test]
fn a_stream_of_replication_is_one_row() {
    let both = message('W', r"\x00\x00\x00");
    let data = message('d', r"k\x00\x00\x00\x00\x00\x00\x00\x00\x00");
    check(
        &format!(
            "> {}\n< {both}{data}\n> {data}\n< {data}",
            query("START_REPLICATION SLOT s LOGICAL 0/0")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="START_REPLICATION SLOT s LOGICAL 0/0" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="START_REPLICATION SLOT s LOGICAL 0/0" postgresql_request_size=57 postgresql_response_size=38 postgresql_total_size=95
        "#]],
    );
}

#[test]
fn the_server_speaks_unasked() {
    let notification = message('A', r"\x00\x00\x00\x07jobs\x00seven\x00");
    let notice = message('N', r"SNOTICE\x00C00000\x00Mhello\x00\x00");
    check(
        &format!(
            "> {}\n< {notice}{}{READY}\n< {notification}\n< {ERROR}",
            query("LISTEN jobs"),
            complete("LISTEN")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="LISTEN jobs → LISTEN" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="LISTEN jobs" postgresql_request_size=17 postgresql_response_size=46 postgresql_total_size=63 postgresql_success=true
            postgresql id=6 index=0 method=NotificationResponse summary="NotificationResponse jobs: seven" response_packet=6 postgresql_command=NotificationResponse postgresql_response_size=20 postgresql_total_size=20
            postgresql id=7 index=0 summary="→ 42P01 no such thing" response_packet=7 postgresql_response_size=35 postgresql_total_size=35 postgresql_success=false postgresql_error_code=42P01 postgresql_error_message="no such thing"
        "#]],
    );
}

#[test]
fn a_function_is_called() {
    let call = message('F', r"\x00\x00\x00\x2a\x00\x00\x00\x00\x00\x00");
    let result = message('V', r"\x00\x00\x00\x01x");
    check(
        &format!("> {call}\n< {result}{READY}"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=FunctionCall summary="FunctionCall 42 → OK" request_packet=4 response_packet=5 postgresql_command=FunctionCall postgresql_request_size=15 postgresql_response_size=16 postgresql_total_size=31 postgresql_success=true
        "#]],
    );
}

#[test]
fn sides_that_were_not_seen_are_rows() {
    let (query, done) = (query("SELECT 1"), complete("SELECT 1"));
    check(
        &format!("> {query}\n< {ROW}{done}{READY}\n> {query}\n< {ROW}{done}{READY}\n  drop 6"),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="SELECT 1 → SELECT 1" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=32 postgresql_total_size=46 postgresql_success=true
            postgresql id=7 index=0 summary="→ SELECT 1" response_packet=7 postgresql_response_size=32 postgresql_total_size=32 postgresql_success=true
        "#]],
    );
    check(
        &format!("> {query}\n< {ROW}{done}{READY}\n> {query}\n  drop 5"),
        expect![[r#"
            postgresql id=4 index=0 method=Query summary="SELECT 1" request_packet=4 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_total_size=14
            postgresql id=6 index=0 method=Query summary="SELECT 1" request_packet=6 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_total_size=14
        "#]],
    );
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:5432\n> {query}\n< {ROW}{done}{READY}\n> {query}\n< {ROW}{done}{READY}\n  drop 4"
        ),
        expect![[r#"
            postgresql id=5 index=0 summary="→ SELECT 1" response_packet=5 postgresql_response_size=32 postgresql_total_size=32 postgresql_success=true
            postgresql id=6 index=0 elapsed_time=1000 method=Query summary="SELECT 1 → SELECT 1" request_packet=6 response_packet=7 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=32 postgresql_total_size=46 postgresql_success=true
        "#]],
    );
}

#[test]
fn a_gap_inside_a_row_costs_no_more_than_its_bytes() {
    let row = message('D', &format!(r"\x00\x01\x00\x00\x00\x60{}", "x".repeat(96)));
    let (head, tail) = row.split_at(60);
    check(
        &format!(
            "> {}\n< {head}\n< {tail}\n< {}{READY}\n  drop 6",
            query("SELECT 1"),
            complete("SELECT 1")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="SELECT 1 → SELECT 1" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=127 postgresql_total_size=141 postgresql_success=true
        "#]],
    );
}

#[test]
fn a_gap_is_overcome_where_a_chunk_begins_with_messages() {
    let (one, two, done) = (query("SELECT 1"), query("SELECT 2"), complete("SELECT 1"));
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:5432\n> {one}\n< {ROW}D\\x00\\x00\n< \\x00\\x0b\\x00\\x01\\x00\\x00\\x00\\x011{done}{READY}\n> {two}\n< {ROW}{done}{READY}\n  drop 6"
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=1000 method=Query summary="SELECT 1" request_packet=4 response_packet=5 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=12 postgresql_total_size=26
            postgresql id=7 index=0 elapsed_time=1000 method=Query summary="SELECT 2 → SELECT 1" request_packet=7 response_packet=8 postgresql_command=Query postgresql_query="SELECT 2" postgresql_request_size=14 postgresql_response_size=32 postgresql_total_size=46 postgresql_success=true
        "#]],
    );
}

#[test]
fn a_stream_out_of_step_is_counted() {
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:5432\n> {}\n< ?what\n< {}{READY}\n> Q\\x7f\\x00\\x00\\x00SELECT\n> {}",
            query("SELECT 1"),
            complete("SELECT 1"),
            query("SELECT 2")
        ),
        expect![[r#"
            postgresql id=4 index=0 elapsed_time=2000 method=Query summary="SELECT 1 → SELECT 1" request_packet=4 response_packet=6 postgresql_command=Query postgresql_query="SELECT 1" postgresql_request_size=14 postgresql_response_size=20 postgresql_total_size=34 postgresql_success=true
            postgresql id=8 index=0 method=Query summary="SELECT 2" request_packet=8 postgresql_command=Query postgresql_query="SELECT 2" postgresql_request_size=14 postgresql_total_size=14
            anomaly unparsable_postgresql 2
        "#]],
    );
}

#[test]
fn an_answer_to_what_was_not_seen_is_a_row_of_its_own() {
    let ask = format!("{}{}{SYNC}", parse("s", "SELECT 1"), describe("Ss"));
    check(
        &format!(
            "> {ask}\n< {BOUND}{}{READY}\n< {PARSED}{NO_DATA}{READY}",
            complete("DELETE 0")
        ),
        expect![[r#"
            postgresql id=5 index=0 summary="→ DELETE 0" response_packet=5 postgresql_response_size=25 postgresql_total_size=25 postgresql_success=true
            postgresql id=4 index=0 elapsed_time=2000 method=Parse summary="Parse SELECT 1 → OK" request_packet=4 response_packet=6 postgresql_command=Parse postgresql_query="SELECT 1" postgresql_request_size=26 postgresql_response_size=10 postgresql_total_size=36 postgresql_success=true
        "#]],
    );
}

#[test]
fn statements_are_forgotten_and_requests_given_up_beyond_their_limits() {
    let text = "x".repeat(4000);
    let statements: String = (0..1000)
        .map(|number| format!("> {}\n", parse(&format!("s{number}"), &text)))
        .collect();
    let rows = rows_of(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:5432\n{statements}"));
    let anomalies: Vec<&str> = rows.lines().filter(|line| line.starts_with("anomaly")).collect();
    expect![[r#"
        [
            "anomaly limit_pending_bytes 739",
            "anomaly limit_statement_bytes 754",
        ]
    "#]]
    .assert_debug_eq(&anomalies);
}

#[test]
fn answers_to_operations_that_were_given_up_shift_no_others() {
    let count = |rows: &str, part: &str| rows.lines().filter(|row| row.contains(part)).count();
    let queries: String = (0..1030).map(|number| query(&format!("SELECT {number}"))).collect();
    let answers: String = (0..1030)
        .map(|number| format!("{ROW}{}{READY}", complete(&format!("DONE {number}"))))
        .collect();
    let rows = rows_of(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:5432\n> {queries}\n< {answers}"),
    );
    assert_eq!(count(&rows, "SELECT 5\""), 1);
    assert_eq!(count(&rows, "SELECT 6 → DONE 6\""), 1);
    assert_eq!(count(&rows, "SELECT 1029 → DONE 1029\""), 1);
    assert_eq!(count(&rows, "summary=\"→ DONE"), 6);

    let batch: String = (0..1030)
        .map(|number| {
            format!(
                "{}{}{}",
                parse("", &format!("SELECT {number}")),
                bind("", ""),
                execute("")
            )
        })
        .collect();
    let answers: String = (0..1030)
        .map(|number| format!("{PARSED}{BOUND}{}", complete(&format!("DONE {number}"))))
        .collect();
    let rows = rows_of(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:5432\n> {batch}{SYNC}\n< {answers}{READY}"),
    );
    assert_eq!(count(&rows, "SELECT 5\""), 1);
    assert_eq!(count(&rows, "SELECT 7 → DONE 7\""), 1);
    assert_eq!(count(&rows, "SELECT 1029 → DONE 1029\""), 1);
}

#[test]
fn a_statement_that_is_executed_often_is_held_once() {
    let long = format!("SELECT '{}'", "x".repeat(60_000));
    let executions: String = (0..50).map(|_| format!("{}{}", bind("", "s"), execute(""))).collect();
    let rows = rows_of(
        &TCP,
        &format!("10.0.0.1:51000 > 10.0.0.2:5432\n> {}{executions}", parse("s", &long)),
    );
    assert!(!rows.contains("anomaly"));
}

#[test]
fn any_bytes() {
    let done = complete("SELECT 1");
    let batch = format!(
        "{}{}{}{}{SYNC}",
        parse("a", "SELECT $1"),
        bind("b", "a"),
        describe("Pb"),
        execute("b")
    );
    check_any_bytes(
        &TCP,
        &[
            &format!(
                "10.0.0.1:1 > 10.0.0.2:5432\n> {STARTUP}\n< {READY}\n> {}\n< {ROW}{done}{READY}",
                query("SELECT 1")
            ),
            &format!(
                "10.0.0.1:1 > 10.0.0.2:5432\n> {batch}\n< {PARSED}{BOUND}{NO_DATA}{ROW}{done}{READY}\n> {batch}\n< {ERROR}{READY}"
            ),
        ],
    );
}

#[test]
fn postgresql_is_recognised_on_any_port() {
    let batch = format!("{}{}{}{SYNC}", bind("b", "a"), describe("Pb"), execute("b"));
    for (text, expected) in [
        (STARTUP, Some("PostgreSQL")),
        (r"\x00\x00\x00\x08\x04\xd2\x16\x2f", Some("PostgreSQL")),
        (&query("SELECT 1"), Some("PostgreSQL")),
        (&query("anything"), None),
        (&parse("s", "insert into t values (1)"), Some("PostgreSQL")),
        (&batch, Some("PostgreSQL")),
        (SYNC, None),
        (r"Q\x00\x00\x00\x09abcd", None),
        (r"Q\x00\x00\x00\x08\x01\x02\x03\x00", None),
        (r"\x00\x00\x00\x08\x00\x03\x00\x00\x00\x00", None),
        ("PING\\r\\n", None),
        ("Query please", None),
        ("", None),
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 51001], &bytes(text)),
            expected,
            "{text}"
        );
    }
    assert_eq!(
        recognise(Transport::Tcp, [51000, 5432], &bytes(SYNC)),
        Some("PostgreSQL")
    );
    let anything = bytes(&query("anything"));
    assert_eq!(recognise(Transport::Tcp, [51000, 5432], &anything), Some("PostgreSQL"));
}

#[test]
fn a_server_is_recognised_by_what_it_answers() {
    for (text, is_server) in [
        (r"R\x00\x00\x00\x08\x00\x00\x00\x00", true),
        (ERROR, true),
        (&format!("{ROW}{}{READY}", complete("SELECT 1")), true),
        (READY, false),
        (&query("SELECT 1"), false),
        (SYNC, false),
    ] {
        assert_eq!((TCP.from_server)(&bytes(text)), is_server, "{text}");
    }
    let probe = Probe {
        bytes: b"R",
        half: Half::Server,
        src_port: 1,
        dst_port: 5432,
        is_hinted: true,
    };
    assert_eq!((TCP.probe)(&probe), Verdict::Unsure);
}
