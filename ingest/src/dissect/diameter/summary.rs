//! What a message tells a person: "Gx Credit-Control initial 262011234567890 from pgw.example".

use super::avp::{Avps, VENDOR_3GPP, code};
use super::message::Message;
use super::registry::{application_name, name_of_command};
use super::results::Outcome;
use crate::dissect::shorten;

/// Bytes that one AVP may take of a summary.
const AVP_BYTES: usize = 80;

/// What a message asks, or answers if no request was seen.
pub(super) fn of_command(message: &Message<'_>) -> String {
    let avps = &message.avps;
    let application = application_name(message.application);
    let unknown = || format!("application {}", message.application);
    let application = application.map_or_else(unknown, str::to_owned);
    let command = name_of_command(message.command);
    let is_said = message.application < VENDORS_APPLICATIONS && says_the_same(&application, &command);
    let from = avps.text(0, code::ORIGIN_HOST).map(|host| format!("from {host}"));
    let parts = [
        Some(application).filter(|_| !is_said),
        Some(command.into_owned()),
        kind(avps).map(str::to_owned),
        subject(avps),
        from,
    ];
    let mut text = String::new();
    for part in parts.iter().flatten().filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        // Names come from the network: a line break in one would make two lines.
        let part = shorten(part, AVP_BYTES);
        text.extend(
            part.chars()
                .map(|letter| if letter.is_control() { '·' } else { letter }),
        );
    }
    text
}

/// Where the applications of vendors begin, whose names are an interface's: "Re" says something that "Re-Auth" does not.
const VENDORS_APPLICATIONS: u32 = 1 << 24;

/// True if the words of one name are all in the other: "Credit Control" and "Credit-Control".
fn says_the_same(application: &str, command: &str) -> bool {
    let words = |name: &str| name.split([' ', '-']).map(str::to_lowercase).collect::<Vec<_>>();
    let (application, command) = (words(application), words(command));
    let all_in = |some: &[String], others: &[String]| some.iter().all(|word| others.contains(word));
    all_in(&application, &command) || all_in(&command, &application)
}

/// What an answer says of the outcome.
pub(super) fn of_answer(message: &Message<'_>, outcome: Option<Outcome>) -> String {
    let said = message.avps.text(0, code::ERROR_MESSAGE);
    let said = said.map(|text| format!(": {}", shorten(&text, AVP_BYTES).replace(char::is_control, "·")));
    let name = outcome.map_or("answer".into(), Outcome::name);
    format!("{name}{}", said.unwrap_or_default())
}

/// Which step of a session a request is, where its command has steps; why a peer leaves.
fn kind(avps: &Avps<'_>) -> Option<&'static str> {
    let name = |code, names: &[&'static str]| {
        let place = usize::try_from(avps.number(code)?).ok()?;
        names.get(place).copied()
    };
    name(
        code::CC_REQUEST_TYPE,
        &["", "initial", "update", "termination", "event"],
    )
    .or_else(|| name(code::ACCOUNTING_RECORD_TYPE, &["", "event", "start", "interim", "stop"]))
    .or_else(|| {
        name(
            code::DISCONNECT_CAUSE,
            &["rebooting", "busy", "do not want to talk to you"],
        )
    })
}

/// Whom a message is about, as well as it says.
fn subject(avps: &Avps<'_>) -> Option<String> {
    let subscription = || {
        avps.group(0, code::SUBSCRIPTION_ID)?
            .text(0, code::SUBSCRIPTION_ID_DATA)
    };
    let identity = || {
        avps.group(VENDOR_3GPP, code::USER_IDENTITY)?
            .text(VENDOR_3GPP, code::PUBLIC_IDENTITY)
    };
    let number = || {
        telephone(
            avps.group(VENDOR_3GPP, code::USER_IDENTITY)?
                .data(VENDOR_3GPP, code::MSISDN)?,
        )
    };
    avps.text(0, code::USER_NAME)
        .or_else(subscription)
        .or_else(|| avps.text(VENDOR_3GPP, code::PUBLIC_IDENTITY))
        .or_else(identity)
        .or_else(number)
        .or_else(|| avps.text(0, code::SESSION_ID))
}

/// A telephone number in decimal digits of half a byte, the lower first (3GPP TS 29.329 §6.3.2).
fn telephone(bytes: &[u8]) -> Option<String> {
    let digits = bytes.iter().flat_map(|byte| [byte & 0x0f, byte >> 4]);
    let digits = digits.map_while(|digit| char::from_digit(u32::from(digit), 10));
    Some(digits.collect()).filter(|text: &String| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_that_is_named_as_its_command_says_nothing_more() {
        assert!(says_the_same("Credit Control", "Credit-Control"));
        assert!(says_the_same("Base Accounting", "Accounting"));
        assert!(says_the_same("EAP", "Diameter-EAP"));
        assert!(!says_the_same("Credit Control", "Session-Termination"));
        assert!(!says_the_same("NASREQ", "AA"));
    }
}
