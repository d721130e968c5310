//! Queries and the responses that answer them, and their rows.
//!
//! A response answers the oldest query from the other side with its id and question. A query that was sent again is an
//! entry of its own. mDNS does not answer a query but tells everyone, so there every message is an entry at once.

use std::collections::VecDeque;

use schema::tables::dns::{Dns, DnsOwn};

use super::message::Message;
use super::naming::Given;
use super::registry::{opcode_name, rcode_name, type_name};
use crate::Anomaly;
use crate::dissect::{Context, Entry, Half, Start, elapsed_us, number, shorten};
use crate::names::Naming;

const MDNS_PORT: u16 = 5353;

/// Bytes of names and answers that a summary shows.
const SUMMARY_BYTES: usize = 160;

/// A message and where it was.
#[derive(Debug)]
pub(super) struct Placed {
    pub half: Half,
    pub start: Start,
    pub end_ns: i64,
    pub message: Message,
}

/// The queries of a connection that wait for their response.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    queries: VecDeque<Placed>,
    held_bytes: usize,
}

impl Pairing {
    /// Takes a message.
    pub fn take(&mut self, placed: Placed, context: &mut Context<'_>) {
        if let Some(reason) = placed.message.damage {
            context.anomalies.add(
                placed.start.packet,
                Anomaly::Malformed {
                    layer: super::NAME,
                    reason,
                },
            );
        }
        if placed.message.header.is_response() {
            for Given { address, name, lookup } in &placed.message.given {
                let naming = Naming {
                    packet: placed.start.packet,
                    time_ns: placed.start.timestamp_ns,
                    address: *address,
                    name: name.clone(),
                    lookup: *lookup,
                };
                context.tables.names.add(naming, context.limits, context.anomalies);
            }
            let answered = self
                .queries
                .iter()
                .position(|query| query.half != placed.half && placed.message.answers(&query.message));
            let query = answered.and_then(|place| self.queries.remove(place));
            if let Some(query) = &query {
                self.held_bytes = self.held_bytes.saturating_sub(query.message.held_bytes());
            }
            append(query, Some(placed), context);
        } else if context.link.dst_port == MDNS_PORT {
            append(Some(placed), None, context);
        } else {
            self.held_bytes = self.held_bytes.saturating_add(placed.message.held_bytes());
            self.queries.push_back(placed);
            self.keep_bounds(context);
        }
    }

    /// Makes entries of all queries that are left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.held_bytes = 0;
        for query in self.queries.drain(..) {
            append(Some(query), None, context);
        }
    }

    /// Bytes of memory that queries without an answer hold.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn keep_bounds(&mut self, context: &mut Context<'_>) {
        let limits = context.limits;
        while self.queries.len() > limits.pending_requests || self.held_bytes > limits.pending_bytes {
            let limit = if self.queries.len() > limits.pending_requests {
                "pending_requests"
            } else {
                "pending_bytes"
            };
            let Some(oldest) = self.queries.pop_front() else { break };
            self.held_bytes = self.held_bytes.saturating_sub(oldest.message.held_bytes());
            context.anomalies.add(
                oldest.start.packet,
                Anomaly::MessageLimit {
                    protocol: super::NAME,
                    limit,
                },
            );
            append(Some(oldest), None, context);
        }
    }
}

fn append(query: Option<Placed>, response: Option<Placed>, context: &mut Context<'_>) {
    let (query, response) = (query.as_ref(), response.as_ref());
    let Some(first) = query.or(response) else { return };
    let Some(last) = response.or(query) else { return };
    let questions = &first.message.questions;
    let names: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
    let kinds: Vec<_> = questions.iter().map(|question| type_name(question.kind)).collect();
    let kinds: Vec<&str> = kinds.iter().map(AsRef::as_ref).collect();
    let answers: Vec<&str> = response
        .into_iter()
        .flat_map(|response| &response.message.answers)
        .map(String::as_str)
        .collect();
    let rcode = response.map(|response| rcode_name(response.message.rcode));
    let size = |placed: Option<&Placed>| placed.map(|placed| placed.message.size_bytes as u64);
    let (query_bytes, response_bytes) = (size(query), size(response));
    let opcode = opcode_name(first.message.header.opcode());
    let summary = summary(&opcode, &kinds, &names, rcode.as_deref(), &answers);
    let (common, identity) = context.common(Entry {
        protocol: super::NAME,
        start: first.start,
        client: query.map_or(Half::Client, |query| query.half),
        elapsed_time_us: query
            .zip(response)
            .map(|(query, response)| elapsed_us(query.end_ns, response.start.timestamp_ns)),
        method: Some(&opcode),
        status_code: response.map(|response| i64::from(response.message.rcode)),
        summary: &summary,
        request_packet: query.map(|query| query.start.packet),
        response_packet: response.map(|response| response.start.packet),
    });
    context.tables.dns.append(Dns {
        common,
        identity,
        own: DnsOwn {
            dns_questions: &names,
            dns_answers: &answers,
            dns_question_types: &kinds,
            dns_request: Some(query.is_some()),
            dns_response: Some(response.is_some()),
            dns_request_length: query_bytes.map(number),
            dns_response_length: response_bytes.map(number),
            dns_total_size: Some(number(
                query_bytes.unwrap_or(0).saturating_add(response_bytes.unwrap_or(0)),
            )),
            dns_id: Some(i64::from(first.message.header.id)),
            dns_rcode: rcode.as_deref(),
            dns_flags: &last.message.header.flags(),
        },
    });
}

/// "A example.com → 192.0.2.1"; the operation instead of a question if there is none, the response code instead of answers.
fn summary(opcode: &str, kinds: &[&str], names: &[&str], rcode: Option<&str>, answers: &[&str]) -> String {
    let mut text = match (kinds.first(), names.first()) {
        (Some(kind), Some(name)) => format!("{kind} {}", shorten(name, SUMMARY_BYTES)),
        _ => opcode.to_owned(),
    };
    let told = match answers {
        [] => rcode.map(Into::into),
        [answer] => Some(shorten(answer, SUMMARY_BYTES)),
        [answer, others @ ..] => Some(format!("{} and {} more", shorten(answer, SUMMARY_BYTES), others.len()).into()),
    };
    if let Some(told) = told {
        text.push_str(" → ");
        text.push_str(&told);
    }
    text
}
