//! What a request asks for, as text.
//!
//! Specification: RFC 4511 §4.2–§4.12.

use super::ber::{Element, Elements, tag};
use super::filter;
use super::message::Message;
use super::registry::{extension_name, op};
use crate::dissect::printable::printable;

/// Bytes shown of a name, and of a value.
const NAME_BYTES: usize = 160;
/// Bytes shown of a filter.
const FILTER_BYTES: usize = 256;
/// Changes shown of a modification.
const CHANGES: usize = 8;

/// Attributes whose values are not shown.
const SECRETS: [&str; 2] = ["userPassword", "unicodePwd"];

/// Tags inside requests.
const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xa3;
/// Microsoft's ways to bind (MS-ADTS §5.1.1.1.3).
const SICILY: [u8; 3] = [0x89, 0x8a, 0x8b];
const NEW_SUPERIOR: u8 = 0x80;
const REQUEST_NAME: u8 = 0x80;

/// A line that says what a request asks for.
pub(super) fn text(message: &Message<'_>) -> String {
    let body = message.body;
    let mut fields = body.elements();
    match body.tag {
        op::BIND => bind(fields),
        op::UNBIND => "unbind".to_owned(),
        op::SEARCH => search(fields),
        op::MODIFY => modify(fields),
        op::ADD => format!("add {}", name(&mut fields)),
        op::DELETE => format!("delete {}", printable(body.content, NAME_BYTES)),
        op::MODIFY_NAME => rename(fields),
        op::COMPARE => compare(fields),
        op::ABANDON => format!("abandon {}", body.integer().unwrap_or_default()),
        op::EXTENDED => extension(body).map_or_else(String::new, |identifier| extension_name(&identifier).to_owned()),
        _ => String::new(),
    }
}

/// Object identifier of an extended request.
pub(super) fn extension(body: Element<'_>) -> Option<String> {
    let name = body.elements().tagged(REQUEST_NAME)?;
    Some(printable(name.content, NAME_BYTES))
}

/// True if a request binds by SASL, behind which a security layer may begin.
pub(super) fn is_sasl(message: &Message<'_>) -> bool {
    let mut ways = message.body.elements().skip(2);
    message.body.tag == op::BIND
        && ways
            .next()
            .is_some_and(|way| way.tag == SASL || SICILY.contains(&way.tag))
}

fn name(fields: &mut Elements<'_>) -> String {
    let name = fields.octets().unwrap_or_default();
    if name.is_empty() {
        return "(root)".to_owned();
    }
    printable(name, NAME_BYTES)
}

fn bind(mut fields: Elements<'_>) -> String {
    let _version = fields.tagged(tag::INTEGER);
    let who = fields.octets().unwrap_or_default();
    let way = match fields.next() {
        Some(way) if way.tag == SIMPLE && who.is_empty() && way.content.is_empty() => "anonymous".to_owned(),
        Some(way) if way.tag == SIMPLE => "simple".to_owned(),
        Some(way) if way.tag == SASL => {
            let mechanism = way.elements().octets().unwrap_or_default();
            format!("SASL {}", printable(mechanism, NAME_BYTES))
        }
        Some(way) if SICILY.contains(&way.tag) => "NTLM".to_owned(),
        _ => "…".to_owned(),
    };
    let gap = if who.is_empty() { "" } else { " " };
    format!("bind {}{gap}({way})", printable(who, NAME_BYTES))
}

fn search(mut fields: Elements<'_>) -> String {
    let base = name(&mut fields);
    let scope = fields.tagged(tag::ENUMERATED).and_then(Element::integer);
    let scope = match scope {
        Some(0) => "base",
        Some(1) => "one",
        Some(2) => "sub",
        Some(3) => "children",
        _ => "…",
    };
    // Aliases, the limits of size and time, and whether only types are wanted come before the filter.
    let filter = fields.find(|field| !matches!(field.tag, tag::ENUMERATED | tag::INTEGER | tag::BOOLEAN));
    let filter = filter.map_or_else(|| "(…)".to_owned(), |filter| filter::text(filter, FILTER_BYTES));
    format!("search {base} {scope} {filter}")
}

fn modify(mut fields: Elements<'_>) -> String {
    let name = name(&mut fields);
    let mut changes = fields.next().into_iter().flat_map(Element::elements);
    let mut told: Vec<String> = changes.by_ref().take(CHANGES).filter_map(change).collect();
    let others = changes.count();
    if others > 0 {
        told.push(format!("and {others} more"));
    }
    format!("modify {name} ({})", told.join(", "))
}

fn change(change: Element<'_>) -> Option<String> {
    let mut parts = change.elements();
    let verb = match parts.tagged(tag::ENUMERATED)?.integer()? {
        0 => "add",
        1 => "delete",
        2 => "replace",
        3 => "increment",
        _ => "…",
    };
    let attribute = parts.next()?.elements().octets()?;
    Some(format!("{verb} {}", printable(attribute, NAME_BYTES)))
}

fn rename(mut fields: Elements<'_>) -> String {
    let (old, new) = (name(&mut fields), name(&mut fields));
    match fields.find(|field| field.tag == NEW_SUPERIOR) {
        Some(under) => format!("rename {old} to {new} under {}", printable(under.content, NAME_BYTES)),
        None => format!("rename {old} to {new}"),
    }
}

fn compare(mut fields: Elements<'_>) -> String {
    let name = name(&mut fields);
    let mut parts = fields.next().into_iter().flat_map(Element::elements);
    let mut part = || {
        parts
            .next()
            .map_or_else(String::new, |part| printable(part.content, NAME_BYTES))
    };
    let (attribute, value) = (part(), part());
    let is_secret = SECRETS.iter().any(|secret| attribute.eq_ignore_ascii_case(secret));
    let value = if is_secret { "…" } else { &value };
    format!("compare {name} ({attribute}={value})")
}
