//! Scans of row groups: configured once, given what to read one file at a time.

use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder, FileSource as _};
use datafusion::datasource::source::DataSource as _;
use datafusion::execution::TaskContext;
use datafusion::parquet::arrow::arrow_reader::RowSelection;
use datafusion::physical_plan::SendableRecordBatchStream;

use super::ChooseExec;
use super::group::Group;

/// What is read of a row group for the rows that were found.
pub(super) fn access(found: BooleanBuffer) -> RowGroupAccess {
    if found.count_set_bits() == found.len() {
        return RowGroupAccess::Scan;
    }
    RowGroupAccess::Selection(RowSelection::from_filters(&[BooleanArray::new(found, None)]))
}

/// A scan as it is configured, to be given one file at a time.
pub(super) fn without_files(config: &FileScanConfig) -> FileScanConfig {
    FileScanConfigBuilder::from(config.clone())
        .with_file_groups(Vec::new())
        .build()
}

/// The scan of the chosen rows without its filter: to make a filter fit a file costs more than all rows of a small one.
pub(super) fn unfiltered(exec: &ChooseExec) -> Result<Option<FileScanConfig>> {
    let (_, source) = exec.source()?;
    let Some(projection) = source.projection() else {
        return Ok(Some(without_files(&exec.bare)));
    };
    let source = exec.bare.file_source().try_pushdown_projection(projection)?;
    let config = |source| {
        FileScanConfigBuilder::from(exec.bare.clone())
            .with_file_groups(Vec::new())
            .with_source(source)
            .build()
    };
    Ok(source.map(config))
}

/// Runs a scan for rows of one row group.
pub(super) fn run(
    config: &FileScanConfig,
    group: &Group,
    access: RowGroupAccess,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let file = group.file.clone().with_extension(only(group, access));
    run_files(config, vec![file], context)
}

/// Runs a scan for rows of some files.
pub(super) fn run_files(
    config: &FileScanConfig,
    files: Vec<PartitionedFile>,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(vec![FileGroup::new(files)])
        .build();
    // Without a plan node, whose properties are worked out column by column.
    config.open(0, context.clone())
}

/// One row group of its part.
pub(super) fn only(group: &Group, access: RowGroupAccess) -> ParquetAccessPlan {
    let mut plan = ParquetAccessPlan::new_none(group.metadata.num_row_groups());
    plan.set(group.number, access);
    plan
}
