//! An HTTP/1 exchange to its row.

use super::exchange::{Exchange, Message};
use super::head::StartLine;
use crate::dissect::{Context, Half, http};

/// Appends the row of an exchange; nothing if it is empty.
pub(super) fn append(of: Exchange, context: &mut Context<'_>) {
    http::append(exchange(&of), context);
}

/// An exchange as any version has it.
pub(super) fn exchange(exchange: &Exchange) -> http::Exchange<'_> {
    let (asked, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let [_, _, version] = asked.map_or([None; 3], request_line);
    let (response_version, code) = response.map_or((None, None), status_line);
    http::Exchange {
        version: version.filter(|version| !version.is_empty()).or(response_version),
        client: Half::Client,
        request: asked.map(request),
        response: response.map(|response| http::Response {
            code,
            message: message(response),
        }),
        reset: None,
    }
}

/// A request as any version has it.
pub(super) fn request(request: &Message) -> http::Request<'_> {
    let [method, target, _] = request_line(request);
    http::Request {
        method,
        target,
        authority: None,
        message: message(request),
    }
}

fn message(message: &Message) -> http::Message<'_> {
    http::Message {
        start: message.start,
        end_ns: message.end_ns,
        fields: message.head.fields().collect(),
        head_bytes: message.head.size_bytes,
        content: &message.content,
    }
}

fn request_line(message: &Message) -> [Option<&str>; 3] {
    match &message.head.line {
        StartLine::Request(line) => {
            [&line.method, &line.target, &line.version].map(|place| Some(message.head.part(place)))
        }
        StartLine::Status(_) => [None; 3],
    }
}

fn status_line(message: &Message) -> (Option<&str>, Option<u16>) {
    match &message.head.line {
        StartLine::Status(line) => (Some(message.head.part(&line.version)), Some(line.code)),
        StartLine::Request(_) => (None, None),
    }
}
