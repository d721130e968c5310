//! Crashes, damage, versions and locks.

use std::fs;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use expect_test::{Expect, expect};
use schema::Build;
use schema::tables::captures::{Capture as CaptureRow, CaptureBuilder, CaptureOwn, TABLE};

use super::*;

/// A commit of one row in the table of captures.
fn commit(store: &Store, name: &str) -> Manifest {
    let mut transaction = Transaction::begin(store).unwrap();
    transaction.write(&TABLE, &row(name)).unwrap();
    transaction.add_capture(capture(name), 10);
    transaction.commit().unwrap().manifest
}

fn capture(name: &str) -> Capture {
    Capture {
        digest: name.to_owned(),
        size_bytes: name.len() as u64,
    }
}

fn row(name: &str) -> RecordBatch {
    let mut builder = CaptureBuilder::default();
    builder.append(CaptureRow {
        own: CaptureOwn {
            capture_id: Some(1),
            name: Some(name),
            digest: Some(name),
            size_bytes: None,
            format: None,
            compression: None,
            interfaces: &[],
            comments: &[],
            secrets: None,
            packets: None,
            dropped: None,
            captured_bytes: None,
            original_bytes: None,
            first_time: None,
            last_time: None,
            ingested_time: None,
            anomalies: &[],
        },
    });
    builder.finish()
}

/// The files of a store, one a line.
#[track_caller]
fn check_files(directory: &Path, expect: Expect) {
    fn walk(path: &Path, root: &Path, files: &mut Vec<String>) {
        for entry in entries(path).unwrap() {
            match entry.is_dir() {
                true => walk(&entry, root, files),
                false => files.push(entry.strip_prefix(root).unwrap().display().to_string()),
            }
        }
    }
    let mut files = Vec::new();
    walk(directory, directory, &mut files);
    files.sort();
    expect.assert_eq(&files.join("\n"));
}

/// The error without the directory of the test.
#[track_caller]
fn check_error<T: std::fmt::Debug>(result: Result<T, Error>, directory: &Path, expect: Expect) {
    let error = result.expect_err("an error was expected");
    expect.assert_eq(&error.to_string().replace(&directory.display().to_string(), "DB"));
}

#[test]
fn a_commit_adds_parts_and_numbers_run_on() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    let manifest = commit(&store, "two");
    assert_eq!((manifest.next_packet, manifest.next_part), (21, 3));
    assert_eq!(store.manifest().unwrap(), manifest);
    check_files(
        directory.path(),
        expect![[r#"
        LOCK
        MANIFEST.json
        tables/captures/000001.parquet
        tables/captures/000002.parquet"#]],
    );
}

#[test]
fn lanes_write_parts_of_one_commit_and_those_that_are_not_adopted_go() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    let mut transaction = Transaction::begin(&store).unwrap();
    let [mut adopted, mut dropped] = transaction.lanes();
    for lane in [&mut adopted, &mut dropped] {
        lane.write(&TABLE, &row("sealed")).unwrap();
        lane.seal(&TABLE).unwrap();
        lane.write(&TABLE, &row("open")).unwrap();
    }
    drop(dropped);
    transaction.adopt(adopted).unwrap();
    transaction.write(&TABLE, &row("own")).unwrap();
    let manifest = transaction.commit().unwrap().manifest;
    let numbers: Vec<_> = manifest.parts(TABLE.name).iter().map(|part| part.number).collect();
    assert_eq!((numbers, manifest.next_part), (vec![1, 3, 5], 6));
    check_files(
        directory.path(),
        expect![[r#"
        LOCK
        MANIFEST.json
        tables/captures/000001.parquet
        tables/captures/000003.parquet
        tables/captures/000005.parquet"#]],
    );
}

#[test]
fn a_dropped_transaction_leaves_the_last_commit_and_no_files() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    let manifest = commit(&store, "one");
    let mut transaction = Transaction::begin(&store).unwrap();
    transaction.write(&TABLE, &row("sealed")).unwrap();
    transaction.seal(&TABLE).unwrap();
    transaction.write(&TABLE, &row("open")).unwrap();
    drop(transaction);
    assert_eq!(store.manifest().unwrap(), manifest);
    check_files(
        directory.path(),
        expect![[r#"
        LOCK
        MANIFEST.json
        tables/captures/000001.parquet"#]],
    );
}

#[test]
fn a_commit_that_is_visible_keeps_its_parts_whatever_fails_then() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    let mut transaction = Transaction::begin(&store).unwrap();
    transaction.write(&TABLE, &row("one")).unwrap();
    transaction.add_capture(capture("one"), 10);
    transaction.publish().unwrap();
    drop(transaction);
    assert_eq!(store.manifest().unwrap().parts(TABLE.name).len(), 1);
    check_files(
        directory.path(),
        expect![[r#"
        LOCK
        MANIFEST.json
        tables/captures/000001.parquet"#]],
    );
}

#[test]
fn every_directory_between_a_part_and_the_store_is_synced() {
    let store = Store { path: "db".into() };
    let show = |tables: &[&str]| {
        let directories = store.directories(tables.iter().copied());
        directories
            .iter()
            .map(|path| format!("{}\n", path.display()))
            .collect::<String>()
    };
    expect![[r#"
        db/tables/conns
        db/tables/http
        db/tables
        db
    "#]]
    .assert_eq(&show(&["conns", "http"]));
    expect![""].assert_eq(&show(&[]));
}

#[test]
fn a_new_store_is_synced_into_the_directory_that_holds_it() {
    for (path, expected) in [("db", "."), ("db/", "."), ("./db", "."), ("a/db", "a"), ("/db", "/")] {
        assert_eq!(holder(Path::new(path)), Path::new(expected), "{path}");
    }
    let directory = tempfile::tempdir().unwrap();
    let (store, manifest, _) = Store::create(&directory.path().join("a/b/db")).unwrap();
    assert_eq!(store.manifest().unwrap(), manifest);
}

#[test]
fn what_a_crash_left_is_swept_by_the_next_writer() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    for leftover in [
        "tables/captures/000009.parquet",
        "tables/captures/000010.parquet.tmp",
        "MANIFEST.json.tmp",
    ] {
        fs::write(directory.path().join(leftover), "half").unwrap();
    }
    assert_eq!(store.manifest().unwrap().parts(TABLE.name).len(), 1);
    commit(&store, "two");
    check_files(
        directory.path(),
        expect![[r#"
        LOCK
        MANIFEST.json
        tables/captures/000001.parquet
        tables/captures/000002.parquet"#]],
    );
}

#[test]
fn a_table_that_cannot_be_written_leaves_everything_stored_before() {
    let directory = tempfile::tempdir().unwrap();
    let (store, manifest, _) = Store::create(directory.path()).unwrap();
    fs::write(directory.path().join(TABLES), "in the way").unwrap();
    let mut transaction = Transaction::begin(&store).unwrap();
    let error = transaction.write(&TABLE, &row("one"));
    check_error(
        error,
        directory.path(),
        expect!["cannot create DB/tables/captures: Not a directory (os error 20)"],
    );
    drop(transaction);
    assert_eq!(store.manifest().unwrap(), manifest);
}

#[test]
fn one_writer_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    let first = Transaction::begin(&store).unwrap();
    check_error(
        Transaction::begin(&store),
        directory.path(),
        expect!["another process writes to DB"],
    );
    drop(first);
    Transaction::begin(&store).unwrap();
}

#[test]
fn directories_that_are_no_new_home_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    check_error(
        Store::open(path),
        path,
        expect!["DB holds no database (expected MANIFEST.json)"],
    );
    Store::create(path).unwrap();
    check_error(Store::create(path), path, expect!["DB holds a database already"]);
    let other = path.join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), "").unwrap();
    check_error(
        Store::create(&other),
        path,
        expect!["DB/other is not empty and holds no database"],
    );
}

#[test]
fn a_damaged_manifest_and_a_newer_one_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join(MANIFEST), r#"{"version":1,"next_pac"#).unwrap();
    check_error(
        Store::open(path),
        path,
        expect!["DB/MANIFEST.json is damaged: EOF while parsing a string at line 1 column 22"],
    );
    fs::write(path.join(MANIFEST), r#"{"version":9,"shards":[]}"#).unwrap();
    check_error(
        Store::open(path),
        path,
        expect!["DB/MANIFEST.json has layout version 9, this version reads up to 1: a newer kfl made it"],
    );
}

/// Joins all parts of the table into one, which is not committed yet.
fn joining(store: &Store) -> Transaction {
    let mut transaction = Transaction::begin(store).unwrap();
    let parts = transaction.manifest().parts(TABLE.name).to_vec();
    transaction.write(&TABLE, &row("joined")).unwrap();
    transaction.replace(&TABLE, &parts).unwrap();
    transaction
}

/// The numbers of the table's parts.
fn parts(manifest: &Manifest) -> Vec<u64> {
    manifest.parts(TABLE.name).iter().map(|part| part.number).collect()
}

#[test]
fn a_joining_that_is_given_up_leaves_the_parts_that_were_there() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    let manifest = commit(&store, "two");
    drop(joining(&store));
    assert_eq!(store.manifest().unwrap(), manifest);
    check_files(
        directory.path(),
        expect![[r#"
            LOCK
            MANIFEST.json
            tables/captures/000001.parquet
            tables/captures/000002.parquet"#]],
    );
}

#[test]
fn a_joined_part_takes_the_place_of_its_sources_and_the_next_writer_removes_them() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    let before = commit(&store, "two");
    let committed = joining(&store).commit().unwrap();
    let Committed { manifest, lock, .. } = committed;
    assert_eq!(parts(&manifest), [3]);
    assert_eq!(
        (manifest.next_packet, &manifest.captures),
        (before.next_packet, &before.captures)
    );
    // A crash here leaves files that no manifest names.
    check_files(
        directory.path(),
        expect![[r#"
            LOCK
            MANIFEST.json
            tables/captures/000001.parquet
            tables/captures/000002.parquet
            tables/captures/000003.parquet"#]],
    );
    drop(Transaction::under(lock).unwrap());
    check_files(
        directory.path(),
        expect![[r#"
            LOCK
            MANIFEST.json
            tables/captures/000003.parquet"#]],
    );
    assert_eq!(parts(&commit(&store, "three")), [3, 4]);
}

#[test]
fn a_reader_keeps_the_parts_that_it_sees_until_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    commit(&store, "two");
    let (manifest, pin) = store.pinned().unwrap();
    assert_eq!(parts(&manifest), [1, 2]);
    // Its commit is not the one before the joining, nor is its manifest: another came between.
    commit(&store, "three");
    joining(&store).commit().unwrap();
    commit(&store, "four");
    check_files(
        directory.path(),
        expect![[r#"
            LOCK
            MANIFEST.json
            old/000003.json
            tables/captures/000001.parquet
            tables/captures/000002.parquet
            tables/captures/000004.parquet
            tables/captures/000005.parquet"#]],
    );
    drop(pin);
    commit(&store, "five");
    check_files(
        directory.path(),
        expect![[r#"
            LOCK
            MANIFEST.json
            tables/captures/000004.parquet
            tables/captures/000005.parquet
            tables/captures/000006.parquet"#]],
    );
}

#[test]
fn a_commit_that_failed_behind_its_link_is_no_hindrance() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "one");
    let (_, pin) = store.pinned().unwrap();
    // A crash between the link to the manifest that will be replaced and the replacing.
    assert!(store.keep_if_held(2).unwrap().is_none());
    commit(&store, "two");
    joining(&store).commit().unwrap();
    commit(&store, "three");
    let part = directory.path().join("tables/captures/000001.parquet");
    assert!(part.exists(), "it is held");
    drop(pin);
    commit(&store, "four");
    assert!(!part.exists() && entries(&directory.path().join("old")).unwrap().is_empty());
}

#[test]
fn whatever_a_reader_sees_is_there_while_a_writer_joins() {
    let directory = tempfile::tempdir().unwrap();
    let (store, ..) = Store::create(directory.path()).unwrap();
    commit(&store, "0");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..100 {
                commit(&store, &number.to_string());
                joining(&store).commit().unwrap();
            }
        });
        let mut seen = 0;
        while !writer.is_finished() || seen == 0 {
            let (manifest, _pin) = store.pinned().unwrap();
            for part in manifest.parts(TABLE.name) {
                assert!(store.part_path(TABLE.name, part).exists(), "{part:?} of {manifest:?}");
            }
            seen += 1;
        }
    });
    commit(&store, "last");
    assert_eq!(entries(&directory.path().join("tables/captures")).unwrap().len(), 2);
}
