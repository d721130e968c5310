//! A message to its row.

use std::borrow::Cow;

use schema::tables::ws::{Ws, WsOwn};

use super::NAME;
use super::frame::Opcode;
use super::handshake::Handshake;
use super::reader::Message;
use crate::dissect::{Context, Entry, Half, number, shorten};

/// Bytes of a payload that a summary shows.
const SUMMARY_BYTES: usize = 200;

/// Appends the row of a message.
pub(super) fn append(half: Half, message: &Message, handshake: &Handshake, context: &mut Context<'_>) {
    let is_request = half == Half::Client;
    let (request, response) = if is_request {
        (Some(message.side), None)
    } else {
        (None, Some(message.side))
    };
    let (code, payload) = match (message.opcode, message.kept.split_first_chunk()) {
        (Opcode::Close, Some((code, reason))) => (Some(u16::from_be_bytes(*code)), reason),
        _ => (None, message.kept.as_slice()),
    };
    let text = text(payload, message.opcode);
    let name = message.opcode.name();
    let said = text.as_deref().filter(|_| message.opcode != Opcode::Binary);
    let summary = summary(half, name, code, said, message.side.bytes);
    let length = Some(number(message.side.bytes));
    let (common, identity) = context.common(Entry {
        method: Some(name),
        status_code: code.map(i64::from),
        summary: &summary,
        ..Entry::of(NAME, Half::Client, request, response)
    });
    context.tables.ws.append(Ws {
        common,
        identity,
        own: WsOwn {
            ws_opcode: Some(name),
            ws_request: Some(is_request),
            ws_response: Some(!is_request),
            ws_request_payload_data: text.as_deref().filter(|_| is_request),
            ws_response_payload_data: text.as_deref().filter(|_| !is_request),
            ws_request_payload_length: length.filter(|_| is_request),
            ws_response_payload_length: length.filter(|_| !is_request),
            url: handshake.url.as_deref(),
            path: handshake.path.as_deref(),
            http_version: handshake.version.as_deref(),
            query_string: &handshake.query.borrowed(),
            request_headers: &handshake.request_headers.borrowed(),
            response_headers: &handshake.response_headers.borrowed(),
            host: handshake.host.as_deref(),
            user_agent: handshake.user_agent.as_deref(),
        },
    });
}

/// A payload as text; `None` if it is empty, or no text and not said to be.
fn text(payload: &[u8], opcode: Opcode) -> Option<Cow<'_, str>> {
    if payload.is_empty() {
        return None;
    }
    match std::str::from_utf8(payload) {
        Ok(text) => Some(text.into()),
        // It was cut inside a letter.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            let whole = payload.get(..error.valid_up_to())?;
            std::str::from_utf8(whole).ok().map(Cow::Borrowed)
        }
        Err(_) if opcode == Opcode::Text => Some(String::from_utf8_lossy(payload)),
        Err(_) => None,
    }
}

fn summary(half: Half, name: &str, code: Option<u16>, text: Option<&str>, bytes: u64) -> String {
    let arrow = (half == Half::Server).then_some("→");
    let code = code.map(|code| code.to_string());
    let said = match text {
        Some(text) => Some(shorten(text, SUMMARY_BYTES).replace(char::is_control, " ")),
        None if bytes > 2 || name == Opcode::Binary.name() => Some(format!("{bytes} bytes")),
        None => None,
    };
    let parts = [arrow, Some(name), code.as_deref(), said.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
