//! Captures that wait for one another.

use std::fs;

use expect_test::{Expect, expect};
use ingest::talk::Talk;
use tempfile::TempDir;

use super::*;

/// A database and files to ingest.
struct Place {
    directory: TempDir,
    database: Database,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::create(directory.path().join("db")).unwrap();
        Self { directory, database }
    }

    /// Ingests a file with these bytes; nothing if there are none.
    fn ingest(&self, ingestion: &mut Ingestion, name: &str, bytes: Option<&[u8]>) -> Result<(), Error> {
        let path = self.directory.path().join(name);
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        ingestion.path(&path, &mut ())
    }

    /// What became of the captures, a line each.
    #[track_caller]
    fn check_taken(&self, ingestion: &mut Ingestion, expect: Expect) {
        let mut text = String::new();
        for outcome in ingestion.take() {
            text += &match outcome {
                Ok(Ingested {
                    name, skipped: true, ..
                }) => format!("{name} skipped\n"),
                Ok(Ingested {
                    name,
                    rows,
                    stored_bytes,
                    ..
                }) => format!(
                    "{name} {rows:?}{}\n",
                    if stored_bytes > 0 { " in a commit" } else { "" }
                ),
                Err(error) => format!("{error}\n"),
            };
        }
        expect.assert_eq(&text.replace(&format!("{}/", self.directory.path().display()), ""));
    }

    /// Digests of the captures that are stored, files of all tables, and the number of the next packet.
    fn stored(&self) -> (usize, usize, u64) {
        let manifest = self.database.store().manifest().unwrap();
        let tables = fs::read_dir(self.directory.path().join("db/tables"))
            .into_iter()
            .flatten();
        let files = tables.map(|table| fs::read_dir(table.unwrap().path()).unwrap().count());
        (manifest.captures.len(), files.sum(), manifest.next_packet)
    }
}

fn datagram(number: u16) -> Vec<u8> {
    Talk::parse(&format!("10.0.0.1:{number} > 10.0.0.2:9 udp\n> one")).pcap()
}

/// Frames of no network in a file of a few KiB, which take more memory than a small capture may.
fn swelling() -> Vec<u8> {
    let frame = [0; 1400];
    let mut capture = datagram(7);
    for second in 0..13_000_u32 {
        for number in [second, 0, frame.len() as u32, frame.len() as u32] {
            capture.extend_from_slice(&number.to_le_bytes());
        }
        capture.extend_from_slice(&frame);
    }
    zstd::encode_all(&capture[..], 1).unwrap()
}

#[test]
fn captures_wait_for_their_commit_and_what_is_wrong_with_others_waits_with_them() {
    let place = Place::new();
    let mut ingestion = place.database.ingestion(IngestOptions::default());
    place
        .ingest(&mut ingestion, "text", Some(b"This is no capture."))
        .unwrap();
    place.check_taken(
        &mut ingestion,
        expect![[r#"
            text is no capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found 54 68 69 73 20 69 73 20
        "#]],
    );
    place.ingest(&mut ingestion, "a", Some(&datagram(1))).unwrap();
    place.ingest(&mut ingestion, "missing", None).unwrap();
    place.ingest(&mut ingestion, "b", Some(&datagram(2))).unwrap();
    place.ingest(&mut ingestion, "a again", Some(&datagram(1))).unwrap();
    place.ingest(&mut ingestion, "empty", Some(b"")).unwrap();
    ingestion.commit().unwrap();
    assert_eq!(place.stored(), (3, 4, 3));
    place.check_taken(
        &mut ingestion,
        expect![[r#"
            a {"captures": 1, "conns": 1, "flows": 1, "packets": 1}
            cannot open missing: No such file or directory (os error 2)
            b {"captures": 1, "conns": 1, "flows": 1, "packets": 1}
            a again skipped
            empty {"captures": 1} in a commit
        "#]],
    );
    place.check_taken(&mut ingestion, expect![""]);
}

#[test]
fn captures_of_which_nothing_was_given_are_not_stored() {
    let place = Place::new();
    let mut ingestion = place.database.ingestion(IngestOptions::default());
    place.ingest(&mut ingestion, "a", Some(&datagram(1))).unwrap();
    assert!(matches!(place.database.compact(), Err(Error::Locked { .. })));
    drop(ingestion);
    assert_eq!(place.stored(), (0, 0, 1));
    place
        .database
        .ingest_path(place.directory.path().join("a"), &IngestOptions::default(), &mut ())
        .unwrap();
    assert_eq!(place.stored(), (1, 4, 2));
}

#[test]
fn captures_wait_for_no_reader_and_for_none_that_swells() {
    let place = Place::new();
    let mut ingestion = place.database.ingestion(IngestOptions::default());
    place.ingest(&mut ingestion, "a", Some(&datagram(1))).unwrap();
    /// Looks at what is stored when it is first read.
    struct Looking<'a>(&'a Place, Option<usize>, &'a [u8]);
    impl Read for Looking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1.get_or_insert_with(|| self.0.stored().0);
            self.2.read(buffer)
        }
    }
    let capture = datagram(2);
    let mut reader = Looking(&place, None, &capture);
    ingestion.reader("-", &mut reader, &mut ()).unwrap();
    assert_eq!(reader.1, Some(1), "the one before is stored");
    place.ingest(&mut ingestion, "b", Some(&datagram(3))).unwrap();
    place.ingest(&mut ingestion, "swelling", Some(&swelling())).unwrap();
    place.check_taken(
        &mut ingestion,
        expect![[r#"
            a {"captures": 1, "conns": 1, "flows": 1, "packets": 1} in a commit
            - {"captures": 1, "conns": 1, "flows": 1, "packets": 1} in a commit
            b {"captures": 1, "conns": 1, "flows": 1, "packets": 1} in a commit
            swelling {"captures": 1, "conns": 1, "flows": 1, "packets": 13001} in a commit
        "#]],
    );
    assert_eq!(place.stored(), (4, 16, 13_005));
}

#[test]
fn a_world_that_fails_takes_the_captures_that_wait() {
    let place = Place::new();
    let mut ingestion = place.database.ingestion(IngestOptions::default());
    place.ingest(&mut ingestion, "a", Some(&datagram(1))).unwrap();
    ingestion.commit().unwrap();
    place.ingest(&mut ingestion, "b", Some(&datagram(2))).unwrap();
    let conns = place.directory.path().join("db/tables/conns");
    fs::rename(&conns, conns.with_extension("away")).unwrap();
    let error = ingestion.commit().unwrap_err();
    assert!(!error.is_input(), "{error}");
    fs::rename(conns.with_extension("away"), &conns).unwrap();
    place.check_taken(
        &mut ingestion,
        expect![[r#"
            a {"captures": 1, "conns": 1, "flows": 1, "packets": 1} in a commit
        "#]],
    );
    // The next writer takes its number, and removes what was left of it.
    place.ingest(&mut ingestion, "b", Some(&datagram(2))).unwrap();
    ingestion.commit().unwrap();
    assert_eq!(place.stored(), (2, 8, 3));
}
