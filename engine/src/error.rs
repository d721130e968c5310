//! What can go wrong, with the data that a hint needs.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::{io, iter};

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The filter is wrong: all its mistakes.
    #[error("{}", .0.first().map_or("the filter is wrong", |mistake| mistake.message.as_str()))]
    Filter(Vec<kfl::Diagnostic>),
    /// The stages after a filter lead to no packets.
    #[error("the last stage must be a step to rows that have packets, found {}", .stage)]
    NoStep {
        /// The last stage.
        stage: String,
    },
    /// The SQL is wrong.
    #[error("{0}")]
    Sql(String),
    /// The directory holds no database.
    #[error("{} holds no database (expected {})", .path.display(), crate::store::MANIFEST)]
    NoDatabase {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a database already.
    #[error("{} holds a database already", .path.display())]
    DatabaseExists {
        /// The directory.
        path: PathBuf,
    },
    /// The directory for a new database holds something else.
    #[error("{} is not empty and holds no database", .path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A capture cannot be opened.
    #[error("cannot open {}: {source}", .path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory was given where a capture was expected.
    #[error("expected a capture file, {} is a directory", .path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A capture cannot be read on.
    #[error("cannot read {name} after {bytes} bytes: {source}")]
    CannotRead {
        /// Name of the capture.
        name: String,
        /// Bytes read before, as given.
        bytes: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The input is no capture.
    #[error(
        "{name} is no capture: expected the magic number of pcap or pcapng (plain, gzip, zstd or lz4), found {found}"
    )]
    NotACapture {
        /// Name of the input.
        name: String,
        /// Its first bytes in hex.
        found: String,
    },
    /// There is no such table.
    #[error("there is no table {name}, expected one of {}", table_names())]
    NoTable {
        /// The name.
        name: String,
    },
    /// The table has no such column.
    #[error("table {table} has no column {column}")]
    NoColumn {
        /// The table.
        table: &'static str,
        /// The name.
        column: String,
    },
    /// Another process, or another handle of this one, writes to the database.
    #[error("another process writes to {}", .path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The database was made by a newer version.
    #[error("{} has layout version {found}, this version reads up to {known}: a newer kfl made it", .path.display())]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Version of its layout.
        found: u32,
        /// The newest version that is understood.
        known: u32,
    },
    /// A file of the database is damaged.
    #[error("{} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A part cannot be read while a query runs: it is damaged or gone.
    #[error("{} cannot be read: {reason}", .path.as_ref().map_or("a part of the tables".to_owned(), |path| path.display().to_string()))]
    Part {
        /// The part, where the failure tells it.
        path: Option<PathBuf>,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused an operation on a file of ours.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried: "write", "rename".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The caller's output refused what was written to it.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// A query failed while it ran, though it was right.
    #[error("the query failed: {0}")]
    Query(String),
}

impl Error {
    /// True if the user's input is to blame (exit code 1), false if the world or we are (exit code 2).
    pub fn is_input(&self) -> bool {
        match self {
            Error::Filter(_)
            | Error::NoStep { .. }
            | Error::Sql(_)
            | Error::NoDatabase { .. }
            | Error::DatabaseExists { .. }
            | Error::NotEmpty { .. }
            | Error::CannotOpen { .. }
            | Error::IsDirectory { .. }
            | Error::CannotRead { .. }
            | Error::NotACapture { .. }
            | Error::NoTable { .. }
            | Error::NoColumn { .. } => true,
            Error::Locked { .. }
            | Error::Newer { .. }
            | Error::Damaged { .. }
            | Error::Part { .. }
            | Error::Io { .. }
            | Error::Output(_)
            | Error::Query(_) => false,
        }
    }

    /// Makes an error of what planning, or the stream of an answer, gave: a mistake in the SQL, or a failure while
    /// reading.
    pub fn of_query(error: DataFusionError) -> Self {
        if let Some(error) = Self::of_part(&error) {
            return error;
        }
        match error.find_root() {
            DataFusionError::Plan(message) => Error::Sql(no_table(message).unwrap_or_else(|| message.clone())),
            DataFusionError::Configuration(message) => Error::Sql(message.clone()),
            DataFusionError::NotImplemented(message) => Error::Sql(format!("not supported: {message}")),
            DataFusionError::SQL(error, _) => Error::Sql(plain(&error.to_string())),
            DataFusionError::SchemaError(error, _) => Error::Sql(match error.as_ref() {
                SchemaError::FieldNotFound { field, valid_fields } => no_column(&field.name, valid_fields),
                other => other.to_string(),
            }),
            DataFusionError::Execution(message) => Error::Sql(message.clone()),
            DataFusionError::ArrowError(error, _) if !matches!(error.as_ref(), ArrowError::IoError(..)) => {
                Error::Sql(plain(&error.to_string()))
            }
            other => Error::Query(plain(&other.strip_backtrace())),
        }
    }

    /// The failure of a part that cannot be read, for whoever runs the query.
    pub(crate) fn part(path: impl AsRef<str>, reason: impl Into<String>) -> DataFusionError {
        DataFusionError::External(Box::new(Error::Part {
            path: Some(path.as_ref().into()),
            reason: reason.into(),
        }))
    }

    /// The failure of a part that cannot be read, if that is what went wrong.
    pub(crate) fn of_part(error: &DataFusionError) -> Option<Self> {
        if let Some(Error::Part { path, reason }) = cause::<Error>(error) {
            return Some(Error::Part {
                path: path.clone(),
                reason: reason.clone(),
            });
        }
        if let Some(error) = cause::<object_store::Error>(error) {
            return Some(match error {
                object_store::Error::NotFound { path, source } => Error::Part {
                    path: Some(path.into()),
                    reason: source.to_string(),
                },
                other => Error::Part {
                    path: None,
                    reason: other.to_string(),
                },
            });
        }
        let reason = match (cause::<ParquetError>(error), cause::<ArrowError>(error)) {
            (Some(error), _) => error.to_string(),
            (None, Some(ArrowError::ParquetError(reason))) => reason.clone(),
            _ => return None,
        };
        Some(Error::Part {
            path: None,
            reason: plain(&reason),
        })
    }

    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Error::Io { action, path, source }
    }

    /// Makes an error of what a Parquet writer gave: nearly always the system's refusal to write.
    pub(crate) fn writing(path: &Path, error: ParquetError) -> Self {
        let source = match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(other) => io::Error::other(other),
            },
            other => io::Error::other(other),
        };
        Error::Io {
            action: "write",
            path: path.to_owned(),
            source,
        }
    }
}

/// The first error of a type among an error and its causes.
fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    iter::successors(Some(error), |&error| error.source()).find_map(|error| {
        // The libraries box some errors before they chain them.
        let boxed = || error.downcast_ref::<Box<T>>().map(Box::as_ref);
        error.downcast_ref::<T>().or_else(boxed)
    })
}

/// A message without the name of the library's layer before it ("Error during planning: ").
pub(crate) fn plain(message: &str) -> String {
    const LAYERS: [&str; 10] = [
        "Error during planning: ",
        "SQL error: ",
        "ParserError(\"",
        "sql parser error: ",
        "Arrow error: ",
        "Schema error: ",
        "Parquet error: ",
        "Parquet argument error: ",
        "External: ",
        "Object Store error: ",
    ];
    let mut text = message;
    while let Some(rest) = LAYERS.iter().find_map(|layer| text.strip_prefix(layer)) {
        text = rest;
    }
    text.trim_end_matches("\")").to_owned()
}

/// The message for a column that is not there, with the names that are close to it.
fn no_column(name: &str, valid: &[Column]) -> String {
    let near = near(name, valid.iter().map(|column| column.name.as_str()));
    match near.is_empty() {
        true => format!("there is no column {name} here"),
        false => format!("there is no column {name} here, did you mean {}", near.join(", ")),
    }
}

/// The message for a table that is not there, with the names that are close to it or all names; none if DataFusion says
/// something else.
fn no_table(message: &str) -> Option<String> {
    let path = message.strip_prefix("table '")?.strip_suffix("' not found")?;
    // The path is the catalog's name, the schema's, and the table's, which may hold dots.
    let name = path.splitn(3, '.').last()?;
    let tables = schema::tables::ALL.iter().map(|table| table.name);
    let names: Vec<_> = tables.chain(sql::views().iter().map(|view| view.name)).collect();
    let near = near(name, names.iter().copied());
    Some(match near.is_empty() {
        true => format!("there is no table {name}, expected one of {}", names.join(", ")),
        false => format!("there is no table {name}, did you mean {}", near.join(", ")),
    })
}

/// The names that are close to one that is unknown, best first.
fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut near: Vec<_> = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 2 || known.contains(name))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(5).map(|(_, known)| known).collect()
}

fn table_names() -> String {
    schema::tables::ALL
        .iter()
        .map(|table| table.name)
        .collect::<Vec<_>>()
        .join(", ")
}
