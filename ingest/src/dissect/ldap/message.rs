//! One LDAP message: its id and its operation.
//!
//! Specification: RFC 4511 §4.1.1, §4.1.9 (results).

use super::ber::{Element, Elements, tag};
use super::registry::{self, Operation};
use crate::dissect::printable::printable;

/// Bytes kept of a result's message.
const MESSAGE_BYTES: usize = 160;

/// Tags inside results.
const RESPONSE_NAME: u8 = 0x8a;

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub id: i64,
    pub operation: &'static Operation,
    /// What the operation says.
    pub body: Element<'a>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub code: i64,
    /// What the server says of an error.
    pub message: String,
    /// Object identifier of an extended response.
    pub name: Option<String>,
}

impl<'a> Message<'a> {
    /// Reads a message; `None` if it has no id or no operation that there is.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Elements(bytes).tagged(tag::SEQUENCE)?.elements();
        let id = fields.tagged(tag::INTEGER)?.integer()?;
        // CLDAP may name a user before the operation (RFC 1798 §4).
        fields.octets();
        let body = fields.next()?;
        let operation = registry::operation(body.tag)?;
        Some(Self { id, operation, body })
    }
}

impl Outcome {
    /// Reads how an operation ended out of its response; `None` if the response has no result code.
    pub fn read(body: Element<'_>) -> Option<Self> {
        let mut fields = body.elements();
        let code = fields.tagged(tag::ENUMERATED)?.integer()?;
        let _matched_name = fields.octets();
        let message = fields.octets().unwrap_or_default();
        // Active Directory ends its messages in a NUL.
        let message = message.strip_suffix(&[0]).unwrap_or(message).trim_ascii();
        let name = fields.find(|field| field.tag == RESPONSE_NAME);
        Some(Self {
            code,
            message: printable(message, MESSAGE_BYTES),
            name: name.map(|name| printable(name.content, MESSAGE_BYTES)),
        })
    }
}
