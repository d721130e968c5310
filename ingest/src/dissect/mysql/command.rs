//! Commands: their names, what the server answers, and what their payloads say.
//!
//! Specification: MySQL Source Code Documentation, "Command Phase"; MariaDB, "COM_STMT_BULK_EXECUTE", "Replication Protocol".

use std::borrow::Cow;

use super::packet::{self, Fields, text};

/// What the server answers to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing.
    Nothing,
    /// OK, an error, or results.
    Results,
    /// What a prepared statement needs and gives.
    Prepared,
    /// Definitions of columns.
    Columns,
    /// Rows without definitions.
    Rows,
    /// One packet of text.
    Text,
    /// Packets until the end of data.
    Stream,
    /// An exchange of secrets, then OK or an error.
    Authentication,
}

/// A kind of command.
#[derive(Debug)]
pub(super) struct Kind {
    pub code: u8,
    pub name: &'static str,
    pub answer: Answer,
    /// The least and the greatest length that a payload of it may have.
    lengths: (u64, u64),
    argument: Argument,
}

/// What follows the code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    /// Nothing that a row shows.
    Other,
    /// The text of a statement, behind attributes if they were agreed upon.
    Query,
    /// The text of a statement to prepare.
    Statement,
    /// The number of a prepared statement.
    StatementId,
    /// A name of a database, or of a table.
    Name,
    /// User, secret, database.
    User,
}

const ANY: u64 = u64::MAX;

macro_rules! kinds {
    ($($code:literal $name:literal $answer:ident $argument:ident $least:literal..=$most:expr;)*) => {
        &[$(Kind { code: $code, name: $name, answer: Answer::$answer, argument: Argument::$argument, lengths: ($least, $most) }),*]
    };
}

/// Every command, by code.
const KINDS: &[Kind] = kinds![
    0x00 "COM_SLEEP" Results Other 1..=1;
    0x01 "COM_QUIT" Nothing Other 1..=1;
    0x02 "COM_INIT_DB" Results Name 1..=1024;
    0x03 "COM_QUERY" Results Query 2..=ANY;
    0x04 "COM_FIELD_LIST" Columns Name 2..=2048;
    0x05 "COM_CREATE_DB" Results Name 2..=1024;
    0x06 "COM_DROP_DB" Results Name 2..=1024;
    0x07 "COM_REFRESH" Results Other 2..=2;
    0x08 "COM_SHUTDOWN" Results Other 1..=2;
    0x09 "COM_STATISTICS" Text Other 1..=1;
    0x0a "COM_PROCESS_INFO" Results Other 1..=1;
    0x0b "COM_CONNECT" Results Other 1..=1;
    0x0c "COM_PROCESS_KILL" Results Other 5..=5;
    0x0d "COM_DEBUG" Results Other 1..=1;
    0x0e "COM_PING" Results Other 1..=1;
    0x0f "COM_TIME" Results Other 1..=1;
    0x10 "COM_DELAYED_INSERT" Results Other 1..=1;
    0x11 "COM_CHANGE_USER" Authentication User 3..=4096;
    0x12 "COM_BINLOG_DUMP" Stream Other 11..=1024;
    0x13 "COM_TABLE_DUMP" Stream Other 3..=1024;
    0x14 "COM_CONNECT_OUT" Results Other 1..=1;
    0x15 "COM_REGISTER_SLAVE" Results Other 12..=1024;
    0x16 "COM_STMT_PREPARE" Prepared Statement 2..=ANY;
    0x17 "COM_STMT_EXECUTE" Results StatementId 10..=ANY;
    0x18 "COM_STMT_SEND_LONG_DATA" Nothing StatementId 7..=ANY;
    0x19 "COM_STMT_CLOSE" Nothing StatementId 5..=5;
    0x1a "COM_STMT_RESET" Results StatementId 5..=5;
    0x1b "COM_SET_OPTION" Results Other 3..=3;
    0x1c "COM_STMT_FETCH" Rows StatementId 9..=9;
    0x1d "COM_DAEMON" Results Other 1..=1;
    0x1e "COM_BINLOG_DUMP_GTID" Stream Other 20..=ANY;
    0x1f "COM_RESET_CONNECTION" Results Other 1..=1;
    0x20 "COM_CLONE" Stream Other 1..=ANY;
    0x21 "COM_SUBSCRIBE_GROUP_REPLICATION_STREAM" Stream Other 1..=1;
    0xfa "COM_STMT_BULK_EXECUTE" Results StatementId 7..=ANY;
];

/// Method of a login, which is no command.
pub(super) const LOGIN: &str = "LOGIN";

/// A kind of command that a payload may be of, by its code and length.
pub(super) fn kind(code: u8, length: u64) -> Option<&'static Kind> {
    let kind = KINDS.iter().find(|kind| kind.code == code)?;
    let (least, most) = kind.lengths;
    (least..=most).contains(&length).then_some(kind)
}

/// What a command says.
#[derive(Debug, Default)]
pub(super) struct Command<'a> {
    /// Text of the statement.
    pub query: Option<Cow<'a, str>>,
    pub statement_id: Option<u32>,
    /// What it is about, if that is no statement.
    pub object: Option<Cow<'a, str>>,
    /// Database that the session uses if the command succeeds; `Some(None)`: none.
    pub database: Option<Option<String>>,
}

impl<'a> Command<'a> {
    /// Reads a payload. `has_attributes` says whether attributes of queries were agreed upon; `None`: nobody knows.
    pub fn read(kind: &Kind, payload: &'a [u8], has_attributes: Option<bool>) -> Self {
        let mut fields = Fields(payload.get(1..).unwrap_or_default());
        match kind.argument {
            Argument::Other => Self::default(),
            Argument::Query => {
                let query = text(without_attributes(fields, has_attributes));
                Self {
                    database: used_database(&query).map(Some),
                    query: Some(query),
                    ..Self::default()
                }
            }
            Argument::Statement => Self {
                query: Some(text(fields.0)),
                ..Self::default()
            },
            Argument::StatementId => Self {
                statement_id: fields.integer(4).and_then(|id| u32::try_from(id).ok()),
                ..Self::default()
            },
            Argument::Name => {
                let name = packet::name(fields.zero_ended());
                let is_change = kind.code == code::INIT_DB;
                Self {
                    database: is_change.then(|| Some(name.clone().into_owned())),
                    object: Some(name),
                    ..Self::default()
                }
            }
            Argument::User => {
                let user = packet::name(fields.zero_ended());
                let secret = fields.integer(1).and_then(|length| usize::try_from(length).ok());
                let database = secret.and_then(|length| fields.bytes(length)).and_then(|_| {
                    let name = fields.zero_ended();
                    (!name.is_empty()).then(|| packet::name(name).into_owned())
                });
                Self {
                    object: Some(user),
                    database: Some(database),
                    ..Self::default()
                }
            }
        }
    }
}

/// Codes that mean more than what the table says.
pub(super) mod code {
    pub const INIT_DB: u8 = 0x02;
    pub const QUERY: u8 = 0x03;
    pub const CHANGE_USER: u8 = 0x11;
    pub const STMT_EXECUTE: u8 = 0x17;
    pub const STMT_SEND_LONG_DATA: u8 = 0x18;
    pub const STMT_CLOSE: u8 = 0x19;
    pub const STMT_PREPARE: u8 = 0x16;
    pub const RESET_CONNECTION: u8 = 0x1f;
}

/// The text of a COM_QUERY, behind its attributes (CLIENT_QUERY_ATTRIBUTES).
fn without_attributes(fields: Fields<'_>, has_attributes: Option<bool>) -> &[u8] {
    // No statement begins with a control character that is no blank, and there is always one set of attributes.
    let seems_so = matches!(fields.0, [0..=8, 1, ..]);
    if !has_attributes.unwrap_or(seems_so) {
        return fields.0;
    }
    skip_attributes(fields).unwrap_or(fields).0
}

fn skip_attributes(mut fields: Fields<'_>) -> Option<Fields<'_>> {
    let count = fields.length_encoded()?;
    fields.length_encoded()?;
    if count == 0 {
        return Some(fields);
    }
    let count = usize::try_from(count).ok()?;
    let nulls = fields.bytes(count.div_ceil(8))?;
    // Types and names are there if this is 1; it must be.
    fields.integer(1)?;
    let mut values = fields;
    for _ in 0..count {
        values.integer(2)?;
        values.string()?;
    }
    for index in 0..count {
        let kind = fields.integer(2)?;
        fields.string()?;
        let bit = nulls.get(index / 8)? >> (index % 8) & 1;
        if bit == 0 {
            skip_value(kind & 0xff, &mut values)?;
        }
    }
    Some(values)
}

/// Passes over a value in the binary form, by its type.
fn skip_value(kind: u64, values: &mut Fields<'_>) -> Option<()> {
    match kind {
        6 => {}
        1 => drop(values.integer(1)?),
        2 | 13 => drop(values.integer(2)?),
        3 | 4 | 9 => drop(values.integer(4)?),
        5 | 8 => drop(values.integer(8)?),
        _ => drop(values.string()?),
    }
    Some(())
}

/// Bytes of the name of a database, quoted.
const NAME_BYTES: usize = 256;

/// The database that a statement `USE x` changes to.
fn used_database(query: &str) -> Option<String> {
    let (word, name) = query.trim_start().split_at_checked(3)?;
    if !word.eq_ignore_ascii_case("use") || !name.starts_with(|letter: char| letter.is_whitespace() || letter == '`') {
        return None;
    }
    let name = name.trim().trim_end_matches(';').trim_end();
    let name = match name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
        Some(quoted) => quoted.replace("``", "`"),
        None => name.to_owned(),
    };
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES && !name.contains([';', '\n']);
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_names_a_database() {
        for (query, expected) in [
            ("use shop", Some("shop")),
            (" USE `a``b` ;", Some("a`b")),
            ("USE`a`", Some("a")),
            ("used", None),
            ("use a; drop b", None),
            ("use ", None),
        ] {
            assert_eq!(used_database(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn attributes_are_passed_over() {
        let one = b"\x01\x01\x00\x01\xfe\x00\x02id\x03abcSELECT 1";
        for has_attributes in [None, Some(true)] {
            assert_eq!(without_attributes(Fields(one), has_attributes), b"SELECT 1");
            assert_eq!(
                without_attributes(Fields(b"\x00\x01SELECT 1"), has_attributes),
                b"SELECT 1"
            );
        }
        let null = b"\x02\x01\x01\x01\xfe\x00\x00\x03\x00\x00\x07\x00\x00\x00DO 1";
        assert_eq!(without_attributes(Fields(null), Some(true)), b"DO 1");
        assert_eq!(without_attributes(Fields(b"SELECT 1"), None), b"SELECT 1");
    }
}
