//! Commands and their replies, and the rows they make.
//!
//! A reply names the id of the request it answers. In an exhaust stream each reply answers the one before it.

use schema::tables::mongodb::{Mongodb, MongodbOwn};

use super::header::Operation;
use super::message::Message;
use super::reply::Reply;
use super::request::Request;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes that a summary shows of a name, and of an error's sentence.
const SUMMARY_BYTES: usize = 160;

/// The commands of a connection that wait for their reply.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    waiting: Pending<(Half, u32), Exchange>,
}

/// A command and what answered it so far.
#[derive(Debug)]
struct Exchange {
    /// The half that asked.
    client: Half,
    request: Option<(Side, Request)>,
    response: Option<Side>,
    reply: Option<Reply>,
    replies: u64,
    operation: Operation,
}

impl Pairing {
    /// Takes a message.
    pub fn take(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        let key = (half.other(), message.header.response_to);
        let is_reply = match message.operation {
            Operation::Reply | Operation::CommandReply => true,
            // An id may be 0; then only what waits tells.
            Operation::Msg => message.header.answers() || self.waiting.get_mut(&key).is_some(),
            _ => false,
        };
        if is_reply {
            self.reply(key, side, message, context);
        } else {
            self.request(half, side, message, context);
        }
    }

    /// Makes entries of all that still wait.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        while let Some(exchange) = self.waiting.take_first() {
            exchange.append(context);
        }
    }

    /// Bytes of memory that what waits holds.
    pub fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }

    fn request(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        let request = Request::read(message);
        let awaits_reply = request.awaits_reply;
        let exchange = Exchange {
            request: Some((side, request)),
            ..Exchange::new(half, message.operation)
        };
        if awaits_reply {
            self.wait(message.header.request_id, exchange, side, context);
        } else {
            exchange.append(context);
        }
    }

    fn reply(&mut self, key: (Half, u32), side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        let mut exchange = self
            .waiting
            .take(&key)
            .unwrap_or_else(|| Exchange::new(key.0, message.operation));
        let (is_command, may_exhaust) = match &exchange.request {
            Some((_, request)) => (request.is_command, request.may_exhaust),
            None => (true, message.operation == Operation::Msg),
        };
        let reply = Reply::read(message, is_command);
        let goes_on = may_exhaust && reply.has_more;
        exchange.answer(side, reply);
        if goes_on {
            self.wait(message.header.request_id, exchange, side, context);
        } else {
            exchange.append(context);
        }
    }

    fn wait(&mut self, id: u32, exchange: Exchange, side: Side, context: &mut Context<'_>) {
        let held_bytes = exchange.held_bytes();
        self.waiting.add((exchange.client, id), held_bytes, exchange);
        while let Some(oldest) = self.waiting.overflow(super::NAME, side.start.packet, context) {
            oldest.append(context);
        }
    }
}

impl Exchange {
    fn new(client: Half, operation: Operation) -> Self {
        Self {
            client,
            request: None,
            response: None,
            reply: None,
            replies: 0,
            operation,
        }
    }

    /// Bytes of memory that its texts hold.
    fn held_bytes(&self) -> usize {
        let request = self.request.as_ref().map_or(0, |(_, request)| request.held_bytes());
        request.saturating_add(self.reply.as_ref().map_or(0, Reply::held_bytes))
    }

    fn answer(&mut self, side: Side, mut reply: Reply) {
        let response = self.response.get_or_insert(Side { bytes: 0, ..side });
        response.bytes = response.bytes.saturating_add(side.bytes);
        response.end_ns = side.end_ns;
        self.replies = self.replies.saturating_add(1);
        if let Some(earlier) = self.reply.as_ref().and_then(|earlier| earlier.documents) {
            reply.documents = Some(reply.documents.unwrap_or(0).saturating_add(earlier));
        }
        self.reply = Some(reply);
    }

    fn append(self, context: &mut Context<'_>) {
        let request = self.request.as_ref().map(|(side, _)| *side);
        let asked = self.request.as_ref().map(|(_, request)| request);
        let command = asked
            .map(|request| request.command.as_str())
            .filter(|command| !command.is_empty());
        let reply = self.reply.as_ref();
        let summary = self.summary();
        let (common, identity) = context.common(Entry {
            method: command,
            status_code: reply.and_then(Reply::status_code),
            summary: &summary,
            ..Entry::of(super::NAME, self.client, request, self.response)
        });
        let [request_size, response_size, total_size] = sizes(request, self.response);
        context.tables.mongodb.append(Mongodb {
            common,
            identity,
            own: MongodbOwn {
                mongodb_command: command,
                mongodb_database: asked.and_then(|request| request.database.as_deref()),
                mongodb_collection: asked.and_then(|request| request.collection.as_deref()),
                mongodb_opcode: Some(self.operation.name()),
                mongodb_request_size: request_size,
                mongodb_response_size: response_size,
                mongodb_total_size: total_size,
                mongodb_success: reply.and_then(|reply| reply.success),
                mongodb_error_code: reply.and_then(|reply| reply.code),
                mongodb_error_message: reply.and_then(|reply| reply.message.as_deref()),
                mongodb_error_code_name: reply.and_then(|reply| reply.code_name.as_deref()),
            },
        });
    }

    /// "find shop.orders → ok, 5 documents"; the operation if the command was not seen.
    fn summary(&self) -> String {
        let mut text = match &self.request {
            Some((_, request)) => asked(request, self.operation),
            None => self.operation.name().to_owned(),
        };
        if let Some(reply) = &self.reply {
            text.push_str(" → ");
            text.push_str(&told(reply));
        }
        if self.replies > 1 {
            text.push_str(&format!(", {} replies", self.replies));
        }
        text
    }
}

fn asked(request: &Request, operation: Operation) -> String {
    let mut text = match request.command.as_str() {
        "" => operation.name().to_owned(),
        command => shorten(command, SUMMARY_BYTES).into_owned(),
    };
    let place = match (&request.database, &request.collection) {
        (Some(database), Some(collection)) => format!(" {database}.{collection}"),
        (Some(name), None) | (None, Some(name)) => format!(" {name}"),
        (None, None) => String::new(),
    };
    text.push_str(&shorten(&place, SUMMARY_BYTES));
    match (request.written, request.command.as_str()) {
        (Some(documents), "insert") => text.push_str(&format!(" {}", counted(documents, "document", request.is_whole))),
        // One is the rule.
        (Some(statements @ 2..), _) => {
            text.push_str(&format!(" {}", counted(statements, "statement", request.is_whole)));
        }
        _ => {}
    }
    text
}

fn told(reply: &Reply) -> String {
    let mut text = match (reply.success, reply.code) {
        (None, _) => "…".to_owned(),
        (Some(true), _) => "ok".to_owned(),
        (Some(false), None) => "error".to_owned(),
        (Some(false), Some(code)) => format!("error {code}"),
    };
    if let Some(name) = &reply.code_name {
        text.push_str(&format!(" {}", shorten(name, SUMMARY_BYTES)));
    }
    if let Some(message) = &reply.message {
        text.push_str(&format!(": {}", shorten(message, SUMMARY_BYTES)));
    }
    match (reply.documents, reply.written) {
        (Some(documents), _) => text.push_str(&format!(", {}", counted(documents, "document", reply.is_whole))),
        (None, Some(written)) => text.push_str(&format!(", n={written}")),
        (None, None) => {}
    }
    text
}

/// "3 documents"; "3+ documents" if there may be more.
fn counted(count: u64, noun: &str, is_whole: bool) -> String {
    match (count, is_whole) {
        (1, true) => format!("1 {noun}"),
        (_, true) => format!("{count} {noun}s"),
        (_, false) => format!("{count}+ {noun}s"),
    }
}
