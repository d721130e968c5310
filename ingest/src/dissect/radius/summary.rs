//! What a message tells a person: "Access-Request bob at 10.0.0.7", "Access-Accept 10.1.0.5 \"Welcome\"".

use super::attribute::{Attributes, kind};
use super::message::Message;
use super::registry::{code, error_cause, name_of_code, service_type, status_type};
use crate::dissect::shorten;

/// Bytes that one attribute may take of a summary.
const ATTRIBUTE_BYTES: usize = 80;

/// What a request says of itself.
pub(super) fn of_request(message: &Message<'_>) -> String {
    let attributes = &message.attributes;
    let what = attributes.number(kind::ACCT_STATUS_TYPE).map(status_type);
    let what = what.or_else(|| {
        attributes
            .number(kind::SERVICE_TYPE)
            .filter(|asked| *asked != FRAMED)
            .map(service_type)
    });
    let who = attributes
        .text(kind::USER_NAME)
        .or_else(|| attributes.text(kind::CALLING_STATION_ID))
        .or_else(|| attributes.text(kind::ACCT_SESSION_ID));
    let address = framed_address(attributes);
    let nas = nas(attributes).map(|nas| format!("at {nas}"));
    let mut text = name_of_code(message.code).into_owned();
    for part in [what.as_deref(), who.as_deref(), address.as_deref(), nas.as_deref()]
        .into_iter()
        .flatten()
    {
        push(&mut text, part);
    }
    text
}

/// What a response says of itself.
pub(super) fn of_response(message: &Message<'_>) -> String {
    let attributes = &message.attributes;
    // Who is rejected is given no address, whatever the response carries.
    let address = framed_address(attributes).filter(|_| message.code != code::ACCESS_REJECT);
    let cause = attributes.number(kind::ERROR_CAUSE).map(error_cause);
    let said = attributes.text(kind::REPLY_MESSAGE);
    let said = said.map(|text| format!("\"{}\"", shorten(&text, ATTRIBUTE_BYTES)));
    let mut text = name_of_code(message.code).into_owned();
    for part in [address.as_deref(), cause.as_deref(), said.as_deref()]
        .into_iter()
        .flatten()
    {
        push(&mut text, part);
    }
    text
}

/// What nearly every request asks for: not worth telling.
const FRAMED: u32 = 2;

/// The address that the user has or is given.
fn framed_address(attributes: &Attributes<'_>) -> Option<String> {
    // The user, or the server it dials, is to choose one (RFC 2865 §5.8).
    let left_open = ["255.255.255.255", "255.255.255.254"];
    let address = attributes.address(kind::FRAMED_IP_ADDRESS, kind::FRAMED_IPV6_ADDRESS);
    address.filter(|address| !left_open.contains(&address.as_str()))
}

/// The network access server, as well as it says who it is.
fn nas(attributes: &Attributes<'_>) -> Option<String> {
    attributes
        .address(kind::NAS_IP_ADDRESS, kind::NAS_IPV6_ADDRESS)
        .or_else(|| attributes.text(kind::NAS_IDENTIFIER))
        .or_else(|| attributes.text(kind::CALLED_STATION_ID))
}

fn push(text: &mut String, part: &str) {
    text.push(' ');
    // Names come from the network: a line break in one would make two lines.
    text.extend(
        shorten(part, ATTRIBUTE_BYTES)
            .chars()
            .map(|letter| if letter.is_control() { '·' } else { letter }),
    );
}
