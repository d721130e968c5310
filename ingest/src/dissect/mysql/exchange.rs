//! A command with its response, and the row of it.

use std::sync::Arc;

use schema::tables::mysql::{Mysql, MysqlOwn};

use super::command::{Answer, LOGIN};
use super::packet::Packet;
use super::response::Response;
use super::session::Session;
use crate::dissect::statements::one_line;
use crate::dissect::{Context, Entry, Half, Side, sizes};

/// A command, its response, or both.
#[derive(Debug)]
pub(super) struct Exchange {
    pub request: Option<Side>,
    /// Name of the command; `None` if it was not seen.
    pub command: Option<&'static str>,
    pub code: u8,
    pub answer: Answer,
    /// Text of the statement.
    pub query: Option<String>,
    pub statement_id: Option<u32>,
    /// What the command is about, for a person: the statement that it executes, a name.
    pub object: Option<Arc<str>>,
    /// Database that the session uses if the command succeeds; `Some(None)`: none.
    pub database: Option<Option<String>>,
    /// True if TLS follows.
    pub is_tls: bool,
    pub response: Response,
}

impl Exchange {
    /// An exchange whose command was not seen.
    pub fn unasked() -> Self {
        Self {
            request: None,
            command: None,
            code: 0,
            answer: Answer::Results,
            query: None,
            statement_id: None,
            object: None,
            database: None,
            is_tls: false,
            response: Response::new(Answer::Results),
        }
    }

    /// A login.
    pub fn login(request: Option<Side>) -> Self {
        Self {
            request,
            command: Some(LOGIN),
            answer: Answer::Authentication,
            response: Response::new(Answer::Authentication),
            ..Self::unasked()
        }
    }

    /// Bytes of memory that it holds besides itself.
    pub fn held_bytes(&self) -> usize {
        let database = self.database.as_ref().and_then(Option::as_ref);
        let texts = [
            self.query.as_ref().map_or(0, String::len),
            self.object.as_ref().map_or(0, |object| object.len()),
            database.map_or(0, String::len),
        ];
        texts.iter().sum()
    }

    /// True if a response that begins in this packet of the capture may be its own: the command did not begin later.
    pub fn is_asked_by(&self, packet: u64) -> bool {
        self.request.is_none_or(|request| request.start.packet <= packet)
    }

    /// Adds bytes that the client sent after the command.
    pub fn count_request(&mut self, side: Side) {
        if let Some(request) = &mut self.request {
            request.bytes = request.bytes.saturating_add(side.bytes);
        }
    }

    /// Takes the next packet of the response; true if it is the last.
    pub fn take(&mut self, packet: &Packet<'_>, session: &mut Session) -> bool {
        if self.command.is_none() && self.response.side.is_none() && Response::tells_prepared(packet) {
            self.answer = Answer::Prepared;
        }
        self.response.take(self.answer, packet, session)
    }

    /// Appends the row.
    pub fn append(&self, session: &Session, context: &mut Context<'_>) {
        let answered = self.response.side.is_some();
        let error = self.response.error.as_ref();
        let is_success = self.response.is_whole.then_some(error.is_none());
        let summary = self.summary();
        let mut entry = Entry::of(super::NAME, Half::Client, self.request, self.response.side);
        entry.method = self.command;
        entry.status_code =
            (answered && self.response.is_whole).then(|| error.map_or(0, |error| i64::from(error.code)));
        entry.summary = &summary;
        let (common, identity) = context.common(entry);
        let [request_size, response_size, total_size] = sizes(self.request, self.response.side);
        context.tables.mysql.append(Mysql {
            common,
            identity,
            own: MysqlOwn {
                mysql_command: self.command,
                mysql_query: self.query.as_deref(),
                mysql_database: session.database.as_deref(),
                mysql_statement_id: self.statement_id.or(self.response.statement_id).map(i64::from),
                mysql_request_size: request_size,
                mysql_response_size: response_size,
                mysql_total_size: total_size,
                mysql_success: is_success,
                mysql_error_code: error.map(|error| i64::from(error.code)),
                mysql_error_message: error.map(|error| error.message.as_str()),
            },
        });
    }

    fn summary(&self) -> String {
        let mut summary = match (&self.query, &self.object, self.command) {
            (Some(query), ..) => {
                let prefix = if self.answer == Answer::Prepared {
                    "prepare "
                } else {
                    ""
                };
                format!("{prefix}{}", one_line(query))
            }
            (None, Some(object), Some(command)) => format!("{command} {}", one_line(object)),
            (None, None, Some(command)) => command.to_owned(),
            (None, Some(object), None) => format!("→ {object}"),
            (None, None, None) => String::new(),
        };
        if let Some(outcome) = self.outcome() {
            let space = if summary.is_empty() { "" } else { " " };
            summary = format!("{summary}{space}→ {outcome}");
        }
        summary
    }

    fn outcome(&self) -> Option<String> {
        let response = &self.response;
        if self.is_tls {
            return Some("TLS".to_owned());
        }
        if let Some(error) = &response.error {
            return Some(format!("error {}: {}", error.code, one_line(&error.message)));
        }
        response.side?;
        let rows = |count: u64| format!("{count} {}", if count == 1 { "row" } else { "rows" });
        if response.result_sets > 0 || self.answer == Answer::Rows {
            return Some(rows(response.rows));
        }
        if !response.is_whole {
            let is_unknown = self.command.is_none() && self.object.is_none();
            return is_unknown.then(|| "part of a response".to_owned());
        }
        Some(match (response.affected_rows, response.statement_id) {
            (0, Some(statement)) => format!("statement {statement}"),
            (0, None) => "OK".to_owned(),
            (affected, _) => format!("{} affected", rows(affected)),
        })
    }
}
