//! A method's arguments: what they say, as text.
//!
//! Specification: AMQP 0-9-1 §4.2.5. What is cut ends the text.

use std::fmt::Write;

use super::registry::{self, Field, Method, NO_WAIT};
use crate::dissect::printable::printable;

/// Bytes shown of a text.
const TEXT_BYTES: usize = 128;

/// What a method says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub method: &'static Method,
    /// Its arguments, a space before each.
    pub text: String,
    /// The reply code, if it has one.
    pub code: Option<u16>,
    /// Class and number of the method that failed, if it says so.
    pub cause: Option<(u16, u16)>,
    /// True if nobody is to answer.
    pub no_wait: bool,
}

impl Said {
    /// Reads the payload of a method frame; `None` if there is no such method.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let method = registry::method(short(&mut rest)?, short(&mut rest)?)?;
        let mut said = Self {
            method,
            text: String::new(),
            code: None,
            cause: None,
            no_wait: false,
        };
        for field in method.fields {
            if said.field(*field, &mut rest).is_none() {
                break;
            }
        }
        Some(said)
    }

    fn field(&mut self, field: Field, rest: &mut &[u8]) -> Option<()> {
        match field {
            Field::Reserved | Field::Versions => {
                short(rest)?;
            }
            Field::Name => match short_text(rest)? {
                b"" => self.text.push_str(" \"\""),
                name => self.add("", &printable(name, TEXT_BYTES)),
            },
            Field::Named(label) => match short_text(rest)? {
                b"" => {}
                name => self.add(label, &printable(name, TEXT_BYTES)),
            },
            Field::LongText => self.add("", &printable(long_text(rest)?, TEXT_BYTES)),
            Field::Hidden | Field::Table => {
                long_text(rest)?;
            }
            Field::Code => {
                let code = short(rest)?;
                self.code = Some(code);
                self.add("", &code.to_string());
            }
            Field::Cause => self.cause = Some((short(rest)?, short(rest)?)),
            Field::Short(label) => self.add(label, &short(rest)?.to_string()),
            Field::Long(label) => self.add(label, &long(rest)?.to_string()),
            Field::LongLong(label) => {
                let number = (u64::from(long(rest)?) << 32) | u64::from(long(rest)?);
                self.add(label, &number.to_string());
            }
            Field::Bits(names) => {
                let (bits, after) = rest.split_first()?;
                *rest = after;
                let mut bits = *bits;
                for name in names {
                    if bits & 1 == 1 {
                        self.no_wait |= *name == NO_WAIT;
                        self.add("", name);
                    }
                    bits >>= 1;
                }
            }
        }
        Some(())
    }

    fn add(&mut self, label: &str, value: &str) {
        let sign = if label.is_empty() { "" } else { "=" };
        // Writing to a string cannot fail.
        let _ = write!(self.text, " {label}{sign}{value}");
    }
}

/// True if arguments, as far as they are there, could be those of a method.
pub(super) fn are_plausible(method: &Method, arguments: &[u8]) -> bool {
    let is_text = |text: &[u8]| !text.iter().any(|byte| byte.is_ascii_control());
    let mut rest = arguments;
    for field in method.fields {
        if rest.len() < 2 {
            return true;
        }
        let fits = match field {
            Field::Reserved => short(&mut rest).is_some_and(|ticket| ticket <= 1),
            Field::Versions => short(&mut rest) == Some(9),
            Field::Code => short(&mut rest).is_some_and(|code| (200..600).contains(&code)),
            Field::Name | Field::Named(_) => match short_text(&mut rest) {
                Some(text) => is_text(text),
                // The rest of it is not there.
                None => return rest.get(1..).is_some_and(is_text),
            },
            // Nothing more is needed, or could be said.
            _ => return true,
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Takes two bytes.
pub(super) fn short(rest: &mut &[u8]) -> Option<u16> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u16::from_be_bytes(*number))
}

/// Takes four bytes.
pub(super) fn long(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

/// Takes a text behind its length in one byte.
pub(super) fn short_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(*length))?;
    *rest = after;
    Some(text)
}

/// Takes a text, or a table, behind its length in four bytes.
fn long_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut after = *rest;
    let length = usize::try_from(long(&mut after)?).ok()?;
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(text)
}
