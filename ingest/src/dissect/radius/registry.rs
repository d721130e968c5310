//! Names of the numbers in RADIUS messages, and which code answers which.
//!
//! Specification: IANA, RADIUS Types: packet type codes, values of Service-Type, Acct-Status-Type and Error-Cause.

use std::borrow::Cow;

/// Codes that are looked at.
pub(super) mod code {
    pub const ACCESS_REQUEST: u8 = 1;
    pub const ACCESS_REJECT: u8 = 3;
    pub const ACCOUNTING_REQUEST: u8 = 4;
    pub const STATUS_SERVER: u8 = 12;
    pub const DISCONNECT_REQUEST: u8 = 40;
    pub const COA_REQUEST: u8 = 43;
}

/// The name of a code; `None` if it is not registered.
pub(super) fn code_name(code: u8) -> Option<&'static str> {
    let place = CODES.binary_search_by_key(&code, |(known, ..)| *known).ok()?;
    CODES.get(place).map(|(_, name, _)| *name)
}

/// The name of a code, or its number.
pub(super) fn name_of_code(code: u8) -> Cow<'static, str> {
    code_name(code).map_or_else(|| format!("code {code}").into(), Into::into)
}

/// The codes of the requests that a code answers; `None` if it is itself a request's.
pub(super) fn answered(code: u8) -> Option<&'static [u8]> {
    let place = CODES.binary_search_by_key(&code, |(known, ..)| *known).ok()?;
    let (.., answered) = CODES.get(place)?;
    (!answered.is_empty()).then_some(*answered)
}

/// What an Acct-Status-Type says.
pub(super) fn status_type(number: u32) -> Cow<'static, str> {
    look_up(STATUS_TYPES, number, "Acct-Status-Type")
}

/// What a Service-Type asks for.
pub(super) fn service_type(number: u32) -> Cow<'static, str> {
    look_up(SERVICE_TYPES, number, "Service-Type")
}

/// What an Error-Cause complains of.
pub(super) fn error_cause(number: u32) -> Cow<'static, str> {
    look_up(ERROR_CAUSES, number, "Error-Cause")
}

fn look_up(names: &'static [(u32, &'static str)], number: u32, what: &str) -> Cow<'static, str> {
    let name = names.iter().find(|(known, _)| *known == number);
    name.map_or_else(|| format!("{what} {number}").into(), |(_, name)| (*name).into())
}

/// Code, name, and the codes that it answers, by code.
#[rustfmt::skip]
const CODES: &[(u8, &str, &[u8])] = &[
    (code::ACCESS_REQUEST, "Access-Request", &[]),
    (2, "Access-Accept", &[code::ACCESS_REQUEST, code::STATUS_SERVER]),
    (code::ACCESS_REJECT, "Access-Reject", &[code::ACCESS_REQUEST]),
    (code::ACCOUNTING_REQUEST, "Accounting-Request", &[]),
    (5, "Accounting-Response", &[code::ACCOUNTING_REQUEST, code::STATUS_SERVER]),
    (6, "Accounting-Status", &[]),
    (7, "Password-Request", &[]),
    (8, "Password-Ack", &[7]),
    (9, "Password-Reject", &[7]),
    (10, "Accounting-Message", &[]),
    (11, "Access-Challenge", &[code::ACCESS_REQUEST]),
    (code::STATUS_SERVER, "Status-Server", &[]),
    (13, "Status-Client", &[]),
    (21, "Resource-Free-Request", &[]),
    (22, "Resource-Free-Response", &[21]),
    (23, "Resource-Query-Request", &[]),
    (24, "Resource-Query-Response", &[23]),
    (25, "Alternate-Resource-Reclaim-Request", &[]),
    (26, "NAS-Reboot-Request", &[]),
    (27, "NAS-Reboot-Response", &[26]),
    (29, "Next-Passcode", &[]),
    (30, "New-Pin", &[]),
    (31, "Terminate-Session", &[]),
    (32, "Password-Expired", &[]),
    (33, "Event-Request", &[]),
    (34, "Event-Response", &[33]),
    (code::DISCONNECT_REQUEST, "Disconnect-Request", &[]),
    (41, "Disconnect-ACK", &[code::DISCONNECT_REQUEST]),
    (42, "Disconnect-NAK", &[code::DISCONNECT_REQUEST]),
    (code::COA_REQUEST, "CoA-Request", &[]),
    (44, "CoA-ACK", &[code::COA_REQUEST]),
    (45, "CoA-NAK", &[code::COA_REQUEST]),
    (50, "IP-Address-Allocate", &[]),
    (51, "IP-Address-Release", &[]),
    (52, "Protocol-Error", &[code::ACCESS_REQUEST, code::ACCOUNTING_REQUEST, code::STATUS_SERVER, code::DISCONNECT_REQUEST, code::COA_REQUEST]),
];

const STATUS_TYPES: &[(u32, &str)] = &[
    (1, "Start"),
    (2, "Stop"),
    (3, "Interim-Update"),
    (7, "Accounting-On"),
    (8, "Accounting-Off"),
    (9, "Tunnel-Start"),
    (10, "Tunnel-Stop"),
    (11, "Tunnel-Reject"),
    (12, "Tunnel-Link-Start"),
    (13, "Tunnel-Link-Stop"),
    (14, "Tunnel-Link-Reject"),
    (15, "Failed"),
];

const SERVICE_TYPES: &[(u32, &str)] = &[
    (1, "Login"),
    (2, "Framed"),
    (3, "Callback-Login"),
    (4, "Callback-Framed"),
    (5, "Outbound"),
    (6, "Administrative"),
    (7, "NAS-Prompt"),
    (8, "Authenticate-Only"),
    (9, "Callback-NAS-Prompt"),
    (10, "Call-Check"),
    (11, "Callback-Administrative"),
    (12, "Voice"),
    (13, "Fax"),
    (14, "Modem-Relay"),
    (15, "IAPP-Register"),
    (16, "IAPP-AP-Check"),
    (17, "Authorize-Only"),
    (18, "Framed-Management"),
    (19, "Additional-Authorization"),
];

const ERROR_CAUSES: &[(u32, &str)] = &[
    (201, "Residual-Session-Context-Removed"),
    (202, "Invalid-EAP-Packet"),
    (401, "Unsupported-Attribute"),
    (402, "Missing-Attribute"),
    (403, "NAS-Identification-Mismatch"),
    (404, "Invalid-Request"),
    (405, "Unsupported-Service"),
    (406, "Unsupported-Extension"),
    (407, "Invalid-Attribute-Value"),
    (501, "Administratively-Prohibited"),
    (502, "Request-Not-Routable"),
    (503, "Session-Context-Not-Found"),
    (504, "Session-Context-Not-Removable"),
    (505, "Other-Proxy-Processing-Error"),
    (506, "Resources-Unavailable"),
    (507, "Request-Initiated"),
    (508, "Multiple-Session-Selection-Unsupported"),
    (509, "Location-Info-Required"),
    (601, "Response-Too-Big"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_answer_requests() {
        assert!(CODES.is_sorted_by_key(|(code, ..)| *code));
        for (code, _, answered_codes) in CODES {
            assert!(
                answered_codes.iter().all(|asked| answered(*asked).is_none()),
                "code {code}"
            );
        }
        assert_eq!((code_name(45), code_name(99)), (Some("CoA-NAK"), None));
    }
}
