//! Operations and what answers them, and their rows.
//!
//! Messages of one operation have one id. What comes before the result (entries, references, intermediate responses) is counted.

use std::collections::VecDeque;

use schema::tables::ldap::{Ldap, LdapOwn};

use super::message::{Message, Outcome};
use super::registry::{Operation, Role, START_TLS, SUCCESS, extension_name, op, result_name};
use super::request;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes of what was asked for that a summary shows.
const TEXT_BYTES: usize = 320;

/// Abandoned operations that are remembered.
const ABANDONED: usize = 64;

/// The operations of a connection that wait for their result.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    waiting: Pending<(Half, i64), Exchange>,
    /// Operations that were abandoned, the newest last: what was under way of them may still come.
    abandoned: VecDeque<(Half, i64)>,
    has_sasl: bool,
}

/// An operation and what came of it so far.
#[derive(Debug)]
struct Exchange {
    /// The half that asked.
    client: Half,
    request: Option<Request>,
    response: Option<Side>,
    /// The last message that answered.
    answer: Option<&'static Operation>,
    entries: u64,
    references: u64,
    intermediates: u64,
    outcome: Option<Outcome>,
    is_abandoned: bool,
}

#[derive(Debug)]
struct Request {
    side: Side,
    operation: &'static Operation,
    text: String,
    is_start_tls: bool,
}

impl Pairing {
    /// Takes a message; true if it says that TLS follows.
    pub fn take(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) -> bool {
        if message.operation.is_from_client() {
            self.request(half, side, message, context);
            false
        } else {
            self.answer(half, side, message, context)
        }
    }

    /// True if a security layer may have begun.
    pub fn has_sasl(&self) -> bool {
        self.has_sasl
    }

    /// Makes entries of all that still wait.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        while let Some(exchange) = self.waiting.take_first() {
            exchange.append(context);
        }
    }

    /// Bytes of memory that what waits holds.
    pub fn held_bytes(&self) -> usize {
        let abandoned = self.abandoned.capacity().saturating_mul(size_of::<(Half, i64)>());
        self.waiting.held_bytes().saturating_add(abandoned)
    }

    fn request(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        self.has_sasl |= request::is_sasl(message);
        let is_start_tls =
            message.body.tag == op::EXTENDED && request::extension(message.body).as_deref() == Some(START_TLS);
        let request = Request {
            side,
            operation: message.operation,
            text: shorten(&request::text(message), TEXT_BYTES).into_owned(),
            is_start_tls,
        };
        let exchange = Exchange {
            request: Some(request),
            ..Exchange::new(half)
        };
        if message.operation.role == Role::Silent {
            exchange.append(context);
            // The server says no more of what is abandoned.
            if let Some(target) = message.body.integer().filter(|_| message.body.tag == op::ABANDON)
                && let Some(mut abandoned) = self.waiting.take(&(half, target))
            {
                abandoned.is_abandoned = true;
                abandoned.append(context);
                if self.abandoned.len() >= ABANDONED {
                    self.abandoned.pop_front();
                }
                self.abandoned.push_back((half, target));
            }
            return;
        }
        // An id that is used again is over, whatever became of it.
        if let Some(earlier) = self.waiting.take(&(half, message.id)) {
            earlier.append(context);
        }
        self.abandoned.retain(|key| *key != (half, message.id));
        self.wait(message.id, exchange, context);
    }

    fn answer(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) -> bool {
        let key = (half.other(), message.id);
        // The row of what was abandoned is there already, and tells of it.
        if let Some(place) = self.abandoned.iter().position(|known| *known == key) {
            if message.operation.role == Role::Result {
                self.abandoned.remove(place);
            }
            return false;
        }
        if message.operation.role != Role::Result {
            match self.waiting.get_mut(&key) {
                Some(exchange) => exchange.count(side, message.operation),
                None => {
                    let mut exchange = Exchange::new(key.0);
                    exchange.count(side, message.operation);
                    self.wait(message.id, exchange, context);
                }
            }
            return false;
        }
        // What the server says unasked has the id 0.
        let waiting = self.waiting.take(&key).unwrap_or_else(|| Exchange::new(key.0));
        waiting.end(side, message, context)
    }

    fn wait(&mut self, id: i64, exchange: Exchange, context: &mut Context<'_>) {
        let packet = exchange.start_packet();
        let held_bytes = exchange.request.as_ref().map_or(0, |request| request.text.capacity());
        self.waiting.add((exchange.client, id), held_bytes, exchange);
        while let Some(oldest) = self.waiting.overflow(super::NAME, packet, context) {
            oldest.append(context);
        }
    }
}

impl Exchange {
    fn new(client: Half) -> Self {
        Self {
            client,
            request: None,
            response: None,
            answer: None,
            entries: 0,
            references: 0,
            intermediates: 0,
            outcome: None,
            is_abandoned: false,
        }
    }

    fn start_packet(&self) -> u64 {
        let request = self.request.as_ref().map(|request| request.side);
        request.or(self.response).map_or(0, |side| side.start.packet)
    }

    /// Takes a message that answers.
    fn count(&mut self, side: Side, operation: &'static Operation) {
        let response = self.response.get_or_insert(Side { bytes: 0, ..side });
        response.bytes = response.bytes.saturating_add(side.bytes);
        response.end_ns = side.end_ns;
        self.answer = Some(operation);
        let counter = match operation.role {
            Role::Entry => &mut self.entries,
            Role::Reference => &mut self.references,
            Role::Intermediate => &mut self.intermediates,
            _ => return,
        };
        *counter = counter.saturating_add(1);
    }

    /// Takes the result; true if it says that TLS follows.
    fn end(mut self, side: Side, message: &Message<'_>, context: &mut Context<'_>) -> bool {
        self.count(side, message.operation);
        self.outcome = Outcome::read(message.body);
        let is_success = self.outcome.as_ref().is_some_and(|outcome| outcome.code == SUCCESS);
        let is_start_tls = match &self.request {
            Some(request) => request.is_start_tls,
            None => self
                .outcome
                .as_ref()
                .is_some_and(|outcome| outcome.name.as_deref() == Some(START_TLS)),
        };
        self.append(context);
        is_success && is_start_tls
    }

    fn append(self, context: &mut Context<'_>) {
        let request = self.request.as_ref().map(|request| request.side);
        let asked = self.request.as_ref().map(|request| request.operation);
        let operation = asked.or(self.answer).map(|operation| operation.name);
        let summary = self.summary();
        let (common, identity) = context.common(Entry {
            method: asked.map(|operation| operation.name),
            status_code: self.outcome.as_ref().map(|outcome| outcome.code),
            summary: &summary,
            ..Entry::of(super::NAME, self.client, request, self.response)
        });
        let [request_length, response_length, total_size] = sizes(request, self.response);
        context.tables.ldap.append(Ldap {
            common,
            identity,
            own: LdapOwn {
                ldap_type: operation,
                ldap_summary: Some(&summary),
                ldap_request: Some(request.is_some()),
                ldap_response: Some(self.response.is_some()),
                ldap_request_length: request_length,
                ldap_response_length: response_length,
                ldap_total_size: total_size,
            },
        });
    }

    /// "search dc=example,dc=com sub (uid=bob) → 3 entries, success"; what answered if the request was not seen.
    fn summary(&self) -> String {
        let extension = self.outcome.as_ref().and_then(|outcome| outcome.name.as_deref());
        let mut text = match (&self.request, extension, self.answer) {
            (Some(request), ..) => request.text.clone(),
            (None, Some(identifier), _) => extension_name(identifier).to_owned(),
            (None, None, Some(answer)) => answer.name.to_owned(),
            (None, None, None) => String::new(),
        };
        let mut told = Vec::new();
        for (count, one, many) in [
            (self.entries, "entry", "entries"),
            (self.references, "reference", "references"),
            (self.intermediates, "intermediate response", "intermediate responses"),
        ] {
            match count {
                0 => {}
                1 => told.push(format!("1 {one}")),
                _ => told.push(format!("{count} {many}")),
            }
        }
        if let Some(outcome) = &self.outcome {
            told.push(described(outcome));
        }
        if self.is_abandoned {
            told.push("abandoned".to_owned());
        }
        if !told.is_empty() {
            text.push_str(" → ");
            text.push_str(&told.join(", "));
        }
        text
    }
}

fn described(outcome: &Outcome) -> String {
    let name = result_name(outcome.code).map_or_else(|| format!("result {}", outcome.code), str::to_owned);
    if outcome.message.is_empty() {
        name
    } else {
        format!("{name}: {}", outcome.message)
    }
}
