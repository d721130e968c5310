//! Requests and the responses that answer them, in order (RFC 9112 §9.3.2).
//!
//! Requests wait in a queue, bounded in number and bytes; a response answers the first of them. A response that no request
//! waits for makes an exchange of its own, and so does a request that is never answered.

use std::collections::VecDeque;

use super::framing;
use super::head::Head;
use super::row;
use crate::Anomaly;
use crate::dissect::http::Content;
use crate::dissect::{Chunk, Context, Half, Start};

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub head: Head,
    pub start: Start,
    /// Capture time of its last byte so far.
    pub end_ns: i64,
    pub content: Content,
}

/// A request, its response, or both.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub request: Option<Message>,
    pub response: Option<Message>,
}

/// The exchanges of a connection that are under way.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Exchanges with a request, oldest first.
    queue: VecDeque<Exchange>,
    /// Bytes of memory that all messages hold in their heads and contents.
    held_bytes: usize,
    /// The last request of the queue is still coming.
    requesting: bool,
    responding: Responding,
    /// The response that no request waited for.
    unasked: Exchange,
}

/// Whose response is coming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Responding {
    #[default]
    Nobody,
    /// Of the first in the queue.
    First,
    /// Of nobody in the queue.
    Unasked,
}

impl Message {
    /// A message whose head has been read.
    pub fn new(head: Head, start: Start, end_ns: i64) -> Self {
        let content = Content::of(head.values("content-type").next());
        Self {
            head,
            start,
            end_ns,
            content,
        }
    }
}

impl Exchange {
    /// True if it waits for a response, and for one that begins in this packet: none answers a request that comes later.
    fn waits_since(&self, packet: u64) -> bool {
        let comes_later = |request: &Message| request.start.packet > packet;
        self.response.is_none() && !self.request.as_ref().is_some_and(comes_later)
    }

    /// Bytes of memory that both messages hold in their heads and contents.
    fn held_bytes(&self) -> usize {
        let messages = self.request.iter().chain(&self.response);
        messages
            .map(|message| message.head.held_bytes().saturating_add(message.content.held_bytes()))
            .fold(0, usize::saturating_add)
    }
}

impl Exchanges {
    /// Takes the head of a request.
    pub fn request(&mut self, request: Message, context: &mut Context<'_>) {
        self.end_request(context);
        self.held_bytes = self.held_bytes.saturating_add(request.head.held_bytes());
        self.queue.push_back(Exchange {
            request: Some(request),
            response: None,
        });
        self.requesting = true;
        while self.queue.len() > context.limits.pending_requests
            || (self.held_bytes > context.limits.pending_bytes && self.queue.len() > 1)
        {
            let packet = self.front_packet();
            let limit = if self.queue.len() > context.limits.pending_requests {
                "pending_requests"
            } else {
                "pending_bytes"
            };
            context.anomalies.add(
                packet,
                Anomaly::MessageLimit {
                    protocol: super::NAME,
                    limit,
                },
            );
            self.finish_first(context);
        }
    }

    /// The method of the request that a response which begins in a packet answers.
    pub fn next_method(&self, packet: u64) -> Option<&str> {
        let first = self.queue.front().filter(|exchange| exchange.waits_since(packet))?;
        first
            .request
            .as_ref()
            .and_then(|request| framing::method(&request.head))
    }

    /// Takes the request that the next response answers out of the queue.
    pub fn take_first_request(&mut self) -> Option<Message> {
        if self.queue.front()?.response.is_some() {
            return None;
        }
        let first = self.queue.pop_front()?;
        self.release(&first);
        self.requesting &= !self.queue.is_empty();
        first.request
    }

    /// The exchange of the response that is coming.
    pub fn answered(&self) -> Option<&Exchange> {
        match self.responding {
            Responding::Nobody => None,
            Responding::First => self.queue.front(),
            Responding::Unasked => Some(&self.unasked),
        }
    }

    /// Takes the head of a response.
    pub fn response(&mut self, response: Message, context: &mut Context<'_>) {
        self.end_response(context);
        self.held_bytes = self.held_bytes.saturating_add(response.head.held_bytes());
        match self.queue.front_mut() {
            Some(first) if first.waits_since(response.start.packet) => {
                first.response = Some(response);
                self.responding = Responding::First;
            }
            // The queue is empty, its first was answered before its request was over, or comes later than this response,
            // whose own request was lost.
            _ => {
                self.unasked.response = Some(response);
                self.responding = Responding::Unasked;
            }
        }
    }

    /// Adds content to the message of a half.
    pub fn content(&mut self, half: Half, bytes: &[u8], chunk: &Chunk<'_>, context: &Context<'_>) {
        if let Some(message) = self.current(half) {
            message.end_ns = chunk.timestamp_ns;
            let kept_before = message.content.held_bytes();
            message.content.add(bytes, context.limits);
            let added = message.content.held_bytes().saturating_sub(kept_before);
            self.held_bytes = self.held_bytes.saturating_add(added);
        }
    }

    /// Adds the trailer fields of the message of a half.
    pub fn trailer(&mut self, half: Half, lines: &[u8], chunk: &Chunk<'_>, context: &Context<'_>) {
        if let Some(message) = self.current(half) {
            message.end_ns = chunk.timestamp_ns;
            let before = message.head.held_bytes();
            message.head.append(lines, context.limits.head_bytes);
            let added = message.head.held_bytes().saturating_sub(before);
            self.held_bytes = self.held_bytes.saturating_add(added);
        }
    }

    /// Counts content of the message of a half that never came.
    pub fn gap(&mut self, half: Half, missing_bytes: u64) {
        if let Some(message) = self.current(half) {
            message.content.add_gap(missing_bytes);
        }
    }

    /// Learns that the message of a half is over.
    pub fn end(&mut self, half: Half, context: &mut Context<'_>) {
        match half {
            Half::Client => self.end_request(context),
            Half::Server => self.end_response(context),
        }
    }

    /// Learns that responses were lost, and that a packet brings the next one: it answers the latest request before that packet,
    /// since clients hardly ever pipeline.
    pub fn forget_answered_before(&mut self, packet: u64, context: &mut Context<'_>) {
        let came_before = |exchange: &Exchange| {
            let request = exchange.request.as_ref();
            request.is_some_and(|request| request.start.packet < packet)
        };
        while self.queue.get(1).is_some_and(came_before) {
            self.finish_first(context);
        }
    }

    /// Makes entries of all that is left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.end_request(context);
        self.end_response(context);
        while !self.queue.is_empty() {
            self.finish_first(context);
        }
    }

    /// Bytes of memory that the exchanges hold, about.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
            .saturating_add(self.queue.len().saturating_mul(size_of::<Exchange>()))
    }

    fn current(&mut self, half: Half) -> Option<&mut Message> {
        match half {
            Half::Client => self.queue.back_mut().filter(|_| self.requesting)?.request.as_mut(),
            Half::Server => match self.responding {
                Responding::Nobody => None,
                Responding::First => self.queue.front_mut()?.response.as_mut(),
                Responding::Unasked => self.unasked.response.as_mut(),
            },
        }
    }

    fn end_request(&mut self, context: &mut Context<'_>) {
        if !std::mem::take(&mut self.requesting) {
            return;
        }
        let answered = self.queue.front().is_some_and(|first| first.response.is_some());
        if self.queue.len() == 1 && answered && self.responding != Responding::First {
            self.finish_first(context);
        }
    }

    fn end_response(&mut self, context: &mut Context<'_>) {
        match std::mem::take(&mut self.responding) {
            Responding::Nobody => {}
            // A response may come before its request is over; then the request's end finishes the exchange.
            Responding::First if self.requesting && self.queue.len() == 1 => {}
            Responding::First => self.finish_first(context),
            Responding::Unasked => {
                let unasked = std::mem::take(&mut self.unasked);
                self.release(&unasked);
                row::append(unasked, context);
            }
        }
    }

    fn finish_first(&mut self, context: &mut Context<'_>) {
        if let Some(first) = self.queue.pop_front() {
            self.release(&first);
            if self.responding == Responding::First {
                self.responding = Responding::Nobody;
            }
            self.requesting &= !self.queue.is_empty();
            row::append(first, context);
        }
    }

    /// Counts what an exchange holds no more.
    fn release(&mut self, exchange: &Exchange) {
        self.held_bytes = self.held_bytes.saturating_sub(exchange.held_bytes());
    }

    fn front_packet(&self) -> u64 {
        self.queue
            .front()
            .and_then(|first| first.request.as_ref())
            .map_or(0, |request| request.start.packet)
    }
}
