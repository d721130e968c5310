//! SQL over the demo capture: every file of `slt/` as sqllogictest runs it.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use engine::{Database, IngestOptions, QueryOptions};
use futures::TryStreamExt as _;
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

/// A database with the demo capture in it.
struct Session {
    runtime: tokio::runtime::Runtime,
    database: Database,
    _directory: tempfile::TempDir,
}

impl Session {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = Database::create(directory.path().join("db")).expect("the directory is empty");
        let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/demo.pcap");
        database
            .ingest_path(capture, &IngestOptions::default(), &mut ())
            .expect("the capture ships with the project");
        let runtime = tokio::runtime::Runtime::new().expect("threads can be made");
        Self {
            runtime,
            database,
            _directory: directory,
        }
    }
}

impl DB for Session {
    type Error = engine::Error;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, engine::Error> {
        self.runtime.block_on(async {
            let rows = self.database.sql(sql, &QueryOptions::default()).await?;
            let types = vec![DefaultColumnType::Any; rows.schema.fields().len()];
            let batches: Vec<RecordBatch> = rows.stream.try_collect().await.map_err(engine::Error::of_query)?;
            Ok(DBOutput::Rows {
                types,
                rows: batches.iter().flat_map(texts).collect(),
            })
        })
    }

    fn engine_name(&self) -> &str {
        "kfl"
    }
}

/// Rows as text, nulls as `NULL`.
fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("NULL");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).expect("every type prints"))
        .collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect())
        .collect()
}

#[test]
fn sqllogictest_files() {
    let mut files: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("slt"))
        .expect("the files ship with the project")
        .map(|entry| entry.expect("the directory is readable").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let mut runner = Runner::new(|| async { Ok(Session::new()) });
        runner.run_file(&file).unwrap_or_else(|error| panic!("{error}"));
    }
}
