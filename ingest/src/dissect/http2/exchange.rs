//! Streams and the exchanges on them (RFC 9113 §8.1).
//!
//! A stream carries one request and its response, paired by the stream's number. It becomes a row when both sides ended it,
//! or the connection is over. One that was reset waits for what its other side had under way, be it the response or the
//! status of a call; the latest [`WAITING_RESETS`] do, and what comes of the latest [`KNOWN_RESETS`] after their row is
//! left out. Limits: `pending_requests`, `pending_bytes`.

use std::collections::{BTreeMap, VecDeque};

use super::NAME;
use super::frame::error_name;
use super::hpack::Fields;
use super::reader::Section;
use super::stream::{Message, STATUS, Side, Stream};
use crate::Anomaly;
use crate::dissect::{Chunk, Context, Dissector, Half, Progress, http};

/// Fields that make a section a request (RFC 9113 §8.3.1).
const REQUEST_FIELDS: [&str; 4] = [":method", ":path", ":scheme", ":authority"];

/// Streams that were reset and wait for what is under way.
const WAITING_RESETS: usize = 16;

/// Streams of which is remembered that they were reset.
const KNOWN_RESETS: usize = 64;

/// The streams of a connection that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    /// Those that were reset last, open or not, oldest first.
    resets: VecDeque<u32>,
    /// Bytes of memory that their fields hold.
    field_bytes: usize,
    /// Bytes kept of their content.
    content_bytes: usize,
    /// Bytes that the tunnels on them hold.
    tunnel_bytes: usize,
}

impl Streams {
    /// Takes fields that a half sent.
    pub fn section(&mut self, half: Half, section: Section, time_ns: i64, context: &mut Context<'_>) {
        if !section.end && is_interim(&section.fields) {
            return;
        }
        let number = section.stream;
        if !self.open.contains_key(&number) && self.resets.contains(&number) {
            return;
        }
        let Some((client, is_request)) = self.side_of(half, &section) else {
            return;
        };
        let is_over = section.end || section.is_promise;
        let stream = self.open.entry(number).or_insert_with(|| Stream::new(client));
        let side = if is_request {
            &mut stream.request
        } else {
            &mut stream.response
        };
        let before = side.field_bytes();
        side.add(section, time_ns, context.limits.head_bytes);
        let added = side.field_bytes().saturating_sub(before);
        self.field_bytes = self.field_bytes.saturating_add(added);
        side.is_over |= is_over;
        if !is_request && stream.open_tunnel() {
            let held_bytes = stream.tunnel.as_ref().map_or(0, |tunnel| tunnel.held_bytes());
            self.tunnel_bytes = self.tunnel_bytes.saturating_add(held_bytes);
        }
        self.settle(number, context);
        self.make_room(context);
    }

    /// Begins stream 1 with the request of an upgrade (RFC 7540 §3.2).
    pub fn upgrade(&mut self, request: &http::Request<'_>) {
        let mut stream = Stream::new(Half::Client);
        stream.request = Side {
            message: Some(Message::of_upgrade(request)),
            is_over: true,
        };
        self.field_bytes = self.field_bytes.saturating_add(stream.request.field_bytes());
        self.content_bytes = self.content_bytes.saturating_add(stream.request.content_bytes());
        self.open.insert(1, stream);
    }

    /// Adds content that a half sent.
    pub fn content(&mut self, half: Half, stream: u32, chunk: Chunk<'_>, context: &mut Context<'_>) {
        let is_tunnel = self.tunnel(stream, |tunnel| {
            if chunk.bytes.is_empty() {
                return Progress::Continue;
            }
            tunnel.data(half, chunk, context)
        });
        if let Some(message) = self.message(half, stream) {
            if is_tunnel {
                message.content.count(chunk.bytes.len() as u64);
                return;
            }
            message.end_ns = chunk.timestamp_ns;
            let before = message.content.held_bytes();
            message.content.add(chunk.bytes, context.limits);
            let added = message.content.held_bytes().saturating_sub(before);
            self.content_bytes = self.content_bytes.saturating_add(added);
            self.make_room(context);
        }
    }

    /// Counts content that never came.
    pub fn gap(&mut self, half: Half, stream: u32, missing_bytes: u64, context: &mut Context<'_>) {
        if missing_bytes > 0 {
            self.tunnel(stream, |tunnel| tunnel.gap(half, missing_bytes, context));
        }
        if let Some(message) = self.message(half, stream) {
            message.content.add_gap(missing_bytes);
        }
    }

    /// Learns that a half sends no more on a stream.
    pub fn end(&mut self, half: Half, stream: u32, context: &mut Context<'_>) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.side(half).is_over = true;
            self.settle(stream, context);
        }
    }

    /// Learns that a half wants no more of a stream and sends no more on it.
    pub fn reset(&mut self, half: Half, number: u32, code: Option<u32>, context: &mut Context<'_>) {
        let Some(stream) = self.open.get_mut(&number) else {
            return;
        };
        if !stream.response.is_over {
            stream.reset.get_or_insert(error_name(code));
        }
        stream.side(half).is_over = true;
        // What a client still had under way says nothing new.
        stream.request.is_over |= stream.request.message.is_some();
        if !self.resets.contains(&number) {
            self.resets.push_back(number);
        }
        self.settle(number, context);
        if self.resets.len() > KNOWN_RESETS {
            self.resets.pop_front();
        }
        let waited = self.resets.len().checked_sub(WAITING_RESETS.saturating_add(1));
        if let Some(number) = waited.and_then(|place| self.resets.get(place)) {
            self.finish(*number, context);
        }
    }

    /// Learns that a half sends no more at all.
    pub fn end_half(&mut self, half: Half, context: &mut Context<'_>) {
        self.open
            .values_mut()
            .for_each(|stream| stream.side(half).is_over = true);
        let over: Vec<u32> = self
            .open
            .iter()
            .filter(|(_, stream)| stream.is_over())
            .map(|(number, _)| *number)
            .collect();
        over.into_iter().for_each(|number| self.finish(number, context));
    }

    /// Makes a row of a stream, as far as it came.
    pub fn finish(&mut self, stream: u32, context: &mut Context<'_>) {
        if let Some(stream) = self.open.remove(&stream) {
            self.append(stream, context);
        }
    }

    /// Makes rows of all that is left.
    pub fn finish_all(&mut self, context: &mut Context<'_>) {
        while let Some((_, stream)) = self.open.pop_first() {
            self.append(stream, context);
        }
    }

    /// Bytes of memory that the streams hold, about.
    pub fn held_bytes(&self) -> usize {
        let streams = self.open.len().saturating_mul(size_of::<Stream>());
        streams
            .saturating_add(self.field_bytes)
            .saturating_add(self.content_bytes)
            .saturating_add(self.tunnel_bytes)
    }

    /// Lets the tunnel on a stream do something. True if there is one.
    fn tunnel(&mut self, stream: u32, act: impl FnOnce(&mut dyn Dissector) -> Progress) -> bool {
        let stream = self.open.get_mut(&stream);
        let Some(tunnel) = stream.and_then(|stream| stream.tunnel.as_mut()) else {
            return false;
        };
        let before = tunnel.held_bytes();
        // WebSocket is nothing's predecessor, and goes on whatever comes.
        let _ = act(tunnel.as_mut());
        let after = tunnel.held_bytes();
        self.tunnel_bytes = self.tunnel_bytes.saturating_sub(before).saturating_add(after);
        true
    }

    /// Which half asked, and whether these fields are its request; `None` if they say nothing of a stream that is not open.
    fn side_of(&self, half: Half, section: &Section) -> Option<(Half, bool)> {
        if section.is_promise {
            return Some((half.other(), true));
        }
        if section.fields.value(STATUS).is_some() {
            return Some((half.other(), false));
        }
        if section.fields.iter().any(|(name, _)| REQUEST_FIELDS.contains(&name)) {
            return Some((half, true));
        }
        let stream = self.open.get(&section.stream)?;
        Some((stream.client, stream.client == half))
    }

    fn message(&mut self, half: Half, stream: u32) -> Option<&mut Message> {
        let side = self.open.get_mut(&stream)?.side(half);
        side.message.as_mut().filter(|_| !side.is_over)
    }

    /// Makes a row of a stream that both sides ended.
    fn settle(&mut self, number: u32, context: &mut Context<'_>) {
        if self.open.get(&number).is_some_and(Stream::is_over) {
            self.finish(number, context);
        }
    }

    /// Keeps the streams within their bounds. Numbers only grow, so the first is the oldest.
    fn make_room(&mut self, context: &mut Context<'_>) {
        loop {
            let limit = if self.open.len() > context.limits.pending_requests {
                "pending_requests"
            } else if self.field_bytes.saturating_add(self.content_bytes) > context.limits.pending_bytes
                && self.open.len() > 1
            {
                "pending_bytes"
            } else {
                return;
            };
            let Some((_, oldest)) = self.open.pop_first() else {
                return;
            };
            let protocol = NAME;
            context
                .anomalies
                .add(oldest.first_packet(), Anomaly::MessageLimit { protocol, limit });
            self.append(oldest, context);
        }
    }

    fn append(&mut self, mut stream: Stream, context: &mut Context<'_>) {
        if let Some(tunnel) = &mut stream.tunnel {
            self.tunnel_bytes = self.tunnel_bytes.saturating_sub(tunnel.held_bytes());
            tunnel.close(context);
        }
        for side in [&stream.request, &stream.response] {
            self.field_bytes = self.field_bytes.saturating_sub(side.field_bytes());
            self.content_bytes = self.content_bytes.saturating_sub(side.content_bytes());
        }
        http::append(stream.exchange(), context);
    }
}

/// True for the fields of a 1xx response, after which the final one comes.
fn is_interim(fields: &Fields) -> bool {
    fields
        .value(STATUS)
        .is_some_and(|code| code.len() == 3 && code.starts_with('1'))
}
