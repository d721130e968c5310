//! One partition of a [`ChooseExec`] as it runs: row groups in order, in each the rows that are found.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::arrow::array::{ArrayRef, BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, FileSource as _};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_expr_common::physical_expr::snapshot_generation;
use datafusion::physical_plan::filter::batch_filter;
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, MetricBuilder, PruningMetrics};
use datafusion::physical_plan::{ExecutionPlan as _, PhysicalExpr};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::few::Few;
use super::group::{Group, Reader, Scan};
use super::joined::joined_to;
use super::known::Known;
use super::pieces::{pieces, within};
use super::points::{self, Found, MOST_ROWS};
use super::queue::Queue;
use super::reading::{access, only, run, run_files, unfiltered, without_files};
use super::wanted::Wanted;
use super::{ChooseExec, Order, WholePart};
use crate::footers::FOOTER_BYTES;
use crate::store::{Columns, Part};

/// Columns above which a row group's rows are read at once, and not held back to be given in reverse.
pub(super) const FEW_COLUMNS: usize = 8;

/// One partition as it runs.
pub(super) struct Run {
    exec: ChooseExec,
    context: Arc<TaskContext>,
    partition: usize,
    /// The scans of the chosen rows and of whole columns, without files.
    rows: FileScanConfig,
    bare: FileScanConfig,
    /// The scan of the chosen rows without its filter, for small parts and for rows with places.
    plain: Option<FileScanConfig>,
    baseline: BaselineMetrics,
    read: Count,
    pruned: PruningMetrics,
    pages: PruningMetrics,
    /// How rows are read that are few, once some were found.
    few: OnceLock<Option<Few>>,
    /// What rules row groups out, and of which state of the filters it is.
    known: Mutex<Option<(u64, Arc<Known>)>>,
}

pub(super) type Batches = stream::BoxStream<'static, Result<RecordBatch>>;

impl Run {
    /// The batches of a partition: its share of the row groups, one after the other.
    pub(super) fn start(exec: &ChooseExec, partition: usize, context: Arc<TaskContext>) -> Result<Batches> {
        let run = Self::new(exec, partition, context)?;
        if run.reads_all()? {
            let rows = async move { run.all().await };
            return Ok(stream::once(rows).try_flatten().boxed());
        }
        let queue = Queue::new(run.clone());
        let groups = stream::try_unfold(queue, |mut queue| async move {
            Ok::<_, DataFusionError>(queue.next().await?.map(|group| (group, queue)))
        });
        let joined = run.joined_rows()?;
        let batches = groups.and_then(move |group| {
            let run = run.clone();
            async move { run.batches(group).await }
        });
        let batches = batches.try_flatten().boxed();
        Ok(match joined {
            Some(rows) => joined_to(rows, exec.schema(), batches),
            None => batches,
        })
    }

    /// How many rows batches are joined to, where all rows are read: those of small parts have few, and a sort above handles a
    /// hundred columns of each. What is asked for the first of them gets them as they come.
    fn joined_rows(&self) -> Result<Option<usize>> {
        let (config, source) = self.exec.source()?;
        let is_whole = self.exec.condition.is_always() && source.filter().is_none() && config.limit.is_none();
        let has_columns = !self.exec.schema().fields().is_empty();
        Ok((is_whole && has_columns && self.are_small()).then(|| self.context.session_config().batch_size()))
    }

    /// True if the parts are small, so that a footer is most of each.
    fn are_small(&self) -> bool {
        let bytes: u64 = self.parts().iter().map(|part| part.part.bytes).sum();
        bytes <= (self.parts().len() * FOOTER_BYTES) as u64
    }

    pub(super) fn new(exec: &ChooseExec, partition: usize, context: Arc<TaskContext>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            exec: exec.clone(),
            context,
            partition,
            rows: without_files(exec.source()?.0),
            bare: without_files(&exec.bare),
            plain: unfiltered(exec)?,
            baseline: BaselineMetrics::new(&exec.metrics, partition),
            read: MetricBuilder::new(&exec.metrics).counter("bytes_scanned", partition),
            pruned: MetricBuilder::new(&exec.metrics).pruning_metrics("row_groups_pruned_statistics", partition),
            pages: MetricBuilder::new(&exec.metrics).pruning_metrics("page_index_pages_pruned", partition),
            few: OnceLock::new(),
            known: Mutex::new(None),
        }))
    }

    /// True if row groups are read whole, in no order, and nothing is known by which one might be ruled out. Small parts may be many,
    /// whose footers are not wanted in memory all at once.
    fn reads_all(&self) -> Result<bool> {
        let (_, source) = self.exec.source()?;
        let is_free = self.exec.condition.is_always() && self.order().is_none() && source.filter().is_none();
        Ok(is_free && !self.exec.is_placed && !self.are_small() && !self.exec.schema().fields().is_empty())
    }

    /// The rows of all row groups. One scan reads them, for each that begins costs as much as thousands of rows.
    async fn all(self: Arc<Self>) -> Result<Batches> {
        let mut files: Vec<(PartitionedFile, ParquetAccessPlan)> = Vec::new();
        let mut queue = Queue::new(self.clone());
        while let Some(group) = queue.next().await? {
            self.baseline.record_output(group.rows());
            match files.last_mut().filter(|(file, _)| file.path() == group.file.path()) {
                Some((_, plan)) => plan.set(group.number, RowGroupAccess::Scan),
                None => files.push((group.file.clone(), only(&group, RowGroupAccess::Scan))),
            }
        }
        let files = files.into_iter().map(|(file, plan)| file.with_extension(plan));
        Ok(run_files(&self.rows, files.collect(), &self.context)?.boxed())
    }

    /// The row groups to read, if they are given.
    pub(super) fn within(&self) -> Option<Arc<[Group]>> {
        self.exec.within.clone()
    }

    /// The columns that are given.
    pub(super) fn schema(&self) -> SchemaRef {
        self.exec.schema()
    }

    /// The scan of the chosen rows.
    pub(super) fn chosen_rows(&self) -> &FileScanConfig {
        &self.rows
    }

    /// The scan of the chosen rows without its filter, if there can be one.
    pub(super) fn plain(&self) -> Option<&FileScanConfig> {
        self.plain.as_ref()
    }

    /// Counts row groups that are ruled out, and those that are read without a scan.
    pub(super) fn pruned(&self) -> &PruningMetrics {
        &self.pruned
    }

    /// What the query runs with.
    pub(super) fn context(&self) -> &Arc<TaskContext> {
        &self.context
    }

    /// The parts of the table.
    pub(super) fn parts(&self) -> &[WholePart] {
        &self.exec.parts
    }

    /// The order in which a sort above would like the rows.
    pub(super) fn order(&self) -> Option<&Order> {
        self.exec.order.as_ref()
    }

    /// True if what has this place among its like is the partition's own.
    pub(super) fn owns(&self, place: usize) -> bool {
        place % self.exec.properties.partitioning.partition_count() == self.partition
    }

    /// The columns by whose places the parts say what they know.
    pub(super) fn columns(&self) -> &Columns {
        &self.exec.columns
    }

    /// Which of some parts are not ruled out by what the manifest says of them, by what is known as of now.
    pub(super) fn matching(&self, parts: &[&Part]) -> Result<Vec<bool>> {
        Ok(self.known()?.matching(parts, self.columns(), self.table()))
    }

    /// False if statistics of a row group rule it out, by what is known as of now.
    fn may_hold(&self, group: &Group) -> Result<bool> {
        Ok(self.known()?.may_hold(group, self.table()))
    }

    pub(super) fn reader(&self, file: &PartitionedFile) -> Result<Reader> {
        self.exec.reader(self.partition, file)
    }

    /// A reader of a row group; `None` if statistics rule it out.
    pub(super) fn open(&self, group: &Group) -> Result<Option<Reader>> {
        // What a sort above has learned changes from row group to row group.
        if !self.may_hold(group)? {
            self.pruned.add_pruned(1);
            return Ok(None);
        }
        self.reader(&group.file).map(Some)
    }

    /// Which rows of a row group are chosen, with a reader of it; `None` if statistics rule it out.
    pub(super) async fn find(&self, group: &Group) -> Result<Option<(Reader, BooleanBuffer)>> {
        let Some(mut reader) = self.open(group)? else {
            return Ok(None);
        };
        let _timer = self.baseline.elapsed_compute().timer();
        let found = group.find(&self.exec.condition, &mut reader, self).await?;
        if found.len() != group.rows() {
            return Err(group.with_other_rows());
        }
        Ok(Some((reader, found)))
    }

    /// The rows of a row group.
    async fn batches(self: Arc<Self>, group: Group) -> Result<Batches> {
        let Some((mut reader, found)) = self.find(&group).await? else {
            return Ok(stream::empty().boxed());
        };
        let schema = self.exec.schema();
        let few = self.few()?.filter(|_| !schema.fields().is_empty());
        let known = self.known()?;
        let (found, have) = match few {
            Some(_) if found.count_set_bits() > MOST_ROWS => {
                self.narrowed(&group, found, known.wanted(), &mut reader).await?
            }
            _ => (found, None),
        };
        let count = found.count_set_bits();
        self.baseline.record_output(count);
        if count == 0 {
            return Ok(stream::empty().boxed());
        }
        if schema.fields().is_empty() {
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            let batch = RecordBatch::try_new_with_options(schema, Vec::new(), &options)?;
            return Ok(stream::once(async { Ok(batch) }).boxed());
        }
        if let Some(few) = few
            && let Some(rows) = few.rows(&group, &found, have, &mut reader).await?
        {
            self.pruned.add_matched(1);
            return Ok(stream::once(async { Ok(rows) }).boxed());
        }
        let group = match self.exec.is_placed {
            true => group,
            false => group.with_nulls_told(self.table()),
        };
        let order = self.order().filter(|_| schema.fields().len() <= FEW_COLUMNS);
        let Some(order) = order.cloned() else {
            return self.rows(&group, found);
        };
        let pieces = pieces(found.len(), &order).into_iter();
        let pieces = pieces.map(move |rows| within(&found, &rows));
        let pieces = pieces.filter(|found| found.count_set_bits() > 0);
        let batches = stream::iter(pieces).then(move |found| {
            let (run, group) = (self.clone(), group.clone());
            async move { run.piece(&group, found, order.descending).await }
        });
        Ok(batches.try_flatten().boxed())
    }

    /// The rows of a piece of a row group, in the direction of the order as far as batches tell.
    async fn piece(self: Arc<Self>, group: &Group, found: BooleanBuffer, descending: bool) -> Result<Batches> {
        // A sort that has its rows by now does not want the rest of the row group either.
        if !self.may_hold(group)? {
            return Ok(stream::empty().boxed());
        }
        let found = self.still_wanted(group, found).await?;
        if found.count_set_bits() == 0 {
            return Ok(stream::empty().boxed());
        }
        if let Some(rows) = self.few_rows(group, &found).await? {
            return Ok(rows);
        }
        let rows = self.rows(group, found)?;
        if !descending {
            return Ok(rows);
        }
        let mut batches: Vec<_> = rows.try_collect().await?;
        batches.reverse();
        Ok(stream::iter(batches.into_iter().map(Ok)).boxed())
    }

    /// Leaves of the rows that were found in a row group those that have one of the ids that are wanted, and tells of which list these
    /// are.
    async fn narrowed<'a>(
        &self,
        group: &Group,
        found: BooleanBuffer,
        lists: &'a [Wanted],
        reader: &mut Reader,
    ) -> Result<(BooleanBuffer, Option<&'a Wanted>)> {
        let Some(Found {
            of,
            rows,
            read,
            passed_over,
        }) = points::rows_with(group, lists, reader).await?
        else {
            return Ok((found, None));
        };
        self.pages.add_matched(read);
        self.pages.add_pruned(passed_over);
        let mut have_ids = BooleanBufferBuilder::new(found.len());
        have_ids.append_n(found.len(), false);
        rows.into_iter().for_each(|row| have_ids.set_bit(row, true));
        Ok((&found & &have_ids.finish(), Some(of)))
    }

    /// The rows that were found in a row group, if they are few.
    pub(super) async fn few_rows(&self, group: &Group, found: &BooleanBuffer) -> Result<Option<Batches>> {
        let Some(few) = self.few()?.filter(|_| found.count_set_bits() <= MOST_ROWS) else {
            return Ok(None);
        };
        let rows = few.rows(group, found, None, &mut self.reader(&group.file)?).await?;
        Ok(rows.map(|rows| {
            self.pruned.add_matched(1);
            stream::once(async { Ok(rows) }).boxed()
        }))
    }

    /// How rows are read that are few, if they can be.
    fn few(&self) -> Result<Option<&Few>> {
        if let Some(few) = self.few.get() {
            return Ok(few.as_ref());
        }
        let threads = self.context.session_config().target_partitions();
        let few = Few::new(&self.exec, self.partition, self.table(), threads)?;
        Ok(self.few.get_or_init(|| few).as_ref())
    }

    /// The rows that were found in a row group, filtered by what the scan filters by.
    pub(super) fn rows(self: &Arc<Self>, group: &Group, found: BooleanBuffer) -> Result<Batches> {
        if self.exec.is_placed {
            return Ok(self.placed(group, found));
        }
        let is_small = group.file.object_meta.size <= FOOTER_BYTES as u64;
        let plain = self.plain.as_ref().filter(|_| is_small);
        let Some((plain, filter)) = plain.zip(self.filter()?) else {
            return Ok(run(&self.rows, group, access(found), &self.context)?.boxed());
        };
        let rows = run(plain, group, access(found), &self.context)?;
        Ok(match filter {
            Some(filter) => rows
                .and_then(move |rows| std::future::ready(batch_filter(&rows, &filter)))
                .boxed(),
            None => rows.boxed(),
        })
    }

    /// What rows are filtered by while they are read, as a filter of what is read, if anything; `None` if it is of other columns
    /// as well.
    pub(super) fn filter(&self) -> Result<Option<Option<Arc<dyn PhysicalExpr>>>> {
        let (_, source) = self.exec.source()?;
        let filters = source.table_parquet_options().global.pushdown_filters;
        let Some(filter) = source.filter().filter(|_| filters) else {
            return Ok(Some(None));
        };
        Ok(reassign_expr_columns(filter, &self.exec.schema()).ok().map(Some))
    }

    /// Columns of chosen rows of a row group, which are named in the order of the table.
    pub(super) fn chosen(&self, group: &Group, names: &[String], found: &BooleanBuffer) -> Result<Batches> {
        let positions = names.iter().map(|name| Ok(self.table().index_of(name)?));
        let config = FileScanConfigBuilder::from(self.bare.clone())
            .with_projection_indices(Some(positions.collect::<Result<_>>()?))?
            .build();
        Ok(run(&config, group, access(found.clone()), &self.context)?.boxed())
    }

    /// A column of chosen rows of a row group, in pieces. Whole numbers and times are read page by page, for what that decodes
    /// in vain costs less than to begin a scan.
    pub(super) async fn chosen_column(
        &self,
        group: &Group,
        name: &str,
        found: &BooleanBuffer,
        reader: &mut Reader,
    ) -> Result<Vec<ArrayRef>> {
        let (mut pieces, mut done) = (Vec::new(), 0);
        let choose = |page: ArrayRef| {
            let rows = BooleanArray::new(found.slice(done, page.len()), None);
            done += page.len();
            pieces.push(filter(&page, &rows)?);
            Ok(())
        };
        if group.each_integers(name, reader, self, choose).await?.is_some() {
            return Ok(pieces);
        }
        self.scanned_column(group, name, found).await
    }

    /// The same by a scan.
    async fn scanned_column(&self, group: &Group, name: &str, found: &BooleanBuffer) -> Result<Vec<ArrayRef>> {
        let batches: Vec<_> = self.chosen(group, &[name.to_owned()], found)?.try_collect().await?;
        Ok(batches.iter().map(|batch| batch.column(0).clone()).collect())
    }

    /// What row groups can be ruled out by, as of now.
    pub(super) fn known(&self) -> Result<Arc<Known>> {
        let (_, source) = self.exec.source()?;
        let Some(filter) = source.filter() else {
            return Ok(Arc::default());
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = snapshot_generation(&filter);
        match known.as_ref() {
            Some((of, known)) if *of == generation => Ok(known.clone()),
            _ => {
                let now = Arc::new(Known::of(filter, self.table(), self.order())?);
                *known = Some((generation, now.clone()));
                Ok(now)
            }
        }
    }
}

#[async_trait::async_trait]
impl Scan for Run {
    async fn column(&self, group: &Group, name: &str) -> Result<Vec<ArrayRef>> {
        self.scanned_column(group, name, &BooleanBuffer::new_set(group.rows()))
            .await
    }

    fn table(&self) -> &SchemaRef {
        self.bare.file_schema()
    }

    fn read(&self, bytes: usize) {
        self.read.add(bytes);
    }
}
