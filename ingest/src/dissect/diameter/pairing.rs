//! Requests and the answers to them, and their rows.
//!
//! An answer belongs to the oldest request of its command from the other side with its hop-by-hop identifier, which is unique on a
//! connection while the request waits (RFC 6733 §3). A request that was sent again is a row of its own.

use schema::tables::diameter::{Diameter, DiameterOwn};

use super::message::Message;
use super::registry::name_of_command;
use super::results::Outcome;
use super::{NAME, summary};
use crate::Anomaly;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, sizes};

/// The requests of a connection that wait for their answer.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    requests: Pending<(Half, u32, u32), Request>,
}

#[derive(Debug)]
struct Request {
    half: Half,
    side: Side,
    command: u32,
    summary: String,
}

#[derive(Debug)]
struct Answer {
    half: Half,
    side: Side,
    command: u32,
    outcome: Option<Outcome>,
    /// What it says of the command.
    summary: String,
    /// What it says of the outcome.
    told: String,
}

impl Pairing {
    /// Takes a message.
    pub fn take(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        let mut avps = message.avps;
        avps.by_ref().for_each(drop);
        if !message.is_cut && !avps.0.is_empty() {
            let reason = "AVPs do not fill the message";
            context
                .anomalies
                .add(side.start.packet, Anomaly::Malformed { layer: NAME, reason });
        }
        let summary = summary::of_command(message);
        let command = message.command;
        if message.is_request() {
            let request = Request {
                half,
                side,
                command,
                summary,
            };
            let key = (half, message.hop_by_hop, command);
            self.requests.add(key, request.summary.capacity(), request);
            while let Some(oldest) = self.requests.overflow(NAME, side.start.packet, context) {
                append(Some(&oldest), None, context);
            }
            return;
        }
        let outcome = Outcome::read(&message.avps);
        let answer = Answer {
            half,
            side,
            command,
            outcome,
            summary,
            told: summary::of_answer(message, outcome),
        };
        let request = self.requests.take(&(half.other(), message.hop_by_hop, command));
        append(request.as_ref(), Some(&answer), context);
    }

    /// Makes entries of all requests that are left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        while let Some(request) = self.requests.take_first() {
            append(Some(&request), None, context);
        }
    }

    /// Bytes of memory that requests without an answer hold.
    pub fn held_bytes(&self) -> usize {
        self.requests.held_bytes()
    }
}

fn append(request: Option<&Request>, answer: Option<&Answer>, context: &mut Context<'_>) {
    let of_request = request.map(|request| (request.half, request.command, &request.summary));
    let of_answer = answer.map(|answer| (answer.half.other(), answer.command, &answer.summary));
    let Some((half, command, asked)) = of_request.or(of_answer) else {
        return;
    };
    let name = name_of_command(command);
    let summary = match answer {
        Some(answer) => format!("{asked} → {}", answer.told),
        None => asked.clone(),
    };
    let (request_side, answer_side) = (request.map(|request| request.side), answer.map(|answer| answer.side));
    let outcome = answer.and_then(|answer| answer.outcome);
    let (common, identity) = context.common(Entry {
        method: Some(&name),
        status_code: outcome.map(|outcome| i64::from(outcome.number)),
        summary: &summary,
        ..Entry::of(NAME, half, request_side, answer_side)
    });
    let [request_length, response_length, total] = sizes(request_side, answer_side);
    context.tables.diameter.append(Diameter {
        common,
        identity,
        own: DiameterOwn {
            diameter_method: Some(&name),
            diameter_summary: Some(&summary),
            diameter_request: Some(request.is_some()),
            diameter_response: Some(answer.is_some()),
            diameter_request_length: request_length,
            diameter_response_length: response_length,
            diameter_total_size: total,
        },
    });
}
