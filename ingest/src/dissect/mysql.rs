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
mod exchange;
mod handshake;
mod packet;
mod recognise;
mod response;
mod session;
#[cfg(test)]
mod tests;

use command::{Answer, Command, code};
use compression::{Inflation, Inner};
use exchange::Exchange;
use handshake::{Greeting, Login};
use packet::{LONGEST, Packet, kind};
use response::Response;
use session::Session;

use super::framed::{Framed, Message, Next};
use super::pending::Pending;
use super::statements::{kept, one_line};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Side, Successor, Transport, shorten, tls};
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

/// Code with which a client acknowledges events of a binary log (semi-synchronous replication).
const ACKNOWLEDGMENT: u8 = 0xef;

/// Number of the statement that was prepared last, whose own is not known yet (MariaDB).
const LAST_STATEMENT: u32 = u32::MAX;

#[derive(Debug, Default)]
struct Mysql {
    client: Stream,
    server: Stream,
    phase: Phase,
    session: Session,
    /// Commands that wait for their response, or for the rest of it.
    waiting: Pending<(), Exchange>,
    /// The greeting, until a login follows it.
    greeting: Option<Side>,
    /// The last packet of the server ended what a prepared statement is, and nobody knows whether an EOF packet follows.
    may_end_again: bool,
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

/// How far a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing was seen.
    #[default]
    Start,
    /// The server's greeting was.
    Greeted,
    Commands,
}

/// What a packet means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Tls,
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
    fn synchronise(&mut self, half: Half, bytes: &[u8], context: &mut Context<'_>) {
        let is_first = !std::mem::replace(&mut self.stream(half).is_begun, true);
        if self.stream(half).is_lost() {
            self.resume(half, bytes, context);
        } else if is_first && self.phase == Phase::Start && compression::begins(bytes) {
            self.compress();
        } else if is_first && self.phase != Phase::Greeted && half == Half::Server && self.server.inflation.is_none() {
            // A connection picked up in the middle of a response.
            let is_beginning = packet::header(bytes).is_none_or(|(_, sequence)| sequence < 2);
            if !is_beginning && !recognise::resumes(half, bytes) {
                self.server.packets.lose();
            }
        } else if half == Half::Client
            && self.logs_in()
            && self.session.compresses()
            && self.client.packets.is_between()
            && compression::begins(bytes)
            && bytes.get(3) == Some(&0)
        {
            // The end of the login was lost.
            self.compress();
        }
    }

    /// Takes a half that is out of step up again, if a packet begins that tells.
    fn resume(&mut self, half: Half, bytes: &[u8], context: &mut Context<'_>) {
        let number = bytes.get(3).copied();
        let is_new = match half {
            Half::Client => true,
            Half::Server => number == Some(1),
        };
        if self.stream(half).inflation.is_some() {
            // Only the first packet of a command or a response surely has another packet's beginning in it.
            let first = if half == Half::Client { 0 } else { 1 };
            if number != Some(first) || !compression::begins(bytes) {
                return;
            }
        } else if !recognise::resumes(half, bytes) {
            return;
        }
        self.stream(half).resume();
        if half == Half::Client {
            return;
        }
        if is_new {
            // Responses were lost: this one answers the last command, since clients hardly ever pipeline.
            while self.waiting.len() > 1 {
                self.finish_first(context);
            }
            if self.waiting.first().is_some_and(|first| first.response.side.is_some()) {
                self.finish_first(context);
            }
        } else if let Some(first) = self.waiting.first_mut() {
            first.response.resume(first.answer);
        }
    }

    /// True while a login waits for its outcome.
    fn logs_in(&self) -> bool {
        self.waiting
            .first()
            .is_some_and(|first| first.command == Some(command::LOGIN))
    }

    /// What follows in both halves is compressed.
    fn compress(&mut self) {
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
        match self.stream(half).packets.next(rest, chunk, context, packet::frame) {
            Next::Message(message) => self.packet(half, &message, context),
            Next::Nothing | Next::Nonsense(_) => Then::GoOn,
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
            match (half, self.waiting.last_mut()) {
                (Half::Client, Some(last)) => last.count_request(packet.side),
                (Half::Server, Some(_)) => self.waiting.first_mut().into_iter().for_each(|first| {
                    first.response.count(packet.side);
                    first.response.sequence = Some(packet.sequence);
                }),
                _ => {}
            }
            return Then::GoOn;
        }
        match half {
            Half::Client => self.from_client(&packet, context),
            Half::Server => {
                self.from_server(&packet, context);
                Then::GoOn
            }
        }
    }

    fn from_client(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        if let Some(first) = self.waiting.first_mut()
            && first.response.wants_file()
        {
            first.count_request(packet.side);
            return Then::GoOn;
        }
        if packet.sequence != 0 {
            let begins = match self.phase {
                Phase::Start => Login::is_certain(packet.payload),
                Phase::Greeted => true,
                Phase::Commands => false,
            };
            if begins && let Some(login) = Login::read(packet.payload) {
                return self.log_in(&login, packet, context);
            }
            if let Some(last) = self.waiting.last_mut() {
                last.count_request(packet.side);
            }
            return Then::GoOn;
        }
        self.command(packet, context);
        Then::GoOn
    }

    fn log_in(&mut self, login: &Login, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        self.phase = Phase::Commands;
        self.greeting = None;
        self.session.logged_in(login);
        let mut exchange = Exchange::login(Some(packet.side));
        if login.is_tls_request() {
            exchange.is_tls = true;
            exchange.append(&self.session, context);
            return Then::Tls;
        }
        let user = login.user.as_deref().unwrap_or_default();
        let object = match &login.database {
            Some(database) => format!("{user}@{database}"),
            None => user.to_owned(),
        };
        exchange.object = Some(one_line(&object).into());
        exchange.database = Some(login.database.clone());
        self.wait(exchange, context);
        Then::GoOn
    }

    fn command(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) {
        let Some(code) = packet.payload.first().copied() else {
            return;
        };
        let Some(kind) = command::kind(code, packet.length) else {
            let replicates = |first: &&mut Exchange| code == ACKNOWLEDGMENT && first.answer == Answer::Stream;
            match self.waiting.first_mut().filter(replicates) {
                Some(first) => first.count_request(packet.side),
                None => {
                    let reason = "expected the code of a command and a length that it may have";
                    let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
                    context.anomalies.add(packet.side.start.packet, anomaly);
                    self.client.packets.lose();
                }
            }
            return;
        };
        self.phase = Phase::Commands;
        if self.waiting.first().is_some_and(|first| first.response.is_opaque()) {
            self.finish_first(context);
        }
        let command = Command::read(kind, packet.payload, self.session.has_attributes());
        let query = command.query.map(|query| kept(&query, context.limits.text_bytes));
        let statement = command.statement_id.and_then(|id| match id {
            LAST_STATEMENT => {
                let last = self.waiting.last_mut().and_then(|last| last.query.as_deref());
                last.map(|query| one_line(query).into())
            }
            id => self.session.statements.get(&id).cloned(),
        });
        let exchange = Exchange {
            request: Some(packet.side),
            command: Some(kind.name),
            code,
            answer: kind.answer,
            query,
            statement_id: command.statement_id,
            object: statement.or(command.object.map(|object| one_line(&object).into())),
            database: command.database,
            is_tls: false,
            response: Response::new(kind.answer),
        };
        if kind.answer == Answer::Nothing {
            exchange.append(&self.session, context);
            if let (code::STMT_CLOSE, Some(id)) = (code, exchange.statement_id) {
                self.session.statements.forget(&id);
            }
        } else {
            self.wait(exchange, context);
        }
    }

    fn wait(&mut self, exchange: Exchange, context: &mut Context<'_>) {
        let packet = exchange.request.map_or(0, |request| request.start.packet);
        self.waiting.add((), exchange.held_bytes(), exchange);
        while let Some(oldest) = self.waiting.overflow(NAME, packet, context) {
            oldest.append(&self.session, context);
        }
    }

    fn from_server(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) {
        if self.phase != Phase::Commands && packet.sequence == 0 && self.waiting.len() == 0 {
            if let Some(greeting) = Greeting::read(packet.payload) {
                self.phase = Phase::Greeted;
                self.greeting = Some(packet.side);
                self.session.greeted(greeting);
                return;
            }
            if packet.payload.first() == Some(&kind::ERR) {
                // The server turns the client away.
                self.waiting.add((), 0, Exchange::login(None));
            }
        }
        let may_end_again = std::mem::take(&mut self.may_end_again);
        if may_end_again && packet.sequence > 1 && packet.payload.first() == Some(&kind::EOF) && packet.length == 5 {
            self.session.learns_eof(true);
            return;
        }
        let is_compressed = self.server.inflation.is_some();
        let is_new = |first: &Exchange| first.response.sequence.is_some_and(|last| last != 0) && packet.sequence == 1;
        if !is_compressed && self.waiting.first().is_some_and(is_new) {
            self.finish_first(context);
        }
        if self.waiting.len() == 0 {
            let mut unasked = Exchange::unasked();
            if packet.sequence > 1 {
                // The rest of a response whose beginning was not seen.
                unasked.response.lose();
            }
            self.waiting.add((), 0, unasked);
        }
        let Some(first) = self.waiting.first_mut() else {
            return;
        };
        if first.response.side.is_none() {
            self.session.begin();
        }
        if first.take(packet, &mut self.session) {
            self.may_end_again = first.answer == Answer::Prepared && self.session.has_eof.is_none();
            self.finish_first(context);
        }
    }

    /// Makes an entry of the first that waits, and does what it says to the session.
    fn finish_first(&mut self, context: &mut Context<'_>) {
        let Some(exchange) = self.waiting.take_first() else {
            return;
        };
        let is_success = exchange.response.is_whole && exchange.response.error.is_none();
        if is_success {
            if let Some(database) = &exchange.database {
                self.session.use_database(database.as_deref());
            }
            match (exchange.code, exchange.response.statement_id, &exchange.query) {
                (code::STMT_PREPARE, Some(id), Some(query)) => {
                    let packet = exchange.response.side.map_or(0, |side| side.start.packet);
                    let text = one_line(query).into();
                    self.session.statements.add(id, text, NAME, packet, context);
                }
                (code::CHANGE_USER | code::RESET_CONNECTION, ..) => self.session.statements.clear(),
                _ => {}
            }
            if exchange.command == Some(command::LOGIN) && self.session.compresses() && self.client.inflation.is_none()
            {
                self.compress();
            }
        }
        exchange.append(&self.session, context);
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
        self.synchronise(half, chunk.bytes, context);
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
        let session = self.session.held_bytes();
        streams
            .saturating_add(session)
            .saturating_add(self.waiting.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        while self.waiting.len() > 0 {
            self.finish_first(context);
        }
        if let Some(greeting) = self.greeting.take() {
            let version = self.session.version.as_deref().unwrap_or_default();
            let mut exchange = Exchange::unasked();
            exchange.object = Some(format!("greeting of {}", shorten(version, 64)).into());
            exchange.response.count(greeting);
            exchange.append(&self.session, context);
        }
    }
}
