//! What opens a connection: the start of a session, an offer of encryption, a request to cancel.
//!
//! Specification: PostgreSQL, "Message Formats": StartupMessage, SSLRequest, GSSENCRequest, CancelRequest.

use super::message::Fields;

/// What opens a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Session {
        user: String,
        database: String,
    },
    /// An offer to encrypt with TLS.
    Tls,
    /// An offer to encrypt with GSSAPI.
    Gss,
    /// A request to cancel what this process of the server does.
    Cancel {
        process: u32,
    },
}

/// Codes in place of a version of the protocol.
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// The version that there is, whatever its minor number.
const MAJOR: u32 = 3;
/// Parameters that are looked at.
const PARAMETERS: usize = 64;

impl Opening {
    /// Reads a whole message, its length included.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let length = fields.long()?;
        match (fields.long()?, length) {
            (TLS, 8) => Some(Self::Tls),
            (GSS, 8) => Some(Self::Gss),
            (CANCEL, 16..) => Some(Self::Cancel {
                process: fields.long()?,
            }),
            (version, _) if version >> 16 == MAJOR => Some(Self::session(fields)),
            _ => None,
        }
    }

    fn session(mut fields: Fields<'_>) -> Self {
        let (mut user, mut database) = (String::new(), String::new());
        for _ in 0..PARAMETERS {
            let name = fields.string();
            if name.is_empty() {
                break;
            }
            let value = fields.name();
            match name {
                b"user" => user = value,
                b"database" => database = value,
                _ => {}
            }
        }
        if database.is_empty() {
            database.clone_from(&user);
        }
        Self::Session { user, database }
    }

    /// Says that bytes, perhaps cut, begin one beyond doubt; `None`: more bytes would tell.
    pub fn begins(bytes: &[u8]) -> Option<bool> {
        let mut fields = Fields(bytes);
        let (Some(length), Some(code)) = (fields.long(), fields.long()) else {
            let can_be = bytes.iter().take(2).all(|byte| *byte == 0);
            return if can_be { None } else { Some(false) };
        };
        match code {
            TLS | GSS => Some(length == 8),
            CANCEL => Some((16..=268).contains(&length)),
            _ if code >> 16 == MAJOR
                && (code & 0xffff <= 2 || code & 0xffff == 9999)
                && (9..=10_000).contains(&length) =>
            {
                // The name of a parameter.
                let name = fields.0;
                let letters = name.iter().take_while(|byte| is_name(byte)).count();
                match name.get(letters) {
                    Some(0) => Some(letters > 0),
                    Some(_) => Some(false),
                    None => (letters > 32).then_some(false),
                }
            }
            _ => Some(false),
        }
    }
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}
