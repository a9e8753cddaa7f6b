//! Session values in JSON that keeps apart what Python keeps apart, as `interop/flask_app.py`
//! renders and reads them.

use privyseal::value::{BigInt, DateTime, Dict, Text, Value};
use serde_json::{Value as Json, json};

/// The rendering of a value.
///
/// # Panics
/// When there is a new kind of value that this does not know.
pub fn typed(value: &Value) -> Json {
    let all = |items: &[Value]| items.iter().map(typed).collect::<Vec<_>>();
    match value {
        Value::Null => json!(["null"]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => json!(["int", value.to_string()]),
        Value::BigInt(value) => json!(["int", value.as_str()]),
        Value::Float(value) => json!(["float", hex_float(*value)]),
        Value::Str(text) => json!(["str", hex(text)]),
        Value::Markup(text) => json!(["markup", hex(text)]),
        Value::Bytes(bytes) => json!(["bytes", hex_bytes(bytes)]),
        Value::Uuid(bytes) => json!(["uuid", hex_bytes(bytes)]),
        Value::DateTime(instant) => json!(["datetime", instant.unix_seconds().to_string()]),
        Value::List(items) => json!(["list", all(items)]),
        Value::Tuple(items) => json!(["tuple", all(items)]),
        Value::Dict(dict) => typed_dict(dict),
        other => panic!("a {} has no rendering", other.type_name()),
    }
}

/// The rendering of a dict, its keys in the order of their rendering.
pub fn typed_dict(dict: &Dict) -> Json {
    let mut pairs: Vec<(String, Json)> = dict
        .iter()
        .map(|(key, value)| (hex(key), typed(value)))
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    json!(["dict", pairs])
}

/// The value of a rendering; `None` when it is none.
pub fn untyped(rendering: &Json) -> Option<Value> {
    let kind = rendering.get(0)?.as_str()?;
    let content = rendering.get(1);
    let text = || content?.as_str();
    let all = || -> Option<Vec<Value>> { content?.as_array()?.iter().map(untyped).collect() };
    Some(match kind {
        "null" => Value::Null,
        "bool" => Value::Bool(content?.as_bool()?),
        "int" => match text()?.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::BigInt(BigInt::new(text()?)?),
        },
        "float" if text()? == "nan" => Value::Float(f64::NAN),
        "float" => Value::Float(f64::from_bits(u64::from_str_radix(text()?, 16).ok()?)),
        "str" => Value::Str(unhex(text()?)?),
        "markup" => Value::Markup(unhex(text()?)?),
        "bytes" => Value::Bytes(unhex_bytes(text()?)?),
        "uuid" => Value::Uuid(unhex_bytes(text()?)?.try_into().ok()?),
        "datetime" => Value::DateTime(DateTime::from_unix_seconds(text()?.parse().ok()?)?),
        "list" => Value::List(all()?),
        "tuple" => Value::Tuple(all()?),
        "dict" => {
            let mut dict = Dict::new();
            for pair in content?.as_array()? {
                dict.insert(unhex(pair.get(0)?.as_str()?)?, untyped(pair.get(1)?)?);
            }
            Value::Dict(dict)
        }
        _ => return None,
    })
}

fn hex(text: &Text) -> String {
    let units = text.to_utf16();
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_be_bytes).collect();
    hex_bytes(&bytes)
}

fn unhex(text: &str) -> Option<Text> {
    let bytes = unhex_bytes(text)?;
    let (units, []) = bytes.as_chunks() else {
        return None;
    };
    let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
    Some(Text::from_utf16(&units))
}

fn hex_bytes(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(digit).collect()
}

fn unhex_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digits = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(|pair| digits(pair)).collect()
}

/// The number's bits; all NaNs are one.
fn hex_float(number: f64) -> String {
    if number.is_nan() {
        "nan".to_owned()
    } else {
        format!("{:016x}", number.to_bits())
    }
}
