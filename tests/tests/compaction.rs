//! Many small ingests, joined: the same rows in the same order from fewer parts, beside readers, damage and other writers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::metadata::ParquetMetaData;
use engine::{Database, Error, IngestOptions, QueryOptions};
use expect_test::expect;
use futures::TryStreamExt;
use ingest::talk::Talk;

/// Small parts stay as the ingests made them.
fn apart() -> IngestOptions {
    IngestOptions {
        compact: false,
        ..IngestOptions::default()
    }
}

fn ingest(database: &Database, name: &str, capture: &[u8], options: &IngestOptions) {
    let ingested = database.ingest_reader(name, capture, options, &mut ()).unwrap();
    assert!(!ingested.skipped, "{name} is there already");
    ingested.compaction.unwrap();
}

fn new() -> (tempfile::TempDir, Database) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("db")).unwrap();
    (directory, database)
}

/// A few HTTP and DNS exchanges and a packet of no connection; other ones for another number.
fn capture(number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(number);
    let mut talk = String::new();
    for port in 0..random.u16(1..4) {
        talk += &format!("10.0.{}.1:{} > 10.0.0.2:80\n", random.u8(..), 50_000 + port);
        for _ in 0..random.usize(1..4) {
            let (status, body) = (random.u16(200..600), "x".repeat(random.usize(0..300)));
            talk += &format!("> GET /{number}/{} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\n", random.u32(..));
            let length = body.len();
            talk += &format!("< HTTP/1.1 {status} OK\\r\\nContent-Length: {length}\\r\\n\\r\\n{body}\n");
        }
    }
    talk += "10.0.0.1:40000 > 10.0.0.53:53 udp\n";
    talk += r"> \x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01";
    let mut capture = Talk::parse(&talk).pcap();
    let arp = b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\0\x01\x08\0\x06\x04\0\x01\
        \x02\0\0\0\0\x01\x0a\0\0\x01\0\0\0\0\0\0\x0a\0\0\x63";
    for number in [1_704_067_300_u32, 7, arp.len() as u32, arp.len() as u32] {
        capture.extend_from_slice(&number.to_le_bytes());
    }
    capture.extend_from_slice(arp);
    capture
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .unwrap()
        .block_on(future)
}

fn count(database: &Database, sql: &str) -> usize {
    block_on(async {
        let rows = database.sql(sql, &QueryOptions::default()).await.unwrap();
        let batches: Vec<_> = rows.stream.try_collect().await.unwrap();
        batches.iter().map(RecordBatch::num_rows).sum()
    })
}

/// Parts per table, of tables that have some.
fn parts(database: &Database) -> BTreeMap<&'static str, usize> {
    let tables = database.info().tables;
    let tables = tables.iter().filter(|table| table.parts > 0);
    tables.map(|table| (table.name, table.parts)).collect()
}

/// The files of each table's parts, in the order of the manifest.
fn files(directory: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let manifest = fs::read(directory.join("MANIFEST.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let mut files = BTreeMap::new();
    for (table, parts) in manifest["tables"].as_object().unwrap() {
        let numbers = parts
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["number"].as_u64().unwrap());
        let path = |number| directory.join(format!("tables/{table}/{number:06}.parquet"));
        files.insert(table.clone(), numbers.map(path).collect());
    }
    files
}

/// The rows of a file.
fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let (schema, batches) = (reader.schema().clone(), reader.build().unwrap());
    let batches: Vec<_> = batches.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// All rows of each table, as they lie in its parts.
fn rows(directory: &Path) -> BTreeMap<String, RecordBatch> {
    let tables = files(directory).into_iter().map(|(table, files)| {
        let batches: Vec<_> = files.iter().map(|file| read(file)).collect();
        let rows = concat_batches(&batches[0].schema(), &batches).unwrap();
        (table, rows)
    });
    tables.collect()
}

/// So many parts are as the manifest says.
#[track_caller]
fn check_whole(database: &Database, parts: usize) {
    let found = block_on(database.verify()).unwrap();
    assert!(found.damage.is_empty() && found.parts == parts, "{found:?}");
}

fn ids(rows: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let ids = rows.column_by_name(column).unwrap().as_primitive::<Int64Type>();
    ids.iter().collect()
}

/// The rows of a table of packets by their numbers.
fn by_number(rows: &RecordBatch) -> RecordBatch {
    let mut order: Vec<_> = ids(rows, "packet").into_iter().zip(0..).collect();
    order.sort_unstable();
    let order = datafusion::arrow::array::UInt64Array::from_iter_values(order.into_iter().map(|(_, at)| at));
    datafusion::arrow::compute::take_record_batch(rows, &order).unwrap()
}

/// The rows are those of before in their order; packets are all there, clustered in every part.
#[track_caller]
fn check_same_rows(directory: &Path, before: &BTreeMap<String, RecordBatch>) {
    let after = rows(directory);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (table, rows) in &after {
        if table == "packets" {
            assert_eq!(by_number(rows), by_number(&before[table]), "{table}");
        } else {
            assert_eq!(rows, &before[table], "{table}");
        }
    }
    for file in &files(directory)["packets"] {
        let rows = read(file);
        let keys = ids(&rows, "flow_id").into_iter().zip(ids(&rows, "conn_id"));
        let keys: Vec<_> = keys.zip(ids(&rows, "packet")).collect();
        assert!(keys.is_sorted(), "{}", file.display());
    }
}

#[test]
fn a_compaction_changes_no_row_and_no_order_of_any_table() {
    let (directory, database) = new();
    let path = directory.path().join("db");
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut captures: Vec<_> = (fs::read_dir(captures).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    captures.sort();
    for capture in &captures {
        database.ingest_path(capture, &apart(), &mut ()).unwrap();
    }
    let (before, parts_before) = (rows(&path), parts(&database));
    assert!(
        before.len() > 15 && parts_before["conns"] == captures.len(),
        "{parts_before:?}"
    );
    let info = database.info();
    let compaction = database.compact().unwrap();
    check_same_rows(&path, &before);
    assert!(
        parts(&database).values().all(|parts| *parts == 1),
        "{:?}",
        parts(&database)
    );
    check_whole(&database, before.len());
    // It tells of what it did, and that alone.
    assert!(compaction.before.iter().all(|table| info.tables.contains(table)));
    assert!(compaction.after.iter().all(|table| table.parts == 1));
    assert!(
        database.compact().unwrap().is_empty(),
        "the second time there is nothing to gain"
    );
    // What the next ingest is numbered from, and what it skips, is as it was.
    assert!(database.ingest_path(&captures[0], &apart(), &mut ()).unwrap().skipped);
}

#[test]
fn a_joined_part_is_written_as_an_ingest_writes_parts() {
    let (directory, database) = new();
    for number in 0..3 {
        ingest(&database, "small", &capture(number), &apart());
    }
    let path = directory.path().join("db");
    let describe = |metadata: &ParquetMetaData| {
        let group = metadata.row_group(0);
        let mut text = format!("{:?}\n", group.sorting_columns());
        for column in group.columns() {
            let encodings: BTreeSet<_> = column.encodings().map(|encoding| encoding.to_string()).collect();
            text += &format!(
                "{} {} {encodings:?} statistics {} pages {} bloom {}\n",
                column.column_path(),
                column.compression(),
                column.statistics().is_some(),
                column.column_index_offset().is_some(),
                column.bloom_filter_offset().is_some(),
            );
        }
        text
    };
    let described = || {
        let tables = files(&path).into_iter().map(|(table, files)| {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&files[0]).unwrap()).unwrap();
            let schema = reader.schema().clone();
            (table, schema, describe(reader.metadata()))
        });
        tables.collect::<Vec<_>>()
    };
    let before = described();
    assert!(!database.compact().unwrap().is_empty());
    assert_eq!(described(), before);
}

#[test]
fn packets_of_connections_that_parts_share_lie_together_again() {
    let (directory, database) = new();
    // Ten connections, in each of many small parts.
    let mut talk = String::new();
    for _ in 0..30 {
        for port in 0..10 {
            talk += &format!("10.0.0.1:{} > 10.0.0.2:9 udp\n> {}\n", 1000 + port, "x".repeat(400));
        }
    }
    let mut options = apart();
    options.limits.read_bytes = 4096;
    options.limits.epoch_bytes = 4096;
    options.limits.part_bytes = 4096;
    for copy in 0..2 {
        let talk = talk.replace("10.0.0.1", &format!("10.0.0.{}", copy + 10));
        ingest(&database, "shared", &Talk::parse(&talk).pcap(), &options);
    }
    let path = directory.path().join("db");
    let before = rows(&path);
    assert!(parts(&database)["packets"] > 20, "{:?}", parts(&database));
    database.compact().unwrap();
    assert_eq!(parts(&database)["packets"], 1);
    check_same_rows(&path, &before);
    for conn in ids(&before["conns"], "conn_id") {
        let packets = block_on(database.packets_of(conn.unwrap())).unwrap();
        assert_eq!(packets.len(), 30);
        assert!(packets.is_sorted_by_key(|packet| packet.number));
    }
}

/// The capture of one datagram.
fn tiny(number: u16) -> Vec<u8> {
    Talk::parse(&format!("10.0.0.1:{} > 10.0.0.2:9 udp\n> one", 1 + number)).pcap()
}

#[test]
fn two_hundred_small_ingests_leave_few_parts() {
    let (directory, database) = new();
    for number in 0..200 {
        ingest(&database, "tiny", &tiny(number), &IngestOptions::default());
    }
    let few = parts(&database);
    assert!(few.values().all(|parts| *parts <= 32), "{few:?}");
    assert_eq!(count(&database, "SELECT * FROM conns"), 200);
    check_whole(&database, parts(&database).values().sum());
    // Nothing that is not named stays behind.
    let path = directory.path().join("db");
    let named: usize = files(&path).values().map(Vec::len).sum();
    let tables = fs::read_dir(path.join("tables")).unwrap();
    let found: usize = tables
        .map(|table| fs::read_dir(table.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!((found, fs::read_dir(path.join("old")).unwrap().count()), (named, 0));
}

#[test]
fn ingests_that_join_as_they_go_store_what_others_do() {
    let (directory, database) = new();
    let (other_directory, other) = new();
    for number in 0..35 {
        ingest(&database, "small", &capture(number), &IngestOptions::default());
        ingest(&other, "small", &capture(number), &apart());
    }
    assert!(parts(&other).values().all(|parts| *parts == 35), "{:?}", parts(&other));
    let few = parts(&database);
    assert!(few.values().all(|parts| *parts < 16), "{few:?}");
    let mut before = rows(&other_directory.path().join("db"));
    // When they were ingested differs.
    let path = directory.path().join("db");
    let after = rows(&path);
    assert_eq!(before["captures"].num_rows(), after["captures"].num_rows());
    before.insert("captures".to_owned(), after["captures"].clone());
    check_same_rows(&path, &before);
    for conn in ids(&before["conns"], "conn_id").iter().step_by(10) {
        let conn = conn.expect("every connection has a number");
        let packets = block_on(database.packets_of(conn)).unwrap();
        assert!(!packets.is_empty());
        assert_eq!(packets, block_on(other.packets_of(conn)).unwrap());
    }
}

#[test]
fn small_files_that_are_committed_together_store_what_others_do() {
    let (directory, database) = new();
    let (other_directory, other) = new();
    let mut ingestion = database.ingestion(apart());
    for number in 0..20 {
        let file = directory.path().join(format!("{number}.pcap"));
        fs::write(&file, capture(number)).unwrap();
        ingestion.path(&file, &mut ()).unwrap();
        other.ingest_path(&file, &apart(), &mut ()).unwrap();
    }
    ingestion.commit().unwrap();
    let taken: Result<Vec<_>, _> = ingestion.take().into_iter().collect();
    assert_eq!(taken.unwrap().len(), 20);
    // How many commits there were is a matter of time.
    assert!(
        parts(&database).values().all(|parts| *parts <= 10),
        "{:?}",
        parts(&database)
    );
    let mut before = rows(&other_directory.path().join("db"));
    let path = directory.path().join("db");
    let after = rows(&path);
    assert_eq!(
        ids(&before["captures"], "capture_id"),
        ids(&after["captures"], "capture_id")
    );
    // When they were ingested differs.
    before.insert("captures".to_owned(), after["captures"].clone());
    check_same_rows(&path, &before);
    check_whole(&database, parts(&database).values().sum());
}

#[test]
fn a_reader_goes_on_with_the_parts_that_it_opened() {
    let (directory, writer) = new();
    for number in 0..5 {
        ingest(&writer, "small", &capture(number), &apart());
    }
    let path = directory.path().join("db");
    let reader = Database::open(&path).unwrap();
    let old = files(&path)["packets"].clone();
    let is_kept = || old.iter().all(|file| file.exists());
    let packets = "SELECT * FROM packets ORDER BY packet";
    let before = count(&reader, packets);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(reader.sql(packets, &QueryOptions::default())).unwrap();
    writer.compact().unwrap();
    ingest(&writer, "more", &capture(9), &apart());
    assert_eq!(count(&reader, packets), before);
    check_whole(&reader, parts(&reader).values().sum());
    // An answer that was begun holds them too, when the handle has gone on.
    reader.refresh().unwrap();
    assert!(count(&reader, packets) > before);
    assert!(old.iter().all(|file| !files(&path)["packets"].contains(file)));
    ingest(&writer, "and more", &capture(10), &apart());
    assert!(is_kept(), "an answer is not read yet");
    let batches: Vec<_> = runtime.block_on(answer.stream.try_collect()).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), before);
    ingest(&writer, "and yet more", &capture(11), &apart());
    assert!(!old.iter().any(|file| file.exists()), "nobody reads them any more");
}

#[test]
fn damage_is_told_and_not_joined() {
    let (directory, database) = new();
    for number in 0..20 {
        ingest(&database, "small", &capture(number), &apart());
    }
    let path = directory.path().join("db");
    let part = files(&path)["http"][7].clone();
    let mut bytes = fs::read(&part).unwrap();
    bytes[100] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let manifest = fs::read(path.join("MANIFEST.json")).unwrap();
    let error = database.compact().unwrap_err();
    assert!(
        matches!(&error, Error::Damaged { path, reason } if *path == part && reason.contains("digest")),
        "{error}"
    );
    assert_eq!(
        fs::read(path.join("MANIFEST.json")).unwrap(),
        manifest,
        "the last commit stands"
    );
    let files_of = |table: &str| fs::read_dir(path.join("tables").join(table)).unwrap().count();
    assert_eq!((files_of("flows"), files_of("http")), (20, 20));
    // An ingest is none the worse for it.
    let ingested = database
        .ingest_reader("new", &capture(99)[..], &IngestOptions::default(), &mut ())
        .unwrap();
    assert!(!ingested.skipped && ingested.compaction.is_err());
    assert_eq!(parts(&database)["http"], 21);
}

#[test]
fn a_compaction_waits_for_no_other_writer() {
    let (directory, database) = new();
    ingest(&database, "one", &capture(1), &apart());
    ingest(&database, "two", &capture(2), &apart());
    let lock = File::create(directory.path().join("db/LOCK")).unwrap();
    lock.lock().unwrap();
    let error = database.compact().unwrap_err();
    let error = error.to_string().replace(&directory.path().display().to_string(), "");
    expect!["another process writes to /db"].assert_eq(&error);
    drop(lock);
    assert!(!database.compact().unwrap().is_empty());
}
