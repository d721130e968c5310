//! What rules parts and row groups out, as of one state of a scan's filter: a sort or join above learns more of it while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{Result, ScalarValue};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};

use super::Order;
use super::group::Group;
use super::span::Span;
use super::statistics::Statistics;
use super::wanted::Wanted;
use crate::provider::Ranges;
use crate::store::{Columns, Content, Part};

/// What is known of the rows that are wanted.
pub(super) struct Known {
    /// The predicate for statistics.
    predicate: Option<PruningPredicate>,
    wanted: Vec<Wanted>,
    /// Between which values of the order's column wanted rows lie.
    span: Span,
    /// Which row groups of the part that was asked about last may match: to ask about all of them costs hardly more than one.
    asked: Mutex<Option<(Arc<ParquetMetaData>, Vec<bool>)>>,
}

impl Default for Known {
    /// Nothing.
    fn default() -> Self {
        Self {
            predicate: None,
            wanted: Vec::new(),
            span: Span::ALL,
            asked: Mutex::default(),
        }
    }
}

impl Known {
    /// What a filter over a table's columns tells, of rows in an order.
    pub(super) fn of(filter: Arc<dyn PhysicalExpr>, table: &SchemaRef, order: Option<&Order>) -> Result<Self> {
        let now = snapshot_physical_expr(filter)?;
        let builder = PruningPredicateBuilder::new().with_file_schema(table.clone());
        Ok(Self {
            wanted: Wanted::of(&now),
            span: order.map_or(Span::ALL, |order| Span::of(&now, &order.column)),
            predicate: builder.try_build(now).ok(),
            asked: Mutex::default(),
        })
    }

    /// The lists of values of which a row must have one.
    pub(super) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Between which values of the order's column wanted rows lie.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Which of some parts are not ruled out by what the manifest says of them.
    pub(super) fn matching(&self, parts: &[&Part], columns: &Columns, table: &SchemaRef) -> Vec<bool> {
        let ranges = Ranges {
            schema: table,
            columns,
            parts,
        };
        let kept = self.predicate.as_ref().map(|predicate| predicate.prune(&ranges));
        // What cannot be told from ranges may match.
        let mut kept = kept.and_then(Result::ok).unwrap_or_else(|| vec![true; parts.len()]);
        for wanted in &self.wanted {
            let contents = columns.contents(&wanted.column, parts);
            for (kept, content) in kept.iter_mut().zip(contents) {
                *kept &= match content {
                    Content::Range(first, last) => wanted.may_lie_in(first, last),
                    Content::Nulls => false,
                    Content::Some | Content::Unknown => true,
                };
            }
        }
        kept
    }

    /// False if statistics of a row group rule it out.
    pub(super) fn may_hold(&self, group: &Group, table: &SchemaRef) -> bool {
        let holds = |wanted: &Wanted| match group.range(&wanted.column, table) {
            Some((ScalarValue::Int64(Some(first)), ScalarValue::Int64(Some(last)))) => wanted.may_lie_in(first, last),
            _ => true,
        };
        let has_page = |wanted: &Wanted| group.has_page(wanted);
        self.is_kept(group, table) && self.wanted.iter().all(holds) && self.wanted.iter().all(has_page)
    }

    fn is_kept(&self, group: &Group, table: &SchemaRef) -> bool {
        let Some(predicate) = &self.predicate else {
            return true;
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked
            .as_ref()
            .is_some_and(|(part, _)| Arc::ptr_eq(part, &group.metadata))
        {
            let groups = 0..group.metadata.num_row_groups();
            let statistics = Statistics::new(&group.metadata, groups, table);
            // What cannot be told from statistics may match.
            let kept = predicate.prune(&statistics).unwrap_or_default();
            *asked = Some((group.metadata.clone(), kept));
        }
        let kept = asked.as_ref().and_then(|(_, kept)| kept.get(group.number));
        kept.copied().unwrap_or(true)
    }
}
