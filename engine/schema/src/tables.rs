//! The tables, one a file, and the groups of fields that they share.

pub mod captures;
pub mod common;
pub mod conns;
pub mod dns;
pub mod flows;
pub mod health;
pub mod http;
pub mod icmp;
pub mod identity;
pub mod packets;
pub mod sctp;
pub mod tlsx;

use crate::Table;

/// Every table, in the order in which help and exports list them.
pub const ALL: &[&Table] = &[
    &flows::TABLE,
    &conns::TABLE,
    &http::TABLE,
    &dns::TABLE,
    &tlsx::TABLE,
    &icmp::TABLE,
    &sctp::TABLE,
    &packets::TABLE,
    &captures::TABLE,
];

/// The table with this name.
pub fn find(name: &str) -> Option<&'static Table> {
    ALL.iter().copied().find(|table| table.name == name)
}

/// The tables that KFL ranges over.
pub fn in_kfl() -> impl Iterator<Item = &'static Table> {
    ALL.iter().copied().filter(|table| table.in_kfl())
}
