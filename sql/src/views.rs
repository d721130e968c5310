//! Views: `rows` over everything that KFL ranges over, `entries` over the entries of all protocols.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use schema::{Level, Table};

use crate::Tables;
use crate::filtered::{shared, union};

/// A view.
#[derive(Debug)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// What its rows are.
    pub doc: &'static str,
    has: fn(&Table) -> bool,
    columns: Columns,
}

#[derive(Debug)]
enum Columns {
    /// The columns that every table of the language has.
    Shared,
    /// The columns of all its tables.
    All,
}

/// The views, in the order in which help lists them.
pub fn views() -> &'static [View] {
    &[
        View {
            name: "entries",
            doc: "The entries of all protocols, with the columns that all tables share.",
            has: |table| table.level == Level::Entry,
            columns: Columns::Shared,
        },
        View {
            name: "rows",
            doc: "Everything that KFL ranges over: flows, connections, entries, with the columns of all of them.",
            has: Table::in_kfl,
            columns: Columns::All,
        },
    ]
}

/// The provider of a view, over the tables of one commit.
///
/// # Errors
///
/// If DataFusion refuses the plan.
pub fn view(view: &View, tables: &dyn Tables) -> Result<Arc<dyn TableProvider>> {
    let branches: Vec<_> = schema::tables::in_kfl()
        .filter(|table| (view.has)(table))
        .map(|table| (table, None))
        .collect();
    let plan = union(&branches, tables)?;
    let plan = match view.columns {
        Columns::All => plan,
        Columns::Shared => {
            let columns = shared(tables)
                .into_iter()
                .map(|field| Expr::Column(Column::from_name(field.name())));
            LogicalPlanBuilder::new(plan).project(columns)?.build()?
        }
    };
    Ok(Arc::new(ViewTable::new(plan, None)))
}
