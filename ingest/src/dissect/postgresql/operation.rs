//! What a client asked for, what the server answered, and the row of both.
//!
//! Messages of the extended protocol that serve one statement (Parse, Bind, Describe, Execute) are one operation, named by the last
//! that matters.

use std::sync::Arc;

use schema::tables::postgresql::{Postgresql, PostgresqlOwn};

use super::conversation::Session;
use super::message::{Fields, server};
use super::steps::{Step, Steps};
use crate::dissect::statements::push_one_line;
use crate::dissect::{Context, Entry, Half, Side, shorten, sizes};

/// Bytes kept of the tags of a query of many statements, and of an error's sentence.
const TAGS_BYTES: usize = 96;
const ERROR_BYTES: usize = 512;

/// Bytes that most summaries fit in.
const SUMMARY_BYTES: usize = 128;

/// The command that starts a session.
pub(super) const STARTUP: &str = "StartupMessage";

/// The command that ends a batch of operations.
pub(super) const SYNC: &str = "Sync";

/// Where an operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// When its steps are over.
    Steps,
    /// When the server is ready for the next.
    Ready,
    /// With an answer of one byte.
    Byte,
}

/// What a client asked for.
#[derive(Debug)]
pub(super) struct Operation {
    pub command: Option<&'static str>,
    pub end: End,
    pub request: Option<Side>,
    pub query: Option<Arc<str>>,
    /// What it is about besides the query, for a person.
    pub object: Option<String>,
    /// Names of the prepared statement and of the portal that it is about.
    pub statement: Option<String>,
    pub portal: Option<String>,
    /// It may go on with the next message.
    pub is_open: bool,
    /// A Sync that the server passes over (it came before the end of a COPY).
    pub is_void: bool,
    /// Nothing but what ends a batch that has other operations: no row.
    pub is_silent: bool,
    /// The client sends data (COPY).
    pub copies_in: bool,
    pub response: Option<Side>,
    pub error: Option<Failure>,
    /// True once everything was answered.
    pub is_whole: bool,
    /// How it went, in the server's words: the tags of its commands.
    pub outcome: String,
    steps: Steps,
    rows: u64,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub code: String,
    pub message: String,
}

impl Operation {
    /// An operation of one message, or the first message of one.
    pub fn new(command: Option<&'static str>, end: End, request: Option<Side>) -> Self {
        Self {
            command,
            end,
            request,
            query: None,
            object: None,
            statement: None,
            portal: None,
            is_open: false,
            is_void: false,
            is_silent: false,
            copies_in: false,
            response: None,
            error: None,
            is_whole: false,
            outcome: String::new(),
            steps: Steps::default(),
            rows: 0,
        }
    }

    /// The first step of an operation.
    pub fn step(command: &'static str, step: Step, request: Side) -> Self {
        let mut operation = Self::new(Some(command), End::Steps, Some(request));
        operation.steps.add(step);
        operation
    }

    /// Adds a message to it; false if there is no room, or the server has begun to answer: the client waited for that.
    pub fn join(&mut self, step: Step, side: Side) -> bool {
        let has_room = self.response.is_none() && self.steps.add(step);
        if has_room && let Some(request) = &mut self.request {
            request.end_ns = side.end_ns;
            request.bytes = request.bytes.saturating_add(side.bytes);
        }
        has_room
    }

    /// True if an answer that begins in this packet of the capture may be its own: the request did not begin later.
    pub fn is_asked_by(&self, packet: u64) -> bool {
        self.request.is_none_or(|request| request.start.packet <= packet)
    }

    /// Steps that wait for their answer.
    pub fn steps_left(&self) -> u64 {
        self.steps.count()
    }

    /// Adds bytes that the client sent after the request.
    pub fn count_request(&mut self, side: Side) {
        if let Some(request) = &mut self.request {
            request.bytes = request.bytes.saturating_add(side.bytes);
        }
    }

    /// Adds bytes of the server.
    pub fn count_response(&mut self, side: Side) {
        let so_far = self.response.get_or_insert(Side { bytes: 0, ..side });
        so_far.end_ns = side.end_ns;
        so_far.bytes = so_far.bytes.saturating_add(side.bytes);
    }

    /// True if the server is ready for the next behind it.
    pub fn is_end(&self) -> bool {
        self.end == End::Ready && !self.is_void
    }

    /// True if a message of this type may be what the server says of it next.
    pub fn expects(&self, kind: u8) -> bool {
        if self.command == Some(SYNC) {
            return false;
        }
        if self.end != End::Steps {
            return !matches!(
                kind,
                server::PARSE_COMPLETE | server::BIND_COMPLETE | server::CLOSE_COMPLETE | server::PARAMETERS
            );
        }
        self.steps.place(kind).is_some()
    }

    /// Takes what the server says of it; true if it is over.
    pub fn take(&mut self, kind: u8, body: &[u8], side: Side) -> bool {
        self.count_response(side);
        match kind {
            server::DATA_ROW => self.rows = self.rows.saturating_add(1),
            server::COPY_IN | server::COPY_BOTH => self.copies_in = true,
            server::COMMAND_COMPLETE => self.add_outcome(&Fields(body).text()),
            server::EMPTY_QUERY => self.add_outcome("empty"),
            server::PORTAL_SUSPENDED => {
                let (rows, plural) = (self.rows, if self.rows == 1 { "" } else { "s" });
                self.add_outcome(&format!("{rows} row{plural}, suspended"));
            }
            server::ERROR => {
                // Of many the first tells.
                self.error.get_or_insert_with(|| Failure::read(body));
            }
            _ => {}
        }
        if self.end != End::Steps {
            return false;
        }
        if kind == server::ERROR {
            self.is_whole = true;
            return true;
        }
        let goes_on = matches!(
            kind,
            server::DATA_ROW
                | server::PARAMETERS
                | server::COPY_IN
                | server::COPY_OUT
                | server::COPY_BOTH
                | server::COPY_DATA
                | server::COPY_DONE
        );
        // Answers to steps before it were lost.
        let place = self.steps.place(kind).unwrap_or(0);
        let answered = place.saturating_add(usize::from(!goes_on));
        (0..answered).for_each(|_| self.steps.advance());
        self.is_whole = self.steps.next().is_none();
        self.is_whole && !self.is_open
    }

    fn add_outcome(&mut self, tag: &str) {
        self.copies_in = false;
        if self.outcome.is_empty() {
            self.outcome = shorten(tag, TAGS_BYTES).into_owned();
        } else if self.outcome.len() < TAGS_BYTES {
            self.outcome = format!("{}, {}", self.outcome, shorten(tag, TAGS_BYTES));
        } else if !self.outcome.ends_with('…') {
            self.outcome.push('…');
        }
    }

    /// Bytes of memory that it holds besides itself, and besides texts of statements and portals that others brought.
    pub fn held_bytes(&self) -> usize {
        let names = [&self.object, &self.statement, &self.portal];
        let names = names.iter().map(|name| name.as_ref().map_or(0, String::len));
        let brings_query = matches!(self.command, Some("Query" | "Parse"));
        let query = self.query.as_ref().filter(|_| brings_query);
        let query = query.map_or(0, |query| query.len());
        names.fold(query, usize::saturating_add)
    }

    /// Appends the row.
    pub fn append(&self, session: &Session, context: &mut Context<'_>) {
        if self.is_silent && self.error.is_none() {
            return;
        }
        let summary = self.summary();
        let mut entry = Entry::of(super::NAME, Half::Client, self.request, self.response);
        entry.method = self.command;
        entry.summary = &summary;
        let (common, identity) = context.common(entry);
        let [request_size, response_size, total_size] = sizes(self.request, self.response);
        let error = self.error.as_ref();
        let is_success = match error {
            Some(_) => Some(false),
            None => (self.is_whole && self.response.is_some()).then_some(true),
        };
        context.tables.postgresql.append(Postgresql {
            common,
            identity,
            own: PostgresqlOwn {
                postgresql_command: self.command,
                postgresql_query: self.query.as_deref(),
                postgresql_database: session.database.as_deref(),
                postgresql_user: session.user.as_deref(),
                postgresql_request_size: request_size,
                postgresql_response_size: response_size,
                postgresql_total_size: total_size,
                postgresql_success: is_success,
                postgresql_error_code: error.map(|error| error.code.as_str()),
                postgresql_error_message: error.map(|error| error.message.as_str()),
            },
        });
    }

    fn summary(&self) -> String {
        let command = self.command.unwrap_or_default();
        let is_plain = self.query.is_some() && matches!(command, "Query" | "Execute");
        let mut summary = String::with_capacity(SUMMARY_BYTES);
        if !is_plain {
            summary.push_str(command);
        }
        if let Some(object) = self.query.as_deref().or(self.object.as_deref()) {
            if !is_plain {
                summary.push(' ');
            }
            push_one_line(object, &mut summary);
        }
        let is_ok = self.is_whole && self.response.is_some();
        if self.error.is_none() && self.outcome.is_empty() && !is_ok {
            return summary;
        }
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str("→ ");
        match &self.error {
            Some(Failure { code, message }) => {
                summary.push_str(code);
                summary.push(' ');
                push_one_line(message, &mut summary);
            }
            None if self.outcome.is_empty() => summary.push_str("OK"),
            None => summary.push_str(&self.outcome),
        }
        summary
    }
}

impl Failure {
    /// Reads the fields of an error.
    pub fn read(body: &[u8]) -> Self {
        let mut fields = Fields(body);
        let (mut code, mut message) = (String::new(), String::new());
        while let Some(kind @ 1..) = fields.byte() {
            let value = fields.text();
            match kind {
                b'C' => code = shorten(&value, 5).into_owned(),
                b'M' => message = shorten(&value, ERROR_BYTES).into_owned(),
                _ => {}
            }
        }
        Self { code, message }
    }
}
