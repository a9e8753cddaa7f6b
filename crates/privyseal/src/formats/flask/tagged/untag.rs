//! Tags back into values.

use super::{Tag, TaggedError, base64};
use crate::formats::flask::date::{self, Unreadable};
use crate::formats::flask::python_int;
use crate::json::push_float;
use crate::value::{Dict, Text, Uuid, Value};

/// Resolves the tags of a value, children first. Recursive: the parser has bounded the depth.
pub(super) fn untag(value: &mut Value) -> Result<(), TaggedError> {
    match value {
        Value::List(items) => items.iter_mut().try_for_each(untag),
        Value::Dict(dict) => {
            dict.iter_mut().try_for_each(|(_, value)| untag(value))?;
            if let Some(tag) = dict.as_single().and_then(|(key, _)| Tag::from_key(key)) {
                let content = std::mem::take(dict)
                    .into_first()
                    .map(|(_, content)| content);
                *value = content
                    .and_then(|content| resolve(tag, content))
                    .ok_or_else(|| TaggedError::malformed(tag))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The value of a tag with this content, itself resolved already; `None` where Flask raises.
fn resolve(tag: Tag, content: Value) -> Option<Value> {
    match tag {
        Tag::Dict => escaped_dict(content),
        Tag::Tuple => tuple(content).map(Value::Tuple),
        Tag::Bytes => bytes(&content).map(Value::Bytes),
        Tag::Markup => markup(content).map(Value::Markup),
        Tag::Uuid => text_of(&content).and_then(uuid).map(Value::Uuid),
        Tag::DateTime => date_time(&content),
    }
}

/// The first pair of the inner dict, whatever the last two characters of its key are.
fn escaped_dict(content: Value) -> Option<Value> {
    let (key, value) = content.into_dict()?.into_first()?;
    Some(Value::Dict(Dict::from_iter([(key.without_last(2), value)])))
}

/// `tuple(content)`: everything that Python can iterate over.
fn tuple(content: Value) -> Option<Vec<Value>> {
    Some(match content {
        Value::List(items) | Value::Tuple(items) => items,
        Value::Str(text) | Value::Markup(text) => text
            .code_points()
            .map(|point| Text::from_code_point(point).into())
            .collect(),
        Value::Dict(dict) => dict.into_iter().map(|(key, _)| key.into()).collect(),
        Value::Bytes(bytes) => bytes.into_iter().map(Value::from).collect(),
        _ => return None,
    })
}

/// `b64decode(content)`: bytes are taken as ASCII text, text must be ASCII.
fn bytes(content: &Value) -> Option<Vec<u8>> {
    match content {
        Value::Bytes(text) => base64::decode(text),
        _ => text_of(content)
            .map(Text::as_wtf8)
            .filter(|text| text.is_ascii())
            .and_then(base64::decode),
    }
}

/// `Markup(content)`: the `str()` of the simple kinds.
fn markup(content: Value) -> Option<Text> {
    Some(match content {
        Value::Str(text) | Value::Markup(text) => text,
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Int(number) => number.to_string().into(),
        Value::BigInt(number) => number.as_str().into(),
        Value::Float(number) => float_text(number),
        Value::Uuid(bytes) => Uuid(bytes).to_string().into(),
        // The zone that a datetime's text had is gone, and `repr` is another language.
        Value::DateTime(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Dict(_)
        | Value::Tuple(_) => return None,
    })
}

/// `str()` of a float: JSON's spelling except for what is not finite.
fn float_text(number: f64) -> Text {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.into();
    }
    let mut out = Vec::new();
    push_float(&mut out, number);
    Text::from_wtf8(out)
}

/// `UUID(content)`: 32 hexadecimal digits after prefixes, braces and dashes are taken away.
fn uuid(text: &Text) -> Option<[u8; 16]> {
    // What a real serializer wrote, at a fraction of the cost.
    if let Some(digits) = text.as_str()
        && digits.len() == 32
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    {
        return u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
    }
    // No surrogate is part of a UUID, so replacing it makes no text one.
    let text = text
        .to_string_lossy()
        .replace("urn:", "")
        .replace("uuid:", "");
    let digits = text.trim_matches(['{', '}']).replace('-', "");
    if digits.chars().count() != 32 {
        return None;
    }
    python_int::hexadecimal(&digits).map(u128::to_be_bytes)
}

/// `parse_date(content)`: what is no date is `None` to Python, unless it is not even text.
fn date_time(content: &Value) -> Option<Value> {
    let is_empty = match content {
        // Splitting bytes works; comparing the parts with text then does not, quietly.
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::Bytes(_) => true,
        Value::Float(number) => *number == 0.0,
        Value::List(items) | Value::Tuple(items) => items.is_empty(),
        Value::Dict(dict) => dict.is_empty(),
        _ => false,
    };
    if is_empty {
        return Some(Value::Null);
    }
    match date::parse(&text_of(content)?.to_string_lossy()) {
        Ok(instant) => Some(instant.into()),
        Err(Unreadable::NoDate) => Some(Value::Null),
        Err(Unreadable::OutOfRange) => None,
    }
}

/// The text of a `str` or `Markup`, which is one, too.
fn text_of(content: &Value) -> Option<&Text> {
    match content {
        Value::Str(text) | Value::Markup(text) => Some(text),
        _ => None,
    }
}
