//! PostgreSQL: the frontend/backend protocol, version 3.
//!
//! In: the bytes of both halves of a TCP connection. Out: one `postgresql` row per query, per execution of a prepared statement with the
//! messages that prepare it, per Parse, Bind, Describe or Close that no Execute follows, per start of a session, offer of encryption,
//! request to cancel, call of a function and notification. After an error the server passes over what comes up to the next Sync: those
//! operations are rows without outcome. Specification: PostgreSQL, "Frontend/Backend Protocol".
//!
//! Rows and copied data are counted, not kept. After an accepted SSLRequest the connection is read as TLS. A connection picked up in
//! mid-stream, and a half behind a gap, is taken up where a chunk begins with messages.
//!
//! Absent on purpose: values of rows and of parameters, notices, the stream of replication, GSSAPI encryption, protocol 2.

mod message;
mod operation;
mod recognise;
mod startup;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use message::{Fields, HEADER_BYTES, client, server};
use operation::{End, Operation, STARTUP, SYNC, Step};
use startup::Opening;

use super::framed::{Framed, Message, Next};
use super::pending::Pending;
use super::statements::{Statements, kept};
use super::{Chunk, Context, Dissector, Half, Progress, Protocol, Side, Successor, Transport, tls};
use crate::Anomaly;

const NAME: &str = "PostgreSQL";

/// PostgreSQL over TCP.
pub(super) const TCP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &recognise::PORTS,
    probe: recognise::probe,
    from_server: recognise::is_from_server,
    dissector: |_| Box::new(Postgresql::default()),
};

/// Operations that are searched for the one that an answer belongs to.
const SEARCHED: usize = 32;

#[derive(Debug, Default)]
struct Postgresql {
    client: Framed,
    server: Framed,
    session: Session,
    /// What waits for its answer, or for the rest of it.
    waiting: Waiting,
    /// An answer to what was not seen.
    unasked: Option<Operation>,
    statements: Statements<String>,
    portals: Statements<String>,
    /// Nothing that waits ends with the server being ready.
    has_no_end: bool,
    /// Operations since the last Sync.
    batch: u64,
    /// The rest is encrypted with GSSAPI.
    is_opaque: bool,
}

type Waiting = Pending<(), Operation>;

/// Whose session it is.
#[derive(Debug, Default)]
struct Session {
    user: Option<String>,
    database: Option<String>,
}

/// What a message means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Tls,
}

impl Postgresql {
    fn half(&mut self, half: Half) -> &mut Framed {
        match half {
            Half::Client => &mut self.client,
            Half::Server => &mut self.server,
        }
    }

    /// Takes a half that is out of step up again, if messages begin here.
    fn resume(&mut self, half: Half, bytes: &[u8], context: &mut Context<'_>) {
        if !self.half(half).is_lost() || !recognise::resumes(half, bytes) {
            return;
        }
        self.half(half).resume();
        if half == Half::Server {
            self.finish_unasked(context);
            // Answers were lost: these are to the last batch, since clients hardly ever send the next before.
            let mut ends = self.waiting.iter().filter(|operation| operation.is_end()).count();
            while ends > 1 {
                let is_end = self.waiting.first().is_some_and(Operation::is_end);
                ends = ends.saturating_sub(usize::from(is_end));
                self.finish_first(context);
            }
        }
    }

    fn read(&mut self, half: Half, rest: &mut &[u8], chunk: &Chunk<'_>, context: &mut Context<'_>) -> Then {
        let offers = self.waiting.first().is_some_and(|first| first.end == End::Byte);
        let next = match half {
            Half::Client => self.client.next(rest, chunk, context, message::client_frame),
            Half::Server => {
                let frame = |bytes: &[u8]| message::server_frame(bytes, offers);
                self.server.next(rest, chunk, context, frame)
            }
        };
        match next {
            Next::Message(message) => self.message(half, &message, context),
            Next::Nothing => Then::GoOn,
            Next::Nonsense(reason) => {
                let protocol = NAME;
                context
                    .anomalies
                    .add(chunk.packet, Anomaly::Unparsable { protocol, reason });
                Then::GoOn
            }
        }
    }

    fn message(&mut self, half: Half, message: &Message<'_>, context: &mut Context<'_>) -> Then {
        let Some(kind) = message.bytes.first().copied() else {
            return Then::GoOn;
        };
        let body = message.bytes.get(HEADER_BYTES..).unwrap_or_default();
        match half {
            Half::Client if kind == 0 => self.open(&message.bytes, message.side, context),
            Half::Client => self.from_client(kind, body, message.side, context),
            Half::Server if message.side.bytes == 1 => return self.answer_offer(kind, message.side, context),
            Half::Server => self.from_server(kind, body, message.side, context),
        }
        Then::GoOn
    }

    fn open(&mut self, bytes: &[u8], side: Side, context: &mut Context<'_>) {
        let Some(opening) = Opening::read(bytes) else {
            let reason = "expected a version of the protocol or a request, found neither";
            let anomaly = Anomaly::Unparsable { protocol: NAME, reason };
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
            b'S' => return Then::Tls,
            b'G' => self.is_opaque = true,
            _ => {}
        }
        Then::GoOn
    }

    fn from_client(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        let mut fields = Fields(body);
        match kind {
            client::QUERY => {
                let mut operation = Operation::new(Some("Query"), End::Ready, Some(side));
                operation.query = Some(kept(&fields.text(), context.limits.text_bytes).into());
                self.begin(operation, context);
            }
            client::PARSE => {
                let name = fields.text().into_owned();
                let text: Arc<str> = kept(&fields.text(), context.limits.text_bytes).into();
                let packet = side.start.packet;
                self.statements.add(name.clone(), text.clone(), NAME, packet, context);
                let mut operation = Operation::step("Parse", Step::Parse, side);
                operation.query = Some(text);
                operation.statement = Some(name);
                operation.is_open = true;
                self.begin(operation, context);
            }
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

    fn bind(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let portal = fields.text().into_owned();
        let statement = fields.text().into_owned();
        let text = self.statements.get(&statement).cloned();
        match &text {
            Some(text) => {
                let packet = side.start.packet;
                self.portals.add(portal.clone(), text.clone(), NAME, packet, context);
            }
            None => self.portals.forget(&portal),
        }
        if let Some(open) = self.open_operation()
            && open.statement.as_ref() == Some(&statement)
            && open.portal.is_none()
            && open.join(Step::Bind, side)
        {
            open.portal = Some(portal);
            return;
        }
        let mut operation = Operation::step("Bind", Step::Bind, side);
        operation.query = text;
        operation.object = (!statement.is_empty()).then(|| statement.clone());
        operation.statement = Some(statement);
        operation.portal = Some(portal);
        operation.is_open = true;
        self.begin(operation, context);
    }

    fn describe(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let is_portal = fields.byte() == Some(b'P');
        let name = fields.text().into_owned();
        if let Some(open) = self.open_operation() {
            let known = if is_portal { &open.portal } else { &open.statement };
            if known.as_ref() == Some(&name) && open.join(Step::Describe, side) {
                return;
            }
        }
        let mut operation = Operation::step("Describe", Step::Describe, side);
        let known = if is_portal { &self.portals } else { &self.statements };
        operation.query = known.get(&name).cloned();
        operation.object = Some(name.clone());
        if is_portal {
            operation.portal = Some(name);
        } else {
            operation.statement = Some(name);
        }
        operation.is_open = true;
        self.begin(operation, context);
    }

    fn execute(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let portal = fields.text().into_owned();
        if let Some(open) = self.open_operation()
            && open.portal.as_ref() == Some(&portal)
            && open.join(Step::Execute, side)
        {
            open.command = Some("Execute");
            open.is_open = false;
            return;
        }
        let mut operation = Operation::step("Execute", Step::Execute, side);
        operation.query = self.portals.get(&portal).cloned();
        operation.object = (!portal.is_empty()).then_some(portal);
        self.begin(operation, context);
    }

    fn close_name(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let is_portal = fields.byte() == Some(b'P');
        let name = fields.text().into_owned();
        if is_portal {
            self.portals.forget(&name);
        } else {
            self.statements.forget(&name);
        }
        let mut operation = Operation::step("Close", Step::Close, side);
        operation.object = Some(format!("{} {name}", if is_portal { "portal" } else { "statement" }));
        self.begin(operation, context);
    }

    /// The operation that the next message may belong to.
    fn open_operation(&mut self) -> Option<&mut Operation> {
        self.waiting.last_mut().filter(|last| last.is_open)
    }

    /// Adds an operation of a batch.
    fn begin(&mut self, operation: Operation, context: &mut Context<'_>) {
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
        while let Some(oldest) = self.waiting.overflow(NAME, packet, context) {
            oldest.append(&self.session, context);
        }
    }

    fn from_server(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        match kind {
            server::NOTIFICATION => self.notification(body, side, context),
            server::READY => self.ready(side, context),
            server::NOTICE | server::PARAMETER_STATUS => {
                if let Some(first) = self.unasked.as_mut().or(self.waiting.first_mut()) {
                    first.count_response(side);
                }
            }
            _ => self.answer(kind, body, side, context),
        }
    }

    fn answer(&mut self, kind: u8, body: &[u8], side: Side, context: &mut Context<'_>) {
        if self.find(kind, context) {
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

    /// Makes the operation that expects a message the first; what waits before it is given up. False if there is none.
    fn find(&mut self, kind: u8, context: &mut Context<'_>) -> bool {
        if kind == server::ERROR {
            return self.unasked.is_none() && self.waiting.len() > 0;
        }
        let place = {
            let mut searched = self.waiting.iter().take(SEARCHED);
            searched.position(|operation| operation.expects(kind))
        };
        let Some(place) = place else { return false };
        (0..place).for_each(|_| self.finish_first(context));
        true
    }

    /// The server is ready: everything up to what waits for that is over.
    fn ready(&mut self, side: Side, context: &mut Context<'_>) {
        if let Some(unasked) = &mut self.unasked {
            unasked.count_response(side);
            unasked.is_whole = true;
            return self.finish_unasked(context);
        }
        // Without an end it is that of a batch which was not seen; nobody searches again before there is one.
        let ends = |waiting: &Waiting| waiting.iter().position(Operation::is_end);
        let before = if self.has_no_end { None } else { ends(&self.waiting) };
        let Some(before) = before else {
            self.has_no_end = true;
            return;
        };
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

    /// Takes what there is of a message that will not come whole.
    fn cut(&mut self, half: Half, context: &mut Context<'_>) {
        if let Some(message) = self.half(half).cut()
            && message.bytes.len() >= HEADER_BYTES
        {
            let _ = self.message(half, &message, context);
        }
    }
}

impl Dissector for Postgresql {
    fn data(&mut self, half: Half, chunk: Chunk<'_>, context: &mut Context<'_>) -> Progress {
        if self.is_opaque {
            return Progress::Continue;
        }
        self.resume(half, chunk.bytes, context);
        let mut rest = chunk.bytes;
        while !rest.is_empty() && !self.is_opaque {
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
        if !self.is_opaque
            && let Some(message) = self.half(half).gap(missing_bytes)
            && message.bytes.len() >= HEADER_BYTES
        {
            let _ = self.message(half, &message, context);
        }
        Progress::Continue
    }

    fn end(&mut self, half: Half, context: &mut Context<'_>) {
        self.cut(half, context);
    }

    fn held_bytes(&self) -> usize {
        let halves = self.client.held_bytes().saturating_add(self.server.held_bytes());
        let statements = self.statements.held_bytes().saturating_add(self.portals.held_bytes());
        halves
            .saturating_add(statements)
            .saturating_add(self.waiting.held_bytes())
    }

    fn close(&mut self, context: &mut Context<'_>) {
        self.cut(Half::Client, context);
        self.cut(Half::Server, context);
        self.finish_unasked(context);
        while self.waiting.len() > 0 {
            self.finish_first(context);
        }
    }
}
