//! Rust values into [`Value`]s.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::bridge::Kind;
use super::{Dict, MAX_DEPTH, Text, Value, ValueError};

type Result<T> = std::result::Result<T, ValueError>;

/// Serializes into a [`Value`]; `room` is how many levels may still follow.
#[derive(Clone, Copy)]
pub(super) struct ValueSerializer {
    room: usize,
}

impl ValueSerializer {
    pub(super) fn new() -> Self {
        Self { room: MAX_DEPTH }
    }

    fn inside(self) -> Result<Self> {
        let room = self.room.checked_sub(1).ok_or_else(ValueError::too_deep)?;
        Ok(Self { room })
    }

    fn items(self, variant: Option<&'static str>) -> Result<Items> {
        Ok(Items {
            inside: self.inside()?,
            done: Vec::new(),
            variant,
        })
    }

    fn pairs(self, variant: Option<&'static str>) -> Result<Pairs> {
        Ok(Pairs {
            inside: self.inside()?,
            done: Vec::new(),
            key: Text::default(),
            variant,
        })
    }
}

/// An enum variant with data is a dict with one key, as in `serde_json`.
fn in_variant(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::Dict(Dict::from_iter([(name, value)])),
        None => value,
    }
}

impl Serializer for ValueSerializer {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Pairs;
    type SerializeStruct = Pairs;
    type SerializeStructVariant = Pairs;

    fn serialize_bool(self, value: bool) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_i8(self, value: i8) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_i128(self, value: i128) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_u8(self, value: u8) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_f32(self, value: f32) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_char(self, value: char) -> Result<Value> {
        Ok(value.to_string().into())
    }

    fn serialize_str(self, value: &str) -> Result<Value> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Value> {
        Ok(name.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value> {
        let plain = value.serialize(self)?;
        match Kind::from_name(name) {
            Some(kind) => kind.wrap(plain),
            None => Ok(plain),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        Ok(in_variant(Some(variant), value.serialize(self.inside()?)?))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Items> {
        self.items(None)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Items> {
        self.items(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items> {
        self.items(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items> {
        self.inside()?.items(Some(variant))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Pairs> {
        self.pairs(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pairs> {
        self.pairs(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs> {
        self.inside()?.pairs(Some(variant))
    }
}

/// A list being filled.
pub(super) struct Items {
    inside: ValueSerializer,
    done: Vec<Value>,
    variant: Option<&'static str>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.done.push(item.serialize(self.inside)?);
        Ok(())
    }

    fn finish(self) -> Value {
        in_variant(self.variant, Value::List(self.done))
    }
}

macro_rules! serialize_items {
    ($($trait:ident $method:ident,)*) => {$(
        impl $trait for Items {
            type Ok = Value;
            type Error = ValueError;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
                self.push(item)
            }

            fn end(self) -> Result<Value> {
                Ok(self.finish())
            }
        }
    )*};
}

serialize_items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// A dict being filled.
pub(super) struct Pairs {
    inside: ValueSerializer,
    done: Vec<(Text, Value)>,
    key: Text,
    variant: Option<&'static str>,
}

impl Pairs {
    fn finish(self) -> Value {
        in_variant(self.variant, Value::Dict(Dict::from_pairs(self.done)))
    }
}

impl SerializeMap for Pairs {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = key_text(key.serialize(self.inside)?)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let value = value.serialize(self.inside)?;
        self.done.push((std::mem::take(&mut self.key), value));
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(self.finish())
    }
}

macro_rules! serialize_fields {
    ($($trait:ident,)*) => {$(
        impl $trait for Pairs {
            type Ok = Value;
            type Error = ValueError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<()> {
                self.done.push((key.into(), value.serialize(self.inside)?));
                Ok(())
            }

            fn end(self) -> Result<Value> {
                Ok(self.finish())
            }
        }
    )*};
}

serialize_fields! {
    SerializeStruct,
    SerializeStructVariant,
}

/// JSON objects have text for keys; integers and booleans are written as `serde_json` writes them.
fn key_text(key: Value) -> Result<Text> {
    match key {
        Value::Str(text) => Ok(text),
        Value::Int(number) => Ok(number.to_string().into()),
        Value::BigInt(number) => Ok(number.as_str().into()),
        Value::Bool(value) => Ok(value.to_string().into()),
        other => Err(ValueError::new(format_args!(
            "a {} cannot be a dict key",
            other.type_name()
        ))),
    }
}
