//! Requests and the responses that answer them, and their rows.
//!
//! A response answers the oldest request from the other side that has its identifier and a code that it answers. A request that was
//! sent again has the authenticator of the first; another authenticator under a waiting identifier means that the requester
//! gave the old request up, so its entry is made then (RFC 2865 §2.5, RFC 5080 §2.2.1).

use std::fmt::Write;

use schema::tables::radius::{Radius, RadiusOwn};

use super::message::Message;
use super::registry::{self, name_of_code};
use super::{NAME, summary};
use crate::Anomaly;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, sizes};

/// The requests of a connection that wait for their response.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    requests: Pending<(Half, u8), Request>,
}

#[derive(Debug)]
struct Request {
    half: Half,
    side: Side,
    code: u8,
    authenticator: [u8; 16],
    summary: String,
}

#[derive(Debug)]
struct Response {
    half: Half,
    side: Side,
    code: u8,
    summary: String,
}

impl Pairing {
    /// Takes a message.
    pub fn take(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        if !message.is_sound() {
            let reason = "attributes do not fill the message";
            context
                .anomalies
                .add(side.start.packet, Anomaly::Malformed { layer: NAME, reason });
        }
        match registry::answered(message.code) {
            Some(answered) => {
                let key = (half.other(), message.identifier);
                let waiting = self.requests.get_mut(&key);
                let is_asked = waiting.is_some_and(|request| answered.contains(&request.code));
                let request = is_asked.then(|| self.requests.take(&key)).flatten();
                let response = Response {
                    half,
                    side,
                    code: message.code,
                    summary: summary::of_response(message),
                };
                append(request.as_ref(), Some(&response), context);
            }
            None => self.ask(half, side, message, context),
        }
    }

    fn ask(&mut self, half: Half, side: Side, message: &Message<'_>, context: &mut Context<'_>) {
        let key = (half, message.identifier);
        let request = Request {
            half,
            side,
            code: message.code,
            authenticator: message.authenticator,
            summary: summary::of_request(message),
        };
        let is_given_up = |old: &Request| (old.code, old.authenticator) != (request.code, request.authenticator);
        while self.requests.get_mut(&key).is_some_and(|old| is_given_up(old)) {
            let Some(old) = self.requests.take(&key) else { break };
            append(Some(&old), None, context);
        }
        self.requests.add(key, request.summary.capacity(), request);
        while let Some(oldest) = self.requests.overflow(NAME, side.start.packet, context) {
            append(Some(&oldest), None, context);
        }
    }

    /// Makes entries of all requests that are left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        while let Some(request) = self.requests.take_first() {
            append(Some(&request), None, context);
        }
    }

    /// Bytes of memory that requests without a response hold.
    pub fn held_bytes(&self) -> usize {
        self.requests.held_bytes()
    }
}

fn append(request: Option<&Request>, response: Option<&Response>, context: &mut Context<'_>) {
    let code = request
        .map(|request| request.code)
        .or(response.map(|response| response.code));
    let Some(code) = code else { return };
    let half = request
        .map(|request| request.half)
        .or(response.map(|response| response.half.other()));
    let (asked, answered) = (
        request.map(|request| request.side),
        response.map(|response| response.side),
    );
    let name = name_of_code(code);
    let authenticator = request.map(|request| hex(&request.authenticator));
    let mut summary = request.map(|request| request.summary.clone()).unwrap_or_default();
    if let Some(response) = response {
        summary.push_str(if request.is_some() { " → " } else { "→ " });
        summary.push_str(&response.summary);
    }
    let (common, identity) = context.common(Entry {
        method: Some(&name),
        status_code: response.map(|response| i64::from(response.code)),
        summary: &summary,
        ..Entry::of(NAME, half.unwrap_or(Half::Client), asked, answered)
    });
    let [request_length, response_length, total] = sizes(asked, answered);
    context.tables.radius.append(Radius {
        common,
        identity,
        own: RadiusOwn {
            radius_code: Some(i64::from(code)),
            radius_code_name: Some(&name),
            radius_request_authenticator: authenticator.as_deref(),
            radius_request: Some(request.is_some()),
            radius_response: Some(response.is_some()),
            radius_request_length: request_length,
            radius_response_length: response_length,
            radius_total_size: total,
        },
    });
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
