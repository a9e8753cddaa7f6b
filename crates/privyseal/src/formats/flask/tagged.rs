//! Flask's tagged JSON: what a session cookie holds between signature and value.
//!
//! JSON has no tuple, bytes, markup, UUID or datetime. Flask writes each as an object with one
//! key, its tag, which starts with a space: `{" t":[1,2]}`. A dict of the application that looks
//! like that is escaped with a sixth tag, `{" di":{" t__":…}}`.

mod base64;
mod untag;

use std::fmt;

use crate::json::{
    self, JsonError, deeper, in_order, push_float, push_formatted, push_int, push_text,
};
use crate::value::{Dict, Text, Value};

/// How many levels of JSON [`dumps`] nests at most; a tag is a level, too.
///
/// Flask's reader and writer recurse in Python, and on CPython's default limits fail beyond 498
/// levels read and 331 written, fewer inside a request. A session that [`dumps`] writes is one
/// that Flask can read and write again.
pub const MAX_WRITE_DEPTH: usize = 200;

/// Writes a value as Flask's `session_json_serializer` does: compact, ASCII, kinds tagged.
///
/// Inside a Flask application, which is where cookies are made, keys are sorted at every level;
/// without `sort_keys` they keep their order, as in a bare Python script.
///
/// # Errors
/// When the value is nested deeper than [`MAX_WRITE_DEPTH`].
///
/// # Examples
/// ```
/// # use privyseal::formats::flask::tagged::{self, TaggedError};
/// # use privyseal::value::{Dict, Value};
/// let mut session = Dict::new();
/// session.insert("point", Value::Tuple(vec![Value::Int(1), Value::Int(2)]));
/// session.insert("name", "Zoë");
/// let session = Value::Dict(session);
///
/// let json = tagged::dumps(&session, true)?;
/// assert_eq!(json, br#"{"name":"Zo\u00eb","point":{" t":[1,2]}}"#);
/// assert_eq!(tagged::loads(&json)?, session);
/// # Ok::<(), TaggedError>(())
/// ```
pub fn dumps(value: &Value, sort_keys: bool) -> Result<Vec<u8>, TaggedError> {
    let mut writer = Writer {
        out: Vec::with_capacity(128),
        sort_keys,
    };
    writer.value(value, MAX_WRITE_DEPTH)?;
    Ok(writer.out)
}

/// Reads tagged JSON as Flask does: tags are resolved from the inside out.
///
/// Two contents that Flask takes are refused here: markup made of a list, dict, tuple or bytes
/// (Flask shows Python's `repr` of it), and a datetime whose time zone moves it beyond year 9999.
///
/// # Errors
/// When the bytes are not JSON as [`json::parse`] takes it, or a tag holds what its type cannot be
/// made of: for Flask, both are a bad payload.
pub fn loads(bytes: &[u8]) -> Result<Value, TaggedError> {
    let mut value = json::parse(bytes)?;
    untag::untag(&mut value)?;
    Ok(value)
}

/// Why bytes are no tagged JSON, or a value cannot be written as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedError(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Json(JsonError),
    Tag(Tag),
}

impl TaggedError {
    fn malformed(tag: Tag) -> Self {
        Self(Reason::Tag(tag))
    }
}

impl From<JsonError> for TaggedError {
    fn from(error: JsonError) -> Self {
        Self(Reason::Json(error))
    }
}

impl fmt::Display for TaggedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Json(error) => error.fmt(f),
            Reason::Tag(tag) => write!(f, "malformed content of the tag {:?}", tag.key()),
        }
    }
}

impl std::error::Error for TaggedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Json(error) => Some(error),
            Reason::Tag(_) => None,
        }
    }
}

/// The six tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Dict,
    Tuple,
    Bytes,
    Markup,
    Uuid,
    DateTime,
}

impl Tag {
    fn from_key(key: &Text) -> Option<Self> {
        Some(match key.as_wtf8() {
            b" di" => Self::Dict,
            b" t" => Self::Tuple,
            b" b" => Self::Bytes,
            b" m" => Self::Markup,
            b" u" => Self::Uuid,
            b" d" => Self::DateTime,
            _ => return None,
        })
    }

    fn key(self) -> &'static str {
        match self {
            Self::Dict => " di",
            Self::Tuple => " t",
            Self::Bytes => " b",
            Self::Markup => " m",
            Self::Uuid => " u",
            Self::DateTime => " d",
        }
    }
}

struct Writer {
    out: Vec<u8>,
    sort_keys: bool,
}

impl Writer {
    /// Recursive; `room` is how many levels may still follow.
    fn value(&mut self, value: &Value, room: usize) -> Result<(), JsonError> {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(true) => self.push("true"),
            Value::Bool(false) => self.push("false"),
            Value::Int(number) => push_int(&mut self.out, *number),
            Value::BigInt(number) => self.push(number.as_str()),
            Value::Float(number) => push_float(&mut self.out, *number),
            Value::Str(text) => push_text(&mut self.out, text, true)?,
            Value::List(items) => self.list(items, room)?,
            Value::Dict(dict) => match dict.as_single() {
                Some((key, value)) if Tag::from_key(key).is_some() => {
                    self.escaped(key, value, room)?;
                }
                _ => self.dict(dict, room)?,
            },
            Value::Tuple(items) => {
                let room = self.open(Tag::Tuple, room)?;
                self.list(items, room)?;
                self.push("}");
            }
            Value::Bytes(bytes) => {
                self.open(Tag::Bytes, room)?;
                self.push("\"");
                base64::push(&mut self.out, bytes);
                self.push("\"}");
            }
            Value::Markup(text) => {
                self.open(Tag::Markup, room)?;
                push_text(&mut self.out, text, true)?;
                self.push("}");
            }
            Value::Uuid(bytes) => {
                self.open(Tag::Uuid, room)?;
                push_formatted(
                    &mut self.out,
                    format_args!("\"{:032x}\"}}", u128::from_be_bytes(*bytes)),
                );
            }
            Value::DateTime(instant) => {
                self.open(Tag::DateTime, room)?;
                push_formatted(&mut self.out, format_args!("\"{instant}\"}}"));
            }
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value], room: usize) -> Result<(), JsonError> {
        let room = deeper(room)?;
        self.push("[");
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.push(",");
            }
            self.value(item, room)?;
        }
        self.push("]");
        Ok(())
    }

    fn dict(&mut self, dict: &Dict, room: usize) -> Result<(), JsonError> {
        let room = deeper(room)?;
        self.push("{");
        in_order(dict, self.sort_keys, |place, key, value| {
            if place > 0 {
                self.push(",");
            }
            push_text(&mut self.out, key, true)?;
            self.push(":");
            self.value(value, room)
        })?;
        self.push("}");
        Ok(())
    }

    /// A dict whose only key looks like a tag.
    fn escaped(&mut self, key: &Text, value: &Value, room: usize) -> Result<(), JsonError> {
        let room = deeper(self.open(Tag::Dict, room)?)?;
        self.push("{");
        push_text(&mut self.out, key, true)?;
        // The escape goes inside the key's closing quote.
        self.out.pop();
        self.push("__\":");
        self.value(value, room)?;
        self.push("}}");
        Ok(())
    }

    /// Opens the object of a tag, up to its content.
    fn open(&mut self, tag: Tag, room: usize) -> Result<usize, JsonError> {
        self.push("{\"");
        self.push(tag.key());
        self.push("\":");
        deeper(room)
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests;
