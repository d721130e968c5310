//! One partition of a [`TallyExec`] as it runs: row groups one after the other, groups when they are many, and at the end.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::Schema;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::ExecutionPlan;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::TallyExec;
use super::groups::Groups;
use crate::Error;
use crate::scan::ChooseExec;
use crate::scan::group::{Group, Reader, Scan};
use crate::scan::queue::Queue;
use crate::scan::run::{Batches, Run};

/// One partition.
struct Tally {
    exec: TallyExec,
    context: Arc<TaskContext>,
    partition: usize,
    run: Arc<Run>,
    queue: Queue,
    groups: Groups,
    reservation: MemoryReservation,
    /// Row groups that are grouped row by row.
    by_rows: Vec<Group>,
    is_done: bool,
}

/// The groups of a partition.
pub(super) fn start(exec: &TallyExec, partition: usize, context: Arc<TaskContext>) -> Result<Batches> {
    let run = Run::new(&exec.rows, partition, context.clone())?;
    let reservation = MemoryConsumer::new(format!("TallyExec[{partition}]")).register(context.memory_pool());
    let tally = Tally {
        queue: Queue::new(run.clone()),
        groups: Groups::new(exec.columns(), exec.keys.len(), exec.measures.clone())?,
        exec: exec.clone(),
        context,
        partition,
        run,
        reservation,
        by_rows: Vec::new(),
        is_done: false,
    };
    Ok(stream::try_unfold(tally, |mut tally| async move {
        Ok::<_, DataFusionError>(tally.next().await?.map(|batches| (batches, tally)))
    })
    .try_flatten()
    .boxed())
}

impl Tally {
    /// Groups that are ready.
    async fn next(&mut self) -> Result<Option<Batches>> {
        if self.is_done {
            return Ok(None);
        }
        while let Some(group) = self.queue.next().await? {
            if !self.count(&group).await? {
                self.by_rows.push(group);
            }
            if self.groups.is_full() || self.reservation.try_resize(self.groups.bytes()).is_err() {
                return self.hand_on().map(Some);
            }
        }
        self.is_done = true;
        let counted = self.hand_on()?;
        Ok(Some(match self.row_by_row()? {
            Some(rest) => counted.chain(rest).boxed(),
            None => counted,
        }))
    }

    fn hand_on(&mut self) -> Result<Batches> {
        let groups = self.groups.take()?;
        self.reservation.free();
        let length = self.context.session_config().batch_size();
        let pieces = groups.into_iter().flat_map(move |groups| {
            let starts = (0..groups.num_rows()).step_by(length);
            starts.map(move |start| Ok(groups.slice(start, length.min(groups.num_rows() - start))))
        });
        Ok(stream::iter(pieces).boxed())
    }

    /// Counts a row group; false if it cannot be counted by numbers.
    async fn count(&mut self, group: &Group) -> Result<bool> {
        if !self.exec.keys.iter().all(|key| key.has_numbers(group)) {
            return Ok(false);
        }
        if let [key] = &*self.exec.keys
            && self.exec.read.is_empty()
            && let Some(question) = key.asked(&self.exec.rows.condition)
        {
            let Some(mut reader) = self.run.open(group)? else {
                return Ok(true);
            };
            let values = self.groups.values(0);
            let counted = key.counts(group, question, values, &mut reader, &self.run).await?;
            if let Some((numbers, counts)) = counted {
                self.groups.count_numbers(&numbers, &counts);
                return Ok(true);
            }
        }
        let Some((mut reader, found)) = self.run.find(group).await? else {
            return Ok(true);
        };
        let count = found.count_set_bits();
        if count == 0 {
            return Ok(true);
        }
        let mut numbers = Vec::new();
        for (place, key) in self.exec.keys.iter().enumerate() {
            let values = self.groups.values(place);
            match key.numbers(group, &found, values, &mut reader, &self.run).await? {
                Some(of_key) => numbers.push(of_key),
                None => return Ok(false),
            }
        }
        let groups = self.groups.of_rows(&numbers);
        drop(numbers);
        self.groups.count(&groups);
        if !self.exec.read.is_empty() {
            self.read(group, found, &mut reader, &groups).await?;
        }
        Ok(true)
    }

    /// Adds what aggregates are of.
    async fn read(&mut self, group: &Group, found: BooleanBuffer, reader: &mut Reader, groups: &[u32]) -> Result<()> {
        if let [name] = &*self.exec.read
            && group.has_integers(name)
        {
            let name = name.clone();
            return match groups.len() == found.len() {
                true => self.integers(group, &name, reader, groups).await,
                false => self.chosen_integers(group, &name, &found, reader, groups).await,
            };
        }
        let mut batches = self.run.chosen(group, &self.exec.read, &found)?;
        let mut done = 0;
        while let Some(batch) = batches.try_next().await? {
            let end = done + batch.num_rows();
            let Some(groups) = groups.get(done..end) else {
                return datafusion::common::internal_err!("more rows are read than were found");
            };
            self.groups.add(groups, &batch)?;
            done = end;
        }
        Ok(())
    }

    /// The same where it is of one column of whole numbers or times.
    async fn chosen_integers(
        &mut self,
        group: &Group,
        name: &str,
        found: &BooleanBuffer,
        reader: &mut Reader,
        groups: &[u32],
    ) -> Result<()> {
        let schema = Arc::new(Schema::new(vec![self.run.table().field_with_name(name)?.clone()]));
        let mut rest = groups;
        for column in self.run.chosen_column(group, name, found, reader).await? {
            let Some((groups, later)) = rest.split_at_checked(column.len()) else {
                return datafusion::common::internal_err!("more rows are read than were found");
            };
            rest = later;
            self.groups
                .add(groups, &RecordBatch::try_new(schema.clone(), vec![column])?)?;
        }
        Ok(())
    }

    /// The same of all rows, of which no copy is made.
    async fn integers(&mut self, group: &Group, name: &str, reader: &mut Reader, groups: &[u32]) -> Result<()> {
        let run = self.run.as_ref();
        let schema = Arc::new(Schema::new(vec![run.table().field_with_name(name)?.clone()]));
        let (counted, mut rest) = (&mut self.groups, groups);
        let damaged = |reason: String| Error::part(group.file.path(), reason);
        let add = |column: ArrayRef| {
            let Some((groups, later)) = rest.split_at_checked(column.len()) else {
                return Err(damaged(format!("column {name} has more rows than its row group")));
            };
            rest = later;
            counted.add(groups, &RecordBatch::try_new(schema.clone(), vec![column])?)
        };
        match group.each_integers(name, reader, run, add).await? {
            Some(()) => Ok(()),
            // What was added cannot be taken back.
            None => Err(damaged(format!("column {name} has a page that cannot be read"))),
        }
    }

    /// Runs the aggregation of rows over the row groups that are left.
    fn row_by_row(&mut self) -> Result<Option<Batches>> {
        if self.by_rows.is_empty() {
            return Ok(None);
        }
        let rest: Arc<[Group]> = std::mem::take(&mut self.by_rows).into();
        let plan = self.exec.by_rows.clone().transform_up(|node| {
            Ok(match node.downcast_ref::<ChooseExec>() {
                Some(choice) => Transformed::yes(Arc::new(choice.within(rest.clone())) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(node),
            })
        })?;
        plan.data
            .execute(self.partition, self.context.clone())
            .map(|rows| Some(rows.boxed()))
    }
}
