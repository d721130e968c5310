//! Captures, asked: what their files tell of themselves, and the secrets they bring along.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use futures::TryStreamExt;
use schema::tables::captures::TABLE;
use sql::Tables;

use crate::columns::{CAPTURE_ID, COMMENTS, DROPPED, INTERFACES, NAME, PACKETS, SECRETS, column};
use crate::session::Snapshot;
use crate::{Error, query};

/// What a capture's file tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    /// The capture's name.
    pub name: String,
    /// Comments on its sections and interfaces.
    pub comments: Vec<String>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// Packets lost while it was made; 0 also if the file does not say.
    pub dropped: u64,
    /// Whether it brings decryption secrets along.
    pub has_secrets: bool,
}

/// The notes of the captures that have comments or secrets, or lost packets.
pub(crate) async fn notes(snapshot: &Snapshot, session: &SessionState) -> Result<Vec<Notes>, Error> {
    let is_noted = column(COMMENTS)
        .is_not_null()
        .or(column(SECRETS).is_not_null())
        .or(column(DROPPED).gt(lit(0_i64)));
    let columns = vec![
        column(NAME),
        column(COMMENTS),
        column(INTERFACES),
        column(DROPPED),
        column(SECRETS).is_not_null(),
    ];
    let mut notes = Vec::new();
    each(snapshot, session, is_noted, columns, |columns, row| {
        let dropped = columns[3].as_primitive::<Int64Type>();
        notes.push(Notes {
            name: columns[0].as_string_view().value(row).to_owned(),
            comments: texts(&columns[1], row)?,
            interfaces: texts(&columns[2], row)?,
            dropped: u64::try_from(if dropped.is_null(row) { 0 } else { dropped.value(row) }).unwrap_or(0),
            has_secrets: columns[4].as_boolean().value(row),
        });
        Ok(())
    })
    .await?;
    Ok(notes)
}

/// Gives the secrets of the captures that hold packets of a range of numbers, as blocks of pcapng.
pub(crate) async fn secrets(
    (first, last): (i64, i64),
    snapshot: &Snapshot,
    session: &SessionState,
    mut each_secrets: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let number = |value| Expr::Literal(ScalarValue::Int64(Some(value)), None);
    let holds = column(SECRETS)
        .is_not_null()
        .and(column(CAPTURE_ID).lt_eq(number(last)))
        .and((column(CAPTURE_ID) + column(PACKETS)).gt(number(first)));
    each(snapshot, session, holds, vec![column(SECRETS)], |columns, row| {
        each_secrets(columns[0].as_binary::<i32>().value(row))
    })
    .await
}

/// Goes over the captures for which a predicate is true, in the order of their ingest.
async fn each(
    snapshot: &Snapshot,
    session: &SessionState,
    predicate: Expr,
    columns: Vec<Expr>,
    mut each_row: impl FnMut(&[ArrayRef], usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let source = provider_as_source(snapshot.tables().provider(&TABLE));
    let plan = LogicalPlanBuilder::scan(TABLE.name, source, None).and_then(|plan| {
        plan.filter(predicate)?
            .sort([column(CAPTURE_ID).sort(true, false)])?
            .project(columns)?
            .build()
    });
    let mut rows = query::run(&plan.map_err(Error::of_query)?, session).await?;
    while let Some(batch) = rows.stream.try_next().await.map_err(Error::of_query)? {
        for row in 0..batch.num_rows() {
            each_row(batch.columns(), row)?;
        }
    }
    Ok(())
}

/// The texts of a list; none if it is null.
fn texts(lists: &ArrayRef, row: usize) -> Result<Vec<String>, Error> {
    let lists = lists.as_list::<i32>();
    if lists.is_null(row) {
        return Ok(Vec::new());
    }
    let texts = cast(&lists.value(row), &DataType::Utf8View).map_err(|error| Error::of_query(error.into()))?;
    Ok(texts.as_string_view().iter().flatten().map(str::to_owned).collect())
}
