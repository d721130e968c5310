//! `ingest`: capture files into the database, with progress and a closing report.
//!
//! A file that cannot be read is told and passed over; the command then ends with exit code 1. What fails in the world (a
//! full disk) ends it at once. Small files are stored together, and told when they are stored.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::{
    Anomalies, Database, IngestOptions, Ingested, Ingestion, Limits, Progress, Recognition, TableInfo, Watch,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::say;
use crate::cli::IngestArguments;
use crate::failure::{Exit, Failure};
use crate::render::{escape, units};
use crate::runtime::Runtime;
use crate::source::Source;
use crate::terminal::Terminal;

const NS_PER_SECOND: i64 = 1_000_000_000;

/// Ingests every file.
pub(super) fn run(source: &Source, arguments: &IngestArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let directory = source.directory()?;
    let mut recognition = Recognition {
        raw_entries: arguments.raw_entries,
        ..Recognition::default()
    };
    for (port, name) in &arguments.port {
        recognition.ports.say(*port, name).expect("clap has checked the names");
    }
    let limits = Limits::within(arguments.max_memory).with_texts(arguments.max_body);
    let options = IngestOptions {
        recognition,
        threads: arguments.threads,
        packets: !arguments.no_packets,
        codec: arguments.packet_codec,
        force: arguments.force,
        compact: !arguments.no_compact,
        limits: Limits {
            tcp_idle_ns: i64::from(arguments.tcp_idle) * NS_PER_SECOND,
            udp_idle_ns: i64::from(arguments.udp_idle) * NS_PER_SECOND,
            ..limits
        },
    };
    let runtime = Runtime::start()?;
    let mut exit = Exit::Done;
    let mut files = Vec::new();
    for argument in &arguments.files {
        match expand(argument) {
            Ok(found) => files.extend(found),
            Err(failure) => {
                failure.print(terminal);
                exit = failure.exit;
            }
        }
    }
    let Some(first) = files.first() else { return Ok(exit) };
    // A database is not made for the sake of a file that is not there.
    if files.len() == 1 && first != Path::new("-") {
        readable(first)?;
    }
    let database = Database::open_or_create(directory)?;
    let mut told = Files {
        ingestion: database.ingestion(options),
        waiting: VecDeque::new(),
        left: files.len(),
        total: Total::default(),
        exit,
    };
    for file in &files {
        told = told.ingest(file, &runtime, terminal)?;
    }
    told.finish(&runtime, terminal)
}

/// Files on their way into the store: what became of each is told in their order, once it is certain.
struct Files {
    ingestion: Ingestion,
    /// The files of which nothing is told yet, and how long each took.
    waiting: VecDeque<(PathBuf, Duration)>,
    /// How many files come after those.
    left: usize,
    total: Total,
    exit: Exit,
}

impl Files {
    fn ingest(mut self, file: &Path, runtime: &Runtime, terminal: &Terminal) -> Result<Self, Failure> {
        self.waiting.push_back((file.to_owned(), Duration::ZERO));
        self.left -= 1;
        let (mut ingestion, path) = (self.ingestion, file.to_owned());
        let done = timed(file, runtime, terminal, move |bar| {
            let ended = if path == Path::new("-") {
                ingestion.reader("-", std::io::stdin(), bar)
            } else {
                ingestion.path(&path, bar)
            };
            (ingestion, ended)
        });
        // Whoever interrupts is told as well what is not stored.
        let ((ingestion, ended), time) = done.inspect_err(|_| tell_unstored(&self.waiting, self.left))?;
        self.ingestion = ingestion;
        if let Some((_, taken)) = self.waiting.back_mut() {
            *taken = time;
        }
        self.tell(ended, terminal)
    }

    /// Stores what waits, and tells what all files gave.
    fn finish(mut self, runtime: &Runtime, terminal: &Terminal) -> Result<Exit, Failure> {
        let started = Instant::now();
        let mut ingestion = self.ingestion;
        let (ingestion, ended) = runtime.wait_blocking(move || {
            let ended = ingestion.commit();
            Ok((ingestion, ended))
        })?;
        self.ingestion = ingestion;
        self.total.time += started.elapsed();
        let this = self.tell(ended, terminal)?;
        if let Some(report) = this.total.report() {
            say(report.trim_end());
        }
        Ok(this.exit)
    }

    /// Says what became of the files of which it is certain; of the others, if all ended here, that they are not stored.
    fn tell(mut self, ended: Result<(), engine::Error>, terminal: &Terminal) -> Result<Self, Failure> {
        for outcome in self.ingestion.take() {
            let (_, time) = self.waiting.pop_front().expect("each file has one outcome");
            match outcome {
                Ok(ingested) => self.tell_ingested(ingested, time),
                Err(error) => {
                    Failure::from(error).print(terminal);
                    self.exit = Exit::Input;
                }
            }
        }
        if let Err(error) = ended {
            tell_unstored(&self.waiting, self.left);
            return Err(error.into());
        }
        Ok(self)
    }

    fn tell_ingested(&mut self, ingested: Ingested, time: Duration) {
        say(one_line(&ingested, time));
        if let Err(error) = &ingested.compaction {
            let name = escape::line(&ingested.name);
            let error = error.to_string();
            say(format!(
                "{name}: it is stored, but small parts were not joined: {}",
                escape::line(&error)
            ));
        }
        self.total.add(ingested, time);
    }
}

/// Says which files are not stored: those that wait, of several, and those that come after.
fn tell_unstored(waiting: &VecDeque<(PathBuf, Duration)>, left: usize) {
    let files = waiting.len() + left;
    if let Some((first, _)) = waiting.front().filter(|_| files > 1) {
        let (files, first) = (units::counted(files as u64, "file"), first.display().to_string());
        say(format!("{files} not stored, from {} on", escape::line(&first)));
    }
}

/// Ingests one file into a temporary database, and says what was odd about it.
pub(crate) fn one(
    database: &Database,
    file: &Path,
    options: &IngestOptions,
    runtime: &Runtime,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let (database, path, options) = (database.clone(), file.to_owned(), options.clone());
    let ingest = move |bar: &mut Bar| database.ingest_path(&path, &options, bar);
    let (ingested, _) = timed(file, runtime, terminal, ingest)?;
    let ingested = ingested?;
    if let Some(drops) = drops(&ingested.report.drops) {
        say(format!("{}: {drops}", escape::line(&ingested.name)));
    }
    let anomalies = anomalies(&ingested.report.anomalies);
    if !anomalies.is_empty() {
        say(format!(
            "{}: anomalies:\n{}",
            escape::line(&ingested.name),
            anomalies.trim_end()
        ));
    }
    Ok(())
}

fn readable(file: &Path) -> Result<(), Failure> {
    match std::fs::metadata(file) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::input(format!(
            "cannot read {}: {}",
            file.display(),
            crate::failure::sentence(&error)
        ))),
    }
}

/// The files that an argument means: itself, or what its pattern matches, for shells that do not expand patterns.
fn expand(argument: &Path) -> Result<Vec<PathBuf>, Failure> {
    let text = argument.to_string_lossy();
    if argument.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![argument.to_owned()]);
    }
    let paths =
        glob::glob(&text).map_err(|error| Failure::input(format!("the pattern {text} is wrong: {}", error.msg)))?;
    let mut found = Vec::new();
    for path in paths {
        found.push(path.map_err(|error| Failure::of_io(&format!("read {}", error.path().display()), error.error()))?);
    }
    if found.is_empty() {
        return Err(Failure::input(format!("no file matches the pattern {text}")));
    }
    Ok(found)
}

/// Does what one file asks for on a thread of its own, so that Ctrl-C is heard.
fn timed<T: Send + 'static>(
    file: &Path,
    runtime: &Runtime,
    terminal: &Terminal,
    work: impl FnOnce(&mut Bar) -> T + Send + 'static,
) -> Result<(T, Duration), Failure> {
    let started = Instant::now();
    let mut bar = Bar::new(file, terminal);
    let shown = bar.0.clone();
    let result = runtime.wait_blocking(move || Ok(work(&mut bar)));
    shown.finish_and_clear();
    Ok((result?, started.elapsed()))
}

/// How often the bar is drawn without news.
const TICK: Duration = Duration::from_millis(250);

/// A progress bar on standard error, drawn only if that is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(file: &Path, terminal: &Terminal) -> Self {
        if !terminal.stderr.is_terminal {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        bar.set_prefix(escape::cut(&escape::line(&name), 24).into_owned());
        bar.set_style(style(
            "{prefix} {spinner} {decimal_bytes} · {decimal_bytes_per_sec} · {msg}",
        ));
        // A stalled input shows: the bar moves on without news.
        bar.enable_steady_tick(TICK);
        Self(bar)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is a constant of ours")
        .progress_chars("━━─")
}

impl Watch for Bar {
    fn progress(&mut self, read_bytes: u64, total_bytes: Option<u64>, progress: Progress) {
        if self.0.length().is_none()
            && let Some(total) = total_bytes
        {
            self.0.set_length(total);
            self.0.set_style(style(
                "{prefix} {wide_bar} {decimal_bytes}/{decimal_total_bytes} · {decimal_bytes_per_sec} · {eta} left · {msg}",
            ));
        }
        self.0.set_position(read_bytes);
        self.0.set_message(units::counted(progress.packets, "packet"));
    }
}

/// What all files gave.
#[derive(Default)]
struct Total {
    files: u64,
    packets: u64,
    size_bytes: u64,
    captured_bytes: u64,
    stored_bytes: u64,
    rows: BTreeMap<&'static str, u64>,
    anomalies: Anomalies,
    /// Parts that were joined, and those that took their place.
    joined: (usize, usize),
    time: Duration,
}

impl Total {
    fn add(&mut self, ingested: Ingested, time: Duration) {
        if ingested.skipped {
            return;
        }
        self.files += 1;
        self.packets += ingested.report.packets;
        self.size_bytes += ingested.size_bytes;
        self.captured_bytes += ingested.report.captured_bytes;
        self.stored_bytes += ingested.stored_bytes;
        for (table, rows) in ingested.rows {
            *self.rows.entry(table).or_default() += rows;
        }
        self.anomalies.merge(ingested.report.anomalies);
        if let Ok(compaction) = &ingested.compaction {
            let parts = |tables: &[TableInfo]| tables.iter().map(|table| table.parts).sum::<usize>();
            self.joined.0 += parts(&compaction.before);
            self.joined.1 += parts(&compaction.after);
        }
        self.time += time;
    }

    /// The closing report; nothing if no file was stored.
    fn report(&self) -> Option<String> {
        if self.files == 0 {
            return None;
        }
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} of {}, {} of packets, stored in {}",
            units::counted(self.packets, "packet"),
            units::counted(self.files, "capture"),
            units::size(self.captured_bytes),
            units::size(self.stored_bytes),
        );
        let rows: Vec<String> = schema::tables::ALL
            .iter()
            .filter_map(|table| Some(format!("{} {}", table.name, units::count(*self.rows.get(table.name)?))))
            .collect();
        let _ = writeln!(text, "rows: {}", rows.join(" · "));
        if !self.anomalies.is_empty() {
            let _ = write!(text, "anomalies:\n{}", anomalies(&self.anomalies));
        }
        if self.joined.0 > 0 {
            let (before, after) = self.joined;
            let _ = writeln!(
                text,
                "small parts joined: {} became {}",
                units::count(before as u64),
                units::count(after as u64)
            );
        }
        let _ = writeln!(text, "{}", speed(self.size_bytes, self.packets, self.time));
        Some(text)
    }
}

fn one_line(ingested: &Ingested, time: Duration) -> String {
    let name = escape::line(&ingested.name);
    if ingested.skipped {
        return format!("{name}: stored already, skipped (--force stores it again)");
    }
    let report = &ingested.report;
    let format = match (report.format, report.compression) {
        ("", _) if !report.anomalies.is_empty() => {
            return format!("{name}: nothing could be read before the damage, there is nothing to store");
        }
        ("", _) => return format!("{name}: the file is empty, there is nothing to store"),
        (format, None) => format.to_owned(),
        (format, Some(compression)) => format!("{format}, {compression}"),
    };
    let drops = drops(&report.drops).map(|drops| format!("; {drops}"));
    format!(
        "{name}: {} in {} ({format}), {}{}",
        units::counted(report.packets, "packet"),
        units::size(ingested.size_bytes),
        units::span_us(time.as_micros() as i64),
        drops.unwrap_or_default(),
    )
}

/// Interfaces that one line names.
const INTERFACES_NAMED: usize = 4;

/// What the capturing machine says it lost.
fn drops(drops: &[(String, u64)]) -> Option<String> {
    let mut text = String::new();
    for (index, (interface, packets)) in drops.iter().take(INTERFACES_NAMED).enumerate() {
        text += if index == 0 { "the capture dropped " } else { ", " };
        let _ = write!(
            text,
            "{} on {}",
            units::counted(*packets, "packet"),
            escape::line(interface)
        );
    }
    if let Some(more) = drops.len().checked_sub(INTERFACES_NAMED).filter(|more| *more > 0) {
        let _ = write!(text, ", and some on {}", units::counted(more as u64, "other interface"));
    }
    (!text.is_empty()).then_some(text)
}

fn speed(bytes: u64, packets: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64().max(1e-6);
    format!(
        "{}: {:.1} MB/s, {} packets/s",
        units::span_us(time.as_micros() as i64),
        bytes as f64 / 1e6 / seconds,
        units::count((packets as f64 / seconds) as u64)
    )
}

/// Each kind with its count and its first example, a line each.
fn anomalies(anomalies: &Anomalies) -> String {
    let mut text = String::new();
    for (kind, finding) in anomalies.iter() {
        let place = match finding.first_packet {
            0 => String::new(),
            packet => format!(", first at packet {packet}"),
        };
        let example = finding.first.to_string();
        let _ = writeln!(
            text,
            "  {kind} × {}{place}: {}",
            units::count(finding.count),
            escape::line(&example)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_exists_is_no_pattern() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        for name in ["a[1].pcap", "b.pcap", "c.pcap"] {
            std::fs::write(directory.path().join(name), b"").expect("the directory is writable");
        }
        let names = |pattern: &str| {
            expand(&directory.path().join(pattern)).map(|found| {
                found
                    .iter()
                    .map(|path| path.file_name().expect("it is a file").to_string_lossy().into_owned())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(names("a[1].pcap").expect("it exists"), ["a[1].pcap"]);
        assert_eq!(names("[bc].pcap").expect("two match"), ["b.pcap", "c.pcap"]);
        assert_eq!(
            names("d.pcap").expect("no pattern: the ingest will say that it is missing"),
            ["d.pcap"]
        );
        assert!(names("*.pcapng").is_err());
    }
}
