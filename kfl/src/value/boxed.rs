//! Boxed values: a value with its type written before it, as bytes, for columns whose rows differ in type.
//!
//! The form is read by this process alone, in the query that wrote it: a letter for the type, then the value in the
//! machine's byte order; before what varies in length, its length in 32 bits.

use std::sync::Arc;

use super::{Value, address, octets};
use crate::functions::network::Cidr;

/// Boxes a value.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, &mut out);
    out
}

/// Takes a value out of its box; `None` if the bytes are none.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    take(&mut Bytes(bytes))
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Int(value) => fixed(b'i', &value.to_ne_bytes(), out),
        Value::Uint(value) => fixed(b'u', &value.to_ne_bytes(), out),
        Value::Double(value) => fixed(b'd', &value.to_ne_bytes(), out),
        Value::Timestamp(value) => fixed(b'T', &value.to_ne_bytes(), out),
        Value::Duration(value) => fixed(b'D', &value.to_ne_bytes(), out),
        Value::String(value) => varying(b's', value.as_bytes(), out),
        Value::Bytes(value) => varying(b'y', value, out),
        Value::Ip(value) => varying(b'a', &octets(*value), out),
        Value::Cidr(value) => varying(b'c', &value.to_bytes(), out),
        Value::Type(name) => varying(b't', name.as_bytes(), out),
        Value::Optional(None) => out.push(b'o'),
        Value::Optional(Some(value)) => {
            out.push(b'O');
            put(value, out);
        }
        Value::List(items) => {
            fixed(b'l', &length(items.len()), out);
            items.iter().for_each(|item| put(item, out));
        }
        Value::Map(entries) => {
            fixed(b'm', &length(entries.len()), out);
            for (key, value) in entries.iter() {
                put(key, out);
                put(value, out);
            }
        }
    }
}

fn fixed(letter: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(letter);
    out.extend_from_slice(bytes);
}

fn varying(letter: u8, bytes: &[u8], out: &mut Vec<u8>) {
    fixed(letter, &length(bytes.len()), out);
    out.extend_from_slice(bytes);
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length)
        .expect("Arrow holds no value of 4 GiB")
        .to_ne_bytes()
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn length(&mut self) -> Option<usize> {
        Some(u32::from_ne_bytes(self.array()?) as usize)
    }

    fn varying(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn text(&mut self) -> Option<Arc<str>> {
        std::str::from_utf8(self.varying()?).ok().map(Arc::from)
    }
}

fn take(bytes: &mut Bytes<'_>) -> Option<Value> {
    let [letter] = bytes.array()?;
    Some(match letter {
        b'n' => Value::Null,
        b'b' => Value::Bool(bytes.array()? == [1]),
        b'i' => Value::Int(i64::from_ne_bytes(bytes.array()?)),
        b'u' => Value::Uint(u64::from_ne_bytes(bytes.array()?)),
        b'd' => Value::Double(f64::from_ne_bytes(bytes.array()?)),
        b'T' => Value::Timestamp(i128::from_ne_bytes(bytes.array()?)),
        b'D' => Value::Duration(i64::from_ne_bytes(bytes.array()?)),
        b's' => Value::String(bytes.text()?),
        b'y' => Value::Bytes(bytes.varying()?.into()),
        b'a' => Value::Ip(address(bytes.varying()?)?),
        b'c' => Value::Cidr(Cidr::from_bytes(bytes.varying()?)?),
        b't' => Value::Type(bytes.text()?),
        b'o' => Value::Optional(None),
        b'O' => Value::Optional(Some(Arc::new(take(bytes)?))),
        b'l' => {
            let count = bytes.length()?;
            Value::List((0..count).map(|_| take(bytes)).collect::<Option<_>>()?)
        }
        b'm' => {
            let count = bytes.length()?;
            let entries = (0..count).map(|_| Some((take(bytes)?, take(bytes)?)));
            Value::Map(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
