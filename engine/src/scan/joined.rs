//! Small batches, joined to larger ones.

use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::run::Batches;

/// Batches of so many rows, made of smaller ones.
pub(super) fn joined_to(rows: usize, schema: SchemaRef, batches: Batches) -> Batches {
    let joined = (BatchCoalescer::new(schema, rows), Some(batches));
    let next = |(mut joined, mut batches): (BatchCoalescer, Option<Batches>)| async move {
        loop {
            if let Some(batch) = joined.next_completed_batch() {
                return Ok(Some((batch, (joined, batches))));
            }
            let Some(more) = &mut batches else { return Ok(None) };
            match more.try_next().await? {
                Some(batch) => joined.push_batch(batch)?,
                None => {
                    joined.finish_buffered_batch()?;
                    batches = None;
                }
            }
        }
    };
    stream::try_unfold(joined, next).boxed()
}
