//! Rows into parts of a store, without an ingest before them: for benchmarks.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use schema::Table;

use crate::store::{Store, Transaction};
use crate::{Error, PacketCodec};

/// Makes a store in a new or empty directory and writes rows of one table in one commit, as an ingest does; gives the bytes of their
/// parts.
///
/// # Errors
///
/// What the system refuses.
pub fn write(
    directory: &Path,
    table: &'static Table,
    batches: &[RecordBatch],
    codec: PacketCodec,
) -> Result<u64, Error> {
    let (store, _, _pin) = Store::create(directory)?;
    let mut transaction = Transaction::begin(&store)?;
    transaction.compress_by(codec);
    for batch in batches {
        transaction.write(table, batch)?;
    }
    let committed = transaction.commit()?;
    Ok(committed.added.bytes)
}
