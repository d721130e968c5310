//! Requests and the responses that answer them, by correlation identifier, and their rows.
//!
//! Who asks is the half that sends requests: the client, unless the bytes say otherwise. A producer that wants no
//! acknowledgment gets no response. After a SaslHandshake of the first version, messages without a header authenticate the client until
//! a request comes; they are paired by order.

use schema::tables::kafka::{Kafka, KafkaOwn};

use super::errors::error_name;
use super::layout::{End, Found};
use super::message::{Expected, Header, Look, correlation, look, response_body};
use super::registry::{SASL_HANDSHAKE, api};
use crate::Anomaly;
use crate::dissect::framed::Message;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes of names and topics that a summary shows.
const SUMMARY_BYTES: usize = 160;

/// The operation of messages that authenticate a client and have no header.
const TOKEN: &str = "SASL";

/// The exchanges of a connection.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    waiting: Pending<Key, Request>,
    /// The half that sends requests, once one was seen.
    asker: Option<Half>,
    /// Messages without a header may come.
    authenticates: bool,
}

/// What pairs a response with its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Correlation(i32),
    /// Order does.
    Token,
}

/// A request that waits for its response.
#[derive(Debug)]
struct Request {
    side: Side,
    /// Number and version of the operation; `None` of what has no header.
    operation: Option<(i16, i16)>,
    client_id: Option<String>,
    topics: Vec<String>,
    names: Vec<String>,
}

/// A response, as its row tells of it.
#[derive(Debug)]
struct Response {
    side: Side,
    told: String,
    error: Option<i16>,
}

impl Exchanges {
    /// What is expected of a half.
    pub fn expected(&self, half: Half) -> Expected {
        match self.asker {
            _ if self.authenticates => Expected::Any,
            Some(asker) if asker == half => Expected::Requests,
            Some(_) => Expected::Responses,
            None => Expected::Any,
        }
    }

    /// True if bytes begin a message of a half that is out of step.
    pub fn begins(&mut self, half: Half, bytes: &[u8]) -> bool {
        if self.asker.unwrap_or(Half::Client) == half {
            return matches!(look(bytes), Look::Named | Look::Nameless);
        }
        let correlation = correlation(bytes).map(Key::Correlation);
        correlation.is_some_and(|key| self.waiting.get_mut(&key).is_some())
    }

    /// Takes a message of a half.
    pub fn take(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) {
        let bytes = &message.bytes;
        if self.asker.is_none() {
            let asks = match look(bytes) {
                Look::Named => true,
                Look::Nameless => half == Half::Client,
                _ => false,
            };
            // What was cut is not looked at so closely.
            if asks || (half == Half::Client && message.is_cut) {
                self.asker = Some(half);
            }
        }
        if self.asker == Some(half) {
            self.request(half, message, context);
        } else {
            self.response(half, message, context);
        }
    }

    /// Makes rows of what waits.
    pub fn close(&mut self, context: &mut Context<'_>) {
        while let Some(request) = self.waiting.take_first() {
            self.append(Some(request), None, context);
        }
    }

    /// Bytes of memory that waiting requests hold.
    pub fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }

    fn request(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) {
        let side = message.side;
        if self.authenticates {
            if matches!(look(&message.bytes), Look::Nothing | Look::Begun) {
                self.wait(Key::Token, Request::token(side), context);
                return;
            }
            self.authenticates = false;
        }
        let Ok(header) = Header::read(&message.bytes) else {
            malformed(side, "the header of a request", context);
            return;
        };
        let mut found = Found::default();
        let end = header.body(&mut found);
        if is_damaged(end, message) {
            malformed(side, "the body of a request", context);
        }
        self.authenticates = (header.api_key, header.version) == (SASL_HANDSHAKE, 0);
        let request = Request {
            side,
            operation: Some((header.api_key, header.version)),
            client_id: header.client_id.map(|id| String::from_utf8_lossy(id).into_owned()),
            topics: found.topics,
            names: found.names,
        };
        if found.acks == Some(0) {
            self.asker = Some(half);
            self.append(Some(request), None, context);
        } else {
            self.wait(Key::Correlation(header.correlation), request, context);
        }
    }

    fn wait(&mut self, key: Key, request: Request, context: &mut Context<'_>) {
        let (packet, held_bytes) = (request.side.start.packet, request.held_bytes());
        self.waiting.add(key, held_bytes, request);
        while let Some(oldest) = self.waiting.overflow(super::NAME, packet, context) {
            self.append(Some(oldest), None, context);
        }
    }

    fn response(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) {
        let side = message.side;
        let asker = half.other();
        let mut response = Response {
            side,
            told: format!("{} bytes", side.bytes),
            error: None,
        };
        if self.waiting.first().is_some_and(|first| first.operation.is_none()) {
            let request = self.waiting.take_first();
            self.append(request, Some((asker, response)), context);
            return;
        }
        let Some(correlation) = correlation(&message.bytes) else {
            malformed(side, "the header of a response", context);
            return;
        };
        let request = self.waiting.take(&Key::Correlation(correlation));
        if let Some((key, version)) = request.as_ref().and_then(|request| request.operation) {
            let mut found = Found::default();
            let end = response_body(&message.bytes, key, version, &mut found);
            if is_damaged(end, message) {
                malformed(side, "the body of a response", context);
            } else {
                response.read(&found);
            }
            if key == SASL_HANDSHAKE && found.error.is_some_and(|error| error != 0) {
                self.authenticates = false;
            }
        }
        self.append(request, Some((asker, response)), context);
    }

    /// Appends a row.
    fn append(&self, request: Option<Request>, response: Option<(Half, Response)>, context: &mut Context<'_>) {
        let asker = response.as_ref().map(|(asker, _)| *asker).or(self.asker);
        let response = response.map(|(_, response)| response);
        let sides = (
            request.as_ref().map(|request| request.side),
            response.as_ref().map(|response| response.side),
        );
        let operation = request.as_ref().and_then(|request| request.operation);
        let name = operation.map(|(key, _)| api(key).map_or("Unknown", |api| api.name));
        let method = request.as_ref().map(|_| name.unwrap_or(TOKEN));
        let topics: Vec<&str> = request
            .iter()
            .flat_map(|request| &request.topics)
            .map(String::as_str)
            .collect();
        let joined = topics.join(", ");
        let mut summary = method.unwrap_or_default().to_owned();
        if let Some(request) = &request {
            let names = request.names.join(", ");
            for text in [&names, &joined].into_iter().filter(|text| !text.is_empty()) {
                summary.push(' ');
                summary.push_str(&shorten(text, SUMMARY_BYTES));
            }
        }
        if let Some(response) = &response {
            let arrow = if summary.is_empty() { "→ " } else { " → " };
            summary.push_str(arrow);
            summary.push_str(&response.told);
        }
        let (common, identity) = context.common(Entry {
            method,
            status_code: response.as_ref().and_then(|response| response.error).map(i64::from),
            summary: &summary,
            ..Entry::of(super::NAME, asker.unwrap_or(Half::Client), sides.0, sides.1)
        });
        let [request_size, response_size, _] = sizes(sides.0, sides.1);
        context.tables.kafka.append(Kafka {
            common,
            identity,
            own: KafkaOwn {
                kafka_api_key: operation.map(|(key, _)| i64::from(key)),
                kafka_api_key_name: name,
                kafka_client_id: request.as_ref().and_then(|request| request.client_id.as_deref()),
                kafka_request_summary: Some(shorten(&joined, context.limits.text_bytes))
                    .as_deref()
                    .filter(|topics| !topics.is_empty()),
                kafka_topics: &topics,
                kafka_request: Some(request.is_some()),
                kafka_response: Some(response.is_some()),
                kafka_size: request_size.or(response_size),
                kafka_request_size: request_size,
                kafka_response_size: response_size,
            },
        });
    }
}

impl Request {
    /// What authenticates a client and has no header.
    fn token(side: Side) -> Self {
        Self {
            side,
            operation: None,
            client_id: None,
            topics: Vec::new(),
            names: Vec::new(),
        }
    }

    fn held_bytes(&self) -> usize {
        let texts = self.client_id.iter().chain(&self.topics).chain(&self.names);
        let texts = texts.map(|text| text.capacity().saturating_add(size_of::<String>()));
        texts.fold(0, usize::saturating_add)
    }
}

impl Response {
    /// Learns what a walk over the body found.
    fn read(&mut self, found: &Found) {
        self.error = found.error;
        let error = found.error.and_then(error_name);
        self.told = match (error, found.topics.len()) {
            (Some(error), _) => error.into_owned(),
            (None, 0) if found.error.is_some() => "ok".to_owned(),
            (None, 0) => return,
            (None, 1) => "1 topic".to_owned(),
            (None, topics) => format!("{topics} topics"),
        };
    }
}

/// True if a walk over the body of a message says that it is not what it should be.
fn is_damaged(end: End, message: &Message<'_>) -> bool {
    let is_all_there = !message.is_cut && message.bytes.len() as u64 == message.side.bytes;
    match end {
        End::Wrong => true,
        End::Cut => is_all_there,
        // A later version of the protocol may have more.
        End::Whole(_) | End::Open => false,
    }
}

fn malformed(side: Side, reason: &'static str, context: &mut Context<'_>) {
    let layer = super::NAME;
    context
        .anomalies
        .add(side.start.packet, Anomaly::Malformed { layer, reason });
}
