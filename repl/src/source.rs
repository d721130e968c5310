//! Which database a command works on: a directory, or a temporary one made of a capture file.

use std::io;
use std::path::{Path, PathBuf};

use engine::Database;
use tempfile::TempDir;

use crate::cli;
use crate::failure::{self, Failure};
use crate::runtime::Runtime;
use crate::terminal::Terminal;
use crate::verbs::ingest;

/// A database, as the arguments name it.
#[derive(Debug)]
pub(crate) enum Source {
    /// A directory.
    Directory(PathBuf),
    /// A capture file, for whose rows a temporary database is made.
    Capture(PathBuf),
}

/// The directory of a temporary database; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Temporary(TempDir);

impl Drop for Temporary {
    fn drop(&mut self) {
        // An ingest that was given up may still add files. Each new file fails once the directory is gone, so a few
        // attempts are enough; `TempDir` makes the last.
        for _ in 0..3 {
            match std::fs::remove_dir_all(self.0.path()) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                _ => return,
            }
        }
    }
}

impl Source {
    /// A capture file goes before the directory, which always has a name.
    pub(crate) fn new(directory: PathBuf, capture: Option<PathBuf>) -> Self {
        match capture {
            Some(capture) => Source::Capture(capture),
            None => Source::Directory(directory),
        }
    }

    /// Opens the database; a temporary one is filled first.
    pub(crate) fn open(
        &self,
        runtime: &Runtime,
        terminal: &Terminal,
    ) -> Result<(Database, Option<Temporary>), Failure> {
        match self {
            Source::Directory(directory) => Ok((Database::open(directory)?, None)),
            Source::Capture(capture) => {
                check_is_capture(capture)?;
                let directory = tempfile::Builder::new()
                    .prefix("kfl-")
                    .tempdir()
                    .map_err(|error| Failure::of_io("make a temporary directory", &error))?;
                let temporary = Temporary(directory);
                let database = Database::create(temporary.0.path())?;
                ingest::one(&database, capture, &engine::IngestOptions::default(), runtime, terminal)?;
                Ok((database, Some(temporary)))
            }
        }
    }

    /// The directory to ingest into.
    pub(crate) fn directory(&self) -> Result<&Path, Failure> {
        match self {
            Source::Directory(directory) => Ok(directory),
            Source::Capture(capture) => Err(Failure::input(format!(
                "`{}` before the command makes a temporary database, and an ingest into that would be lost",
                capture.display()
            ))
            .hint(format!("kfl ingest {}", capture.display()))),
        }
    }
}

/// A word that names no file is more likely a misspelt command than a capture that is gone.
fn check_is_capture(path: &Path) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Ok(());
    }
    let Err(error) = std::fs::metadata(path) else {
        return Ok(());
    };
    let failure = Failure::input(format!("cannot read {}: {}", path.display(), failure::sentence(&error)));
    let looks_like_command = path.extension().is_none() && path.components().count() == 1;
    if !looks_like_command {
        return Err(failure);
    }
    let names: Vec<String> = <cli::Arguments as clap::CommandFactory>::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    Err(failure.hint(format!("the commands are {}", names.join(", "))))
}
