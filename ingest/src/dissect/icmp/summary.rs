//! One line for a person on a message.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::registry::{code_name, type_name};
use crate::decode::icmp::{Inside, Message, Query, Quoted, Version, v4, v6};
use crate::rows::transport_names;

/// "echo request id 7 seq 1 → reply"; the reply's own name behind the arrow if no query was seen.
pub(super) fn of_query(version: Version, query: &Query, is_asked: bool, is_answered: bool) -> String {
    let Query {
        identifier, sequence, ..
    } = query;
    let name = type_name(version, query.kind);
    match (is_asked, is_answered) {
        (true, true) => format!("{name} id {identifier} seq {sequence} → reply"),
        (true, false) => format!("{name} id {identifier} seq {sequence}"),
        (false, _) => format!("→ reply to {name} id {identifier} seq {sequence}"),
    }
}

/// "destination unreachable: port unreachable, quoting udp 10.0.0.1:5000 > 10.0.0.2:53"; with the sender if it is given and no
/// end of what is quoted.
pub(super) fn of_message(message: &Message, bytes: &[u8], sender: Option<IpAddr>) -> String {
    let mut text = type_name(message.version, message.kind).into_owned();
    if let Some(code) = code_name(message.version, message.kind, message.code) {
        text.push_str(": ");
        text.push_str(&code);
    }
    detail(&mut text, message, bytes);
    let quoted = message.quoted(bytes);
    let is_third = |sender: &IpAddr| {
        quoted.is_none_or(|quoted| {
            let ends = [quoted.source, quoted.destination];
            !ends.map(|end| end.ip(quoted.family)).contains(sender)
        })
    };
    if let Some(sender) = sender.filter(is_third) {
        push(&mut text, format_args!(", from {sender}"));
    }
    if let Some(quoted) = &quoted {
        text.push_str(", quoting ");
        quote(&mut text, quoted);
    }
    text
}

/// What a message says besides its type and code.
fn detail(text: &mut String, message: &Message, bytes: &[u8]) {
    let word = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
    let short = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes);
    let target = || bytes.get(8..)?.first_chunk::<16>().copied().map(Ipv6Addr::from);
    match (message.version, message.kind) {
        (Version::V4, v4::UNREACHABLE) if message.code == 4 => {
            if let Some(mtu) = short(6).filter(|mtu| *mtu > 0) {
                push(text, format_args!(", mtu {mtu}"));
            }
        }
        (Version::V4, v4::REDIRECT) => {
            if let Some(gateway) = word(4).map(Ipv4Addr::from) {
                push(text, format_args!(", to {gateway}"));
            }
        }
        (Version::V4, v4::PARAMETER_PROBLEM) if message.code == 0 => {
            if let Some(pointer) = bytes.get(4) {
                push(text, format_args!(", pointer {pointer}"));
            }
        }
        (Version::V4, v4::ROUTER_ADVERTISEMENT) | (Version::V6, v6::ROUTER_ADVERTISEMENT) => {
            if let Some(lifetime) = short(6) {
                push(text, format_args!(", lifetime {lifetime} s"));
            }
        }
        (Version::V6, v6::PACKET_TOO_BIG) => {
            if let Some(mtu) = word(4) {
                push(text, format_args!(", mtu {mtu}"));
            }
        }
        (Version::V6, v6::PARAMETER_PROBLEM) => {
            if let Some(pointer) = word(4) {
                push(text, format_args!(", pointer {pointer}"));
            }
        }
        (Version::V6, v6::NEIGHBOR_SOLICITATION | v6::LISTENER_QUERY) => {
            // A query for :: is for every group.
            if let Some(target) = target().filter(|target| !target.is_unspecified()) {
                push(text, format_args!(" for {target}"));
            }
        }
        (Version::V6, v6::NEIGHBOR_ADVERTISEMENT | v6::LISTENER_REPORT | v6::LISTENER_DONE) => {
            if let Some(target) = target() {
                push(text, format_args!(" of {target}"));
            }
        }
        (Version::V6, v6::REDIRECT) => {
            if let Some(target) = target() {
                push(text, format_args!(", to {target}"));
            }
        }
        (Version::V6, v6::LISTENER_REPORT_2) => {
            if let Some(records) = short(6) {
                let plural = if records == 1 { "" } else { "s" };
                push(text, format_args!(", {records} record{plural}"));
            }
        }
        _ => {}
    }
}

fn quote(text: &mut String, quoted: &Quoted) {
    let [from, to] = [quoted.source, quoted.destination].map(|end| end.ip(quoted.family));
    match quoted.inside {
        Inside::Ports(source, destination) => {
            let transport = transport_names(quoted.protocol).0;
            let (from, to) = (SocketAddr::new(from, source), SocketAddr::new(to, destination));
            push(text, format_args!("{transport} {from} > {to}"));
        }
        Inside::Message(message) => {
            let transport = transport_names(quoted.protocol).0;
            let name = type_name(message.version, message.kind);
            push(text, format_args!("{transport} {from} > {to} {name}"));
            if let Some(query) = message.query {
                push(text, format_args!(" id {} seq {}", query.identifier, query.sequence));
            }
        }
        Inside::Nothing => push(text, format_args!("protocol {} {from} > {to}", quoted.protocol)),
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}
