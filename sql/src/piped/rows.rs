//! The rows so far, and what each stage makes of them.

use std::collections::{BTreeMap, VecDeque};

use datafusion::common::{Column, JoinType};
use datafusion::error::Result;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, lit};
use kfl::{Filter, GroupKey, Lowered, Measure, Named, Term};

use super::hidden::label;
use super::{ABOVE, KEY, column};
use crate::groups::{self, Groups};

/// The rows so far.
pub(crate) struct Rows {
    pub(crate) plan: LogicalPlan,
    /// The columns that a user sees; the others are hidden.
    pub(crate) columns: Vec<String>,
    pub(crate) order: Vec<SortExpr>,
    pub(super) scope: Scope,
}

/// What the terms of the next stages are read from.
pub(super) enum Scope {
    /// Hidden columns that each table's branch computes.
    Tables(OfTables),
    /// The columns of the rows.
    Columns,
}

pub(super) struct OfTables {
    /// Terms that are a column of the tables, by their labels.
    pub(super) stored: BTreeMap<String, &'static str>,
    /// The conditions of stages, in their order, as hidden columns.
    pub(super) conditions: VecDeque<String>,
    /// True until rows are cut off: conditions are part of the filter.
    pub(super) is_narrowing: bool,
    /// True if there may be flow rows, which belong to many connections.
    pub(super) has_flows: bool,
    /// True if every row of every table passes.
    pub(super) is_all: bool,
}

impl Rows {
    fn new(groups: Groups) -> Self {
        Self {
            plan: groups.plan,
            columns: groups.columns,
            order: groups.order,
            scope: Scope::Columns,
        }
    }

    /// A term as an expression over the plan.
    pub(crate) fn term(&self, term: &Term) -> Expr {
        match &self.scope {
            Scope::Tables(of_tables) => {
                let label = label(term);
                column(of_tables.stored.get(&label).copied().unwrap_or(&label))
            }
            Scope::Columns => term.over_columns(),
        }
    }

    pub(super) fn filter(&mut self, condition: &Filter) -> Result<()> {
        let predicate = match &mut self.scope {
            Scope::Tables(OfTables { is_narrowing: true, .. }) => return Ok(()),
            Scope::Tables(of_tables) => match of_tables.conditions.pop_front() {
                Some(name) => column(&name),
                None => lit(true),
            },
            Scope::Columns => match condition.over_columns() {
                Lowered::Always => return Ok(()),
                Lowered::Never => lit(false),
                Lowered::Where(predicate) => predicate,
            },
        };
        self.plan = LogicalPlanBuilder::new(self.plan.clone()).filter(predicate)?.build()?;
        Ok(())
    }

    /// Sorts the rows, and keeps so many if there is a limit.
    pub(super) fn sort(&mut self, limit: Option<usize>) -> Result<()> {
        let plan = LogicalPlanBuilder::new(self.plan.clone());
        let plan = match self.order[..] {
            [] => plan.limit(0, limit)?,
            _ => plan.sort_with_limit(self.order.clone(), limit)?,
        };
        self.plan = plan.build()?;
        Ok(())
    }

    pub(super) fn limit(&mut self, limit: usize) -> Result<()> {
        if let Scope::Tables(of_tables) = &mut self.scope {
            (of_tables.is_narrowing, of_tables.is_all) = (false, false);
        }
        if limit == 0 {
            // DataFusion sorts for no fewer than one row.
            self.plan = LogicalPlan::EmptyRelation(EmptyRelation {
                produce_one_row: false,
                schema: self.plan.schema().clone(),
            });
            return Ok(());
        }
        self.sort(Some(limit))
    }

    pub(super) fn tail(&mut self, limit: usize) -> Result<()> {
        let reversed = self.order.iter().map(|key| SortExpr {
            expr: key.expr.clone(),
            asc: !key.asc,
            nulls_first: !key.nulls_first,
        });
        let reversed = reversed.collect();
        let order = std::mem::replace(&mut self.order, reversed);
        let cut = self.limit(limit);
        self.order = order;
        cut
    }

    pub(super) fn select(&mut self, named: &[Named]) -> Result<()> {
        let mut values: Vec<_> = named
            .iter()
            .map(|named| self.term(&named.term).alias(named.name.as_ref()))
            .collect();
        // The order is by values that are not seen any more.
        let mut order = Vec::with_capacity(self.order.len());
        for (place, key) in self.order.iter().enumerate() {
            let name = format!("$order {place}");
            order.push(column(&name).sort(key.asc, key.nulls_first));
            values.push(key.expr.clone().alias(name));
        }
        self.plan = LogicalPlanBuilder::new(self.plan.clone()).project(values)?.build()?;
        self.columns = named.iter().map(|named| named.name.to_string()).collect();
        self.order = order;
        self.scope = Scope::Columns;
        Ok(())
    }

    pub(super) fn group(&mut self, by: &[GroupKey], aggregates: &[Measure]) -> Result<()> {
        *self = Self::new(groups::groups(self, by, aggregates)?);
        Ok(())
    }

    pub(super) fn top(&mut self, limit: usize, of: &[Named], measure: &Measure) -> Result<()> {
        // A row without the value has none that could be frequent.
        for named in of {
            let plan = LogicalPlanBuilder::new(self.plan.clone());
            self.plan = plan.filter(self.term(&named.term).is_not_null())?.build()?;
        }
        let by: Vec<_> = of
            .iter()
            .map(|named| GroupKey {
                named: named.clone(),
                every_ns: None,
            })
            .collect();
        self.group(&by, std::slice::from_ref(measure))?;
        self.order.insert(0, column(&measure.name).sort(false, false));
        self.limit(limit)
    }

    /// The rows whose id in a column is among some ids.
    pub(super) fn of(mut self, ids: LogicalPlan, name: &str) -> Result<Self> {
        // The ids are few beside the rows: they are held, the rows stream by.
        let keys = (vec![Column::from_name(KEY)], vec![Column::from_name(name)]);
        let mut plan = LogicalPlanBuilder::new(ids).join(self.plan, JoinType::RightSemi, keys, None)?;
        if let Some(first) = self.order.first() {
            // DataFusion moves a sort below the join, where all rows of the table are sorted, unless something is computed
            // between the two that the sort needs.
            let above = first.expr.clone().is_null().alias(ABOVE);
            let values = plan.schema().columns().into_iter().map(Expr::Column).chain([above]);
            plan = plan.project(values.collect::<Vec<_>>())?;
            self.order.push(column(ABOVE).sort(true, false));
        }
        self.plan = plan.build()?;
        if let Scope::Tables(of_tables) = &mut self.scope {
            of_tables.is_all = false;
        }
        Ok(self)
    }

    /// The plan with the columns that a user sees.
    pub(super) fn visible(self) -> Result<LogicalPlan> {
        let fields = self.plan.schema().fields();
        let is_all = fields.len() == self.columns.len()
            && fields
                .iter()
                .zip(&self.columns)
                .all(|(field, name)| field.name() == name);
        if is_all {
            return Ok(self.plan);
        }
        let columns: Vec<_> = self.columns.iter().map(|name| column(name)).collect();
        LogicalPlanBuilder::new(self.plan).project(columns)?.build()
    }
}
