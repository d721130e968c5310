//! A scan that first finds the rows of a filter, row group by row group, then reads the other columns of those rows.
//!
//! Statistics rule row groups out, also by what a sort above has learned meanwhile. In those that remain, questions of single
//! columns are answered by dictionaries: once for each value, and no column of the filter is decoded. A count reads
//! nothing else. If a sort asks for the newest rows the newest row groups come first, and in them the newest rows; parts that
//! hold older rows alone are not even opened.
//!
//! The node's child is the scan as DataFusion would run it, without the questions; it is run for one row group at a time, with
//! the rows that were found.
//!
//! Absent on purpose: filters over several columns that AND and OR do not part; the plan filters them above.

mod counts;
mod delta;
mod dictionary;
mod few;
mod flags;
mod group;
mod hybrid;
mod integers;
mod joined;
mod keyed;
mod known;
mod pages;
mod pieces;
mod placed;
mod plain;
mod points;
mod question;
mod queue;
mod reading;
mod run;
mod span;
mod statistics;
mod tally;
#[cfg(test)]
mod tests;
mod wanted;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileScanConfig, FileScanConfigBuilder, FileSource as _, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, SendableRecordBatchStream,
};
use group::{Group, Reader};
pub(crate) use placed::{PLACE, PlacedRows, parts_of};
pub(crate) use question::{Condition, asks_a_key, is_answerable, is_of_one_id, is_time_range};
use run::Run;
pub(crate) use tally::Tallies;

use crate::provider::key;
use crate::store::{Columns, Content, Part};

/// The node.
#[derive(Clone, Debug)]
pub(crate) struct ChooseExec {
    condition: Condition,
    parts: Arc<[WholePart]>,
    /// The columns by whose places the parts say what they know.
    columns: Columns,
    /// The scan of the chosen rows.
    rows: Arc<dyn ExecutionPlan>,
    /// A scan of all columns and rows, to read a column that a question needs.
    bare: FileScanConfig,
    readers: Arc<dyn ParquetFileReaderFactory>,
    order: Option<Order>,
    /// Whether rows come with their places.
    is_placed: bool,
    /// The row groups that are read, if not all of a partition.
    within: Option<Arc<[Group]>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// A part that is scanned.
#[derive(Clone, Debug)]
pub(crate) struct WholePart {
    pub(crate) part: Part,
    pub(crate) file: PartitionedFile,
}

impl WholePart {
    /// Smallest and largest value of a column, where the manifest knows them.
    fn range(&self, column: &str, columns: &Columns, schema: &Schema) -> Option<(ScalarValue, ScalarValue)> {
        let Content::Range(first, last) = columns.content(column, &self.part) else {
            return None;
        };
        let data_type = schema.field_with_name(column).ok()?.data_type();
        Some((key(data_type, Some(first)), key(data_type, Some(last))))
    }
}

/// The order in which a sort above would like the rows.
#[derive(Clone, Debug)]
struct Order {
    column: String,
    descending: bool,
}

impl ChooseExec {
    /// Makes the node for so many partitions.
    pub(crate) fn new(
        condition: Condition,
        (parts, columns): (Arc<[WholePart]>, Columns),
        rows: Arc<dyn ExecutionPlan>,
        bare: FileScanConfig,
        readers: Arc<dyn ParquetFileReaderFactory>,
        partitions: usize,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(rows.schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            condition,
            parts,
            columns,
            rows,
            bare,
            readers,
            order: None,
            is_placed: false,
            within: None,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// The same with the places of the rows behind the other columns.
    pub(crate) fn with_places(self) -> Self {
        let place = Field::new(PLACE, DataType::Int64, true);
        let fields = self.rows.schema();
        let fields = fields.fields().iter().cloned().chain([Arc::new(place)]);
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            self.properties.partitioning.clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            is_placed: true,
            properties: Arc::new(properties),
            ..self
        }
    }

    /// The same, of those rows alone of which a filter over the table's columns is true; `None` if the scan leaves that to a plan above.
    pub(crate) fn filtered(&self, filter: Arc<dyn PhysicalExpr>, config: &ConfigOptions) -> Result<Option<Self>> {
        let (scan, source) = self.source()?;
        let FilterPushdownPropagation { filters, updated_node } = source.try_pushdown_filters(vec![filter], config)?;
        let source = updated_node.filter(|_| filters.iter().all(|filter| matches!(filter, PushedDown::Yes)));
        Ok(source.map(|source| {
            let scan = FileScanConfigBuilder::from(scan.clone()).with_source(source).build();
            Self {
                rows: DataSourceExec::from_data_source(scan),
                ..self.clone()
            }
        }))
    }

    /// The same in an order in which a sort above would like the rows.
    pub(crate) fn ordered(&self, column: &str, descending: bool) -> Self {
        Self {
            order: Some(Order {
                column: column.to_owned(),
                descending,
            }),
            ..self.clone()
        }
    }

    /// The same, of some row groups alone, whatever the partition.
    fn within(&self, groups: Arc<[Group]>) -> Self {
        Self {
            within: Some(groups),
            ..self.clone()
        }
    }

    /// A reader of a part, for a partition.
    fn reader(&self, partition: usize, file: &PartitionedFile) -> Result<Reader> {
        self.readers.create_reader(partition, file.clone(), None, &self.metrics)
    }

    /// The scan of the chosen rows, as it is configured.
    fn source(&self) -> Result<(&FileScanConfig, &ParquetSource)> {
        let exec = self.rows.downcast_ref::<DataSourceExec>();
        exec.and_then(DataSourceExec::downcast_to_file_source)
            .ok_or_else(|| internal_datafusion_err!("the rows of a choice come from Parquet files"))
    }
}

impl DisplayAs for ChooseExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChooseExec: {}", self.condition)?;
        match &self.order {
            Some(Order { column, descending }) => {
                write!(f, ", order=[{column} {}]", if *descending { "DESC" } else { "ASC" })
            }
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for ChooseExec {
    fn name(&self) -> &str {
        "ChooseExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.rows]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        // A question's expression is over a schema of its own, which no rewrite of the plan knows.
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = children.pop().unwrap_or_else(|| self.rows.clone());
        Ok(Arc::new(Self {
            rows,
            ..Arc::unwrap_or_clone(self)
        }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        use datafusion::physical_plan::execution_plan::ChildrenPropertiesMode;
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let batches = Run::start(self, partition, context)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, input: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        // How many rows match is not known before they are found.
        let Some(statistics) = input.first() else {
            return Ok(Arc::new(Statistics::new_unknown(&self.schema())));
        };
        let mut statistics = statistics.as_ref().clone().to_inexact();
        if self.is_placed {
            statistics.column_statistics.push(ColumnStatistics::new_unknown());
        }
        Ok(Arc::new(statistics))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let first = order
            .first()
            .and_then(|first| Some((first.expr.downcast_ref::<Column>()?, first.options)));
        Ok(match first {
            Some((column, options)) => SortOrderPushdownResult::Inexact {
                inner: Arc::new(self.ordered(column.name(), options.descending)),
            },
            None => SortOrderPushdownResult::Unsupported,
        })
    }
}
