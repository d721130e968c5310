//! A table of one commit as DataFusion scans it: file groups made from the manifest, parts that cannot match left out
//! before they are opened, exact row counts and key ranges as statistics.
//!
//! Strings come as views, which is what the Parquet reader makes without copying.
//!
//! Filters that ask single columns are answered exactly, by [`ChooseExec`]; all others choose parts here and are applied above.

mod known;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics, internal_err, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use object_store::ObjectMeta;
use schema::Table;
use schema::tables::packets;

use crate::footers::{FOOTER_BYTES, Footers, KnownSchema};
use crate::late::FEWEST_COLUMNS;
use crate::scan::{ChooseExec, Condition, PLACE, WholePart, asks_a_key, is_answerable, is_of_one_id, is_time_range};
use crate::store::{Manifest, Part, ROW_GROUP_ROWS};

pub(crate) use known::{Ranges, key};

/// So many parts are many.
const MANY: usize = 16;

/// One table of one commit.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    table: &'static Table,
    schema: SchemaRef,
    /// The columns that are seen: those of the table, and the rows' places behind them if they are asked for.
    seen: SchemaRef,
    store: ObjectStoreUrl,
    directory: Arc<PathBuf>,
    manifest: Arc<Manifest>,
    stored: Arc<KnownSchema>,
    purpose: Purpose,
}

/// What a table's rows are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nobody knows.
    Any,
    /// A sort above needs the first few of its order.
    First,
    /// All are needed, and where each of them lies.
    All,
    /// Few are needed, which are known by name: by a join above when it asks, or by a filter.
    Named,
    /// An aggregate above groups them.
    Groups,
}

/// How large some parts are together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) parts: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Parts {
    /// The table.
    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }

    pub(crate) fn new(
        table: &'static Table,
        store: ObjectStoreUrl,
        directory: Arc<PathBuf>,
        manifest: Arc<Manifest>,
    ) -> Self {
        let schema = scanned(table);
        Self {
            table,
            seen: schema.clone(),
            schema,
            store,
            directory,
            manifest,
            stored: Arc::default(),
            purpose: Purpose::Any,
        }
    }

    /// What the rows are read for.
    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The same rows, read for a purpose.
    pub(crate) fn read_for(&self, purpose: Purpose) -> Self {
        Self {
            purpose,
            ..self.clone()
        }
    }

    /// The same rows with their places, where a scan knows them.
    pub(crate) fn with_places(&self) -> Self {
        let place = Arc::new(Field::new(PLACE, DataType::Int64, true));
        let fields = self.schema.fields().iter().cloned().chain([place]);
        Self {
            seen: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            ..self.clone()
        }
    }

    /// Scans columns of parts with these numbers, which ascend, to be read where places tell.
    pub(crate) fn at(
        &self,
        state: &dyn Session,
        projection: &Vec<usize>,
        numbers: &[u64],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // To choose a hundred columns of a hundred takes as long as to find a connection's rows.
        let projection = Some(projection).filter(|places| places.len() < self.schema.fields().len());
        let parts = self.manifest.parts(self.table.name).iter();
        let parts = parts
            .filter(|part| numbers.binary_search(&part.number).is_ok())
            .collect();
        self.read_for(Purpose::Named)
            .scan_parts(state, parts, projection, &[], None)
    }

    /// How large the parts are together.
    pub(crate) fn size(&self) -> Size {
        let parts = self.manifest.parts(self.table.name).iter();
        parts.fold(Size::default(), |size, part| Size {
            parts: size.parts + 1,
            rows: size.rows + part.rows,
            bytes: size.bytes + part.bytes,
        })
    }

    /// True if reading row group by row group pays even without a filter.
    fn is_by_row_groups(&self) -> bool {
        matches!(self.purpose, Purpose::First | Purpose::All | Purpose::Groups)
    }

    /// False if key ranges rule out a filter on all parts, or if there are none.
    pub(crate) fn may_match(&self, state: &dyn Session, filter: Option<Expr>) -> bool {
        // What cannot be asked of ranges is for the scan to refuse.
        let is_some = |parts: Vec<_>| !parts.is_empty();
        self.matching(state, filter.as_slice()).map_or(true, is_some)
    }

    /// The parts whose key ranges do not rule out the filters.
    fn matching(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&Part>> {
        let parts: Vec<_> = self.manifest.parts(self.table.name).iter().collect();
        let Some(filter) = conjunction(filters.iter().cloned()).filter(|_| !parts.is_empty()) else {
            return Ok(parts);
        };
        let filter = state.create_physical_expr(filter, &DFSchema::try_from(self.schema.clone())?)?;
        // A filter that says nothing about ranges rules out no part.
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(self.schema.clone())
            .try_build(filter);
        let Ok(predicate) = predicate else { return Ok(parts) };
        let kept = predicate.prune(&Ranges {
            schema: &self.schema,
            columns: &self.manifest.columns(self.table.name),
            parts: &parts,
        })?;
        Ok(parts
            .into_iter()
            .zip(kept)
            .filter_map(|(part, kept)| kept.then_some(part))
            .collect())
    }

    /// Which filters a [`ChooseExec`] answers: those that dictionaries do, and with them ranges of time. Packets are looked
    /// up by their keys. For the first rows of an order a range of time alone is answered as well: row groups are read in
    /// order. So it is for groups, which are counted row group by row group. Where a filter asks for the value of a map's key, which
    /// takes long, it is asked of the row groups alone that have the connection or flow looked for.
    fn asked<'f>(&self, filters: impl Iterator<Item = &'f Expr> + Clone) -> Vec<bool> {
        let is_answerable = |filter: &Expr| is_answerable(filter, &self.schema);
        let is_reason = |filter: &Expr| is_answerable(filter) || self.is_by_row_groups() && is_time_range(filter);
        let any = self.table.name != packets::TABLE.name && filters.clone().any(is_reason);
        let asks_a_key = |filter: &Expr| is_answerable(filter) && asks_a_key(filter, &self.schema);
        let with_ids = any && filters.clone().any(asks_a_key);
        filters
            .map(|filter| any && (is_answerable(filter) || is_time_range(filter)) || with_ids && is_of_one_id(filter))
            .collect()
    }

    /// Whether rows are filtered while a part is decoded, so that the other columns are read for rows that match alone.
    ///
    /// It pays for packets, whose bytes are nearly all of a part, and for filters that leave few rows of many columns; it
    /// loses where nothing is read but what the filter reads, as in a count, and where a filter is only a range of time,
    /// which statistics answer for whole row groups and pages.
    fn late(&self, filters: &[Expr], projection: Option<&Vec<usize>>) -> bool {
        let read = projection.map_or(self.schema.fields().len(), Vec::len);
        let filtered: HashSet<_> = filters.iter().flat_map(Expr::column_refs).collect();
        self.table.name == packets::TABLE.name
            || read > filtered.len() && (filters.is_empty() || !filters.iter().all(is_time_range))
    }

    /// True of many columns of many small parts: for each part, a scan as it comes keeps statistics of a hundred columns and works
    /// the schema out twice. Of few columns statistics may be all that is asked for.
    fn is_wide(&self, parts: &[&Part], projection: Option<&Vec<usize>>) -> bool {
        let columns = projection.map_or(self.schema.fields().len(), Vec::len);
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        let are_small = parts.len() >= MANY && bytes <= (parts.len() * FOOTER_BYTES) as u64;
        self.table.name != packets::TABLE.name && are_small && columns >= FEWEST_COLUMNS
    }

    fn file(&self, part: &Part) -> PartitionedFile {
        PartitionedFile::new_from_meta(ObjectMeta {
            location: part.location(self.table.name).into(),
            // Parts never change, so that caches need no time to tell versions apart.
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: part.bytes,
            e_tag: None,
            version: None,
        })
    }
}

/// The schema of a table as it is scanned: strings as views, which point into decoded pages; bytes as they are, for a few
/// packets or bodies must not keep all the pages in memory that they were found in; without the documentation, which differs
/// between tables for columns that a union makes one.
pub(crate) fn scanned(table: &Table) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    };
    Arc::new(Schema::new(
        table.arrow().fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

#[async_trait::async_trait]
impl TableProvider for Parts {
    fn schema(&self) -> SchemaRef {
        self.seen.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = known::statistics(
            &self.schema,
            &self.manifest.parts(self.table.name).iter().collect::<Vec<_>>(),
        );
        let places = self.seen.fields().len() - self.schema.fields().len();
        let unknown = std::iter::repeat_n(ColumnStatistics::new_unknown(), places);
        statistics.column_statistics.extend(unknown);
        Some(statistics)
    }

    /// Inexact filters choose parts. The physical optimizer hands them to the Parquet source again, which filters exactly
    /// where [`late`] says so.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |asked: bool| match asked {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(self.asked(filters.iter().copied()).into_iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let parts = self.matching(state, filters)?;
        if parts.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.seen, projection)?)));
        }
        let columns = self.schema.fields().len();
        let is_placed = self.seen.fields().len() > columns && projection.is_none_or(|places| places.contains(&columns));
        if !is_placed {
            return self.scan_parts(state, parts, projection, filters, limit);
        }
        let mut own: Vec<_> = projection.map_or_else(|| (0..=columns).collect(), Clone::clone);
        if own.pop() != Some(columns) {
            return internal_err!("places come behind the other columns");
        }
        let rows = self.scan_parts(state, parts, Some(&own), filters, limit)?;
        if let Some(choice) = rows.downcast_ref::<ChooseExec>() {
            return Ok(Arc::new(choice.clone().with_places()));
        }
        // A scan as it comes does not know where its rows lie.
        let schema = rows.schema();
        let own = schema.fields().iter().enumerate().map(|(place, field)| {
            let column: Arc<dyn PhysicalExpr> = Arc::new(expressions::Column::new(field.name(), place));
            (column, field.name().clone())
        });
        let place: Arc<dyn PhysicalExpr> = expressions::lit(ScalarValue::Int64(None));
        let columns = own.chain([(place, PLACE.to_owned())]).collect::<Vec<_>>();
        Ok(Arc::new(ProjectionExec::try_new(columns, rows)?))
    }
}

impl Parts {
    /// Scans some parts; columns are those of the table.
    fn scan_parts(
        &self,
        state: &dyn Session,
        parts: Vec<&Part>,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let runtime = state.runtime_env();
        let readers: Arc<dyn ParquetFileReaderFactory> = Arc::new(Footers {
            cache: runtime.cache_manager.get_file_metadata_cache(),
            directory: self.directory.clone(),
            schema: self.stored.clone(),
        });
        let asked = self.asked(filters.iter());
        let asked = filters
            .iter()
            .zip(asked)
            .filter_map(|(filter, asked)| asked.then_some(filter));
        let asked: Vec<_> = asked.cloned().collect();
        let bare = ParquetSource::new(TableSchema::from(self.schema.clone()))
            .with_parquet_file_reader_factory(readers.clone())
            .with_enable_page_index(true)
            .with_reorder_filters(true);
        let chooses = match self.purpose {
            Purpose::Any => !asked.is_empty() || filters.is_empty() && self.is_wide(&parts, projection),
            // Whatever is called exact, here or before the purpose was known, has no filter above.
            Purpose::First if filters.iter().any(is_of_one_id) => true,
            Purpose::First | Purpose::Groups => !asked.is_empty() || filters.is_empty(),
            Purpose::All | Purpose::Named => true,
        };
        let mut source = bare.clone();
        if asked.is_empty() {
            // Of a connection or flow the rows are found first, whatever is read of them.
            let late = match self.purpose {
                Purpose::First => chooses && !filters.is_empty(),
                // What is left out while it is decoded has no place.
                Purpose::All => false,
                _ => self.late(filters, projection),
            };
            source = source.with_pushdown_filters(late);
        } else if let Some(filter) = conjunction(asked.clone()) {
            // By this the source rules out row groups and pages; which rows are chosen is not its affair.
            let filter = state.create_physical_expr(filter, &DFSchema::try_from(self.schema.clone())?)?;
            source = source.with_predicate(filter);
        }
        let partitions = state.config().target_partitions();
        let files: Vec<_> = parts.iter().map(|part| self.file(part)).collect();
        let config = |source: ParquetSource| {
            // What chooses rows knows parts by their ranges; a sort over a scan as it comes opens those first that it needs.
            let files = match chooses {
                false => (files.iter().zip(&parts))
                    .map(|(file, part)| {
                        file.clone()
                            .with_statistics(Arc::new(known::statistics(&self.schema, &[*part])))
                    })
                    .collect(),
                true => files.clone(),
            };
            FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
                .with_file_groups(FileGroup::new(files).split_files(partitions))
                .with_statistics(known::statistics(&self.schema, &parts))
        };
        let scan = config(source)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        let rows = DataSourceExec::from_data_source(scan);
        if !chooses {
            return Ok(rows);
        }
        let condition = match conjunction(asked) {
            Some(asked) => Condition::of(&asked, &self.schema, state)?,
            None => Condition::always(),
        };
        let groups: usize = parts
            .iter()
            .map(|part| (part.rows as usize).div_ceil(ROW_GROUP_ROWS))
            .sum();
        // Given one part at a time.
        let bare = FileScanConfigBuilder::new(self.store.clone(), Arc::new(bare)).build();
        let whole = parts.iter().zip(files.iter().cloned()).map(|(part, file)| WholePart {
            part: (*part).clone(),
            file,
        });
        Ok(Arc::new(ChooseExec::new(
            condition,
            (whole.collect(), self.manifest.columns(self.table.name)),
            rows,
            bare,
            readers,
            partitions.min(groups.max(1)),
        )))
    }
}
