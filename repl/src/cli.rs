//! The command line, as the contract has it.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::{Limits, PacketCodec, Ports};

use crate::formats::{self, Format};

/// The database that is opened where none is named.
pub(crate) const USUAL_DATABASE: &str = "capture.kfl";

/// Reads packet captures once and answers questions about their traffic: in KFL and in SQL, down to the packets.
///
/// Without a command it opens the REPL on ./capture.kfl, on --db DIR, or on a capture file given as the argument.
#[derive(Debug, Parser)]
#[command(name = "kfl", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Database directory
    #[arg(long, value_name = "DIR", default_value = USUAL_DATABASE)]
    pub(crate) db: PathBuf,
    /// Capture file to read into a temporary database, which the REPL or the command then uses
    #[arg(value_name = "CAPTURE", conflicts_with = "db")]
    pub(crate) capture: Option<PathBuf>,
    /// Filter to run on CAPTURE instead of opening the REPL
    #[arg(value_name = "KFL", requires = "capture", allow_hyphen_values = true)]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) answer: AnswerArguments,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  kfl trace.pcap 'http && status_code >= 500'
  kfl trace.pcap 'http | stats count(), p99(elapsed_time) by path | sort -count()'
  kfl ingest trace.pcap.zst && kfl
  kfl sql 'SELECT dst_ip, count(*) FROM conns GROUP BY 1 ORDER BY 2 DESC'
  kfl pcap 'dns && \"example.com\" in dns_questions' -o found.pcap

Exit codes: 0 done, 1 wrong input, 2 the system failed, 130 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads capture files into the database: pcap, pcapng, plain or .gz .zst .lz4
    Ingest(IngestArguments),
    /// Answers a KFL filter, and stages after it: http | count by path
    Query(QueryArguments),
    /// Answers SQL
    Sql(SqlArguments),
    /// Writes the packets of every connection that matches a filter, or that a step leads to, as a capture file in order of time
    Pcap(PcapArguments),
    /// Shows packets byte by byte
    Hex(HexArguments),
    /// Writes whole tables as files
    Export(ExportArguments),
    /// Says what is stored
    Info,
    /// Joins small parts of the tables, which many small ingests leave behind, into larger ones
    Compact,
    /// Reads everything stored and compares it with its digests
    Verify,
    /// Lists the fields of the tables; needs no database
    Schema(SchemaArguments),
    /// Says what a filter would do: its types, its stages, and which tables it opens
    Explain(FilterArgument),
    /// Checks a filter; needs no database
    Check(FilterArgument),
    /// Evaluates an expression; needs no database
    Eval(EvalArguments),
}

/// How an answer is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnswerArguments {
    /// Format of the answer
    #[arg(short, long, value_name = "FORMAT", value_parser = formats::Parser::ANSWERS, default_value = Format::usual().name)]
    pub(crate) format: &'static Format,
    /// File to write to instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Rows at most
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct IngestArguments {
    /// Capture files, patterns (*.pcap), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Worker threads; 0 takes one per core, up to four. The rows do not depend on it
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
    /// Do not store the packets: saves space, gives up pcap and hex
    #[arg(long)]
    pub(crate) no_packets: bool,
    /// How packet bytes are compressed: zstd (smallest), lz4 (a twentieth larger, a little faster) or none
    #[arg(long, value_name = "CODEC", default_value = "zstd", value_parser = codec)]
    pub(crate) packet_codec: PacketCodec,
    /// Memory to take, about; what does not fit is given up, counted and told. At least 256 MiB
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = memory)]
    pub(crate) max_memory: usize,
    /// Seconds of capture time without a packet after which a TCP or SCTP connection counts as closed
    #[arg(long, value_name = "SECONDS", default_value_t = 1200)]
    pub(crate) tcp_idle: u32,
    /// Seconds of capture time without a packet after which a UDP or ICMP connection counts as closed
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) udp_idle: u32,
    /// Say which protocol is spoken on a port, for what content cannot tell; may be given several times
    #[arg(long, value_name = "PORT=PROTOCOL", value_parser = port)]
    pub(crate) port: Vec<(u16, String)>,
    /// Keep the first payload of what no dissector knows, as tcp and udp rows
    #[arg(long)]
    pub(crate) raw_entries: bool,
    /// Bytes to keep of each body and each statement, at most 1 MiB; the whole is in the packets
    #[arg(long, value_name = "SIZE", default_value = "4KiB", value_parser = body)]
    pub(crate) max_body: usize,
    /// Ingest a capture that is stored already once more
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not join small parts of the tables afterwards; `kfl compact` does it at any time
    #[arg(long)]
    pub(crate) no_compact: bool,
}

/// Reads the name of a codec.
fn codec(text: &str) -> Result<PacketCodec, String> {
    match text {
        "zstd" => Ok(PacketCodec::Zstd),
        "lz4" => Ok(PacketCodec::Lz4),
        "none" => Ok(PacketCodec::Uncompressed),
        _ => Err("expected zstd, lz4 or none".to_owned()),
    }
}

/// Reads what is said of a port: `6390=redis`.
fn port(text: &str) -> Result<(u16, String), String> {
    let said = text
        .split_once('=')
        .and_then(|(port, name)| Some((port.parse().ok().filter(|port| *port > 0)?, name)));
    let (port, name) = said.ok_or("expected a port and a protocol, such as 6390=redis")?;
    Ports::default()
        .say(port, name)
        .map_err(|names| format!("there is no protocol {name}, expected one of {}", names.join(", ")))?;
    Ok((port, name.to_owned()))
}

/// Reads how much of a body to keep.
fn body(text: &str) -> Result<usize, String> {
    let most = ByteSize::mib(1);
    let size: ByteSize = text.parse().map_err(|_| "expected a size such as 64KiB".to_owned())?;
    if size > most {
        return Err(format!("expected {} or less", most.display().iec()));
    }
    Ok(usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
}

/// Reads a size of memory: `512MiB`, `2GB`, `2g`.
fn memory(text: &str) -> Result<usize, String> {
    let least = Limits::LEAST_MEMORY_BYTES;
    let size: ByteSize = text
        .parse()
        .map_err(|_| "expected a size such as 512MiB or 2GB".to_owned())?;
    let bytes = usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
    if bytes < least {
        return Err(format!(
            "expected {} or more",
            ByteSize::b(least as u64).display().iec()
        ));
    }
    Ok(bytes)
}

#[derive(Args, Debug)]
pub(crate) struct EvalArguments {
    /// The expression: 'size("abc") * 2'
    #[arg(value_name = "KFL", allow_hyphen_values = true, required_unless_present = "jsonl")]
    pub(crate) expression: Option<String>,
    /// Reads expressions with their values from standard input, one JSON object a line, and answers each with a line
    #[arg(long, conflicts_with = "expression")]
    pub(crate) jsonl: bool,
    /// Evaluates over columns, as queries do, instead of value by value
    #[arg(long)]
    pub(crate) vectorised: bool,
}

#[derive(Args, Debug)]
pub(crate) struct QueryArguments {
    /// The filter; empty matches every row
    #[arg(value_name = "KFL", allow_hyphen_values = true)]
    pub(crate) filter: String,
    #[command(flatten)]
    pub(crate) answer: AnswerArguments,
}

#[derive(Args, Debug)]
pub(crate) struct SqlArguments {
    /// The statement
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    pub(crate) statement: String,
    #[command(flatten)]
    pub(crate) answer: AnswerArguments,
}

#[derive(Args, Debug)]
pub(crate) struct PcapArguments {
    /// The filter; empty writes every packet stored
    #[arg(value_name = "KFL", allow_hyphen_values = true)]
    pub(crate) filter: String,
    /// File to write; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format of the file; pcap becomes pcapng where link types differ
    #[arg(short = 'F', long, value_enum, default_value_t = CaptureFormat::Pcap)]
    pub(crate) format: CaptureFormat,
}

/// Format of a capture file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CaptureFormat {
    /// pcap with nanoseconds
    Pcap,
    /// pcapng
    Pcapng,
}

impl From<CaptureFormat> for engine::CaptureFormat {
    fn from(format: CaptureFormat) -> Self {
        match format {
            CaptureFormat::Pcap => engine::CaptureFormat::Pcap,
            CaptureFormat::Pcapng => engine::CaptureFormat::Pcapng,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct HexArguments {
    /// conn_id of a connection, or number of a packet
    #[arg(value_name = "CONN_ID|PACKET")]
    pub(crate) number: i64,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// Name of a table, or all
    #[arg(value_name = "TABLE|all", value_parser = tables_or_all())]
    pub(crate) table: String,
    /// Directory to write to, one file a table
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Format of the files
    #[arg(short, long, value_name = "FORMAT", value_parser = formats::Parser::EXPORTS, default_value = "parquet")]
    pub(crate) format: &'static Format,
    /// Only rows that match this filter
    #[arg(long = "where", value_name = "KFL", allow_hyphen_values = true)]
    pub(crate) filter: Option<String>,
    /// Columns by whose values directories are made
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) partition_by: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaArguments {
    /// Name of a table; all tables where it is left out
    #[arg(value_name = "TABLE", value_parser = clap::builder::PossibleValuesParser::new(tables()))]
    pub(crate) table: Option<String>,
    /// Format of the list
    #[arg(short, long, value_enum, default_value_t = SchemaFormat::Table)]
    pub(crate) format: SchemaFormat,
}

/// Format of `schema`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// For people
    Table,
    /// One JSON object: tables, variables, flags, functions, macros, codes
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct FilterArgument {
    /// The filter
    #[arg(value_name = "KFL", allow_hyphen_values = true)]
    pub(crate) filter: String,
}

/// What `export` takes for every table.
const ALL_TABLES: &str = "all";

fn tables() -> impl Iterator<Item = &'static str> {
    schema::tables::ALL.iter().map(|table| table.name)
}

fn tables_or_all() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(tables().chain([ALL_TABLES]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_filter_may_begin_with_a_minus() {
        for line in [["kfl", "query", "-1 < status_code"], ["kfl", "check", "-(1) < 2"]] {
            Arguments::try_parse_from(line).expect("a filter is text");
        }
        let arguments =
            Arguments::try_parse_from(["kfl", "query", "-f", "json", "http"]).expect("an option is an option");
        let Some(Command::Query(query)) = arguments.command else {
            panic!("query is a command")
        };
        assert_eq!((query.filter.as_str(), query.answer.format.name), ("http", "json"));
    }

    #[test]
    fn a_capture_and_a_filter_need_no_command() {
        let arguments =
            Arguments::try_parse_from(["kfl", "a.pcap", "http && !dns", "-f", "csv"]).expect("the contract has it");
        assert_eq!(arguments.filter.as_deref(), Some("http && !dns"));
        assert!(Arguments::try_parse_from(["kfl", "--db", "x", "a.pcap"]).is_err());
        let arguments = Arguments::try_parse_from(["kfl", "--db", "x", "query", "http"]).expect("the contract has it");
        assert!(arguments.command.is_some() && arguments.capture.is_none());
    }
}
