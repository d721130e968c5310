//! gRPC: which exchanges are calls, of what, and how they ended.
//!
//! Specification: gRPC over HTTP/2 (PROTOCOL-HTTP2.md), gRPC-Web (PROTOCOL-WEB.md). The status stands in the trailer fields, in
//! the header fields of a response that has nothing else, or, of gRPC-Web, in a trailer inside the content. Absent on purpose:
//! what the messages say.

use std::borrow::Cow;

use super::pairs::percent_decode;
use super::{Exchange, Message};
use crate::dissect::{number, shorten};

/// Bytes of a status message that a summary shows.
const SUMMARY_MESSAGE_BYTES: usize = 200;

/// Names of the status codes, from 0.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Call<'a> {
    /// The service with its package: "greet.Greeter".
    pub service: Option<&'a str>,
    /// The method's name alone.
    pub method: Option<&'a str>,
    pub status: Option<i64>,
    /// What the server says of the status.
    pub message: Option<Cow<'a, str>>,
    /// Messages of the client, and of the server.
    pub messages: [Option<i64>; 2],
}

impl<'a> Call<'a> {
    /// Reads the call out of an exchange; empty if it is none.
    pub fn of(exchange: &Exchange<'a>, path: Option<&'a str>) -> Self {
        let request = exchange.request.as_ref().map(|request| &request.message);
        let response = exchange.response.as_ref().map(|response| &response.message);
        let messages = [request, response].map(messages);
        let field = |name| response.and_then(|message| message.value(name).or_else(|| in_content(message, name)));
        let status = field("grpc-status");
        if status.is_none() && messages == [None; 2] {
            return Self::default();
        }
        let (service, method) = path.and_then(split_path).unzip();
        Self {
            service,
            method,
            status: status
                .and_then(|status| status.trim().parse::<u32>().ok())
                .map(i64::from),
            message: field("grpc-message").map(|message| percent_decode(message.trim())),
            messages,
        }
    }

    /// How it ended, for a person: "NOT_FOUND: no such greeter".
    pub fn outcome(&self) -> Option<String> {
        let status = self.status?;
        let code = usize::try_from(status).ok().and_then(|status| CODES.get(status));
        let code = code.map_or_else(|| format!("status {status}"), |code| (*code).to_owned());
        let message = self.message.as_deref().filter(|message| !message.is_empty());
        Some(match message {
            Some(message) => format!(
                "{code}: {}",
                shorten(message, SUMMARY_MESSAGE_BYTES).replace(char::is_control, " ")
            ),
            None => code,
        })
    }
}

/// The messages of one side; `None` if it is no side of a call.
fn messages(message: Option<&Message<'_>>) -> Option<i64> {
    let messages = message?.content.messages.as_ref()?;
    Some(number(messages.count))
}

/// A field of the trailer inside the content of gRPC-Web.
fn in_content<'a>(message: &Message<'a>, name: &str) -> Option<&'a str> {
    let trailer = &message.content.messages.as_ref()?.trailer;
    let mut lines = std::str::from_utf8(trailer).ok()?.lines();
    lines.find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The service and the method of a path; a proxy may have put something before them.
fn split_path(path: &str) -> Option<(&str, &str)> {
    let (before, method) = path.rsplit_once('/')?;
    let service = before.rsplit('/').next()?;
    (!service.is_empty() && !method.is_empty()).then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(
            split_path("/greet.Greeter/SayHello"),
            Some(("greet.Greeter", "SayHello"))
        );
        assert_eq!(split_path("/proxy/a.B/C"), Some(("a.B", "C")));
        assert_eq!(split_path("/a"), None);
        assert_eq!(split_path("/a/"), None);
        assert_eq!(split_path(""), None);
    }
}
