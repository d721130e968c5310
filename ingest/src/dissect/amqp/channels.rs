//! Methods and what answers them, channel by channel, and the rows they make.
//!
//! In a channel answers come in the order of what they answer. Content belongs to the last method before it in its half.

use schema::tables::amqp::{Amqp, AmqpOwn};

use super::content::Content;
use super::frame::{Frame, kind};
use super::method::Said;
use super::registry::{CHANNEL_CLOSE, CHANNEL_OPEN, CONNECTION_CLOSE, Role};
use crate::Anomaly;
use crate::dissect::pending::Pending;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes that a summary shows of a method and its arguments.
const TEXT_BYTES: usize = 256;

/// What identifies methods that wait: the half that asked, the channel, class and method.
type Key = (Half, u16, (u16, u16));

/// The channels of a connection.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// Methods that wait for their answer.
    waiting: Pending<Key, Exchange>,
    /// Methods whose content is under way, by the half that it comes on.
    open: Pending<(Half, u16), Exchange>,
    /// Answers to come of methods that were given up because too many waited.
    owed: Vec<(Key, u64)>,
    /// Halves of which bytes are missing: methods behind them may come later than their answers did.
    late: Vec<Half>,
    /// The packet of the newest method of each half.
    newest: [u64; 2],
}

/// A method and what answered it.
#[derive(Debug)]
struct Exchange {
    /// The half that asked.
    client: Half,
    request: Option<Part>,
    response: Option<Part>,
    /// Its answer may be among what is missing.
    is_doubtful: bool,
}

/// One side of it.
#[derive(Debug)]
struct Part {
    side: Side,
    said: Said,
    content: Option<Content>,
}

impl Channels {
    /// Takes a frame.
    pub fn take(&mut self, half: Half, frame: &Frame<'_>, context: &mut Context<'_>) {
        match frame.kind {
            kind::METHOD => self.method(half, frame, context),
            kind::HEADER | kind::BODY => self.content(half, frame, context),
            _ => {}
        }
    }

    /// Ends what content was under way in a half: the rest of it cannot be told. What waits for answers of it is in doubt.
    pub fn lose(&mut self, half: Half, context: &mut Context<'_>) {
        for exchange in self.waiting.iter_mut().filter(|exchange| exchange.client != half) {
            exchange.is_doubtful = true;
        }
        self.owed.retain(|((client, ..), _)| *client == half);
        if !self.late.contains(&half) {
            self.late.push(half);
        }
        while let Some(exchange) = self.open.take_any(|(sender, _)| *sender == half) {
            exchange.append(context);
        }
    }

    /// Makes entries of all that still wait.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        while let Some(exchange) = self.open.take_first().or_else(|| self.waiting.take_first()) {
            exchange.append(context);
        }
    }

    /// Bytes of memory that what waits holds.
    pub fn held_bytes(&self) -> usize {
        let owed = self.owed.capacity().saturating_mul(size_of::<(Key, u64)>());
        let waiting = self.waiting.held_bytes().saturating_add(owed);
        waiting.saturating_add(self.open.held_bytes())
    }

    fn method(&mut self, half: Half, frame: &Frame<'_>, context: &mut Context<'_>) {
        // Whatever of its content did not come will not come any more.
        if let Some(exchange) = self.open.take(&(half, frame.channel)) {
            exchange.append(context);
        }
        let Some(said) = Said::read(frame.payload) else {
            let (layer, reason) = (super::NAME, "expected a method that exists, found another number");
            context
                .anomalies
                .add(frame.side.start.packet, Anomaly::Malformed { layer, reason });
            return;
        };
        let method = said.method;
        let (class, role, no_wait) = (method.class, method.role, said.no_wait);
        let packet = frame.side.start.packet;
        self.end_others(half, frame, &said, context);
        let peer_packet = self.see(half, packet);
        let part = Part {
            side: frame.side,
            said,
            content: matches!(role, Role::Content | Role::AnswerWithContent(_)).then(Content::default),
        };
        let (client, request) = match role {
            Role::Answer(id) | Role::AnswerWithContent(id) => (half.other(), id),
            _ => (half, method.id),
        };
        let key = (client, frame.channel, (class, request));
        let exchange = match role {
            Role::Answer(_) | Role::AnswerWithContent(_) => {
                let waiting = self.answered(&key, packet, context);
                Exchange {
                    client,
                    request: waiting.and_then(|exchange| exchange.request),
                    response: Some(part),
                    is_doubtful: false,
                }
            }
            _ => Exchange {
                client,
                request: Some(part),
                response: None,
                // Its answer may have passed while bytes before it were waited for.
                is_doubtful: packet < peer_packet && self.late.contains(&half),
            },
        };
        let held_bytes = exchange.held_bytes();
        match role {
            Role::Request if !no_wait => {
                self.waiting.add(key, held_bytes, exchange);
                while let Some((key, oldest)) = self.waiting.overflow_with_key(super::NAME, packet, context) {
                    self.give_up(key, context.limits.pending_requests);
                    oldest.append(context);
                }
            }
            Role::Content | Role::AnswerWithContent(_) => {
                self.open.add((half, frame.channel), held_bytes, exchange);
                while let Some(oldest) = self.open.overflow(super::NAME, packet, context) {
                    oldest.append(context);
                }
            }
            _ => exchange.append(context),
        }
    }

    /// Ends what a method says will not be answered: all of a channel that is opened or closed.
    fn end_others(&mut self, half: Half, frame: &Frame<'_>, said: &Said, context: &mut Context<'_>) {
        let method = (said.method.class, said.method.id);
        if !matches!(method, CHANNEL_OPEN | CHANNEL_CLOSE | CONNECTION_CLOSE) {
            return;
        }
        let (peer, channel) = (half.other(), frame.channel);
        // Who closes says which method made it do so.
        if let Some(cause) = said.cause
            && let Some(mut failed) = self.answered(&(peer, channel, cause), frame.side.start.packet, context)
        {
            failed.response = Said::read(frame.payload).map(|said| Part {
                side: frame.side,
                said,
                content: None,
            });
            failed.append(context);
        }
        // What the one who closes asked for itself may still be answered.
        let is_over = |(client, of, _): &Key| match method {
            CHANNEL_OPEN => *of == channel,
            CHANNEL_CLOSE => *of == channel && *client == peer,
            _ => *client == peer,
        };
        while let Some(exchange) = self.waiting.take_any(is_over) {
            exchange.append(context);
        }
        self.owed.retain(|(key, _)| !is_over(key));
    }

    /// Takes what a method of this packet answers: the oldest that waits, and where answers are missing the newest that came
    /// before. No method is answered before it came.
    fn answered(&mut self, key: &Key, packet: u64, context: &mut Context<'_>) -> Option<Exchange> {
        if let Some(place) = self.owed.iter().position(|(known, _)| known == key)
            && let Some((_, left)) = self.owed.get_mut(place)
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.owed.swap_remove(place);
            }
            return None;
        }
        if self.waiting.get_mut(key)?.is_doubtful {
            let all = self.waiting.iter_with_keys().filter(|(known, _)| *known == key);
            let before = all.filter(|(_, exchange)| exchange.packet() < packet).count();
            for _ in 1..before {
                if let Some(unanswered) = self.waiting.take(key) {
                    unanswered.append(context);
                }
            }
            for exchange in self.waiting.iter_mut_of(key) {
                exchange.is_doubtful = false;
            }
        }
        let came_before = self.waiting.get_mut(key)?.packet() <= packet;
        came_before.then(|| self.waiting.take(key)).flatten()
    }

    /// Remembers that the answer to a method that waits no more will still come.
    fn give_up(&mut self, key: Key, most: usize) {
        if let Some((_, owed)) = self.owed.iter_mut().find(|(known, _)| *known == key) {
            *owed = owed.saturating_add(1);
        } else if self.owed.len() < most {
            self.owed.push((key, 1));
        }
    }

    /// Learns of the packet of a method; gives that of the newest of its peer.
    fn see(&mut self, half: Half, packet: u64) -> u64 {
        let [client, server] = &mut self.newest;
        let (own, peer) = match half {
            Half::Client => (client, server),
            Half::Server => (server, client),
        };
        *own = packet.max(*own);
        *peer
    }

    fn content(&mut self, half: Half, frame: &Frame<'_>, context: &mut Context<'_>) {
        let key = (half, frame.channel);
        // Content whose method was not seen is no entry.
        let part = self.open.get_mut(&key).and_then(Exchange::last_mut);
        let Some((side, content)) = part.and_then(|part| Some((&mut part.side, part.content.as_mut()?))) else {
            return;
        };
        side.bytes = side.bytes.saturating_add(frame.side.bytes);
        side.end_ns = frame.side.end_ns;
        if content.take(frame)
            && let Some(exchange) = self.open.take(&key)
        {
            exchange.append(context);
        }
    }
}

impl Exchange {
    fn last_mut(&mut self) -> Option<&mut Part> {
        self.response.as_mut().or(self.request.as_mut())
    }

    fn packet(&self) -> u64 {
        let first = self.request.as_ref().or(self.response.as_ref());
        first.map_or(0, |part| part.side.start.packet)
    }

    fn held_bytes(&self) -> usize {
        let parts = [&self.request, &self.response].into_iter().flatten();
        parts.map(|part| part.said.text.capacity()).sum()
    }

    fn append(self, context: &mut Context<'_>) {
        let side = |part: &Option<Part>| part.as_ref().map(|part| part.side);
        let (request, response) = (side(&self.request), side(&self.response));
        let Some(first) = self.request.as_ref().or(self.response.as_ref()) else {
            return;
        };
        let name = first.said.method.name;
        let parts = [&self.response, &self.request].into_iter().flatten();
        let summary = self.summary();
        let (common, identity) = context.common(Entry {
            method: request.map(|_| name),
            status_code: parts.filter_map(|part| part.said.code).next().map(i64::from),
            summary: &summary,
            ..Entry::of(super::NAME, self.client, request, response)
        });
        let [request_length, response_length, total_size] = sizes(request, response);
        context.tables.amqp.append(Amqp {
            common,
            identity,
            own: AmqpOwn {
                amqp_method: Some(name),
                amqp_summary: Some(&summary),
                amqp_request: Some(request.is_some()),
                amqp_response: Some(response.is_some()),
                amqp_request_length: request_length,
                amqp_response_length: response_length,
                amqp_total_size: total_size,
            },
        });
    }

    /// "queue.declare orders durable → orders messages=3 consumers=1"; "→ ok" if the answer says no more.
    fn summary(&self) -> String {
        let mut text = match &self.request {
            Some(part) => format!("{}{}", part.said.method.name, part.text()),
            None => String::new(),
        };
        let Some(part) = &self.response else {
            return text;
        };
        let told = part.text();
        if self.request.is_none() {
            text.push_str(part.said.method.name);
            text.push_str(&told);
        } else if matches!(part.said.method.role, Role::Request) {
            // The peer closes instead.
            text.push_str(" → ");
            text.push_str(part.said.method.name);
            text.push_str(&told);
        } else {
            text.push_str(" →");
            text.push_str(match told.as_str() {
                "" if part.said.method.name.ends_with("-ok") => " ok",
                "" => " empty",
                told => told,
            });
        }
        text
    }
}

impl Part {
    /// Arguments and content.
    fn text(&self) -> String {
        let mut text = shorten(&self.said.text, TEXT_BYTES).into_owned();
        if let Some(content) = &self.content {
            text.push_str(&content.text());
        }
        text
    }
}
