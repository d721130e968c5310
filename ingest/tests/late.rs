//! Answers behind a gap: the stage before dissectors waits until a gap is sure, and so the client's half has run ahead of them.

mod common;

use ingest::Options;
use ingest::talk::Talk;

/// The entries of a dialogue of 40 requests and their answers, of which the tenth was lost.
#[track_caller]
fn check(port: u16, request: impl Fn(usize) -> String, answer: impl Fn(usize) -> String) {
    let dialogue: String = (0..40)
        .map(|number| format!("> {}\n< {}\n", request(number), answer(number)))
        .collect();
    let talk = format!("10.0.0.1:51000 > 10.0.0.2:{port}\n{dialogue}  drop {}", 4 + 2 * 9 + 1);
    let rows = common::entries(&common::ingest(&Talk::parse(&talk).pcap(), &Options::default()).0);
    let unlike: Vec<&str> = rows.lines().filter(|row| !row.contains("elapsed_time=1000 ")).collect();
    assert_eq!(rows.lines().count(), 40, "{rows}");
    assert_eq!(unlike.len(), 1, "{rows}");
    assert!(unlike.iter().all(|row| row.contains("SELECT 1009\"")), "{rows}");
    for number in (0..40).filter(|number| *number != 9) {
        // The lost packet has no number.
        let id = 4 + 2 * number - usize::from(number > 9);
        let packets = format!("request_packet={id} response_packet={} ", id + 1);
        assert!(
            rows.lines()
                .any(|row| row.contains(&packets) && row.contains(&format!("SELECT {}", 1000 + number))),
            "{number}: {rows}"
        );
    }
}

#[test]
fn an_answer_of_postgresql_is_to_what_was_asked_before_it() {
    let complete = r"C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I";
    check(
        5432,
        |number| format!(r"Q\x00\x00\x00\x10SELECT {}\x00", 1000 + number),
        |_| complete.to_owned(),
    );
}

#[test]
fn an_answer_of_mysql_is_to_what_was_asked_before_it() {
    check(
        3306,
        |number| format!(r"\x0c\x00\x00\x00\x03SELECT {}", 1000 + number),
        |_| r"\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00".to_owned(),
    );
}
