//! What the rows of a connection's messages repeat of the HTTP exchange that opened it.

use crate::dissect::http::{Exchange, Pairs, Target};

/// Bytes that are repeated of the target, its parts, and the client's name.
const TARGET_BYTES: usize = 1024;

/// Bytes that are repeated of the header fields of both sides.
const FIELDS_BYTES: usize = 512;

/// The exchange that opened a connection; empty if it was not seen.
#[derive(Debug)]
pub(in crate::dissect) struct Handshake {
    pub(super) version: Option<String>,
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) host: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) query: Owned,
    pub(super) request_headers: Owned,
    pub(super) response_headers: Owned,
    /// Compressed messages of the client may refer to earlier ones (RFC 7692 §7.1.1).
    pub(super) client_takes_over: bool,
    pub(super) server_takes_over: bool,
    held_bytes: usize,
}

/// Names with values.
#[derive(Debug, Default)]
pub(super) struct Owned(Vec<(String, String)>);

impl Default for Handshake {
    fn default() -> Self {
        Self {
            version: None,
            url: None,
            path: None,
            host: None,
            user_agent: None,
            query: Owned::default(),
            request_headers: Owned::default(),
            response_headers: Owned::default(),
            client_takes_over: true,
            server_takes_over: true,
            held_bytes: 0,
        }
    }
}

impl Handshake {
    /// Copies what rows repeat of an exchange: every message pays for it, however short it is.
    pub fn of(exchange: &Exchange<'_>) -> Self {
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        let messages = (
            request.map(|request| &request.message),
            response.map(|response| &response.message),
        );
        let target = request.and_then(|request| request.target);
        let parts = Target::of(target.unwrap_or_default());
        let field = |name| messages.0.and_then(|message| message.value(name));
        let host = parts.host.or(request.and_then(|request| request.authority));
        let (mut room, mut fields_room) = (Room(TARGET_BYTES), Room(FIELDS_BYTES));
        let extensions: Vec<&str> = messages
            .1
            .into_iter()
            .flat_map(|message| message.values("sec-websocket-extensions"))
            .flat_map(|value| value.split([',', ';']))
            .map(str::trim)
            .collect();
        Self {
            version: room.text(exchange.version),
            url: room.text(target),
            path: room.text(parts.path),
            host: room.text(host.or_else(|| field("host"))),
            user_agent: room.text(field("user-agent")),
            query: room.pairs(&Pairs::of_query(parts.query)),
            request_headers: fields_room.pairs(&Pairs::of_fields(messages.0)),
            response_headers: fields_room.pairs(&Pairs::of_fields(messages.1)),
            client_takes_over: !extensions.contains(&"client_no_context_takeover"),
            server_takes_over: !extensions.contains(&"server_no_context_takeover"),
            held_bytes: TARGET_BYTES.saturating_add(FIELDS_BYTES),
        }
    }

    /// Bytes of memory that the texts hold, about.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}

impl Owned {
    /// The pairs, as a builder takes them.
    pub fn borrowed(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// Bytes that may still be copied.
struct Room(usize);

impl Room {
    /// Copies a text, or its beginning.
    fn text(&mut self, text: Option<&str>) -> Option<String> {
        let text = text?;
        let text = text.get(..text.floor_char_boundary(self.0)).unwrap_or_default();
        self.0 = self.0.saturating_sub(text.len());
        Some(text.to_owned())
    }

    /// Copies the pairs that fit.
    fn pairs(&mut self, pairs: &Pairs<'_>) -> Owned {
        let mut owned = Vec::new();
        for (name, value) in pairs.borrowed() {
            let bytes = name.len().saturating_add(value.len());
            if let Some(left) = self.0.checked_sub(bytes) {
                self.0 = left;
                owned.push((name.to_owned(), value.to_owned()));
            }
        }
        Owned(owned)
    }
}
