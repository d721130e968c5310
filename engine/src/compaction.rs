//! Compaction: many small parts of a table become few, in one commit.
//!
//! Comes in: a transaction. Goes out: the commit that puts joined parts in the place of their sources, unless there is
//! nothing to gain. Which neighbours are joined says `choice.rs`, how says `join.rs`.
//!
//! Memory: a batch and the writer's row group; of packets, the rows of one joined part. A source is compared with its digest
//! before it is read, so that damage is told and not carried on under a new digest.

mod choice;
mod join;

use schema::Table;
use schema::tables::packets;

use self::choice::{Rule, Size, choose};
use crate::info::{self, TableInfo};
use crate::store::{Committed, MAX_BYTES, MAX_ROWS, Part, ROW_GROUP_ROWS, Transaction};
use crate::{Error, Limits};

/// What joining small parts did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// The tables of which parts were joined, as they were before.
    pub before: Vec<TableInfo>,
    /// The same tables as they are now.
    pub after: Vec<TableInfo>,
}

impl Compaction {
    /// True if there was nothing to gain.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty()
    }
}

/// How far a compaction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// After an ingest: many small parts at a time, and no more than a bound.
    Automatic,
    /// As far as it pays.
    Whole,
}

/// Parts that are joined at once after an ingest: so many small ones may lie beside one another.
const MANY: usize = 16;
/// Bytes of a part that is joined after an ingest.
const AUTOMATIC_BYTES: u64 = 64 << 20;
/// Rows of such a part: a few row groups.
const AUTOMATIC_ROWS: u64 = 4 * ROW_GROUP_ROWS as u64;
/// Bytes that are rewritten after one ingest, all tables together.
const BUDGET_BYTES: u64 = 128 << 20;
/// Bytes that are joined however little is gained.
const TRIFLE_BYTES: u64 = 64 << 20;

impl Extent {
    fn rule(self) -> Rule {
        match self {
            Extent::Automatic => Rule {
                least_parts: MANY,
                most: Size {
                    rows: AUTOMATIC_ROWS,
                    bytes: AUTOMATIC_BYTES,
                },
                trifle_bytes: 0,
            },
            Extent::Whole => Rule {
                least_parts: 2,
                most: Size {
                    rows: MAX_ROWS,
                    bytes: MAX_BYTES as u64,
                },
                trifle_bytes: TRIFLE_BYTES,
            },
        }
    }

    /// The rule for packets by the bytes that they take in memory, where they are sorted: no more than an ingest holds.
    fn rule_in_memory(self) -> Rule {
        let rule = self.rule();
        let bytes = rule.most.bytes.min(Limits::default().part_bytes as u64);
        Rule {
            most: Size { bytes, ..rule.most },
            ..rule
        }
    }

    fn budget_bytes(self) -> u64 {
        match self {
            Extent::Automatic => BUDGET_BYTES,
            Extent::Whole => u64::MAX,
        }
    }
}

/// Joins small parts; gives the commit unless there was nothing to gain.
pub(crate) fn compact(mut transaction: Transaction, extent: Extent) -> Result<(Compaction, Option<Committed>), Error> {
    let before = info::tables(transaction.manifest());
    let mut budget_bytes = extent.budget_bytes();
    let mut joined = Vec::new();
    for table in schema::tables::ALL.iter().copied() {
        for parts in groups(&transaction, table, extent)? {
            let bytes = parts.iter().map(|part| part.bytes).sum();
            let Some(rest) = budget_bytes.checked_sub(bytes) else {
                continue;
            };
            budget_bytes = rest;
            join::join(&mut transaction, table, &parts)?;
            joined.push(table.name);
        }
    }
    if joined.is_empty() {
        return Ok((Compaction::default(), None));
    }
    let committed = transaction.commit()?;
    let of_joined = |tables: Vec<TableInfo>| {
        let joined = tables.into_iter().filter(|table| joined.contains(&table.name));
        joined.collect()
    };
    let compaction = Compaction {
        before: of_joined(before),
        after: of_joined(info::tables(&committed.manifest)),
    };
    Ok((compaction, Some(committed)))
}

/// The neighbouring parts of a table that are worth joining, group by group.
fn groups(transaction: &Transaction, table: &'static Table, extent: Extent) -> Result<Vec<Vec<Part>>, Error> {
    let parts = transaction.manifest().parts(table.name);
    let sizes: Vec<_> = parts.iter().map(Size::of).collect();
    let mut groups = Vec::new();
    for group in choose(&sizes, &extent.rule()) {
        let parts = parts.get(group).unwrap_or_default();
        if table.name != packets::TABLE.name {
            groups.push(parts.to_vec());
            continue;
        }
        // What packets take in memory is not in the manifest; only those that may be joined are worth a look.
        let in_memory = |part| join::size_in_memory(transaction.store(), table, part);
        let sizes: Vec<_> = parts.iter().map(in_memory).collect::<Result<_, _>>()?;
        let chosen = choose(&sizes, &extent.rule_in_memory()).into_iter();
        groups.extend(chosen.map(|group| parts.get(group).unwrap_or_default().to_vec()));
    }
    Ok(groups)
}
