//! What a request asks for.

use super::bson::{self, Document};
use super::header::Operation;
use super::message::{Message, Section, count, flag};
use crate::dissect::printable::printable;

/// Bytes kept of a name.
const NAME_BYTES: usize = 128;

/// Flag of OP_QUERY: the server may send more replies than it was asked for.
const EXHAUST: u32 = 1 << 6;

/// The collection that commands of the old kind are asked of.
const COMMANDS: &[u8] = b"$cmd";

/// What a write is made of, by the command that takes it.
const WRITTEN: [(&str, &[u8]); 4] = [
    ("insert", b"documents"),
    ("update", b"updates"),
    ("delete", b"deletes"),
    ("bulkWrite", b"ops"),
];

/// Commands whose own value is a text that names no collection.
const NAMES_NO_COLLECTION: [&str; 25] = [
    "createUser",
    "updateUser",
    "dropUser",
    "usersInfo",
    "grantRolesToUser",
    "revokeRolesFromUser",
    "createRole",
    "updateRole",
    "dropRole",
    "rolesInfo",
    "grantPrivilegesToRole",
    "revokePrivilegesFromRole",
    "grantRolesToRole",
    "revokeRolesFromRole",
    "getParameter",
    "getLog",
    "configureFailPoint",
    "enableSharding",
    "movePrimary",
    "addShard",
    "addShardToZone",
    "removeShard",
    "setFeatureCompatibilityVersion",
    "replSetSyncFrom",
    "setDefaultRWConcern",
];

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub command: String,
    pub database: Option<String>,
    pub collection: Option<String>,
    /// Documents to be inserted, or the statements of another write.
    pub written: Option<u64>,
    /// False if the message was cut, and there may be more of them.
    pub is_whole: bool,
    /// True if a reply will come.
    pub awaits_reply: bool,
    /// True if several may.
    pub may_exhaust: bool,
    /// True if it is a command, whose reply says whether it was done.
    pub is_command: bool,
}

impl Request {
    /// Reads a request.
    pub fn read(message: &Message<'_>) -> Self {
        let mut request = Self {
            command: String::new(),
            database: None,
            collection: None,
            written: None,
            is_whole: !message.is_cut,
            awaits_reply: true,
            may_exhaust: false,
            is_command: false,
        };
        // What is cut before its end leaves the rest of the fields as they are.
        let _ = match message.operation {
            Operation::Msg => request.msg(message),
            Operation::Query => request.query(&message.body),
            Operation::Command => request.command(&message.body),
            operation => request.legacy(operation, &message.body),
        };
        request
    }

    /// Bytes of memory that its texts hold.
    pub fn held_bytes(&self) -> usize {
        let texts = [Some(&self.command), self.database.as_ref(), self.collection.as_ref()];
        texts.into_iter().flatten().map(String::capacity).sum()
    }

    fn msg(&mut self, message: &Message<'_>) -> Option<()> {
        self.awaits_reply = message.flags() & flag::MORE_TO_COME == 0;
        self.may_exhaust = message.flags() & flag::EXHAUST_ALLOWED != 0;
        for section in message.sections() {
            match section {
                Section::Body(body) => self.body(body)?,
                Section::Sequence(name, documents) if WRITTEN.iter().any(|(_, written)| *written == name) => {
                    self.written = Some(count(documents));
                }
                Section::Sequence(..) => {}
            }
        }
        Some(())
    }

    /// A command: its first element is its name.
    fn body(&mut self, body: Document<'_>) -> Option<()> {
        self.is_command = true;
        let first = body.into_iter().next()?;
        self.command = printable(first.name, NAME_BYTES);
        let named = match self.command.as_str() {
            "getMore" => body.get(b"collection").and_then(bson::Element::text),
            command if NAMES_NO_COLLECTION.contains(&command) => None,
            _ => first.text(),
        };
        if let Some(named) = named {
            self.collection = Some(printable(named, NAME_BYTES));
        }
        if let Some(database) = body.get(b"$db").and_then(bson::Element::text) {
            self.database = Some(printable(database, NAME_BYTES));
        }
        let written = WRITTEN.iter().find(|(command, _)| *command == self.command);
        if let Some(documents) = written.and_then(|(_, name)| body.get(name)?.document()) {
            self.written = Some(documents.count() as u64);
        }
        Some(())
    }

    fn query(&mut self, body: &[u8]) -> Option<()> {
        let mut rest = body;
        self.may_exhaust = bson::int32(&mut rest)? & EXHAUST != 0;
        let collection = self.namespace(bson::cstring(&mut rest)?);
        self.command.push_str("query");
        let _skip = bson::int32(&mut rest)?;
        let _count = bson::int32(&mut rest)?;
        if collection == COMMANDS {
            self.collection = None;
            let query = Document::take(&mut rest)?;
            let wrapped = query
                .get(b"$query")
                .or_else(|| query.get(b"query").filter(|_| first_is(query, b"query")));
            self.body(wrapped.and_then(bson::Element::document).unwrap_or(query))?;
        }
        Some(())
    }

    fn command(&mut self, body: &[u8]) -> Option<()> {
        let mut rest = body;
        self.database = Some(printable(bson::cstring(&mut rest)?, NAME_BYTES));
        let command = bson::cstring(&mut rest)?;
        self.is_command = true;
        self.command = printable(command, NAME_BYTES);
        // Metadata and arguments; which comes first differs between versions.
        while let Some(document) = Document::take(&mut rest) {
            if first_is(document, command) {
                return self.body(document);
            }
        }
        Some(())
    }

    fn legacy(&mut self, operation: Operation, body: &[u8]) -> Option<()> {
        self.awaits_reply = operation == Operation::GetMore;
        self.command.push_str(match operation {
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::GetMore => "getMore",
            Operation::KillCursors => "killCursors",
            _ => "",
        });
        if operation == Operation::KillCursors {
            return None;
        }
        let mut rest = body;
        let _flags = bson::int32(&mut rest)?;
        self.namespace(bson::cstring(&mut rest)?);
        if operation == Operation::Insert {
            self.written = Some(count(rest));
        }
        Some(())
    }

    /// Takes the name of a collection with its database; gives the one without the other.
    fn namespace<'a>(&mut self, name: &'a [u8]) -> &'a [u8] {
        let (database, collection) = match memchr::memchr(b'.', name) {
            Some(dot) => (name.get(..dot), name.get(dot.saturating_add(1)..)),
            None => (Some(name), None),
        };
        self.database = database.map(|name| printable(name, NAME_BYTES));
        self.collection = collection.map(|name| printable(name, NAME_BYTES));
        collection.unwrap_or_default()
    }
}

fn first_is(document: Document<'_>, name: &[u8]) -> bool {
    document.into_iter().next().is_some_and(|first| first.name == name)
}
