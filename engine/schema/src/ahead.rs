//! Variables that the language names ahead of what fills them, one group a file.
//!
//! KFL knows them with type, unit and default, and reads the default on every row. No table has them: the store, SQL and
//! exports do not see them. A group becomes columns by moving its lines as they are: into a `table!` of its own, or, where
//! its tables stand already, into theirs.

mod amqp;
mod diameter;
mod http;
mod kafka;
mod ldap;
mod mongodb;
mod mysql;
mod postgresql;
mod radius;
mod redis;
mod tcp;
mod tlsx;
mod udp;
mod ws;

use crate::{Field, Level, tables};

/// Fields that no table has yet.
#[derive(Debug)]
pub struct Ahead {
    /// The tables that will have them, which may stand already.
    pub tables: &'static [&'static str],
    /// What the fields are about; of a table to come, what a row is.
    pub doc: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

/// Every group, in the order in which help lists them.
pub const ALL: &[&Ahead] = &[
    &http::GROUP,
    &tlsx::GROUP,
    &ws::GROUP,
    &redis::GROUP,
    &kafka::GROUP,
    &amqp::GROUP,
    &mongodb::GROUP,
    &mysql::GROUP,
    &postgresql::GROUP,
    &ldap::GROUP,
    &radius::GROUP,
    &diameter::GROUP,
    &tcp::GROUP,
    &udp::GROUP,
];

impl Ahead {
    /// The level of the rows that will have the fields: tables to come are of entries.
    pub fn level(&self) -> Level {
        self.tables
            .iter()
            .find_map(|name| tables::find(name))
            .map_or(Level::Entry, |table| table.level)
    }
}

/// The fields of all groups.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    ALL.iter().flat_map(|group| group.fields)
}
