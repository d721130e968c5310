//! Captures, written: the packets of every connection that a query finds, merged in time order.
//!
//! pcapng also gets the decryption secrets of the captures whose packets these can be: of all between the first and the
//! last number, as Wireshark keeps all of a file's when it writes some of its packets.

use std::io::Write;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Int64Type, TimestampNanosecondType};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::functions_aggregate::expr_fn::{max, min, sum};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use futures::TryStreamExt;
use schema::tables::packets::TABLE;
use sql::Tables;
use sql::capture_file::{CaptureFormat, CaptureWriter};

use crate::columns::{CAPTURED_LENGTH, LINK_TYPE, PACKET, TIMESTAMP, column};
use crate::members::Members;
use crate::session::Snapshot;
use crate::{Error, captures, packets, query};

/// Link type of a file without packets: Ethernet, which every reader knows.
const ETHERNET: u16 = 1;

/// Writes the packets of a query's connections; returns how many were written.
pub(crate) async fn write(
    query: &kfl::Query,
    format: CaptureFormat,
    out: &mut (dyn Write + Send),
    snapshot: &Snapshot,
    session: &SessionState,
) -> Result<u64, Error> {
    let predicate = Members::of(query, snapshot, session).await?.predicate();
    let span = Span::of(predicate.clone(), snapshot, session).await?;
    let format = if format == CaptureFormat::Pcap && span.fits_pcap() {
        CaptureFormat::Pcap
    } else {
        CaptureFormat::Pcapng
    };
    let mut writer = CaptureWriter::new(out, format, span.link_type(), span.longest_bytes).map_err(Error::Output)?;
    if let Some(packets) = span.packets.filter(|_| format == CaptureFormat::Pcapng) {
        captures::secrets(packets, snapshot, session, |blocks| {
            writer.secrets(blocks).map_err(Error::Output)
        })
        .await?;
    }
    let windows = if span.bytes > SORTED_BYTES {
        time_windows(snapshot)
    } else {
        vec![None]
    };
    let mut written = 0;
    for window in windows {
        let predicate = window.into_iter().chain(predicate.clone()).reduce(Expr::and);
        let mut rows = query::run(&packets::plan(snapshot, predicate)?, session).await?;
        while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
            packets::for_each(&batch, |_, record| writer.write(&record).map_err(Error::Output))?;
            written += batch.num_rows() as u64;
        }
    }
    writer.finish().map_err(Error::Output)?;
    Ok(written)
}

/// Stretches of time that follow each other and hold about a part's packets each: a new one begins where a part does.
/// Sorting within them is sorting all, in the memory of a few parts.
fn time_windows(snapshot: &Snapshot) -> Vec<Option<Expr>> {
    let parts = snapshot.manifest.tables.get(TABLE.name).into_iter().flatten();
    let mut begins: Vec<i64> = parts
        .filter_map(|part| part.ranges.get(TIMESTAMP))
        .map(|(first, _)| *first)
        .collect();
    begins.sort_unstable();
    begins.dedup();
    let time = |ns| Expr::Literal(ScalarValue::TimestampNanosecond(Some(ns), Some("UTC".into())), None);
    let ends = begins
        .iter()
        .skip(1)
        .map(|next| column(TIMESTAMP).lt(time(*next)))
        .map(Some)
        .chain([None]);
    begins
        .iter()
        .zip(ends)
        .map(|(begin, end)| {
            [Some(column(TIMESTAMP).gt_eq(time(*begin))), end]
                .into_iter()
                .flatten()
                .reduce(Expr::and)
        })
        .collect()
}

/// Packet bytes that are sorted at once.
const SORTED_BYTES: u64 = 256 << 20;

/// What must be known of all packets before the first is written.
#[derive(Debug, Default)]
struct Span {
    link_types: Option<(i64, i64)>,
    times_ns: Option<(i64, i64)>,
    /// First and last number.
    packets: Option<(i64, i64)>,
    longest_bytes: u32,
    bytes: u64,
}

impl Span {
    async fn of(predicate: Option<Expr>, snapshot: &Snapshot, session: &SessionState) -> Result<Self, Error> {
        let source = provider_as_source(snapshot.tables().provider(&TABLE));
        let plan = LogicalPlanBuilder::scan(TABLE.name, source, None)
            .and_then(|plan| match predicate {
                Some(predicate) => plan.filter(predicate),
                None => Ok(plan),
            })
            .and_then(|plan| {
                let of = |name| (min(column(name)), max(column(name)));
                let ((low_type, high_type), (low_time, high_time)) = (of(LINK_TYPE), of(TIMESTAMP));
                let values = [
                    low_type,
                    high_type,
                    low_time,
                    high_time,
                    max(column(CAPTURED_LENGTH)),
                    sum(column(CAPTURED_LENGTH)),
                    min(column(PACKET)),
                    max(column(PACKET)),
                ];
                plan.aggregate(Vec::<Expr>::new(), values)?.build()
            });
        let mut rows = query::run(&plan.map_err(Error::of_query)?, session).await?;
        let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? else {
            return Ok(Self::default());
        };
        let int = |index: usize| batch.column(index).as_primitive::<Int64Type>().iter().flatten().next();
        let time = |index: usize| {
            batch
                .column(index)
                .as_primitive::<TimestampNanosecondType>()
                .iter()
                .flatten()
                .next()
        };
        Ok(Self {
            link_types: int(0).zip(int(1)),
            times_ns: time(2).zip(time(3)),
            packets: int(6).zip(int(7)),
            longest_bytes: int(4).map_or(0, |bytes| bytes as u32),
            bytes: int(5).map_or(0, |bytes| bytes as u64),
        })
    }

    fn fits_pcap(&self) -> bool {
        let one_link_type = self.link_types.is_none_or(|(low, high)| low == high);
        let holds = CaptureWriter::<Vec<u8>>::pcap_holds;
        one_link_type && self.times_ns.is_none_or(|(first, last)| holds(first) && holds(last))
    }

    fn link_type(&self) -> u16 {
        self.link_types.map_or(ETHERNET, |(low, _)| low as u16)
    }
}
