//! What the messages of both halves mean: what the client asks for, and what the server answers to it, in order.

use super::message::{Fields, HEADER_BYTES, client, server};
use super::operation::{End, Operation, STARTUP, SYNC};
use super::startup::Opening;
use crate::Anomaly;
use crate::dissect::framed::Message;
use crate::dissect::pending::Pending;
use crate::dissect::statements::{Statements, kept};
use crate::dissect::{Context, Half, Side};

/// Operations that are searched for the one that an answer belongs to.
const SEARCHED: usize = 32;

/// The operations of a connection that are under way.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    session: Session,
    /// What waits for its answer, or for the rest of it.
    waiting: Waiting,
    /// An answer to what was not seen.
    unasked: Option<Operation>,
    pub(super) statements: Statements<String>,
    pub(super) portals: Statements<String>,
    /// Nothing that waits ends with the server being ready.
    has_no_end: bool,
    /// Operations since the last Sync.
    batch: u64,
    /// Answers that are still to come to operations that wait no longer, because too many do.
    owed: Owed,
}

type Waiting = Pending<(), Operation>;

/// Whose session it is.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub user: Option<String>,
    pub database: Option<String>,
}

/// Answers to operations that were given up.
#[derive(Debug, Default)]
struct Owed {
    /// Times that the server will be ready.
    ends: u64,
    /// Answered steps behind them.
    steps: u64,
}

impl Owed {
    fn is_any(&self) -> bool {
        self.ends > 0 || self.steps > 0
    }

    /// An operation is given up.
    fn add(&mut self, operation: &Operation) {
        if operation.is_end() {
            self.ends = self.ends.saturating_add(1);
            self.steps = 0;
        } else {
            self.steps = self.steps.saturating_add(operation.steps_left());
        }
    }

    /// Takes an answer; false if none is owed.
    fn take(&mut self, kind: u8) -> bool {
        let is_any = self.is_any();
        if self.ends == 0 && kind == server::ERROR {
            self.steps = 0;
        } else if self.ends == 0 && ends_step(kind) {
            self.steps = self.steps.saturating_sub(1);
        }
        is_any
    }

    /// The server is ready; false if that belongs to what still waits.
    fn ready(&mut self) -> bool {
        self.steps = if self.ends == 0 { 0 } else { self.steps };
        let is_owed = self.ends > 0;
        self.ends = self.ends.saturating_sub(1);
        is_owed
    }
}

/// What a message means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// What follows is TLS.
    Tls,
    /// What follows is encrypted with GSSAPI.
    Gss,
}

impl Conversation {
    /// Takes a message.
    pub fn take(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) -> Then {
        let Some(kind) = message.bytes.first().copied() else {
            return Then::GoOn;
        };
        let body = message.bytes.get(HEADER_BYTES..).unwrap_or_default();
        match half {
            Half::Client if kind == 0 => self.open(&message.bytes, message.side, context),
            Half::Client => self.client_message(kind, body, message.side, context),
            Half::Server if message.side.bytes == 1 => return self.answer_offer(kind, message.side, context),
            Half::Server => self.server_message(kind, body, message.side, context),
        }
        Then::GoOn
    }

    /// True if the server answers an offer of encryption next, in one byte.
    pub fn awaits_byte(&self) -> bool {
        self.waiting.first().is_some_and(|first| first.end == End::Byte)
    }

    /// Learns that messages of the server were lost up to a packet of the capture. What comes is to the last batch before it, since
    /// clients hardly ever send the next before. Later ones may be known already, because a gap is sure only when more was
    /// acknowledged.
    pub fn resume(&mut self, packet: u64, context: &mut Context<'_>) {
        self.finish_unasked(context);
        self.owed = Owed::default();
        let asked = self
            .waiting
            .iter()
            .take_while(|operation| operation.is_asked_by(packet));
        let (mut past, mut number) = (0_usize, 0_usize);
        let mut last = false;
        // All up to the end before the last.
        for operation in asked {
            if last {
                past = number;
            }
            number = number.saturating_add(1);
            last = operation.is_end();
        }
        (0..past).for_each(|_| self.finish_first(context));
    }

    /// Makes entries of all that is left.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.finish_unasked(context);
        while self.waiting.len() > 0 {
            self.finish_first(context);
        }
    }

    /// Bytes of memory that it holds, about.
    pub fn held_bytes(&self) -> usize {
        let statements = self.statements.held_bytes().saturating_add(self.portals.held_bytes());
        statements.saturating_add(self.waiting.held_bytes())
    }

    fn open(&mut self, bytes: &[u8], side: Side, context: &mut Context<'_>) {
        let Some(opening) = Opening::read(bytes) else {
            let reason = "expected a version of the protocol or a request, found neither";
            let anomaly = Anomaly::Unparsable {
                protocol: super::NAME,
                reason,
            };
            context.anomalies.add(side.start.packet, anomaly);
            return;
        };
        match opening {
            Opening::Session { user, database } => {
                let mut operation = Operation::new(Some(STARTUP), End::Ready, Some(side));
                operation.object = Some(format!("{user}@{database}"));
                let name = |name: String| (!name.is_empty()).then_some(name);
                self.session = Session {
                    user: name(user),
                    database: name(database),
                };
                self.wait(operation, context);
            }
            Opening::Tls => self.wait(Operation::new(Some("SSLRequest"), End::Byte, Some(side)), context),
            Opening::Gss => self.wait(Operation::new(Some("GSSENCRequest"), End::Byte, Some(side)), context),
            Opening::Cancel { process } => {
                let mut operation = Operation::new(Some("CancelRequest"), End::Ready, Some(side));
                operation.object = Some(format!("process {process}"));
                operation.append(&self.session, context);
            }
        }
    }

    /// Takes the answer to an offer of encryption.
    fn answer_offer(&mut self, answer: u8, side: Side, context: &mut Context<'_>) -> Then {
        let Some(mut first) = self.waiting.take_first() else {
            return Then::GoOn;
        };
        first.count_response(side);
        first.is_whole = true;
        let outcome = match answer {
            b'S' => "TLS",
            b'G' => "GSSAPI",
            _ => "refused",
        };
        first.outcome = outcome.to_owned();
        first.append(&self.session, context);
        match answer {
            b'S' => Then::Tls,
            b'G' => Then::Gss,
            _ => Then::GoOn,
        }
    }

    fn client_message(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        let mut fields = Fields(body);
        match kind {
            client::QUERY => {
                let mut operation = Operation::new(Some("Query"), End::Ready, Some(side));
                operation.query = Some(kept(&fields.text(), context.limits.text_bytes).into());
                self.begin(operation, context);
            }
            client::PARSE => self.parse(fields, side, context),
            client::BIND => self.bind(fields, side, context),
            client::DESCRIBE => self.describe(fields, side, context),
            client::EXECUTE => self.execute(fields, side, context),
            client::CLOSE => self.close_name(fields, side, context),
            client::FUNCTION_CALL => {
                let mut operation = Operation::new(Some("FunctionCall"), End::Ready, Some(side));
                operation.object = fields.long().map(|function| function.to_string());
                self.begin(operation, context);
            }
            client::SYNC => {
                self.close_open(context);
                let mut operation = Operation::new(Some(SYNC), End::Ready, Some(side));
                operation.is_silent = std::mem::take(&mut self.batch) > 0;
                self.wait(operation, context);
            }
            client::TERMINATE => {
                self.close_open(context);
                Operation::new(Some("Terminate"), End::Ready, Some(side)).append(&self.session, context);
            }
            _ => self.go_on(kind, side),
        }
    }

    /// Takes a message that belongs to what waits: an answer to a challenge, copied data, Flush.
    fn go_on(&mut self, kind: u8, side: Side) {
        let ends_copy = matches!(kind, client::COPY_DONE | client::COPY_FAIL);
        if ends_copy
            && self
                .waiting
                .first()
                .is_some_and(|first| first.copies_in && first.end == End::Steps)
            && let Some(last) = self.waiting.last_mut()
            && last.command == Some(SYNC)
        {
            last.is_void = true;
            last.is_silent = true;
            // The Sync to come ends the same batch.
            self.batch = 1;
        }
        if let Some(first) = self.waiting.first_mut() {
            first.count_request(side);
        }
    }

    /// The operation that the next message may belong to.
    pub(super) fn open_operation(&mut self) -> Option<&mut Operation> {
        self.waiting.last_mut().filter(|last| last.is_open)
    }

    /// Adds an operation of a batch.
    pub(super) fn begin(&mut self, operation: Operation, context: &mut Context<'_>) {
        self.close_open(context);
        // A simple query ends a batch by itself.
        self.batch = if operation.end == End::Steps {
            self.batch.saturating_add(1)
        } else {
            0
        };
        self.wait(operation, context);
    }

    /// The last operation has all its messages.
    fn close_open(&mut self, context: &mut Context<'_>) {
        let Some(open) = self.open_operation() else {
            return;
        };
        open.is_open = false;
        // It was answered before it was closed: that can only be the first.
        if open.is_whole && self.waiting.len() == 1 {
            self.finish_first(context);
        }
    }

    fn wait(&mut self, operation: Operation, context: &mut Context<'_>) {
        let packet = operation.request.map_or(0, |request| request.start.packet);
        self.has_no_end &= !operation.is_end();
        self.waiting.add((), operation.held_bytes(), operation);
        while let Some(oldest) = self.waiting.overflow(super::NAME, packet, context) {
            self.owed.add(&oldest);
            oldest.append(&self.session, context);
        }
    }

    fn server_message(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        match kind {
            server::NOTIFICATION => self.notification(body, side, context),
            server::READY => self.ready(side, context),
            server::NOTICE | server::PARAMETER_STATUS => {
                let packet = side.start.packet;
                let waiting = self.waiting.first_mut().filter(|first| first.is_asked_by(packet));
                if let Some(first) = self.unasked.as_mut().or(waiting) {
                    first.count_response(side);
                }
            }
            _ => self.answer(kind, body, side, context),
        }
    }

    fn answer(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        if !self.owed.take(kind) && self.find(kind, side.start.packet, context) {
            self.finish_unasked(context);
        } else {
            let unasked = || Operation::new(None, End::Ready, None);
            self.unasked.get_or_insert_with(unasked).take(kind, body, side);
            return;
        }
        let Some(first) = self.waiting.first_mut() else {
            return;
        };
        let is_login_refused = kind == server::ERROR && first.command == Some(STARTUP);
        if first.take(kind, body, side) || is_login_refused || first.end == End::Byte {
            self.finish_first(context);
        }
    }

    /// Makes the operation that expects a message the first; what waits before it is given up. False if there is none: what the client
    /// sends later than the packet of the message is not what it answers.
    fn find(&mut self, kind: u8, packet: u64, context: &mut Context<'_>) -> bool {
        let is_asked = |operation: &&Operation| operation.is_asked_by(packet);
        if kind == server::ERROR {
            return self.unasked.is_none() && self.waiting.first().filter(is_asked).is_some();
        }
        let place = {
            let mut searched = self.waiting.iter().take(SEARCHED).take_while(is_asked);
            searched.position(|operation| operation.expects(kind))
        };
        let Some(place) = place else { return false };
        (0..place).for_each(|_| self.finish_first(context));
        true
    }

    /// The server is ready: everything up to what waits for that is over.
    fn ready(&mut self, side: Side, context: &mut Context<'_>) {
        let is_owed = self.owed.ready();
        if let Some(unasked) = &mut self.unasked {
            unasked.count_response(side);
            unasked.is_whole = true;
            return self.finish_unasked(context);
        }
        let packet = side.start.packet;
        if is_owed || self.waiting.first().is_some_and(|first| !first.is_asked_by(packet)) {
            return;
        }
        // Without an end it is that of a batch which was not seen; nobody searches again before there is one.
        let ends = |waiting: &Waiting| waiting.iter().position(Operation::is_end);
        let before = if self.has_no_end { None } else { ends(&self.waiting) };
        let Some(before) = before else {
            self.has_no_end = true;
            return;
        };
        let end = self.waiting.iter().nth(before);
        if end.is_some_and(|end| !end.is_asked_by(packet)) {
            return;
        }
        for _ in 0..before {
            let Some(mut first) = self.waiting.take_first() else {
                return;
            };
            if first.response.is_none() && !first.is_void {
                first.outcome = "skipped".to_owned();
            }
            first.append(&self.session, context);
        }
        if let Some(mut first) = self.waiting.take_first() {
            first.count_response(side);
            first.is_whole = true;
            first.append(&self.session, context);
        }
    }

    fn finish_unasked(&mut self, context: &mut Context<'_>) {
        if let Some(unasked) = self.unasked.take() {
            unasked.append(&self.session, context);
        }
    }

    fn notification(&mut self, body: &[u8], side: Side, context: &mut Context<'_>) {
        let mut fields = Fields(body);
        fields.bytes(4);
        let (channel, payload) = (fields.text(), fields.text());
        let mut operation = Operation::new(Some("NotificationResponse"), End::Ready, None);
        operation.object = Some(if payload.is_empty() {
            channel.into_owned()
        } else {
            format!("{channel}: {payload}")
        });
        operation.count_response(side);
        operation.append(&self.session, context);
    }

    fn finish_first(&mut self, context: &mut Context<'_>) {
        if let Some(first) = self.waiting.take_first() {
            first.append(&self.session, context);
        }
    }
}

/// True if a message of this type is the last of the answer to a step.
fn ends_step(kind: u8) -> bool {
    matches!(
        kind,
        server::PARSE_COMPLETE
            | server::BIND_COMPLETE
            | server::CLOSE_COMPLETE
            | server::ROW_DESCRIPTION
            | server::NO_DATA
            | server::COMMAND_COMPLETE
            | server::EMPTY_QUERY
            | server::PORTAL_SUSPENDED
    )
}
