//! What the packets of both halves mean: logins, commands, and the responses to them, in order.

use super::command::{self, Answer, Command, code};
use super::exchange::Exchange;
use super::handshake::{Greeting, Login};
use super::packet::{Packet, kind};
use super::response::Response;
use super::session::Session;
use crate::Anomaly;
use crate::dissect::pending::Pending;
use crate::dissect::statements::{kept, one_line};
use crate::dissect::{Context, Half, Side, shorten};

/// Code with which a client acknowledges events of a binary log (semi-synchronous replication).
const ACKNOWLEDGMENT: u8 = 0xef;

/// Number of the statement that was prepared last, whose own is not known yet (MariaDB).
const LAST_STATEMENT: u32 = u32::MAX;

/// The exchanges of a connection that are under way.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub phase: Phase,
    /// Packets come inside compressed ones, and are numbered with them.
    pub is_compressed: bool,
    session: Session,
    /// Commands that wait for their response, or for the rest of it.
    waiting: Pending<(), Exchange>,
    /// A response before theirs: its command was not seen, or waits no longer because too many do.
    unasked: Option<Exchange>,
    /// Responses that are still to come to commands that wait no longer.
    owed: u64,
    /// The greeting, until a login follows it.
    greeting: Option<Side>,
    /// The last packet of the server ended what a prepared statement is, and nobody knows whether an EOF packet follows.
    may_end_again: bool,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was seen.
    #[default]
    Start,
    /// The server's greeting was.
    Greeted,
    Commands,
}

/// What a packet means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// What follows is TLS.
    Tls,
    /// What follows is compressed.
    Compress,
    /// The half is out of step.
    Lose,
}

impl Conversation {
    /// Takes a packet.
    pub fn take(&mut self, half: Half, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        match half {
            Half::Client => self.client_packet(packet, context),
            Half::Server => self.server_packet(packet, context),
        }
    }

    /// Takes a packet with which the payload of the one before goes on.
    pub fn go_on(&mut self, half: Half, packet: &Packet<'_>) {
        match half {
            Half::Client => self
                .waiting
                .last_mut()
                .into_iter()
                .for_each(|last| last.count_request(packet.side)),
            Half::Server => self.first_mut().into_iter().for_each(|first| {
                first.response.count(packet.side);
                first.response.sequence = Some(packet.sequence);
            }),
        }
    }

    /// True if a packet may have this number, as far as anybody knows: both sides refuse packets that are out of order.
    pub fn allows(&self, half: Half, sequence: u8) -> bool {
        if self.is_compressed || self.phase != Phase::Commands {
            return true;
        }
        let Some(first) = self.first() else {
            return half == Half::Server || sequence == 0;
        };
        let talks = matches!(first.answer, Answer::Authentication | Answer::Stream) || first.response.had_file();
        match half {
            Half::Client => sequence == 0 || talks,
            Half::Server => {
                let next = first.response.sequence.map(|last| last.wrapping_add(1));
                sequence < 2 || talks || next.is_none_or(|next| next == sequence)
            }
        }
    }

    /// True if a login that agreed to compress what follows it waits for its outcome.
    pub fn is_to_compress(&self) -> bool {
        let first = self.first();
        first.is_some_and(|first| first.command == Some(command::LOGIN)) && self.session.compresses()
    }

    /// Learns that packets of the server were lost. A response begins in a packet of the capture, or one that is under way goes on:
    /// to the last command before it, since clients hardly ever pipeline. Later ones may be known already, because a gap is
    /// sure only when more was acknowledged.
    pub fn resume(&mut self, is_new: bool, packet: u64, context: &mut Context<'_>) {
        self.owed = 0;
        let asked = self.waiting.iter().take_while(|exchange| exchange.is_asked_by(packet));
        let mut asked = asked.count();
        if asked > 0 || is_new {
            self.finish_unasked(context);
        }
        while asked > 1 {
            asked = asked.saturating_sub(1);
            self.finish_first(context);
        }
        if !is_new {
            if let Some(first) = self.first_mut() {
                first.response.resume(first.answer);
            }
        } else if self.waiting.first().is_some_and(|first| first.response.side.is_some()) {
            self.finish_first(context);
        }
    }

    /// Makes entries of all that is left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.finish_unasked(context);
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

    /// Bytes of memory that it holds, about.
    pub fn held_bytes(&self) -> usize {
        let unasked = self.unasked.as_ref().map_or(0, Exchange::held_bytes);
        let waiting = self.waiting.held_bytes().saturating_add(unasked);
        self.session.held_bytes().saturating_add(waiting)
    }

    /// What the server answers, or does next.
    fn first(&self) -> Option<&Exchange> {
        self.unasked.as_ref().or(self.waiting.first())
    }

    fn first_mut(&mut self) -> Option<&mut Exchange> {
        self.unasked.as_mut().or(self.waiting.first_mut())
    }

    fn client_packet(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        if let Some(first) = self.first_mut()
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
        self.command(packet, context)
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

    fn command(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        let Some(code) = packet.payload.first().copied() else {
            return Then::GoOn;
        };
        let Some(kind) = command::kind(code, packet.length) else {
            let replicates = |first: &&mut Exchange| code == ACKNOWLEDGMENT && first.answer == Answer::Stream;
            if let Some(first) = self.first_mut().filter(replicates) {
                first.count_request(packet.side);
                return Then::GoOn;
            }
            let reason = "expected the code of a command and a length that it may have";
            let anomaly = Anomaly::Unparsable {
                protocol: super::NAME,
                reason,
            };
            context.anomalies.add(packet.side.start.packet, anomaly);
            return Then::Lose;
        };
        self.phase = Phase::Commands;
        if self.first().is_some_and(|first| first.response.is_opaque()) {
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
        Then::GoOn
    }

    fn wait(&mut self, exchange: Exchange, context: &mut Context<'_>) {
        let packet = exchange.request.map_or(0, |request| request.start.packet);
        self.waiting.add((), exchange.held_bytes(), exchange);
        while let Some(oldest) = self.waiting.overflow(super::NAME, packet, context) {
            if oldest.response.side.is_some() {
                // The rest of its response comes.
                self.unasked = Some(oldest);
            } else {
                oldest.append(&self.session, context);
                self.owed = self.owed.saturating_add(1);
            }
        }
    }

    fn server_packet(&mut self, packet: &Packet<'_>, context: &mut Context<'_>) -> Then {
        if self.phase != Phase::Commands && packet.sequence == 0 && self.first().is_none() {
            if let Some(greeting) = Greeting::read(packet.payload) {
                self.phase = Phase::Greeted;
                self.greeting = Some(packet.side);
                self.session.greeted(greeting);
                return Then::GoOn;
            }
            if packet.payload.first() == Some(&kind::ERR) {
                // The server turns the client away.
                self.unasked = Some(Exchange::login(None));
            }
        }
        let may_end_again = std::mem::take(&mut self.may_end_again);
        if may_end_again && packet.sequence > 1 && packet.payload.first() == Some(&kind::EOF) && packet.length == 5 {
            self.session.learns_eof(true);
            return Then::GoOn;
        }
        // Where the client sends a file, the numbers of its packets may have come round.
        let is_new = |first: &Exchange| {
            let goes_on = first.response.sequence.is_some_and(|last| last != 0);
            goes_on && packet.sequence == 1 && !first.response.had_file()
        };
        if !self.is_compressed && self.first().is_some_and(is_new) {
            self.finish_first(context);
        }
        let is_asked = |first: &Exchange| first.response.side.is_some() || first.is_asked_by(packet.side.start.packet);
        let is_begun = |first: &Exchange| first.response.side.is_some();
        let is_owed = self.owed > 0 && !self.waiting.first().is_some_and(is_begun);
        if self.unasked.is_none() && (is_owed || !self.waiting.first().is_some_and(is_asked)) {
            self.owed = self.owed.saturating_sub(1);
            let mut unasked = Exchange::unasked();
            if packet.sequence > 1 {
                // The rest of a response whose beginning was not seen.
                unasked.response.lose();
            }
            self.unasked = Some(unasked);
        }
        let Some(first) = self.unasked.as_mut().or(self.waiting.first_mut()) else {
            return Then::GoOn;
        };
        if first.response.side.is_none() {
            self.session.begin();
        }
        if first.take(packet, &mut self.session) {
            self.may_end_again = first.answer == Answer::Prepared && self.session.has_eof.is_none();
            return self.finish_first(context);
        }
        Then::GoOn
    }

    fn finish_unasked(&mut self, context: &mut Context<'_>) {
        if self.unasked.is_some() {
            self.finish_first(context);
        }
    }

    /// Makes an entry of the first, and does what it says to the session.
    fn finish_first(&mut self, context: &mut Context<'_>) -> Then {
        let Some(exchange) = self.unasked.take().or_else(|| self.waiting.take_first()) else {
            return Then::GoOn;
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
                    self.session.statements.add(id, text, super::NAME, packet, context);
                }
                (code::CHANGE_USER | code::RESET_CONNECTION, ..) => self.session.statements.clear(),
                _ => {}
            }
        }
        exchange.append(&self.session, context);
        if is_success && exchange.command == Some(command::LOGIN) && self.session.compresses() {
            Then::Compress
        } else {
            Then::GoOn
        }
    }
}
