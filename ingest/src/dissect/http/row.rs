//! An exchange to its row.

use std::borrow::Cow;

use schema::tables::http::{Http, HttpOwn};

use super::coding;
use super::graphql::{self, Carrier, Operation};
use super::grpc::Call;
use super::{Exchange, Message, Pairs, Target};
use crate::dissect::{Context, Entry, elapsed_us, number, shorten};

/// Bytes of an error's message that a summary shows.
const SUMMARY_ERROR_BYTES: usize = 200;

/// Bytes of a URL that a summary shows.
const SUMMARY_URL_BYTES: usize = 200;

/// Bytes that a summary has besides, mostly.
const MARKS_BYTES: usize = 24;

/// Appends the row of an exchange; nothing if it is empty.
pub(crate) fn append(exchange: Exchange<'_>, context: &mut Context<'_>) {
    let request = exchange.request.as_ref().map(|request| &request.message);
    let response = exchange.response.as_ref().map(|response| &response.message);
    let Some(start) = request.or(response).map(|message| message.start) else {
        return;
    };
    let method = exchange.request.as_ref().and_then(|request| request.method);
    let url = exchange.request.as_ref().and_then(|request| request.target);
    let authority = exchange.request.as_ref().and_then(|request| request.authority);
    let code = exchange.response.as_ref().and_then(|response| response.code);
    let parts = Target::of(url.unwrap_or_default());
    let host = parts.host.or(authority).or_else(|| value(request, "host"));
    let user_agent = value(request, "user-agent");
    let content_type = value(response, "content-type").or_else(|| value(request, "content-type"));
    let query = Pairs::of_query(parts.query);
    let query = query.borrowed();
    let (request_headers, response_headers) = (Pairs::of_fields(request), Pairs::of_fields(response));
    let request_cookies = Pairs::of_cookies(request);
    let response_cookies = Pairs::of_set_cookies(response);
    let (request_body, response_body) = (body(request, context), body(response, context));
    let operation = Operation::of(Carrier {
        parameters: &query,
        content_type: request.and_then(|request| request.value("content-type")),
        body: request_body.as_deref(),
    });
    let call = Call::of(&exchange, parts.path);
    let title = operation.title();
    let gql_error = if title.is_some() || operation.document.is_some() {
        graphql::error(response_body.as_deref())
    } else {
        None
    };
    let outcome = call.outcome().or_else(|| reset(&exchange)).or_else(|| {
        let message = shorten(gql_error.as_deref()?, SUMMARY_ERROR_BYTES);
        Some(format!("error: {message}").replace(char::is_control, " "))
    });
    let summary = match &title {
        Some(title) => summary(None, Some(title), code, outcome),
        None => summary(method, url.or(authority), code, outcome),
    };
    let (common, identity) = context.common(Entry {
        protocol: super::NAME,
        start,
        client: exchange.client,
        elapsed_time_us: request
            .zip(response)
            .map(|(request, response)| elapsed_us(request.end_ns, response.start.timestamp_ns)),
        method,
        status_code: code.map(i64::from),
        summary: &summary,
        request_packet: request.map(|message| message.start.packet),
        response_packet: response.map(|message| message.start.packet),
    });
    context.tables.http.append(Http {
        common,
        identity,
        own: HttpOwn {
            url,
            path: parts.path,
            http_version: exchange.version,
            query_string: &query,
            request_headers: &request_headers.borrowed(),
            response_headers: &response_headers.borrowed(),
            request_cookies: &request_cookies.borrowed(),
            response_cookies: &response_cookies.borrowed(),
            request_headers_size: request.map(|message| number(message.head_bytes as u64)),
            request_body_size: request.map(|message| number(message.content.size_bytes)),
            response_headers_size: response.map(|message| number(message.head_bytes as u64)),
            response_body_size: response.map(|message| number(message.content.size_bytes)),
            request_body: request_body.as_deref(),
            response_body: response_body.as_deref(),
            host,
            user_agent,
            content_type,
            grpc_method: call.method,
            grpc_service: call.service,
            grpc_status: call.status,
            grpc_request_messages: call.messages.first().copied().flatten(),
            grpc_response_messages: call.messages.last().copied().flatten(),
            gql_operation: operation.name.as_deref(),
            gql_query: operation.document.as_deref(),
            gql_error: gql_error.as_deref(),
        },
    });
}

/// The first value of a field of a message, if there is one.
fn value<'a>(message: Option<&Message<'a>>, name: &str) -> Option<&'a str> {
    message.and_then(|message| message.value(name))
}

fn summary(method: Option<&str>, url: Option<&str>, code: Option<u16>, outcome: Option<String>) -> String {
    let url = url
        .filter(|url| !url.is_empty())
        .map(|url| shorten(url, SUMMARY_URL_BYTES));
    let code = code.map(|code| code.to_string());
    let mut summary = String::with_capacity(url.as_ref().map_or(0, |url| url.len()).saturating_add(MARKS_BYTES));
    let mut is_first = true;
    let mut push = |before: &str, part: Option<&str>| {
        if let Some(part) = part {
            if !std::mem::take(&mut is_first) {
                summary.push(' ');
            }
            summary.push_str(before);
            summary.push_str(part);
        }
    };
    push("", method);
    push("", url.as_deref());
    match (code, outcome) {
        (Some(code), Some(outcome)) => push("→ ", Some(&format!("{code}, {outcome}"))),
        (code, outcome) => push("→ ", code.or(outcome).as_deref()),
    }
    summary
}

/// How an exchange was given up, for a person: "reset CANCEL".
fn reset(exchange: &Exchange<'_>) -> Option<String> {
    let reason = exchange.reset?;
    Some(format!("reset {reason}").trim_end().to_owned())
}

/// The kept bytes of a message's content, its coding removed; `None` if there are none.
fn body<'a>(message: Option<&Message<'a>>, context: &Context<'_>) -> Option<Cow<'a, [u8]>> {
    let message = message?;
    let kept = message.content.kept.as_slice();
    if kept.is_empty() {
        return None;
    }
    // The transfer coding is the outer one (RFC 9112 §6.1).
    let codings: Vec<&str> = ["content-encoding", "transfer-encoding"]
        .into_iter()
        .flat_map(|field| message.values(field))
        .flat_map(|codings| codings.split(','))
        .filter(|coding| {
            !["chunked", "identity", ""]
                .iter()
                .any(|none| coding.trim().eq_ignore_ascii_case(none))
        })
        .collect();
    Some(coding::decode(codings.into_iter(), kept, context.limits.body_bytes))
}
