//! AMQP 0-9-1.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `amqp` row per method, together with the method that answers it
//! if it waits for one, and with the content that belongs to it. An answer whose method was not seen is a row too.
//! Specification: AMQP 0-9-1 (the protocol specification and its XML), and RabbitMQ's extensions of it.
//!
//! A method that the peer refuses by closing the channel or the connection is answered by that; the close is a row of its own too.
//! Acknowledgments and what is published or delivered are rows of their own: nothing answers them. After a gap a half is taken up
//! again where a chunk begins with a frame.
//!
//! Absent on purpose: AMQP 1.0 and 0-10, which share the name only; heartbeats, tables of arguments, content itself,
//! credentials.

mod channels;
mod content;
mod frame;
mod method;
mod recognise;
mod registry;
#[cfg(test)]
mod tests;

use channels::Channels;
use frame::Frame;

use super::framed::{Framed, Message, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Transport};
use crate::Anomaly;

const NAME: &str = "AMQP";

/// AMQP over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::is_from_server,
    dissector: |_| Box::new(Amqp::default()),
};

#[derive(Debug, Default)]
struct Amqp {
    client: Framed,
    server: Framed,
    channels: Channels,
}

impl Amqp {
    fn framed(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    fn take(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) {
        match Frame::read(message) {
            Ok(frame) => self.channels.take(half, &frame, context),
            // Without the byte that ends every frame the length before it was none.
            Err(reason) => {
                self.lose(half, context);
                out_of_step(message.side.start.packet, reason, context);
            }
        }
    }

    fn lose(&mut self, half: Half, context: &mut Context<'_>) {
        self.framed(half).lose();
        self.channels.lose(half, context);
    }
}

fn out_of_step(packet: u64, reason: &'static str, context: &mut Context<'_>) {
    let protocol = NAME;
    context.anomalies.add(packet, Anomaly::Unparsable { protocol, reason });
}

impl Dissector for Amqp {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        let mut rest = chunk.bytes;
        if self.framed(half).is_lost() && recognise::begins(rest) {
            self.framed(half).resume();
        }
        loop {
            match self.framed(half).next(&mut rest, &chunk, context, frame::frame) {
                Next::Message(message) => self.take(half, &message, context),
                Next::Nothing => return Progress::Continue,
                Next::Nonsense(reason) => {
                    self.channels.lose(half, context);
                    out_of_step(chunk.packet, reason, context);
                }
            }
        }
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        if let Some(message) = self.framed(half).gap(missing_bytes) {
            self.take(half, &message, context);
        }
        if self.framed(half).is_lost() {
            self.channels.lose(half, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.framed(half).cut() {
            self.take(half, &message, context);
        }
    }

    fn held_bytes(&self) -> usize {
        let framed = self.client.held_bytes().saturating_add(self.server.held_bytes());
        framed.saturating_add(self.channels.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.end(Half::Client, context);
        self.end(Half::Server, context);
        self.channels.finish(context);
    }
}
