//! Types for the fields of typed sessions that hold what only Python has.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bridge::Kind;
use super::{BigInt, DateTime, Dict, Text, Value, from_value};

/// A Python `bytes` object. Other formats see serde's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

/// A Python `markupsafe.Markup`: HTML that templates insert without escaping.
///
/// # Security
/// Make one only of text that is safe as HTML. Deserializing takes plain text too, because other
/// formats (JSON) know nothing else: do not deserialize a request into a type with such a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Markup(pub String);

/// A Python `uuid.UUID`, most significant byte first. Other formats see its text with dashes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// A Python `tuple` of like items. Other formats see a list.
///
/// # Examples
/// ```
/// # use privyseal::value::{Tuple, Value, ValueError, to_value};
/// let point = to_value(&Tuple(vec![1, 2]))?;
/// assert_eq!(point, Value::Tuple(vec![Value::Int(1), Value::Int(2)]));
/// # Ok::<(), ValueError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple<T>(pub Vec<T>);

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl From<Markup> for Text {
    fn from(markup: Markup) -> Self {
        markup.0.into()
    }
}

impl From<Uuid> for [u8; 16] {
    fn from(uuid: Uuid) -> Self {
        uuid.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let dash = if matches!(place, 4 | 6 | 8 | 10) {
                "-"
            } else {
                ""
            };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A UUID of 32 hexadecimal digits, with dashes anywhere or nowhere.
pub(super) fn uuid_from_text(text: &str) -> Option<[u8; 16]> {
    let mut number: u128 = 0;
    let mut digits = 0;
    for character in text.chars().filter(|character| *character != '-') {
        number = number << 4 | u128::from(character.to_digit(16)?);
        digits += 1;
    }
    (digits == 32).then(|| number.to_be_bytes())
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl Serialize for Markup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Kind::Markup.name(), &self.0)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Kind::Uuid.name(), &Printed(self))
    }
}

impl Serialize for DateTime {
    /// Other formats see the text that [`Display`](fmt::Display) writes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Kind::DateTime.name(), &Printed(self))
    }
}

impl<T: Serialize> Serialize for Tuple<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Kind::Tuple.name(), &self.0)
    }
}

impl Serialize for BigInt {
    /// Other formats see a number up to 128 bits, beyond that the decimal text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(number) = self.as_str().parse::<u64>() {
            serializer.serialize_u64(number)
        } else if let Ok(number) = self.as_str().parse::<i128>() {
            serializer.serialize_i128(number)
        } else {
            serializer.serialize_newtype_struct(Kind::BigInt.name(), self.as_str())
        }
    }
}

impl Serialize for Text {
    /// Text with lone surrogates has no form elsewhere: other formats see bytes, UTF-8 extended to
    /// surrogates.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_newtype_struct(Kind::OddText.name(), &OddText(self)),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl Serialize for Value {
    /// Lossless through [`to_value`](super::to_value); other formats see the plain form that each
    /// kind's own type describes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::BigInt(value) => value.serialize(serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => text.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Dict(dict) => dict.serialize(serializer),
            Self::Tuple(items) => serializer.serialize_newtype_struct(Kind::Tuple.name(), items),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Markup(text) => serializer.serialize_newtype_struct(Kind::Markup.name(), text),
            Self::Uuid(bytes) => Uuid(*bytes).serialize(serializer),
            Self::DateTime(instant) => instant.serialize(serializer),
        }
    }
}

/// Serializes as printed.
struct Printed<T>(T);

impl<T: fmt::Display> Serialize for Printed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The bytes of text with lone surrogates.
struct OddText<'a>(&'a Text);

impl Serialize for OddText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_wtf8())
    }
}

/// Deserializes a [`Value`] and takes it as one kind, or says what it was instead.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    take: impl FnOnce(Value) -> Result<T, Value>,
) -> Result<T, D::Error> {
    take(Value::deserialize(deserializer)?).map_err(|other| {
        D::Error::custom(format_args!(
            "expected {expected}, found {}",
            other.type_name()
        ))
    })
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "bytes", |value| match value {
            Value::Bytes(bytes) => Ok(Self(bytes)),
            // JSON writers spell bytes as a list of numbers.
            Value::List(items) => items
                .iter()
                .map(|item| item.as_i64().and_then(|byte| u8::try_from(byte).ok()))
                .collect::<Option<_>>()
                .map(Self)
                .ok_or(Value::List(items)),
            other => Err(other),
        })
    }
}

impl<'de> Deserialize<'de> for Markup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "markup", |value| match &value {
            Value::Markup(text) | Value::Str(text) => {
                text.as_str().map(|text| Self(text.to_owned())).ok_or(value)
            }
            _ => Err(value),
        })
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "a UUID", |value| match &value {
            Value::Uuid(bytes) => Ok(Self(*bytes)),
            _ => value
                .as_str()
                .and_then(uuid_from_text)
                .map(Self)
                .ok_or(value),
        })
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "a datetime", |value| match &value {
            Value::DateTime(instant) => Ok(*instant),
            _ => value
                .as_str()
                .and_then(|text| text.parse().ok())
                .ok_or(value),
        })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Tuple<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = read(deserializer, "a tuple", |value| match value {
            Value::Tuple(items) | Value::List(items) => Ok(items),
            other => Err(other),
        })?;
        items
            .iter()
            .map(from_value)
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for BigInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(
            deserializer,
            "an integer beyond 64 bits",
            |value| match value {
                Value::BigInt(number) => Ok(number),
                other => other.as_str().and_then(Self::new).ok_or(other),
            },
        )
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "text", |value| match value {
            Value::Str(text) => Ok(text),
            other => Err(other),
        })
    }
}

impl<'de> Deserialize<'de> for Dict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "a dict", |value| match value {
            Value::Dict(dict) => Ok(dict),
            other => Err(other),
        })
    }
}
