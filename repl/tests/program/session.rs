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
        expect![[r#"
            exit 0
            --- stdout
            #  2024-01-01 UTC   src             dst          method  status  host       url     size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.013000  10.0.0.1:51001  10.0.0.2:80  POST       302  shop.test  /login     0  1.00 ms
            #  2024-01-01 UTC   src       dst          state   l7    conns  entries  bytes →  bytes ←  packets →  packets ←   elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.000000  10.0.0.1  10.0.0.2:80  closed  HTTP      2        3      588      421         11          7  17.00 ms
            #  2024-01-01 UTC   src             dst          state   l7    entries  bytes →  bytes ←  packets →  packets ←  elapsed
            ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.000000  10.0.0.1:51000  10.0.0.2:80  closed  HTTP        2      325      260          6          4  9.00 ms
            2  00:00:00.010000  10.0.0.1:51001  10.0.0.2:80  closed  HTTP        1      263      161          5          3  7.00 ms
            #  2024-01-01 UTC   src             dst          method  status  host       url     size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.013000  10.0.0.1:51001  10.0.0.2:80  POST       302  shop.test  /login     0  1.00 ms
            #  packet  timestamp                   conn_id  flow_id  interface  link_type  captured_length  original_length  comment
            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            1      11  2024-01-01 00:00:00.010000       11        1          0          1               54               54
            2      12  2024-01-01 00:00:00.011000       11        1          0          1               54               54
            3      13  2024-01-01 00:00:00.012000       11        1          0          1               54               54
            4      14  2024-01-01 00:00:00.013000       11        1          0          1              117              117
            5      15  2024-01-01 00:00:00.014000       11        1          0          1               95               95
            6      16  2024-01-01 00:00:00.015000       11        1          0          1               54               54
            7      17  2024-01-01 00:00:00.016000       11        1          0          1               54               54
            8      18  2024-01-01 00:00:00.017000       11        1          0          1               54               54
            --- stderr
            1 row
            1 row
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries
            2 rows
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries
            1 row
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries › connection 11
            8 rows
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries › connection 11
        "#]],
    );
}

#[test]
fn a_row_is_shown_whole() {
    check(
        "http && path == '/cart'\n\\show 1\n",
        expect![[r#"
            exit 0
            --- stdout
            #  2024-01-01 UTC   src             dst          method  status  host       url         size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.005000  10.0.0.1:51000  10.0.0.2:80  GET        200  shop.test  /cart?id=7     7  1.00 ms
            id                     6
            index                  0
            timestamp              2024-01-01 00:00:00.005000
            protocol               HTTP
            transport              tcp
            conn_id                1
            flow_id                1
            has_pcap               true
            src_ip                 10.0.0.1
            dst_ip                 10.0.0.2
            src_port               51000
            dst_port               80
            elapsed_time           1000 µs
            status_code            200
            method                 GET
            summary                GET /cart?id=7 → 200
            capture_source         unspecified
            community_id           1:i4wouHb5mVBQZt2gbtgoobJX5Ak=
            request_packet         6
            response_packet        7
            url                    /cart?id=7
            path                   /cart
            http_version           HTTP/1.1
            query_string           id: 7
            request_headers        host: shop.test
            response_headers       content-length: 7
            request_headers_size   44 bytes
            request_body_size      0 bytes
            response_headers_size  38 bytes
            response_body_size     7 bytes
            response_body          \x1b[31mhi
            host                   shop.test
            --- stderr
            1 row
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries › connection 1
        "#]],
    );
}

#[test]
fn sql_and_kfl_meet() {
    check(
        "select method, count(*) as n from http group by 1 order by 1\n",
        expect![[r#"
            exit 0
            --- stdout
            #  method  n
            ────────────
            1  GET     2
            2  POST    1
            --- stderr
            2 rows
        "#]],
    );
    check(
        "SELECT method, status_code FROM http ORDER BY status_code\n",
        expect![[r#"
            exit 0
            --- stdout
            #  method  status_code
            ──────────────────────
            1  GET             200
            2  POST            302
            3  GET             503
            --- stderr
            3 rows
        "#]],
    );
}

#[test]
fn mistakes_are_told_and_the_session_goes_on() {
    check(
        "\\show 1\nhttp && nothere == 1\ndns\n\\show 2\n\\show x\n\\nothere\n\\h nothere\n\\limit 0\nSELECT nothere\n\\d nothere\n",
        expect![[r#"
            exit 1
            --- stdout
            #  2024-01-01 UTC   src             dst           type  question   rcode    answers   elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.018000  10.0.0.1:40000  10.0.0.53:53  A     shop.test  NOERROR  10.0.0.2  1.00 ms
            --- stderr
            error: there is no answer yet whose rows have numbers
            hint: ask something first: http
            error[K0201]: there is no variable `nothere`
              |
            1 | http && nothere == 1
              |         ^^^^^^^
            1 row
            error: there is no row 2: the answer has 1 row
            error: expected the number of a row, found x
            error: there is no command \nothere
            hint: the commands are \h \d \show \flow \conn \entries \packets \hex \pcap \export \explain \limit \timing \q
            error: nothing is called nothere
            hint: \h lists the commands, \d TABLE the variables of a table
            error: expected a number of rows, 1 to 100000, found 0
            hint: bigger answers go to a file: kfl query 'KFL' -f parquet -o FILE
            error: there is no column nothere here
            error: there is no table nothere
            hint: the tables are flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp, packets, captures
        "#]],
    );
}

#[test]
fn limits_are_kept_and_said() {
    check(
        "\\limit 2\nhttp\n",
        expect![[r#"
            exit 0
            --- stdout
            #  2024-01-01 UTC   src             dst          method  status  host       url         size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.003000  10.0.0.1:51000  10.0.0.2:80  GET        503  shop.test  /health        0  1.00 ms
            2  00:00:00.005000  10.0.0.1:51000  10.0.0.2:80  GET        200  shop.test  /cart?id=7     7  1.00 ms
            --- stderr
            an answer shows 2 rows at most
            2 rows · more were found: \limit N shows N
        "#]],
    );
}

#[test]
fn a_filter_may_take_several_lines() {
    check(
        "http && (\nstatus_code == 302\n)\n",
        expect![[r#"
            exit 0
            --- stdout
            #  2024-01-01 UTC   src             dst          method  status  host       url     size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.013000  10.0.0.1:51001  10.0.0.2:80  POST       302  shop.test  /login     0  1.00 ms
            --- stderr
            1 row
        "#]],
    );
}

#[test]
fn help_knows_commands_variables_flags_and_functions() {
    check(
        "\\h\n\\h pcap\n\\h status_code\n\\h http\n\\h startsWith\n\\h timestamp\n\\h redis_key\n\\h node_id\n\\h redis\n\\h K0201\n\\h digest\n\\h redis_kee\n",
        expect![[r#"
            exit 1
            --- stdout
            A line is a KFL filter (http && status_code >= 500), SQL (SELECT …) or a command.
            Rows are numbered: \flow 3 goes up from row 3, \conn 3, \entries 3, \packets 3 and \hex 3 go down.

            command            does
            ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            \h [NAME]          this list, or what a variable, flag, function, command or code is
            \d [TABLE]         what is stored, or the fields of a table
            \show N            every field of row N that has a value
            \flow N            the flow of row N
            \conn N            the connections of row N if it is a flow, else its connection
            \entries N         the entries of row N's flow or connection
            \packets N         the packets of row N's flow or connection; \hex shows their bytes
            \hex N             the packets of row N's connection byte by byte: n and p step, /text and /x 0d0a search, q leaves
            \pcap N FILE       writes the packets of row N's flow or connection; a name that ends in .pcapng makes a pcapng
            \export TABLE DIR  writes a table, or all, as Parquet files into a directory
            \explain KFL       the types of a filter, the tables it opens, the plan
            \limit [N]         shows, or sets, how many rows an answer shows
            \timing            switches on and off how long an answer took
            \q                 leaves; Ctrl-D does too
            \pcap N FILE
              writes the packets of row N's flow or connection; a name that ends in .pcapng makes a pcapng
            status_code  int, column status_code, 0 where a row has none
              Outcome as the protocol numbers it: HTTP status, DNS rcode, code of an ICMP error or reply; null if none was seen.
              in flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp
            http  bool, a flag
              True on HTTP entries of every version, gRPC and GraphQL over HTTP included.
              in http
            string.startsWith(string) -> bool
              True if a string begins with another.
              '/api/users'.startsWith('/api') → true
            timestamp  timestamp, column timestamp, timestamp("1970-01-01T00:00:00Z") where a row has none
              Start of the row: its first packet's capture time, UTC.
              in flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp
            timestamp(string) -> timestamp
            timestamp(int) -> timestamp
            timestamp(timestamp) -> timestamp
              The time that an RFC 3339 string spells, or that many seconds after 1970-01-01T00:00:00Z.
              timestamp('2026-01-31T12:00:00+01:00') → timestamp("2026-01-31T11:00:00Z")
              timestamp(1) → timestamp("1970-01-01T00:00:01Z")
              timestamp('2026-01-31T12:00:00.5Z') → timestamp("2026-01-31T12:00:00.5Z")
            timestamp  timestamp, column in SQL
              Capture time, UTC.
              in packets
            redis_key  string, column redis_key, "" where a row has none
              Key that the command names, cut at 64 bytes; null if it names none.
              in redis
            node_id  string, column node_id, "" where a row has none
              Name of the database the row comes from; null unless several are queried together.
              in flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp; nothing fills it yet
            redis  bool, a flag
              True on Redis entries.
              in redis
            K0201  a mistake
              a name is no variable
            digest  string, column in SQL
              BLAKE3 digest of the file as given, in hex.
              in captures
            --- stderr
            error: nothing is called redis_kee
            hint: close to it: redis_key, redis_type
        "#]],
    );
}

#[test]
fn packets_of_a_row_are_written_and_printed() {
    check(
        "dns\n\\pcap 1 found.pcap\n\\hex 1\n",
        expect![[r#"
            exit 0
            --- stdout
            #  2024-01-01 UTC   src             dst           type  question   rcode    answers   elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.018000  10.0.0.1:40000  10.0.0.53:53  A     shop.test  NOERROR  10.0.0.2  1.00 ms
            frame 1 of 2 · packet 19 · 2024-01-01 00:00:00.018000 · 69/69 bytes · 10.0.0.1:40000 → 10.0.0.53:53
            0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ..............E.
            0010  00 37 00 00 40 00 40 11  26 81 0a 00 00 01 0a 00  .7..@.@.&.......
            0020  00 35 9c 40 00 35 00 23  75 07 12 34 01 00 00 01  .5.@.5.#u..4....
            0030  00 00 00 00 00 00 04 73  68 6f 70 04 74 65 73 74  .......shop.test
            0040  00 00 01 00 01                                    .....

            frame 2 of 2 · packet 20 · 2024-01-01 00:00:00.019000 · 85/85 bytes · 10.0.0.53:53 → 10.0.0.1:40000
            0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ..............E.
            0010  00 47 00 00 40 00 40 11  26 71 0a 00 00 35 0a 00  .G..@.@.&q...5..
            0020  00 01 00 35 9c 40 00 33  a3 9b 12 34 81 80 00 01  ...5.@.3...4....
            0030  00 01 00 00 00 00 04 73  68 6f 70 04 74 65 73 74  .......shop.test
            0040  00 00 01 00 01 c0 0c 00  01 00 01 00 00 00 3c 00  ..............<.
            0050  04 0a 00 00 02                                    .....
            --- stderr
            1 row
            2 packets written to found.pcap
        "#]],
    );
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

#[test]
fn stages_follow_a_filter() {
    check(
        "http | count by status_code\nhttp | sort -elapsed_time | limit 1\n\\conn 1\nhttp | stats count() by path | where pth == ''\nhttp | select path, conn_id | limit 1\n\\entries 1\n",
        expect![[r#"
            exit 1
            --- stdout
            #  status_code  count
            ─────────────────────
            1          200      1
            2          302      1
            3          503      1
            #  2024-01-01 UTC   src             dst          method  status  host       url      size  elapsed
            ──────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.003000  10.0.0.1:51000  10.0.0.2:80  GET        503  shop.test  /health     0  1.00 ms
            #  2024-01-01 UTC   src             dst          state   l7    entries  bytes →  bytes ←  packets →  packets ←  elapsed
            ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.000000  10.0.0.1:51000  10.0.0.2:80  closed  HTTP        2      325      260          6          4  9.00 ms
            #  path     conn_id
            ───────────────────
            1  /health        1
            #  2024-01-01 UTC   src             dst          method  status  host       url         size  elapsed
            ─────────────────────────────────────────────────────────────────────────────────────────────────────
            1  00:00:00.003000  10.0.0.1:51000  10.0.0.2:80  GET        503  shop.test  /health        0  1.00 ms
            2  00:00:00.005000  10.0.0.1:51000  10.0.0.2:80  GET        200  shop.test  /cart?id=7     7  1.00 ms
            --- stderr
            3 rows
            1 row
            1 row
            flow 1 10.0.0.1 → 10.0.0.2:80 (closed) · 2 connections · 3 entries › connection 1
            error[K0201]: there is no column `pth`
              |
            1 | http | stats count() by path | where pth == ''
              |                                      ^^^
              |
              = help: did you mean `path`?
            1 row
            2 rows
        "#]],
    );
}
