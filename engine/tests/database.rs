//! The database as its users see it: ingest, ask, read back, write, export, next to other writers and readers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use engine::{
    CaptureFormat, Database, Error, ExportFormat, ExportOptions, IngestOptions, Ingested, PacketCodec, QueryOptions,
    Rows, ndjson,
};
use expect_test::{Expect, expect};
use futures::TryStreamExt;

/// A capture of Ethernet packets in the classic format: each is a second and a frame.
fn capture(frames: &[(u32, Vec<u8>)]) -> Vec<u8> {
    capture_of(1, frames)
}

fn capture_of(link_type: u32, frames: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut numbers = |numbers: &[u32]| bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    numbers(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, link_type]);
    for (second, frame) in frames {
        let header = [1_700_000_000 + second, 7, frame.len() as u32, frame.len() as u32];
        bytes.extend(header.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// UDP from a client's port to a port on which no dissector listens.
fn udp(client: u8, port: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16;
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0".to_vec();
    frame.extend_from_slice(&(28 + length).to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, client, 10, 0, 0, 99]);
    frame.extend_from_slice(&port.to_be_bytes());
    frame.extend_from_slice(&9_u16.to_be_bytes());
    frame.extend_from_slice(&(8 + length).to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(payload);
    frame
}

/// A frame of no connection.
fn arp() -> Vec<u8> {
    let mut frame = b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\0\x01\x08\0\x06\x04\0\x01".to_vec();
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 99]);
    frame
}

/// Packets 1 and 4 are one connection, 2 is another of the same flow, 5 another flow's, 3 is of none.
fn talk() -> Vec<u8> {
    capture(&[
        (0, udp(1, 5000, b"one")),
        (1, udp(1, 5001, b"two")),
        (2, arp()),
        (3, udp(1, 5000, b"again")),
        (4, udp(2, 6000, b"other")),
    ])
}

fn ingest(database: &Database, name: &str, bytes: &[u8]) -> Ingested {
    database
        .ingest_reader(name, bytes, &IngestOptions::default(), &mut ())
        .unwrap()
}

fn with_talk() -> (tempfile::TempDir, Database) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("db")).unwrap();
    ingest(&database, "talk", &talk());
    (directory, database)
}

async fn lines(rows: Result<Rows, Error>) -> String {
    let rows = rows.unwrap();
    let schema = rows.schema.clone();
    let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
    let mut out = Vec::new();
    batches
        .iter()
        .for_each(|batch| ndjson::Encoder::new(&schema).lines(batch, &mut out));
    String::from_utf8(out).unwrap()
}

/// Answers SQL as NDJSON.
#[track_caller]
fn check_sql(database: &Database, sql: &str, expect: Expect) {
    let answer = block_on(async { lines(database.sql(sql, &QueryOptions::default()).await).await });
    expect.assert_eq(&answer);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_second_capture_adds_and_its_packets_number_on() {
    let (_directory, database) = with_talk();
    let ingested = ingest(&database, "more", &capture(&[(9, udp(3, 7000, b"x"))]));
    assert!(!ingested.skipped);
    assert_eq!(ingested.rows["packets"], 1);
    check_sql(
        &database,
        "SELECT capture_id, name, packets, format FROM captures ORDER BY capture_id",
        expect![[r#"
            {"capture_id":1,"name":"talk","packets":5,"format":"pcap"}
            {"capture_id":6,"name":"more","packets":1,"format":"pcap"}
        "#]],
    );
    check_sql(
        &database,
        "SELECT packet, conn_id, flow_id FROM packets ORDER BY packet",
        expect![[r#"
        {"packet":1,"conn_id":1,"flow_id":1}
        {"packet":2,"conn_id":2,"flow_id":1}
        {"packet":3}
        {"packet":4,"conn_id":1,"flow_id":1}
        {"packet":5,"conn_id":5,"flow_id":5}
        {"packet":6,"conn_id":6,"flow_id":6}
    "#]],
    );
}

#[test]
fn packets_are_the_same_whatever_compresses_them() {
    let read = |codec| {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::create(directory.path().join("db")).unwrap();
        // Each payload compresses well.
        let frames: Vec<_> = (0..100).map(|second| (second, udp(1, 5000, &[b'a'; 1400]))).collect();
        let options = IngestOptions {
            codec,
            ..IngestOptions::default()
        };
        let ingested = database.ingest_reader("talk", &*capture(&frames), &options, &mut ());
        let all = "SELECT packet, conn_id, data FROM packets ORDER BY packet";
        let rows = block_on(async { lines(database.sql(all, &QueryOptions::default()).await).await });
        (rows, ingested.unwrap().stored_bytes)
    };
    let [(zstd, small), (lz4, larger), (none, largest)] =
        [PacketCodec::Zstd, PacketCodec::Lz4, PacketCodec::Uncompressed].map(read);
    assert!(zstd.lines().count() == 100 && zstd == lz4 && zstd == none);
    assert!(small < largest && larger < largest && largest > 100 * 1400);
}

#[test]
fn the_same_capture_is_skipped_by_its_digest_whatever_its_name() {
    let (directory, database) = with_talk();
    let before = fs::read(directory.path().join("db/MANIFEST.json")).unwrap();
    assert!(ingest(&database, "other name", &talk()).skipped);
    let file = directory.path().join("talk.pcap");
    fs::write(&file, talk()).unwrap();
    let options = IngestOptions::default();
    assert!(database.ingest_path(&file, &options, &mut ()).unwrap().skipped);
    assert_eq!(fs::read(directory.path().join("db/MANIFEST.json")).unwrap(), before);
    let forced = database
        .ingest_path(&file, &IngestOptions { force: true, ..options }, &mut ())
        .unwrap();
    assert!(!forced.skipped);
    check_sql(
        &database,
        "SELECT count(*) AS n, max(packet) AS last FROM packets",
        expect![[r#"
        {"n":10,"last":10}
    "#]],
    );
}

#[test]
fn a_reader_keeps_its_commit_beside_a_writer_until_it_refreshes() {
    let (directory, writer) = with_talk();
    let reader = Database::open(directory.path().join("db")).unwrap();
    let count = "SELECT count(*) AS n FROM packets";
    let before = block_on(async {
        let rows = reader
            .sql("SELECT packet FROM packets ORDER BY packet", &QueryOptions::default())
            .await;
        ingest(&writer, "more", &capture(&[(9, udp(3, 7000, b"x"))]));
        lines(rows).await
    });
    assert_eq!(before.lines().count(), 5);
    check_sql(
        &reader,
        count,
        expect![[r#"
        {"n":5}
    "#]],
    );
    reader.refresh().unwrap();
    check_sql(
        &reader,
        count,
        expect![[r#"
        {"n":6}
    "#]],
    );
    check_sql(
        &writer,
        count,
        expect![[r#"
        {"n":6}
    "#]],
    );
}

#[test]
fn an_answer_of_several_tables_is_ordered_and_has_common_columns_first() {
    let (_directory, database) = with_talk();
    let answer = block_on(async {
        let rows = database.kfl("", &QueryOptions { limit: Some(4) }).await.unwrap();
        let first: Vec<_> = rows
            .schema
            .fields()
            .iter()
            .take(3)
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(first, ["id", "index", "node_id"]);
        lines(Ok(rows)).await
    });
    let keys = answer
        .lines()
        .map(|line| line.split(",\"protocol\"").next().unwrap_or_default().to_owned());
    expect![[r#"
        {"id":1,"index":0,"timestamp":"2023-11-14T22:13:20.000007000Z"
        {"id":1,"index":0,"timestamp":"2023-11-14T22:13:20.000007000Z"
        {"id":2,"index":0,"timestamp":"2023-11-14T22:13:21.000007000Z"
        {"id":5,"index":0,"timestamp":"2023-11-14T22:13:24.000007000Z""#]]
    .assert_eq(&keys.collect::<Vec<_>>().join("\n"));
}

#[test]
fn kfl_is_a_table_of_sql_and_views_join_tables() {
    let (_directory, database) = with_talk();
    check_sql(
        &database,
        "SELECT count(*) AS n FROM kfl('conn')",
        expect![[r#"
        {"n":3}
    "#]],
    );
    check_sql(
        &database,
        "SELECT f.flow_id, count(*) AS conns FROM kfl('conn') c JOIN flows f ON c.flow_id = f.flow_id GROUP BY 1 ORDER BY 1",
        expect![[r#"
            {"flow_id":1,"conns":2}
            {"flow_id":5,"conns":1}
        "#]],
    );
    check_sql(
        &database,
        "SELECT count(*) AS n, count(DISTINCT flow_id) AS flows FROM rows",
        expect![[r#"
        {"n":5,"flows":2}
    "#]],
    );
    check_sql(
        &database,
        "SELECT count(*) AS n FROM entries",
        expect![[r#"
        {"n":0}
    "#]],
    );
    check_sql(
        &database,
        "SHOW TABLES",
        expect![[r#"
            {"table_catalog":"kfl","table_schema":"public","table_name":"flows","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"conns","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"http","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"dns","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"tlsx","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"ws","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"redis","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"kafka","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"amqp","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"mongodb","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"mysql","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"postgresql","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"ldap","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"radius","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"diameter","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"icmp","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"sctp","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"tcp","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"udp","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"packets","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"captures","table_type":"BASE TABLE"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"entries","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"public","table_name":"rows","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"tables","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"views","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"columns","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"df_settings","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"schemata","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"routines","table_type":"VIEW"}
            {"table_catalog":"kfl","table_schema":"information_schema","table_name":"parameters","table_type":"VIEW"}
        "#]],
    );
}

#[track_caller]
fn check_error<T>(result: Result<T, Error>, is_input: bool, expect: Expect) {
    let Err(error) = result else {
        panic!("an error was expected")
    };
    expect.assert_eq(&error.to_string());
    assert_eq!(error.is_input(), is_input);
}

#[test]
fn sql_that_is_wrong_or_writes_is_refused() {
    let (_directory, database) = with_talk();
    let refused = |sql: &'static str, expect: Expect| {
        check_error(block_on(database.sql(sql, &QueryOptions::default())), true, expect);
    };
    refused(
        "SELEC 1",
        expect!["Expected: an SQL statement, found: SELEC at Line: 1, Column: 1"],
    );
    refused("SELECT nothing FROM http", expect!["there is no column nothing here"]);
    refused(
        "SELECT statuscode FROM http",
        expect!["there is no column statuscode here, did you mean status_code"],
    );
    refused(
        "SELECT * FROM nowhere",
        expect![
            "there is no table nowhere, expected one of flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp, packets, captures, entries, rows"
        ],
    );
    refused(
        "SELECT * FROM kfl('no such thing')",
        expect![[r#"
            the filter of kfl() is wrong
            error[K0101]: expected an operator, found `such`
              |
            1 | no such thing
              |    ^^^^
              |
              = help: join two conditions with `&&` or `||`"#]],
    );
    refused(
        "SELECT * FROM kfl(1)",
        expect!["kfl() takes one string: kfl('http && status_code >= 500')"],
    );
    refused(
        "CREATE TABLE t AS SELECT 1",
        expect!["SQL only reads here: expected a query, found CREATE"],
    );
    refused(
        "DROP TABLE http",
        expect!["SQL only reads here: expected a query, found DROP"],
    );
    refused(
        "COPY packets TO '/tmp/x.parquet'",
        expect!["SQL only reads here: expected a query, found COPY"],
    );
    refused(
        "SET datafusion.execution.batch_size = 1",
        expect!["SQL only reads here: expected a query, found SET"],
    );
    refused(
        "INSERT INTO http SELECT * FROM http",
        expect!["SQL only reads here: expected a query, found INSERT"],
    );
    let failing = block_on(async {
        let rows = database
            .sql("SELECT 1 / (packet - packet) FROM packets", &QueryOptions::default())
            .await?;
        rows.stream.try_collect::<Vec<_>>().await.map_err(Error::of_query)
    });
    check_error(failing, true, expect!["Divide by zero error"]);
}

#[test]
fn wrong_inputs_are_named_and_nothing_is_stored() {
    let (directory, database) = with_talk();
    let options = IngestOptions::default();
    let text = b"GET / HTTP/1.1\r\n".as_slice();
    check_error(
        database.ingest_reader("letter.txt", text, &options, &mut ()),
        true,
        expect![
            "letter.txt is no capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found 47 45 54 20 2f 20 48 54"
        ],
    );
    let error = database.ingest_path(directory.path(), &options, &mut ()).unwrap_err();
    assert!(
        matches!(&error, Error::IsDirectory { path } if path == directory.path()),
        "{error}"
    );
    let error = database
        .ingest_path(directory.path().join("none"), &options, &mut ())
        .unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }) && error.is_input(), "{error}");
    assert_eq!(
        database
            .info()
            .tables
            .iter()
            .find(|table| table.name == "captures")
            .unwrap()
            .rows,
        1
    );
    assert!(block_on(database.verify()).unwrap().damage.is_empty());
}

#[test]
fn a_directory_in_the_way_of_a_table_leaves_the_last_commit() {
    let (directory, database) = with_talk();
    let in_the_way = directory.path().join("db/tables/packets/000099.parquet.tmp");
    let next = |number: u64| {
        directory
            .path()
            .join(format!("db/tables/packets/{number:06}.parquet.tmp"))
    };
    (1..99).map(next).for_each(|path| fs::create_dir(path).unwrap());
    let more = capture(&[(9, udp(3, 7000, b"x"))]);
    let error = database
        .ingest_reader("more", &more[..], &IngestOptions::default(), &mut ())
        .unwrap_err();
    assert!(
        matches!(&error, Error::Io { action: "create", path, .. } if path.starts_with(directory.path())),
        "{error}"
    );
    assert!(!error.is_input());
    (1..99).map(next).for_each(|path| fs::remove_dir(path).unwrap());
    assert!(!in_the_way.exists());
    check_sql(
        &database,
        "SELECT count(*) AS n FROM packets",
        expect![[r#"
        {"n":5}
    "#]],
    );
    assert!(!ingest(&database, "more", &more).skipped);
}

#[test]
fn one_connection_is_read_back_from_few_pages() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("db")).unwrap();
    // 500 connections of 20 packets each, fifty at a time, of 1000 bytes that do not compress.
    let mut noise = 1_u64;
    let mut payload = || {
        let bytes = (0..1000).map(|_| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (noise >> 56) as u8
        });
        bytes.collect::<Vec<_>>()
    };
    let frames: Vec<_> = (0..10_000_u32)
        .map(|n| {
            (
                n / 1000,
                udp((n / 1000) as u8, (n / 1000 * 50 + n % 50) as u16, &payload()),
            )
        })
        .collect();
    ingest(&database, "noise", &capture(&frames));
    let (packets, counters) = block_on(database.packets_of_counted(3023)).unwrap();
    assert_eq!(packets.len(), 20);
    assert!(packets.windows(2).all(|pair| pair[0].number < pair[1].number));
    assert_eq!(packets[0].number, 3023);
    assert_eq!(packets[0].data, frames[3022].1);
    let stored = database
        .info()
        .tables
        .iter()
        .find(|table| table.name == "packets")
        .unwrap()
        .bytes;
    assert!(stored > 9_000_000, "{stored} bytes stored");
    assert!(counters.bytes_scanned < 300_000, "{counters:?} of {stored} bytes");
    assert!(counters.pages_pruned > 0, "{counters:?}");
    assert_eq!(
        block_on(database.packet(10_000)).unwrap().unwrap().data,
        frames[9_999].1
    );
    assert_eq!(block_on(database.packet(10_001)).unwrap(), None);
    assert_eq!(block_on(database.packets_of(124_000)).unwrap(), []);
}

#[test]
fn parts_that_cannot_match_are_not_opened() {
    let (directory, database) = with_talk();
    ingest(&database, "more", &capture(&[(9, udp(3, 7000, b"x"))]));
    // The first part is gone; a query that its key ranges rule out does not notice.
    let parts = directory.path().join("db/tables/packets");
    let first = fs::read_dir(&parts)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .min()
        .unwrap();
    fs::remove_file(&first).unwrap();
    assert_eq!(block_on(database.packets_of(6)).unwrap().len(), 1);
    let error = block_on(database.packets_of(1)).unwrap_err();
    assert!(!error.is_input(), "{error}");
    assert!(error.to_string().contains("packets"), "{error}");
}

/// What is wrong with a database, a line each.
#[track_caller]
fn check_damage(database: &Database, directory: &Path, expect: Expect) {
    let found = block_on(database.verify()).unwrap();
    assert!(found.parts > 3 && found.more_damage == 0 && found.damage.iter().all(|error| !error.is_input()));
    let damage: Vec<_> = found.damage.iter().map(ToString::to_string).collect();
    let damage = damage.join("\n").replace(&directory.display().to_string(), "");
    // Numbers, sizes and digests are the encoder's affair.
    let is_word = |word: &&str| word.parse::<u64>().is_err() && word.len() < 64;
    let words = |line: &str| line.split(' ').filter(is_word).collect::<Vec<_>>().join(" ");
    let damage = damage.lines().map(|line| words(line).replace(char::is_numeric, ""));
    expect.assert_eq(&damage.collect::<Vec<_>>().join("\n"));
}

#[test]
fn parts_whose_values_cannot_match_are_not_opened_unless_an_old_manifest_does_not_know_them() {
    let (directory, database) = with_talk();
    ingest(&database, "more", &capture(&[(9, udp(3, 7000, b"x"))]));
    let found = |database: &Database, filter: &str| {
        block_on(async {
            let rows = database.kfl(filter, &QueryOptions::default()).await?;
            let batches: Vec<RecordBatch> = rows.stream.try_collect().await.map_err(Error::of_query)?;
            Ok::<_, Error>(batches.iter().map(RecordBatch::num_rows).sum::<usize>())
        })
    };
    let store = directory.path().join("db");
    let parts = fs::read_dir(store.join("tables/conns")).unwrap();
    let first = parts.map(|entry| entry.unwrap().path()).min().unwrap();
    let whole = fs::read(&first).unwrap();
    fs::remove_file(&first).unwrap();
    assert_eq!(found(&database, "conn && src.port == 7000").unwrap(), 1);
    assert_eq!(found(&database, "conn && src.port > 7000").unwrap(), 0);
    // No connection has one.
    assert_eq!(found(&database, "conn && retransmissions > 0").unwrap(), 0);
    // What the part may hold is looked for: all its rows have null there, or a value beside.
    for filter in [
        "conn && src.port > 1",
        "conn && src.port != 7000",
        "conn && !(src.port > 7000)",
        "conn && retransmissions == 0",
        "conn && !(retransmissions > 0)",
        "conn && retransmissions < 1",
    ] {
        assert!(found(&database, filter).is_err(), "{filter}");
    }

    let manifest = fs::read(store.join("MANIFEST.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for field in ["columns", "digest"] {
        manifest.as_object_mut().unwrap().remove(field).unwrap();
    }
    for parts in manifest["tables"].as_object_mut().unwrap().values_mut() {
        for part in parts.as_array_mut().unwrap() {
            part.as_object_mut().unwrap().remove("contents").unwrap();
        }
    }
    // Without a digest, a manifest ends with its tables.
    let tables = manifest.as_object_mut().unwrap().remove("tables").unwrap();
    let others = manifest.to_string();
    let others = others.strip_suffix('}').unwrap();
    fs::write(store.join("MANIFEST.json"), format!(r#"{others},"tables":{tables}}}"#)).unwrap();
    let database = Database::open(&store).unwrap();
    let error = found(&database, "conn && src.port == 7000").unwrap_err();
    assert!(error.to_string().contains("conns"), "{error}");
    fs::write(&first, whole).unwrap();
    assert_eq!(found(&database, "conn && src.port == 7000").unwrap(), 1);
}

#[test]
fn a_query_names_the_part_whose_pages_cannot_be_decoded() {
    let (directory, database) = with_talk();
    let parts = directory.path().join("db/tables/packets");
    let part = fs::read_dir(&parts).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&part).unwrap();
    let middle = 4..bytes.len() / 4;
    bytes[middle].fill(0xa5);
    fs::write(&part, &bytes).unwrap();
    let error = block_on(database.packets_of(1)).unwrap_err();
    let name = part.file_name().unwrap().to_str().unwrap();
    assert!(
        matches!(&error, Error::Part { path: Some(path), .. } if path.ends_with(Path::new("tables/packets").join(name))),
        "{error:?}"
    );
}

#[test]
fn all_damaged_parts_are_named() {
    let (directory, database) = with_talk();
    check_damage(&database, directory.path(), expect![""]);
    let part = |table: &str| directory.path().join(format!("db/tables/{table}"));
    let part = |table: &str| fs::read_dir(part(table)).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(part("packets")).unwrap();
    bytes[100] ^= 1;
    fs::write(part("packets"), &bytes).unwrap();
    fs::write(part("flows"), &fs::read(part("flows")).unwrap()[..50]).unwrap();
    fs::remove_file(part("conns")).unwrap();
    check_damage(
        &database,
        directory.path(),
        expect![[r#"
        /db/tables/conns/.parquet is damaged: the file is missing
        /db/tables/flows/.parquet is damaged: expected bytes, found
        /db/tables/packets/.parquet is damaged: expected BLAKE digest found"#]],
    );
}

#[test]
fn a_flipped_bit_in_the_manifest_is_told_and_an_older_manifest_has_no_digest() {
    let (directory, database) = with_talk();
    let path = directory.path().join("db/MANIFEST.json");
    let whole = fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let rows = text.find(r#""rows":"#).unwrap() + r#""rows":"#.len();
    let mut bytes = whole.clone();
    bytes[rows] ^= 1;
    fs::write(&path, &bytes).unwrap();
    check_damage(
        &database,
        directory.path(),
        expect!["/db/MANIFEST.json is damaged: expected BLAKE digest found"],
    );
    let error = Database::open(directory.path().join("db")).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let (older, _) = text.rsplit_once(r#","digest":""#).unwrap();
    fs::write(&path, older).unwrap();
    check_damage(
        &database,
        directory.path(),
        expect!["/db/MANIFEST.json is damaged: EOF while parsing an object at line column"],
    );
    fs::write(&path, format!("{older}}}")).unwrap();
    check_damage(&database, directory.path(), expect![""]);
    Database::open(directory.path().join("db")).unwrap();
}

/// Numbers of the packets that a written capture holds, by their seconds.
#[track_caller]
fn check_capture(database: &Database, filter: &str, format: CaptureFormat, expect: Expect) {
    let mut bytes = Vec::new();
    let written = block_on(database.write_capture(filter, format, &mut bytes)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let copy = Database::create(directory.path()).unwrap();
    let report = ingest(&copy, "copy", &bytes).report;
    let seconds = "SELECT timestamp, link_type, original_length FROM packets ORDER BY packet";
    let packets = block_on(async { lines(copy.sql(seconds, &QueryOptions::default()).await).await });
    expect.assert_eq(&format!("{} {written}\n{packets}", report.format));
}

#[test]
fn a_written_capture_holds_the_packets_of_what_matches_in_time_order() {
    let (_directory, database) = with_talk();
    check_capture(
        &database,
        "conn && conn_id == 1",
        CaptureFormat::Pcap,
        expect![[r#"
        pcap 2
        {"timestamp":"2023-11-14T22:13:20.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:23.000007000Z","link_type":1,"original_length":47}
    "#]],
    );
    check_capture(
        &database,
        "flow && flow_id == 1",
        CaptureFormat::Pcap,
        expect![[r#"
        pcap 3
        {"timestamp":"2023-11-14T22:13:20.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:21.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:23.000007000Z","link_type":1,"original_length":47}
    "#]],
    );
    check_capture(
        &database,
        "",
        CaptureFormat::Pcapng,
        expect![[r#"
        pcapng 5
        {"timestamp":"2023-11-14T22:13:20.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:21.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:22.000007000Z","link_type":1,"original_length":42}
        {"timestamp":"2023-11-14T22:13:23.000007000Z","link_type":1,"original_length":47}
        {"timestamp":"2023-11-14T22:13:24.000007000Z","link_type":1,"original_length":47}
    "#]],
    );
    check_capture(
        &database,
        "conn && conn_id == 77",
        CaptureFormat::Pcap,
        expect![[r#"
        pcap 0
    "#]],
    );
    // Raw IP beside Ethernet, earlier in time though later in number: pcap cannot hold both.
    ingest(
        &database,
        "raw",
        &capture_of(101, &[(0, udp(9, 9000, b"raw")[14..].to_vec())]),
    );
    check_capture(
        &database,
        "",
        CaptureFormat::Pcap,
        expect![[r#"
        pcapng 6
        {"timestamp":"2023-11-14T22:13:20.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:20.000007000Z","link_type":101,"original_length":31}
        {"timestamp":"2023-11-14T22:13:21.000007000Z","link_type":1,"original_length":45}
        {"timestamp":"2023-11-14T22:13:22.000007000Z","link_type":1,"original_length":42}
        {"timestamp":"2023-11-14T22:13:23.000007000Z","link_type":1,"original_length":47}
        {"timestamp":"2023-11-14T22:13:24.000007000Z","link_type":1,"original_length":47}
    "#]],
    );
}

#[test]
fn many_connections_are_found_by_a_set() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("db")).unwrap();
    let frames: Vec<_> = (0..300)
        .map(|n| {
            (
                n,
                if n % 3 == 0 {
                    arp()
                } else {
                    udp(1, 2000 + n as u16, b"x")
                },
            )
        })
        .collect();
    ingest(&database, "many", &capture(&frames));
    let mut bytes = Vec::new();
    assert_eq!(
        block_on(database.write_capture("conn", CaptureFormat::Pcap, &mut bytes)).unwrap(),
        200
    );
}

#[test]
fn the_pcap_aggregate_makes_the_bytes_of_a_file() {
    let (_directory, database) = with_talk();
    let sql = "SELECT conn_id, octet_length(encode(pcap(packet, timestamp, link_type, original_length, data), 'hex')) / 2 AS bytes, \
               sum(captured_length) + 24 + 16 * count(*) AS expected FROM packets GROUP BY conn_id ORDER BY conn_id NULLS FIRST";
    check_sql(
        &database,
        sql,
        expect![[r#"
        {"bytes":82,"expected":82}
        {"conn_id":1,"bytes":148,"expected":148}
        {"conn_id":2,"bytes":85,"expected":85}
        {"conn_id":5,"bytes":87,"expected":87}
    "#]],
    );
}

/// Every file of an export with its text, one after the other; other formats than text by their first bytes.
fn exported(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(path: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => walk(&entry, root, files),
                false => {
                    let name = entry.strip_prefix(root).unwrap().display().to_string();
                    files.insert(name, fs::read(&entry).unwrap());
                }
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(directory, directory, &mut files);
    files
}

#[test]
fn an_export_of_all_has_a_file_for_every_table() {
    let (directory, database) = with_talk();
    for format in [
        ExportFormat::Ndjson,
        ExportFormat::Csv,
        ExportFormat::Parquet,
        ExportFormat::Arrow,
    ] {
        let out = directory.path().join(format.extension());
        let rows = block_on(database.export("all", &out, format, &ExportOptions::default())).unwrap();
        assert_eq!(rows["packets"], 5);
        let files = exported(&out);
        let expected: Vec<_> = schema::tables::ALL
            .iter()
            .map(|table| format!("{}.{}", table.name, format.extension()))
            .collect();
        assert!(
            expected.iter().all(|name| files.contains_key(name)) && files.len() == expected.len(),
            "{:?}",
            files.keys()
        );
    }
    let text = exported(&directory.path().join("ndjson"));
    expect![[r#"
        {"packet":1,"timestamp":"2023-11-14T22:13:20.000007000Z","conn_id":1,"flow_id":1,"interface":0,"link_type":1,"captured_length":45,"original_length":45,"data":"AgAAAAACAgAAAAABCABFAAAfAAAAAEARAAAKAAABCgAAYxOIAAkACwAAb25l"}
        {"packet":2,"timestamp":"2023-11-14T22:13:21.000007000Z","conn_id":2,"flow_id":1,"interface":0,"link_type":1,"captured_length":45,"original_length":45,"data":"AgAAAAACAgAAAAABCABFAAAfAAAAAEARAAAKAAABCgAAYxOJAAkACwAAdHdv"}
        {"packet":3,"timestamp":"2023-11-14T22:13:22.000007000Z","interface":0,"link_type":1,"captured_length":42,"original_length":42,"data":"////////AgAAAAABCAYAAQgABgQAAQIAAAAAAQoAAAEAAAAAAAAKAABj"}
        {"packet":4,"timestamp":"2023-11-14T22:13:23.000007000Z","conn_id":1,"flow_id":1,"interface":0,"link_type":1,"captured_length":47,"original_length":47,"data":"AgAAAAACAgAAAAABCABFAAAhAAAAAEARAAAKAAABCgAAYxOIAAkADQAAYWdhaW4="}
        {"packet":5,"timestamp":"2023-11-14T22:13:24.000007000Z","conn_id":5,"flow_id":5,"interface":0,"link_type":1,"captured_length":47,"original_length":47,"data":"AgAAAAACAgAAAAABCABFAAAhAAAAAEARAAAKAAACCgAAYxdwAAkADQAAb3RoZXI="}
    "#]].assert_eq(&String::from_utf8_lossy(&text["packets.ndjson"]));
    let text = exported(&directory.path().join("csv"));
    expect![[r#"
        packet,timestamp,conn_id,flow_id,interface,link_type,captured_length,original_length,comment,data
        1,2023-11-14T22:13:20.000007000Z,1,1,0,1,45,45,,AgAAAAACAgAAAAABCABFAAAfAAAAAEARAAAKAAABCgAAYxOIAAkACwAAb25l
        2,2023-11-14T22:13:21.000007000Z,2,1,0,1,45,45,,AgAAAAACAgAAAAABCABFAAAfAAAAAEARAAAKAAABCgAAYxOJAAkACwAAdHdv
        3,2023-11-14T22:13:22.000007000Z,,,0,1,42,42,,////////AgAAAAABCAYAAQgABgQAAQIAAAAAAQoAAAEAAAAAAAAKAABj
        4,2023-11-14T22:13:23.000007000Z,1,1,0,1,47,47,,AgAAAAACAgAAAAABCABFAAAhAAAAAEARAAAKAAABCgAAYxOIAAkADQAAYWdhaW4=
        5,2023-11-14T22:13:24.000007000Z,5,5,0,1,47,47,,AgAAAAACAgAAAAABCABFAAAhAAAAAEARAAAKAAACCgAAYxdwAAkADQAAb3RoZXI=
    "#]]
    .assert_eq(&String::from_utf8_lossy(&text["packets.csv"]));
}

#[test]
fn an_exported_parquet_file_has_plain_types_and_the_documentation() {
    let (directory, database) = with_talk();
    let out = directory.path().join("out");
    block_on(database.export("packets", &out, ExportFormat::Parquet, &ExportOptions::default())).unwrap();
    let file = fs::File::open(out.join("packets.parquet")).unwrap();
    let reader = datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(**reader.schema(), *schema::tables::packets::TABLE.arrow());
}

#[test]
fn an_export_filters_and_partitions() {
    let (directory, database) = with_talk();
    let out = directory.path().join("out");
    let options = ExportOptions {
        filter: Some("conn && flow_id == 1".to_owned()),
        partition_by: vec!["src_port".to_owned()],
    };
    let rows = block_on(database.export("all", &out, ExportFormat::Ndjson, &options)).unwrap();
    expect![[r#"{"amqp": 0, "captures": 1, "conns": 2, "diameter": 0, "dns": 0, "flows": 0, "http": 0, "icmp": 0, "kafka": 0, "ldap": 0, "mongodb": 0, "mysql": 0, "packets": 3, "postgresql": 0, "radius": 0, "redis": 0, "sctp": 0, "tcp": 0, "tlsx": 0, "udp": 0, "ws": 0}"#]]
    .assert_eq(&format!("{rows:?}"));
    let files = exported(&out);
    expect![[r#"
        captures.ndjson
        conns/src_port=5000/data.ndjson
        conns/src_port=5001/data.ndjson
        packets.ndjson"#]]
    .assert_eq(&files.keys().cloned().collect::<Vec<_>>().join("\n"));
    assert!(!String::from_utf8_lossy(&files["conns/src_port=5000/data.ndjson"]).contains("src_port"));
    let wrong = ExportOptions {
        partition_by: vec!["src_port".to_owned()],
        ..ExportOptions::default()
    };
    let refused = |table: &str| block_on(database.export(table, &out, ExportFormat::Csv, &wrong));
    check_error(
        refused("packets"),
        true,
        expect!["table packets has no column src_port"],
    );
    check_error(
        refused("nothing"),
        true,
        expect![
            "there is no table nothing, expected one of flows, conns, http, dns, tlsx, ws, redis, kafka, amqp, mongodb, mysql, postgresql, ldap, radius, diameter, icmp, sctp, tcp, udp, packets, captures"
        ],
    );
}

/// A capture in the pcapng format: a packet for each comment, or without one.
fn commented(comments: &[Option<&str>]) -> Vec<u8> {
    fn block(number: u32, body: &[u8]) -> Vec<u8> {
        let length = (12 + body.len() as u32).to_le_bytes();
        [&number.to_le_bytes(), &length, body, &length].concat()
    }
    fn padded(bytes: &[u8]) -> Vec<u8> {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().next_multiple_of(4), 0);
        padded
    }
    let mut bytes = block(
        0x0a0d_0d0a,
        b"\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    );
    bytes.extend(block(1, b"\x01\0\0\0\0\0\0\0"));
    let frame = arp();
    for comment in comments {
        let length = frame.len() as u32;
        let mut packet = [0, 0, 0, length, length].map(u32::to_le_bytes).concat();
        packet.extend(padded(&frame));
        if let Some(comment) = comment {
            packet.extend([1_u16, comment.len() as u16].map(u16::to_le_bytes).concat());
            packet.extend(padded(comment.as_bytes()));
            packet.extend([0; 4]);
        }
        bytes.extend(block(6, &packet));
    }
    bytes
}

#[test]
fn a_partition_of_null_and_empty_loses_no_rows() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::create(directory.path().join("db")).unwrap();
    let long = "y".repeat(300);
    ingest(
        &database,
        "commented",
        &commented(&[None, Some("x"), Some(""), None, Some(&long), Some("")]),
    );
    let values = "SELECT count(*) AS packets, comment IS NULL AS is_null, length(comment) AS length FROM packets GROUP BY comment ORDER BY length";
    check_sql(
        &database,
        values,
        expect![[r#"
        {"packets":2,"is_null":false,"length":0}
        {"packets":1,"is_null":false,"length":1}
        {"packets":1,"is_null":false,"length":300}
        {"packets":2,"is_null":true}
    "#]],
    );
    let out = directory.path().join("out");
    let options = ExportOptions {
        partition_by: vec!["comment".to_owned()],
        ..ExportOptions::default()
    };
    let rows = block_on(database.export("packets", &out, ExportFormat::Ndjson, &options)).unwrap();
    let files: String = exported(&out)
        .iter()
        .map(|(name, text)| format!("{name}: {}\n", text.iter().filter(|byte| **byte == b'\n').count()))
        .collect();
    assert_eq!(rows["packets"], 6);
    expect![[r#"
        packets/comment=__HIVE_DEFAULT_PARTITION__/data.ndjson: 4
        packets/comment=x/data.ndjson: 1
        packets/comment=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy~ee993f1a3fc02e143c49970ab104eaaa/data.ndjson: 1
    "#]].assert_eq(&files);
}

#[test]
fn values_come_by_frequency() {
    let (_directory, database) = with_talk();
    assert_eq!(
        block_on(database.values("conns", "src_ip", 2)).unwrap(),
        ["10.0.0.1", "10.0.0.2"]
    );
    assert_eq!(
        block_on(database.values("http", "method", 2)).unwrap(),
        Vec::<String>::new()
    );
    check_error(
        block_on(database.values("conns", "src_port", 2)),
        true,
        expect!["table conns has no column src_port"],
    );
}

#[test]
fn an_explanation_names_the_tables_that_are_not_opened() {
    let (_directory, database) = with_talk();
    let explanation = block_on(database.explain("conn && conn_id == 2")).unwrap();
    let tables: Vec<_> = explanation
        .tables
        .iter()
        .map(|(name, text)| format!("{name}: {text}"))
        .collect();
    expect![[r#"
        flows: never
        conns: conn_id = 2
        http: never
        dns: never
        tlsx: never
        ws: never
        redis: never
        kafka: never
        amqp: never
        mongodb: never
        mysql: never
        postgresql: never
        ldap: never
        radius: never
        diameter: never
        icmp: never
        sctp: never
        tcp: never
        udp: never"#]]
    .assert_eq(&tables.join("\n"));
    assert!(
        explanation.plan.contains("tables/conns/") && !explanation.plan.contains("tables/http/"),
        "{}",
        explanation.plan
    );
}
