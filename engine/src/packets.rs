//! Packets, read back: those of one connection, one by its number, or a stream of them.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampNanosecondType};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use futures::TryStreamExt;
use schema::tables::packets::TABLE;
use sql::Tables;
use sql::capture_file::Record;

use crate::columns::{COMMENT, CONN_ID, DATA, INTERFACE, LINK_TYPE, ORIGINAL_LENGTH, PACKET, TIMESTAMP, column};
use crate::late::read_for;
use crate::provider::Purpose;
use crate::session::Snapshot;
use crate::{Counters, Error, query};

/// One stored packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Number in the database.
    pub number: i64,
    /// Capture time.
    pub timestamp_ns: i64,
    /// Link type.
    pub link_type: u16,
    /// Bytes on the wire.
    pub original_length: u32,
    /// Comment in the capture.
    pub comment: Option<String>,
    /// The bytes as captured.
    pub data: Vec<u8>,
}

/// The packets of a connection in capture order, and what it took to read them.
pub(crate) async fn of_connection(
    conn_id: i64,
    snapshot: &Snapshot,
    session: &SessionState,
) -> Result<(Vec<Packet>, Counters), Error> {
    let of_connection = column(CONN_ID).eq(number(conn_id));
    read(rows(snapshot, Some(of_connection))?, session).await
}

/// One packet.
pub(crate) async fn by_number(
    packet: i64,
    snapshot: &Snapshot,
    session: &SessionState,
) -> Result<Option<Packet>, Error> {
    let this = column(PACKET).eq(number(packet));
    let (mut packets, _) = read(rows(snapshot, Some(this))?, session).await?;
    Ok(packets.pop())
}

/// Plans the packets for which a predicate is true by time, then by number, with the columns that a capture file needs.
pub(crate) fn plan(snapshot: &Snapshot, predicate: Option<Expr>) -> Result<LogicalPlan, Error> {
    rows(snapshot, predicate)?
        .sort([TIMESTAMP, PACKET].map(|name| column(name).sort(true, false)))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Error::of_query)
}

/// Plans the packets for which a predicate is true in no order, with the columns that a capture file needs.
fn rows(snapshot: &Snapshot, predicate: Option<Expr>) -> Result<LogicalPlanBuilder, Error> {
    let source = provider_as_source(snapshot.tables().provider(&TABLE));
    LogicalPlanBuilder::scan(TABLE.name, source, None)
        .and_then(|plan| match predicate {
            Some(predicate) => plan.filter(predicate),
            None => Ok(plan),
        })
        .and_then(|plan| {
            let columns = [PACKET, TIMESTAMP, INTERFACE, LINK_TYPE, ORIGINAL_LENGTH, COMMENT, DATA];
            plan.project(columns.map(column))
        })
        .map_err(Error::of_query)
}

/// Reads few packets, by number.
async fn read(rows: LogicalPlanBuilder, session: &SessionState) -> Result<(Vec<Packet>, Counters), Error> {
    let plan = rows.build().and_then(|plan| read_for(plan, Purpose::Named));
    let plan = plan.map_err(Error::of_query)?;
    let mut rows = query::run(&plan, session).await?;
    let probe = rows.probe();
    let mut packets = Vec::new();
    while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
        for_each(&batch, |number, record| {
            packets.push(Packet {
                number,
                timestamp_ns: record.timestamp_ns,
                link_type: record.link_type,
                original_length: record.original_length,
                comment: record.comment.map(str::to_owned),
                data: record.data.to_owned(),
            });
            Ok(())
        })?;
    }
    packets.sort_unstable_by_key(|packet| packet.number);
    Ok((packets, probe.counters()))
}

/// Gives each row of a batch of [`plan`] with its number.
pub(crate) fn for_each(
    batch: &RecordBatch,
    mut each: impl FnMut(i64, Record<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let numbers = batch.column(0).as_primitive::<Int64Type>();
    let times = batch.column(1).as_primitive::<TimestampNanosecondType>();
    let interfaces = batch.column(2).as_primitive::<Int64Type>();
    let link_types = batch.column(3).as_primitive::<Int64Type>();
    let original_lengths = batch.column(4).as_primitive::<Int64Type>();
    let comments = batch.column(5).as_string_view();
    let data = batch.column(6).as_binary::<i32>();
    for row in 0..batch.num_rows() {
        let record = Record {
            timestamp_ns: times.value(row),
            link_type: link_types.value(row) as u16,
            interface: interfaces.value(row) as u32,
            original_length: original_lengths.value(row) as u32,
            comment: comments.is_valid(row).then(|| comments.value(row)),
            data: data.value(row),
        };
        each(numbers.value(row), record)?;
    }
    Ok(())
}

fn number(value: i64) -> Expr {
    Expr::Literal(ScalarValue::Int64(Some(value)), None)
}
