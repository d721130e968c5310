//! The order of packets in a part: by (flow_id, conn_id, packet), so that a connection's packets are a few pages.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::interleave_record_batch;
use datafusion::arrow::datatypes::Int64Type;
use schema::tables::packets;

use crate::Error;
use crate::columns::{CONN_ID, DATA, FLOW_ID, PACKET};
use crate::store::Transaction;

/// Bytes of one batch, about.
pub(crate) const BATCH_BYTES: usize = 4 << 20;
/// Rows of one batch at most.
pub(crate) const BATCH_ROWS: usize = 1024;

/// Writes the packets of some batches in the order of a part.
pub(crate) fn write_clustered(transaction: &mut Transaction, batches: &[RecordBatch]) -> Result<(), Error> {
    let mut order = Vec::new();
    for (index, batch) in batches.iter().enumerate() {
        let column = |name| {
            batch
                .column_by_name(name)
                .expect("the batches have the table's columns")
        };
        let ids = |name| column(name).as_primitive::<Int64Type>().iter();
        let bytes = column(DATA).as_binary::<i32>().offsets().lengths();
        let keys = ids(FLOW_ID).zip(ids(CONN_ID)).zip(ids(PACKET));
        for (row, (((flow_id, conn_id), packet), bytes)) in keys.zip(bytes).enumerate() {
            order.push((flow_id, conn_id, packet, (index, row), bytes));
        }
    }
    // Of no flow is before all flows.
    order.sort_unstable();
    let batches: Vec<_> = batches.iter().collect();
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(.., length): &&(_, _, _, _, usize)| {
            bytes += length;
            bytes <= BATCH_BYTES
        };
        let rows = rest.iter().take(BATCH_ROWS).take_while(fits).count().max(1);
        let (now, later) = rest.split_at(rows);
        let places: Vec<_> = now.iter().map(|(.., place, _)| *place).collect();
        let batch = interleave_record_batch(&batches, &places).expect("a few MiB of one schema fit one batch");
        transaction.write(&packets::TABLE, &batch)?;
        rest = later;
    }
    Ok(())
}
