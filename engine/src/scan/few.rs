//! The rows of a row group that are few, as a scan would give them: filtered and projected, but read one by one.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::prep_null_mask_filter;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::datasource::physical_plan::FileSource as _;
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_expr::projection::Projector;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{conjunction_opt, split_conjunction};
use datafusion::physical_plan::{ExecutionPlan as _, PhysicalExpr};

use super::ChooseExec;
use super::group::{Group, Reader};
use super::placed::with_places;
use super::points;
use super::run::FEW_COLUMNS;
use super::wanted::Wanted;

/// What a scan does with rows.
pub(super) struct Few {
    exec: ChooseExec,
    partition: usize,
    table: SchemaRef,
    threads: usize,
    filter: Option<Arc<dyn PhysicalExpr>>,
    /// The columns that are read, by their places in the table.
    columns: Vec<usize>,
    read: SchemaRef,
    projector: Projector,
    projected: SchemaRef,
}

impl Few {
    pub(super) fn new(exec: &ChooseExec, partition: usize, table: &SchemaRef, threads: usize) -> Result<Option<Self>> {
        let (_, source) = exec.source()?;
        let Some(projection) = source.projection() else {
            return Ok(None);
        };
        let is_filtered = source.table_parquet_options().global.pushdown_filters;
        let columns = projection.column_indices();
        let read = Arc::new(table.project(&columns)?);
        let projection = projection.clone();
        let projection = projection.try_map_exprs(|expr| reassign_expr_columns(expr, &read))?;
        Ok(Some(Self {
            exec: exec.clone(),
            partition,
            table: table.clone(),
            threads,
            filter: source.filter().filter(|_| is_filtered),
            columns,
            projector: projection.make_projector(&read)?,
            read,
            projected: exec.schema(),
        }))
    }

    /// The rows that were found in a row group, and of which the scan's filter is true; `None` if they are not few, and if they
    /// are to be read by a scan. Of a list whose values they are known to have they are not asked again.
    pub(super) async fn rows(
        &self,
        group: &Group,
        found: &BooleanBuffer,
        have: Option<&Wanted>,
        reader: &mut Reader,
    ) -> Result<Option<RecordBatch>> {
        if found.count_set_bits() > points::MOST_ROWS {
            return Ok(None);
        }
        let mut rows: Vec<_> = found.set_indices().collect();
        if !rows.is_empty()
            && let Some(filter) = self.unanswered(have)
        {
            let Some(kept) = self.kept(&filter, group, &rows, reader).await? else {
                return Ok(None);
            };
            let mut kept = kept.iter();
            rows.retain(|_| kept.next().unwrap_or(false));
        }
        if rows.is_empty() {
            return Ok(Some(RecordBatch::new_empty(self.projected.clone())));
        }
        let batch = self.read(group, &self.columns, &self.read, &rows, reader).await?;
        let project = |batch| {
            let given = self.projector.project_batch(&batch)?;
            match self.exec.is_placed {
                true => with_places(&self.projected, &given, group.places(rows.iter().copied())),
                false => Ok(given.with_schema(self.projected.clone())?),
            }
        };
        batch.map(project).transpose()
    }

    /// What is to be asked of rows that have the values of a list. What a sort above has learned is no question of its own: of a few rows it
    /// is told sooner by what reads them all.
    fn unanswered(&self, have: Option<&Wanted>) -> Option<Arc<dyn PhysicalExpr>> {
        let is_few = self.columns.len() <= FEW_COLUMNS;
        let parts = split_conjunction(self.filter.as_ref()?).into_iter();
        let is_answered = |part: &Arc<dyn PhysicalExpr>| {
            have.is_some_and(|have| have.is_said_by(part)) || is_few && part.is::<DynamicFilterPhysicalExpr>()
        };
        let parts = parts.filter(|part| !is_answered(part));
        conjunction_opt(parts.cloned())
    }

    /// Of which rows a filter is true.
    async fn kept(
        &self,
        filter: &Arc<dyn PhysicalExpr>,
        group: &Group,
        rows: &[usize],
        reader: &mut Reader,
    ) -> Result<Option<BooleanBuffer>> {
        let mut columns: Vec<_> = collect_columns(filter).iter().map(|column| column.index()).collect();
        columns.sort_unstable();
        columns.dedup();
        let schema = Arc::new(self.table.project(&columns)?);
        let Some(batch) = self.read(group, &columns, &schema, rows, reader).await? else {
            return Ok(None);
        };
        let filter = reassign_expr_columns(filter.clone(), &schema)?;
        let kept = filter.evaluate(&batch)?.into_array(rows.len())?;
        let kept = kept.as_boolean_opt();
        Ok(kept.map(|kept| match kept.nulls() {
            Some(_) => prep_null_mask_filter(kept).values().clone(),
            None => kept.values().clone(),
        }))
    }

    async fn read(
        &self,
        group: &Group,
        columns: &[usize],
        schema: &Arc<Schema>,
        rows: &[usize],
        reader: &mut Reader,
    ) -> Result<Option<RecordBatch>> {
        let reader_of = || self.exec.reader(self.partition, &group.file);
        let others = || match self.threads {
            0 | 1 => Ok(None),
            _ => Ok(Some([reader_of()?, reader_of()?])),
        };
        let Some(columns) = points::read(group, &self.table, columns, rows, reader, others).await? else {
            return Ok(None);
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
        Ok(Some(batch))
    }
}
