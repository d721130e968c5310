//! A query with stages as one logical plan: the filter's scans, then each stage on top of what stands before it.
//!
//! While names are variables, a stage's expressions mean something else on each table. They are computed in the tables'
//! branches, below the union, as columns whose names begin with `$`, which no column of a user does; the stages above read
//! these. Conditions that narrow rows before anything else joins them are part of the filter, so that tables that cannot
//! match are not opened and statistics prune. Columns that no stage reads are taken out by the optimizer.
//!
//! The order of the rows is kept beside the plan and becomes a sort where it matters: at `limit` and `tail`, and at the end.

mod hidden;
mod rows;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit};
use kfl::{Filter, Lowered, Operation, Query, Read, Stage, Step, Term};
use schema::tables::{flows, packets};
use schema::{Level, Table};

use crate::filtered::{columns, nothing, tables_of};
use crate::{CONN_ID, FLOW_ID, PACKET, TIMESTAMP, Tables};
use hidden::Hidden;
pub(crate) use rows::Rows;
use rows::{OfTables, Scope};

/// The column that says from which table a row comes, by its place in the schema.
const TABLE: &str = "$table";

/// The column of ids by which a step finds its rows.
const KEY: &str = "$key";

/// The column that keeps the sort of a step's rows above the step.
const ABOVE: &str = "$above";

/// Plans a query; its rows come in its order, so many at most.
///
/// # Errors
///
/// If DataFusion refuses the plan.
pub fn piped(query: &Query, tables: &dyn Tables, limit: Option<usize>) -> Result<LogicalPlan> {
    let mut rows = Planner { tables }.query(query)?;
    match limit {
        Some(limit) => rows.limit(limit)?,
        None => rows.sort(None)?,
    }
    rows.visible()
}

/// Plans the ids of the connections to which the rows of a query belong; of a flow, all of them.
///
/// # Errors
///
/// If DataFusion refuses the plan, or the query's rows have no ids.
pub fn connections(query: &Query, tables: &dyn Tables) -> Result<LogicalPlan> {
    let planner = Planner { tables };
    let rows = planner.query(query)?;
    planner.connections(&rows)
}

struct Planner<'a> {
    tables: &'a dyn Tables,
}

impl Planner<'_> {
    fn query(&self, query: &Query) -> Result<Rows> {
        let mut stages = query.stages();
        let mut rows = self.begin(query.filter(), Table::in_kfl, stages)?;
        while let Some((stage, rest)) = stages.split_first() {
            stages = rest;
            match stage.operation() {
                Operation::Where(condition) => rows.filter(condition)?,
                Operation::Sort(keys) => {
                    let keys = keys.iter().map(|key| rows.term(&key.term).sort(!key.descending, false));
                    let mut order: Vec<_> = keys.collect();
                    order.append(&mut rows.order);
                    rows.order = order;
                }
                Operation::Limit(limit) => rows.limit(*limit)?,
                Operation::Tail(limit) => rows.tail(*limit)?,
                Operation::Select(named) => rows.select(named)?,
                Operation::Group { by, aggregates } => rows.group(by, aggregates)?,
                Operation::Top { limit, of, measure } => rows.top(*limit, of, measure)?,
                Operation::Step(step) => rows = self.step(rows, *step, stages)?,
            }
        }
        Ok(rows)
    }

    /// The rows of some tables for which a filter is true, with what the stages up to the next change of columns compute.
    fn begin(&self, filter: &Filter, has: fn(&Table) -> bool, stages: &[Stage]) -> Result<Rows> {
        let end = stages
            .iter()
            .position(Stage::changes_scope)
            .map_or(stages.len(), |at| at + 1);
        let stages = &stages[..end];
        let opening = kfl::opening(filter, stages);
        let branches: Vec<_> = tables_of(&opening)
            .into_iter()
            .filter(|(table, _)| has(table))
            .collect();
        let names: Vec<_> = branches.iter().map(|(table, _)| *table).collect();
        let hidden = Hidden::of(stages, &names);
        let columns = columns(&names, self.tables);
        let mut plan: Option<LogicalPlanBuilder> = None;
        for (table, predicate) in &branches {
            let branch = self.branch(table, predicate.as_ref(), &columns, &hidden)?;
            plan = Some(match plan {
                None => LogicalPlanBuilder::new(branch),
                Some(plan) => plan.union(branch)?,
            });
        }
        let (plan, columns) = match plan {
            Some(plan) => (plan.build()?, columns),
            None => {
                let nothing = nothing(self.tables)?;
                let columns = nothing
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| field.as_ref().clone())
                    .collect();
                (self.without_rows(nothing, &hidden)?, columns)
            }
        };
        let mut order: Vec<_> = crate::order();
        if branches.len() > 1 {
            // A flow, its first connection and that one's first entry may begin at one time, in one packet.
            order.push(column(TABLE).sort(true, false));
        }
        let is_all = schema::tables::in_kfl().count() == branches.len()
            && branches.iter().all(|(_, predicate)| predicate.is_none());
        Ok(Rows {
            plan,
            columns: columns.iter().map(|field| field.name().clone()).collect(),
            order,
            scope: Scope::Tables(OfTables {
                stored: hidden.stored,
                conditions: hidden.conditions.iter().map(|(name, _)| name.clone()).collect(),
                is_narrowing: true,
                has_flows: names.iter().any(|table| table.level == Level::Flow),
                is_all,
            }),
        })
    }

    fn branch(
        &self,
        table: &'static Table,
        predicate: Option<&Expr>,
        columns: &[Field],
        hidden: &Hidden<'_>,
    ) -> Result<LogicalPlan> {
        let provider = self.tables.provider(table);
        let stored = provider.schema();
        let scan = LogicalPlanBuilder::scan(table.name, provider_as_source(provider), None)?;
        let schema = scan.schema().clone();
        let mut values = Vec::new();
        for column in columns {
            let value = match stored.field_with_name(column.name()) {
                Ok(_) => Expr::Column(Column::new(Some(table.name), column.name())),
                Err(_) => null(column.data_type())?,
            };
            values.push(value.alias(column.name()));
        }
        for (name, term) in &hidden.terms {
            let data_type = self.type_of(term);
            let value = match term.on(table) {
                Read::Column(column) => Expr::Column(Column::new(Some(table.name), column)),
                Read::Absent => null(&data_type)?,
                Read::Computed(value) => value,
            };
            values.push(value.cast_to(&data_type, &schema)?.alias(name));
        }
        for (name, condition) in &hidden.conditions {
            let value = match condition.on(table) {
                Lowered::Never => lit(false),
                Lowered::Always => lit(true),
                Lowered::Where(predicate) => predicate,
            };
            values.push(value.alias(name));
        }
        values.push(place_of(table).alias(TABLE));
        let scan = match predicate {
            Some(predicate) => scan.filter(predicate.clone())?,
            None => scan,
        };
        scan.project(values)?.build()
    }

    /// The hidden columns over no rows.
    fn without_rows(&self, nothing: LogicalPlan, hidden: &Hidden<'_>) -> Result<LogicalPlan> {
        let mut values: Vec<_> = nothing.schema().columns().into_iter().map(Expr::Column).collect();
        for (name, term) in &hidden.terms {
            values.push(null(&self.type_of(term))?.alias(name));
        }
        let conditions = hidden.conditions.iter().map(|(name, _)| lit(false).alias(name));
        values.extend(conditions);
        values.push(null(&DataType::Int64)?.alias(TABLE));
        LogicalPlanBuilder::new(nothing).project(values)?.build()
    }

    /// The type of a term's column: as it is stored if some table stores it.
    fn type_of(&self, term: &Term) -> DataType {
        let stored = schema::tables::in_kfl().find_map(|table| match term.on(table) {
            Read::Column(column) => {
                let schema = self.tables.provider(table).schema();
                schema
                    .field_with_name(column)
                    .ok()
                    .map(|field| field.data_type().clone())
            }
            Read::Absent | Read::Computed(_) => None,
        });
        stored.unwrap_or_else(|| term.arrow())
    }

    fn step(&self, rows: Rows, step: Step, stages: &[Stage]) -> Result<Rows> {
        let is_all = matches!(&rows.scope, Scope::Tables(of_tables) if of_tables.is_all);
        let has: fn(&Table) -> bool = match step {
            Step::Connections => |table| table.level == Level::Connection,
            Step::Flows => |table| table.level == Level::Flow,
            Step::Entries => |table| table.level == Level::Entry,
            Step::Packets => {
                let packets = self.packets()?;
                // Packets of no connection are reached where nothing was asked for in particular.
                return match is_all {
                    true => Ok(packets),
                    false => packets.of(self.connections(&rows)?, CONN_ID),
                };
            }
        };
        let found = self.begin(&Filter::always(), has, stages)?;
        match step {
            Step::Flows => found.of(distinct(rows.plan, FLOW_ID)?, FLOW_ID),
            _ => found.of(self.connections(&rows)?, CONN_ID),
        }
    }

    fn packets(&self) -> Result<Rows> {
        let provider = self.tables.provider(&packets::TABLE);
        let fields: Vec<_> = provider
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let values = fields
            .iter()
            .map(|name| Expr::Column(Column::new(Some(packets::TABLE.name), name)).alias(name));
        let values: Vec<_> = values.collect();
        let plan = LogicalPlanBuilder::scan(packets::TABLE.name, provider_as_source(provider), None)?;
        Ok(Rows {
            plan: plan.project(values)?.build()?,
            columns: fields,
            order: [TIMESTAMP, PACKET].map(|name| column(name).sort(true, false)).to_vec(),
            scope: Scope::Columns,
        })
    }

    /// The ids of the connections of rows, each once, as the column [`KEY`].
    fn connections(&self, rows: &Rows) -> Result<LogicalPlan> {
        let Scope::Tables(OfTables { has_flows: true, .. }) = rows.scope else {
            return distinct(rows.plan.clone(), CONN_ID);
        };
        let of = |is_flow: bool| {
            let flow = place_of(&flows::TABLE);
            let condition = match is_flow {
                true => column(TABLE).eq(flow),
                false => column(TABLE).not_eq(flow),
            };
            LogicalPlanBuilder::new(rows.plan.clone()).filter(condition)?.build()
        };
        let own = distinct(of(false)?, CONN_ID)?;
        let all = self.begin(&Filter::always(), |table| table.level == Level::Connection, &[])?;
        let of_flows = distinct(all.of(distinct(of(true)?, FLOW_ID)?, FLOW_ID)?.plan, CONN_ID)?;
        let both = LogicalPlanBuilder::new(own).union(of_flows)?;
        both.aggregate([column(KEY)], Vec::<Expr>::new())?.build()
    }
}

/// The ids in a column, each once, as the column [`KEY`].
fn distinct(plan: LogicalPlan, name: &str) -> Result<LogicalPlan> {
    LogicalPlanBuilder::new(plan)
        .filter(column(name).is_not_null())?
        .project([column(name).alias(KEY)])?
        .aggregate([column(KEY)], Vec::<Expr>::new())?
        .build()
}
/// The place of a table in the schema, which is the order of rows that begin at one time in one packet.
fn place_of(table: &Table) -> Expr {
    let place = schema::tables::ALL
        .iter()
        .take_while(|known| known.name != table.name)
        .count();
    lit(place as i64)
}

pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

fn null(data_type: &DataType) -> Result<Expr> {
    Ok(lit(ScalarValue::try_from(data_type)?))
}

#[cfg(test)]
mod tests;
