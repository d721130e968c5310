//! Tables as files: one file a table, or one a value of the columns by which it is partitioned.
//!
//! Rows come in the order of KFL's answers, packets by number, captures by id: the same database gives the same files.
//! A file is written under a temporary name and renamed when it is whole. Absent on purpose: appending to files that are
//! there; they are replaced.

mod file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, lit};
use futures::TryStreamExt;
use schema::tables::{captures, packets};
use schema::{Field, Table, Type};
use sql::Tables;

use self::file::Output;
use crate::columns::{CAPTURE_ID, PACKET, PACKETS, column};
use crate::json::Column;
use crate::members::Members;
use crate::session::Snapshot;
use crate::{Error, query};

/// The name that stands for all tables.
const ALL: &str = "all";
/// Directory name of a null, as Hive writes it; of an empty string too, which cannot be a name.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// Bytes that a directory's name may have on every usual file system.
const MAX_NAME_BYTES: usize = 255;
/// Hex digits of the digest by which shortened names differ.
const DIGEST_DIGITS: usize = 32;

/// File format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Parquet.
    Parquet,
    /// CSV.
    Csv,
    /// NDJSON.
    Ndjson,
    /// Arrow IPC file.
    Arrow,
}

impl ExportFormat {
    /// Extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            ExportFormat::Parquet => "parquet",
            ExportFormat::Csv => "csv",
            ExportFormat::Ndjson => "ndjson",
            ExportFormat::Arrow => "arrow",
        }
    }
}

/// What an export writes.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Only rows that match this filter; of packets and captures, those of the matching rows' connections.
    pub filter: Option<String>,
    /// Columns by whose values directories are made (Hive style: `TABLE/COLUMN=VALUE/data.EXTENSION`). An export of all
    /// tables takes for each table those of them that it has.
    pub partition_by: Vec<String>,
}

/// Exports a table, or all; returns rows per table.
pub(crate) async fn export(
    table: &str,
    directory: &Path,
    format: ExportFormat,
    options: &ExportOptions,
    snapshot: &Snapshot,
    session: &SessionState,
) -> Result<BTreeMap<&'static str, u64>, Error> {
    let jobs = jobs(table, &options.partition_by)?;
    let filter = options.filter.as_deref().map(query::compile).transpose()?;
    // Records belong to connections, which are looked up once for all of them.
    let members = match &filter {
        Some(filter) if jobs.iter().any(|job| !job.table.in_kfl()) => {
            Some(Members::find(filter, snapshot, session).await?)
        }
        _ => None,
    };
    fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
    let mut rows = BTreeMap::new();
    for job in jobs {
        let predicate = match (&filter, &members) {
            (Some(filter), _) if job.table.in_kfl() => match filter.on(job.table) {
                kfl::Lowered::Never => Some(lit(false)),
                kfl::Lowered::Always => None,
                kfl::Lowered::Where(predicate) => Some(predicate),
            },
            (_, Some(members)) if job.table.name == packets::TABLE.name => members.predicate(),
            (_, Some(members)) => Some(captures_of(members, snapshot, session).await?),
            (_, None) => None,
        };
        let plan = job.plan(predicate, snapshot)?;
        rows.insert(job.table.name, job.write(&plan, directory, format, session).await?);
    }
    Ok(rows)
}

fn jobs(table: &str, partition_by: &[String]) -> Result<Vec<Job>, Error> {
    if table == ALL {
        return Ok(schema::tables::ALL
            .iter()
            .map(|table| Job::new(table, partition_by))
            .collect());
    }
    let table = schema::tables::find(table).ok_or_else(|| Error::NoTable { name: table.to_owned() })?;
    let job = Job::new(table, partition_by);
    let is_taken = |name: &String| job.partition_by.iter().any(|field| field.column == name);
    match partition_by.iter().find(|name| !is_taken(name)) {
        Some(name) => Err(Error::NoColumn {
            table: table.name,
            column: name.clone(),
        }),
        None => Ok(vec![job]),
    }
}

/// Captures that hold packets of some connections.
async fn captures_of(members: &Members, snapshot: &Snapshot, session: &SessionState) -> Result<Expr, Error> {
    let source = provider_as_source(snapshot.tables().provider(&captures::TABLE));
    let plan = LogicalPlanBuilder::scan(captures::TABLE.name, source, None)
        .and_then(|plan| plan.project([CAPTURE_ID, PACKETS].map(column))?.build());
    let mut rows = query::run(&plan.map_err(Error::of_query)?, session).await?;
    let mut ids = Vec::new();
    while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
        let first = batch.column(0).as_primitive::<Int64Type>();
        let packets = batch.column(1).as_primitive::<Int64Type>();
        let spans = first.iter().flatten().zip(packets.iter().flatten());
        ids.extend(
            spans
                .filter(|(first, packets)| members.begin_in(*first, *packets))
                .map(|(first, _)| lit(first)),
        );
    }
    Ok(column(CAPTURE_ID).in_list(ids, false))
}

/// One table to export.
struct Job {
    table: &'static Table,
    /// The columns of the request that the table has and that have one value a row which a name can tell.
    partition_by: Vec<&'static Field>,
}

impl Job {
    fn new(table: &'static Table, partition_by: &[String]) -> Self {
        // Doubles that are no number have no text, and would share the name of null without being next to it.
        let has_names = |ty: Type| {
            !matches!(
                ty,
                Type::Double | Type::Bytes | Type::Strings | Type::Ints | Type::StringMap
            )
        };
        let find = |name: &String| {
            table
                .fields()
                .find(|field| field.is_stored() && field.column == name && has_names(field.ty))
        };
        Self {
            table,
            partition_by: partition_by.iter().filter_map(find).collect(),
        }
    }

    /// The table's rows in their order, those of one partition together.
    fn plan(&self, predicate: Option<Expr>, snapshot: &Snapshot) -> Result<LogicalPlan, Error> {
        let ascending = |name: &str| column(name).sort(true, false);
        // Values that share a directory must be next to one another, or its file would be written twice.
        let partition = |field: &&'static Field| match field.ty {
            Type::String => nullif(column(field.column), lit("")).sort(true, true),
            _ => ascending(field.column),
        };
        let mut order: Vec<SortExpr> = self.partition_by.iter().map(partition).collect();
        order.extend(match self.table.name {
            name if name == packets::TABLE.name => vec![ascending(PACKET)],
            name if name == captures::TABLE.name => vec![ascending(CAPTURE_ID)],
            _ => sql::order(),
        });
        let source = provider_as_source(snapshot.tables().provider(self.table));
        LogicalPlanBuilder::scan(self.table.name, source, None)
            .and_then(|plan| match predicate {
                Some(predicate) => plan.filter(predicate),
                None => Ok(plan),
            })
            .and_then(|plan| plan.sort(order)?.build())
            .map_err(Error::of_query)
    }

    async fn write(
        &self,
        plan: &LogicalPlan,
        directory: &Path,
        format: ExportFormat,
        session: &SessionState,
    ) -> Result<u64, Error> {
        let mut rows = query::run(plan, session).await?;
        let mut files = Files {
            job: self,
            directory,
            format,
            open: None,
        };
        if self.partition_by.is_empty() {
            files.turn_to(Vec::new())?;
        }
        let mut count = 0;
        while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
            count += batch.num_rows() as u64;
            files.write(&batch)?;
        }
        files.finish()?;
        Ok(count)
    }

    /// Where rows of a partition go.
    fn path(&self, directory: &Path, format: ExportFormat, partition: &[String]) -> PathBuf {
        if partition.is_empty() {
            return directory.join(self.table.name).with_extension(format.extension());
        }
        let mut path = directory.join(self.table.name);
        path.extend(partition);
        path.join("data").with_extension(format.extension())
    }
}

/// The file that is being written; rows come sorted by partition, so that one is open at a time.
struct Files<'a> {
    job: &'a Job,
    directory: &'a Path,
    format: ExportFormat,
    open: Option<(Vec<String>, Output)>,
}

impl Files<'_> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.job.partition_by.is_empty() {
            return self.append(batch);
        }
        let keys = self.job.partition_by.iter().filter_map(|field| {
            let values = batch.column_by_name(field.column)?;
            Some((field.column, Column::new(values)))
        });
        let keys: Vec<_> = keys.collect();
        let names = |row: usize| {
            let names = keys.iter().map(|(column, key)| directory_name(column, key, row));
            names.collect::<Vec<_>>()
        };
        let mut from = 0;
        while from < batch.num_rows() {
            let partition = names(from);
            let until = (from + 1..batch.num_rows())
                .find(|row| names(*row) != partition)
                .unwrap_or(batch.num_rows());
            self.turn_to(partition)?;
            self.append(&batch.slice(from, until - from))?;
            from = until;
        }
        Ok(())
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.open
            .as_mut()
            .expect("a file is opened before rows are written")
            .1
            .write(batch)
    }

    fn turn_to(&mut self, partition: Vec<String>) -> Result<(), Error> {
        if self.open.as_ref().is_some_and(|(open, _)| *open == partition) {
            return Ok(());
        }
        self.close()?;
        let path = self.job.path(self.directory, self.format, &partition);
        let output = Output::create(self.job.table, &self.job.partition_by, self.format, path)?;
        self.open = Some((partition, output));
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        self.open.take().map_or(Ok(()), |(_, output)| output.finish())
    }

    fn finish(mut self) -> Result<(), Error> {
        self.close()
    }
}

/// The directory of a value, `COLUMN=VALUE`, escaped as Hive escapes it: two values have one name only if both are empty.
fn directory_name(column: &str, key: &Column, row: usize) -> String {
    let mut text = Vec::new();
    key.write_text(row, &mut text);
    let mut name = format!("{column}=");
    if text.is_empty() {
        return name + NULL;
    }
    // Text that spells the name of null, as packets may, keeps apart from it by its first byte.
    let plain_from = usize::from(text == NULL.as_bytes());
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b' ' | b'@' | b'+' | b',' if at >= plain_from => {
                name.push(char::from(*byte))
            }
            // A dot is harmless inside a name that begins with the column.
            b'.' => name.push('.'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    if name.len() > MAX_NAME_BYTES {
        // No other name has a tilde, which is escaped in values.
        name.truncate(MAX_NAME_BYTES - 1 - DIGEST_DIGITS);
        name.push('~');
        name.push_str(&blake3::hash(&text).to_hex()[..DIGEST_DIGITS]);
    }
    name
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, StringViewArray};
    use expect_test::expect;

    use super::*;

    fn name(value: Option<&str>) -> String {
        let values: ArrayRef = Arc::new(StringViewArray::from_iter([value]));
        directory_name("host", &Column::new(&values), 0)
    }

    #[test]
    fn directories_have_names_that_every_file_system_takes() {
        let values = ["a.example", "../é~", NULL, ""].map(Some);
        let names: Vec<_> = values.into_iter().chain([None]).map(name).collect();
        expect![[r#"
            host=a.example
            host=..%2F%C3%A9%7E
            host=%5F_HIVE_DEFAULT_PARTITION__
            host=__HIVE_DEFAULT_PARTITION__
            host=__HIVE_DEFAULT_PARTITION__"#]]
        .assert_eq(&names.join("\n"));
    }

    #[test]
    fn names_too_long_are_shortened_and_stay_apart() {
        let long = |last: &str| name(Some(&("x".repeat(MAX_NAME_BYTES - "host=".len()) + last)));
        assert_eq!(long("").len(), MAX_NAME_BYTES);
        assert!(!long("").contains('~'));
        for last in ["y", "z"] {
            assert_eq!(long(last).len(), MAX_NAME_BYTES);
            assert!(long(last).contains('~'));
        }
        assert_ne!(long("y"), long("z"));
    }
}
