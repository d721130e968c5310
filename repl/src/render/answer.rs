//! An answer held in memory, and its rows by number.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use schema::{Level, Table};

use super::cell;
use crate::names;

/// What a query found, or its first rows.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: usize,
}

/// One row of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

impl Answer {
    /// An answer without rows yet.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            batches: Vec::new(),
            rows: 0,
        }
    }

    /// Takes more rows.
    pub(crate) fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.batches.push(batch);
    }

    /// Forgets the rows after the first so many; returns true if there were any.
    pub(crate) fn truncate(&mut self, rows: usize) -> bool {
        let mut left = rows;
        self.batches.retain_mut(|batch| {
            *batch = batch.slice(0, batch.num_rows().min(left));
            left -= batch.num_rows();
            batch.num_rows() > 0
        });
        let cut = self.rows > rows;
        self.rows = self.rows.min(rows);
        cut
    }

    /// The columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |index| Row { batch, index }))
    }

    /// The row with this number; the first is 1.
    pub(crate) fn row(&self, number: usize) -> Option<Row<'_>> {
        let mut index = number.checked_sub(1)?;
        for batch in &self.batches {
            if index < batch.num_rows() {
                return Some(Row { batch, index });
            }
            index -= batch.num_rows();
        }
        None
    }

    /// True if no row has a value in the column at this place.
    pub(crate) fn is_null_everywhere(&self, column: usize) -> bool {
        self.batches
            .iter()
            .all(|batch| batch.column(column).null_count() == batch.num_rows())
    }

    /// The tables of KFL that the rows come from, in table order; empty if the columns are not those of KFL rows.
    pub(crate) fn tables(&self) -> Vec<&'static Table> {
        let mut tables: Vec<&'static Table> = Vec::new();
        if schema::tables::common::COMMON
            .iter()
            .any(|field| field.is_stored() && self.schema.index_of(field.column).is_err())
        {
            return tables;
        }
        let marks: Vec<_> = schema::tables::in_kfl()
            .map(|table| (table, marks_of(table, &self.schema)))
            .collect();
        if let [only] = marks.iter().filter(|(_, marks)| !marks.is_empty()).collect::<Vec<_>>()[..] {
            return vec![only.0];
        }
        for (table, marks) in &marks {
            if self
                .rows()
                .any(|row| marks.iter().any(|column| row.batch.column(*column).is_valid(row.index)))
            {
                tables.push(table);
            }
        }
        tables
    }
}

/// Where the schema has columns that no other table of KFL has.
fn marks_of(table: &'static Table, schema: &SchemaRef) -> Vec<usize> {
    let others = || schema::tables::in_kfl().filter(|other| other.name != table.name);
    table
        .fields()
        .filter(|field| field.is_stored() && !others().any(|other| other.field(field.name).is_some()))
        .filter_map(|field| schema.index_of(field.column).ok())
        .collect()
}

impl Row<'_> {
    fn column(&self, name: &str) -> Option<&dyn Array> {
        self.batch.column_by_name(name).map(|array| &**array)
    }

    /// A value as text; `None` if it is null or there is no such column.
    pub(crate) fn text(&self, column: &str) -> Option<String> {
        self.column(column).and_then(|array| cell::text(array, self.index))
    }

    /// The value of the column at this place as text; `None` if it is null.
    pub(crate) fn text_at(&self, column: usize) -> Option<String> {
        cell::text(self.batch.column(column), self.index)
    }

    /// An integer; `None` if it is null or there is no such column.
    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        self.column(column).and_then(|array| cell::int(array, self.index))
    }

    /// An instant in nanoseconds; `None` if it is null or there is no such column.
    pub(crate) fn time_ns(&self, column: &str) -> Option<i64> {
        self.column(column).and_then(|array| cell::time_ns(array, self.index))
    }

    /// An address with its port: `10.0.0.1:80`, `[fe80::1]:80`, and no port where it is null or 0.
    pub(crate) fn endpoint(&self, ip: &str, port: &str) -> Option<String> {
        let ip = self.text(ip)?;
        Some(match self.int(port) {
            None | Some(0) => ip,
            Some(port) if ip.contains(':') => format!("[{ip}]:{port}"),
            Some(port) => format!("{ip}:{port}"),
        })
    }

    /// What the row is in the hierarchy, as far as its columns tell. A row of SQL that names a connection counts as an
    /// entry of it.
    pub(crate) fn level(&self) -> Option<Level> {
        if self.int(names::PACKET).is_some() {
            return Some(Level::Record);
        }
        let schema = self.batch.schema();
        let is_of = |table| {
            marks_of(table, &schema)
                .iter()
                .any(|at| self.batch.column(*at).is_valid(self.index))
        };
        if is_of(&schema::tables::flows::TABLE) {
            Some(Level::Flow)
        } else if is_of(&schema::tables::conns::TABLE) {
            Some(Level::Connection)
        } else if self.int(names::CONN_ID).is_some() {
            Some(Level::Entry)
        } else {
            self.int(names::FLOW_ID).map(|_| Level::Flow)
        }
    }
}
