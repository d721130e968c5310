//! Values of the language: constants of a filter, results of folding, and their way into and out of Arrow arrays.

mod boxed;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Decimal128Array, DurationNanosecondArray, Float64Array,
    Int64Array, ListArray, MapArray, StringViewArray, StructArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, DurationNanosecondType, Float64Type, Int64Type, UInt64Type,
};
use datafusion::common::ScalarValue;

use crate::functions::network::{self, Cidr};
use crate::functions::time;
use crate::types::Type;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    /// Nanoseconds since 1970-01-01T00:00:00Z, from year 1 to 9999.
    Timestamp(i128),
    /// Nanoseconds.
    Duration(i64),
    Ip(IpAddr),
    Cidr(Cidr),
    List(Arc<[Value]>),
    Map(Arc<[(Value, Value)]>),
    Optional(Option<Arc<Value>>),
    /// A type, by its name.
    Type(Arc<str>),
}

impl Value {
    pub(crate) fn string(text: impl AsRef<str>) -> Self {
        Value::String(text.as_ref().into())
    }

    /// The zero of a type: what a variable reads on a row that has none.
    pub(crate) fn zero(ty: &Type) -> Self {
        match ty {
            Type::Bool => Value::Bool(false),
            Type::Int => Value::Int(0),
            Type::Uint => Value::Uint(0),
            Type::Double => Value::Double(0.0),
            Type::String => Value::string(""),
            Type::Bytes => Value::Bytes([].into()),
            Type::Timestamp => Value::Timestamp(0),
            Type::Duration => Value::Duration(0),
            Type::List(_) => Value::List([].into()),
            Type::Map(..) => Value::Map([].into()),
            Type::Optional(_) => Value::Optional(None),
            Type::Null | Type::Ip | Type::Cidr | Type::Type | Type::Dyn | Type::Any(_) | Type::Broken => Value::Null,
        }
    }

    /// The type of the value; of a list or map whose parts differ, with `dyn` in their place.
    pub(crate) fn ty(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Duration(_) => Type::Duration,
            Value::Ip(_) => Type::Ip,
            Value::Cidr(_) => Type::Cidr,
            Value::List(items) => Type::list(common(items.iter())),
            Value::Map(entries) => Type::map(
                common(entries.iter().map(|(key, _)| key)),
                common(entries.iter().map(|(_, value)| value)),
            ),
            Value::Optional(None) => Type::optional(Type::Dyn),
            Value::Optional(Some(value)) => Type::optional(value.ty()),
            Value::Type(_) => Type::Type,
        }
    }

    /// What is left of a number of parts after those of the value; `None` if it has more.
    pub(crate) fn parts_up_to(&self, left: usize) -> Option<usize> {
        match self {
            Value::List(items) => items
                .iter()
                .try_fold(left.checked_sub(items.len())?, |left, item| item.parts_up_to(left)),
            Value::Map(entries) => entries
                .iter()
                .try_fold(left.checked_sub(entries.len())?, |left, (_, value)| {
                    value.parts_up_to(left)
                }),
            Value::Optional(Some(value)) => value.parts_up_to(left),
            _ => Some(left),
        }
    }

    /// True if the value is one of a type.
    pub(crate) fn is_of(&self, ty: &Type) -> bool {
        match (self, ty) {
            (_, Type::Dyn | Type::Any(_) | Type::Broken) => true,
            (Value::List(items), Type::List(element)) => items.iter().all(|item| item.is_of(element)),
            (Value::Map(entries), Type::Map(key, value)) => {
                entries.iter().all(|(one, other)| one.is_of(key) && other.is_of(value))
            }
            (Value::Optional(inner), Type::Optional(ty)) => inner.as_ref().is_none_or(|value| value.is_of(ty)),
            (Value::List(_) | Value::Map(_) | Value::Optional(_), _) => false,
            _ => self.ty() == *ty,
        }
    }

    /// True if it is what a variable of its type reads on a row that has none: CEL's zero value.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Ip(_) | Value::Cidr(_) | Value::Type(_) => false,
            _ => *self == Value::zero(&self.ty()),
        }
    }

    /// The value as a DataFusion literal of the type's own Arrow type.
    pub(crate) fn scalar(&self, ty: &Type) -> ScalarValue {
        ScalarValue::try_from_array(&array(&[Some(self)], ty), 0).expect("every array the types map to has scalars")
    }
}

/// The type of all values, `dyn` if they differ or there is none.
fn common<'v>(values: impl Iterator<Item = &'v Value>) -> Type {
    values.map(Value::ty).reduce(Type::join).unwrap_or(Type::Dyn)
}

/// Makes an array of values of one type; `None`, or a value of another type, is null.
pub(crate) fn array(values: &[Option<&Value>], ty: &Type) -> ArrayRef {
    macro_rules! flat {
        ($array:ty, $variant:ident, $copy:expr) => {
            Arc::new(<$array>::from_iter(values.iter().map(|value| match value {
                Some(Value::$variant(value)) => Some($copy(value)),
                _ => None,
            })))
        };
    }
    match ty {
        Type::Bool => flat!(BooleanArray, Bool, |value: &bool| *value),
        Type::Int => flat!(Int64Array, Int, |value: &i64| *value),
        Type::Uint => flat!(UInt64Array, Uint, |value: &u64| *value),
        Type::Double => flat!(Float64Array, Double, |value: &f64| *value),
        Type::String => flat!(StringViewArray, String, Arc::clone),
        Type::Bytes => flat!(BinaryViewArray, Bytes, |value: &Arc<[u8]>| value.to_vec()),
        Type::Ip => flat!(BinaryViewArray, Ip, |value: &IpAddr| octets(*value)),
        Type::Cidr => flat!(BinaryViewArray, Cidr, |value: &Cidr| value.to_bytes()),
        Type::Timestamp => {
            let times = values.iter().map(|value| match value {
                Some(Value::Timestamp(value)) => Some(*value),
                _ => None,
            });
            Arc::new(Decimal128Array::from_iter(times).with_data_type(ty.arrow()))
        }
        Type::Duration => flat!(DurationNanosecondArray, Duration, |value: &i64| *value),
        Type::List(element) => lists(values, element, ty),
        Type::Map(key, value) => maps(values, key, value, ty),
        Type::Null | Type::Type | Type::Optional(_) | Type::Dyn | Type::Any(_) | Type::Broken => {
            let boxed = values
                .iter()
                .map(|value| value.filter(|value| value.is_of(ty)).map(boxed::write));
            Arc::new(BinaryViewArray::from_iter(boxed))
        }
    }
}

fn lists(values: &[Option<&Value>], element: &Type, ty: &Type) -> ArrayRef {
    let items = |value: &Option<&Value>| match value {
        Some(Value::List(items)) => Some(items.clone()),
        _ => None,
    };
    let lists: Vec<_> = values.iter().map(items).collect();
    let flat: Vec<_> = lists
        .iter()
        .flatten()
        .flat_map(|items| items.iter().map(Some))
        .collect();
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.as_ref().map_or(0, |items| items.len())));
    let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
    let DataType::List(field) = ty.arrow() else {
        unreachable!("a list type maps to a list")
    };
    Arc::new(ListArray::new(field, offsets, array(&flat, element), Some(nulls)))
}

fn maps(values: &[Option<&Value>], key: &Type, value: &Type, ty: &Type) -> ArrayRef {
    let entries = |value: &Option<&Value>| match value {
        Some(Value::Map(entries)) => Some(entries.clone()),
        _ => None,
    };
    let maps: Vec<_> = values.iter().map(entries).collect();
    let keys: Vec<_> = maps
        .iter()
        .flatten()
        .flat_map(|map| map.iter().map(|(key, _)| Some(key)))
        .collect();
    let items: Vec<_> = maps
        .iter()
        .flatten()
        .flat_map(|map| map.iter().map(|(_, value)| Some(value)))
        .collect();
    let offsets = OffsetBuffer::from_lengths(maps.iter().map(|map| map.as_ref().map_or(0, |entries| entries.len())));
    let nulls: NullBuffer = maps.iter().map(Option::is_some).collect();
    let DataType::Map(field, sorted) = ty.arrow() else {
        unreachable!("a map type maps to a map")
    };
    let DataType::Struct(fields) = field.data_type().clone() else {
        unreachable!("a map holds structs")
    };
    let entries = StructArray::new(fields, vec![array(&keys, key), array(&items, value)], None);
    Arc::new(MapArray::new(field, offsets, entries, Some(nulls), sorted))
}

/// Reads one value of an array of a type's own Arrow type; `None` where it is null.
pub(crate) fn read(array: &dyn Array, row: usize, ty: &Type) -> Option<Value> {
    if array.is_null(row) {
        return None;
    }
    Some(match ty {
        Type::Bool => Value::Bool(array.as_boolean().value(row)),
        Type::Int => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        Type::Uint => Value::Uint(array.as_primitive::<UInt64Type>().value(row)),
        Type::Double => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        Type::String => Value::string(array.as_string_view().value(row)),
        Type::Bytes => Value::Bytes(array.as_binary_view().value(row).into()),
        Type::Ip => Value::Ip(address(array.as_binary_view().value(row))?),
        Type::Cidr => Value::Cidr(Cidr::from_bytes(array.as_binary_view().value(row))?),
        Type::Timestamp => Value::Timestamp(array.as_primitive::<Decimal128Type>().value(row)),
        Type::Duration => Value::Duration(array.as_primitive::<DurationNanosecondType>().value(row)),
        Type::List(element) => {
            let items = array.as_list::<i32>().value(row);
            Value::List(
                (0..items.len())
                    .map(|item| read(&items, item, element))
                    .collect::<Option<_>>()?,
            )
        }
        Type::Map(key, value) => {
            let entries = array.as_map().value(row);
            let pair = |entry| {
                let item = read(entries.column(1), entry, value).unwrap_or_else(|| Value::zero(value));
                Some((read(entries.column(0), entry, key)?, item))
            };
            Value::Map((0..entries.len()).map(pair).collect::<Option<_>>()?)
        }
        Type::Null | Type::Type | Type::Optional(_) | Type::Dyn | Type::Any(_) | Type::Broken => {
            boxed::read(array.as_binary_view().value(row))?
        }
    })
}

/// An address as a column holds it: four or sixteen bytes.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address in four or sixteen bytes.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        crate::eval::equal(self, other)
    }
}

/// Writes the value as KFL writes it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}u"),
            Value::Double(value) if value.is_finite() => write!(f, "{value:?}"),
            Value::Double(value) => write!(f, "double(\"{value}\")"),
            Value::String(value) => f.write_str(&quote(value)),
            Value::Bytes(value) => write!(f, "b{}", quote_bytes(value)),
            Value::Timestamp(value) => write!(f, "timestamp(\"{}\")", time::timestamp_text(*value)),
            Value::Duration(value) => write!(f, "duration(\"{}\")", time::duration_text(*value)),
            Value::Ip(value) => write!(f, "ip(\"{}\")", network::address_text(*value)),
            Value::Cidr(value) => write!(f, "cidr(\"{value}\")"),
            Value::Optional(None) => f.write_str("optional.none()"),
            Value::Optional(Some(value)) => write!(f, "optional.of({value})"),
            Value::Type(name) => f.write_str(name),
            Value::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Map(entries) => {
                f.write_str("{")?;
                for (place, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A string as a KFL literal.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            character if character.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Bytes as a KFL literal, without its prefix.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for &byte in bytes {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            byte => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_arrays() {
        let map = Value::Map([(Value::string("k"), Value::Int(1))].into());
        let cases = [
            (Type::Int, Value::Int(-1)),
            (Type::Timestamp, Value::Timestamp(7)),
            (Type::Null, Value::Null),
            (Type::Dyn, Value::List([Value::Int(1), Value::string("a")].into())),
            (Type::optional(Type::Int), Value::Optional(Some(Value::Int(1).into()))),
            (
                Type::list(Type::Dyn),
                Value::List([Value::Null, Value::Double(-0.0)].into()),
            ),
            (
                Type::list(Type::String),
                Value::List([Value::string("a"), Value::string("")].into()),
            ),
            (
                Type::list(Type::map(Type::String, Type::Int)),
                Value::List([map].into()),
            ),
            (Type::Ip, Value::Ip("::1".parse().unwrap())),
            (Type::Bytes, Value::Bytes([0, 255].into())),
        ];
        for (ty, value) in cases {
            let made = array(&[None, Some(&value)], &ty);
            assert_eq!(made.data_type(), &ty.arrow());
            assert_eq!(read(&made, 0, &ty), None);
            assert_eq!(read(&made, 1, &ty), Some(value.clone()), "{ty}");
            assert_eq!(value.scalar(&ty).data_type(), ty.arrow());
        }
    }
}
