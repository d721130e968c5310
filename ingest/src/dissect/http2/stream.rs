//! One stream: a request, its response, and what a tunnel makes of it.

use super::hpack::Fields;
use super::reader::Section;
use crate::dissect::http::{self, Content};
use crate::dissect::{Dissector, Half, Start, ws};

/// The version as rows show it; it is never sent.
const VERSION: &str = "HTTP/2";

/// The field that makes a section a response.
pub(super) const STATUS: &str = ":status";

/// A stream.
#[derive(Debug)]
pub(super) struct Stream {
    /// The half that asked.
    pub client: Half,
    pub request: Side,
    pub response: Side,
    /// Why a half reset it before the response was over.
    pub reset: Option<&'static str>,
    /// What an extended CONNECT made of it (RFC 8441).
    pub tunnel: Option<Box<dyn Dissector>>,
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub message: Option<Message>,
    pub is_over: bool,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    start: Start,
    /// Capture time of its last byte so far.
    pub end_ns: i64,
    /// Header fields, then trailer fields.
    fields: Fields,
    /// Bytes the header fields travelled in.
    head_bytes: usize,
    pub content: Content,
}

impl Stream {
    /// A stream on which nothing came yet.
    pub fn new(client: Half) -> Self {
        Self {
            client,
            request: Side::default(),
            response: Side::default(),
            reset: None,
            tunnel: None,
        }
    }

    /// What a row is made of.
    pub fn exchange(&self) -> http::Exchange<'_> {
        http::Exchange {
            version: Some(VERSION),
            client: self.client,
            request: self.request.message.as_ref().map(|message| http::Request {
                method: message.fields.value(":method"),
                target: message.fields.value(":path"),
                authority: message.fields.value(":authority"),
                message: message.of_row(),
            }),
            response: self.response.message.as_ref().map(|message| http::Response {
                code: message.fields.value(STATUS).and_then(|code| code.parse().ok()),
                message: message.of_row(),
            }),
            reset: self.reset,
        }
    }

    /// Reads what comes as WebSocket if that is what the client asked for and the server agreed to. True if it begins so.
    pub fn open_tunnel(&mut self) -> bool {
        let field = |side: &Side, name: &str, wanted: &str| {
            let value = side.message.as_ref().and_then(|message| message.fields.value(name));
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let opens = self.tunnel.is_none()
            && field(&self.request, ":protocol", "websocket")
            && field(&self.response, STATUS, "200");
        if opens {
            self.tunnel = Some(ws::successor(&self.exchange(), 0).dissector);
        }
        opens
    }

    /// The side that a half sends.
    pub fn side(&mut self, half: Half) -> &mut Side {
        if half == self.client {
            &mut self.request
        } else {
            &mut self.response
        }
    }

    /// True if nothing comes any more.
    pub fn is_over(&self) -> bool {
        self.request.is_over && self.response.is_over
    }

    /// The packet that it began in.
    pub fn first_packet(&self) -> u64 {
        let message = self.request.message.as_ref().or(self.response.message.as_ref());
        message.map_or(0, |message| message.start.packet)
    }
}

impl Side {
    /// Adds a header section, or trailers if there was one.
    pub fn add(&mut self, section: Section, time_ns: i64, most_bytes: usize) {
        match &mut self.message {
            Some(message) => {
                message.end_ns = time_ns;
                let held_bytes = message.fields.held_bytes().saturating_add(section.fields.held_bytes());
                if held_bytes <= most_bytes {
                    message.fields.append(&section.fields);
                }
            }
            None => {
                let content = Content::of(section.fields.value("content-type"));
                self.message = Some(Message {
                    start: section.start,
                    end_ns: time_ns,
                    fields: section.fields,
                    head_bytes: section.size_bytes,
                    content,
                });
            }
        }
    }

    /// Bytes of memory that its fields hold.
    pub fn field_bytes(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.fields.held_bytes())
    }

    /// Bytes of memory that its content holds.
    pub fn content_bytes(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.content.held_bytes())
    }
}

impl Message {
    /// The request of an upgrade.
    pub fn of_upgrade(request: &http::Request<'_>) -> Self {
        let message = &request.message;
        let pseudo = [(":method", request.method), (":path", request.target)];
        let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self {
            start: message.start,
            end_ns: message.end_ns,
            fields: pseudo.chain(message.fields.iter().copied()).collect(),
            head_bytes: message.head_bytes,
            content: message.content.clone(),
        }
    }

    fn of_row(&self) -> http::Message<'_> {
        http::Message {
            start: self.start,
            end_ns: self.end_ns,
            fields: self.fields.iter().collect(),
            head_bytes: self.head_bytes,
            content: &self.content,
        }
    }
}
