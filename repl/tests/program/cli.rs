//! The command line as scripts see it: exit codes, and what goes to which stream.

use std::process::{Command, Stdio};

use crate::place::Place;
use expect_test::{Expect, expect};

/// Runs, and compares the exit code, standard output and standard error with a text.
#[track_caller]
fn check(place: &Place, arguments: &[&str], expect: Expect) {
    let run = place.run(arguments);
    let code = run.code.map_or("none".to_owned(), |code| code.to_string());
    expect.assert_eq(&format!(
        "exit {code}\n--- stdout\n{}--- stderr\n{}",
        run.stdout, run.stderr
    ));
}

#[test]
fn what_is_no_capture_is_said_and_the_rest_is_ingested() {
    let place = Place::with_capture();
    place.write("text.pcap", b"This is no capture.");
    std::fs::create_dir(place.path("folder")).expect("the directory is writable");
    let run = place.run(&[
        "--db",
        "db",
        "ingest",
        "text.pcap",
        "folder",
        "missing.pcap",
        "talk.pcap",
        "*.none",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let mistakes: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    expect![[r#"
        error: no file matches the pattern *.none
        error: text.pcap is no capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found 54 68 69 73 20 69 73 20
        error: expected a capture file, folder is a directory
        error: cannot open missing.pcap: No such file or directory"#]].assert_eq(&mistakes.join("\n"));
    let counted = place.run(&["--db", "db", "sql", "SELECT count(*) AS n FROM conns", "-f", "csv"]);
    assert_eq!(counted.stdout, "n\n3\n");
}

#[test]
fn a_single_bad_file_makes_no_database() {
    let place = Place::empty();
    check(
        &place,
        &["ingest", "missing.pcap"],
        expect![[r#"
        exit 1
        --- stdout
        --- stderr
        error: cannot read missing.pcap: no such file or directory
    "#]],
    );
    assert!(!place.path("capture.kfl").exists());
}

#[test]
fn an_empty_file_is_a_capture_without_packets() {
    let place = Place::empty();
    place.write("empty.pcap", b"");
    let run = place.run(&["ingest", "empty.pcap"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let counted = place.run(&["sql", "SELECT count(*) AS n FROM packets", "-f", "csv"]);
    assert_eq!(counted.stdout, "n\n0\n");
}

#[test]
fn a_cut_file_keeps_all_before_the_cut() {
    let place = Place::with_capture();
    let bytes = std::fs::read(place.path("talk.pcap")).expect("it was written");
    place.write("cut.pcap", &bytes[..bytes.len() - 10]);
    let run = place.run(&["ingest", "cut.pcap"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("cut_file × 1"), "{}", run.stderr);
    let entries = place.run(&["query", "http", "-f", "ndjson"]);
    assert_eq!(entries.stdout.lines().count(), 3);
}

#[test]
fn the_same_capture_again_is_skipped() {
    let place = Place::with_database();
    check(
        &place,
        &["--db", "db", "ingest", "talk.pcap"],
        expect![[r#"
        exit 0
        --- stdout
        --- stderr
        talk.pcap: stored already, skipped (--force stores it again)
    "#]],
    );
}

#[test]
fn a_capture_comes_from_standard_input() {
    let place = Place::with_capture();
    let bytes = std::fs::read(place.path("talk.pcap")).expect("it was written");
    let ingested = place
        .command()
        .args(["ingest", "-"])
        .write_stdin(bytes)
        .output()
        .expect("the program starts");
    assert_eq!(ingested.status.code(), Some(0));
    assert_eq!(place.run(&["query", "http", "-f", "ndjson"]).stdout.lines().count(), 3);
}

#[test]
fn a_filter_with_mistakes_shows_them_all() {
    let place = Place::with_database();
    check(
        &place,
        &["--db", "db", "query", "http && statuscode == 5 && nothere"],
        expect![[r#"
            exit 1
            --- stdout
            --- stderr
            error[K0201]: there is no variable `statuscode`
              |
            1 | http && statuscode == 5 && nothere
              |         ^^^^^^^^^^
              |
              = help: did you mean `status_code`?

            error[K0201]: there is no variable `nothere`
              |
            1 | http && statuscode == 5 && nothere
              |                            ^^^^^^^
        "#]],
    );
    check(
        &place,
        &["check", "http && statuscode == 5"],
        expect![[r#"
        exit 1
        --- stdout
        --- stderr
        error[K0201]: there is no variable `statuscode`
          |
        1 | http && statuscode == 5
          |         ^^^^^^^^^^
          |
          = help: did you mean `status_code`?
    "#]],
    );
}

#[test]
fn a_right_filter_needs_no_database_to_be_checked() {
    let place = Place::empty();
    check(
        &place,
        &["check", "dns && status_code == 3"],
        expect![[r#"
        exit 0
        --- stdout
        --- stderr
        the filter is right; rows of these tables can match: dns
    "#]],
    );
    check(
        &place,
        &["explain", "http && status_code >= 500"],
        expect![[r#"
            exit 0
            --- stdout
            filter
              (http:bool && (status_code:int >= 500))
            tables
              flows       never
              conns       never
              http        status_code >= 500
              dns         never
              tlsx        never
              ws          never
              redis       never
              kafka       never
              amqp        never
              mongodb     never
              mysql       never
              postgresql  never
              ldap        never
              radius      never
              diameter    never
              icmp        never
              sctp        never
              tcp         never
              udp         never
            --- stderr
        "#]],
    );
}

#[test]
fn sql_with_a_mistake_is_wrong_input() {
    let place = Place::with_database();
    for statement in [
        "SELEC 1",
        "SELECT nothere FROM http",
        "SELECT * FROM nothere",
        "DROP TABLE http",
        "SELECT 1/0",
    ] {
        let run = place.run(&["--db", "db", "sql", statement]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{statement}: {}",
            run.stderr
        );
        assert!(run.stderr.starts_with("error: "), "{statement}: {}", run.stderr);
    }
}

#[test]
fn arguments_that_are_wrong_end_with_1() {
    let place = Place::empty();
    for arguments in [
        &["--nothere"][..],
        &["query"],
        &["query", "http", "-f", "xml"],
        &["export", "nothere", "-o", "x"],
        &["ingst"],
    ] {
        let run = place.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(!run.stderr.is_empty());
    }
    for arguments in [["--help"], ["--version"]] {
        let run = place.run(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout.contains("kfl"));
    }
}

#[test]
fn a_database_that_is_not_there_is_wrong_input() {
    let place = Place::empty();
    for arguments in [
        &["query", "http"][..],
        &["info"],
        &["verify"],
        &["hex", "1"],
        &["--db", "x", "sql", "SELECT 1"],
    ] {
        let run = place.run(arguments);
        assert_eq!(run.code, Some(1), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn rows_found_or_not_is_done() {
    let place = Place::with_database();
    check(
        &place,
        &["--db", "db", "query", "http && status_code == 404", "-f", "ndjson"],
        expect![[r#"
            exit 0
            --- stdout
            --- stderr
        "#]],
    );
    let run = place.run(&["--db", "db", "query", "http && status_code == 404"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert!(run.stderr.starts_with("0 rows · "), "{}", run.stderr);
}

#[test]
fn an_answer_in_every_format() {
    let place = Place::with_database();
    let filter = "http && status_code >= 300";
    for (format, expected) in [("table", 4), ("json", 4), ("ndjson", 2), ("csv", 3)] {
        let run = place.run(&["--db", "db", "query", filter, "-f", format]);
        assert_eq!(
            (run.code, run.stdout.lines().count()),
            (Some(0), expected),
            "{format}: {}",
            run.stdout
        );
    }
    for format in ["arrow", "parquet"] {
        let run = place.run(&["--db", "db", "query", filter, "-f", format, "-o", "out"]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(0), ""),
            "{format}: {}",
            run.stderr
        );
        assert!(std::fs::metadata(place.path("out")).expect("it was written").len() > 100);
    }
    let run = place.run(&["--db", "db", "query", "http", "--limit", "1", "-f", "ndjson"]);
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn a_capture_is_asked_in_one_go() {
    let place = Place::with_capture();
    let run = place.run(&["talk.pcap", "http && status_code == 503", "-f", "ndjson"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let row: serde_json::Value = serde_json::from_str(&run.stdout).expect("it is one object");
    assert_eq!(row["path"], "/health");
    let left: Vec<_> = std::fs::read_dir(place.path("."))
        .expect("it is a directory")
        .map(|entry| entry.expect("it can be read").file_name())
        .collect();
    assert_eq!(left, ["talk.pcap"], "the temporary database is gone");
    let run = place.run(&["missing.pcap", "http"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
}

#[test]
fn a_closed_pipe_is_no_trouble() {
    let place = Place::with_database();
    for format in ["table", "json", "ndjson", "csv", "arrow", "parquet"] {
        let arguments = ["--db", "db", "query", "", "-f", format];
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("kfl"))
            .args(arguments)
            .current_dir(place.path("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{format}: {stderr}");
        assert!(!stderr.contains("error"), "{format}: {stderr}");
    }
}

#[test]
fn a_connection_is_written_as_a_capture() {
    let place = Place::with_database();
    check(
        &place,
        &["--db", "db", "pcap", "http && path == '/login'", "-o", "found.pcap"],
        expect![[r#"
            exit 0
            --- stdout
            --- stderr
            8 packets written
        "#]],
    );
    let run = place.run(&["found.pcap", "http", "-f", "ndjson"]);
    let row: serde_json::Value = serde_json::from_str(&run.stdout).expect("it is one object");
    assert_eq!(row["method"], "POST");
    let run = place
        .command()
        .args(["--db", "db", "pcap", "dns", "-o", "-"])
        .output()
        .expect("the program starts");
    assert_eq!(run.stdout.get(..4), Some(&0xa1b2_3c4d_u32.to_le_bytes()[..]));
}

#[test]
fn an_output_that_cannot_be_written_is_the_worlds_fault() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "query", "http", "-f", "csv", "-o", "nowhere/out.csv"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(
        run.stderr.starts_with("error: cannot write nowhere/out.csv: "),
        "{}",
        run.stderr
    );
}

#[test]
fn frames_are_printed_where_no_person_is() {
    let place = Place::with_database();
    let dns = place.run(&["--db", "db", "sql", "SELECT conn_id FROM dns", "-f", "csv"]);
    let conn_id = dns.stdout.lines().nth(1).expect("there is one row").to_owned();
    check(
        &place,
        &["--db", "db", "hex", &conn_id],
        expect![[r#"
        exit 0
        --- stdout
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
    "#]],
    );
    check(
        &place,
        &["--db", "db", "hex", "999999"],
        expect![[r#"
        exit 1
        --- stdout
        --- stderr
        error: no connection and no packet has the number 999999
        hint: conn_id and packet numbers are columns of every answer
    "#]],
    );
}

#[test]
fn tables_are_exported() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "export", "http", "-o", "out", "-f", "ndjson"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(0), "", "http: 3 rows\n")
    );
    assert_eq!(
        std::fs::read_to_string(place.path("out/http.ndjson"))
            .expect("it was written")
            .lines()
            .count(),
        3
    );
    let run = place.run(&["--db", "db", "export", "all", "-o", "all"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for table in schema::tables::ALL {
        assert!(
            place.path(&format!("all/{}.parquet", table.name)).exists(),
            "{}",
            table.name
        );
    }
}

#[test]
fn the_store_is_described_and_verified() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "info"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("http"), "{}", run.stdout);
    let run = place.run(&["--db", "db", "verify"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    for table in ["conns", "http"] {
        std::fs::remove_dir_all(place.path(&format!("db/tables/{table}"))).expect("it is there");
    }
    check(
        &place,
        &["--db", "db", "verify"],
        expect![[r#"
        exit 2
        --- stdout
        --- stderr
        error: db/tables/conns/000002.parquet is damaged: the file is missing
        error: db/tables/http/000003.parquet is damaged: the file is missing
        error: 6 parts read, found 2 damaged files
        hint: the captures can be ingested again
    "#]],
    );
}

#[test]
fn small_parts_are_joined_when_told() {
    let place = Place::with_database();
    let ingest = ["--db", "db", "ingest", "--force", "--no-compact", "talk.pcap"];
    assert_eq!(place.run(&ingest).code, Some(0));
    let rows = ["--db", "db", "query", "http", "-f", "csv"];
    let before = place.run(&rows).stdout;
    let run = place.run(&["--db", "db", "compact"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    // The sizes are the encoder's affair.
    let counts: Vec<_> = (run.stdout.lines().skip(2))
        .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        .collect();
    expect![[r#"
        flows 2 1
        conns 2 1
        http 2 1
        dns 2 1
        packets 2 1
        captures 2 1
        total 12 6"#]]
    .assert_eq(&counts.join("\n"));
    assert_eq!(place.run(&rows).stdout, before);
    check(
        &place,
        &["--db", "db", "compact"],
        expect![[r#"
        exit 0
        --- stdout
        --- stderr
        no table has small parts that are worth joining
    "#]],
    );
    assert_eq!(place.run(&["--db", "db", "verify"]).code, Some(0));
}

#[test]
fn many_small_ingests_join_their_parts_unless_told_not_to() {
    let place = Place::with_capture();
    for _ in 0..16 {
        let run = place.run(&["--db", "db", "ingest", "--force", "--no-compact", "talk.pcap"]);
        assert!(run.code == Some(0) && !run.stderr.contains("joined"), "{}", run.stderr);
    }
    let run = place.run(&["--db", "db", "ingest", "--force", "talk.pcap"]);
    let joined: Vec<_> = run.stderr.lines().filter(|line| line.contains("joined")).collect();
    expect!["small parts joined: 102 became 6"].assert_eq(&joined.join("\n"));
}

/// What is stored: each capture with its packets, and how many rows of some tables are its own.
fn stored(place: &Place) -> Vec<String> {
    let counts = [("packets", "packet"), ("conns", "conn_id"), ("http", "id")].map(|(table, id)| {
        let counted = format!(
            "SELECT c.name, c.packets, count(t.{id}) FROM captures c \
             LEFT JOIN {table} t ON t.{id} >= c.capture_id AND t.{id} < c.capture_id + c.packets \
             GROUP BY c.name, c.packets ORDER BY c.name"
        );
        let run = place.run(&["--db", "db", "sql", &counted, "-f", "csv"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    });
    let [packets, conns, http] = counts.each_ref().map(|text| text.lines().skip(1));
    let last = |line: &str| line.rsplit(',').next().unwrap_or_default().to_owned();
    let joined = packets.zip(conns.zip(http));
    joined
        .map(|(packets, (conns, http))| format!("{packets},{},{}", last(conns), last(http)))
        .collect()
}

#[test]
fn a_killed_ingest_of_many_files_has_stored_what_it_told_and_nothing_by_half() {
    use std::io::{BufRead, BufReader};
    let place = Place::with_capture();
    let capture = std::fs::read(place.path("talk.pcap")).expect("it was written");
    let files: Vec<_> = (0..60).map(|number| format!("{number:02}.pcap")).collect();
    for (number, file) in (0..).zip(&files) {
        // A second of its own, so that no two are the same.
        let mut capture = capture.clone();
        capture[24] = number;
        place.write(file, &capture);
    }
    let program = assert_cmd::cargo::cargo_bin!("kfl");
    let mut before = 0;
    for told_at_least in [1, 5, 20] {
        let mut command = Command::new(program);
        let command = command
            .current_dir(place.path(""))
            .args(["--db", "db", "ingest"])
            .args(&files);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let is_told = |line: &String| line.contains(".pcap: 20 packets");
        let mut told: Vec<_> = lines
            .by_ref()
            .map_while(Result::ok)
            .filter(is_told)
            .take(told_at_least)
            .collect();
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        told.extend(lines.map_while(Result::ok).filter(is_told));
        let stored = stored(&place);
        assert!(
            stored.len() >= before + told.len() && stored.len() <= files.len(),
            "{stored:?}"
        );
        for (file, stored) in files.iter().zip(&stored) {
            assert_eq!(*stored, format!("{file},20,20,3,3"));
        }
        before = stored.len();
    }
    let mut ingest = vec!["--db", "db", "ingest"];
    ingest.extend(files.iter().map(String::as_str));
    let run = place.run(&ingest);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let skipped = run.stderr.lines().filter(|line| line.contains("skipped")).count();
    assert_eq!((skipped, stored(&place).len()), (before, files.len()));
    assert_eq!(place.run(&["--db", "db", "verify"]).code, Some(0));
}

#[test]
fn every_field_is_listed_without_a_database() {
    let place = Place::empty();
    let run = place.run(&["schema", "-f", "json"]);
    let all: serde_json::Value = serde_json::from_str(&run.stdout).expect("it is one object");
    let run = place.run(&["schema", "dns", "-f", "json"]);
    let dns: serde_json::Value = serde_json::from_str(&run.stdout).expect("it is one object");
    let tables = all["tables"].as_array().expect("it lists tables");
    assert_eq!(tables.len(), schema::tables::ALL.len());
    assert!(tables.contains(&dns), "a table alone is what it is among all");
    let run = place.run(&["schema", "packets"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stdout.contains("captured_length") && !run.stdout.contains("dns_questions"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_limit_of_0_gives_no_rows() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "query", "http", "--limit", "0", "-f", "ndjson"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
}

#[test]
fn a_part_that_cannot_be_read_is_the_worlds_fault() {
    let place = Place::with_database();
    let parts = std::fs::read_dir(place.path("db/tables/http")).expect("it has parts");
    let part = parts.flatten().next().expect("it has a part").path();
    let mut bytes = std::fs::read(&part).expect("it was written");
    let middle = 4..bytes.len() / 2;
    bytes[middle].fill(0xa5);
    for damaged in [&bytes[..], &bytes[..50]] {
        std::fs::write(&part, damaged).expect("the directory is writable");
        let run = place.run(&["--db", "db", "query", "http"]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("hint: kfl verify"), "{}", run.stderr);
    }
    std::fs::remove_file(&part).expect("the directory is writable");
    let run = place.run(&["--db", "db", "query", "http"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("tables/http/"), "{}", run.stderr);
}

#[test]
fn packets_that_are_not_stored_are_missed_in_words() {
    let place = Place::with_capture();
    place.run(&["--db", "db", "ingest", "--no-packets", "talk.pcap"]);
    let run = place.run(&["--db", "db", "pcap", "http", "-o", "out.pcap"]);
    assert_eq!(
        run.stderr,
        "0 packets written: the packets of these connections are not stored\n"
    );
    let run = place.run(&["--db", "db", "pcap", "http && status_code == 999", "-o", "out.pcap"]);
    assert_eq!(run.stderr, "0 packets written\n");
    let run = place.run(&["--db", "db", "hex", "1"]);
    assert_eq!(run.stderr, "error: no packets of connection 1 are stored\n");
}

#[test]
fn a_filter_that_no_table_can_match_is_told() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "query", "tls", "-f", "ndjson"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert_eq!(run.stderr, "hint: no table can match; TLS handshakes are `tlsx`\n");
}

#[test]
fn stages_work_in_every_verb() {
    let place = Place::with_database();
    for (arguments, expect) in [
        (
            &[
                "--db",
                "db",
                "query",
                "http | stats count(), max(elapsed_time) as slowest by method",
                "-f",
                "csv",
            ][..],
            expect![[r#"
                exit Some(0)
                method,count(),slowest
                GET,2,1000
                POST,1,1000
                --- stderr
            "#]],
        ),
        (
            &["--db", "db", "query", "http | uniq src.ip, dst.port", "-f", "ndjson"],
            expect![[r#"
                exit Some(0)
                {"src.ip":"10.0.0.1","dst.port":80}
                --- stderr
            "#]],
        ),
        (
            &[
                "--db",
                "db",
                "query",
                "dns | select duration('90s') as a, duration('-1500ms') as b",
                "-f",
                "ndjson",
            ],
            expect![[r#"
                exit Some(0)
                {"a":"90s","b":"-1.5s"}
                --- stderr
            "#]],
        ),
        (
            &["--db", "db", "query", "dns | select duration('1500us') as a"],
            expect![[r#"
                exit Some(0)
                #  a
                ──────────
                1  0.0015s
                --- stderr
            "#]],
        ),
        (
            &["check", "http | count by path"],
            expect![[r#"
            exit Some(0)
            --- stderr
            the filter is right; rows of these tables can match: http
            the columns of the answer: path, count
        "#]],
        ),
        (
            &["check", "http | head 5"],
            expect![[r#"
            exit Some(1)
            --- stderr
            error[K0502]: there is no stage `head`
              |
            1 | http | head 5
              |        ^^^^
              |
              = help: write limit 5
        "#]],
        ),
        (
            &["explain", "http | where path == '/' | conns"],
            expect![[r#"
                exit Some(0)
                filter
                  http:bool
                stages
                  where path == "/"
                  conns
                tables
                  flows       never
                  conns       never
                  http        path = /
                  dns         never
                  tlsx        never
                  ws          never
                  redis       never
                  kafka       never
                  amqp        never
                  mongodb     never
                  mysql       never
                  postgresql  never
                  ldap        never
                  radius      never
                  diameter    never
                  icmp        never
                  sctp        never
                  tcp         never
                  udp         never
                --- stderr
            "#]],
        ),
        (
            &["--db", "db", "pcap", "http | limit 1", "-o", "out.pcap"],
            expect![[r#"
                exit Some(1)
                --- stderr
                error: the last stage must be a step to rows that have packets, found limit 1
                hint: step to rows first: http | sort -elapsed_time | limit 3 | conns (or flow, entries, packets)
            "#]],
        ),
        (
            &["--db", "db", "pcap", "http | limit 1 | conns", "-o", "out.pcap"],
            expect![[r#"
                exit Some(0)
                --- stderr
                10 packets written
            "#]],
        ),
    ] {
        // Footers hold timings, and standard error of `query` is nothing but the footer.
        let run = place.run(arguments);
        let said = if arguments.contains(&"query") { "" } else { &run.stderr };
        expect.assert_eq(&format!("exit {:?}\n{}--- stderr\n{said}", run.code, run.stdout));
    }
}

#[test]
fn expressions_are_evaluated() {
    let place = Place::empty();
    check(
        &place,
        &["eval", "[1, 2].map(x, x * x)"],
        expect![[r#"
        exit 0
        --- stdout
        [1, 4]
        --- stderr
    "#]],
    );
    check(
        &place,
        &["eval", "--vectorised", "'a' + 'b'"],
        expect![[r#"
        exit 0
        --- stdout
        "ab"
        --- stderr
    "#]],
    );
    check(
        &place,
        &["eval", "1 / 0"],
        expect![[r#"
        exit 1
        --- stdout
        --- stderr
        error: the expression has no value: division by zero
    "#]],
    );
    check(
        &place,
        &["eval", "1 + 'a'"],
        expect![[r#"
        exit 1
        --- stdout
        --- stderr
        error[K0303]: `+` does not take an int and a string
          |
        1 | 1 + 'a'
          | ^   --- string
          | |
          | int
          |
          = help: make it a text first: string(1)
    "#]],
    );
    let lines = concat!(
        "{\"expr\": \"x * 2\", \"bindings\": {\"x\": {\"type\": \"int\", \"value\": \"21\"}}}\n",
        "{\"expr\": \"y || true\"}\n",
        "\n",
        "{\"expr\": \"1 +\"}\n",
        "{\"expr\": \"x\", \"env\": {\"x\": \"list(\"}}\n",
        "[1]\n",
        "no JSON\n",
    );
    for arguments in [&["eval", "--jsonl"][..], &["eval", "--jsonl", "--vectorised"]] {
        let run = place.type_in(arguments, lines);
        expect![[r#"
            {"type":"int","value":"42"}
            {"type":"bool","value":true}
            {"error":"expected a value, found the end of the filter"}
            {"error":"expected a type for x, found `list(`"}
            {"error":"expected an object with `expr`"}
            {"error":"the line is no JSON: expected ident at line 1 column 2"}
        "#]]
        .assert_eq(&run.stdout);
    }
}

#[test]
fn rows_that_a_filter_fails_on_are_counted() {
    let place = Place::with_database();
    let mut told = String::new();
    for filter in [
        "request.headers['x-none'] == 'a'",
        "http && 1 / (status_code - 200) == 0",
        "http && (int(path) == 1 || request.headers['x-none'] == 'a' || method == 'POST')",
        "http && has(request.headers.host)",
        "http | where int(path) == 1 | count",
        "http | stats sum(1000 / (status_code - 200)), count()",
        "http && status_code == 200 | select request.headers['x-none'] as c, int(path) as n | where c != 'x'",
    ] {
        let run = place.run(&["--db", "db", "query", filter, "-f", "csv", "--limit", "1"]);
        let note = run.stderr.lines().find(|line| line.starts_with("note: "));
        told.push_str(&format!("{filter}\n    {}\n", note.unwrap_or("none")));
    }
    expect![[r#"
        request.headers['x-none'] == 'a'
            note: 3 rows left out, the filter fails there: missing key
        http && 1 / (status_code - 200) == 0
            note: 1 row left out, the filter fails there: division by zero
        http && (int(path) == 1 || request.headers['x-none'] == 'a' || method == 'POST')
            note: 2 rows left out, the filter fails there: bad conversion
        http && has(request.headers.host)
            none
        http | where int(path) == 1 | count
            note: 3 rows left out, the filter fails there: bad conversion
        http | stats sum(1000 / (status_code - 200)), count()
            note: 1 value missing in stages: division by zero
        http && status_code == 200 | select request.headers['x-none'] as c, int(path) as n | where c != 'x'
            note: 2 values missing in stages: missing key 1, bad conversion 1
    "#]]
    .assert_eq(&told);
}
