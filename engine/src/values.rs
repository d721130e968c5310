//! The values that a column has, for completion.

use datafusion::arrow::array::AsArray;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use futures::TryStreamExt;
use schema::Table;
use sql::Tables;

use crate::columns::column;
use crate::session::Snapshot;
use crate::{Error, query};

/// Name of the count beside the values; no column of a table is called so.
const COUNT: &str = "occurrences of a value";

/// The most frequent values of a string column, the most frequent first.
pub(crate) async fn most_frequent(
    table: &'static Table,
    name: &str,
    limit: usize,
    snapshot: &Snapshot,
    session: &SessionState,
) -> Result<Vec<String>, Error> {
    let source = provider_as_source(snapshot.tables().provider(table));
    let plan = LogicalPlanBuilder::scan(table.name, source, None).and_then(|plan| {
        let order = [column(COUNT).sort(false, false), column(name).sort(true, false)];
        plan.filter(column(name).is_not_null())?
            .aggregate([column(name)], [count(lit(1)).alias(COUNT)])?
            .sort_with_limit(order, Some(limit))?
            .build()
    });
    let mut rows = query::run(&plan.map_err(Error::of_query)?, session).await?;
    let mut values = Vec::new();
    while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
        values.extend(batch.column(0).as_string_view().iter().flatten().map(str::to_owned));
    }
    Ok(values)
}
