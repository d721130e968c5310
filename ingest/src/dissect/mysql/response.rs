//! Packets of the server to the outcome of a command: where a response ends, and what it says.
//!
//! Rows are counted, not kept. Without a login seen it is not known whether an EOF packet follows the definitions of columns
//! (CLIENT_DEPRECATE_EOF); what comes tells: an EOF packet has five bytes, the OK packet in its place at least seven.

use super::command::Answer;
use super::packet::{Fields, LONGEST, Packet, kind, text};
use super::session::Session;
use crate::dissect::Side;

/// Bits of the server's status.
mod status {
    pub const MORE_RESULTS: u64 = 1 << 3;
    pub const CURSOR_EXISTS: u64 = 1 << 6;
    pub const SESSION_CHANGED: u64 = 1 << 14;
}

/// Payload of an EOF packet, and of the OK to a statement that was prepared.
const EOF_BYTES: u64 = 5;
const PREPARED_BYTES: u64 = 12;
/// Payload of the packet that counts columns, at most.
const COUNT_BYTES: u64 = 10;
/// Columns of a result at most.
const MOST_COLUMNS: u64 = 1 << 16;
/// In place of a number of an error: a report of progress (MariaDB).
const PROGRESS: u64 = 0xffff;
/// Bytes kept of an error's sentence.
const ERROR_BYTES: usize = 512;

/// A response, as far as it came.
#[derive(Debug)]
pub(super) struct Response {
    pub side: Option<Side>,
    pub error: Option<Failure>,
    pub rows: u64,
    pub affected_rows: u64,
    /// Results with rows.
    pub result_sets: u64,
    /// Number of the statement that was prepared.
    pub statement_id: Option<u32>,
    /// Sequence number of its last packet.
    pub sequence: Option<u8>,
    /// False until its last packet.
    pub is_whole: bool,
    has_file: bool,
    state: State,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub code: u16,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A result begins.
    First,
    /// So many definitions of columns.
    Columns {
        left: u64,
    },
    /// The end of definitions, or a row.
    ColumnsEnd,
    Rows,
    /// Definitions of parameters, then of so many columns.
    Parameters {
        left: u64,
        columns: u64,
    },
    ParametersEnd {
        columns: u64,
    },
    PreparedColumns {
        left: u64,
    },
    PreparedEnd,
    /// The client sends a file.
    Infile,
    /// Packets that are not understood; the next command or response ends it.
    Opaque,
}

impl Response {
    /// A response of which nothing has come.
    pub fn new(answer: Answer) -> Self {
        Self {
            side: None,
            error: None,
            rows: 0,
            affected_rows: 0,
            result_sets: 0,
            statement_id: None,
            sequence: None,
            is_whole: false,
            has_file: false,
            state: match answer {
                Answer::Rows => State::Rows,
                _ => State::First,
            },
        }
    }

    /// True if the first packet of a response to an unknown command tells of a prepared statement: an OK of this length with a zero
    /// there has no text.
    pub fn tells_prepared(packet: &Packet<'_>) -> bool {
        packet.length == PREPARED_BYTES && matches!(packet.payload, [kind::OK, _, _, _, _, _, _, _, _, 0, ..])
    }

    /// True while the client sends a file (LOAD DATA LOCAL).
    pub fn wants_file(&self) -> bool {
        self.state == State::Infile
    }

    /// True if the client sends a file, or sent one: the numbers of packets count its own too.
    pub fn had_file(&self) -> bool {
        self.has_file
    }

    /// True if nothing tells where it ends.
    pub fn is_opaque(&self) -> bool {
        self.state == State::Opaque
    }

    /// Goes on behind a gap, somewhere among rows.
    pub fn resume(&mut self, answer: Answer) {
        if answer == Answer::Results && self.state != State::First {
            self.state = State::Rows;
        }
    }

    /// Adds a packet to its size.
    pub fn count(&mut self, side: Side) {
        let so_far = self.side.get_or_insert(Side { bytes: 0, ..side });
        so_far.end_ns = side.end_ns;
        so_far.bytes = so_far.bytes.saturating_add(side.bytes);
    }

    /// Takes the next packet; true if it is the last.
    pub fn take(&mut self, answer: Answer, packet: &Packet<'_>, session: &mut Session) -> bool {
        self.count(packet.side);
        self.sequence = Some(packet.sequence);
        self.is_whole = self.step(answer, packet, session);
        self.is_whole
    }

    fn step(&mut self, answer: Answer, packet: &Packet<'_>, session: &mut Session) -> bool {
        let first = packet.payload.first().copied();
        if first == Some(kind::ERR) && packet.length >= 3 {
            return self.fail(packet, session);
        }
        match (answer, self.state) {
            (Answer::Nothing, _) => true,
            (Answer::Text, _) => true,
            (Answer::Stream, _) => first == Some(kind::EOF) && packet.length <= EOF_BYTES,
            (Answer::Columns, _) => first == Some(kind::EOF),
            (Answer::Authentication, _) => {
                let is_over = first == Some(kind::OK);
                if is_over {
                    self.succeed(packet, session);
                }
                is_over
            }
            (Answer::Prepared, State::First) => self.prepared(packet),
            (_, State::First) => self.begin_result(packet, session),
            (_, State::Columns { left }) => self.defined(left, session),
            (_, State::ColumnsEnd | State::Rows) => self.row(packet, session),
            (_, State::Parameters { left, columns }) => match left.saturating_sub(1) {
                0 => {
                    self.state = State::ParametersEnd { columns };
                    self.after_parameters(columns, session)
                }
                left => {
                    self.state = State::Parameters { left, columns };
                    false
                }
            },
            (_, State::ParametersEnd { columns }) => {
                let is_eof = session.learns_eof(first == Some(kind::EOF) && packet.length <= EOF_BYTES);
                self.state = State::PreparedColumns { left: columns };
                if is_eof {
                    columns == 0
                } else {
                    self.prepared_column(columns, session)
                }
            }
            (_, State::PreparedColumns { left }) => self.prepared_column(left, session),
            (_, State::PreparedEnd) => true,
            (_, State::Infile) => {
                self.state = State::First;
                self.begin_result(packet, session)
            }
            (_, State::Opaque) => false,
        }
    }

    /// An error, unless it reports progress.
    fn fail(&mut self, packet: &Packet<'_>, session: &Session) -> bool {
        let mut fields = Fields(packet.payload.get(1..).unwrap_or_default());
        let code = fields.integer(2).unwrap_or(0);
        if code == PROGRESS && session.is_mariadb() {
            return false;
        }
        if fields.0.first() == Some(&b'#') && fields.0.len() >= 6 {
            fields.bytes(6);
        }
        let message = fields.0.get(..ERROR_BYTES).unwrap_or(fields.0);
        self.error = Some(Failure {
            code: u16::try_from(code).unwrap_or(u16::MAX),
            message: text(message).into_owned(),
        });
        true
    }

    /// The first packet of a result.
    fn begin_result(&mut self, packet: &Packet<'_>, session: &mut Session) -> bool {
        match packet.payload.first() {
            // Where metadata is optional, the packet that counts columns may begin like this.
            Some(&kind::OK) if packet.length > 3 => {
                let more = self.succeed(packet, session) & status::MORE_RESULTS != 0;
                self.state = State::First;
                !more
            }
            Some(&kind::EOF) if packet.length <= EOF_BYTES => true,
            Some(&kind::LOCAL_INFILE) => {
                self.state = State::Infile;
                self.has_file = true;
                false
            }
            Some(_) if packet.length <= COUNT_BYTES => match session.count_of_columns(packet.payload) {
                Some((left, follows)) if (1..MOST_COLUMNS).contains(&left) => {
                    self.result_sets = self.result_sets.saturating_add(1);
                    self.state = State::Columns { left };
                    if !follows {
                        self.state = State::ColumnsEnd;
                    }
                    false
                }
                _ => self.lose(),
            },
            _ => self.lose(),
        }
    }

    /// From here on nothing is understood; gives that it is not over.
    pub fn lose(&mut self) -> bool {
        self.state = State::Opaque;
        false
    }

    fn defined(&mut self, left: u64, session: &Session) -> bool {
        self.state = match left.saturating_sub(1) {
            0 if session.has_eof == Some(false) => State::Rows,
            0 => State::ColumnsEnd,
            left => State::Columns { left },
        };
        false
    }

    /// A row, or the end of columns or rows.
    fn row(&mut self, packet: &Packet<'_>, session: &mut Session) -> bool {
        let is_end = packet.payload.first() == Some(&kind::EOF) && packet.length < LONGEST;
        if !is_end {
            if self.state == State::ColumnsEnd {
                session.learns_eof(false);
            }
            self.state = State::Rows;
            self.rows = self.rows.saturating_add(1);
            return false;
        }
        if packet.length > EOF_BYTES {
            session.learns_eof(false);
            return self.end_result(self.ok_status(packet, session));
        }
        let status = Fields(packet.payload.get(3..).unwrap_or_default()).integer(2);
        let status = status.unwrap_or(0);
        if self.state == State::ColumnsEnd && session.learns_eof(true) {
            self.state = State::Rows;
            // The rows wait for a COM_STMT_FETCH.
            return status & status::CURSOR_EXISTS != 0;
        }
        self.end_result(status)
    }

    fn end_result(&mut self, status: u64) -> bool {
        self.state = State::First;
        status & status::MORE_RESULTS == 0
    }

    /// What an OK packet says; gives the server's status.
    fn succeed(&mut self, packet: &Packet<'_>, session: &mut Session) -> u64 {
        let affected = Fields(packet.payload.get(1..).unwrap_or_default()).length_encoded();
        self.affected_rows = self.affected_rows.saturating_add(affected.unwrap_or(0));
        self.ok_status(packet, session)
    }

    fn ok_status(&self, packet: &Packet<'_>, session: &mut Session) -> u64 {
        let mut fields = Fields(packet.payload.get(1..).unwrap_or_default());
        let status = fields
            .length_encoded()
            .and_then(|_| fields.length_encoded())
            .and_then(|_| fields.integer(2));
        let status = status.unwrap_or(0);
        if status & status::SESSION_CHANGED != 0 && session.tracks_changes() {
            let changes = fields
                .integer(2)
                .and_then(|_| fields.string())
                .and_then(|_| fields.string());
            session.change(changes.unwrap_or_default());
        }
        status
    }

    fn prepared(&mut self, packet: &Packet<'_>) -> bool {
        let mut fields = Fields(packet.payload.get(1..).unwrap_or_default());
        if packet.payload.first() != Some(&kind::OK) || packet.length < PREPARED_BYTES {
            return self.lose();
        }
        self.statement_id = fields.integer(4).and_then(|id| u32::try_from(id).ok());
        let columns = fields.integer(2).unwrap_or(0);
        let parameters = fields.integer(2).unwrap_or(0);
        // Behind filler and warnings: whether definitions follow, if that is optional.
        if fields.bytes(3).and_then(|_| fields.integer(1)) == Some(0) {
            return true;
        }
        if parameters > 0 {
            self.state = State::Parameters {
                left: parameters,
                columns,
            };
            return false;
        }
        self.state = State::PreparedColumns { left: columns };
        columns == 0
    }

    fn after_parameters(&self, columns: u64, session: &Session) -> bool {
        // If nobody knows whether an EOF packet follows and nothing else does, the session passes over it.
        columns == 0 && session.has_eof != Some(true)
    }

    fn prepared_column(&mut self, left: u64, session: &Session) -> bool {
        match left.saturating_sub(1) {
            0 => {
                self.state = State::PreparedEnd;
                session.has_eof != Some(true)
            }
            left => {
                self.state = State::PreparedColumns { left };
                false
            }
        }
    }
}
