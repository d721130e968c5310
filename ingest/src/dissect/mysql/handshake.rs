//! The login: the server's greeting and the client's answer to it.
//!
//! Specification: MySQL Source Code Documentation, "Connection Phase Packets"; MariaDB, "Connecting".

use super::packet::{self, Fields, text};

/// Bits of the capabilities that both sides tell.
pub(super) mod capability {
    pub const MYSQL: u64 = 1;
    pub const CONNECT_WITH_DB: u64 = 1 << 3;
    pub const COMPRESS: u64 = 1 << 5;
    pub const PROTOCOL_41: u64 = 1 << 9;
    pub const SSL: u64 = 1 << 11;
    pub const SECURE_CONNECTION: u64 = 1 << 15;
    pub const PLUGIN_AUTH_LENENC: u64 = 1 << 21;
    pub const SESSION_TRACK: u64 = 1 << 23;
    pub const DEPRECATE_EOF: u64 = 1 << 24;
    pub const OPTIONAL_METADATA: u64 = 1 << 25;
    pub const ZSTD: u64 = 1 << 26;
    pub const QUERY_ATTRIBUTES: u64 = 1 << 27;
    /// MariaDB's own begin at bit 32.
    pub const CACHE_METADATA: u64 = 1 << 36;
}

/// What a greeting says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub version: String,
    pub capabilities: u64,
}

/// What the client's first packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub capabilities: u64,
    /// `None` if TLS comes first.
    pub user: Option<String>,
    pub database: Option<String>,
}

/// Longest name of a server's version.
const VERSION_BYTES: usize = 128;
/// Bytes of an SSLRequest, and of a login before the user; of the protocol before 4.1.
const FIXED_BYTES: usize = 32;
const OLD_FIXED_BYTES: usize = 5;

impl Greeting {
    /// Reads a payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        let protocol = fields.integer(1)?;
        let zero = memchr::memchr(0, fields.0.get(..VERSION_BYTES).unwrap_or(fields.0))?;
        let version = fields.bytes(zero)?;
        let is_version = version.first().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && version.iter().all(|byte| (b' '..=b'~').contains(byte))
            && version.iter().any(u8::is_ascii_digit);
        if !is_version {
            return None;
        }
        fields.bytes(1)?;
        // Number of the connection, and eight bytes to scramble the password with.
        fields.bytes(12)?;
        let version = text(version).into_owned();
        match protocol {
            9 if fields.0.len() <= 1 => Some(Self {
                version,
                capabilities: 0,
            }),
            10 if fields.integer(1)? == 0 => {
                let low = fields.integer(2)?;
                // Servers before 4.1 end sooner.
                let rest = fields.bytes(3).and_then(|_| fields.integer(2)).unwrap_or(0);
                let after = fields.bytes(7).and_then(|_| fields.integer(4)).unwrap_or(0);
                let mariadb = if low & capability::MYSQL == 0 { after << 32 } else { 0 };
                let capabilities = low | (rest << 16) | mariadb;
                Some(Self { version, capabilities })
            }
            _ => None,
        }
    }
}

impl Login {
    /// Reads a payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let low = Fields(payload).integer(2)?;
        if low & capability::PROTOCOL_41 == 0 {
            return Self::read_old(payload, low);
        }
        let mut fields = Fields(payload);
        let mut capabilities = fields.integer(4)?;
        // Largest packet, character set, zeros.
        fields.bytes(5)?;
        fields.bytes(19)?;
        let extended = fields.integer(4)?;
        if capabilities & capability::MYSQL == 0 {
            capabilities |= extended << 32;
        }
        if fields.0.is_empty() {
            return Some(Self {
                capabilities,
                user: None,
                database: None,
            });
        }
        let user = name(fields.zero_ended());
        let database = Self::skip_secret(&mut fields, capabilities)
            .filter(|()| capabilities & capability::CONNECT_WITH_DB != 0)
            .and_then(|()| name(fields.zero_ended()));
        Some(Self {
            capabilities,
            user: Some(user.unwrap_or_default()),
            database,
        })
    }

    /// The protocol before 4.1.
    fn read_old(payload: &[u8], capabilities: u64) -> Option<Self> {
        let mut fields = Fields(payload);
        fields.bytes(OLD_FIXED_BYTES)?;
        let is_request = fields.0.is_empty();
        let user = (!is_request).then(|| name(fields.zero_ended()).unwrap_or_default());
        let with_database = capabilities & capability::CONNECT_WITH_DB != 0;
        let database = with_database.then(|| {
            fields.zero_ended();
            name(fields.zero_ended())
        });
        Some(Self {
            capabilities,
            user,
            database: database.flatten(),
        })
    }

    fn skip_secret(fields: &mut Fields<'_>, capabilities: u64) -> Option<()> {
        if capabilities & capability::PLUGIN_AUTH_LENENC != 0 {
            fields.string()?;
        } else if capabilities & capability::SECURE_CONNECTION != 0 {
            let length = fields.integer(1)?;
            fields.bytes(usize::try_from(length).ok()?)?;
        } else {
            fields.zero_ended();
        }
        Some(())
    }

    /// True if what follows is TLS.
    pub fn is_tls_request(&self) -> bool {
        self.user.is_none() && self.capabilities & capability::SSL != 0
    }

    /// Says that a payload is a login of protocol 4.1 beyond doubt: its zeros are where they should be, a user follows.
    pub fn is_certain(payload: &[u8]) -> bool {
        let capabilities = Fields(payload).integer(4).unwrap_or(0);
        let zeros = payload
            .get(9..28)
            .is_some_and(|zeros| zeros.iter().all(|byte| *byte == 0));
        let user = payload.get(FIXED_BYTES..).unwrap_or_default();
        let user = user.split(|byte| *byte == 0).next().unwrap_or_default();
        capabilities & capability::PROTOCOL_41 != 0
            && zeros
            && !user.iter().any(u8::is_ascii_control)
            && (payload.len() > FIXED_BYTES || capabilities & capability::SSL != 0)
    }
}

/// A name, unless it is empty.
fn name(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| packet::name(bytes).into_owned())
}
