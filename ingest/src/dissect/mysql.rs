//! MySQL and MariaDB: the client/server protocol.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `mysql` row per command with its response; the login is one too.
//! Commands that the server does not answer (COM_QUIT, COM_STMT_CLOSE) are rows at once. Specification: MySQL Source Code Documentation,
//! "Client/Server Protocol"; MariaDB, "Client/Server Protocol".
//!
//! A response ends where its results do: rows are counted, not kept. After an SSLRequest the connection is read as TLS. The
//! compressed protocol is inflated as it comes, bounded by `Limits::inflate_ratio`. A connection picked up in mid-stream, and a half behind a
//! gap, is taken up where a chunk begins with a packet that tells.
//!
//! Absent on purpose: values of rows and of parameters, the events of a binary log, character sets other than UTF-8, the X protocol.

mod command;
mod compression;
mod conversation;
mod exchange;
mod handshake;
mod packet;
mod recognise;
mod response;
mod session;
#[cfg(test)]
mod tests;

use compression::{Inflation, Inner};
use conversation::{Conversation, Phase, Then};
use packet::{LONGEST, Packet};

use super::framed::{Frame, Framed, Message, Next};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Successor, Transport, tls};
use crate::Anomaly;

const NAME: &str = "MySQL";

/// MySQL over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::is_from_server,
    dissector: |_| Box::new(Mysql::default()),
};

#[derive(Debug, Default)]
struct Mysql {
    client: Stream,
    server: Stream,
    conversation: Conversation,
}

/// One half.
#[derive(Debug, Default)]
struct Stream {
    packets: Framed,
    /// There once what comes is compressed.
    inflation: Option<Box<Inflation>>,
    is_begun: bool,
    /// The payload of the last packet goes on in the next.
    continues: bool,
}

impl Stream {
    fn held_bytes(&self) -> usize {
        let inflation = self.inflation.as_ref().map_or(0, |inflation| inflation.held_bytes());
        self.packets.held_bytes().saturating_add(inflation)
    }

    fn is_lost(&self) -> bool {
        self.packets.is_lost() || self.inflation.as_ref().is_some_and(|inflation| inflation.is_lost())
    }

    fn resume(&mut self) {
        self.continues = false;
        self.packets.resume();
        if let Some(inflation) = &mut self.inflation {
            inflation.resume();
        }
    }
}

impl Mysql {
    fn stream(&mut self, half: Half) -> &mut Stream {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Decides before a chunk whether the half is in step, and whether it is compressed.
    fn synchronise(&mut self, half: Half, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let bytes = chunk.bytes;
        let is_first = !std::mem::replace(&mut self.stream(half).is_begun, true);
        let phase = self.conversation.phase;
        if self.stream(half).is_lost() {
            self.resume(half, chunk, context);
        } else if is_first && phase == Phase::Start && compression::begins(bytes) {
            self.compress();
        } else if is_first && phase != Phase::Greeted && half == Half::Server && !self.conversation.is_compressed {
            // A connection may be picked up in the middle of a response.
            let is_beginning = packet::header(bytes).is_none_or(|(_, sequence)| sequence < 2);
            if !is_beginning && !recognise::resumes(half, bytes) {
                self.server.packets.lose();
            }
        } else if half == Half::Client
            && self.conversation.is_to_compress()
            && self.client.packets.is_between()
            && compression::begins(bytes)
            && bytes.get(3) == Some(&0)
        {
            // The end of the login was lost.
            self.compress();
        }
    }

    /// Takes a half that is out of step up again, if a packet begins that tells.
    fn resume(&mut self, half: Half, chunk: &Chunk<'_>, context: &mut Context<'_>) {
        let bytes = chunk.bytes;
        let sequence = bytes.get(3).copied();
        if self.stream(half).inflation.is_some() {
            // Only the first packet of a command or a response surely has another packet's beginning in it.
            let first = if half == Half::Client { 0 } else { 1 };
            if sequence != Some(first) || !compression::begins(bytes) {
                return;
            }
        } else if !recognise::resumes(half, bytes) {
            return;
        }
        self.stream(half).resume();
        if half == Half::Server {
            self.conversation.resume(sequence == Some(1), chunk.packet, context);
        }
    }

    /// What follows in both halves is compressed.
    fn compress(&mut self) {
        self.conversation.is_compressed = true;
        for half in [Half::Client, Half::Server] {
            self.stream(half).inflation = Some(Box::default());
        }
    }

    /// Takes the next packet from the front of `rest`, or what a compressed packet holds.
    fn read(&mut self, half: Half, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Then {
        if let Some(mut inflation) = self.stream(half).inflation.take() {
            self.inflate(half, &mut inflation, rest, chunk, context);
            self.stream(half).inflation = Some(inflation);
            return Then::GoOn;
        }
        let Self {
            client,
            server,
            conversation,
        } = self;
        let stream = match half {
            Half::Client => client,
            Half::Server => server,
        };
        let is_free = stream.continues;
        let frame = |bytes: &[u8]| match packet::header(bytes) {
            Some((_, sequence)) if !is_free && !conversation.allows(half, sequence) => {
                Frame::Nonsense("expected a packet, found a number that it cannot have")
            }
            _ => packet::frame(bytes),
        };
        match stream.packets.next(rest, chunk, context, frame) {
            Next::Message(message) => self.packet(half, &message, context),
            Next::Nothing => Then::GoOn,
            Next::Nonsense(reason) => {
                let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                context.anomalies.add(chunk.packet, anomaly);
                Then::GoOn
            }
        }
    }

    fn inflate(
        &mut self,
        half: Half,
        inflation: &mut Inflation,
        rest: &mut &[u8],
        chunk: &Chunk<'_>,
        context: &mut Context<'_>,
    ) {
        loop {
            match inflation.next(rest, context.limits) {
                Inner::Nothing if rest.is_empty() => break,
                Inner::Nothing => {}
                Inner::Bytes(mut inner) => {
                    while !inner.is_empty() {
                        let packets = &mut self.stream(half).packets;
                        if let Next::Message(message) = packets.next(&mut inner, chunk, context, packet::frame) {
                            self.packet(half, &message, context);
                        }
                    }
                }
                Inner::Missing(bytes, is_bounded) => {
                    let anomaly = if is_bounded {
                        Anomaly::MessageLimit {
                            protocol: NAME,
                            limit: "inflate_ratio",
                        }
                    } else {
                        Anomaly::Unparsable {
                            protocol: NAME,
                            reason: "a compressed packet does not hold what it says",
                        }
                    };
                    context.anomalies.add(chunk.packet, anomaly);
                    self.miss(half, bytes, context);
                }
            }
        }
    }

    /// Learns that bytes of packets are missing.
    fn miss(&mut self, half: Half, bytes: u64, context: &mut Context<'_>) {
        if let Some(message) = self.stream(half).packets.gap(bytes) {
            self.packet(half, &message, context);
        }
    }

    fn packet(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) -> Then {
        let Some(packet) = Packet::of(message) else {
            return Then::GoOn;
        };
        let is_more = packet.length == LONGEST && !message.is_cut;
        if std::mem::replace(&mut self.stream(half).continues, is_more) {
            self.conversation.go_on(half, &packet);
            return Then::GoOn;
        }
        let then = self.conversation.take(half, &packet, context);
        match then {
            Then::GoOn | Then::Tls => {}
            Then::Compress => self.compress(),
            Then::Lose => self.stream(half).packets.lose(),
        }
        then
    }

    /// Takes what there is of a message that will not come whole.
    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.stream(half).packets.cut() {
            self.packet(half, &message, context);
        }
    }
}

impl Dissector for Mysql {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        self.synchronise(half, &chunk, context);
        let mut rest = chunk.bytes;
        while !rest.is_empty() {
            if self.read(half, &mut rest, &chunk, context) == Then::Tls {
                return Progress::Become(Successor {
                    name: tls::TCP.name,
                    dissector: (tls::TCP.dissector)(context.limits),
                    unread_bytes: rest.len(),
                });
            }
        }
        Progress::Continue
    }

    fn gap(&mut self, half: Half, missing_bytes: u64, context: &mut Context<'_>) -> Progress {
        let stream = self.stream(half);
        let lost = match &mut stream.inflation {
            Some(inflation) => inflation.gap(missing_bytes),
            None => Some(missing_bytes),
        };
        match lost {
            Some(0) => {}
            Some(bytes) => self.miss(half, bytes, context),
            None => {
                self.cut(half, context);
                self.stream(half).packets.lose();
            }
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let streams = self.client.held_bytes().saturating_add(self.server.held_bytes());
        streams.saturating_add(self.conversation.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.conversation.finish(context);
    }
}
