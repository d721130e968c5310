//! The tables, one a file, and the groups of fields that they share.

pub mod amqp;
pub mod captures;
pub mod common;
pub mod conns;
pub mod diameter;
pub mod dns;
pub mod flows;
pub mod health;
pub mod http;
pub mod icmp;
pub mod identity;
pub mod kafka;
pub mod ldap;
pub mod mongodb;
pub mod mysql;
pub mod packets;
pub mod postgresql;
pub mod radius;
pub mod redis;
pub mod sctp;
pub mod tcp;
pub mod tlsx;
pub mod udp;
pub mod ws;

use crate::Table;

/// Every table, in the order in which help and exports list them.
pub const ALL: &[&Table] = &[
    &flows::TABLE,
    &conns::TABLE,
    &http::TABLE,
    &dns::TABLE,
    &tlsx::TABLE,
    &ws::TABLE,
    &redis::TABLE,
    &kafka::TABLE,
    &amqp::TABLE,
    &mongodb::TABLE,
    &mysql::TABLE,
    &postgresql::TABLE,
    &ldap::TABLE,
    &radius::TABLE,
    &diameter::TABLE,
    &icmp::TABLE,
    &sctp::TABLE,
    &tcp::TABLE,
    &udp::TABLE,
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
