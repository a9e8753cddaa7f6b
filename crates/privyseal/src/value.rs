//! Session values shaped like Python's: what a Flask session or an itsdangerous payload can hold.
//!
//! JSON has seven kinds of value; Python has more, and Flask's sessions carry six of them besides.
//! [`Value`] holds them all without loss, so that a Rust service can read a session, change one
//! key and write the rest back byte for byte. Typed sessions go through [`to_value`] and
//! [`from_value`].

mod big_int;
mod bridge;
mod date_time;
mod de;
mod dict;
mod kinds;
mod ser;
mod text;

pub use big_int::BigInt;
pub use bridge::{MAX_DEPTH, ValueError, from_value, to_value};
pub use date_time::DateTime;
pub use dict::{Dict, Iter};
pub use kinds::{Bytes, Markup, Tuple, Uuid};
pub use text::Text;
pub(crate) use text::{push_code_point, split_code_point};

/// A Python value that a session or a token can carry.
///
/// # Examples
/// ```
/// use privyseal::value::{Dict, Value};
///
/// let mut session = Dict::new();
/// session.insert("user", 42);
/// session.insert("roles", vec![Value::from("admin")]);
/// assert_eq!(session.get("user").and_then(Value::as_i64), Some(42));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`.
    #[default]
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// An integer beyond 64 bits.
    BigInt(BigInt),
    /// A `float`, NaN and the infinities included.
    Float(f64),
    /// A `str`.
    Str(Text),
    /// A `list`.
    List(Vec<Self>),
    /// A `dict` with `str` keys.
    Dict(Dict),
    /// A `tuple`.
    Tuple(Vec<Self>),
    /// A `bytes` object.
    Bytes(Vec<u8>),
    /// A `markupsafe.Markup`: text that Jinja inserts into HTML without escaping it.
    Markup(Text),
    /// A `uuid.UUID`, most significant byte first.
    Uuid([u8; 16]),
    /// A timezone-aware `datetime`, as an instant.
    DateTime(DateTime),
}

impl Value {
    /// Whether this is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if this is one of at most 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if this is a `str` without lone surrogates; markup is not a plain `str`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => text.as_str(),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The dict, if this is one.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The dict for changing, if this is one.
    pub fn as_dict_mut(&mut self) -> Option<&mut Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The dict itself, if this is one.
    pub fn into_dict(self) -> Option<Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// What Python calls the type; used in error messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
            Self::Tuple(_) => "tuple",
            Self::Bytes(_) => "bytes",
            Self::Markup(_) => "Markup",
            Self::Uuid(_) => "UUID",
            Self::DateTime(_) => "datetime",
        }
    }
}

macro_rules! value_from {
    ($($source:ty => $variant:ident,)*) => {$(
        impl From<$source> for Value {
            fn from(source: $source) -> Self {
                Self::$variant(source.into())
            }
        }
    )*};
}

value_from! {
    bool => Bool,
    i8 => Int,
    i16 => Int,
    i32 => Int,
    i64 => Int,
    u8 => Int,
    u16 => Int,
    u32 => Int,
    f32 => Float,
    f64 => Float,
    BigInt => BigInt,
    &str => Str,
    String => Str,
    Text => Str,
    Vec<Self> => List,
    Dict => Dict,
    DateTime => DateTime,
    Bytes => Bytes,
    Markup => Markup,
    Uuid => Uuid,
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(BigInt::from_display(number)), Self::Int)
    }
}

impl From<i128> for Value {
    fn from(number: i128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(BigInt::from_display(number)), Self::Int)
    }
}

impl From<u128> for Value {
    fn from(number: u128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(BigInt::from_display(number)), Self::Int)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::List(items.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_choose_the_small_form_when_it_fits() {
        let max = i64::MAX.unsigned_abs();
        assert_eq!(Value::from(max), Value::Int(i64::MAX));
        assert_eq!(Value::from(max + 1).type_name(), "int");
        assert!(matches!(Value::from(max + 1), Value::BigInt(_)));
        assert_eq!(Value::from(i128::from(i64::MIN)), Value::Int(i64::MIN));
        assert!(matches!(
            Value::from(i128::from(i64::MIN) - 1),
            Value::BigInt(_)
        ));
    }

    #[test]
    fn accessors_answer_only_for_their_own_kind() {
        assert_eq!(Value::from("a").as_str(), Some("a"));
        assert_eq!(Value::Markup("a".into()).as_str(), None);
        assert_eq!(Value::from(None::<bool>), Value::Null);
        assert_eq!(Value::Int(1).as_bool(), None);
        assert_eq!(Value::Tuple(vec![]).as_list(), None);
        assert_eq!(Value::Float(1.0).as_i64(), None);
    }

    #[test]
    fn a_value_stays_small() {
        assert!(size_of::<Value>() <= 32, "{}", size_of::<Value>());
    }
}
