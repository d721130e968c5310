//! Where data goes: standard output or a file.
//!
//! A file appears whole or not at all: it is written beside its name and renamed when it is complete. Devices and pipes
//! (`/dev/null`, a FIFO) are written in place. That nobody reads a pipe any more is remembered here, since the encoders
//! wrap errors of writing in words of their own.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::render::escape;

/// A destination of data.
#[derive(Debug)]
pub(crate) struct Output {
    to: BufWriter<To>,
    closed: Closed,
}

/// Whether a reader of our output went away; stays when the output itself was given to an encoder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed(Arc<AtomicBool>);

impl Closed {
    /// The failure to report for an error of an encoder.
    pub(crate) fn failure(&self, otherwise: Failure) -> Failure {
        if self.0.load(Ordering::Relaxed) {
            Failure::closed_pipe()
        } else {
            otherwise
        }
    }
}

#[derive(Debug)]
enum To {
    Stdout(io::Stdout),
    InPlace(File),
    Beside(NamedTempFile, PathBuf),
}

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 16;

impl Output {
    /// Opens a destination: a file, or standard output if there is no name or the name is "-".
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let to = match path {
            None => To::Stdout(io::stdout()),
            Some(path) if path == Path::new("-") => To::Stdout(io::stdout()),
            Some(path) => {
                To::file(path).map_err(|error| Failure::of_io(&format!("write {}", path.display()), &error))?
            }
        };
        Ok(Self {
            to: BufWriter::with_capacity(BUFFER_BYTES, to),
            closed: Closed::default(),
        })
    }

    /// A handle that tells whether the reader went away.
    pub(crate) fn closed(&self) -> Closed {
        self.closed.clone()
    }

    /// Writes lines with text from packets: as they are, but what a terminal would obey is spelled out there.
    pub(crate) fn write_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.to.get_ref() {
            To::Stdout(stdout) if stdout.is_terminal() => {
                self.write_all(escape::lines(&String::from_utf8_lossy(lines)).as_bytes())
            }
            _ => self.write_all(lines),
        }
    }

    /// Shows whoever reads along what was written so far; a file appears as a whole.
    pub(crate) fn reveal(&mut self) -> io::Result<()> {
        match self.to.get_ref() {
            To::Beside(..) => Ok(()),
            To::Stdout(_) | To::InPlace(_) => self.flush(),
        }
    }

    /// Makes what was written visible.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let finished = self.flush().and_then(|()| match self.to.into_inner() {
            Ok(To::Beside(file, path)) => file.persist(path).map(drop).map_err(|error| error.error),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_error()),
        });
        finished.map_err(|error| Failure::of_io("write the output", &error))
    }
}

impl To {
    fn file(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(metadata) if !metadata.is_file() => Ok(To::InPlace(File::options().write(true).open(path)?)),
            _ => {
                let directory = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                let mut builder = tempfile::Builder::new();
                builder.prefix(".kfl-").suffix(".tmp");
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    // As `File::create` would make it: the process's umask decides.
                    builder.permissions(fs::Permissions::from_mode(0o666));
                }
                Ok(To::Beside(builder.tempfile_in(directory)?, path.to_owned()))
            }
        }
    }
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            To::Stdout(stdout) => stdout.write(bytes),
            To::InPlace(file) => file.write(bytes),
            To::Beside(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            To::Stdout(stdout) => stdout.flush(),
            To::InPlace(file) => file.flush(),
            To::Beside(file, _) => file.flush(),
        }
    }
}

impl Output {
    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        {
            self.closed.0.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.to.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.to.flush();
        self.note(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("out.txt");
        let mut output = Output::open(Some(&path)).expect("the directory is writable");
        output.write_all(b"rows").expect("a buffer takes it");
        assert!(!path.exists());
        output.finish().expect("the directory is writable");
        assert_eq!(fs::read(&path).expect("it is there now"), b"rows");
    }

    #[test]
    fn nothing_is_left_of_an_output_that_was_given_up() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("out.txt");
        let mut output = Output::open(Some(&path)).expect("the directory is writable");
        output.write_all(b"rows").expect("a buffer takes it");
        drop(output);
        assert_eq!(fs::read_dir(directory.path()).expect("it is a directory").count(), 0);
    }

    #[test]
    fn a_directory_is_no_output() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        assert!(Output::open(Some(directory.path())).is_err());
    }
}
