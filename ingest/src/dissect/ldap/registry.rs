//! Numbers of LDAP and their names.
//!
//! Specification: RFC 4511 §4.2–§4.13 (operations), §4.1.9 and appendix A (result codes); IANA's registry of LDAP parameters.

/// An operation: the choice of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// Its tag in BER.
    pub tag: u8,
    /// Its name in the specification's short form.
    pub name: &'static str,
    pub role: Role,
    /// Tag of the first element inside; `None` if there is none, or any.
    pub first: Option<u8>,
}

/// What an operation is in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A result answers it.
    Request,
    /// Nothing answers it.
    Silent,
    /// An entry that a search found.
    Entry,
    /// A reference to where else to search.
    Reference,
    /// Something that comes before the result.
    Intermediate,
    /// Ends an exchange.
    Result,
}

/// The operations.
pub(super) mod op {
    pub const BIND: u8 = 0x60;
    pub const UNBIND: u8 = 0x42;
    pub const SEARCH: u8 = 0x63;
    pub const MODIFY: u8 = 0x66;
    pub const ADD: u8 = 0x68;
    pub const DELETE: u8 = 0x4a;
    pub const MODIFY_NAME: u8 = 0x6c;
    pub const COMPARE: u8 = 0x6e;
    pub const ABANDON: u8 = 0x50;
    pub const EXTENDED: u8 = 0x77;
    pub const EXTENDED_RESPONSE: u8 = 0x78;
}

const OPERATIONS: [Operation; 21] = [
    operation_of(op::BIND, "bindRequest", Role::Request, Some(0x02)),
    operation_of(0x61, "bindResponse", Role::Result, Some(0x0a)),
    operation_of(op::UNBIND, "unbindRequest", Role::Silent, None),
    operation_of(op::SEARCH, "searchRequest", Role::Request, Some(0x04)),
    operation_of(0x64, "searchResEntry", Role::Entry, Some(0x04)),
    operation_of(0x65, "searchResDone", Role::Result, Some(0x0a)),
    operation_of(0x73, "searchResRef", Role::Reference, Some(0x04)),
    operation_of(op::MODIFY, "modifyRequest", Role::Request, Some(0x04)),
    operation_of(0x67, "modifyResponse", Role::Result, Some(0x0a)),
    operation_of(op::ADD, "addRequest", Role::Request, Some(0x04)),
    operation_of(0x69, "addResponse", Role::Result, Some(0x0a)),
    operation_of(op::DELETE, "delRequest", Role::Request, None),
    operation_of(0x6b, "delResponse", Role::Result, Some(0x0a)),
    operation_of(op::MODIFY_NAME, "modDNRequest", Role::Request, Some(0x04)),
    operation_of(0x6d, "modDNResponse", Role::Result, Some(0x0a)),
    operation_of(op::COMPARE, "compareRequest", Role::Request, Some(0x04)),
    operation_of(0x6f, "compareResponse", Role::Result, Some(0x0a)),
    operation_of(op::ABANDON, "abandonRequest", Role::Silent, None),
    operation_of(op::EXTENDED, "extendedReq", Role::Request, Some(0x80)),
    operation_of(op::EXTENDED_RESPONSE, "extendedResp", Role::Result, Some(0x0a)),
    operation_of(0x79, "intermediateResponse", Role::Intermediate, None),
];

const fn operation_of(tag: u8, name: &'static str, role: Role, first: Option<u8>) -> Operation {
    Operation { tag, name, role, first }
}

/// The operation with a tag.
pub(super) fn operation(tag: u8) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.tag == tag)
}

impl Operation {
    /// True if a client says it.
    pub fn is_from_client(&self) -> bool {
        matches!(self.role, Role::Request | Role::Silent)
    }
}

/// Result code of what went well.
pub(super) const SUCCESS: i64 = 0;

/// Object identifier of StartTLS (RFC 4511 §4.14).
pub(super) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

const RESULTS: [(i64, &str); 47] = [
    (0, "success"),
    (1, "operationsError"),
    (2, "protocolError"),
    (3, "timeLimitExceeded"),
    (4, "sizeLimitExceeded"),
    (5, "compareFalse"),
    (6, "compareTrue"),
    (7, "authMethodNotSupported"),
    (8, "strongerAuthRequired"),
    (10, "referral"),
    (11, "adminLimitExceeded"),
    (12, "unavailableCriticalExtension"),
    (13, "confidentialityRequired"),
    (14, "saslBindInProgress"),
    (16, "noSuchAttribute"),
    (17, "undefinedAttributeType"),
    (18, "inappropriateMatching"),
    (19, "constraintViolation"),
    (20, "attributeOrValueExists"),
    (21, "invalidAttributeSyntax"),
    (32, "noSuchObject"),
    (33, "aliasProblem"),
    (34, "invalidDNSyntax"),
    (35, "isLeaf"),
    (36, "aliasDereferencingProblem"),
    (48, "inappropriateAuthentication"),
    (49, "invalidCredentials"),
    (50, "insufficientAccessRights"),
    (51, "busy"),
    (52, "unavailable"),
    (53, "unwillingToPerform"),
    (54, "loopDetect"),
    (64, "namingViolation"),
    (65, "objectClassViolation"),
    (66, "notAllowedOnNonLeaf"),
    (67, "notAllowedOnRDN"),
    (68, "entryAlreadyExists"),
    (69, "objectClassModsProhibited"),
    (71, "affectsMultipleDSAs"),
    (80, "other"),
    (118, "canceled"),
    (119, "noSuchOperation"),
    (120, "tooLate"),
    (121, "cannotCancel"),
    (122, "assertionFailed"),
    (123, "authorizationDenied"),
    (4096, "syncRefreshRequired"),
];

/// The name of a result code.
pub(super) fn result_name(code: i64) -> Option<&'static str> {
    let mut results = RESULTS.iter();
    results.find(|(known, _)| *known == code).map(|(_, name)| *name)
}

const EXTENSIONS: [(&str, &str); 9] = [
    (START_TLS, "StartTLS"),
    ("1.3.6.1.4.1.1466.20036", "Notice of Disconnection"),
    ("1.3.6.1.4.1.4203.1.11.1", "Modify Password"),
    ("1.3.6.1.4.1.4203.1.11.3", "Who am I?"),
    ("1.3.6.1.1.8", "Cancel"),
    ("1.3.6.1.1.21.1", "Start Transaction"),
    ("1.3.6.1.1.21.3", "End Transactions"),
    ("1.3.6.1.4.1.1466.101.119.1", "Dynamic Refresh"),
    ("1.2.840.113556.1.4.1781", "Fast Bind"),
];

/// What an extended operation is called; its object identifier if nobody named it.
pub(super) fn extension_name(identifier: &str) -> &str {
    let mut extensions = EXTENSIONS.iter();
    extensions
        .find(|(known, _)| *known == identifier)
        .map_or(identifier, |(_, name)| *name)
}
