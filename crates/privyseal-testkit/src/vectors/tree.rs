//! The typed tree in which the vectors spell Python values.

use anyhow::{Context as _, Result, bail};
use privyseal::value::{BigInt, DateTime, Dict, Text, Value};
use serde_json::Value as Json;

use super::line::unhex;

/// The value of a tree `{k: kind, v: content}`.
pub(super) fn value(tree: &Json) -> Result<Value> {
    let content = tree.get("v");
    let text = || {
        content
            .and_then(Json::as_str)
            .context("the content is a text")
    };
    let items = || {
        content
            .and_then(Json::as_array)
            .context("the content is a list")
    };
    let kind = tree
        .get("k")
        .and_then(Json::as_str)
        .context("a tree has a kind")?;
    Ok(match kind {
        "null" => Value::Null,
        "bool" => Value::Bool(content.and_then(Json::as_bool).context("a bool")?),
        "int" => int(text()?)?,
        "float" => Value::Float(match text()? {
            "nan" => f64::NAN,
            other => other.parse()?,
        }),
        "str" => Value::from(text()?),
        "str_utf16" => {
            let units = items()?.iter().map(|unit| {
                unit.as_u64()
                    .and_then(|unit| u16::try_from(unit).ok())
                    .context("a UTF-16 unit")
            });
            Value::Str(Text::from_utf16(&units.collect::<Result<Vec<_>>>()?))
        }
        "list" => Value::List(items()?.iter().map(value).collect::<Result<_>>()?),
        "tuple" => Value::Tuple(items()?.iter().map(value).collect::<Result<_>>()?),
        "dict" => Value::Dict(dict(items()?)?),
        "bytes" => Value::Bytes(unhex(
            tree.get("hex").and_then(Json::as_str).context("hex")?,
        )?),
        "markup" => Value::Markup(Text::from(text()?)),
        "uuid" => {
            let hex: String = text()?.chars().filter(|&letter| letter != '-').collect();
            Value::Uuid(unhex(&hex)?.as_slice().try_into()?)
        }
        "datetime" => {
            let seconds = tree.get("unix").and_then(Json::as_i64).context("seconds")?;
            Value::DateTime(DateTime::from_unix_seconds(seconds).context("a year up to 9999")?)
        }
        other => bail!("unknown kind `{other}`"),
    })
}

/// Any JSON as the value that Python's `json` makes of it.
pub(super) fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(plain).collect()),
        Json::Object(object) => {
            let mut dict = Dict::new();
            for (key, value) in object {
                dict.insert(key.as_str(), plain(value));
            }
            Value::Dict(dict)
        }
    }
}

/// Whether two values are the same, dictionaries in the same order and NaN equal to itself.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    format!("{left:?}") == format!("{right:?}")
}

fn int(text: &str) -> Result<Value> {
    match text.parse() {
        Ok(small) => Ok(Value::Int(small)),
        Err(_) => Ok(Value::BigInt(BigInt::new(text).context("an integer")?)),
    }
}

fn dict(pairs: &[Json]) -> Result<Dict> {
    let mut dict = Dict::new();
    for pair in pairs {
        let key = match pair.get(0).context("a pair has a key")? {
            Json::String(key) => Text::from(key.as_str()),
            tree => match value(tree)? {
                Value::Str(text) => text,
                _ => bail!("a key is a text"),
            },
        };
        dict.insert(key, value(pair.get(1).context("a pair has a value")?)?);
    }
    Ok(dict)
}
