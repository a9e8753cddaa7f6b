//! [`Value`]s into Rust values.

use std::any::type_name;
use std::fmt;
use std::str::FromStr;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::bridge::Kind;
use super::{Dict, MAX_DEPTH, Text, Uuid, Value, ValueError};

type Result<T> = std::result::Result<T, ValueError>;

/// Deserializes from a [`Value`]; `room` is how many levels may still follow.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de> {
    value: &'de Value,
    room: usize,
}

impl<'de> ValueDeserializer<'de> {
    pub(super) fn new(value: &'de Value) -> Self {
        Self {
            value,
            room: MAX_DEPTH,
        }
    }

    fn items(self, items: &'de [Value]) -> Result<Items<'de>> {
        let room = self.room.checked_sub(1).ok_or_else(ValueError::too_deep)?;
        Ok(Items {
            rest: items.iter(),
            room,
        })
    }

    fn pairs(self, dict: &'de Dict) -> Result<Pairs<'de>> {
        let room = self.room.checked_sub(1).ok_or_else(ValueError::too_deep)?;
        Ok(Pairs {
            rest: dict.iter(),
            value: None,
            room,
        })
    }

    fn visit_items<V: Visitor<'de>>(self, items: &'de [Value], visitor: V) -> Result<V::Value> {
        let mut access = self.items(items)?;
        let value = visitor.visit_seq(&mut access)?;
        match access.rest.len() {
            0 => Ok(value),
            left => Err(ValueError::custom(format_args!("{left} items too many"))),
        }
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let Value::BigInt(number) = self.value else {
            return self.deserialize_any(visitor);
        };
        let digits = number.as_str();
        if let Ok(number) = u64::from_str(digits) {
            visitor.visit_u64(number)
        } else if let Ok(number) = i128::from_str(digits) {
            visitor.visit_i128(number)
        } else if let Ok(number) = u128::from_str(digits) {
            visitor.visit_u128(number)
        } else {
            Err(ValueError::invalid_value(
                Unexpected::Other("huge integer"),
                &visitor,
            ))
        }
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::BigInt(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Markup(text) => visit_text(text, visitor),
            Value::Uuid(bytes) => visitor.visit_string(Uuid(*bytes).to_string()),
            Value::DateTime(instant) => visitor.visit_string(instant.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn sequence<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Tuple(items) => self.visit_items(items, visitor),
            _ => self.deserialize_any(visitor),
        }
    }
}

/// Sends serde's hints to the method that answers them.
macro_rules! answer {
    ($answer:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.$answer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (kind, content) = match self.value {
            Value::Null => return visitor.visit_unit(),
            Value::Bool(value) => return visitor.visit_bool(*value),
            Value::Int(value) => return visitor.visit_i64(*value),
            Value::Float(value) => return visitor.visit_f64(*value),
            Value::Str(text) => return visit_text(text, visitor),
            Value::List(items) => return self.visit_items(items, visitor),
            Value::Dict(dict) => return visitor.visit_map(self.pairs(dict)?),
            Value::Bytes(bytes) => return visitor.visit_borrowed_bytes(bytes),
            Value::BigInt(number) => (Kind::BigInt, Content::Digits(number.as_str())),
            Value::Tuple(items) => (Kind::Tuple, Content::Items(self, items)),
            Value::Markup(text) => (Kind::Markup, Content::Text(text)),
            Value::Uuid(bytes) => (Kind::Uuid, Content::Printed(Uuid(*bytes).to_string())),
            Value::DateTime(instant) => (Kind::DateTime, Content::Printed(instant.to_string())),
        };
        visitor.visit_newtype_struct(Special { kind, content })
    }

    answer! {
        integer:
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }
    answer! { float: deserialize_f32 deserialize_f64 }
    answer! { text: deserialize_char deserialize_str deserialize_string deserialize_identifier }
    answer! { sequence: deserialize_seq }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let (name, content) = match self.value {
            Value::Str(name) => (name, None),
            Value::Dict(dict) => {
                let Some((name, value)) = dict.as_single() else {
                    let wrong = Unexpected::Other("dict without exactly one key");
                    return Err(ValueError::invalid_value(wrong, &visitor));
                };
                (name, Some(value))
            }
            other => {
                let wrong = Unexpected::Other(other.type_name());
                return Err(ValueError::invalid_type(wrong, &visitor));
            }
        };
        let room = self.room.checked_sub(1).ok_or_else(ValueError::too_deep)?;
        visitor.visit_enum(Variant {
            name,
            content,
            room,
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool bytes byte_buf unit unit_struct map struct
    }
}

/// The inside of a newtype that stands for a special kind: a pair of its number and its content.
struct Special<'de> {
    kind: Kind,
    content: Content<'de>,
}

impl<'de> Deserializer<'de> for Special<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let number = Some(self.kind.number());
        visitor.visit_seq(SpecialPair {
            number,
            content: Some(self.content),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

struct SpecialPair<'de> {
    number: Option<u8>,
    content: Option<Content<'de>>,
}

impl<'de> SeqAccess<'de> for SpecialPair<'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if let Some(number) = self.number.take() {
            return seed.deserialize(number.into_deserializer()).map(Some);
        }
        self.content
            .take()
            .map(|content| seed.deserialize(content))
            .transpose()
    }
}

/// The content of a special kind: the plain value that [`Kind::wrap`] takes.
enum Content<'de> {
    Text(&'de Text),
    Digits(&'de str),
    Printed(String),
    Bytes(&'de [u8]),
    Items(ValueDeserializer<'de>, &'de [Value]),
}

impl<'de> Deserializer<'de> for Content<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Self::Text(text) => visit_text(text, visitor),
            Self::Digits(digits) => visitor.visit_borrowed_str(digits),
            Self::Printed(text) => visitor.visit_string(text),
            Self::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Self::Items(deserializer, items) => deserializer.visit_items(items, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: &'de Text, visitor: V) -> Result<V::Value> {
    match text.as_str() {
        Some(text) => visitor.visit_borrowed_str(text),
        None => visitor.visit_newtype_struct(Special {
            kind: Kind::OddText,
            content: Content::Bytes(text.as_wtf8()),
        }),
    }
}

struct Items<'de> {
    rest: std::slice::Iter<'de, Value>,
    room: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let room = self.room;
        let deserialize = |value| seed.deserialize(ValueDeserializer { value, room });
        self.rest.next().map(deserialize).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Pairs<'de> {
    rest: super::dict::Iter<'de>,
    value: Option<&'de Value>,
    room: usize,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let value = self
            .value
            .take()
            .ok_or_else(|| ValueError::new("a value without its key"))?;
        seed.deserialize(ValueDeserializer {
            value,
            room: self.room,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A dict's key. Integers and booleans are read out of its text, as `serde_json` does.
struct Key<'de>(&'de Text);

macro_rules! parsed_keys {
    ($($method:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.as_str().and_then(|text| text.parse().ok()) {
                Some(parsed) => visitor.$visit(parsed),
                None => visit_text(self.0, visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visit_text(self.0, visitor)
    }

    parsed_keys! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8,
        deserialize_i16 visit_i16,
        deserialize_i32 visit_i32,
        deserialize_i64 visit_i64,
        deserialize_i128 visit_i128,
        deserialize_u8 visit_u8,
        deserialize_u16 visit_u16,
        deserialize_u32 visit_u32,
        deserialize_u64 visit_u64,
        deserialize_u128 visit_u128,
    }

    /// A field's name is never odd text: its bytes match none, and the field is skipped.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.as_str() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_borrowed_bytes(self.0.as_wtf8()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(Variant {
            name: self.0,
            content: None,
            room: 0,
        })
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        ignored_any
    }
}

/// An enum's variant: its name, or a dict of its name and content.
struct Variant<'de> {
    name: &'de Text,
    content: Option<&'de Value>,
    room: usize,
}

impl<'de> Variant<'de> {
    fn content(&self) -> Result<ValueDeserializer<'de>> {
        let value = self
            .content
            .ok_or_else(|| ValueError::new("the variant's content is missing"));
        Ok(ValueDeserializer {
            value: value?,
            room: self.room,
        })
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        Ok((seed.deserialize(Key(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<()> {
        match self.content {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(ValueError::new("a variant without content was given some")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.content()?.deserialize_any(visitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

macro_rules! visit_plain {
    ($($method:ident $type:ty,)*) => {$(
        fn $method<E: serde::de::Error>(self, value: $type) -> std::result::Result<Value, E> {
            Ok(value.into())
        }
    )*};
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    visit_plain! {
        visit_bool bool,
        visit_i64 i64,
        visit_i128 i128,
        visit_u64 u64,
        visit_u128 u128,
        visit_f64 f64,
        visit_str &str,
        visit_string String,
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> std::result::Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry::<Text, Value>()? {
            pairs.push(pair);
        }
        Ok(Value::Dict(Dict::from_pairs(pairs)))
    }

    /// Our own deserializer comes here with a [`Kind`]; it is known by its type of error, which
    /// serde keeps while it buffers a flattened field. Another format's newtype is its content.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Value, D::Error> {
        if type_name::<D::Error>() != type_name::<ValueError>() {
            return Value::deserialize(deserializer);
        }
        let (number, plain) = <(u8, Value)>::deserialize(deserializer)?;
        let kind = Kind::from_number(number).ok_or_else(|| D::Error::custom("an unknown kind"))?;
        kind.wrap(plain).map_err(D::Error::custom)
    }
}
