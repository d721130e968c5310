//! Queries and the replies that answer them.
//!
//! A reply answers the latest query of its number: some senders give all queries one, and a reply that was lost must not shift the
//! pairs that follow.

use std::collections::VecDeque;

use super::{NAME, Placed, Row, append_message, summary};
use crate::Anomaly;
use crate::decode::icmp::Query;
use crate::dissect::{Context, elapsed_us};

/// The queries of a connection that wait for their reply.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    placed: Placed,
    query: Query,
}

impl Queries {
    /// Takes a message of an ICMP connection.
    pub(crate) fn take(&mut self, placed: Placed, bytes: &[u8], context: &mut Context<'_>) {
        let Some(query) = placed.message.query else {
            append_message(&placed, bytes, context);
            return;
        };
        if !query.is_reply {
            self.waiting.push_back(Waiting { placed, query });
            self.keep_bounds(context);
            return;
        }
        let asked = self
            .waiting
            .iter()
            .rposition(|asked| asked.query.kind == query.kind && asked.query.sequence == query.sequence);
        let asked = asked.and_then(|place| self.waiting.remove(place));
        append(asked.map(|asked| asked.placed), Some(placed), query, context);
    }

    /// Makes entries of all queries that are left.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        for left in self.waiting.drain(..) {
            append(Some(left.placed), None, left.query, context);
        }
    }

    /// Bytes of memory that queries without a reply hold.
    pub(crate) fn held_bytes(&self) -> usize {
        self.waiting.len().saturating_mul(size_of::<Waiting>())
    }

    fn keep_bounds(&mut self, context: &mut Context<'_>) {
        while self.waiting.len() > context.limits.pending_requests {
            let Some(oldest) = self.waiting.pop_front() else { break };
            let anomaly = Anomaly::MessageLimit {
                protocol: NAME,
                limit: "pending_requests",
            };
            context.anomalies.add(oldest.placed.start.packet, anomaly);
            append(Some(oldest.placed), None, oldest.query, context);
        }
    }
}

fn append(asked: Option<Placed>, reply: Option<Placed>, query: Query, context: &mut Context<'_>) {
    let (asked, reply) = (asked.as_ref(), reply.as_ref());
    let Some(first) = asked.or(reply) else { return };
    let summary = summary::of_query(first.message.version, &query, asked.is_some(), reply.is_some());
    let row = Row {
        first,
        client: asked.map_or(first.half.other(), |asked| asked.half),
        summary: &summary,
        status_code: reply.map(|reply| reply.message.code),
        elapsed_time_us: asked
            .zip(reply)
            .map(|(asked, reply)| elapsed_us(asked.start.timestamp_ns, reply.start.timestamp_ns)),
        request_packet: asked.map(|asked| asked.start.packet),
        response_packet: reply.map(|reply| reply.start.packet),
    };
    row.append(context);
}
