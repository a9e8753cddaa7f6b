//! The bridge between Rust types and [`Value`]s.
//!
//! The kinds that serde's data model lacks travel through it out of band: a [`Kind`] is named by
//! a constant of this crate, as the name of a newtype when writing and as a numbered pair inside a
//! newtype when reading. Data cannot spell either, so text from a request never turns into
//! [`Value::Markup`] on its way through a typed session.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::de::ValueDeserializer;
use super::ser::ValueSerializer;
use super::{BigInt, Text, Value, kinds};

/// How many lists, dicts and tuples may lie inside one another in [`to_value`] and [`from_value`].
///
/// serde works by recursion, so the depth of a value is stack; this is `serde_json`'s bound, too.
pub const MAX_DEPTH: usize = 128;

/// The value that a serializable Rust value stands for.
///
/// The shapes are those of `serde_json` (structs are dicts, an enum variant with data is a dict with
/// one key, Rust tuples are lists), with two differences: bytes become [`Value::Bytes`], and
/// integers beyond 64 bits and all floats are kept. Use [`Tuple`](super::Tuple),
/// [`Markup`](super::Markup), [`Uuid`](super::Uuid), [`DateTime`](super::DateTime) or [`Value`] as
/// field types for what only Python has.
///
/// # Errors
/// When a map key is no text, number or boolean, when the value lies deeper than [`MAX_DEPTH`], or
/// when `T` refuses.
///
/// # Examples
/// ```
/// # use privyseal::value::{Value, ValueError, from_value, to_value};
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Visitor {
///     name: String,
///     visits: u32,
/// }
///
/// let visitor = Visitor { name: "Ada".into(), visits: 3 };
/// let value = to_value(&visitor)?;
/// assert_eq!(value.as_dict().and_then(|dict| dict.get("visits")), Some(&Value::Int(3)));
/// assert_eq!(from_value::<Visitor>(&value)?, visitor);
/// # Ok::<(), ValueError>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
    value.serialize(ValueSerializer::new())
}

/// Reads a Rust value out of a [`Value`]; the inverse of [`to_value`].
///
/// A field that asks for less than the value has gets it: markup reads as a `String`, a tuple as a
/// `Vec`, a UUID or datetime as its text. A field of type [`Value`] keeps everything, also behind
/// `#[serde(flatten)]`.
///
/// # Errors
/// When the shapes do not fit, or the value lies deeper than [`MAX_DEPTH`].
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ValueError> {
    T::deserialize(ValueDeserializer::new(value))
}

/// Why a Rust type and a [`Value`] do not fit each other.
///
/// The message can name fields and types and quote data, as serde's messages do: it is for
/// developers, not for visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(Box<str>);

impl ValueError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    pub(super) fn too_deep() -> Self {
        Self::new(format_args!(
            "the value is nested deeper than {MAX_DEPTH} levels"
        ))
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ValueError {}

impl serde::ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

/// A kind of value that serde's data model lacks, with the plain value it travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// In [`Value::Str`], decimal.
    BigInt,
    /// Text with lone surrogates, in [`Value::Bytes`], extended UTF-8.
    OddText,
    /// In [`Value::List`].
    Tuple,
    /// In [`Value::Str`].
    Markup,
    /// In [`Value::Str`], with dashes.
    Uuid,
    /// In [`Value::Str`], as printed.
    DateTime,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::BigInt,
        Self::OddText,
        Self::Tuple,
        Self::Markup,
        Self::Uuid,
        Self::DateTime,
    ];

    /// The newtype name that carries the kind to our own serializer.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BigInt => "privyseal::value::BigInt",
            Self::OddText => "privyseal::value::Text",
            Self::Tuple => "privyseal::value::Tuple",
            Self::Markup => "privyseal::value::Markup",
            Self::Uuid => "privyseal::value::Uuid",
            Self::DateTime => "privyseal::value::DateTime",
        }
    }

    pub(super) fn from_name(name: &'static str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The number that carries the kind from our own deserializer.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The value of this kind that travelled as `plain`.
    pub(super) fn wrap(self, plain: Value) -> Result<Value, ValueError> {
        let wrapped = match (self, plain) {
            (Self::BigInt, Value::Str(text)) => {
                text.as_str().and_then(BigInt::new).map(Value::BigInt)
            }
            (Self::OddText, Value::Bytes(bytes)) => Some(Value::Str(Text::from_wtf8(bytes))),
            (Self::Tuple, Value::List(items)) => Some(Value::Tuple(items)),
            (Self::Markup, Value::Str(text)) => Some(Value::Markup(text)),
            (Self::Uuid, Value::Str(text)) => text
                .as_str()
                .and_then(kinds::uuid_from_text)
                .map(Value::Uuid),
            (Self::DateTime, Value::Str(text)) => text
                .as_str()
                .and_then(|text| text.parse().ok())
                .map(Value::DateTime),
            _ => None,
        };
        wrapped.ok_or_else(|| ValueError::new(format_args!("a malformed {}", self.name())))
    }
}

#[cfg(test)]
mod tests;
