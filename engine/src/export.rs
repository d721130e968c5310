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
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, lit};
use futures::TryStreamExt;
use schema::tables::{captures, packets};
use schema::{Table, Type};
use sql::Tables;

use self::file::Output;
use crate::columns::{CAPTURE_ID, PACKET, PACKETS, column};
use crate::json::Column;
use crate::members::Members;
use crate::session::Snapshot;
use crate::{Error, query};

/// The name that stands for all tables.
const ALL: &str = "all";
/// Directory name of a null, as Hive writes it.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

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
    match partition_by.iter().find(|name| !job.partition_by.contains(name)) {
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
    /// The columns of the request that the table has and that have one value a row.
    partition_by: Vec<String>,
}

impl Job {
    fn new(table: &'static Table, partition_by: &[String]) -> Self {
        let is_scalar = |ty: Type| !matches!(ty, Type::Bytes | Type::Strings | Type::Ints | Type::StringMap);
        let has = |name: &&String| {
            table
                .fields()
                .any(|field| field.is_stored() && field.column == name.as_str() && is_scalar(field.ty))
        };
        Self {
            table,
            partition_by: partition_by.iter().filter(has).cloned().collect(),
        }
    }

    /// The table's rows in their order, those of one partition together.
    fn plan(&self, predicate: Option<Expr>, snapshot: &Snapshot) -> Result<LogicalPlan, Error> {
        let ascending = |name: &str| column(name).sort(true, false);
        let mut order: Vec<SortExpr> = self.partition_by.iter().map(|name| ascending(name)).collect();
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
    fn path(&self, directory: &Path, format: ExportFormat, values: &[String]) -> PathBuf {
        if values.is_empty() {
            return directory.join(self.table.name).with_extension(format.extension());
        }
        let mut path = directory.join(self.table.name);
        path.extend(
            self.partition_by
                .iter()
                .zip(values)
                .map(|(name, value)| format!("{name}={value}")),
        );
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
        let keys = self
            .job
            .partition_by
            .iter()
            .filter_map(|name| batch.column_by_name(name))
            .map(Column::new);
        let keys: Vec<_> = keys.collect();
        let values = |row: usize| keys.iter().map(|key| directory_name(key, row)).collect::<Vec<_>>();
        let mut from = 0;
        while from < batch.num_rows() {
            let partition = values(from);
            let until = (from + 1..batch.num_rows())
                .find(|row| values(*row) != partition)
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

/// A value as part of a path, escaped as Hive escapes it.
fn directory_name(key: &Column, row: usize) -> String {
    let mut text = Vec::new();
    key.write_text(row, &mut text);
    if text.is_empty() {
        return NULL.to_owned();
    }
    let mut name = String::new();
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b' ' | b'@' | b'+' | b',' => {
                name.push(char::from(byte))
            }
            // A dot is harmless inside a name that begins with the column.
            b'.' => name.push('.'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name
}
