//! The row groups of one partition in the order in which they are read.
//!
//! A part is opened when its rows may come next and no sooner: a sort that has its rows by then rules out the rest of the
//! parts by the ranges that the manifest has, and their footers are never read.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::{Result, ScalarValue};
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use tokio::task::coop::consume_budget;

use super::group::{Group, Scan as _};
use super::run::Run;
use super::{Order, WholePart, placed};
use crate::Error;
use crate::store::{Part, ROW_GROUP_ROWS};

/// Where in the order the first rows of a part or row group may lie; nobody knows of `None`.
type Beginning = Option<ScalarValue>;

/// The row groups still to be read.
pub(super) struct Queue {
    run: Arc<Run>,
    /// Parts that were not opened, with their places among all parts.
    parts: VecDeque<(Beginning, usize)>,
    /// Row groups of parts that were.
    groups: VecDeque<(Beginning, Group)>,
}

impl Queue {
    /// The row groups that are a partition's own.
    pub(super) fn new(run: Arc<Run>) -> Self {
        if let Some(groups) = run.within() {
            let groups = groups.iter().map(|group| (None, group.clone())).collect();
            return Self {
                run,
                parts: VecDeque::new(),
                groups,
            };
        }
        let parts = run.parts().iter().enumerate();
        let mut parts: Vec<_> = parts
            .filter(|(place, part)| is_shared(part) || run.owns(*place))
            .map(|(place, part)| (run.order().and_then(|order| of_part(order, part, &run)), place))
            .collect();
        if let Some(order) = run.order() {
            // What nobody knows of may come first.
            parts.sort_by(|(one, _), (other, _)| match (one, other) {
                (Some(one), Some(other)) => order.compare(one, other),
                (one, other) => one.is_some().cmp(&other.is_some()),
            });
        }
        Self {
            run,
            parts: parts.into(),
            groups: VecDeque::new(),
        }
    }

    /// The next row group; opens parts until none that is closed may have an earlier one.
    pub(super) async fn next(&mut self) -> Result<Option<Group>> {
        while !self.is_decided()
            && let Some((_, place)) = self.parts.pop_front()
        {
            match self.run.matching(&[&self.run.parts()[place].part])?[..] {
                [true] => self.open(place).await?,
                _ => self.rule_out()?,
            }
        }
        Ok(self.groups.pop_front().map(|(_, group)| group))
    }

    /// Leaves out all parts that can be ruled out by now: where one was, a sort mostly has its rows, and the rest go with it.
    fn rule_out(&mut self) -> Result<()> {
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(_, place)| &self.run.parts()[*place].part)
            .collect();
        let mut kept = self.run.matching(&parts)?.into_iter();
        self.parts.retain(|_| kept.next().unwrap_or(true));
        Ok(())
    }

    /// True if the first of the row groups comes before all parts that are closed.
    fn is_decided(&self) -> bool {
        match (self.run.order(), self.groups.front(), self.parts.front()) {
            (_, None, _) => false,
            (None, ..) | (_, _, None) => true,
            (Some(order), Some((Some(group), _)), Some((Some(part), _))) => order.compare(group, part).is_le(),
            (Some(_), Some(_), Some(_)) => false,
        }
    }

    /// Adds a partition's row groups of a part.
    async fn open(&mut self, place: usize) -> Result<()> {
        let run = &self.run;
        let part = &run.parts()[place];
        for group in groups(run, part).await? {
            if is_shared(part) && !run.owns(place + group.number) {
                continue;
            }
            let Some(order) = run.order() else {
                self.groups.push_back((None, group));
                continue;
            };
            let range = group.range(&order.column, run.table());
            let beginning = range.map(|(first, last)| if order.descending { last } else { first });
            // Row groups without values in the order's column come last.
            let at = self.groups.partition_point(|(known, _)| match (known, &beginning) {
                (Some(known), Some(beginning)) => order.compare(known, beginning).is_le(),
                (known, beginning) => known.is_some() || beginning.is_none(),
            });
            self.groups.insert(at, (beginning, group));
        }
        Ok(())
    }
}

/// The row groups of a part.
pub(super) async fn groups(run: &Run, part: &WholePart) -> Result<Vec<Group>> {
    // Footers are read without waiting: those of thousands of parts must let others run, and a query that is given up end.
    consume_budget().await;
    let metadata = run.reader(&part.file)?.get_metadata(None).await?;
    if !is_sound(&metadata, &part.part) {
        return Err(Error::part(
            part.file.path(),
            "its footer is not that of the part that was written",
        ));
    }
    // As it is scanned, so that no reader works the schema out anew.
    let file = match has_columns(&metadata, run.table()) {
        true => part.file.clone().with_arrow_schema(run.table().clone()),
        false => part.file.clone(),
    };
    let mut first_place = placed::of_part(&part.part);
    let groups = (0..metadata.num_row_groups()).map(|number| {
        let group = Group {
            file: file.clone(),
            metadata: metadata.clone(),
            number,
            first_place,
        };
        // No part that places can tell has more rows than they can.
        first_place = first_place.map(|place| place + group.rows() as i64);
        group
    });
    Ok(groups.collect())
}

/// True if a footer tells of as many rows as were written, and of chunks within the file: whoever reads row groups relies on it.
fn is_sound(metadata: &ParquetMetaData, part: &Part) -> bool {
    let sum = |sum: u64, group: &RowGroupMetaData| sum.checked_add(u64::try_from(group.num_rows()).ok()?);
    let rows = metadata.row_groups().iter().try_fold(0, sum);
    let is_within = |chunk: &ColumnChunkMetaData| {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let places = [start, chunk.data_page_offset(), chunk.compressed_size()];
        let [start, _, size] = places.map(|place| u64::try_from(place).ok());
        let end = start.zip(size).and_then(|(start, size)| start.checked_add(size));
        chunk.data_page_offset() >= 0 && end.is_some_and(|end| end <= part.bytes)
    };
    let mut chunks = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    rows == Some(part.rows) && chunks.all(is_within)
}

/// True if a part has the columns of the table, neither fewer nor others, as one of another time may.
fn has_columns(metadata: &ParquetMetaData, schema: &Schema) -> bool {
    let columns = metadata.file_metadata().schema_descr().root_schema().get_fields();
    let names = columns.iter().map(|column| column.name());
    names.eq(schema.fields().iter().map(|field| field.name().as_str()))
}

/// True if partitions share a part row group by row group: they do unless it has hardly more than one.
fn is_shared(part: &WholePart) -> bool {
    part.part.rows > ROW_GROUP_ROWS as u64
}

fn of_part(order: &Order, part: &WholePart, run: &Run) -> Beginning {
    let (first, last) = part.range(&order.column, run.columns(), run.table())?;
    Some(if order.descending { last } else { first })
}

impl Order {
    /// Which of two values comes first.
    fn compare(&self, one: &ScalarValue, other: &ScalarValue) -> Ordering {
        let (one, other) = if self.descending { (other, one) } else { (one, other) };
        // Values of one column have one type.
        one.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}
