//! A place with captures written from talks, and the program run there.

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use ingest::talk::Talk;
use tempfile::TempDir;

/// Two connections of one HTTP flow, and a DNS exchange.
pub const TALK: &str = r"
10.0.0.1:51000 > 10.0.0.2:80
> GET /health HTTP/1.1\r\nHost: shop.test\r\n\r\n
< HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n
> GET /cart?id=7 HTTP/1.1\r\nHost: shop.test\r\n\r\n
< HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\x1b[31mhi
10.0.0.1:51001 > 10.0.0.2:80
> POST /login HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\na=b
< HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n
10.0.0.1:40000 > 10.0.0.53:53 udp
> \x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01
< \x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x02
";

/// A directory of its own.
pub struct Place {
    directory: TempDir,
}

/// What a run of the program gave.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// An empty directory.
    pub fn empty() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory can be made"),
        }
    }

    /// A directory with the talk's capture, `talk.pcap`.
    pub fn with_capture() -> Self {
        let place = Self::empty();
        place.write("talk.pcap", &Talk::parse(TALK).pcap());
        place
    }

    /// A directory with the talk's capture and a database of it, `db`.
    pub fn with_database() -> Self {
        let place = Self::with_capture();
        let run = place.run(&["--db", "db", "ingest", "talk.pcap"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        place
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("the directory is writable");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program, to be run here.
    pub fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("kfl"));
        command
            .current_dir(self.directory.path())
            .env("XDG_STATE_HOME", self.directory.path())
            .env("TMPDIR", self.directory.path());
        command
    }

    /// Runs the program with arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command().args(arguments).output().expect("the program starts"))
    }

    /// Runs the program with arguments and lines on its standard input.
    pub fn type_in(&self, arguments: &[&str], lines: &str) -> Run {
        Run::of(
            self.command()
                .args(arguments)
                .write_stdin(lines)
                .output()
                .expect("the program starts"),
        )
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
