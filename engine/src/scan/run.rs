//! One partition of a [`ChooseExec`] as it runs: row groups in order, in each the rows that are found.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder, FileSource as _};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::parquet::arrow::arrow_reader::RowSelection;
use datafusion::physical_expr_common::physical_expr::snapshot_generation;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, MetricBuilder, PruningMetrics};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::group::{Group, Reader, Scan};
use super::{ChooseExec, Order};

/// Columns above which a row group's rows are not held back to be given in reverse.
const REVERSED_COLUMNS: usize = 8;

/// One partition as it runs.
pub(super) struct Run {
    exec: ChooseExec,
    context: Arc<TaskContext>,
    partition: usize,
    baseline: BaselineMetrics,
    read: Count,
    pruned: PruningMetrics,
    /// The predicate for statistics, and of which state of the filters it is.
    predicate: Mutex<Option<(u64, Option<Arc<PruningPredicate>>)>>,
}

pub(super) type Batches = stream::BoxStream<'static, Result<RecordBatch>>;

impl Run {
    /// The batches of a partition: its share of the row groups, one after the other.
    pub(super) fn start(exec: &ChooseExec, partition: usize, context: Arc<TaskContext>) -> Batches {
        let partitions = exec.properties.partitioning.partition_count();
        let run = Arc::new(Self {
            exec: exec.clone(),
            context,
            partition,
            baseline: BaselineMetrics::new(&exec.metrics, partition),
            read: MetricBuilder::new(&exec.metrics).counter("bytes_scanned", partition),
            pruned: MetricBuilder::new(&exec.metrics).pruning_metrics("row_groups_pruned_statistics", partition),
            predicate: Mutex::new(None),
        });
        let groups = run.clone();
        stream::once(async move { groups.groups().await })
            .map_ok(move |groups| {
                let own = groups.into_iter().skip(partition).step_by(partitions);
                stream::iter(own.map(Ok::<_, DataFusionError>))
            })
            .try_flatten()
            .and_then(move |group| {
                let run = run.clone();
                async move { run.batches(group).await }
            })
            .try_flatten()
            .boxed()
    }

    fn reader(&self, file: &PartitionedFile) -> Result<Reader> {
        let metrics = &self.exec.metrics;
        self.exec
            .readers
            .create_reader(self.partition, file.clone(), None, metrics)
    }

    /// The row groups of all parts, those first that the order would like first.
    async fn groups(&self) -> Result<Vec<Group>> {
        let mut groups = Vec::new();
        for file in self.exec.bare.file_groups.iter().flat_map(FileGroup::iter) {
            let metadata = self.reader(file)?.get_metadata(None).await?;
            groups.extend((0..metadata.num_row_groups()).map(|number| Group {
                file: file.clone(),
                metadata: metadata.clone(),
                number,
            }));
        }
        if let Some(Order { column, descending }) = &self.exec.order {
            let mut keyed: Vec<_> = groups
                .into_iter()
                .map(|group| (group.range(column, self.table()), group))
                .collect();
            keyed.sort_by(|(one, _), (other, _)| match (one, other) {
                (Some(one), Some(other)) if *descending => other.1.partial_cmp(&one.1).unwrap_or(Ordering::Equal),
                (Some(one), Some(other)) => one.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal),
                (one, other) => other.is_some().cmp(&one.is_some()),
            });
            groups = keyed.into_iter().map(|(_, group)| group).collect();
        }
        Ok(groups)
    }

    /// The rows of a row group.
    async fn batches(self: Arc<Self>, group: Group) -> Result<Batches> {
        // What a sort above has learned changes from row group to row group.
        if self
            .predicate()?
            .is_some_and(|predicate| !group.may_match(&predicate, self.table()))
        {
            self.pruned.add_pruned(1);
            return Ok(stream::empty().boxed());
        }
        let mut reader = self.reader(&group.file)?;
        let found = {
            let _timer = self.baseline.elapsed_compute().timer();
            group.find(&self.exec.condition, &mut reader, self.as_ref()).await?
        };
        let count = found.count_set_bits();
        self.baseline.record_output(count);
        if count == 0 {
            return Ok(stream::empty().boxed());
        }
        let schema = self.exec.schema();
        if schema.fields().is_empty() {
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            let batch = RecordBatch::try_new_with_options(schema, Vec::new(), &options)?;
            return Ok(stream::once(async { Ok(batch) }).boxed());
        }
        let access = if count == found.len() {
            RowGroupAccess::Scan
        } else {
            RowGroupAccess::Selection(RowSelection::from_filters(&[BooleanArray::new(found, None)]))
        };
        let (config, _) = self.exec.source()?;
        let rows = run(config, &group, access, &self.context)?;
        let descending = self.exec.order.as_ref().is_some_and(|order| order.descending);
        if !descending || schema.fields().len() > REVERSED_COLUMNS {
            return Ok(rows.boxed());
        }
        let mut batches: Vec<_> = rows.try_collect().await?;
        batches.reverse();
        Ok(stream::iter(batches.into_iter().map(Ok)).boxed())
    }

    /// What statistics can rule row groups out by, as of now.
    fn predicate(&self) -> Result<Option<Arc<PruningPredicate>>> {
        let (_, source) = self.exec.source()?;
        let Some(filter) = source.filter() else { return Ok(None) };
        let mut known = self.predicate.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = snapshot_generation(&filter);
        match known.as_ref() {
            Some((of, predicate)) if *of == generation => Ok(predicate.clone()),
            _ => {
                let builder = PruningPredicateBuilder::new().with_file_schema(self.table().clone());
                let predicate = builder.try_build(filter).ok().map(Arc::new);
                *known = Some((generation, predicate.clone()));
                Ok(predicate)
            }
        }
    }
}

#[async_trait::async_trait]
impl Scan for Run {
    async fn column(&self, group: &Group, name: &str) -> Result<Vec<ArrayRef>> {
        let position = self.table().index_of(name)?;
        let config = FileScanConfigBuilder::from(self.exec.bare.clone())
            .with_projection_indices(Some(vec![position]))?
            .build();
        let batches: Vec<_> = run(&config, group, RowGroupAccess::Scan, &self.context)?
            .try_collect()
            .await?;
        Ok(batches.iter().map(|batch| batch.column(0).clone()).collect())
    }

    fn table(&self) -> &SchemaRef {
        self.exec.bare.file_schema()
    }

    fn read(&self, bytes: usize) {
        self.read.add(bytes);
    }
}

/// Runs a scan for rows of one row group.
fn run(
    config: &FileScanConfig,
    group: &Group,
    access: RowGroupAccess,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let mut plan = ParquetAccessPlan::new_none(group.metadata.num_row_groups());
    plan.set(group.number, access);
    let file = group.file.clone().with_extension(plan);
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(vec![FileGroup::new(vec![file])])
        .build();
    DataSourceExec::from_data_source(config).execute(0, context.clone())
}
