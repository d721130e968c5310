//! What dissectors say they hold is what bounds of memory act on: it must be true.

use ingest::Limits;
use ingest::dissect::{Half, Transport};
use ingest::talk::{Drive, Step};

/// Bytes held after each of the server's words, on a connection whose client asked first.
fn held(asked: &str, said: &[&str]) -> Vec<usize> {
    let mut drive = Drive::new(Limits::default());
    drive.open(Transport::Tcp, [51000, 80], None);
    drive.step(&Step::Data(Half::Client, asked.into()));
    let mut held = Vec::new();
    for word in said {
        drive.step(&Step::Data(Half::Server, word.as_bytes().to_vec()));
        held.push(drive.held_bytes());
    }
    drive.close();
    assert_eq!(drive.held_bytes(), 0);
    held
}

#[test]
fn heads_of_http_responses_count_until_the_response_is_over() {
    let field = "f".repeat(40_000);
    let head = format!("HTTP/1.1 200 OK\r\nF: {field}\r\nContent-Length: 4\r\n\r\n");
    let answered = held("GET / HTTP/1.1\r\n\r\n", &[&head, "ab", "cd"]);
    assert!(answered[0] > 40_000 && answered[1] > 40_000, "{answered:?}");
    assert!(answered[2] < 10_000, "{answered:?}");
}

#[test]
fn heads_of_http_responses_that_nobody_asked_for_count_too() {
    let field = "f".repeat(40_000);
    let head = format!("HTTP/1.1 200 OK\r\nF: {field}\r\nContent-Length: 4\r\n\r\n");
    let asked = "GET / HTTP/1.1\r\n\r\n";
    let answered = held(asked, &["HTTP/1.1 204 No Content\r\n\r\n", &head, "abcd"]);
    assert!(answered[1] > 40_000 && answered[2] < 10_000, "{answered:?}");
}
