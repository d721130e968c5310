//! Types of the language, and the Arrow type that a column of each has inside a query.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};

/// Names that stand for types: `type(x) == int`.
pub(crate) const NAMES: &[&str] = &[
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "optional_type",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "net.IP",
    "net.CIDR",
];

/// A type of the language.
#[allow(clippy::enum_variant_names, reason = "the type of types is called `type`")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Null,
    Ip,
    Cidr,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// A value, or none.
    Optional(Box<Type>),
    /// The type of types: what `type(x)` gives.
    Type,
    /// A value whose operators are chosen, and may fail, when the filter runs.
    Dyn,
    /// A variable of a signature: `T`.
    Any(char),
    /// The type of what was refused: it fits everywhere, so that one mistake is reported once.
    Broken,
}

impl Type {
    pub(crate) fn list(element: Type) -> Self {
        Type::List(Box::new(element))
    }

    pub(crate) fn map(key: Type, value: Type) -> Self {
        Type::Map(Box::new(key), Box::new(value))
    }

    pub(crate) fn optional(value: Type) -> Self {
        Type::Optional(Box::new(value))
    }

    /// The type that values of both are of: `dyn` where they differ.
    pub(crate) fn join(self, other: Type) -> Type {
        match (self, other) {
            (one, other) if one == other => one,
            // What was refused fits everywhere, and what an empty list holds is anything.
            (Type::Broken | Type::Any(_), other) | (other, Type::Broken | Type::Any(_)) => other,
            (Type::List(one), Type::List(other)) => Type::list(one.join(*other)),
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                Type::map(key.join(*other_key), value.join(*other_value))
            }
            (Type::Optional(one), Type::Optional(other)) => Type::optional(one.join(*other)),
            _ => Type::Dyn,
        }
    }

    /// True if values of the type hold others.
    pub(crate) fn has_parts(&self) -> bool {
        matches!(self, Type::List(_) | Type::Map(..) | Type::Optional(_))
    }

    /// True if a value of the type may be anything, as a whole or in a part.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Type::Dyn | Type::Any(_) | Type::Broken => true,
            Type::List(inner) | Type::Optional(inner) => inner.is_open(),
            Type::Map(key, value) => key.is_open() || value.is_open(),
            _ => false,
        }
    }

    /// What an optional holds; of another type, the type itself.
    pub(crate) fn inside(&self) -> &Type {
        match self {
            Type::Optional(value) => value,
            ty => ty,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Uint | Type::Double)
    }

    /// True if values of the type have an order.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(
            self,
            Type::Bool | Type::String | Type::Bytes | Type::Timestamp | Type::Duration
        ) || self.is_number()
    }

    /// The Arrow type of a column of this type inside a query: what kernels take and give. Times are 128 bits of
    /// nanoseconds, because the years 1 to 9999 do not fit the 64 bits of stored columns.
    pub(crate) fn arrow(&self) -> DataType {
        match self {
            Type::Bool => DataType::Boolean,
            Type::Int => DataType::Int64,
            Type::Uint => DataType::UInt64,
            Type::Double => DataType::Float64,
            Type::String => DataType::Utf8View,
            Type::Bytes | Type::Ip | Type::Cidr => DataType::BinaryView,
            Type::Timestamp => DataType::Decimal128(38, 0),
            Type::Duration => DataType::Duration(TimeUnit::Nanosecond),
            Type::List(element) => DataType::List(Arc::new(Field::new_list_field(element.arrow(), true))),
            Type::Map(key, value) => {
                let entries = vec![
                    Field::new("key", key.arrow(), false),
                    Field::new("value", value.arrow(), true),
                ];
                DataType::Map(
                    Arc::new(Field::new("key_value", DataType::Struct(entries.into()), false)),
                    false,
                )
            }
            Type::Null | Type::Type | Type::Optional(_) | Type::Dyn | Type::Any(_) | Type::Broken => {
                DataType::BinaryView
            }
        }
    }

    /// The name that `type(x)` gives of a value of the type.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::Duration => "google.protobuf.Duration",
            Type::Null => "null_type",
            Type::Ip => "net.IP",
            Type::Cidr => "net.CIDR",
            Type::List(_) => "list",
            Type::Map(..) => "map",
            Type::Optional(_) => "optional_type",
            Type::Type => "type",
            Type::Dyn | Type::Any(_) | Type::Broken => "dyn",
        }
    }

    /// The Arrow type of a column of this type in an answer: as tables are stored, times in 64 bits.
    pub(crate) fn stored(&self) -> DataType {
        match self {
            Type::Timestamp => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            ty => ty.arrow(),
        }
    }

    /// Reads a type as [`fmt::Display`] writes it; a single capital is a variable.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(element) = text.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')')) {
            return Type::parse(element).map(Type::list);
        }
        if let Some(value) = text.strip_prefix("optional(").and_then(|rest| rest.strip_suffix(')')) {
            return Type::parse(value).map(Type::optional);
        }
        if let Some(inside) = text.strip_prefix("map(").and_then(|rest| rest.strip_suffix(')')) {
            let (key, value) = inside.split_once(',')?;
            return Some(Type::map(Type::parse(key)?, Type::parse(value)?));
        }
        Some(match text {
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "null" | "null_type" => Type::Null,
            "type" => Type::Type,
            "ip" => Type::Ip,
            "cidr" => Type::Cidr,
            "dyn" => Type::Dyn,
            _ => match text.as_bytes() {
                [letter @ b'A'..=b'Z'] => Type::Any(char::from(*letter)),
                _ => return None,
            },
        })
    }
}

impl From<schema::Type> for Type {
    fn from(ty: schema::Type) -> Self {
        match ty {
            schema::Type::Bool => Type::Bool,
            schema::Type::Int => Type::Int,
            schema::Type::Double => Type::Double,
            schema::Type::String => Type::String,
            schema::Type::Bytes => Type::Bytes,
            schema::Type::Timestamp => Type::Timestamp,
            schema::Type::Strings => Type::list(Type::String),
            schema::Type::Ints => Type::list(Type::Int),
            schema::Type::StringMap => Type::map(Type::String, Type::String),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Uint => f.write_str("uint"),
            Type::Double => f.write_str("double"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::Null => f.write_str("null"),
            Type::Ip => f.write_str("ip"),
            Type::Cidr => f.write_str("cidr"),
            Type::List(element) => write!(f, "list({element})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Optional(value) => write!(f, "optional({value})"),
            Type::Type => f.write_str("type"),
            Type::Dyn => f.write_str("dyn"),
            Type::Any(letter) => write!(f, "{letter}"),
            Type::Broken => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Type;

    #[test]
    fn types_print_as_they_parse() {
        for text in [
            "int",
            "list(string)",
            "map(string, list(T))",
            "list(map(K, V))",
            "cidr",
            "dyn",
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Type::parse("listing"), None);
    }
}
