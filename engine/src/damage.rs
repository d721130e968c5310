//! Which part it was: DataFusion's own scan does not say which of its files it could not decode.
//!
//! Comes in: what went wrong, and the plan. Goes out: the same with the part's name, found by decoding the files of the plan's scans
//! once more, one after the other. That is done after a failure alone, and takes as long as reading them whole.

use std::fs::File;
use std::sync::Arc;

use datafusion::datasource::physical_plan::{FileScanConfig, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::ExecutionPlan;
use object_store::{GetResultPayload, ObjectStoreExt};

use crate::Error;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1024;

/// Names the part that could not be read, if the error does not.
pub(crate) async fn named(
    error: DataFusionError,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> DataFusionError {
    let Some(Error::Part { path: None, reason }) = Error::of_part(&error) else {
        return error;
    };
    let mut scans = Vec::new();
    find_scans(&plan, &mut scans);
    for scan in &scans {
        let Ok(store) = context.runtime_env().object_store(&scan.object_store_url) else {
            continue;
        };
        for file in scan.file_groups.iter().flat_map(|group| group.files()) {
            let got = store.get(&file.object_meta.location).await.map(|got| got.payload);
            let Ok(GetResultPayload::File(opened, _)) = got else {
                continue;
            };
            // What cannot be looked at is not what was damaged.
            let is_whole = tokio::task::spawn_blocking(move || is_whole(opened)).await;
            if is_whole.is_ok_and(|is_whole| !is_whole) {
                return Error::part(&file.object_meta.location, reason);
            }
        }
    }
    error
}

/// The scans of a plan that read files as they come.
fn find_scans<'p>(plan: &'p Arc<dyn ExecutionPlan>, scans: &mut Vec<&'p FileScanConfig>) {
    let exec = plan.downcast_ref::<DataSourceExec>();
    let source = exec.and_then(DataSourceExec::downcast_to_file_source::<ParquetSource>);
    scans.extend(source.map(|(scan, _)| scan));
    for child in plan.children() {
        find_scans(child, scans);
    }
}

/// True if all rows of a part can be decoded.
fn is_whole(part: File) -> bool {
    let batches =
        ParquetRecordBatchReaderBuilder::try_new(part).and_then(|builder| builder.with_batch_size(BATCH_ROWS).build());
    batches.is_ok_and(|mut batches| batches.all(|batch| batch.is_ok()))
}
