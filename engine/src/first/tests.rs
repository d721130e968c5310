//! First rows, and all rows, of a table whose rows lie in another order.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampNanosecondArray, new_null_array};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::physical_plan::ExecutionPlan as _;
use futures::TryStreamExt;
use schema::tables::http;

use super::FirstExec;
use super::chunks::Chunks;
use crate::session::{self, Snapshot};
use crate::store::{Store, Transaction};
use crate::{Database, QueryOptions, Rows, query};

/// Two parts, each of pages enough for an index, and more rows than a sort keeps the names of.
const ROWS: i64 = 70_000;

/// When a row began, in nanoseconds: no two at once, each page from the beginning to the end.
fn time(row: i64) -> i64 {
    row * 7_919 % ROWS
}

/// How long a row took, if that is known: many take as long.
fn elapsed(row: i64) -> Option<i64> {
    (row % 11 != 0).then_some(row * 31 % 1_000)
}

fn rows(range: std::ops::Range<i64>) -> RecordBatch {
    let schema = http::TABLE.arrow();
    let column = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            "id" => Arc::new(Int64Array::from_iter_values(range.clone())),
            "index" => Arc::new(Int64Array::from_iter_values(range.clone().map(|_| 0))),
            "timestamp" => {
                Arc::new(TimestampNanosecondArray::from_iter_values(range.clone().map(time)).with_timezone("UTC"))
            }
            "elapsed_time" => Arc::new(Int64Array::from_iter(range.clone().map(elapsed))),
            "status_code" => Arc::new(Int64Array::from_iter_values(range.clone().map(|row| 200 + row % 400))),
            _ => return None,
        })
    };
    let columns = schema.fields().iter().map(|field| {
        let nulls = || new_null_array(field.data_type(), (range.end - range.start) as usize);
        column(field.name()).unwrap_or_else(nulls)
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

/// A database of these rows.
fn written(path: &Path) {
    drop(Database::create(path).unwrap());
    let (store, ..) = Store::open(path).unwrap();
    for part in [0..ROWS / 2, ROWS / 2..ROWS] {
        let mut transaction = Transaction::begin(&store).unwrap();
        transaction.write(&http::TABLE, &rows(part)).unwrap();
        transaction.commit().unwrap();
    }
}

/// A database of these rows, as it is now.
fn snapshot(path: &Path) -> Snapshot {
    written(path);
    let (store, manifest, pin) = Store::open(path).unwrap();
    Snapshot::new(&store, manifest, pin)
}

async fn ids(rows: Rows) -> Vec<i64> {
    let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
    batches.iter().flat_map(ids_of).collect()
}

fn ids_of(batch: &RecordBatch) -> Vec<i64> {
    let ids = batch.column_by_name("id").unwrap().as_primitive::<Int64Type>();
    ids.values().to_vec()
}

#[test]
fn rows_that_lie_in_another_order_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    written(&path);
    let database = Database::open(&path).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let check = |statement: &str, mut expected: Vec<i64>, limit: Option<usize>| {
        expected.truncate(limit.unwrap_or(usize::MAX));
        let found: Vec<i64> = runtime.block_on(async {
            let rows = match statement.starts_with("SELECT") {
                true => {
                    let limit = limit.map(|limit| format!("LIMIT {limit}")).unwrap_or_default();
                    let statement = format!("{statement} {limit}");
                    database.sql(&statement, &QueryOptions::default()).await
                }
                false => database.kfl(statement, &QueryOptions { limit }).await,
            };
            ids(rows.unwrap()).await
        });
        assert!(found == expected, "{statement}, {limit:?} rows: {} came", found.len());
    };
    let ordered = |key: &dyn Fn(i64) -> (i64, i64), is_wanted: &dyn Fn(i64) -> bool| {
        let mut rows: Vec<_> = (0..ROWS).filter(|row| is_wanted(*row)).collect();
        rows.sort_by_key(|row| key(*row));
        rows
    };
    let all = |_: i64| true;
    let by_time = |row: i64| (time(row), row);
    for limit in [Some(1), Some(100), Some(3_000), Some(66_000), None] {
        check("http", ordered(&by_time, &all), limit);
        let failed = |row: i64| 200 + row % 400 >= 500;
        check("http && status_code >= 500", ordered(&by_time, &failed), limit);
        let odd = |row: i64| (200 + row % 400) % 7 == row % 11;
        let odd_rows = ordered(&by_time, &odd);
        check("http && status_code % 7 == id % 11", odd_rows, limit);
        let late = |row: i64| time(row) >= 50_000;
        let after = "http && timestamp >= timestamp(\"1970-01-01T00:00:00.00005Z\")";
        check(after, ordered(&by_time, &late), limit);
        check(
            "SELECT * FROM http ORDER BY \"timestamp\" DESC",
            ordered(&|row| (-time(row), row), &all),
            limit,
        );
        check(
            "SELECT * FROM http ORDER BY elapsed_time NULLS LAST, id",
            ordered(&|row| (elapsed(row).unwrap_or(i64::MAX), row), &all),
            limit,
        );
        check(
            "SELECT * FROM http ORDER BY elapsed_time % 10 NULLS LAST, id",
            ordered(&|row| (elapsed(row).map_or(i64::MAX, |us| us % 10), row), &all),
            limit,
        );
        check(
            "SELECT * FROM http ORDER BY elapsed_time DESC NULLS FIRST, id",
            ordered(&|row| (elapsed(row).map_or(i64::MIN, |us| -us), row), &all),
            limit,
        );
        check(
            "SELECT * FROM http ORDER BY elapsed_time DESC NULLS LAST, id DESC",
            ordered(&|row| (elapsed(row).map_or(i64::MAX, |us| -us), -row), &all),
            limit,
        );
    }
}

#[test]
fn rows_that_do_not_fit_the_memory_together_are_read_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let snapshot = snapshot(&path);
    // What the names take to be sorted, and a fraction of what the rows take.
    let memory = session::runtime(&path, 32 << 20).unwrap();
    let found: Vec<i64> = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let query = query::compile_query("http").unwrap();
        let session = snapshot.session(&memory).unwrap();
        let rows = query::answer(&query, &snapshot, session, &QueryOptions::default()).await;
        ids(rows.unwrap()).await
    });
    let mut expected: Vec<_> = (0..ROWS).collect();
    expected.sort_by_key(|row| time(*row));
    assert!(found == expected, "{} rows came", found.len());
    assert_eq!(memory.memory_pool.reserved(), 0);
}

#[test]
fn rows_that_lie_scattered_are_sorted_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let snapshot = snapshot(&path);
    let memory = session::runtime(&path, session::MEMORY_BYTES).unwrap();
    let found: Vec<i64> = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let query = query::compile_query("http").unwrap();
        let session = snapshot.session(&memory).unwrap();
        let plan = query::rows_of(query.filter(), Some(66_000), &snapshot, session);
        let plan = plan.await.unwrap().unwrap();
        let first = plan.downcast_ref::<FirstExec>().unwrap();
        let mut chunks = Chunks::new(first, 0, session.task_ctx()).unwrap();
        chunks.sort().await.unwrap();
        let mut found = Vec::new();
        while let Some(batch) = chunks.next().await.unwrap() {
            assert_eq!(batch.schema(), first.schema());
            found.extend(ids_of(&batch));
        }
        found
    });
    let mut expected: Vec<_> = (0..ROWS).collect();
    expected.sort_by_key(|row| time(*row));
    expected.truncate(66_000);
    assert!(found == expected, "{} rows came", found.len());
}
