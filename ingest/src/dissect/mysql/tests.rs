use std::io::Write;

use expect_test::{Expect, expect};

use super::TCP;
use crate::dissect::Transport;
use crate::dissect::testing::{check as check_rows, check_any_bytes, check_whole, recognise, rows_of};

/// Capabilities: protocol 4.1, secure connection, plugins, and a database.
const PLAIN: u32 = 0x0008_8208 | 1;
const COMPRESS: u32 = 1 << 5;
const SSL: u32 = 1 << 11;
const SESSION_TRACK: u32 = 1 << 23;
const DEPRECATE_EOF: u32 = 1 << 24;
const ZSTD: u32 = 1 << 26;
const ATTRIBUTES: u32 = 1 << 27;

const OK: &str = r"\x00\x00\x00\x02\x00\x00\x00";
const EOF: &str = r"\xfe\x00\x00\x02\x00";
const COLUMN: &str = r"\x03def\x00\x00\x00\x01a\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81\x00\x00\x00\x00";
const ERROR: &str = r"\xff\x7a\x04#42S02No such table";

#[track_caller]
fn check(talk: &str, expect: Expect) {
    check_rows(&TCP, &format!("10.0.0.1:51000 > 10.0.0.2:3306\n{talk}"), expect);
}

/// A packet.
fn packet(sequence: u8, payload: &str) -> String {
    let [a, b, c, ..] = bytes(payload).len().to_le_bytes();
    format!("{}{payload}", text(&[a, b, c, sequence]))
}

/// Packets that follow each other, numbered from 1.
fn packets(payloads: &[&str]) -> String {
    (1..)
        .zip(payloads)
        .map(|(sequence, payload)| packet(sequence, payload))
        .collect()
}

fn query(text: &str) -> String {
    packet(0, &format!(r"\x03{text}"))
}

fn greeting(capabilities: u32) -> String {
    let [a, b, c, d] = capabilities.to_le_bytes();
    packet(
        0,
        &format!(
            r"\x0a8.0.36\x00\x07\x00\x00\x00abcdefgh\x00\x{a:02x}\x{b:02x}\xff\x02\x00\x{c:02x}\x{d:02x}\x15{}abcdefghijkl\x00mysql_native_password\x00",
            r"\x00".repeat(10)
        ),
    )
}

fn login(capabilities: u32) -> String {
    let [a, b, c, d] = capabilities.to_le_bytes();
    let zeros = r"\x00".repeat(23);
    packet(
        1,
        &format!(
            r"\x{a:02x}\x{b:02x}\x{c:02x}\x{d:02x}\x00\x00\x00\x01\xff{zeros}ann\x00\x02xxshop\x00mysql_native_password\x00"
        ),
    )
}

/// A login with these capabilities, accepted.
fn session(capabilities: u32) -> String {
    format!(
        "< {}\n> {}\n< {}\n",
        greeting(capabilities),
        login(capabilities),
        packet(2, OK)
    )
}

/// The bytes of a text of `\xNN` and characters.
fn bytes(text: &str) -> Vec<u8> {
    let talk = crate::talk::Talk::parse(&format!("10.0.0.1:1 > 10.0.0.2:2 udp\n> {text}"));
    talk.packets()
        .flat_map(|(_, packet, _)| packet.payload.clone())
        .collect()
}

/// The text of bytes.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(r"\x{byte:02x}")).collect()
}

/// A way to compress.
type Pack = fn(&[u8]) -> Vec<u8>;

/// A compressed packet around packets, as they are or compressed.
fn compressed(sequence: u8, inner: &str, pack: Option<Pack>) -> String {
    let inner = bytes(inner);
    let (content, length) = match pack {
        Some(pack) => (pack(&inner), inner.len()),
        None => (inner, 0),
    };
    let [a, b, c, ..] = content.len().to_le_bytes();
    let [d, e, f, ..] = length.to_le_bytes();
    let header = text(&[a, b, c, sequence, d, e, f]);
    format!("{header}{}", text(&content))
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory takes everything")
}

#[test]
fn a_session_logs_in_asks_and_quits() {
    let rows = packets(&[r"\x01", COLUMN, EOF, r"\x011", r"\x012", EOF]);
    let session = session(PLAIN);
    check(
        &format!(
            "{session}> {}\n< {rows}\n> {}",
            query(r"SELECT a\n\tFROM t"),
            packet(0, r"\x01")
        ),
        expect![[r#"
            mysql id=5 index=0 elapsed_time=1000 status_code=0 method=LOGIN summary="LOGIN ann@shop → OK" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_database=shop mysql_request_size=70 mysql_response_size=11 mysql_total_size=81 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT a FROM t → 2 rows" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT a  FROM t" mysql_database=shop mysql_request_size=21 mysql_response_size=62 mysql_total_size=83 mysql_success=true
            mysql id=9 index=0 method=COM_QUIT summary=COM_QUIT request_packet=9 mysql_command=COM_QUIT mysql_database=shop mysql_request_size=5 mysql_total_size=5
        "#]],
    );
}

#[test]
fn authentication_may_take_many_packets() {
    let switch = packet(2, r"\xfecaching_sha2_password\x00abcdefgh\x00");
    let (secret, full, key) = (packet(3, "hash"), packet(4, r"\x01\x04"), packet(5, r"\x02"));
    check(
        &format!(
            "< {}\n> {}\n< {switch}\n> {secret}\n< {full}\n> {key}\n< {}",
            greeting(PLAIN),
            login(PLAIN),
            packet(6, r"\xff\x15\x04#28000Access denied")
        ),
        expect![[r#"
            mysql id=5 index=0 elapsed_time=1000 status_code=1045 method=LOGIN summary="LOGIN ann@shop → error 1045: Access denied" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_request_size=83 mysql_response_size=68 mysql_total_size=151 mysql_success=false mysql_error_code=1045 mysql_error_message="Access denied"
        "#]],
    );
}

#[test]
fn a_server_may_turn_clients_away_and_clients_may_leave() {
    check(
        &format!("< {}", packet(0, r"\xff\x10\x04Too many connections")),
        expect![[r#"
            mysql id=4 index=0 status_code=1040 method=LOGIN summary="LOGIN → error 1040: Too many connections" response_packet=4 mysql_command=LOGIN mysql_response_size=27 mysql_total_size=27 mysql_success=false mysql_error_code=1040 mysql_error_message="Too many connections"
        "#]],
    );
    check(
        &format!("< {}", greeting(PLAIN)),
        expect![[r#"
        mysql id=4 index=0 summary="→ greeting of 8.0.36" response_packet=4 mysql_response_size=78 mysql_total_size=78
    "#]],
    );
}

#[test]
fn a_request_for_tls_hands_over() {
    let [a, b, c, d] = (PLAIN | SSL).to_le_bytes();
    let request = packet(
        1,
        &format!(
            r"\x{a:02x}\x{b:02x}\x{c:02x}\x{d:02x}\x00\x00\x00\x01\xff{}",
            r"\x00".repeat(23)
        ),
    );
    let hello = r"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x13\x01\x01\x00";
    check(
        &format!("< {}\n> {request}\n> {hello}", greeting(PLAIN | SSL)),
        expect![[r#"
            tlsx id=6 index=0 method=ClientHello summary="ClientHello TLS 1.2" request_packet=6 tlsx_summary="ClientHello TLS 1.2" tlsx_info=ClientHello tlsx_version=771 tlsx_cipher_suites=[TLS_AES_128_GCM_SHA256] tlsx_ja3=ea1e247991e541e39bf918cb7cfa5139 tlsx_ja4=t12i010000_0f2cb44170f4_000000000000 tls_summary=ClientHello tls_request_size=41 tls_total_size=41
            mysql id=5 index=0 method=LOGIN summary="LOGIN → TLS" request_packet=5 mysql_command=LOGIN mysql_request_size=36 mysql_total_size=36
        "#]],
    );
}

#[test]
fn errors_have_a_number_and_a_sentence() {
    check(
        &format!("> {}\n< {}", query("SELECT 1 FROM x"), packet(1, ERROR)),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=1146 method=COM_QUERY summary="SELECT 1 FROM x → error 1146: No such table" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1 FROM x" mysql_request_size=20 mysql_response_size=26 mysql_total_size=46 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
        "#]],
    );
}

#[test]
fn without_eof_packets_results_end_with_ok() {
    let end = r"\xfe\x00\x00\x02\x00\x00\x00";
    let rows = packets(&[r"\x01", COLUMN, r"\x011", end]);
    let empty = packets(&[r"\x01", COLUMN, end]);
    for capabilities in [Some(PLAIN | DEPRECATE_EOF), None] {
        let session = capabilities.map(session).unwrap_or_default();
        let rows = rows_of(
            &TCP,
            &format!(
                "10.0.0.1:51000 > 10.0.0.2:3306\n{session}> {}\n< {rows}\n> {}\n< {empty}",
                query("SELECT a"),
                query("SELECT b")
            ),
        );
        let summaries: Vec<&str> = rows
            .lines()
            .filter_map(|row| row.split("summary=").nth(1)?.split(" request_packet").next())
            .collect();
        assert!(
            summaries.ends_with(&[r#""SELECT a → 1 row""#, r#""SELECT b → 0 rows""#]),
            "{rows}"
        );
    }
}

#[test]
fn a_command_may_have_many_results() {
    let more = r"\xfe\x00\x00\x0a\x00";
    let rows = packets(&[
        r"\x01",
        COLUMN,
        r"\xfe\x00\x00\x0a\x00",
        r"\x011",
        more,
        r"\x01",
        COLUMN,
        EOF,
        r"\x012",
        r"\x013",
        more,
        OK,
    ]);
    check(
        &format!("> {}\n< {rows}", query("CALL p()")),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="CALL p() → 3 rows" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="CALL p()" mysql_request_size=13 mysql_response_size=129 mysql_total_size=142 mysql_success=true
        "#]],
    );
    let updates = packets(&[r"\x00\x02\x00\x0a\x00\x00\x00", r"\x00\x03\x00\x02\x00\x00\x00"]);
    check(
        &format!("> {}\n< {updates}", query("UPDATE a; UPDATE b")),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="UPDATE a; UPDATE b → 5 rows affected" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="UPDATE a; UPDATE b" mysql_request_size=23 mysql_response_size=22 mysql_total_size=45 mysql_success=true
        "#]],
    );
}

#[test]
fn prepared_statements_are_known_by_number() {
    let prepared = [
        r"\x00\x05\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00",
        COLUMN,
        EOF,
        COLUMN,
        EOF,
    ];
    let talk = |session: &str, prepared: &[&str], rows: &[&str]| {
        format!(
            "{session}> {}\n< {}\n> {}\n> {}\n< {}\n> {}\n< {}\n> {}\n> {}\n< {}",
            packet(0, r"\x16SELECT a FROM t WHERE b = ?"),
            packets(prepared),
            packet(0, r"\x18\x05\x00\x00\x00\x00\x00long"),
            packet(0, r"\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00"),
            packets(rows),
            packet(0, r"\x1a\x05\x00\x00\x00"),
            packet(1, OK),
            packet(0, r"\x19\x05\x00\x00\x00"),
            packet(0, r"\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00"),
            packet(1, ERROR),
        )
    };
    check(
        &talk("", &prepared, &[r"\x01", COLUMN, EOF, r"\x00\x00\x01", EOF]),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_PREPARE summary="prepare SELECT a FROM t WHERE b = ? → statement 5" request_packet=4 response_packet=5 mysql_command=COM_STMT_PREPARE mysql_query="SELECT a FROM t WHERE b = ?" mysql_statement_id=5 mysql_request_size=32 mysql_response_size=88 mysql_total_size=120 mysql_success=true
            mysql id=6 index=0 method=COM_STMT_SEND_LONG_DATA summary="COM_STMT_SEND_LONG_DATA SELECT a FROM t WHERE b = ?" request_packet=6 mysql_command=COM_STMT_SEND_LONG_DATA mysql_statement_id=5 mysql_request_size=15 mysql_total_size=15
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_EXECUTE summary="COM_STMT_EXECUTE SELECT a FROM t WHERE b = ? → 1 row" request_packet=7 response_packet=8 mysql_command=COM_STMT_EXECUTE mysql_statement_id=5 mysql_request_size=14 mysql_response_size=57 mysql_total_size=71 mysql_success=true
            mysql id=9 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_RESET summary="COM_STMT_RESET SELECT a FROM t WHERE b = ? → OK" request_packet=9 response_packet=10 mysql_command=COM_STMT_RESET mysql_statement_id=5 mysql_request_size=9 mysql_response_size=11 mysql_total_size=20 mysql_success=true
            mysql id=11 index=0 method=COM_STMT_CLOSE summary="COM_STMT_CLOSE SELECT a FROM t WHERE b = ?" request_packet=11 mysql_command=COM_STMT_CLOSE mysql_statement_id=5 mysql_request_size=9 mysql_total_size=9
            mysql id=12 index=0 elapsed_time=1000 status_code=1146 method=COM_STMT_EXECUTE summary="COM_STMT_EXECUTE → error 1146: No such table" request_packet=12 response_packet=13 mysql_command=COM_STMT_EXECUTE mysql_statement_id=5 mysql_request_size=14 mysql_response_size=26 mysql_total_size=40 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
        "#]],
    );
    let without_eof = [prepared[0], COLUMN, COLUMN];
    let end = r"\xfe\x00\x00\x02\x00\x00\x00";
    check_whole(
        &TCP,
        &talk(
            &format!("10.0.0.1:51000 > 10.0.0.2:3306\n{}", session(PLAIN | DEPRECATE_EOF)),
            &without_eof,
            &[r"\x01", COLUMN, r"\x00\x00\x01", end],
        ),
        expect![[r#"
            mysql id=5 index=0 elapsed_time=1000 status_code=0 method=LOGIN summary="LOGIN ann@shop → OK" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_database=shop mysql_request_size=70 mysql_response_size=11 mysql_total_size=81 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_PREPARE summary="prepare SELECT a FROM t WHERE b = ? → statement 5" request_packet=7 response_packet=8 mysql_command=COM_STMT_PREPARE mysql_query="SELECT a FROM t WHERE b = ?" mysql_database=shop mysql_statement_id=5 mysql_request_size=32 mysql_response_size=70 mysql_total_size=102 mysql_success=true
            mysql id=9 index=0 method=COM_STMT_SEND_LONG_DATA summary="COM_STMT_SEND_LONG_DATA SELECT a FROM t WHERE b = ?" request_packet=9 mysql_command=COM_STMT_SEND_LONG_DATA mysql_database=shop mysql_statement_id=5 mysql_request_size=15 mysql_total_size=15
            mysql id=10 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_EXECUTE summary="COM_STMT_EXECUTE SELECT a FROM t WHERE b = ? → 1 row" request_packet=10 response_packet=11 mysql_command=COM_STMT_EXECUTE mysql_database=shop mysql_statement_id=5 mysql_request_size=14 mysql_response_size=50 mysql_total_size=64 mysql_success=true
            mysql id=12 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_RESET summary="COM_STMT_RESET SELECT a FROM t WHERE b = ? → OK" request_packet=12 response_packet=13 mysql_command=COM_STMT_RESET mysql_database=shop mysql_statement_id=5 mysql_request_size=9 mysql_response_size=11 mysql_total_size=20 mysql_success=true
            mysql id=14 index=0 method=COM_STMT_CLOSE summary="COM_STMT_CLOSE SELECT a FROM t WHERE b = ?" request_packet=14 mysql_command=COM_STMT_CLOSE mysql_database=shop mysql_statement_id=5 mysql_request_size=9 mysql_total_size=9
            mysql id=15 index=0 elapsed_time=1000 status_code=1146 method=COM_STMT_EXECUTE summary="COM_STMT_EXECUTE → error 1146: No such table" request_packet=15 response_packet=16 mysql_command=COM_STMT_EXECUTE mysql_database=shop mysql_statement_id=5 mysql_request_size=14 mysql_response_size=26 mysql_total_size=40 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
        "#]],
    );
}

#[test]
fn a_cursor_gives_rows_when_they_are_fetched() {
    let opened = packets(&[r"\x01", COLUMN, r"\xfe\x00\x00\x42\x00"]);
    let rows = packets(&[r"\x00\x00\x01", r"\x00\x00\x02", r"\xfe\x00\x00\x82\x00"]);
    check(
        &format!(
            "> {}\n< {opened}\n> {}\n< {rows}",
            packet(0, r"\x17\x05\x00\x00\x00\x01\x01\x00\x00\x00"),
            packet(0, r"\x1c\x05\x00\x00\x00\x0a\x00\x00\x00")
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_EXECUTE summary="COM_STMT_EXECUTE → 0 rows" request_packet=4 response_packet=5 mysql_command=COM_STMT_EXECUTE mysql_statement_id=5 mysql_request_size=14 mysql_response_size=41 mysql_total_size=55 mysql_success=true
            mysql id=6 index=0 elapsed_time=1000 status_code=0 method=COM_STMT_FETCH summary="COM_STMT_FETCH → 2 rows" request_packet=6 response_packet=7 mysql_command=COM_STMT_FETCH mysql_statement_id=5 mysql_request_size=13 mysql_response_size=23 mysql_total_size=36 mysql_success=true
        "#]],
    );
}

#[test]
fn the_client_sends_a_file_that_the_server_wants() {
    let wants = packet(1, r"\xfb/tmp/a");
    let (data, end) = (packet(2, r"\x03SELECT"), packet(3, ""));
    check(
        &format!(
            "> {}\n< {wants}\n> {data}{end}\n< {}\n> {}\n< {}",
            query("LOAD DATA LOCAL INFILE '/tmp/a' INTO TABLE t"),
            packet(4, r"\x00\x02\x00\x02\x00\x00\x00"),
            packet(0, r"\x0e"),
            packet(1, OK)
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="LOAD DATA LOCAL INFILE '/tmp/a' INTO TABLE t → 2 rows affected" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="LOAD DATA LOCAL INFILE '/tmp/a' INTO TABLE t" mysql_request_size=64 mysql_response_size=22 mysql_total_size=86 mysql_success=true
            mysql id=8 index=0 elapsed_time=1000 status_code=0 method=COM_PING summary="COM_PING → OK" request_packet=8 response_packet=9 mysql_command=COM_PING mysql_request_size=5 mysql_response_size=11 mysql_total_size=16 mysql_success=true
        "#]],
    );
}

#[test]
fn numbers_of_packets_may_come_round_while_a_file_is_sent() {
    let data: String = (2..=255).map(|number| packet(number, "x")).collect();
    let rows = rows_of(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {}\n> {data}{}\n< {}",
            query("LOAD DATA LOCAL INFILE 'a' INTO TABLE t"),
            packet(1, r"\xfba"),
            packet(0, ""),
            packet(1, OK)
        ),
    );
    assert_eq!(rows.lines().count(), 1, "{rows}");
    assert!(rows.contains("INTO TABLE t → OK"), "{rows}");
}

#[test]
fn answers_to_commands_that_were_given_up_shift_no_others() {
    let commands: String = (0..1030).map(|number| query(&format!("SELECT {number}"))).collect();
    let answers: String = (0..1030).map(|_| packet(1, OK)).collect();
    let rows = rows_of(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {commands}\n< {answers}\n> {}\n< {}",
            query("SELECT last"),
            packet(1, ERROR)
        ),
    );
    let count = |part: &str| rows.lines().filter(|row| row.contains(part)).count();
    assert_eq!(
        [count("SELECT 5\""), count("SELECT 6 → OK"), count("SELECT 1029 → OK")],
        [1; 3]
    );
    assert_eq!(count("summary=\"→ OK\""), 6);
    assert_eq!(count("SELECT last → error 1146"), 1);
}

#[test]
fn the_database_follows_what_commands_change() {
    let told = r"\x00\x00\x00\x02\x40\x00\x00\x00\x06\x01\x04\x03told";
    let told = told
        .replace(r"\x03told", r"\x04told")
        .replace(r"\x06\x01\x04", r"\x07\x01\x05");
    let ask = |text: &str, answer: &str| format!("> {}\n< {}\n", query(text), packet(1, answer));
    let init = format!("> {}\n< {}\n", packet(0, r"\x02two"), packet(1, OK));
    let user = format!(
        "> {}\n< {}\n",
        packet(0, r"\x11bob\x00\x02xxthree\x00\x21\x00"),
        packet(1, OK)
    );
    let session = session(PLAIN | SESSION_TRACK);
    check(
        &format!(
            "{session}{}{}{init}{user}{}",
            ask("USE `one`", OK),
            ask("USE none", ERROR),
            ask("SELECT 1", &told)
        ),
        expect![[r#"
            mysql id=5 index=0 elapsed_time=1000 status_code=0 method=LOGIN summary="LOGIN ann@shop → OK" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_database=shop mysql_request_size=70 mysql_response_size=11 mysql_total_size=81 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="USE `one` → OK" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="USE `one`" mysql_database=one mysql_request_size=14 mysql_response_size=11 mysql_total_size=25 mysql_success=true
            mysql id=9 index=0 elapsed_time=1000 status_code=1146 method=COM_QUERY summary="USE none → error 1146: No such table" request_packet=9 response_packet=10 mysql_command=COM_QUERY mysql_query="USE none" mysql_database=one mysql_request_size=13 mysql_response_size=26 mysql_total_size=39 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
            mysql id=11 index=0 elapsed_time=1000 status_code=0 method=COM_INIT_DB summary="COM_INIT_DB two → OK" request_packet=11 response_packet=12 mysql_command=COM_INIT_DB mysql_database=two mysql_request_size=8 mysql_response_size=11 mysql_total_size=19 mysql_success=true
            mysql id=13 index=0 elapsed_time=1000 status_code=0 method=COM_CHANGE_USER summary="COM_CHANGE_USER bob → OK" request_packet=13 response_packet=14 mysql_command=COM_CHANGE_USER mysql_database=three mysql_request_size=20 mysql_response_size=11 mysql_total_size=31 mysql_success=true
            mysql id=15 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → OK" request_packet=15 response_packet=16 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_database=told mysql_request_size=13 mysql_response_size=20 mysql_total_size=33 mysql_success=true
        "#]],
    );
}

#[test]
fn commands_have_their_own_answers() {
    let columns = packets(&[COLUMN, COLUMN, EOF]);
    check(
        &format!(
            "> {}\n< {}\n> {}\n< {columns}\n> {}\n< {}\n> {}\n< {}",
            packet(0, r"\x09"),
            packet(1, "Uptime: 5"),
            packet(0, r"\x04t\x00"),
            packet(0, r"\x1b\x00\x00"),
            packet(1, EOF),
            packet(0, r"\x1f"),
            packet(1, OK)
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_STATISTICS summary="COM_STATISTICS → OK" request_packet=4 response_packet=5 mysql_command=COM_STATISTICS mysql_request_size=5 mysql_response_size=13 mysql_total_size=18 mysql_success=true
            mysql id=6 index=0 elapsed_time=1000 status_code=0 method=COM_FIELD_LIST summary="COM_FIELD_LIST t → OK" request_packet=6 response_packet=7 mysql_command=COM_FIELD_LIST mysql_request_size=7 mysql_response_size=63 mysql_total_size=70 mysql_success=true
            mysql id=8 index=0 elapsed_time=1000 status_code=0 method=COM_SET_OPTION summary="COM_SET_OPTION → OK" request_packet=8 response_packet=9 mysql_command=COM_SET_OPTION mysql_request_size=7 mysql_response_size=9 mysql_total_size=16 mysql_success=true
            mysql id=10 index=0 elapsed_time=1000 status_code=0 method=COM_RESET_CONNECTION summary="COM_RESET_CONNECTION → OK" request_packet=10 response_packet=11 mysql_command=COM_RESET_CONNECTION mysql_request_size=5 mysql_response_size=11 mysql_total_size=16 mysql_success=true
        "#]],
    );
}

#[test]
fn a_stream_of_events_is_one_row() {
    let dump = packet(0, r"\x12\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00log");
    let event = r"\x00eventeventeventeventevent";
    check(
        &format!(
            "> {dump}\n< {}\n> {}\n< {}",
            packets(&[event, event]),
            packet(0, r"\xef\x00\x00\x00"),
            packet(3, event)
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 method=COM_BINLOG_DUMP summary=COM_BINLOG_DUMP request_packet=4 response_packet=5 mysql_command=COM_BINLOG_DUMP mysql_request_size=26 mysql_response_size=90 mysql_total_size=116
        "#]],
    );
}

#[test]
fn queries_may_have_attributes() {
    let ask = packet(0, r"\x03\x01\x01\x00\x01\xfe\x00\x02id\x03abcSELECT 1");
    for capabilities in [PLAIN | ATTRIBUTES, PLAIN] {
        let session = if capabilities == PLAIN {
            String::new()
        } else {
            session(capabilities)
        };
        let rows = rows_of(
            &TCP,
            &format!("10.0.0.1:51000 > 10.0.0.2:3306\n{session}> {ask}\n< {}", packet(1, OK)),
        );
        assert!(rows.contains("mysql_query=\"SELECT 1\""), "{rows}");
    }
}

#[test]
fn compressed_packets_are_inflated() {
    let rows = packets(&[r"\x01", COLUMN, EOF, &format!(r"\x96{}", "y".repeat(150)), EOF]);
    let long = query(&format!("SELECT '{}'", "x".repeat(100)));
    let talk = |capability: u32, pack: Pack| {
        format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n{}> {}\n< {}\n> {}\n< {}\n> {}",
            session(PLAIN | capability),
            compressed(0, &query("SELECT 1"), None),
            compressed(1, &rows, Some(pack)),
            compressed(0, &long, Some(pack)),
            compressed(1, &packet(1, ERROR), None),
            compressed(0, &packet(0, r"\x01"), None)
        )
    };
    assert_eq!(rows_of(&TCP, &talk(COMPRESS, zlib)), rows_of(&TCP, &talk(ZSTD, zstd)));
    check_rows(
        &TCP,
        &talk(COMPRESS, zlib),
        expect![[r#"
            mysql id=5 index=0 elapsed_time=1000 status_code=0 method=LOGIN summary="LOGIN ann@shop → OK" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_database=shop mysql_request_size=70 mysql_response_size=11 mysql_total_size=81 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → 1 row" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_database=shop mysql_request_size=13 mysql_response_size=205 mysql_total_size=218 mysql_success=true
            mysql id=9 index=0 elapsed_time=1000 status_code=1146 method=COM_QUERY summary="SELECT 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' → error 1146: No such table" request_packet=9 response_packet=10 mysql_command=COM_QUERY mysql_query="SELECT 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'" mysql_database=shop mysql_request_size=114 mysql_response_size=26 mysql_total_size=140 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
            mysql id=11 index=0 method=COM_QUIT summary=COM_QUIT request_packet=11 mysql_command=COM_QUIT mysql_database=shop mysql_request_size=5 mysql_total_size=5
        "#]],
    );
}

#[test]
fn a_bomb_is_not_inflated_and_damage_costs_its_packet() {
    let bomb = query(&format!("SELECT '{}'", "x".repeat(1 << 20)));
    let broken = compressed(0, &query("SELECT 'not so'"), Some(|_| b"\x78\x9cdamaged".to_vec()));
    let rows = rows_of(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n{}> {}\n< {}\n> {broken}\n< {}\n> {}\n< {}",
            session(PLAIN | COMPRESS),
            compressed(0, &bomb, Some(zlib)),
            compressed(1, &packet(1, OK), None),
            compressed(1, &packet(1, OK), None),
            compressed(0, &query("SELECT 2"), None),
            compressed(1, &packet(1, OK), None)
        ),
    );
    let shorter: String = rows
        .lines()
        .map(|row| format!("{}\n", row.replace("xxxxxxxx", "")))
        .collect();
    expect![[r#"
        mysql id=5 index=0 elapsed_time=1000 status_code=0 method=LOGIN summary="LOGIN ann@shop → OK" request_packet=5 response_packet=6 mysql_command=LOGIN mysql_database=shop mysql_request_size=70 mysql_response_size=11 mysql_total_size=81 mysql_success=true
        mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT '… → OK" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT '" mysql_database=shop mysql_request_size=1048590 mysql_response_size=11 mysql_total_size=1048601 mysql_success=true
        mysql id=10 index=0 status_code=0 summary="→ OK" response_packet=10 mysql_database=shop mysql_response_size=11 mysql_total_size=11 mysql_success=true
        mysql id=11 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → OK" request_packet=11 response_packet=12 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_database=shop mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
        anomaly limit_inflate_ratio 1
        anomaly unparsable_mysql 1
    "#]].assert_eq(&shorter);
}

#[test]
fn what_zstd_holds_is_bounded_counted_and_given_back() {
    use super::compression::{Inflation, Inner};

    let limits = crate::Limits::default();
    // A frame of random bytes, so that its window is filled: 1 MiB at most.
    let mut content = vec![0; 1 << 20];
    fastrand::Rng::with_seed(7).fill(&mut content);
    let packet = |content: &[u8]| {
        let packed = zstd::bulk::compress(content, 3).expect("memory takes everything");
        let [a, b, c, ..] = packed.len().to_le_bytes();
        let [d, e, f, ..] = content.len().to_le_bytes();
        [&[a, b, c, 0, d, e, f], packed.as_slice()].concat()
    };
    let mut inflation = Inflation::default();
    let mut run = |bytes: &[u8]| {
        let (mut rest, mut given, mut missing, mut most) = (bytes, 0, 0, 0);
        loop {
            let next = inflation.next(&mut rest, &limits);
            match next {
                Inner::Bytes(bytes) => given += bytes.len() as u64,
                Inner::Missing(bytes, is_bounded) => {
                    assert!(!is_bounded);
                    missing += bytes;
                }
                Inner::Nothing if rest.is_empty() => break,
                Inner::Nothing => {}
            }
            most = most.max(inflation.held_bytes());
        }
        (given, missing, most, inflation.held_bytes())
    };
    let (given, missing, most, after) = run(&packet(&content));
    assert_eq!((given, missing), (1 << 20, 0));
    assert!((1 << 20..3 << 19).contains(&most), "{most}");
    assert!(after < 64 << 10, "{after}");
    content.push(0);
    let (given, missing, most, after) = run(&packet(&content));
    assert_eq!((given, missing), (0, content.len() as u64));
    assert!(most < 256 << 10 && after < 64 << 10, "{most} {after}");
}

#[test]
fn what_a_header_claims_earns_no_inflating() {
    use super::compression::{Inflation, Inner};

    let limits = crate::Limits::default();
    let packed = zlib(&vec![b'x'; 8 << 20]);
    let claimed = [
        &[0xff, 0xff, 0xff, 0, 0, 0, 0x80],
        packed.get(..1000).unwrap_or_default(),
    ]
    .concat();
    let mut inflation = Inflation::default();
    let (mut rest, mut given) = (claimed.as_slice(), 0);
    loop {
        match inflation.next(&mut rest, &limits) {
            Inner::Bytes(bytes) => given += bytes.len() as u64,
            _ if rest.is_empty() => break,
            _ => {}
        }
    }
    assert_eq!(given, (256 << 10) + 1000 * limits.inflate_ratio);
}

#[test]
fn compressed_packets_are_known_in_mid_stream() {
    let rows = packets(&[r"\x01", COLUMN, EOF, r"\x011", EOF]);
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {}\n> {}\n< {}",
            compressed(0, &query("SELECT 1"), None),
            compressed(1, &rows, Some(zlib)),
            compressed(0, &query("SELECT 2"), None),
            compressed(1, &rows, Some(zlib)),
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → 1 row" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=56 mysql_total_size=69 mysql_success=true
            mysql id=6 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → 1 row" request_packet=6 response_packet=7 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_request_size=13 mysql_response_size=56 mysql_total_size=69 mysql_success=true
        "#]],
    );
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {}\n> {}\n< {}\n  drop 5",
            compressed(0, &query("SELECT 1"), None),
            compressed(1, &rows, Some(zlib)),
            compressed(0, &query("SELECT 2"), None),
            compressed(1, &rows, Some(zlib)),
        ),
        expect![[r#"
            mysql id=4 index=0 method=COM_QUERY summary="SELECT 1" request_packet=4 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_total_size=13
            mysql id=6 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → 1 row" request_packet=6 response_packet=7 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_request_size=13 mysql_response_size=56 mysql_total_size=69 mysql_success=true
        "#]],
    );
}

#[test]
fn sides_that_were_not_seen_are_rows() {
    let rows = packets(&[r"\x01", COLUMN, EOF, r"\x011", EOF]);
    check(
        &format!("> {}\n< {rows}\n< {rows}\n< {}", query("SELECT 1"), packet(1, ERROR)),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → 1 row" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=56 mysql_total_size=69 mysql_success=true
            mysql id=6 index=0 status_code=0 summary="→ 1 row" response_packet=6 mysql_response_size=56 mysql_total_size=56 mysql_success=true
            mysql id=7 index=0 status_code=1146 summary="→ error 1146: No such table" response_packet=7 mysql_response_size=26 mysql_total_size=26 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
        "#]],
    );
    check(
        &format!(
            "> {}\n> {}\n< {}\n",
            query("SELECT 1"),
            query("DO 1"),
            packets(&[ERROR])
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=2000 status_code=1146 method=COM_QUERY summary="SELECT 1 → error 1146: No such table" request_packet=4 response_packet=6 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=26 mysql_total_size=39 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
            mysql id=5 index=0 method=COM_QUERY summary="DO 1" request_packet=5 mysql_command=COM_QUERY mysql_query="DO 1" mysql_request_size=9 mysql_total_size=9
        "#]],
    );
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    check(
        &format!(
            "> {}{}\n< {}{}",
            query("SELECT 1"),
            packet(0, r"\x0e"),
            packet(1, ERROR),
            packet(1, OK)
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=1146 method=COM_QUERY summary="SELECT 1 → error 1146: No such table" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=26 mysql_total_size=39 mysql_success=false mysql_error_code=1146 mysql_error_message="No such table"
            mysql id=4 index=1 elapsed_time=1000 status_code=0 method=COM_PING summary="COM_PING → OK" request_packet=4 response_packet=5 mysql_command=COM_PING mysql_request_size=5 mysql_response_size=11 mysql_total_size=16 mysql_success=true
        "#]],
    );
}

#[test]
fn a_gap_inside_a_row_costs_no_more_than_its_bytes() {
    let row = packet(4, &format!(r"\xfa{}", "x".repeat(250)));
    let (head, tail) = row.split_at(60);
    let begin = packets(&[r"\x01", COLUMN, EOF]);
    let end = packet(5, EOF);
    check(
        &format!("> {}\n< {begin}{head}\n< {tail}\n< {end}\n  drop 6", query("SELECT 1")),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → 1 row" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=305 mysql_total_size=318 mysql_success=true
        "#]],
    );
}

#[test]
fn a_gap_is_overcome_where_a_chunk_begins_with_a_response() {
    let rows = packets(&[r"\x01", COLUMN, EOF, r"\x011", EOF]);
    let head = format!(r"{}\x02\x00", packets(&[r"\x01", COLUMN, EOF]));
    let tail = format!(r"\x00\x04\x011{}", packet(5, EOF));
    let talk = format!(
        "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {head}\n< {tail}\n> {}\n< {rows}\n  drop 6",
        query("SELECT 1"),
        query("SELECT 2")
    );
    check_whole(
        &TCP,
        &talk,
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 method=COM_QUERY summary="SELECT 1 → 0 rows" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=41 mysql_total_size=54
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → 1 row" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_request_size=13 mysql_response_size=56 mysql_total_size=69 mysql_success=true
        "#]],
    );
}

#[test]
fn a_client_out_of_step_is_counted_and_taken_up_again() {
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {}\n> what is this?\n> {}\n< {}",
            query("SELECT 1"),
            packet(1, OK),
            query("SELECT 2"),
            packet(1, OK)
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → OK" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → OK" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
            anomaly unparsable_mysql 1
        "#]],
    );
    check_whole(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {}\n< {}\n> {}\n> {}\n< {}\n> {}\n< {}",
            query("SELECT 1"),
            packet(1, OK),
            packet(0, r"\x77no command"),
            query("SELECT 2"),
            packet(1, OK),
            query("SELECT 3"),
            packet(1, OK),
        ),
        expect![[r#"
            mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 1 → OK" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT 1" mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
            mysql id=7 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 2 → OK" request_packet=7 response_packet=8 mysql_command=COM_QUERY mysql_query="SELECT 2" mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
            mysql id=9 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT 3 → OK" request_packet=9 response_packet=10 mysql_command=COM_QUERY mysql_query="SELECT 3" mysql_request_size=13 mysql_response_size=11 mysql_total_size=24 mysql_success=true
            anomaly unparsable_mysql 1
        "#]],
    );
}

#[test]
fn a_payload_of_the_greatest_length_goes_on_in_the_next_packet() {
    let long = query(&format!("SELECT {}", "x".repeat(0xff_ffff - "?SELECT ".len())));
    let rest = packet(1, "yyy");
    let rows = rows_of(
        &TCP,
        &format!(
            "10.0.0.1:51000 > 10.0.0.2:3306\n> {long}{rest}\n< {}\n> {}",
            packet(2, OK),
            packet(0, r"\x01")
        ),
    );
    let shorter = rows.replace(&"x".repeat(16), "");
    expect![[r#"
        mysql id=4 index=0 elapsed_time=1000 status_code=0 method=COM_QUERY summary="SELECT xxxxxxxxx… → OK" request_packet=4 response_packet=5 mysql_command=COM_QUERY mysql_query="SELECT xxxxxxxxx" mysql_request_size=16777226 mysql_response_size=11 mysql_total_size=16777237 mysql_success=true
        mysql id=6 index=0 method=COM_QUIT summary=COM_QUIT request_packet=6 mysql_command=COM_QUIT mysql_request_size=5 mysql_total_size=5
    "#]].assert_eq(&shorter);
}

#[test]
fn any_bytes() {
    let rows = packets(&[r"\x01", COLUMN, EOF, r"\x011", EOF]);
    let prepared = packets(&[
        r"\x00\x05\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00",
        COLUMN,
        EOF,
        COLUMN,
        EOF,
    ]);
    check_any_bytes(
        &TCP,
        &[
            &format!(
                "10.0.0.1:1 > 10.0.0.2:3306\n{}> {}\n< {rows}",
                session(PLAIN | SESSION_TRACK),
                query("SELECT 1")
            ),
            &format!(
                "10.0.0.1:1 > 10.0.0.2:3306\n> {}\n< {prepared}\n> {}\n< {rows}",
                packet(0, r"\x16SELECT ?"),
                packet(0, r"\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00")
            ),
            &format!(
                "10.0.0.1:1 > 10.0.0.2:3306\n{}> {}\n< {}\n> {}",
                session(PLAIN | COMPRESS),
                compressed(0, &query("SELECT 1"), None),
                compressed(1, &rows, Some(zlib)),
                compressed(0, &query("SELECT 1234567890123456789012345678901234567890"), Some(zstd))
            ),
        ],
    );
}

#[test]
fn mysql_is_recognised_on_any_port() {
    let columns = packets(&[r"\x01", COLUMN, EOF]);
    for (bytes_of, expected) in [
        (greeting(PLAIN), Some("MySQL")),
        (login(PLAIN), Some("MySQL")),
        (query("SELECT 1"), Some("MySQL")),
        (query(r"\x00\x01/* who */ select 1"), Some("MySQL")),
        (packet(0, r"\x16insert into t values (?)"), Some("MySQL")),
        (compressed(0, &query("SELECT 1"), None), Some("MySQL")),
        (query("anything"), None),
        (packet(0, r"\x0e"), None),
        (packet(0, r"\x0aSSH-2.0-x\x00"), None),
        (r"\x05\x01\x00\x00\x08".to_owned(), None),
        (columns, None),
        ("GET / HTTP/1.1\\r\\n".to_owned(), Some("HTTP")),
        (String::new(), None),
    ] {
        assert_eq!(
            recognise(Transport::Tcp, [51000, 51001], &bytes(&bytes_of)),
            expected,
            "{bytes_of}"
        );
    }
    let ping = bytes(&packet(0, r"\x0e"));
    assert_eq!(recognise(Transport::Tcp, [51000, 3306], &ping), Some("MySQL"));
}

#[test]
fn a_server_is_recognised_by_what_it_sends() {
    for (bytes_of, is_server) in [
        (greeting(PLAIN), true),
        (packets(&[r"\x01", COLUMN, EOF]), true),
        (packet(1, ERROR), true),
        (packet(0, r"\xff\x10\x04Too many connections"), true),
        (packet(1, OK), false),
        (query("SELECT 1"), false),
        (login(PLAIN), false),
    ] {
        assert_eq!((TCP.from_server)(&bytes(&bytes_of)), is_server, "{bytes_of}");
    }
}
