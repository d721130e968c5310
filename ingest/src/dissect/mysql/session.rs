//! What a login settles for the commands after it, and what commands change: capabilities, the database, prepared statements.

use std::sync::Arc;

use super::handshake::{Greeting, Login, capability};
use super::packet::{self, Fields};
use crate::dissect::statements::Statements;

/// The kind of a change of state that names a database.
const CHANGE_SCHEMA: u64 = 1;

/// A session.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Database that it uses.
    pub database: Option<Arc<str>>,
    /// Whether an EOF packet follows definitions of columns; `None` if nobody knows.
    pub has_eof: Option<bool>,
    /// Version of the server, for people.
    pub version: Option<String>,
    pub statements: Statements<u32>,
    server: Option<u64>,
    client: Option<u64>,
    /// The server names the database when it changes: what statements say need not be guessed.
    is_told: bool,
}

impl Session {
    /// Learns what the server can do.
    pub fn greeted(&mut self, greeting: Greeting) {
        self.server = Some(greeting.capabilities);
        self.version = Some(greeting.version);
    }

    /// Learns what the client chose.
    pub fn logged_in(&mut self, login: &Login) {
        self.client = Some(login.capabilities);
        self.has_eof = Some(self.agreed(capability::DEPRECATE_EOF) != Some(true));
    }

    /// Takes over a database that a command changed to.
    pub fn use_database(&mut self, database: Option<&str>) {
        if !std::mem::take(&mut self.is_told) {
            self.database = database.map(Arc::from);
        }
    }

    /// A command begins: nothing is told of it yet.
    pub fn begin(&mut self) {
        self.is_told = false;
    }

    /// True if both sides agreed to compress what follows the login.
    pub fn compresses(&self) -> bool {
        self.agreed(capability::COMPRESS) == Some(true) || self.agreed(capability::ZSTD) == Some(true)
    }

    /// Whether queries have attributes; `None` if nobody knows.
    pub fn has_attributes(&self) -> Option<bool> {
        self.agreed(capability::QUERY_ATTRIBUTES)
    }

    /// True unless the login said that changes of state are not told.
    pub fn tracks_changes(&self) -> bool {
        self.agreed(capability::SESSION_TRACK) != Some(false)
    }

    /// True if MariaDB's own packets may come.
    pub fn is_mariadb(&self) -> bool {
        self.client.is_none_or(|bits| bits & capability::MYSQL == 0)
    }

    /// Learns from a packet whether EOF packets follow definitions; gives whether this one did.
    pub fn learns_eof(&mut self, is_eof: bool) -> bool {
        self.has_eof.get_or_insert(is_eof);
        is_eof
    }

    /// Reads the packet that counts columns: how many, and whether their definitions follow.
    pub fn count_of_columns(&self, payload: &[u8]) -> Option<(u64, bool)> {
        let mut fields = Fields(payload);
        if self.agreed(capability::OPTIONAL_METADATA) == Some(true) && !self.is_mariadb() {
            let follows = fields.integer(1)? != 0;
            return Some((fields.length_encoded()?, follows));
        }
        let count = fields.length_encoded()?;
        let is_cached = self.agreed(capability::CACHE_METADATA) == Some(true) && fields.integer(1) == Some(0);
        Some((count, !is_cached))
    }

    /// Takes changes of state that an OK packet tells.
    pub fn change(&mut self, changes: &[u8]) {
        let mut fields = Fields(changes);
        while let Some((kind, data)) = fields.integer(1).zip(fields.string()) {
            if kind == CHANGE_SCHEMA {
                let name = Fields(data).string().unwrap_or_default();
                self.database = (!name.is_empty()).then(|| packet::name(name).into());
                self.is_told = true;
            }
        }
    }

    /// Bytes of memory that it holds, about.
    pub fn held_bytes(&self) -> usize {
        self.statements.held_bytes()
    }

    fn agreed(&self, bit: u64) -> Option<bool> {
        let client = self.client?;
        Some(client & self.server.unwrap_or(u64::MAX) & bit != 0)
    }
}
