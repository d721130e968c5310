//! What a capture file tells of itself: said when it is ingested, listed, shown with its packets, written back.

use crate::place::Place;
use expect_test::expect;

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let body = padded(body);
    let length = (12 + body.len() as u32).to_le_bytes();
    [&kind.to_le_bytes(), &length, &body[..], &length].concat()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let head = [code, value.len() as u16].map(u16::to_le_bytes).concat();
    padded(&[&head, value].concat())
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

const SECRETS: &[u8] = b"CLIENT_RANDOM 00 11\n";

/// A packet with two comments, on an interface that dropped some, in a section with a comment and secrets.
fn capture() -> Vec<u8> {
    let section = b"\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
    let frame = *b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\0\x01\x08\0\x06\x04\0\x01";
    let length = frame.len() as u32;
    let packet = [0, 0, 1_000_000, length, length].map(u32::to_le_bytes).concat();
    let comments = [option(1, b"look \x1b[31m"), option(1, b"twice")].concat();
    let secrets = [0x544c_534b, SECRETS.len() as u32].map(u32::to_le_bytes).concat();
    let dropped = option(5, &120_u64.to_le_bytes());
    [
        block(0x0a0d_0d0a, &[&section[..], &option(1, b"from\nthe gate")].concat()),
        block(1, &[&b"\x01\0\0\0\0\0\0\0"[..], &option(2, b"eth\x1b0")].concat()),
        block(10, &[&secrets, SECRETS].concat()),
        block(6, &[&packet, &padded(&frame)[..], &comments].concat()),
        block(5, &[&[0; 12][..], &dropped].concat()),
    ]
    .concat()
}

#[test]
fn what_a_capture_tells_is_said_listed_shown_and_written_back() {
    let place = Place::empty();
    place.write("a.pcapng", &capture());
    let run = place.run(&["--db", "db", "ingest", "a.pcapng"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let first = run.stderr.lines().next().unwrap_or_default();
    assert!(
        first.ends_with("; the capture dropped 120 packets on eth\\x1b0"),
        "{first}"
    );

    let run = place.run(&["--db", "db", "info"]);
    let notes = run.stdout.rsplit_once("\n\n").expect("the capture has notes").1;
    expect![[r#"
        a.pcapng
          comment: from\nthe gate
          the capture dropped 120 packets
          interface: link type 1, 1000000 ticks/s, eth\x1b0, dropped 120
          with decryption secrets
    "#]]
    .assert_eq(notes);

    let run = place.run(&["--db", "db", "hex", "1"]);
    expect![[r#"frame 1 of 1 · packet 1 · 1970-01-01 00:00:01.000000 · 22/22 bytes · look \x1b[31m\ntwice"#]]
        .assert_eq(run.stdout.lines().next().unwrap_or_default());

    let written = |format| {
        let run = place.run(&["--db", "db", "pcap", "", "-F", format, "-o", "out"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        std::fs::read(place.path("out")).expect("the file was written")
    };
    let holds_secrets = |bytes: &[u8]| bytes.windows(SECRETS.len()).any(|window| window == SECRETS);
    assert!(!holds_secrets(&written("pcap")));
    assert!(holds_secrets(&written("pcapng")));
    let run = place.run(&["--db", "again", "ingest", "out"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let secrets = |database| {
        let statement = "SELECT secrets FROM captures";
        place.run(&["--db", database, "sql", statement, "-f", "ndjson"]).stdout
    };
    expect![[r#"
        {"secrets":"CgAAACgAAABLU0xUFAAAAENMSUVOVF9SQU5ET00gMDAgMTEKKAAAAA=="}
    "#]]
    .assert_eq(&secrets("db"));
    assert_eq!(secrets("db"), secrets("again"));
}

#[test]
fn captures_that_tell_nothing_are_not_listed() {
    let place = Place::with_database();
    let run = place.run(&["--db", "db", "info"]);
    assert!(!run.stdout.contains("talk.pcap"), "{}", run.stdout);
}
