//! ICMP and ICMPv6.
//!
//! In: messages as they come. Out: one `icmp` row per message; a query (echo, timestamp, information, address mask, extended
//! echo) and its reply are one row, and either alone is a row too. Specification: RFC 792, RFC 950, RFC 1191 (MTU), RFC 4443,
//! RFC 4861, RFC 2710 and RFC 3810 (multicast listeners), RFC 8335.
//!
//! A row of an error is of the connection that the error is about, if that is known, and says its `src` and `dst`. `status_code` is
//! the code of an error or of a reply. Bounds: `pending_requests` of one connection; what waits counts as held by dissectors.
//!
//! Absent on purpose: solicitations are not paired with advertisements, which also come unasked; options, and objects behind
//! what an error quotes (RFC 4884). It is not in the registry of dissectors, because the IP header names it.

mod queries;
mod registry;
mod summary;

use std::net::IpAddr;

use schema::tables::icmp::{Icmp, IcmpOwn};

use super::{Context, Entry, Half, Start, number};
use crate::decode::icmp::{Message, Version};

pub(crate) use queries::Queries;

/// The name in `protocol`, of both versions.
const NAME: &str = "ICMP";

/// A message and where it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub half: Half,
    pub start: Start,
    pub message: Message,
    /// On the wire.
    pub length_bytes: u32,
}

/// Appends the row of a message that neither asks nor answers by number, on an ICMP connection: `src` is its sender.
pub(crate) fn append_message(placed: &Placed, bytes: &[u8], context: &mut Context<'_>) {
    let summary = summary::of_message(&placed.message, bytes, None);
    append(placed, placed.half, &summary, context);
}

/// Appends the row of an error to the connection that it is about: `src` and `dst` are the connection's.
pub(crate) fn append_error(placed: &Placed, sender: IpAddr, bytes: &[u8], context: &mut Context<'_>) {
    let summary = summary::of_message(&placed.message, bytes, Some(sender));
    append(placed, Half::Client, &summary, context);
}

fn append(placed: &Placed, client: Half, summary: &str, context: &mut Context<'_>) {
    let is_error = placed.message.is_error();
    let packet = Some(placed.start.packet);
    let row = Row {
        first: placed,
        client,
        summary,
        status_code: is_error.then_some(placed.message.code),
        elapsed_time_us: None,
        request_packet: packet.filter(|_| !is_error),
        response_packet: packet.filter(|_| is_error),
    };
    row.append(context);
}

/// What differs from row to row.
struct Row<'a> {
    first: &'a Placed,
    client: Half,
    summary: &'a str,
    status_code: Option<u8>,
    elapsed_time_us: Option<i64>,
    request_packet: Option<u64>,
    response_packet: Option<u64>,
}

impl Row<'_> {
    fn append(&self, context: &mut Context<'_>) {
        let message = &self.first.message;
        let kind = registry::type_name(message.version, message.kind);
        let (mut common, identity) = context.common(Entry {
            protocol: NAME,
            start: self.first.start,
            client: self.client,
            elapsed_time_us: self.elapsed_time_us,
            method: Some(&kind),
            status_code: self.status_code.map(i64::from),
            summary: self.summary,
            request_packet: self.request_packet,
            response_packet: self.response_packet,
        });
        // An error on another transport's connection did not travel over that transport.
        let (transport, version) = match message.version {
            Version::V4 => ("icmp", 4),
            Version::V6 => ("icmp6", 6),
        };
        common.transport = Some(transport);
        context.tables.icmp.append(Icmp {
            common,
            identity,
            own: IcmpOwn {
                icmp_type: Some(&kind),
                icmp_version: Some(version),
                icmp_length: Some(number(u64::from(self.first.length_bytes))),
            },
        });
    }
}
