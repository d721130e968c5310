//! Values as JSON: each an object with its type. Ints and uints are decimal strings, doubles decimal strings or `NaN`,
//! `Infinity`, `-Infinity`, bytes base64, maps lists of pairs.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::functions::{calendar, network, time};
use crate::value::Value;

/// Values inside each other: more is no value that anybody writes.
const DEPTH: usize = 100;

/// Reads a value.
pub(super) fn read(json: &Json) -> Result<Value, String> {
    within(json, DEPTH)
}

fn within(json: &Json, depth: usize) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or("expected values fewer levels deep")?;
    let ty = json
        .get("type")
        .and_then(Json::as_str)
        .ok_or("expected an object with a type")?;
    let value = json.get("value").unwrap_or(&Json::Null);
    let text = || match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err(format!("expected text for a value of type {ty}, found {value}")),
    };
    let wrong = || format!("expected a value of type {ty}, found {value}");
    let items = || value.as_array().ok_or_else(wrong);
    Ok(match ty {
        "null" | "null_type" => Value::Null,
        "bool" => Value::Bool(value.as_bool().ok_or_else(wrong)?),
        "int" => Value::Int(text()?.parse().map_err(|_| wrong())?),
        "uint" => Value::Uint(text()?.parse().map_err(|_| wrong())?),
        "double" => Value::Double(double(&text()?).ok_or_else(wrong)?),
        "string" => Value::string(text()?),
        "bytes" => {
            let text = json.get("base64").and_then(Json::as_str).ok_or_else(wrong)?;
            Value::Bytes(STANDARD.decode(text).map_err(|_| wrong())?.into())
        }
        "timestamp" => Value::Timestamp(calendar::parse_timestamp(&text()?).ok_or_else(wrong)?),
        "duration" => Value::Duration(time::parse_duration(&text()?).ok_or_else(wrong)?),
        "type" => Value::Type(text()?.into()),
        "list" => Value::List(
            items()?
                .iter()
                .map(|item| within(item, depth))
                .collect::<Result<_, _>>()?,
        ),
        "map" => {
            let pair = |pair: &Json| match pair.as_array().map(Vec::as_slice) {
                Some([key, value]) => Ok((within(key, depth)?, within(value, depth)?)),
                _ => Err(wrong()),
            };
            Value::Map(items()?.iter().map(pair).collect::<Result<_, _>>()?)
        }
        "optional" | "optional_type" => match value {
            Json::Null => Value::Optional(None),
            inner => Value::Optional(Some(Arc::new(within(inner, depth)?))),
        },
        _ => return Err(format!("expected a type of KFL, found `{ty}`")),
    })
}

fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    }
}

/// Writes a value.
pub(super) fn write(value: &Value) -> Json {
    match value {
        Value::Null => json!({"type": "null", "value": null}),
        Value::Bool(value) => json!({"type": "bool", "value": value}),
        Value::Int(value) => json!({"type": "int", "value": value.to_string()}),
        Value::Uint(value) => json!({"type": "uint", "value": value.to_string()}),
        Value::Double(value) => json!({"type": "double", "value": double_text(*value)}),
        Value::String(value) => json!({"type": "string", "value": &**value}),
        Value::Bytes(value) => json!({"type": "bytes", "base64": STANDARD.encode(value)}),
        Value::Timestamp(value) => json!({"type": "timestamp", "value": time::timestamp_text(*value)}),
        Value::Duration(value) => json!({"type": "duration", "value": time::duration_text(*value)}),
        Value::Ip(value) => json!({"type": "net.IP", "value": network::address_text(*value)}),
        Value::Cidr(value) => json!({"type": "net.CIDR", "value": value.to_string()}),
        Value::Type(name) => json!({"type": "type", "value": &**name}),
        Value::List(items) => json!({"type": "list", "value": items.iter().map(write).collect::<Vec<_>>()}),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|(key, value)| json!([write(key), write(value)]));
            json!({"type": "map", "value": pairs.collect::<Vec<_>>()})
        }
        Value::Optional(None) => json!({"type": "optional", "value": null}),
        Value::Optional(Some(value)) => json!({"type": "optional", "value": write(value)}),
    }
}

fn double_text(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        value => format!("{value:?}"),
    }
}
